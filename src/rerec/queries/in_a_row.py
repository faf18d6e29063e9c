"""What users liked in a row: two items within a span of likes, and what came next."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rerec.queries.likes import Likes

Named = tuple[int, int]
"""Rows of two items that were liked in a row, ascending."""


@dataclass(frozen=True)
class InARow:
    """The likes of all users as sequences, in which neighbours are at most `span` likes apart."""

    likes: Likes
    span: int

    def after(self, named: Named) -> dict[int, set[int]]:
        """By user who liked both items in a row, what came after them within the span."""
        both = sorted(self._fans[named[0]] & self._fans[named[1]])
        found = {user: self._next(user, named) for user in both}
        return {user: rows for user, rows in found.items() if rows}

    def nexts(self, users: Sequence[int], *, least: int) -> dict[Named, dict[int, int]]:
        """By pair of items, what so many of some users liked after them, and how many they were.

        Args:
            users: positions of the users who count.
            least: users there must be for each next item; others are left out.
        """
        own = [self.likes.rows[user] for user in users]
        rows = np.concatenate([*own, np.empty(0, dtype=np.intp)])
        whose = np.repeat(np.arange(len(own)), [len(r) for r in own])
        n, keys = self.likes.n_items, [np.empty(0, dtype=np.int64)]
        for last in range(2, self.span):
            here = np.arange(max(0, len(rows) - last))
            here = here[whose[here] == whose[here + last]]
            for middle in range(1, last):
                pair = np.sort(np.stack([rows[here], rows[here + middle]]), axis=0)
                keys.append((pair[0].astype(np.int64) * n + pair[1]) * n + rows[here + last])
        # A user likes an item once, so that each user counts once for each key.
        found, counts = np.unique(np.concatenate(keys), return_counts=True)
        nexts: dict[Named, dict[int, int]] = {}
        often = counts >= least
        for key, count in zip(found[often].tolist(), counts[often].tolist(), strict=True):
            pair, row = divmod(key, n)
            nexts.setdefault(divmod(pair, n), {})[row] = count
        return nexts

    def _next(self, user: int, named: Named) -> set[int]:
        place, rows = self._places[user], self.likes.rows[user]
        first, second = sorted((place[named[0]], place[named[1]]))
        return set(rows[second + 1 : first + self.span].tolist())

    @cached_property
    def _places(self) -> list[dict[int, int]]:
        return [{row: at for at, row in enumerate(own.tolist())} for own in self.likes.rows]

    @cached_property
    def _fans(self) -> list[set[int]]:
        fans: list[set[int]] = [set() for _ in range(self.likes.n_items)]
        for user, own in enumerate(self.likes.rows):
            for row in own.tolist():
                fans[row].add(user)
        return fans
