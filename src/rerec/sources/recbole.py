"""RecBole's atomic files: tab-separated, with the type of each column behind its name.

`.inter` and `.item` are needed, `.user` is kept as it is. Every `token_seq` column of `.item` but
the title is a relation. `.kg` and `.link` are facts: of a triple whose head is an item, the last
part of the relation's path is the relation, and the tail is the value, or its title if it is an
item too.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rerec.errors import SourceError
from rerec.sources.assembly import assemble, new_domain
from rerec.sources.landing import Columns, land
from rerec.sources.names import tell_apart
from rerec.sources.table import land_interactions, land_items, land_users, one_line, unknown
from rerec.sources.textfile import Layout, Source, first_record, refuse_missing
from rerec.sources.workbench import Workbench, blank, literal, name, nearest, too_long

TAB = Layout("\t", quote="")
SEQUENCE = "token_seq"
TYPES = ("token", SEQUENCE, "float", "float_seq")
TITLES = ("title", "movie_title", "name", "item_name")
"""Columns that hold an item's title, in the order of preference; else one that ends in these."""
YEARS = ("year", "release_year", "movie_year", "publication_year")
_LAST_PART = r"regexp_extract(relation_id, '([^./#]+)[./#]*$', 1)"


def import_recbole(
    out: Path,
    folder: Path,
    *,
    renames: Mapping[str, str] | None = None,
    skip_bad_rows: bool = False,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Make a domain of a folder of atomic files.

    Args:
        out: the domain folder; it must not be there yet.
        folder: holds the files, each under the same name with its own ending.
        renames: names of columns as the files have them, with the names that are meant.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the first.
        progress: told what is being done, a sentence at a time.

    Returns:
        The report, which is also written as `sources.json`.

    Raises:
        SourceError: a file is missing or unreadable, or a header has no types.
        DataError: a column is missing, a row is bad, or the folder cannot be written.
    """
    files = files_of(folder)
    with new_domain(out, skip_bad_rows=skip_bad_rows, renames=renames) as bench:
        progress(f"reading {files['item']}")
        _land_items(bench, files["item"])
        if "kg" in files and "link" in files:
            progress(f"reading {files['kg']}")
            _add_facts(bench, files["kg"], files["link"])
        bench.run(
            'CREATE TABLE attributes AS SELECT row_number() OVER () AS "#row", item_id, '
            f"{one_line('relation')} AS relation, {one_line('value')} AS value FROM facts"
        )
        if "user" in files:
            land_users(bench, typed(bench, files["user"])[0])
        progress(f"reading {files['inter']}")
        notes = land_interactions(bench, typed(bench, files["inter"])[0])
        bench.refuse_unused_renames()
        progress(f"sorting and writing {out}")
        return assemble(bench, named=tell_apart(bench), source="recbole", notes=notes)


def files_of(folder: Path) -> dict[str, Path]:
    """The atomic files of a folder by their endings.

    Raises:
        SourceError: there is no such folder, an ending stands there twice, or `.inter` or `.item`
            is missing.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: there is no such folder; name the one with the .inter file")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        ending = path.suffix.removeprefix(".")
        if ending in files and ending in ("inter", "item", "user", "kg", "link"):
            raise SourceError(
                f"{folder}: has {files[ending].name} and {path.name}; keep one data set in a folder"
            )
        files[ending] = path
    for ending in ("inter", "item"):
        if ending not in files:
            found = ", ".join(sorted(path.name for path in files.values())[:10]) or "nothing"
            raise SourceError(f"{folder}: has no .{ending} file, only {found}; add it")
    return files


def typed(bench: Workbench, path: Path) -> tuple[Source, dict[str, str]]:
    """An atomic file with the names of its columns, and the type of each.

    Raises:
        SourceError: the file is missing or unreadable, or a column has no type.
    """
    refuse_missing(path, str(path))
    types = {}
    for column in first_record(path, TAB, str(path)):
        label, _, kind = column.rpartition(":")
        if kind.strip() not in TYPES:
            raise SourceError(
                f"{path}, line 1: the column {column!r} has no type behind a colon, as in "
                f"item_id:token{nearest(kind, TYPES)}; it is no atomic file of RecBole"
            )
        types[label.strip()] = kind.strip()
    names = bench.meant(list(types))
    layout = Layout("\t", quote="", names=tuple(names))
    return Source(path, str(path), layout), dict(zip(names, types.values(), strict=True))


def _land_items(bench: Workbench, path: Path) -> None:
    """Read `items`, and the sequences of the items into `facts`."""
    source, types = typed(bench, path)
    title = _first_of(TITLES, types)
    year = _first_of(YEARS, types)
    aka = {title: "title", year: "year"}
    names = tuple(aka.get(column, column) for column in types)
    relations = [c for c, kind in types.items() if kind == SEQUENCE and c not in (title, year)]
    source = Source(path, str(path), Layout("\t", quote="", names=names))
    landed = land_items(bench, source, more=relations, loose_years=True)
    bench.files[landed.shown]["relations"] = relations
    parts = [
        f'SELECT "#row", {n} AS part, item_id, {literal(relation)} AS relation, '
        f"unnest(string_split({name(relation)}, ' ')) AS value, "
        f"generate_subscripts(string_split({name(relation)}, ' '), 1) AS nth "
        f"FROM items_read WHERE {name(relation)} IS NOT NULL"
        for n, relation in enumerate(relations)
    ]
    none = (
        "SELECT 0 AS \"#row\", 0 AS part, item_id, '' AS relation, '' AS value, 0 AS nth FROM items"
    )
    union = " UNION ALL ".join(parts or [f"{none} LIMIT 0"])
    bench.run(
        f"CREATE TABLE facts AS SELECT item_id, relation, value FROM ({union}) "
        "WHERE trim(value) <> '' ORDER BY \"#row\", part, nth"
    )


def _add_facts(bench: Workbench, kg: Path, link: Path) -> None:
    """Add to `facts` what the knowledge graph says of items."""
    linked = land(bench, "link", typed(bench, link)[0], Columns(("item_id", "entity_id")))
    own = [blank("item_id"), blank("entity_id"), *too_long(linked.columns)]
    bench.drop_bad(linked, [*own, unknown("item_id", "items", "item")])
    columns = ("head_id", "relation_id", "tail_id")
    triples = land(bench, "kg", typed(bench, kg)[0], Columns(columns))
    bench.drop_bad(triples, [*map(blank, columns), *too_long(columns)])
    bench.run(
        'CREATE TABLE entity_titles AS SELECT entity_id, arg_min(title, items."#row") AS title '
        "FROM link JOIN items USING (item_id) GROUP BY entity_id"
    )
    before = bench.one("SELECT count(*) FROM facts")
    bench.run(
        f"INSERT INTO facts SELECT item_id, coalesce(nullif({_LAST_PART}, ''), relation_id), "
        "coalesce(t.title, tail_id) FROM kg JOIN link ON head_id = link.entity_id "
        "LEFT JOIN entity_titles t ON tail_id = t.entity_id "
        'ORDER BY kg."#row", link."#row"'
    )
    bench.files[triples.shown]["facts"] = bench.one("SELECT count(*) FROM facts") - before


def _first_of(wanted: tuple[str, ...], types: Mapping[str, str]) -> str | None:
    """The column that stands first among those wanted, else one that ends as they do."""
    exact = [column for column in wanted if column in types]
    ends = tuple(f"_{column}" for column in wanted)
    return next(iter(exact + [c for c in types if c.endswith(ends)]), None)
