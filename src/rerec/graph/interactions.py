"""The user-item graph: which items each user interacted with, oldest first, as compressed rows.

Built once from a domain's `interactions` table, whatever the order of its rows. A user who rated an
item several times has one edge to it: the latest.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.catalogue.items import Catalogue
from rerec.rng import stream

HELD_OUT_SHARE = 0.1
"""Of each user's interactions: so many for validation, and as many for the test; at least one."""
FEWEST_TO_SPLIT = 3
"""A user with fewer interactions than this is trained on whole."""


@dataclass(frozen=True, eq=False)
class InteractionGraph:
    """Users (rows, in the order of their ids) by items (columns, in the catalogue's order)."""

    user_ids: tuple[str, ...]
    n_items: int
    indptr: NDArray[np.intp]
    """(n_users + 1,) where each user's interactions begin in the three arrays below."""
    indices: NDArray[np.intp]
    """(n,) item rows, user by user, oldest first; an item stands once for a user."""
    ratings: NDArray[np.float32]
    """(n,) what the user gave, on the scale of the domain."""
    timestamps: NDArray[np.int64]
    """(n,) when, in the unit of the domain."""

    @classmethod
    def from_table(cls, catalogue: Catalogue, interactions: pa.Table) -> "InteractionGraph":
        """Build the graph from (user_id, item_id, rating, timestamp) rows.

        Interactions of the same moment stand in the order of the catalogue.

        Raises:
            DataError: an item is not in the catalogue.
        """
        user_ids, users = np.unique(interactions["user_id"].to_numpy(), return_inverse=True)
        items = catalogue.rows_of(interactions["item_id"].to_pylist())
        ratings = interactions["rating"].to_numpy().astype(np.float32)
        timestamps = interactions["timestamp"].to_numpy().astype(np.int64)
        # The rating breaks the last tie, so that the order of the table never shows.
        order = np.lexsort((ratings, items, timestamps, users))
        latest = _last_of_each(users[order] * catalogue.n_items + items[order])
        order = order[latest]
        return cls(
            tuple(str(user_id) for user_id in user_ids),
            catalogue.n_items,
            _starts(users[order], len(user_ids)),
            items[order],
            ratings[order],
            timestamps[order],
        )

    @property
    def n_users(self) -> int:
        """Users, those without any interaction left included."""
        return len(self.user_ids)

    @cached_property
    def users(self) -> NDArray[np.intp]:
        """(n,) the user row of each interaction."""
        return np.repeat(np.arange(self.n_users), np.diff(self.indptr))

    @cached_property
    def matrix(self) -> csr_matrix:
        """(n_users, n_items) float32, 1 where the user has the item; columns sorted in each row."""
        ones = np.ones(len(self.indices), dtype=np.float32)
        shape = (self.n_users, self.n_items)
        matrix = csr_matrix((ones, self.indices.copy(), self.indptr.copy()), shape=shape)
        matrix.sort_indices()
        return matrix

    def items_of(self, user: int) -> NDArray[np.intp]:
        """A user's item rows, oldest first."""
        return self.indices[self.indptr[user] : self.indptr[user + 1]]

    def liked(self, rating: float) -> "InteractionGraph":
        """The same users and items with only the interactions rated at least `rating`."""
        return self.kept(self.ratings >= rating)

    def kept(self, mask: NDArray[np.bool_]) -> "InteractionGraph":
        """The same users and items with only the interactions where the (n,) mask is true."""
        return InteractionGraph(
            self.user_ids,
            self.n_items,
            _starts(self.users[mask], self.n_users),
            self.indices[mask],
            self.ratings[mask],
            self.timestamps[mask],
        )

    def split(self, seed: int) -> "Split":
        """Hold out a seeded random tenth of each user's interactions twice, the rest is training.

        Random rather than the latest: MovieLens users rated what a page listed, many films in the
        same second, so that time says little about taste; and a random draw leaves fewer items
        without any training interaction. A tenth is rounded down but at least one; users with
        fewer than three interactions are trained on whole, so that everyone keeps some to train.
        """
        draws = stream(seed, "held-out interactions").random(len(self.indices))
        order = np.lexsort((draws, self.users))
        places = np.empty(len(order), dtype=np.intp)  # place of each among its user's draws
        places[order] = np.arange(len(order)) - self.indptr[self.users]
        counts = np.diff(self.indptr)
        tenths = np.maximum(np.floor(HELD_OUT_SHARE * counts), 1) * (counts >= FEWEST_TO_SPLIT)
        n_held = tenths.astype(np.intp)[self.users]
        return Split(
            train=self.kept(places >= 2 * n_held),
            valid=self.kept((places >= n_held) & (places < 2 * n_held)),
            test=self.kept(places < n_held),
        )


@dataclass(frozen=True, eq=False)
class Split:
    """The interactions of a graph in three disjoint parts, over the same users and items."""

    train: InteractionGraph
    valid: InteractionGraph
    test: InteractionGraph


def _starts(users: NDArray[np.intp], n_users: int) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(np.bincount(users, minlength=n_users))]).astype(np.intp)


def _last_of_each(keys: NDArray[np.intp]) -> NDArray[np.intp]:
    """Ascending places of the last occurrence of each key.

    >>> _last_of_each(np.array([5, 7, 5, 9])).tolist()
    [1, 2, 3]
    """
    _, from_end = np.unique(keys[::-1], return_index=True)
    return np.sort(len(keys) - 1 - from_end)
