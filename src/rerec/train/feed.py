"""Which queries come next, as rows for the trainer, and what their scores taught the curriculum."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rerec.curriculum.sampler import CurriculumSampler
from rerec.records import Query
from rerec.train.prompts import PromptWriter


class QueryFeed:
    """Hands out queries in the curriculum's order; every process sees the same."""

    def __init__(
        self, queries: Sequence[Query], writer: PromptWriter, sampler: CurriculumSampler
    ) -> None:
        self._queries = {query.query_id: query for query in queries}
        self._writer, self.sampler = writer, sampler

    def next_rows(self, n_queries: int) -> list[dict[str, Any]]:
        """The next queries as rows of the trainer."""
        chosen = [self._queries[query_id] for query_id in self.sampler.take(n_queries)]
        return [
            {"prompt": self._writer.messages(query), "query_id": query.query_id} for query in chosen
        ]

    def observe(self, query_ids: Sequence[str], scores: np.ndarray) -> None:
        """Learn how the groups of a batch did.

        Args:
            query_ids: one for each response.
            scores: (B,) task scores or rewards in [0, 1].
        """
        groups: dict[str, list[float]] = {}
        for query_id, score in zip(query_ids, scores.tolist(), strict=True):
            groups.setdefault(query_id, []).append(score)
        self.sampler.observe(groups)

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold."""
        return {"curriculum": self.sampler.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where a checkpoint was written."""
        self.sampler.load_state_dict(state["curriculum"])
