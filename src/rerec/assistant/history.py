"""What each user has in the log of a domain, by rows of the catalogue.

A log may hold a hundred interactions for each item; one pass at the start makes a sparse matrix of
it, piece by piece, so that no request reads the file.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from rerec.catalogue.columns import places_in
from rerec.catalogue.domain import Domain
from rerec.catalogue.files import read_pieces
from rerec.catalogue.manifest import table_paths
from rerec.catalogue.tables import INTERACTIONS

LIKED_RATING = 4.0
"""An interaction rated at least this is a like."""


@dataclass(frozen=True, eq=False)
class Log:
    """Who has which item, and whether they liked it."""

    user_rows: dict[str, int]
    """The row of each user's id."""
    matrix: csr_matrix
    """(n_users, n_items) bool; true where the user liked what they have."""

    @classmethod
    def of(cls, domain: Domain) -> "Log":
        """Read the interactions of a domain; a user who liked an item once likes it.

        Raises:
            DataError: the file is missing or malformed.
        """
        user_ids = domain.users["user_id"].combine_chunks().cast(pa.string())
        item_ids = pa.array(domain.catalogue.item_ids, pa.string())
        users, items, liked = [_NO_ROWS], [_NO_ROWS], [_NO_ROWS.astype(bool)]
        for piece in read_pieces(table_paths(domain.folder)[2], INTERACTIONS):
            users.append(places_in(user_ids, piece["user_id"]).astype(np.int32))
            items.append(places_in(item_ids, piece["item_id"]).astype(np.int32))
            liked.append(piece["rating"].to_numpy() >= LIKED_RATING)
        shape = (len(user_ids), domain.catalogue.n_items)
        cells = (np.concatenate(liked), (np.concatenate(users), np.concatenate(items)))
        matrix = coo_matrix(cells, shape=shape).tocsr()  # what stands twice is joined by `or`
        return cls({user_id: row for row, user_id in enumerate(user_ids.to_pylist())}, matrix)

    def of_user(self, user_id: str | None) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Rows of the items that a user has, ascending, and which of them they liked.

        None and a user that the domain does not know have nothing.
        """
        user = -1 if user_id is None else self.user_rows.get(user_id, -1)
        start, end = (0, 0) if user < 0 else self.matrix.indptr[user : user + 2]
        return self.matrix.indices[start:end].astype(np.intp), self.matrix.data[start:end]


_NO_ROWS = np.empty(0, dtype=np.int32)
