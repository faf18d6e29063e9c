"""The columns of every table of a domain, and the way between table rows and records."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from rerec.records import Condition, Hop, Item, Query

TEXT = pa.string()
TEXTS = pa.list_(TEXT)


def _required(name: str, kind: pa.DataType = TEXT) -> pa.Field:
    return pa.field(name, kind, nullable=False)


ITEMS = pa.schema(
    [
        _required("item_id"),
        _required("title"),
        pa.field("year", pa.int32()),
        _required("aliases", TEXTS),
        _required("popularity", pa.int64()),
    ]
)
ATTRIBUTES = pa.schema([_required("item_id"), _required("relation"), _required("value")])
"""An item's values of one relation stand in display order: the most prominent first."""
INTERACTIONS = pa.schema(
    [
        _required("user_id"),
        _required("item_id"),
        _required("rating", pa.float32()),
        _required("timestamp", pa.int64()),
    ]
)
USERS = pa.schema([_required("user_id")])
"""Every further column is a group of users (age, gender, occupation) and is kept."""
CONDITION = pa.struct([("relation", TEXT), ("value", TEXT)])
HOP = pa.struct([("item_id", TEXT), ("relation", TEXT), ("value", TEXT)])
QUERIES = pa.schema(
    [
        _required("query_id"),
        _required("category"),
        _required("text"),
        _required("conditions", pa.list_(CONDITION)),
        _required("hops", pa.list_(HOP)),
        _required("ground_truth", TEXTS),
        _required("candidates", TEXTS),
        pa.field("user_id", TEXT),
        _required("history", TEXTS),
        _required("seed", pa.int64()),
    ]
)


def items_table(items: Iterable[Item]) -> pa.Table:
    """The `items` table, rows in the order given.

    >>> items_table([Item("7", "Heat", 1995, (), 3)]).to_pylist()
    [{'item_id': '7', 'title': 'Heat', 'year': 1995, 'aliases': [], 'popularity': 3}]
    """
    records = [
        {
            "item_id": item.item_id,
            "title": item.title,
            "year": item.year,
            "aliases": list(item.aliases),
            "popularity": item.popularity,
        }
        for item in items
    ]
    return pa.Table.from_pylist(records, schema=ITEMS)


def item_of(record: Mapping[str, Any]) -> Item:
    """One row of the `items` table as a record."""
    aliases = tuple(record["aliases"])
    return Item(record["item_id"], record["title"], record["year"], aliases, record["popularity"])


def queries_table(queries: Iterable[Query]) -> pa.Table:
    """A `queries` table, rows in the order given."""
    records = [
        {
            "query_id": query.query_id,
            "category": query.category,
            "text": query.text,
            "conditions": [{"relation": c.relation, "value": c.value} for c in query.conditions],
            "hops": [
                {"item_id": h.item_id, "relation": h.relation, "value": h.value} for h in query.hops
            ],
            "ground_truth": list(query.ground_truth),
            "candidates": list(query.candidates),
            "user_id": query.user_id,
            "history": list(query.history),
            "seed": query.seed,
        }
        for query in queries
    ]
    return pa.Table.from_pylist(records, schema=QUERIES)


def query_of(record: Mapping[str, Any]) -> Query:
    """One row of a `queries` table as a record.

    Raises:
        ValueError: the ground truth is empty, or none of it is a candidate.
    """
    return Query(
        query_id=record["query_id"],
        category=record["category"],
        text=record["text"],
        conditions=tuple(Condition(**condition) for condition in record["conditions"]),
        hops=tuple(Hop(**hop) for hop in record["hops"]),
        ground_truth=tuple(record["ground_truth"]),
        candidates=tuple(record["candidates"]),
        user_id=record["user_id"],
        history=tuple(record["history"]),
        seed=record["seed"],
    )
