"""What the page shows of a domain: an item with its facts, examples to begin with, users to be."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np

from rerec.assistant.assistant import Assistant
from rerec.catalogue.domain import Domain
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.queries.likes import some_of
from rerec.records import Query
from rerec.settings import PERSONAL

N_EXAMPLES = 6
N_USERS = 8
_DRAWN_USERS = 64
_SEED = 7
_COMMON_SHARE = 0.6
_LENGTH = 55
"""Characters of a good example."""


def item_record(assistant: Assistant, item_id: str) -> dict[str, Any] | None:
    """An item with all of its facts, the most prominent first; None where there is none."""
    catalogue = assistant.domain.catalogue
    if item_id not in catalogue:
        return None
    row = catalogue.row_of(item_id)
    item = catalogue.items[row]
    facts = [asdict(fact) for fact in assistant.graph.facts_of(row)]
    return {**asdict(item), "label": item.label, "facts": facts}


def about(assistant: Assistant) -> dict[str, Any]:
    """What is served, and how to begin with it."""
    domain = assistant.domain
    return {
        "domain": domain.folder.resolve().name,
        "n_items": domain.catalogue.n_items,
        "model": assistant.model_name,
        "examples": examples(domain, assistant.graph),
        "users": users(domain),
    }


def examples(domain: Domain, graph: AttributeGraph) -> list[str]:
    """Requests that the domain can answer: of its held-out queries, some of each category in turn.

    Where it has none they are made of values that many items have, but not most.
    """
    for split in ("valid", "test"):
        try:
            queries = domain.queries(split)
        except DataError:  # the domain has no such queries, and needs none here
            continue
        return list(islice(_in_turn(queries), N_EXAMPLES))
    counts = np.bincount(graph.indices, minlength=len(graph.pairs))
    telling = np.where(counts > _COMMON_SHARE * graph.n_items, 0, counts)
    columns = np.argsort(-telling, kind="stable").tolist()
    values = dict.fromkeys(graph.pairs[column].value for column in columns if telling[column])
    return [f"Something with {value}, please." for value in islice(values, N_EXAMPLES)]


def users(domain: Domain) -> list[dict[str, str]]:
    """Some users who have a history, drawn by their ids, with the groups that they are in."""
    drawn = some_of(domain.user_ids, _DRAWN_USERS, seed=_SEED)
    active = set(domain.interactions_of(drawn)["user_id"].to_pylist())
    chosen = [user_id for user_id in drawn if user_id in active][:N_USERS]
    records = {record["user_id"]: record for record in domain.users.to_pylist()}
    return [{"user_id": u, "label": _label(records[u])} for u in chosen]


def _label(record: dict[str, Any]) -> str:
    """
    >>> _label({"user_id": "7", "age": 24, "gender": "F", "zip": None}), _label({"user_id": "7"})
    ('7 (24, F)', '7')
    """
    groups = [str(v) for name, v in record.items() if name != "user_id" and v is not None]
    return f"{record['user_id']} ({', '.join(groups)})" if groups else record["user_id"]


def _in_turn(queries: Sequence[Query]) -> Iterator[str]:
    """A text of each category, then the next; those first that are as long as people write."""
    by_category: dict[str, list[str]] = {}
    for query in queries:
        if not query.category.endswith(PERSONAL):
            by_category.setdefault(query.category, []).append(query.text)
    for texts in by_category.values():
        texts.sort(key=lambda text: abs(len(text) - _LENGTH))
    for place in range(max(map(len, by_category.values()), default=0)):
        yield from (texts[place] for texts in by_category.values() if place < len(texts))
