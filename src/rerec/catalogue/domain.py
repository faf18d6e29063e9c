"""The domain folder: a catalogue with its attributes, interactions, users and queries on disk.

Every table is Parquet and listed with its hash in `manifest.json`. Reading checks that the tables
agree with each other, so that no later stage meets an id that the catalogue does not have.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import save

from rerec.catalogue.embeddings import read_embeddings
from rerec.catalogue.faults import NO_FOLDER, faults_of
from rerec.catalogue.files import (
    n_rows_of,
    read_parquet,
    read_pieces,
    replaced,
    write_parquet,
)
from rerec.catalogue.items import Catalogue, refuse_repeats
from rerec.catalogue.kernels import pc
from rerec.catalogue.manifest import (
    EMBEDDINGS_FILE,
    MANIFEST_FILE,
    queries_path,
    table_paths,
    write_manifest,
)
from rerec.catalogue.tables import (
    ATTRIBUTES,
    INTERACTIONS,
    ITEMS,
    QUERIES,
    USERS,
    item_of,
    items_table,
    queries_table,
    query_of,
)
from rerec.errors import DataError
from rerec.records import Item, Query

_AGAIN = "build the queries again"


@dataclass(frozen=True)
class Domain:
    """A domain folder in memory; the rest is read when it is asked for.

    The rest are interactions, of which there may be a hundred for each item, queries and
    embeddings.
    """

    folder: Path
    catalogue: Catalogue
    attributes: pa.Table
    """(item_id, relation, value); an item's values of a relation stand most prominent first."""
    users: pa.Table
    """(user_id, then one column for each group)."""

    @cached_property
    def interactions(self) -> pa.Table:
        """(user_id, item_id, rating, timestamp) of all users.

        Raises:
            DataError: the file is missing or malformed.
        """
        return read_parquet(_log_path(self.folder), INTERACTIONS)

    @property
    def n_interactions(self) -> int:
        """How many interactions there are, without reading them.

        Raises:
            DataError: the file is missing or no Parquet file.
        """
        return n_rows_of(_log_path(self.folder))

    def interactions_of(self, user_ids: Collection[str]) -> pa.Table:
        """(user_id, item_id, rating, timestamp) of some users; others never stand in memory.

        Raises:
            DataError: the file is missing or malformed.
        """
        chosen = pa.array(sorted(user_ids), pa.string())
        pieces = read_pieces(_log_path(self.folder), INTERACTIONS)
        own = [p.filter(pc.is_in(p["user_id"], value_set=chosen)) for p in pieces]
        return pa.concat_tables([INTERACTIONS.empty_table(), *own])

    @cached_property
    def relations(self) -> frozenset[str]:
        """The relations that the attributes use."""
        return frozenset(self.attributes["relation"].unique().to_pylist())

    @cached_property
    def user_ids(self) -> frozenset[str]:
        """The users that queries and interactions may name."""
        return frozenset(self.users["user_id"].to_pylist())

    def queries(self, split: str, categories: Collection[str] = ()) -> list[Query]:
        """The queries of a split, in the order of the file.

        Args:
            split: train, valid or test.
            categories: only queries of these; all of them where none is named.

        Raises:
            DataError: there is no such split, it is missing or empty, none is of the categories, a
                query id stands twice, or a query names an item, relation or user that the domain
                does not have.
        """
        path = queries_path(self.folder, split)
        queries = [_query(path, record) for record in read_parquet(path, QUERIES).to_pylist()]
        if not queries:
            raise DataError(f"{path}: the split holds no query; build it with more of them")
        refuse_repeats((q.query_id for q in queries), what="the query id", where=str(path))
        for query in queries:
            self._check(query, path)
        chosen = [query for query in queries if not categories or query.category in categories]
        if not chosen:
            there = ", ".join(sorted({query.category for query in queries}))
            raise DataError(f"{path}: no query is {' or '.join(categories)}; there are: {there}")
        return chosen

    def embeddings(self) -> NDArray[np.float32]:
        """The item embeddings, (n_items, d) float32, rows in the order of the catalogue.

        Raises:
            DataError: they are missing, unreadable, not finite, or not one row for each item.
        """
        return read_embeddings(self.folder, n_items=self.catalogue.n_items)

    def _check(self, query: Query, path: Path) -> None:
        where = f"{path}: the query {query.query_id!r}"
        hop_items = [hop.item_id for hop in query.hops]
        for item_id in (*query.ground_truth, *query.candidates, *query.history, *hop_items):
            if item_id not in self.catalogue:
                raise DataError(
                    f"{where} names the item {item_id!r}, which is not in items.parquet"
                )
        for asked in (*query.conditions, *query.hops):
            if asked.relation not in self.relations:
                raise DataError(
                    f"{where} asks for the relation {asked.relation!r}; attributes.parquet has: "
                    f"{', '.join(sorted(self.relations))}"
                )
        if query.user_id is not None and query.user_id not in self.user_ids:
            raise DataError(f"{where} is of user {query.user_id!r}, not in users.parquet; {_AGAIN}")
        repeated = [item_id for item_id, n in Counter(query.candidates).items() if n > 1]
        if repeated:
            raise DataError(f"{where} has the candidate {repeated[0]!r} twice; keep one of them")


