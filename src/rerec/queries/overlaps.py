"""What two splits have in common: what was promised to be disjoint, and what overlaps still."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from rerec.queries.phrasing import pattern_of
from rerec.records import Query

_KINDS: dict[str, Callable[[Query], Iterable[Hashable]]] = {
    "condition_sets": lambda query: _if_any(frozenset(query.conditions)),
    # What nobody's request has for a history are the items that it names.
    "interests": lambda query: _if_any(frozenset(() if query.user_id else query.history)),
    "user_truth_pairs": lambda query: [(u, t) for u in _user(query) for t in query.ground_truth],
    "users": lambda query: _user(query),
    "texts": lambda query: [query.text],
    "placed_items": lambda query: set(query.ground_truth) & set(query.candidates),
    "single_conditions": lambda query: query.conditions,
    "patterns": lambda query: [pattern_of(query.query_id)],
}


def _if_any(parts: frozenset[Hashable]) -> list[Hashable]:
    return [parts] if parts else []


def _user(query: Query) -> list[str]:
    return [query.user_id] if query.user_id else []


def overlap(queries: Sequence[Query], seen: Sequence[Query]) -> dict[str, float]:
    """Share of what the queries are made of that other queries have too, in [0, 1].

    Returns:
        By kind, the share of the mentions: a condition set that two of a hundred queries ask and
        that the others ask too counts 0.02. `contained_sets` is the share of queries whose
        conditions are a part of, or contain, those of a seen query.
    """
    shares = {kind: _share(queries, seen, parts_of) for kind, parts_of in _KINDS.items()}
    return shares | {"contained_sets": _contained(queries, seen)}


def overlaps(by_split: Mapping[str, Sequence[Query]]) -> dict[str, dict[str, float]]:
    """The overlap of each later split with each earlier one, by "test in train"."""
    splits = list(by_split)
    return {
        f"{later} in {earlier}": overlap(by_split[later], by_split[earlier])
        for at, later in enumerate(splits)
        for earlier in splits[:at]
    }


def _share(
    queries: Sequence[Query],
    seen: Sequence[Query],
    parts_of: Callable[[Query], Iterable[Hashable]],
) -> float:
    known = {part for query in seen for part in parts_of(query)}
    mentions = [part in known for query in queries for part in parts_of(query)]
    return round(sum(mentions) / len(mentions), 4) if mentions else 0.0


def _contained(queries: Sequence[Query], seen: Sequence[Query]) -> float:
    known = {frozenset(query.conditions) for query in seen}
    by_condition: dict[Hashable, list[frozenset[Hashable]]] = {}
    for conditions in known:
        for condition in conditions:
            by_condition.setdefault(condition, []).append(conditions)
    found = [
        any(
            other <= asked or asked <= other
            for condition in asked
            for other in by_condition.get(condition, ())
        )
        for asked in (frozenset(query.conditions) for query in queries if query.conditions)
    ]
    return round(sum(found) / len(found), 4) if found else 0.0
