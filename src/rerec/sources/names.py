"""Names that tell items apart: no two labels alike, no alias that could mean another item.

A model answers with a name, and what it named must be one item. Two names are the same where
`rerec.catalogue.titles.normalise` makes them so, as everywhere else.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from rerec.errors import DataError
from rerec.sources.workbench import Workbench

MOST_LISTED = 20


def tell_apart(bench: Workbench) -> dict[str, Any]:
    """Make `titled` and `kept_names` out of `items`.

    Where items of one year share a title, all but the first get their id behind it. An alias that
    names two items of one year, or goes round in a circle of titles, is dropped wherever it stands.

    Returns:
        What was changed, for the report.

    Raises:
        DataError: two items still have one label.
    """
    changed = _title(bench)
    bench.run(
        'CREATE TABLE names AS SELECT "#row", item_id, year, alias, nth, normalise(alias) AS key '
        'FROM (SELECT "#row", item_id, year, unnest(aliases) AS alias, '
        "generate_subscripts(aliases, 1) AS nth FROM titled) WHERE trim(alias) <> '' "
        'UNION ALL SELECT "#row", item_id, year, title, 0, normalise(title) FROM titled'
    )
    dropped = _drop_ambiguous(bench)
    return {
        "titles_told_apart": len(changed),
        "titles_told_apart_first": changed[:MOST_LISTED],
        "aliases_dropped": len(dropped),
        "aliases_dropped_first": dropped[:MOST_LISTED],
    }


def _title(bench: Workbench) -> list[str]:
    """Make `titled`; the titles that were changed."""
    bench.run(
        'CREATE TABLE titled AS SELECT "#row", item_id, year, aliases, title AS own_title, '
        'CASE WHEN row_number() OVER (PARTITION BY normalise(title), year ORDER BY "#row") > 1 '
        "THEN title || ' [' || item_id || ']' ELSE title END AS title FROM items"
    )
    twice = bench.run(
        "SELECT min(item_id), max(item_id), label FROM (SELECT item_id, title || "
        "coalesce(' (' || year || ')', '') AS label FROM titled) GROUP BY label "
        "HAVING count(*) > 1 ORDER BY label LIMIT 1"
    )
    for one, other, label in twice:
        raise DataError(f"the items {one!r} and {other!r} are both {label!r}; rename one of them")
    changed = bench.run('SELECT title FROM titled WHERE title <> own_title ORDER BY "#row"')
    return [title for (title,) in changed]


def _drop_ambiguous(bench: Workbench) -> list[list[str]]:
    """Make `kept_names`; the aliases that were dropped, each with its item's id."""
    bench.run(
        'CREATE TABLE ambiguous AS SELECT "#row", alias FROM names JOIN (SELECT key, year FROM '
        "names GROUP BY key, year HAVING count(DISTINCT item_id) > 1) AS shared "
        "ON names.key = shared.key AND names.year IS NOT DISTINCT FROM shared.year WHERE nth > 0"
    )
    _add_circles(bench)
    is_ambiguous = '("#row", alias) IN (SELECT ("#row", alias) FROM ambiguous)'
    bench.run(
        "CREATE TABLE kept_names AS SELECT item_id, list(alias ORDER BY nth) AS aliases FROM "
        f"(SELECT item_id, alias, min(nth) AS nth FROM names WHERE nth = 0 OR NOT {is_ambiguous} "
        "GROUP BY item_id, alias) WHERE nth > 0 GROUP BY item_id"
    )
    dropped = bench.run(
        f'SELECT item_id, alias FROM names WHERE nth > 0 AND {is_ambiguous} ORDER BY "#row", nth'
    )
    return [list(pair) for pair in dropped]


def _add_circles(bench: Workbench) -> None:
    """Add to `ambiguous` the aliases of items whose aliases are each other's titles."""
    edges = bench.run(
        'SELECT a."#row", t."#row", a.alias FROM names a JOIN names t ON a.key = t.key '
        'JOIN names own ON own."#row" = a."#row" AND own.nth = 0 AND own.key <> a.key '
        'WHERE a.nth > 0 AND t.nth = 0 AND a."#row" <> t."#row" ORDER BY ALL'
    )
    if not edges:
        return
    rows, ends = np.unique([edge[:2] for edge in edges], return_inverse=True)
    start, end = ends.reshape(-1, 2).T
    graph = csr_matrix((np.ones(len(start)), (start, end)), shape=(len(rows), len(rows)))
    _, group = connected_components(graph, directed=True, connection="strong")
    for (row, _, alias), is_circle in zip(edges, group[start] == group[end], strict=True):
        if is_circle:
            bench.database.execute("INSERT INTO ambiguous VALUES (?, ?)", [row, alias])
