"""Which group of users a text speaks of, and what that group has seen above others.

A query does not keep its group; its words do ("for a woman between 18 and 24").
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rerec.catalogue.domain import Domain
from rerec.graph.interactions import InteractionGraph
from rerec.queries.demographics import Group, groups_of, worth_to_group
from rerec.queries.people import person

N_BEST = 10
Best = list[tuple[str, float]]
"""(item id, TF-IDF), the best first."""


class Groups:
    """The groups of a domain's users."""

    def __init__(self, domain: Domain) -> None:
        """Store the domain; nothing is computed before it is asked for."""
        self._domain = domain

    def of(self, text: str) -> Group:
        """The group whose words stand in a text, the longest of them; () where there is none."""
        return self._told(text)[1]

    def words_in(self, text: str) -> str:
        """The words of that group; empty where there is none."""
        return self._told(text)[0]

    def best(self, group: Group) -> Best:
        """The items that the users of a group interacted with above others; none for ()."""
        if not group:
            return []
        counts = self._counts(self._members[group])
        worth = worth_to_group(counts, self._n_users, n_users=self._graph.n_users)
        order = np.lexsort((np.arange(len(worth)), -worth))[:N_BEST]
        item_ids = self._domain.catalogue.item_ids
        return [(item_ids[row], float(worth[row])) for row in order.tolist() if worth[row] > 0]

    def summary(self, group: Group, best: Best, *, noun: str) -> str:
        """The group's best in words, as RecBench+ gives them to its writer."""
        catalogue, members = self._domain.catalogue, self._members[group]
        counts = self._counts(members)
        who = ", ".join(f"({c.relation.capitalize()!r}, {c.value!r})" for c in group)
        lines = [
            f"{catalogue.items[row].label} - TF-IDF: {worth:.4f}, Viewed by {counts[row]} users "
            f"({counts[row] / len(members):.2%})"
            for row, worth in ((catalogue.row_of(item_id), worth) for item_id, worth in best)
        ]
        head = f"User Group: [{who}]\nTotal users in this group: {len(members)}\n\n"
        top = f"Top {N_BEST} {noun.capitalize()}s for this group:\n"
        return head + top + "\n".join(lines)

    def fans_of(self, item_ids: Sequence[str]) -> list[str]:
        """The users who have all of the items."""
        rows = self._domain.catalogue.rows_of(item_ids)
        has = self._graph.matrix[:, rows].sum(axis=1) == len(set(item_ids))
        users = np.flatnonzero(np.asarray(has).ravel()) if len(rows) else []
        return [self._graph.user_ids[user] for user in users]

    def _told(self, text: str) -> tuple[str, Group]:
        folded = text.casefold()
        return next((told for told in self._by_words if told[0] in folded), ("", ()))

    def _counts(self, members: NDArray[np.intp]) -> NDArray[np.intp]:
        """(n_items,) how many of some users have each item."""
        return np.asarray(self._graph.matrix[members].sum(axis=0)).ravel().astype(np.intp)

    @cached_property
    def _graph(self) -> InteractionGraph:
        return InteractionGraph.from_table(self._domain.catalogue, self._domain.interactions)

    @cached_property
    def _n_users(self) -> NDArray[np.intp]:
        return self._counts(np.arange(self._graph.n_users))

    @cached_property
    def _members(self) -> dict[Group, NDArray[np.intp]]:
        return groups_of(self._domain.users, self._graph.user_ids, least=1)

    @cached_property
    def _by_words(self) -> list[tuple[str, Group]]:
        """The words of every group, the longest first."""
        words = ((person(group).casefold(), group) for group in self._members)
        return sorted(words, key=lambda pair: -len(pair[0]))
