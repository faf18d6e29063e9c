"""What people like the one who asks enjoy: the favourites of the group that a request speaks of.

"I'm a woman who works in healthcare" names no item and no value; the words that say so name a group
of the domain's users, and their log says what they like above others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.assistant.everyday import ASKING, COMMON
from rerec.assistant.history import Log
from rerec.assistant.lexical import words_of
from rerec.catalogue.domain import Domain
from rerec.queries.demographics import groups_of, worth_to_group
from rerec.queries.people import person

FEWEST = 10
"""Users that a group has, so that their likes say something about it."""


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of a domain's users, and who likes what."""

    by_words: dict[frozenset[str], NDArray[np.intp]]
    """Rows of the users of each group, by the words that tell it."""
    likes: csr_matrix
    """(n_users, n_items) 1 where the user liked the item."""
    n_fans: NDArray[np.intp]
    """(n_items,) users who liked each item."""

    @classmethod
    def of(cls, domain: Domain, log: Log) -> "Groups":
        """The groups of at least `FEWEST` users; none where no column of the table tells any."""
        found = groups_of(domain.users, list(log.user_rows), least=FEWEST)
        by_words = {telling(person(group)): users for group, users in found.items()}
        likes = log.matrix.astype(np.int32)
        likes.eliminate_zeros()
        n_fans = np.bincount(likes.indices, minlength=likes.shape[1])
        return cls({words: u for words, u in by_words.items() if words}, likes, n_fans)

    def told(self, texts: Sequence[str]) -> frozenset[str]:
        """The words of some texts that tell the narrowest group they speak of; none for none."""
        said = telling(*texts)
        groups = [words for words in self.by_words if words <= said]
        return max(groups, key=lambda words: (len(words), sorted(words)), default=frozenset())

    def worth(self, words: frozenset[str]) -> NDArray[np.float32]:
        """(n_items,) TF-IDF of every item among the likes of the group that the words tell."""
        counts = np.asarray(self.likes[self.by_words[words]].sum(axis=0)).ravel()
        worth = worth_to_group(counts, self.n_fans, n_users=self.likes.shape[0])
        return worth.astype(np.float32)


def telling(*texts: str) -> frozenset[str]:
    """The words of some texts that tell one group from another.

    >>> sorted(telling("a woman between 18 and 24 who works as a librarian"))
    ['18', '24', 'librarian', 'woman']
    """
    return frozenset(words_of(texts)) - COMMON - ASKING