def read_domain(folder: Path) -> Domain:
    """Read a domain and check that its tables agree with each other.

    Raises:
        DataError: a table is missing or malformed, an item id, label or user stands twice, or an
            attribute or interaction names an item or user that the domain does not have.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: {NO_FOLDER}")
    items_path, attributes_path, interactions_path, users_path = table_paths(folder)
    items = read_parquet(items_path, ITEMS)
    attributes = read_parquet(attributes_path, ATTRIBUTES)
    users = read_parquet(users_path, USERS, keep_others=True)
    try:
        catalogue = Catalogue(tuple(item_of(record) for record in items.to_pylist()))
    except DataError as error:
        raise DataError(f"{items_path}: {error}") from None
    refuse_repeats(users["user_id"].to_pylist(), what="the user id", where=str(users_path))
    known = {"item_id": items["item_id"], "user_id": users["user_id"]}
    _refuse_unknown(attributes_path, [attributes], known)
    _refuse_unknown(interactions_path, read_pieces(interactions_path, INTERACTIONS), known)
    for column in ("relation", "value"):
        _refuse_blank(attributes_path, attributes, column)
    return Domain(folder, catalogue, attributes, users)


def write_tables(
    folder: Path,
    *,
    items: Sequence[Item],
    attributes: pa.Table,
    interactions: pa.Table,
    users: pa.Table,
) -> None:
    """Write the four tables of a domain; each file is whole or not there.

    Raises:
        DataError: a file cannot be written.
    """
    tables = (items_table(items), attributes, interactions, users)
    for path, table in zip(table_paths(folder), tables, strict=True):
        write_parquet(path, table)


def write_queries(folder: Path, split: str, queries: Iterable[Query]) -> None:
    """Write the queries of a split, in the order given.

    Raises:
        DataError: there is no such split, or the file cannot be written.
    """
    write_parquet(queries_path(folder, split), queries_table(queries))


def write_embeddings(folder: Path, embeddings: NDArray[np.float32]) -> None:
    """Write the item embeddings, (n_items, d) float32, rows in the order of the catalogue.

    A manifest that stands there is written anew, so that it lists them.

    Raises:
        DataError: the file cannot be written.
    """
    content = save({"embeddings": np.ascontiguousarray(embeddings, np.float32)})
    with replaced(folder / EMBEDDINGS_FILE) as temporary:
        temporary.write_bytes(content)
    if (folder / MANIFEST_FILE).is_file():
        write_manifest(folder)


def check(folder: Path) -> Domain:
    """Read a domain that keeps every promise, its hashes and queries included.

    Raises:
        DataError: it breaks one; the first that `rerec.catalogue.faults` finds is told.
    """
    broken = [fault for fault in faults_of(folder) if not fault.is_note]
    if broken:
        raise DataError(broken[0].line(folder))
    return read_domain(folder)


def _query(path: Path, record: Mapping[str, Any]) -> Query:
    try:
        return query_of(record)
    except ValueError as error:
        raise DataError(f"{path}: {error}; {_AGAIN}") from None


def _log_path(folder: Path) -> Path:
    return table_paths(folder)[2]


def _refuse_unknown(
    path: Path, pieces: Iterable[pa.Table], known: Mapping[str, pa.ChunkedArray]
) -> None:
    present = {key: column.combine_chunks() for key, column in known.items()}
    for piece in pieces:
        for key in (name for name in piece.column_names if name in present):
            strange = pc.invert(pc.is_in(piece[key], value_set=present[key]))
            if pc.any(strange).as_py():
                name, kind = piece[key].filter(strange)[0].as_py(), key.removesuffix("_id")
                raise DataError(
                    f"{path}: names the {kind} {name!r}, which is not in {kind}s.parquet; "
                    "leave its rows out or add it there"
                )


def _refuse_blank(path: Path, table: pa.Table, column: str) -> None:
    blank = pc.equal(pc.utf8_trim_whitespace(table[column]), "")
    if pc.any(blank).as_py():
        row = blank.index(True).as_py()
        raise DataError(f"{path}: the {column} is empty in row {row}; fill it or leave it out")
