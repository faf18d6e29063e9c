"""The queries of RecBench+ as they stand in its files: five forms of record read into one.

Explicit, implicit and misinformed records are one request each; interest and demographics records
hold several under "query & ground true". Titles are left as they are written.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rerec.catalogue.files import read_json
from rerec.errors import DataError
from rerec.records import Condition
from rerec.sources.recbench import NOUNS, QUERY_FILES, Folder, relation_of
from rerec.sources.workbench import Workbench

_TEXTS = ("situational_description_query", "query", "direct_description_query")
"""Where a request's words stand; the first is the one used in the paper's experiments."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishedHop:
    """A hint through another item: its title, what is told of it, and what is true."""

    title: str
    relation: str
    told: str
    true: str


@dataclass(frozen=True, slots=True)
class PublishedQuery:
    """One request as it was published."""

    query_id: str
    category: str
    text: str
    conditions: tuple[Condition, ...]
    hops: tuple[PublishedHop, ...]
    titles: tuple[str, ...]
    """Of the ground truth."""
    user_id: str | None
    file: str
    record: int
    """`data_idx`, or the place in the file."""
    kinship: str
    """Requests of one kinship ask for the same, or of the same group: one split has them all."""


def read_queries(bench: Workbench, folder: Folder) -> list[PublishedQuery]:
    """The queries of all files, in their order.

    Raises:
        DataError: a file is no list of records, or a record lacks what it needs.
    """
    queries: list[PublishedQuery] = []
    for path in folder.queries:
        records = read_json(path)
        if not isinstance(records, list):
            raise DataError(f"{path}: holds no list of records; it is no file of RecBench+")
        bench.files[str(path)] = {"rows": len(records)}
        category = next(c for begin, c in QUERY_FILES.items() if path.name.startswith(begin))
        for n, record in enumerate(records):
            try:
                queries += queries_of(category, record, n=n, file=path.name)
            except (KeyError, TypeError, ValueError) as error:
                what = f"has no {error}" if isinstance(error, KeyError) else str(error)
                bench.fault(str(path), f"record {n}", f"{what} ({category})", n_rows=1)
    return queries


def queries_of(category: str, record: Record, *, n: int, file: str) -> list[PublishedQuery]:
    """The queries of one record: one, or those under "query & ground true".

    Raises:
        KeyError: a field is missing.
        TypeError, ValueError: a field is of another kind.
    """
    if not isinstance(record, dict):
        raise TypeError("is no record")
    number = int(record.get("data_idx", n))
    if category in ("interest", "demographics"):
        return list(_children(category, record, number, file))
    conditions = tuple(dict.fromkeys(_condition(pair) for pair in record["sharedRelationships"]))
    user = record.get("source_user")
    return [
        PublishedQuery(
            query_id=f"{category}-{number:05}",
            category=category,
            text=_text(record),
            conditions=conditions,
            hops=tuple(_hops(record)),
            titles=_titles(record, "Subset"),
            user_id=None if user is None else str(user),
            file=file,
            record=number,
            kinship="\n".join(sorted(f"{c.relation}={c.value.casefold()}" for c in conditions)),
        )
    ]


def _children(category: str, record: Record, number: int, file: str) -> Iterator[PublishedQuery]:
    shared = [record.get(f"Shared consecutive {noun}s") for noun in NOUNS]
    group = [record.get("group_type"), record.get("group"), *shared]
    told = json.dumps(group) if any(group) else str(number)
    for nth, child in enumerate(record["query & ground true"]):
        yield PublishedQuery(
            query_id=f"{category}-{number:05}-{nth}",
            category=category,
            text=_text(child),
            conditions=(),
            hops=(),
            titles=_titles(child, " subset"),
            user_id=None,
            file=file,
            record=number,
            kinship=f"{category}\n{told}",
        )


def _text(record: Record) -> str:
    for key in _TEXTS:
        text = record.get(key)
        if isinstance(text, str) and text.strip():
            return " ".join(text.split())
    raise KeyError(_TEXTS[0])


def _titles(record: Record, ending: str) -> tuple[str, ...]:
    keys = [f"{noun}{ending}" for noun in NOUNS]
    key = next((key for key in keys if key in record), keys[0])
    titles = record[key]
    if not isinstance(titles, list) or not all(isinstance(title, str) for title in titles):
        raise TypeError(f"{key!r} is no list of titles")
    if not titles:
        raise ValueError(f"{key!r} is empty")
    return tuple(dict.fromkeys(titles))


def _condition(pair: Any) -> Condition:
    if not isinstance(pair, list) or len(pair) != 2:
        raise TypeError(f"{pair!r} in 'sharedRelationships' is no [relation, value]")
    relation, value = pair
    return Condition(relation_of(str(relation)), " ".join(str(value).split()))


def _hops(record: Record) -> Iterator[PublishedHop]:
    told = record.get("multihop_info") or record.get("misinformed") or []
    for hop in [told] if isinstance(told, dict) else told:
        title = next((hop[noun] for noun in NOUNS if noun in hop), None)
        if title is None:
            raise KeyError(NOUNS[0])
        person = str(hop["person"])
        true = str(hop.get("original person", person))
        yield PublishedHop(str(title), relation_of(str(hop["relation"])), person, true)
