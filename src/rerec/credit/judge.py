"""What responses are worth: read the box, score it against both graphs, find what is to blame.

Training, evaluation and `rerec score` all score here. Whatever a model wrote, it scores and never
raises; what the scoring itself lacks (a graph, embeddings, a condition) is an error.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerec.catalogue.domain import Domain
from rerec.catalogue.grounding import MAX_TITLE_CHARACTERS, TitleIndex
from rerec.catalogue.items import Catalogue
from rerec.credit.response_file import read_responses
from rerec.credit.segments import discussed
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.metrics import NO_ITEM
from rerec.prompting import find_box, segments
from rerec.records import Outcome, Query, Scored, Segment
from rerec.reward.alignment import pas, qas_conditions, qas_shared
from rerec.reward.format import boxed
from rerec.reward.ranking import ranking
from rerec.reward.shaped import Rewards, shaped
from rerec.settings import CreditSettings, Recipe, RewardSettings

BLAMABLE: tuple[Outcome, ...] = ("wrong", "not_a_candidate")
"""Outcomes whose answer is an item and not a right one, which a paragraph should have ruled out."""
_CACHED = 1 << 14
_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class _Target:
    """A query in rows and columns."""

    truths: tuple[int, ...]
    candidates: tuple[int, ...]
    asked: tuple[int, ...]
    """Columns of the asked conditions; -1 for a pair that no item has."""


class Judge:
    """Scores responses to the queries of one catalogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: TitleIndex,
        graph: AttributeGraph,
        embeddings: NDArray[np.floating] | None,
        reward: RewardSettings,
        credit: CreditSettings,
    ) -> None:
        """Store what responses are scored by.

        Args:
            catalogue: the items.
            index: their names.
            graph: their attributes.
            embeddings: (n_items, d) for the preference alignment; None where its weight is 0.
            reward: weights and cut-off.
            credit: how blame becomes advantages.

        Raises:
            DataError: an embedding or the attributes are missing, and their weight is not 0.
        """
        self.catalogue, self.index, self.graph = catalogue, index, graph
        self.embeddings, self.reward, self.credit = embeddings, reward, credit
        self._refuse_missing()
        self._target = lru_cache(_CACHED)(self._target_of)
        self._resolved = lru_cache(_CACHED)(self._resolve)

    @classmethod
    def of(cls, domain: Domain, reward: RewardSettings, credit: CreditSettings) -> "Judge":
        """A judge for a domain; its embeddings are read where their weight is not 0.

        Raises:
            DataError: as above, or the embeddings cannot be read.
        """
        graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
        embeddings = domain.embeddings() if reward.w_pas else None
        index = TitleIndex(domain.catalogue)
        return cls(domain.catalogue, index, graph, embeddings, reward, credit)

    def check(self, queries: Iterable[Query]) -> None:
        """Make sure, before any model is loaded, that every one of the queries can be scored.

        Raises:
            DataError: a query names an unknown item, or asks for a pair that no item has where the
                reward is measured by the asked conditions.
        """
        for query in queries:
            self._target(query)

    def judge(self, queries: Sequence[Query], responses: Sequence[str]) -> list[Scored]:
        """Score B responses, each to the query at its place.

        The outcome is that of the first title in the box: `no_answer` (no box, or nothing in it),
        `unknown_title` (no item), `right` (in the ground truth), `not_a_candidate`, else `wrong`.
        A paragraph is blamed where the answer is an item, not right, and named in the paragraph;
        the answer line is exempt.

        Raises:
            DataError: a query cannot be scored (see `check`); never because of a response.
        """
        targets = [self._target(query) for query in queries]
        answers = [self._answer(t, text) for t, text in zip(targets, responses, strict=True)]
        rewards = self._rewards(targets, answers)
        parts = zip(
            rewards.ndcg.tolist(),
            rewards.qas.tolist(),
            rewards.pas.tolist(),
            rewards.format.tolist(),
            rewards.total.tolist(),
            strict=True,
        )
        return [
            self._scored(query, target, answer, response, part)
            for query, target, answer, response, part in zip(
                queries, targets, answers, responses, parts, strict=True
            )
        ]

    def _rewards(self, targets: Sequence[_Target], answers: Sequence[Sequence[int]]) -> Rewards:
        first = np.array([rows[0] if rows else NO_ITEM for rows in answers], np.intp)
        truths = [target.truths for target in targets]
        aligned = np.zeros(len(first))
        if self.embeddings is not None:
            aligned = pas(first, truths, self.embeddings)
        return shaped(
            ndcg=ranking(answers, truths, k=self.reward.k),
            qas=self._qas(first, targets),
            pas=aligned,
            format=boxed(np.array([bool(rows) for rows in answers], bool)),
            weights=self.reward,
        )

    def _qas(self, first: NDArray[np.intp], targets: Sequence[_Target]) -> NDArray[np.float64]:
        """By the asked conditions where that is set and the query has some, else by the truths."""
        asks = np.array([self.reward.qas == "conditions" and bool(t.asked) for t in targets], bool)
        score = np.zeros(len(first))
        asked = [target.asked for target, yes in zip(targets, asks, strict=True) if yes]
        score[asks] = qas_conditions(first[asks], asked, self.graph)
        truths = [target.truths for target, yes in zip(targets, asks, strict=True) if not yes]
        score[~asks] = qas_shared(first[~asks], truths, self.graph)
        return score

    def _scored(
        self,
        query: Query,
        target: _Target,
        answer: Sequence[int],
        response: str,
        parts: tuple[float, float, float, float, float],
    ) -> Scored:
        outcome = outcome_of(answer, target.truths, target.candidates)
        paragraphs = segments(response)
        return Scored(
            query.query_id,
            tuple(self.catalogue.item_ids[row] for row in answer if row >= 0),
            outcome,
            *parts,
            segments=tuple(paragraphs),
            blamed=self._blamed(response, paragraphs, answer, outcome),
        )

    def _blamed(
        self, response: str, paragraphs: list[Segment], answer: Sequence[int], outcome: Outcome
    ) -> tuple[bool, ...]:
        if outcome not in BLAMABLE:
            return (False,) * len(paragraphs)
        named = discussed(response, paragraphs, self.index, answer[0])
        return tuple(
            yes and not paragraph.is_answer
            for yes, paragraph in zip(named.tolist(), paragraphs, strict=True)
        )

    def _answer(self, target: _Target, response: str) -> Sequence[int]:
        box = find_box(response)
        if box is None:
            return ()
        # A long box is a model's nonsense: it would fill the cache and hardly come again.
        resolve = self._resolved if len(box.text) <= MAX_TITLE_CHARACTERS else self._resolve
        return resolve(box.text, target.candidates)

    def _resolve(self, text: str, candidates: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.index.resolve_answer(text, candidates or None))

    def _target_of(self, query: Query) -> _Target:
        rows_of = self.catalogue.rows_of
        columns = [self.graph.column_of(condition) for condition in query.conditions]
        if self.reward.w_qas and self.reward.qas == "conditions" and -1 in columns:
            lacking = query.conditions[columns.index(-1)]
            raise DataError(
                f"the query {query.query_id!r} asks for {lacking.relation} {lacking.value!r}, "
                "which no item has in attributes.parquet; build the domain again, "
                "or set reward.qas=shared"
            )
        truths, candidates = rows_of(query.ground_truth), rows_of(query.candidates)
        return _Target(tuple(truths.tolist()), tuple(candidates.tolist()), tuple(columns))

    def _refuse_missing(self) -> None:
        n_items = self.catalogue.n_items
        if self.reward.w_pas and self.embeddings is None:
            raise DataError(
                f"reward.w_pas is {self.reward.w_pas}, but there are no item embeddings; "
                "run `rerec embed` on the domain, or set reward.w_pas=0"
            )
        if self.reward.w_qas and not self.graph.pairs:
            raise DataError(
                f"reward.w_qas is {self.reward.w_qas}, but no item has an attribute; "
                "fill attributes.parquet, or set reward.w_qas=0"
            )
        if self.embeddings is not None and len(self.embeddings) != n_items:
            raise DataError(
                f"there are {len(self.embeddings)} item embeddings for {n_items} items; "
                "run `rerec embed` on the domain again"
            )


