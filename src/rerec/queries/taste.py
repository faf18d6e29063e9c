"""A user's taste as the log shows it: what was disliked, and what the likes resemble."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.catalogue.items import Catalogue
from rerec.queries.likes import Likes


@dataclass(frozen=True)
class Taste:
    """How well items fit what users liked before."""

    likes: Likes
    disliked: tuple[NDArray[np.intp], ...]
    """For each user of the likes, rows of what was rated below a like, ascending."""

    def nearness(self, before: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        r"""How near items are to what was liked before, by who else liked both.

        $$s(i) = \\frac{1}{|B|} \\sum_{j \\in B} \\cos(L_i, L_j)$$

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
        liked_both = (self._by_item[rows] @ self._by_item[before].T).toarray()
        lengths = np.sqrt(np.outer(self._counts[rows], self._counts[before]))
        return (liked_both / np.maximum(lengths, 1.0)).mean(axis=1)

    @cached_property
    def _by_item(self) -> csr_matrix:
        """(n_items, n_users) 1 where the user liked the item."""
        lengths = [len(rows) for rows in self.likes.rows]
        users = np.repeat(np.arange(len(lengths)), lengths)
        rows = np.concatenate([*self.likes.rows, np.empty(0, dtype=np.intp)])
        ones = np.ones(len(rows))
        return csr_matrix((ones, (rows, users)), shape=(self.likes.n_items, len(lengths)))

    @cached_property
    def _counts(self) -> NDArray[np.float64]:
        return np.asarray(self._by_item.sum(axis=1)).ravel()


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
    place = {user_id: at for at, user_id in enumerate(likes.user_ids)}
    users = np.array([place.get(u, -1) for u in low["user_id"].to_pylist()], dtype=np.intp)
    rows = catalogue.rows_of(low["item_id"].to_pylist())
    order = np.lexsort((rows, users))
    users, rows = users[order], rows[order]
    ends = np.searchsorted(users, np.arange(len(likes.user_ids) + 1))
    per_user = (
        np.setdiff1d(rows[start:end], liked)
        for start, end, liked in zip(ends[:-1], ends[1:], likes.rows, strict=True)
    )
    return Taste(likes, tuple(per_user))
