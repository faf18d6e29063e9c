"""What every user liked, in the order in which it happened."""

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

    def of_some(self, n_users: int, *, seed: int) -> "Likes":
        """The likes of so many users, drawn by a hash of their ids; of all where there are fewer.

        Args:
            n_users: how many.
            seed: of the draw.
        """
        if len(self.user_ids) <= n_users:
            return self
        drawn = sorted(
            range(len(self.user_ids)), key=lambda at: seed_of(seed, "some", self.user_ids[at])
        )
        kept = sorted(drawn[:n_users])
        ids = tuple(self.user_ids[at] for at in kept)
        return Likes(ids, tuple(self.rows[at] for at in kept), self.n_items)


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
