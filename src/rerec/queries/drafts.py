"""Queries before they have words: what every category makes, and what has been made already."""

from collections import Counter
from dataclasses import dataclass, field

from rerec.queries.askable import Columns
from rerec.queries.hints import Hint
from rerec.records import Condition
from rerec.settings import Category

MAX_REPEATS = 5
"""At most so many users of a split ask for the same set of conditions."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A query before it has an id, a history and words."""

    category: Category
    user: int | None
    """Position of the user in the likes; None where it is nobody's request."""
    columns: Columns
    positive: int
    """Row of the one ground-truth item that is a candidate."""
    truths: tuple[int, ...]
    """Rows of the ground truth, the positive first."""
    negatives: tuple[int, ...]
    seed: int
    hints: tuple[Hint, ...] = ()
    """Conditions that are told through another item."""
    named: tuple[int, ...] = ()
    """Rows of the items of which an interest is told."""
    group: tuple[Condition, ...] = ()
    """Who asks, as columns of the users' table and their values."""


@dataclass
class Budget:
    """Which requests of a split were made already."""

    max_per_user: int
    n_of_user: Counter[int | None] = field(default_factory=Counter)
    n_of_set: Counter[Columns] = field(default_factory=Counter)
    made: set[tuple[int | None, Columns]] = field(default_factory=set)

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
