"""Requests of groups of users: what people of one age, gender or occupation like above others.

A group is a value of one text column of the users' table, or of two of them together. An item's
worth to a group is its TF-IDF, where the likes of a group are a text and every user of the domain
is a document: items that many in the group like and few outside it. The `group_favourites` best are
right. There are no conditions. A personalised request is of one user of the group: right is what
this user likes of the favourites, and favourites against the user's taste are candidates too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray

from rerec.queries.candidates import Negatives
from rerec.queries.drafts import Draft
from rerec.queries.likes import Likes
from rerec.queries.split import sizes_of, split_of_users
from rerec.queries.taste import Taste
from rerec.records import Condition
from rerec.rng import seed_of, stream
from rerec.settings import Category, QuerySettings

Group = tuple[Condition, ...]
"""Columns of the users' table with their values; every one of them holds of a group's users."""
MOST_VALUES = 60
"""A text column with more values than this tells users apart instead of grouping them."""
ALSO_LIKED = 5
"""The next so many favourites of a group, times their number, are no negatives either."""


@dataclass(frozen=True)
class GroupDrafter:
    """Draws requests of groups; a group belongs to one split."""

    likes: Likes
    users: pa.Table
    """(user_id, then one column for each group)."""
    negatives: Negatives
    settings: QuerySettings
    seed: int
    category: Category = "demographics"
    taste: Taste | None = None
    """Makes the requests personalised."""

    def drafts(self, split: str, users: Sequence[int]) -> list[Draft]:
        """Up to the split's number of drafts.

        Args:
            split: whose number is wanted, and whose groups may ask.
            users: positions of the split's users: a personalised request is of one of them.
        """
        wanted = sizes_of(self.settings, self.category)[split]
        return list(islice(self._drafted(split, users), wanted))

    def favourites(self, members: NDArray[np.intp]) -> NDArray[np.intp]:
        """Rows of what a group likes above others, the best first; see `worth_to_group`.

        Args:
            members: positions of the group's users.
        """
        rows = np.concatenate([*(self.likes.rows[m] for m in members.tolist()), _NONE])
        counts = np.bincount(rows, minlength=self.likes.n_items)
        worth = worth_to_group(counts, self._n_users, n_users=len(self.likes.user_ids))
        order = np.lexsort((np.arange(len(worth)), -worth))
        return order[worth[order] > 0]

    def _drafted(self, split: str, users: Sequence[int]) -> Iterator[Draft]:
        groups = [group for group in self._of_split[split] if group in self._groups]
        inside = set(users)
        for turn in range(self.settings.group_favourites):
            for place in stream(self.seed, self.category, split, turn).permutation(len(groups)):
                draft = self._draft(groups[place], turn, inside)
                if draft:
                    yield draft

    def _draft(self, group: Group, turn: int, inside: set[int]) -> Draft | None:
        seed = seed_of(self.seed, self.category, turn, *(f"{c.relation}={c.value}" for c in group))
        rng = stream(seed, "draw")
        ranked = self.favourites(self._groups[group])
        best = ranked[: self.settings.group_favourites].tolist()
        user, right = self._whose(group, best, inside, rng)
        if turn >= len(right):
            return None
        positive = right[turn]
        truths = (positive, *(row for row in right if row != positive))
        unliked = self._unliked(user, positive, best, rng)
        if unliked is None:
            return None
        negatives = self._negatives(positive, ranked, best, unliked, rng)
        if negatives is None:
            return None
        others = (*unliked, *negatives)
        return Draft(self.category, user, (), positive, truths, others, seed, group=group)

    def _whose(
        self, group: Group, best: Sequence[int], inside: set[int], rng: Generator
    ) -> tuple[int | None, list[int]]:
        """Whose request it is, and which favourites are right then, best first."""
        if self.taste is None:
            return None, list(best)
        members = [user for user in self._groups[group].tolist() if user in inside]
        if not members:
            return None, []
        user = members[int(rng.integers(len(members)))]
        return user, [row for row in best if row in set(self.likes.rows[user].tolist())]

    def _unliked(
        self, user: int | None, positive: int, best: Sequence[int], rng: Generator
    ) -> list[int] | None:
        """Favourites of the group that this user did not like and is farther from."""
        if self.taste is None or user is None:
            return []
        rows = self.likes.rows[user]
        pool = np.setdiff1d(best, rows)
        room = self.settings.n_candidates - 1
        return self.taste.against(user, positive, pool, self.negatives, room=room, rng=rng)

    def _negatives(
        self,
        positive: int,
        ranked: NDArray[np.intp],
        best: Sequence[int],
        unliked: Sequence[int],
        rng: Generator,
    ) -> list[int] | None:
        """Items by popularity that are nowhere near the group's favourites."""
        wanted = self.settings.n_candidates - 1 - len(unliked)
        allowed = np.ones(self.likes.n_items, dtype=bool)
        allowed[ranked[: ALSO_LIKED * self.settings.group_favourites]] = False
        allowed[list(unliked)] = False
        for row in best:
            allowed[self.negatives.namesakes[row]] = False
        drawn = self.negatives.beside(positive)
        chosen = drawn.take(np.flatnonzero(allowed), wanted, rng)
        return chosen if len(chosen) == wanted else None

    @cached_property
    def _n_users(self) -> NDArray[np.intp]:
        """(n_items,) users who like each item."""
        rows = np.concatenate([*self.likes.rows, _NONE])
        return np.bincount(rows, minlength=self.likes.n_items)

    @cached_property
    def _groups(self) -> dict[Group, NDArray[np.intp]]:
        return groups_of(self.users, self.likes.user_ids, least=self.settings.group_users)

    @cached_property
    def _of_split(self) -> dict[str, list[Group]]:
        groups = list(self._groups)
        names = ["&".join(f"{c.relation}={c.value}" for c in group) for group in groups]
        sizes = self.settings.demographics.model_dump()
        sizes = sizes if all(sizes.values()) else sizes_of(self.settings)
        shares = split_of_users(names, sizes, seed=self.seed)
        return {split: [groups[at] for at in places] for split, places in shares.items()}


