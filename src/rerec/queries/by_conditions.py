"""Requests that have conditions: explicit, implicit, misinformed, and personalised ones.

A user's liked item is drawn, then a set of its shown facts; every item that the user liked and that
meets them all is ground truth. An *explicit* request names them all ("a crime film directed by
Michael Mann"), an *implicit* one tells one of them through another item, a *misinformed* one adds a
wrong name to that. A *personalised* one has candidates that meet every condition and that its user
did not like. Draws depend on the user's id alone, never on the order of a table.
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
from rerec.queries.hints import Hint, Hinter
from rerec.queries.likes import Likes
from rerec.queries.split import sizes_of, split_of_conditions
from rerec.queries.taste import LEAST_UNLIKED, Taste
from rerec.rng import seed_of, stream
from rerec.settings import Category, QuerySettings

TRIES = 60
"""Draws for one request of one user before it is given up for this round."""
LEAST_YIELD = 0.1
"""Drafts for each user who is asked, where hints or unliked items are sought: they are rare, and
every try for nothing costs as much as a good one."""
ENOUGH_ASKED = 200
"""Users after whom that can be told."""
LEAST_BEFORE = 3
"""Likes before the ground truth that a personalised request has at least."""


@dataclass(frozen=True)
class Drafter:
    """Draws requests of one category of the users of one split."""

    likes: Likes
    asked: Askable
    negatives: Negatives
    settings: QuerySettings
    seed: int
    category: Category = "explicit"
    hinter: Hinter | None = None
    """Tells one condition through another item; None where all are named."""
    taste: Taste | None = None
    """Makes the requests personalised."""

    def drafts(self, split: str, users: Sequence[int]) -> list[Draft]:
        """Up to the split's number of drafts, as even over the numbers of conditions as data allow.

        Each number of conditions gets its share; what one cannot fill is filled from the others.

        Args:
            split: whose condition sets may be used.
            users: positions of its users, in the order in which they are asked.
        """
        wanted = sizes_of(self.settings, self.category)[split]
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
        """One draft for each user in turn, then the next round, until a round brings nothing.

        Where hints or unliked items are sought, a user who had none is not asked again, and it ends
        once few of those who were asked had any.
        """
        plain = self.hinter is None and self.taste is None
        barren: set[int] = set()
        for round_ in range(self.settings.max_queries_per_user):
            n_before, n_asked = len(budget.made), 0
            for user in users:
                if user in barren or not budget.has_room(user):
                    continue
                n_asked += 1
                user_id = self.likes.user_ids[user]
                rng = stream(self.seed, self.category, user_id, n_conditions, round_)
                draft = self._draft(split, user, n_conditions, rng, budget)
                if draft is not None:
                    budget.take(draft)
                    yield draft
                elif not plain:
                    barren.add(user)
                    n_found = len(budget.made) - n_before
                    if n_asked >= ENOUGH_ASKED and n_found < LEAST_YIELD * n_asked:
                        return
            if len(budget.made) == n_before:
                return

    def _draft(
        self, split: str, user: int, n_conditions: int, rng: Generator, budget: Budget
    ) -> Draft | None:
        rows, liked = self.likes.rows[user], self.likes.mask(user)
        ascending = np.sort(rows)
        sizes = sizes_of(self.settings)
        # As many as the request must offer besides the right one.
        least = 1 if self.taste is None else 1 + LEAST_UNLIKED
        for _ in range(TRIES):
            positive = int(rows[rng.integers(len(rows))])
            columns = draw_conditions(
                self.asked, positive, ascending, n_conditions, rng, least_holders=least
            )
            if columns is None or not budget.is_open(user, columns):
                continue
            if self.hinter and not self.hinter.may_draw(columns):
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
        meeting = self.asked.meeting(columns)
        if self.taste and len(meeting) <= LEAST_UNLIKED:  # nearly always; the rest costs more
            return None
        others = [int(row) for row in meeting[liked[meeting]] if row != positive]
        truths = (positive, *others)
        user_id = self.likes.user_ids[user]
        seed = seed_of(self.seed, self.category, user_id, positive, *self.asked.names(columns))
        unliked = self._unliked(user, meeting[~liked[meeting]], truths, stream(seed, "unliked"))
        if unliked is None:
            return None
        negatives = self.negatives.beside(positive).draw(
            columns,
            truths,
            n_negatives=self.settings.n_candidates - 1 - len(unliked),
            hard_share=self.settings.hard_share,
            rng=stream(seed, "negatives"),
        )
        if negatives is None:
            return None
        candidates = (positive, *unliked, *negatives)
        hints = self._hints(columns, truths, candidates, stream(seed, "hint"))
        if hints is None:
            return None
        return Draft(self.category, user, columns, positive, truths, candidates[1:], seed, hints)

    def _unliked(
        self, user: int, meeting: NDArray[np.intp], truths: Sequence[int], rng: Generator
    ) -> list[int] | None:
        """Items that meet every condition against the user's taste; None where they are too few."""
        if self.taste is None:
            return []
        rows = self.likes.rows[user]
        before = rows[: rows.tolist().index(truths[0])]
        twins = np.concatenate([self.negatives.namesakes[truth] for truth in truths])
        pool = np.setdiff1d(meeting, twins)
        if len(before) < LEAST_BEFORE or len(pool) < LEAST_UNLIKED:
            return None
        return self.taste.against(
            user,
            truths[0],
            pool,
            self.negatives,
            room=self.settings.n_candidates - 1,
            rng=rng,
        )

    def _hints(
        self, columns: Columns, truths: Sequence[int], candidates: Sequence[int], rng: Generator
    ) -> tuple[Hint, ...] | None:
        """The hints of a request; None where none of its conditions can be told through an item."""
        if self.hinter is None:
            return ()
        twins = (self.negatives.namesakes[row] for row in (*truths, *candidates))
        barred = np.unique(np.concatenate([*twins]))
        is_misinformed = self.category.startswith("misinformed")
        hint = self.hinter.draw(
            columns, truths[0], candidates, barred, misinformed=is_misinformed, rng=rng
        )
        return (hint,) if hint else None
