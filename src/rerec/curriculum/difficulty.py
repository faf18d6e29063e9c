"""What we believe of each query's difficulty, from its last rollouts, by query id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

PRIOR = 0.5
"""The difficulty of a query that was never tried: half way between sure and hopeless."""


def difficulty(scores: ArrayLike) -> float:
    r"""How hard a query was for one group of responses.

    $$d_q = \frac{1}{G} \sum_i (1 - r_i)$$

    Source: the online curriculum scheduler of arXiv 2604.07851. Ours: scores are the task scores
    (NDCG@K) unless told otherwise, and are cut to [0, 1], since a shaped reward can lie outside.

    Args:
        scores: (G,) one for each response, at least one.

    Returns:
        A value in [0, 1].

    >>> difficulty([1.0, 1.0, 0.0, 0.0]), difficulty([1.25])
    (0.5, 0.0)
    """
    return float(np.mean(1.0 - np.clip(scores, 0.0, 1.0)))


@dataclass(frozen=True, slots=True)
class Belief:
    """What the last try of a query told."""

    difficulty: float
    """In [0, 1]."""
    epoch: int
    """When it was tried last, from 0."""
    times: int
    """How often it was tried, from 1."""


class Beliefs:
    """A belief for each query that was tried; a query never tried has the difficulty `PRIOR`."""

    def __init__(self) -> None:
        """Believe nothing yet.

        >>> beliefs = Beliefs()
        >>> beliefs.update({"q1": [1.0, 0.5]}, epoch=0)
        >>> beliefs.of("q1"), beliefs.difficulty_of("q2")
        (Belief(difficulty=0.25, epoch=0, times=1), 0.5)
        """
        self._by_id: dict[str, Belief] = {}

    def update(self, scores: Mapping[str, Sequence[float]], *, epoch: int) -> None:
        """Take over what groups of responses scored; only the last try of a query counts.

        Args:
            scores: for each query id the scores of its G responses.
            epoch: the epoch they belong to, from 0.

        Raises:
            ValueError: a query has no score, or one that is not a number.
        """
        for query_id, group in scores.items():
            level = difficulty(group) if len(group) else np.nan
            if not np.isfinite(level):
                raise ValueError(f"query {query_id!r}: its scores {list(group)} tell nothing")
            before = self._by_id.get(query_id)
            self._by_id[query_id] = Belief(level, epoch, 1 + (before.times if before else 0))

    def of(self, query_id: str) -> Belief | None:
        """What is believed of a query; None where it was never tried."""
        return self._by_id.get(query_id)

    def difficulty_of(self, query_id: str) -> float:
        """A query's believed difficulty, in [0, 1]."""
        belief = self._by_id.get(query_id)
        return belief.difficulty if belief else PRIOR

    def state_dict(self) -> dict[str, Any]:
        """All beliefs, ready for JSON: the same beliefs give the same bytes."""
        return {
            query_id: [belief.difficulty, belief.epoch, belief.times]
            for query_id, belief in sorted(self._by_id.items())
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Believe what was saved, and nothing else."""
        self._by_id = {
            query_id: Belief(float(level), int(epoch), int(times))
            for query_id, (level, epoch, times) in state.items()
        }
