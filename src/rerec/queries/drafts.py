"""Queries before they have words: what every category makes, and what has been made already."""

from collections import Counter
from dataclasses import dataclass, field

from rerec.queries.askable import Columns

MAX_REPEATS = 5
"""At most so many users of a split ask for the same set of conditions."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A query before it has an id, a history and words."""

    category: str
    user: int
    """Position of the user in the likes."""
    columns: Columns
    positive: int
    """Row of the one ground-truth item that is a candidate."""
    truths: tuple[int, ...]
    """Rows of the ground truth, the positive first."""
    negatives: tuple[int, ...]
    seed: int


@dataclass
class Budget:
    """Which requests of a split were made already."""

    max_per_user: int
    n_of_user: Counter[int] = field(default_factory=Counter)
    n_of_set: Counter[Columns] = field(default_factory=Counter)
    made: set[tuple[int, Columns]] = field(default_factory=set)

    def has_room(self, user: int) -> bool:
        """Whether the user may make another request."""
        return self.n_of_user[user] < self.max_per_user

    def is_open(self, user: int, columns: Columns) -> bool:
        """Whether the user has not asked this before, and not too many others have."""
        return self.n_of_set[columns] < MAX_REPEATS and (user, columns) not in self.made

    def take(self, draft: Draft) -> None:
        """Count a draft."""
        self.n_of_user[draft.user] += 1
        self.n_of_set[draft.columns] += 1
        self.made.add((draft.user, draft.columns))