def outcome_of(answer: Sequence[int], truths: Sequence[int], candidates: Sequence[int]) -> Outcome:
    """What became of the first title of an answer.

    Args:
        answer: item rows, best first; -1 for a title that is no item; empty for no answer.
        truths: ground-truth rows.
        candidates: rows that may be chosen from; none for an open request.

    >>> [outcome_of(a, [4], [4, 5]) for a in ([], [-1, 4], [4], [5, 4], [6])]
    ['no_answer', 'unknown_title', 'right', 'wrong', 'not_a_candidate']
    """
    if not answer:
        return "no_answer"
    if answer[0] < 0:
        return "unknown_title"
    if answer[0] in truths:
        return "right"
    return "wrong" if not candidates or answer[0] in candidates else "not_a_candidate"


def score_file(domain: Domain, responses: Path, recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Score a file of responses to a domain's queries of whichever split, line by line.

    The whole file is read and checked before the first line is scored.

    Args:
        domain: the queries' domain.
        responses: JSON lines, `{"query_id", "response"}`.
        recipe: its reward and credit sections.

    Yields:
        For each line `query_id`, `answer` (item ids), `outcome`, `ndcg`, `qas`, `pas`, `format`,
        `reward` and `segments` (`start` and `end` in characters, and whether it is `blamed`).

    Raises:
        DataError: the file or the domain is unreadable, or a line names an unknown query.
    """
    judge = Judge.of(domain, recipe.reward, recipe.credit)
    queries, texts = read_responses(responses, domain)
    for start in range(0, len(queries), _AT_ONCE):
        batch = slice(start, start + _AT_ONCE)
        yield from map(line_of, judge.judge(queries[batch], texts[batch]))


def line_of(scored: Scored) -> dict[str, Any]:
    """A scored response, ready for JSON."""
    return {
        "query_id": scored.query_id,
        "answer": list(scored.answer),
        "outcome": scored.outcome,
        "ndcg": scored.ndcg,
        "qas": scored.qas,
        "pas": scored.pas,
        "format": scored.format,
        "reward": scored.reward,
        "segments": [
            {"start": segment.start, "end": segment.end, "blamed": blamed}
            for segment, blamed in zip(scored.segments, scored.blamed, strict=True)
        ],
    }
