"""What the queries of a domain can have wrong, each on its own row."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from rerec.catalogue.columns import batches_of, repeats_of
from rerec.catalogue.faults_of_tables import Known
from rerec.catalogue.findings import Findings, shown
from rerec.catalogue.kernels import pc
from rerec.catalogue.manifest import queries_path, table_paths
from rerec.catalogue.tables import ATTRIBUTES, QUERIES
from rerec.records import SPLITS
from rerec.settings import CATEGORIES, PERSONAL

_AGAIN = "build the queries again"
_CONDITIONED = ("explicit", "implicit", "misinformed")
"""Categories whose ground truth is what meets the conditions."""

Row = Mapping[str, Any]
Fact = tuple[str, str]
"""(relation, value)."""
Said = tuple[str, str]
"""(kind of fault, what is wrong)."""


def query_faults(folder: Path, known: Known) -> list[Findings]:
    """The faults of the splits that are there."""
    found: list[Findings] = []
    for split in SPLITS:
        path = queries_path(folder, split)
        if path.is_file():
            findings = Findings(path.relative_to(folder).as_posix())
            _split(folder, path, known, findings)
            found.append(findings)
    return found


def _split(folder: Path, path: Path, known: Known, findings: Findings) -> None:
    pieces = [piece for _, piece in batches_of(path, QUERIES, findings)]
    if not pieces or set(pieces[0].column_names) < set(QUERIES.names):
        return
    table = pa.concat_tables(pieces)
    if not table.num_rows:
        what = "the split holds no query"
        findings.add(what, what, "build it with more of them")
    rows, first = repeats_of(table["query_id"])
    findings.add_rows(
        "the query id stands there twice",
        rows,
        lambda at: (
            f"the query id {shown(table['query_id'][int(rows[at])].as_py())} stands there "
            f"twice, first in row {first[at]}"
        ),
        "keep one of them",
    )
    judge = _Judge.of(known, _facts(folder, table["ground_truth"]))
    for row, query in enumerate(table.to_pylist()):
        for kind, what in judge.faults(query):
            findings.add(kind, f"the query {shown(query['query_id'])} {what}", _AGAIN, row=row)


@dataclass(frozen=True)
class _Judge:
    """What a query may name."""

    item_ids: frozenset[str] | None
    user_ids: frozenset[str] | None
    relations: frozenset[str] | None
    facts: Mapping[str, frozenset[Fact]] | None
    """Of every ground-truth item; None where the attributes cannot be read."""

    @classmethod
    def of(cls, known: Known, facts: Mapping[str, frozenset[Fact]] | None) -> "_Judge":
        item_ids, user_ids = (
            None if ids is None else frozenset(ids.to_pylist())
            for ids in (known.item_ids, known.user_ids)
        )
        return cls(item_ids, user_ids, known.relations, facts)

    def faults(self, query: Row) -> Iterator[Said]:
        """What is wrong with a query; what is empty was recorded already."""
        if query["text"] is not None and not query["text"].strip():
            yield "the text of a query is empty", "has an empty text"
        if query["category"] is not None and query["category"] not in CATEGORIES:
            yield (
                "the category of a query is none",
                f"is of the category {shown(query['category'])}; there are: "
                f"{', '.join(CATEGORIES)}",
            )
        yield from self._strangers(query)
        yield from _choice_faults(query)
        yield from self._unmet(query)

    def _strangers(self, query: Row) -> Iterator[Said]:
        """Items, relations and a user that the domain does not have."""
        named = [i for name in ("ground_truth", "candidates", "history") for i in query[name] or ()]
        named += [hop["item_id"] for hop in query["hops"] or () if hop]
        for item_id in dict.fromkeys(named):
            if self.item_ids is not None and item_id not in self.item_ids:
                what = f"names the item {shown(item_id)}, which is not in items.parquet"
                yield "a query names an item that is not in items.parquet", what
        asked = [*(query["conditions"] or ()), *(query["hops"] or ())]
        for relation in dict.fromkeys(pair["relation"] if pair else None for pair in asked):
            if self.relations is not None and relation not in self.relations:
                what = f"asks for the relation {shown(relation)}, which attributes.parquet lacks"
                yield "a query asks for an unknown relation", what
        if self.user_ids is not None and query["user_id"] not in (None, *_of(self.user_ids, query)):
            what = f"is of user {shown(query['user_id'])}, not in users.parquet"
            yield "a query is of an unknown user", what

    def _unmet(self, query: Row) -> Iterator[Said]:
        """Conditions that no right item meets together."""
        category = (query["category"] or "").removesuffix(PERSONAL)
        if self.facts is None or category not in _CONDITIONED or not query["ground_truth"]:
            return
        asked = [(c["relation"], c["value"]) for c in query["conditions"] or () if c]
        met = [set(asked) & self.facts.get(item, frozenset()) for item in query["ground_truth"]]
        if all(len(facts) < len(set(asked)) for facts in met):
            missing = next(pair for pair in asked if pair not in max(met, key=len))
            what = f"asks for {' '.join(map(str, missing))}, which no ground-truth item has"
            shared = "" if not max(map(len, met)) else " together with the rest"
            yield "no ground-truth item of a query meets its conditions", what + shared


def _of(user_ids: frozenset[str], query: Row) -> Sequence[str]:
    return (query["user_id"],) if query["user_id"] in user_ids else ()


def _choice_faults(query: Row) -> Iterator[Said]:
    """What is wrong between ground truth, candidates and history."""
    truth, candidates, history = (
        query[name] or () for name in ("ground_truth", "candidates", "history")
    )
    if not truth:
        yield "the ground truth of a query is empty", "has no ground truth"
    elif candidates and not set(truth) & set(candidates):
        yield (
            "no ground-truth item of a query is a candidate",
            "has no ground-truth item among its candidates",
        )
    for item_id, n in Counter(candidates).items():
        if n > 1:
            what = f"has the candidate {shown(item_id)} twice"
            yield "a query has a candidate twice", what
    for item_id in dict.fromkeys(i for i in history if i in truth):
        what = f"has the ground-truth item {shown(item_id)} in its history"
        yield "a query gives its ground truth away in the history", what


def _facts(folder: Path, truths: pa.ChunkedArray) -> Mapping[str, frozenset[Fact]] | None:
    """The facts of every ground-truth item; None where the attributes cannot be read."""
    wanted = pc.unique(pc.list_flatten(truths))
    facts: dict[str, set[Fact]] = {}
    is_readable = False
    for _, piece in batches_of(table_paths(folder)[1], ATTRIBUTES, Findings("")):
        if piece.column_names != ATTRIBUTES.names:
            return None
        is_readable = True
        kept = piece.filter(pc.is_in(piece["item_id"], value_set=wanted))
        for item_id, relation, value in zip(*(c.to_pylist() for c in kept.columns), strict=True):
            facts.setdefault(item_id, set()).add((relation, value))
    return {item: frozenset(of) for item, of in facts.items()} if is_readable else None
