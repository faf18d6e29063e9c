"""What every user liked, in the order in which it happened."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue
from rerec.catalogue.numbering import numbered
from rerec.rng import seed_of


@dataclass(frozen=True)
class Likes:
    """Liked items of each user, users in the order of their ids."""

    user_ids: tuple[str, ...]
    rows: tuple[NDArray[np.intp], ...]
    """For each user, item rows by time (ties by item id), each once."""
    n_items: int

    def mask(self, user: int) -> NDArray[np.bool_]:
        """(n_items,) true where the user of that position liked the item."""
        mask = np.zeros(self.n_items, dtype=bool)
        mask[self.rows[user]] = True
        return mask


def some_of(user_ids: Iterable[str], n: int, *, seed: int) -> list[str]:
    """So many users, drawn by a hash of their ids, in ascending order; all where there are fewer.

    >>> some_of(["c", "a", "b"], 2, seed=7)
    ['a', 'c']

    Args:
        user_ids: whom to draw from.
        n: how many.
        seed: of the draw.
    """
    return sorted(sorted(user_ids, key=lambda user_id: seed_of(seed, "some", user_id))[:n])


def likes_of(interactions: pa.Table, catalogue: Catalogue, *, liked_rating: float) -> Likes:
    """The likes of an interaction table; the order of its rows does not matter.

    Args:
        interactions: (user_id, item_id, rating, timestamp).
        catalogue: has every item of the table.
        liked_rating: a rating of at least this is a like.
    """
    ratings = interactions["rating"].to_numpy()
    table = interactions.filter(pa.array(ratings >= liked_rating))
    rows = catalogue.rows_of_column(table["item_id"])
    user_ids, users = numbered(table["user_id"])
    order = np.lexsort((catalogue.id_order[rows], table["timestamp"].to_numpy(), users))
    ends = np.cumsum(np.bincount(users, minlength=len(user_ids)))
    per_user = np.split(rows[order], ends[:-1]) if user_ids else []
    return Likes(tuple(user_ids), tuple(_first_of_each(r) for r in per_user), catalogue.n_items)


def _first_of_each(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[np.sort(np.unique(rows, return_index=True)[1])]