_NONE = np.empty(0, dtype=np.intp)


def worth_to_group(
    counts: NDArray[np.integer], n_fans: NDArray[np.integer], *, n_users: int
) -> NDArray[np.float64]:
    r"""What items are worth to a group of users, by TF-IDF.

    $$w(i, g) = \frac{n_{i,g}}{\sum_j n_{j,g}} \, \ln \frac{|U|}{|U_i|}$$

    n are the group's users who have the item, U all users, U_i those who have it. Source: TF-IDF as
    RecBench+ (arXiv 2503.09382) has it for user groups; users as documents are ours, since with
    groups as documents an item that both genders like would be worth nothing to either.

    Args:
        counts: (n_items,) users of the group who have each item.
        n_fans: (n_items,) users who have each item; where nobody has, it is worth 0.
        n_users: all users.

    Returns:
        (n_items,) values of at least 0.
    """
    idf = np.log(n_users / np.maximum(n_fans, 1))
    return np.where(n_fans > 0, counts / max(counts.sum(), 1) * idf, 0.0)


def groups_of(
    users: pa.Table, user_ids: Sequence[str], *, least: int
) -> dict[Group, NDArray[np.intp]]:
    """Positions of the users of each group that has at least `least` of them, in a fixed order.

    Args:
        users: (user_id, then one column for each group).
        user_ids: the users by position; others are left out.
        least: users of a group.
    """
    place = {user_id: at for at, user_id in enumerate(user_ids)}
    at = np.array([place.get(u, -1) for u in users["user_id"].to_pylist()], dtype=np.intp)
    columns = {name: users[name].to_pylist() for name in group_columns(users)}
    groups: dict[Group, NDArray[np.intp]] = {}
    for names in (*((n,) for n in columns), *combinations(columns, 2)):
        members: dict[Group, list[int]] = {}
        of_users = zip(*(columns[n] for n in names), strict=True)
        for position, values in zip(at.tolist(), of_users, strict=True):
            if position >= 0 and all(values):
                key = tuple(Condition(n, v) for n, v in zip(names, values, strict=True))
                members.setdefault(key, []).append(position)
        groups |= {k: np.array(sorted(v)) for k, v in sorted(members.items()) if len(v) >= least}
    return groups


def group_columns(users: pa.Table) -> list[str]:
    """The columns that group users: texts with few values."""
    return [
        name
        for name in users.column_names
        if name != "user_id"
        and pa.types.is_string(users[name].type)
        and 1 < len(users[name].unique()) <= MOST_VALUES
    ]
