"""The other candidates of a query: near misses and others, none of which could also be right.

A *hard* negative meets at least one condition, and none meets them all. What is drawn is drawn by
popularity, as what users liked is popular too: how often an item was watched does not tell the
right one from the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue
from rerec.queries.askable import Askable, Columns
from rerec.queries.draws import drawn
from rerec.queries.namesakes import Namesakes, namesakes_of

MOST_NEAR_MISSES = 3
"""Up to so many negatives are sought for each condition; how many is drawn for each query."""
MATCH_WIDTH = 0.2
"""Natural logarithm of popularity in which the weight of a matched negative falls to 1/e."""
HIDDEN_WEIGHT = 0.1
"""Weight of a hard negative whose met conditions are not among its shown facts."""


@dataclass(frozen=True)
class Negatives:
    """Draws negatives from a catalogue."""

    asked: Askable
    namesakes: Namesakes
    popularity: NDArray[np.float64]
    """(n_items,) the weight of each item, positive."""
    match: bool = False
    """Whether those as popular as the ground truth are preferred."""

    def beside(self, row: int) -> "Negatives":
        """Draws for a query whose placed ground truth is a row."""
        if not self.match:
            return self
        distance = np.abs(np.log(self.popularity) - np.log(self.popularity[row]))
        return replace(self, popularity=np.exp(-distance / MATCH_WIDTH) + 1e-9)

    def draw(
        self,
        columns: Columns,
        truths: Sequence[int],
        *,
        n_negatives: int,
        hard_share: float,
        rng: Generator,
    ) -> list[int] | None:
        """Rows of the negatives of one query, or None where the catalogue has too few.

        How many near misses the most selective condition gets is drawn evenly from 0 to
        `MOST_NEAR_MISSES`, so that its value alone decides some queries and not others; every
        other condition then gets as many as far as there is room, the most selective first.

        Args:
            columns: the conditions.
            truths: rows of the ground truth, the placed item among them.
            n_negatives: how many are wanted.
            hard_share: share of them that is to meet a condition, as far as there are enough.
            rng: drawn from.
        """
        n_met = self.asked.n_met(columns)
        allowed = self._allowed(columns, truths)
        easy = allowed & (n_met == 0)
        order = tuple(sorted(columns, key=lambda column: (self.asked.n_holders(column), column)))
        n_hard = round(hard_share * n_negatives)
        hard = self._hard(order, allowed & (n_met > 0), n_hard, rng)
        chosen = hard + self._take(easy, n_negatives - len(hard), rng)
        rest = allowed.copy()
        rest[chosen] = False
        chosen += self._take(rest, n_negatives - len(chosen), rng)
        return chosen if len(chosen) == n_negatives else None

    def _allowed(self, columns: Columns, truths: Sequence[int]) -> NDArray[np.bool_]:
        """Items that a reader of all facts could not take for right, nor for a right one's twin."""
        allowed = self.asked.n_named(columns) < len(columns)
        for truth in truths:
            allowed[self.namesakes[truth]] = False
        return allowed

    def _hard(
        self, order: Columns, pool: NDArray[np.bool_], n_hard: int, rng: Generator
    ) -> list[int]:
        """At most `n_hard` rows of the pool; the first condition gets no more than were drawn."""
        pool = pool.copy()
        n_each = int(rng.integers(MOST_NEAR_MISSES + 1))
        shows = self.asked.n_shown(order) > 0
        chosen: list[int] = []
        for place, column in enumerate(order):
            holds = np.zeros(self.asked.n_items, dtype=bool)
            holds[self.asked.holders[column]] = True
            wanted = min(n_each - int(holds[chosen].sum()), n_hard - len(chosen))
            chosen += self._take(pool & holds, wanted, rng, shows=shows)
            pool[chosen] = False
            if place == 0:
                pool &= ~holds
        return chosen + self._take(pool, n_hard - len(chosen), rng, shows=shows)

    def _take(
        self,
        pool: NDArray[np.bool_],
        n: int,
        rng: Generator,
        *,
        shows: NDArray[np.bool_] | None = None,
    ) -> list[int]:
        """Up to n rows of a pool, drawn by popularity; those that show a condition first."""
        if n <= 0:
            return []
        rows = np.flatnonzero(pool)
        factor = 1.0 if shows is None else np.where(shows[rows], 1.0, HIDDEN_WEIGHT)
        return self.take(rows, n, rng, factor=factor)

    def take(
        self,
        rows: NDArray[np.intp],
        n: int,
        rng: Generator,
        *,
        factor: NDArray[np.float64] | float = 1.0,
    ) -> list[int]:
        """Up to n of some rows, drawn by popularity.

        Args:
            rows: (R,) what is drawn from, each once.
            n: how many are wanted.
            rng: drawn from.
            factor: (R,) on the weight of each.
        """
        if n <= 0 or not len(rows):
            return []
        if len(rows) <= n:
            return rng.permutation(rows).tolist()
        weight = self.popularity[rows] * factor
        return rows[drawn(rng, weight, n)].tolist()


def negatives_of(asked: Askable, catalogue: Catalogue, *, match: bool = False) -> Negatives:
    """Set up the draws for a catalogue; see `Negatives.match`."""
    popularity = np.array([item.popularity + 1.0 for item in catalogue.items])
    return Negatives(asked, namesakes_of(catalogue), popularity, match)
