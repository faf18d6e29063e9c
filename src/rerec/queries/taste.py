"""A user's taste as the log shows it: what was disliked, and what the likes resemble."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.catalogue.items import Catalogue
from rerec.catalogue.kernels import pc
from rerec.queries.candidates import Negatives
from rerec.queries.likes import Likes

LEAST_UNLIKED = 2
"""Candidates against the user's taste in a personalised request: at least so many."""
MOST_UNLIKED = 5
ROUNDING = 1e-12
"""Nearness that differs by less is the same: sums of other orders differ in their last digits."""


@dataclass(frozen=True)
class Taste:
    """How well items fit what users liked before."""

    likes: Likes
    disliked: tuple[NDArray[np.intp], ...]
    """For each user of the likes, rows of what was rated below a like, ascending."""

    def nearness(self, before: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        r"""How near items are to what was liked before, by who else liked both.

        $$s(i) = \frac{1}{|B|} \sum_{j \in B} \cos(L_i, L_j)$$

        L_i is the column of item i in the users' likes. Source: item-based collaborative filtering,
        Sarwar et al. 2001.

        Args:
            before: rows of what was liked before; none gives 0 everywhere.
            rows: (C,) the items.

        Returns:
            (C,) values in [0, 1].
        """
        if not len(before) or not len(rows):
            return np.zeros(len(rows))
        # The mean of products is the product with a mean: nothing is as large as C times B.
        fans = np.asarray(self._units[before].mean(axis=0)).ravel()
        return self._units[rows] @ fans

    def against(
        self,
        user: int,
        right: int,
        pool: NDArray[np.intp],
        negatives: Negatives,
        *,
        room: int,
        rng: Generator,
    ) -> list[int] | None:
        """Items that fit a request and are against its user's taste; None where there are too few.

        They were disliked, or they are farther than the right one from what was liked before it.

        Args:
            user: whose request it is.
            right: row of the placed ground truth, which the user liked.
            pool: rows that fit the request and that the user did not like; those that share a name
                with the right one are left out.
            negatives: draws by popularity.
            room: how many fit among the candidates.
            rng: drawn from.
        """
        pool = np.setdiff1d(pool, negatives.namesakes[right])
        rows = self.likes.rows[user]
        before = rows[: rows.tolist().index(right)]
        nearness = self.nearness(before, np.concatenate([[right], pool]).astype(np.intp))
        is_farther = nearness[1:] < nearness[0] - ROUNDING
        fitting = pool[np.isin(pool, self.disliked[user]) | is_farther]
        chosen = negatives.beside(right).take(fitting, min(MOST_UNLIKED, room), rng)
        return chosen if len(chosen) >= LEAST_UNLIKED else None

    @cached_property
    def _units(self) -> csr_matrix:
        """(n_items, n_users) each item's likes by user as a vector of length 1, or of nothing."""
        lengths = [len(rows) for rows in self.likes.rows]
        users = np.repeat(np.arange(len(lengths)), lengths)
        rows = np.concatenate([*self.likes.rows, np.empty(0, dtype=np.intp)])
        counts = np.bincount(rows, minlength=self.likes.n_items)
        shape = (self.likes.n_items, len(lengths))
        return csr_matrix((1 / np.sqrt(counts[rows]), (rows, users)), shape=shape)


def taste_of(
    interactions: pa.Table, catalogue: Catalogue, likes: Likes, *, liked_rating: float
) -> Taste:
    """The taste of the users of a log.

    Args:
        interactions: (user_id, item_id, rating, timestamp).
        catalogue: has every item of the table.
        likes: of the same table.
        liked_rating: a rating below this is no like.
    """
    low = interactions.filter(pa.array(interactions["rating"].to_numpy() < liked_rating))
    known = pa.array(likes.user_ids, pa.string())
    places = pc.index_in(low["user_id"].cast(pa.string()), value_set=known).fill_null(-1)
    users = places.to_numpy().astype(np.intp)
    rows = catalogue.rows_of_column(low["item_id"])
    order = np.lexsort((rows, users))
    users, rows = users[order], rows[order]
    ends = np.searchsorted(users, np.arange(len(likes.user_ids) + 1))
    per_user = (
        np.setdiff1d(rows[start:end], liked)
        for start, end, liked in zip(ends[:-1], ends[1:], likes.rows, strict=True)
    )
    return Taste(likes, tuple(per_user))
