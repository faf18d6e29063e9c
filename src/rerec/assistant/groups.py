"""What people like the one who asks enjoy: the favourites of a group of users, by their log."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.assistant.askers import Askers
from rerec.assistant.history import Log
from rerec.catalogue.domain import Domain
from rerec.queries.demographics import worth_to_group


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of a domain's users, and who likes what."""

    askers: Askers
    likes: csr_matrix
    """(n_users, n_items) 1 where the user liked the item."""
    n_fans: NDArray[np.intp]
    """(n_items,) users who liked each item."""

    @classmethod
    def of(cls, domain: Domain, log: Log) -> "Groups":
        """The groups of a domain; its log has a row for each user, in the order of the table."""
        likes = log.matrix.astype(np.int32)
        likes.eliminate_zeros()
        n_fans = np.bincount(likes.indices, minlength=likes.shape[1])
        return cls(Askers.of(domain), likes, n_fans)

    def worth(self, phrase: str) -> NDArray[np.float32]:
        """(n_items,) TF-IDF of every item among the likes of a group, by its phrase."""
        counts = np.asarray(self.likes[self.askers.members[phrase]].sum(axis=0)).ravel()
        worth = worth_to_group(counts, self.n_fans, n_users=self.likes.shape[0])
        return worth.astype(np.float32)
