"""What a domain's items, attributes, interactions and users can have wrong.

Everything is computed on whole columns, and the two long tables are read in pieces: an interaction
costs eight bytes for as long as it is not known whether it stands there twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.columns import batches_of, mask_of, places_in, repeats_of, text_faults
from rerec.catalogue.faults_of_aliases import alias_faults
from rerec.catalogue.findings import LIMIT, Findings, shown
from rerec.catalogue.kernels import pc
from rerec.catalogue.manifest import table_paths
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS, ITEMS, USERS

PART_ROWS = 1 << 22
"""About so many interactions are sorted at a time to find those that stand there twice."""


@dataclass(frozen=True)
class Known:
    """What other tables may name; None where the table that tells cannot be read."""

    item_ids: pa.Array | None
    user_ids: pa.Array | None
    relations: frozenset[str] | None
    has_attributes: NDArray[np.bool_]
    """(n_items,) true where an item has a fact."""


def table_faults(folder: Path) -> tuple[list[Findings], Known]:
    """The faults of the four tables, and what queries and embeddings must fit."""
    paths = table_paths(folder)
    items, attributes, interactions, users = (Findings(path.name) for path in paths)
    item_columns = _items(paths[0], items)
    user_ids = _users(paths[3], users)
    item_ids = item_columns.get("item_id")
    relations, has_attributes = _attributes(paths[1], attributes, item_ids)
    counts = _interactions(paths[2], interactions, item_ids, user_ids)
    _compare_popularity(items, item_columns, counts)
    if item_ids is not None and relations is not None:
        _note_bare_items(items, item_ids, has_attributes)
    known = Known(item_ids, user_ids, relations, has_attributes)
    return [items, attributes, interactions, users], known


def _items(path: Path, findings: Findings) -> dict[str, pa.Array]:
    """The columns of the items that can be used."""
    pieces = [piece for _, piece in batches_of(path, ITEMS, findings)]
    if not pieces:
        return {}
    table = pa.concat_tables(pieces).combine_chunks()
    if not table.num_rows:
        empty = "the catalogue holds no item"
        findings.add(empty, empty, "build the domain again")
    columns = {name: _whole(table[name]) for name in table.column_names}
    if "item_id" in columns:
        _repeats(findings, "item id", columns["item_id"])
    rows = np.arange(table.num_rows)
    for name in ("item_id", "title"):
        if name in columns:
            text_faults(findings, name.replace("_", " "), columns[name], rows)
    if {"title", "year"} <= columns.keys():
        _repeats(findings, "title with its year", _labels(columns["title"], columns["year"]))
        if "aliases" in columns:
            alias_faults(findings, columns["title"], columns["year"], columns["aliases"])
    return columns


def _users(path: Path, findings: Findings) -> pa.Array | None:
    """The ids of the users."""
    pieces = [piece for _, piece in batches_of(path, USERS, findings, keep_others=True)]
    if not pieces or "user_id" not in pieces[0].column_names:
        return None
    user_ids = _whole(
        pa.chunked_array([c for p in pieces for c in p["user_id"].chunks], USERS[0].type)
    )
    _repeats(findings, "user id", user_ids)
    text_faults(findings, "user id", user_ids, np.arange(len(user_ids)))
    return user_ids


def _attributes(
    path: Path, findings: Findings, item_ids: pa.Array | None
) -> tuple[frozenset[str] | None, NDArray[np.bool_]]:
    """The relations that there are, and which items have a fact."""
    relations: set[str] = set()
    has_facts = np.zeros(0 if item_ids is None else len(item_ids), dtype=bool)
    is_readable = False
    for start, piece in batches_of(path, ATTRIBUTES, findings):
        rows = start + np.arange(piece.num_rows)
        names = piece.column_names
        is_readable = "relation" in names
        for name in {"relation", "value"} & set(names):
            text_faults(findings, name, piece[name], rows)
        if is_readable:
            relations |= set(pc.unique(piece["relation"]).drop_null().to_pylist())
        if "item_id" in names and item_ids is not None:
            places = _strangers(findings, "item", piece["item_id"], item_ids, rows)
            has_facts[places[places >= 0]] = True
    return (frozenset(relations) if is_readable else None), has_facts


def _interactions(
    path: Path, findings: Findings, item_ids: pa.Array | None, user_ids: pa.Array | None
) -> NDArray[np.int64] | None:
    """(n_items,) how many interactions name each item; None where that cannot be told."""
    known = {"item": item_ids, "user": user_ids}
    counts = np.zeros(0 if item_ids is None else len(item_ids), dtype=np.int64)
    pairs: list[NDArray[np.int64]] = []
    has_items = False
    for start, piece in batches_of(path, INTERACTIONS, findings):
        rows = start + np.arange(piece.num_rows)
        places = {
            kind: _strangers(findings, kind, piece[f"{kind}_id"], ids, rows)
            for kind, ids in known.items()
            if ids is not None and f"{kind}_id" in piece.column_names
        }
        has_items = "item" in places
        if has_items:
            counts += np.bincount(places["item"][places["item"] >= 0], minlength=len(counts))
        if len(places) == len(known):
            pairs.append(_pairs(places, len(counts)))
        if "rating" in piece.column_names:
            _ratings(findings, piece["rating"], rows)
    if item_ids is not None and user_ids is not None:
        _repeated_pairs(findings, pairs, user_ids, item_ids)
    return counts if has_items else None


def _strangers(
    findings: Findings,
    kind: str,
    column: pa.ChunkedArray,
    known: pa.Array,
    rows: NDArray[np.intp],
) -> NDArray[np.int64]:
    """(n,) the place of each id among the known ones; unknown ones are recorded."""
    places = places_in(known, column)
    strange = (places < 0) & mask_of(column.is_valid())
    names = column.filter(pa.array(strange)).slice(0, LIMIT)
    findings.add_rows(
        f"names a {kind} that is not in {kind}s.parquet",
        rows[strange],
        lambda at: f"names the {kind} {shown(names[at].as_py())}, which is not in {kind}s.parquet",
        "leave its rows out or add it there",
    )
    return places


def _pairs(places: Mapping[str, NDArray[np.int64]], n_items: int) -> NDArray[np.int64]:
    """(n,) one number for each user and item; -1 where one of them is unknown."""
    pair = places["user"] * n_items + places["item"]
    return np.where((places["user"] < 0) | (places["item"] < 0), -1, pair)


def _ratings(findings: Findings, ratings: pa.ChunkedArray, rows: NDArray[np.intp]) -> None:
    odd = mask_of(pc.invert(pc.is_finite(ratings)))
    values = ratings.filter(pa.array(odd)).slice(0, LIMIT)
    findings.add_rows(
        "the rating is not a finite number",
        rows[odd],
        lambda at: f"the rating is {values[at].as_py()}, not a finite number",
        "mend it or leave the row out",
    )


def _repeated_pairs(
    findings: Findings, pairs: list[NDArray[np.int64]], user_ids: pa.Array, item_ids: pa.Array
) -> None:
    """Record interactions whose user and item stand further up already; sorted part by part."""
    starts = np.cumsum([0, *map(len, pairs)])[:-1]
    n_parts = 1 + sum(map(len, pairs)) // PART_ROWS
    for part in range(n_parts):
        chosen = [np.flatnonzero((p >= 0) & (p % n_parts == part)) for p in pairs]
        keys = np.concatenate([_NONE, *(p[c] for p, c in zip(pairs, chosen, strict=True))])
        rows = np.concatenate([_NONE, *(s + c for s, c in zip(starts, chosen, strict=True))])
        again, before, twice = _again(keys, rows)
        users, items = np.divmod(twice[:LIMIT], len(item_ids))
        told = [
            f"the user {shown(user_ids[u].as_py())} and the item {shown(item_ids[i].as_py())} "
            f"stand together twice, before in row {b}"
            for u, i, b in zip(users.tolist(), items.tolist(), before.tolist(), strict=False)
        ]
        kind = "a user and an item stand together twice"
        findings.add_rows(kind, again, told.__getitem__, "keep one row, such as the latest")


_NONE = np.empty(0, dtype=np.int64)


def _again(
    keys: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ascending rows whose key was there before, the row where it was last, and the key."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    again, before = order[same + 1], order[same]
    ascending = np.argsort(rows[again])
    again, before = again[ascending], before[ascending]
    return rows[again], rows[before], keys[again]


def _compare_popularity(
    findings: Findings, columns: Mapping[str, pa.Array], counts: NDArray[np.int64] | None
) -> None:
    """Record items whose popularity is not the number of interactions that name them."""
    if counts is None or "popularity" not in columns:
        return
    popularity = columns["popularity"]
    wrong = mask_of(pc.not_equal(popularity, pa.array(counts)))
    wrong[repeats_of(columns["item_id"])[0]] = False  # counted where the id stands first
    rows = np.flatnonzero(wrong)
    findings.add_rows(
        "the popularity is not the number of interactions",
        rows,
        lambda at: (
            f"the popularity is {popularity[rows[at]]}, but "
            f"{counts[rows[at]]} interactions name the item"
        ),
        "write the number of its interactions",
    )


def _note_bare_items(
    findings: Findings, item_ids: pa.Array, has_attributes: NDArray[np.bool_]
) -> None:
    bare = np.flatnonzero(~has_attributes)
    if len(bare):
        findings.note(
            f"{len(bare)} of {len(item_ids)} items have no attributes, the first is "
            f"{shown(item_ids[int(bare[0])].as_py())} in row {bare[0]}",
            "nothing can be asked of them; add attributes if there are some",
        )


def _repeats(findings: Findings, name: str, column: pa.Array) -> None:
    rows, first = repeats_of(column)
    findings.add_rows(
        f"the {name} stands there twice",
        rows,
        lambda at: (
            f"the {name} {shown(column[rows[at]].as_py())} stands there twice, first in "
            f"row {first[at]}"
        ),
        "keep one of them",
    )


def _labels(titles: pa.Array, years: pa.Array) -> pa.Array:
    """(n,) the name that an answer gives: the title, with the year where there is one."""
    with_year = pc.binary_join_element_wise(titles, " (", years.cast(pa.string()), ")", "")
    return pc.if_else(years.is_null(), titles, with_year)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)
