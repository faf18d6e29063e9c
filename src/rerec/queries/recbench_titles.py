"""The titles in the queries of RecBench+ looked up: which items they mean, and which mean none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from rerec.catalogue.domain import Domain
from rerec.catalogue.grounding import TitleIndex
from rerec.catalogue.titles import normalise
from rerec.records import Condition, Hop, Query
from rerec.sources.recbench_queries import PublishedQuery


@dataclass
class Resolved:
    """Queries whose titles have become item ids, and what could not be resolved."""

    queries: list[tuple[PublishedQuery, Query]] = field(default_factory=list)
    """Without candidates."""
    facts: list[tuple[str, str, str]] = field(default_factory=list)
    """(item_id, relation, value) as the records tell."""
    n_truths: int = 0
    unresolved: list[dict[str, str]] = field(default_factory=list)
    hops_unresolved: list[dict[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Queries of which no title is known."""


def resolve(domain: Domain, published: Sequence[PublishedQuery]) -> Resolved:
    """Look up every title of the queries among all names of all items.

    Values are spelled as the domain spells them already.
    """
    lookup = _Lookup(domain)
    resolved = Resolved()
    for query in published:
        conditions = tuple(dict.fromkeys(map(lookup.spelled, query.conditions)))
        found = [(title, lookup.item_of(title)) for title in query.titles]
        truths = tuple(dict.fromkeys(item_id for _, item_id in found if item_id))
        resolved.n_truths += len(found)
        resolved.unresolved += [lookup.told(query, title) for title, item in found if not item]
        if not truths:
            resolved.left_out.append(query.query_id)
            continue
        hops = [(hop, lookup.item_of(hop.title)) for hop in query.hops]
        resolved.hops_unresolved += [lookup.told(query, h.title) for h, item in hops if not item]
        resolved.facts += [(t, c.relation, c.value) for c in conditions for t in truths]
        true = [(item, lookup.spelled(Condition(h.relation, h.true))) for h, item in hops if item]
        resolved.facts += [(item_id, fact.relation, fact.value) for item_id, fact in true]
        user_id = query.user_id if query.user_id in domain.user_ids else None
        told = tuple(Hop(item_id, h.relation, h.told) for h, item_id in hops if item_id)
        made = Query(
            query_id=query.query_id,
            category=query.category,
            text=query.text,
            conditions=conditions,
            hops=told,
            ground_truth=truths,
            candidates=(),
            user_id=user_id,
            history=(),
            seed=0,
        )
        resolved.queries.append((query, made))
    return resolved


class _Lookup:
    """Titles to item ids, each looked up once."""

    def __init__(self, domain: Domain) -> None:
        self._catalogue = domain.catalogue
        self._index = TitleIndex(domain.catalogue)
        self._known: dict[str, str | None] = {}
        self._labels = [normalise(item.label) for item in domain.catalogue.items]
        pairs = zip(
            domain.attributes["relation"].to_pylist(),
            domain.attributes["value"].to_pylist(),
            strict=True,
        )
        self._spelling = {(relation, value.casefold()): value for relation, value in pairs}

    def item_of(self, title: str) -> str | None:
        if title not in self._known:
            row = self._index.resolve(title)
            self._known[title] = None if row is None else self._catalogue.item_ids[row]
        return self._known[title]

    def spelled(self, pair: Condition) -> Condition:
        """A pair with its value spelled as the domain has it."""
        key = (pair.relation, pair.value.casefold())
        return Condition(pair.relation, self._spelling.setdefault(key, pair.value))

    def told(self, query: PublishedQuery, title: str) -> dict[str, str]:
        """A title that is no item's, with the nearest."""
        _, _, row = process.extractOne(normalise(title), self._labels, scorer=fuzz.WRatio)
        nearest = self._catalogue.items[row].label
        return {"query_id": query.query_id, "title": title, "nearest": nearest}
