"""What a domain holds, in figures and samples: `rerec data info`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerec.catalogue.domain import Domain, queries_path, read_domain
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.overlaps import overlaps
from rerec.queries.phrasing import is_held_back, pattern_of
from rerec.queries.variety import distinct_n, type_token_ratio
from rerec.records import SPLITS, Query

N_COMMON = 10
N_SAMPLES = 10
MANY_HOLDERS = 4
"""Queries with so many holders or more are counted together."""


def info(folder: Path) -> dict[str, Any]:
    """Figures of a domain, ready for JSON; every share is in [0, 1].

    A split that has not been built is left out.

    Raises:
        DataError: the domain is missing or malformed.
    """
    return info_of(read_domain(folder))


def info_of(domain: Domain) -> dict[str, Any]:
    """Figures of a domain that was read already; see `info`.

    Raises:
        DataError: a split is malformed.
    """
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    by_split = {s: domain.queries(s) for s in SPLITS if queries_path(domain.folder, s).is_file()}
    choice = _Choice(domain.catalogue, graph)
    return {
        "folder": str(domain.folder),
        **_sizes(domain),
        "relations": _relations(graph),
        "most_common": _most_common(graph),
        "queries": {split: _figures(queries, choice) for split, queries in by_split.items()},
        "overlaps": overlaps(by_split),
        "samples": _samples(by_split),
    }


def format_info(figures: Mapping[str, Any]) -> str:
    """The figures of `info` as text."""
    lines = [
        f"{figures['folder']}: {figures['items']} items, {figures['users']} users, "
        f"{figures['interactions']} interactions (sparsity {figures['sparsity']:.2%})",
        f"interactions of an item {figures['per_item']:.1f}, of a user {figures['per_user']:.1f}",
        "",
        "relation      values    facts  items with it",
        *(
            f"{name:<12}{r['values']:>8}{r['facts']:>9}{r['items']:>15}"
            for name, r in figures["relations"].items()
        ),
        "",
        "most common attributes: "
        + ", ".join(f"{a['relation']} {a['value']} ({a['items']})" for a in figures["most_common"]),
    ]
    for split, its in figures["queries"].items():
        lines += ["", *_split_lines(split, its)]
    for pair, kinds in figures["overlaps"].items():
        shares = ", ".join(f"{kind.replace('_', ' ')} {s:.1%}" for kind, s in kinds.items())
        lines += ["", f"{pair}: {shares}"]
    lines += ["", "samples:"] if figures["samples"] else []
    lines += [f"  {sample['query_id']}: {sample['text']}" for sample in figures["samples"]]
    return "\n".join(lines)


@dataclass(frozen=True)
class _Choice:
    """What the candidates of a query have of what it asks."""

    catalogue: Catalogue
    graph: AttributeGraph

    def holds(self, query: Query) -> NDArray[np.bool_]:
        """(n_candidates, n_conditions) true where a candidate has what is asked."""
        columns = [self.graph.column_of(condition) for condition in query.conditions]
        # A value that no item has is in no column, and no candidate holds it.
        held = [[c in self._facts(item_id) for c in columns] for item_id in query.candidates]
        return np.array(held, dtype=bool).reshape(len(held), len(columns))

    def _facts(self, item_id: str) -> frozenset[int]:
        if item_id not in self._known:
            columns = self.graph.columns_of(self.catalogue.row_of(item_id))
            self._known[item_id] = frozenset(columns.tolist())
        return self._known[item_id]

    @cached_property
    def _known(self) -> dict[str, frozenset[int]]:
        return {}


def _sizes(domain: Domain) -> dict[str, Any]:
    n_items, n_users = domain.catalogue.n_items, domain.users.num_rows
    n = domain.n_interactions
    return {
        "items": n_items,
        "users": n_users,
        "interactions": n,
        "sparsity": round(1 - n / (n_items * n_users), 4) if n_users else 1.0,
        "per_item": round(n / n_items, 2),
        "per_user": round(n / n_users, 2) if n_users else 0.0,
    }


def _relations(graph: AttributeGraph) -> dict[str, dict[str, int]]:
    relation_of = np.array([pair.relation for pair in graph.pairs])
    relations = relation_of[graph.indices]
    row_of = np.repeat(np.arange(len(graph.indptr) - 1), np.diff(graph.indptr))
    return {
        str(name): {
            "values": int((relation_of == name).sum()),
            "facts": int((relations == name).sum()),
            "items": len(np.unique(row_of[relations == name])),
        }
        for name in sorted(set(relation_of.tolist()))
    }


def _most_common(graph: AttributeGraph) -> list[dict[str, Any]]:
    counts = np.bincount(graph.indices, minlength=len(graph.pairs))
    return [
        {
            "relation": graph.pairs[at].relation,
            "value": graph.pairs[at].value,
            "items": int(counts[at]),
        }
        for at in np.argsort(-counts, kind="stable")[:N_COMMON].tolist()
    ]


def _figures(queries: Sequence[Query], choice: _Choice) -> dict[str, Any]:
    held = [(query, choice.holds(query)) for query in queries if query.candidates]
    asked = [holds for _, holds in held if holds.shape[1]]
    texts = [query.text for query in queries]
    styles = ("held back" if is_held_back(q.query_id) else "seen" for q in queries)
    return {
        "n": len(queries),
        "categories": dict(sorted(Counter(query.category for query in queries).items())),
        "n_conditions": _shares(len(query.conditions) for query in queries),
        "n_holders": _shares(min(int(h.sum(0).min()), MANY_HOLDERS) for h in asked),
        "hard_share": _hard_share(held),
        "patterns": _shares(styles),
        "distinct_patterns": len({pattern_of(query.query_id) for query in queries}),
        "distinct_condition_sets": len({frozenset(query.conditions) for query in queries}),
        "distinct_users": len({query.user_id for query in queries}),
        "mean_ground_truth": _mean(len(query.ground_truth) for query in queries),
        "mean_history": _mean(len(query.history) for query in queries),
        "mean_words": _mean(len(text.split()) for text in texts),
        "distinct_texts": len(set(texts)),
        "distinct_4": round(distinct_n(texts, 4), 4),
        "type_token_ratio": round(type_token_ratio(texts), 4),
    }


def _hard_share(held: Iterable[tuple[Query, NDArray[np.bool_]]]) -> float:
    """Share of the negatives that meet a condition."""
    hard: list[float] = []
    for query, holds in held:
        is_negative = [item_id not in query.ground_truth for item_id in query.candidates]
        hard += holds[is_negative].any(axis=1).astype(float).tolist()
    return _mean(hard)


def _samples(by_split: Mapping[str, Sequence[Query]]) -> list[dict[str, Any]]:
    """Queries from all over the last split there is."""
    queries = [*by_split.values()][-1] if by_split else []
    step = max(1, len(queries) // N_SAMPLES)
    return [
        {
            "query_id": query.query_id,
            "text": query.text,
            "conditions": [[c.relation, c.value] for c in query.conditions],
        }
        for query in queries[::step][:N_SAMPLES]
    ]


def _shares(values: Iterable[Any]) -> dict[str, float]:
    counts = Counter(values)
    total = sum(counts.values())
    return {str(value): round(counts[value] / total, 4) for value in sorted(counts)}


def _mean(values: Iterable[float]) -> float:
    listed = [*values]
    return round(sum(listed) / len(listed), 4) if listed else 0.0


def _split_lines(split: str, its: Mapping[str, Any]) -> list[str]:
    def shares(kind: str) -> str:
        return ", ".join(f"{value}: {share:.1%}" for value, share in its[kind].items())

    categories = ", ".join(f"{name} {n}" for name, n in its["categories"].items())
    return [
        f"{split}: {its['n']} queries ({categories}), {its['distinct_users']} users, "
        f"{its['distinct_condition_sets']} condition sets",
        f"  conditions        {shares('n_conditions')}",
        f"  holders           {shares('n_holders')}  (of the rarest asked value, among candidates;"
        f" {MANY_HOLDERS} is {MANY_HOLDERS} or more)",
        f"  hard negatives    {its['hard_share']:.1%}",
        f"  ground truth      {its['mean_ground_truth']:.2f} items, "
        f"history {its['mean_history']:.2f}",
        f"  phrasing          {its['distinct_patterns']} patterns ({shares('patterns')}), "
        f"{its['distinct_texts']} distinct texts of {its['mean_words']:.1f} words",
        f"  variety           distinct-4 {its['distinct_4']:.3f}, "
        f"type-token ratio {its['type_token_ratio']:.3f}",
    ]
