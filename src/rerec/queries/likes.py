"""What every user liked, in the order in which it happened."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue


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


def likes_of(interactions: pa.Table, catalogue: Catalogue, *, liked_rating: float) -> Likes:
    """The likes of an interaction table; the order of its rows does not matter.

    Args:
        interactions: (user_id, item_id, rating, timestamp).
        catalogue: has every item of the table.
        liked_rating: a rating of at least this is a like.
    """
    ratings = interactions["rating"].to_numpy()
    table = interactions.filter(pa.array(ratings >= liked_rating))
    table = table.sort_by([(name, "ascending") for name in ("user_id", "timestamp", "item_id")])
    rows = catalogue.rows_of(table["item_id"].to_pylist())
    users = np.asarray(table["user_id"].to_pylist(), dtype=object)
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]]) if len(users) else np.array([])
    user_ids = tuple(str(users[int(start)]) for start in starts)
    per_user = np.split(rows, starts[1:].astype(int)) if len(users) else []
    return Likes(user_ids, tuple(_first_of_each(r) for r in per_user), catalogue.n_items)


def _first_of_each(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[np.sort(np.unique(rows, return_index=True)[1])]
