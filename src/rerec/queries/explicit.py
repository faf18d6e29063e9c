"""Explicit requests: their conditions are named ("a crime film directed by Michael Mann").

A user's liked item is drawn, then a set of its shown facts; every item that the user liked and that
meets them all is ground truth. Draws depend on the user's id alone, never on the order of a table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rerec.queries.askable import Askable, Columns
from rerec.queries.candidates import Negatives
from rerec.queries.conditions import draw_conditions
from rerec.queries.drafts import Budget, Draft
from rerec.queries.likes import Likes
from rerec.queries.split import sizes_of, split_of_conditions
from rerec.rng import seed_of, stream
from rerec.settings import QuerySettings

CATEGORY = "explicit"
TRIES = 60
"""Draws for one request of one user before it is given up for this round."""


@dataclass(frozen=True)
class Drafter:
    """Draws explicit requests of the users of one split."""

    likes: Likes
    asked: Askable
    negatives: Negatives
    settings: QuerySettings
    seed: int

    def drafts(self, split: str, users: Sequence[int]) -> list[Draft]:
        """Up to the split's number of drafts, as even over the numbers of conditions as data allow.

        Each number of conditions gets its share; what one cannot fill is filled from the others.

        Args:
            split: whose condition sets may be used.
            users: positions of its users, in the order in which they are asked.
        """
        wanted = sizes_of(self.settings)[split]
        numbers = range(1, self.settings.max_conditions + 1)
        budget = Budget(self.settings.max_queries_per_user)
        sources = {n: self._rounds(split, users, n, budget) for n in numbers}
        found: list[Draft] = []
        for n, source in sources.items():
            share = wanted // len(numbers) + (n <= wanted % len(numbers))
            found += islice(source, share)
        while sources and len(found) < wanted:
            for n in list(sources):
                extra = list(islice(sources[n], min(1, wanted - len(found))))
                found += extra
                if not extra:
                    del sources[n]
        return found

    def _rounds(
        self, split: str, users: Sequence[int], n_conditions: int, budget: Budget
    ) -> Iterator[Draft]:
        """One draft for each user in turn, then the next round, until a round brings nothing."""
        for round_ in range(self.settings.max_queries_per_user):
            n_before = len(budget.made)
            for user in users:
                if not budget.has_room(user):
                    continue
                rng = stream(self.seed, CATEGORY, self.likes.user_ids[user], n_conditions, round_)
                draft = self._draft(split, user, n_conditions, rng, budget)
                if draft is not None:
                    budget.take(draft)
                    yield draft
            if len(budget.made) == n_before:
                return

    def _draft(
        self, split: str, user: int, n_conditions: int, rng: Generator, budget: Budget
    ) -> Draft | None:
        rows, liked = self.likes.rows[user], self.likes.mask(user)
        sizes = sizes_of(self.settings)
        for _ in range(TRIES):
            positive = int(rows[rng.integers(len(rows))])
            columns = draw_conditions(self.asked, positive, liked, n_conditions, rng)
            if columns is None or not budget.is_open(user, columns):
                continue
            names = self.asked.names(columns)
            if split_of_conditions(names, sizes, seed=self.seed) != split:
                continue
            draft = self._with_negatives(user, columns, positive, liked)
            if draft is not None:
                return draft
        return None

    def _with_negatives(
        self, user: int, columns: Columns, positive: int, liked: NDArray[np.bool_]
    ) -> Draft | None:
        meeting = np.flatnonzero(self.asked.n_met(columns) == len(columns))
        others = [int(row) for row in meeting[liked[meeting]] if row != positive]
        user_id = self.likes.user_ids[user]
        seed = seed_of(self.seed, CATEGORY, user_id, positive, *self.asked.names(columns))
        negatives = self.negatives.draw(
            columns,
            (positive, *others),
            n_negatives=self.settings.n_candidates - 1,
            hard_share=self.settings.hard_share,
            rng=stream(seed, "negatives"),
        )
        if negatives is None:
            return None
        return Draft(CATEGORY, user, columns, positive, (positive, *others), tuple(negatives), seed)
