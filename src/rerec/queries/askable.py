"""The attribute graph as those who ask see it: which facts are shown, and who has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition
from rerec.settings import QuerySettings

Columns = tuple[int, ...]
"""A set of conditions as columns of the attribute graph, ascending."""
RowsByColumn = tuple[NDArray[np.intp], ...]
"""For each column, item rows, ascending."""


_KEPT = 1 << 25
"""Numbers kept of what items share with others: a user's likes are drawn again and again."""


@dataclass(frozen=True)
class Askable:
    """What may be asked for, and who would be an answer."""

    pairs: tuple[Condition, ...]
    columns_of: tuple[NDArray[np.intp], ...]
    """For each item row, the columns of all its facts, in display order."""
    shown: tuple[NDArray[np.intp], ...]
    """For each item row, the columns that may be asked for, in display order."""
    values: tuple[str, ...]
    """(n_pairs,) the value of each fact, case folded."""
    holders: RowsByColumn
    """Items that have a fact, shown or not."""
    showing: RowsByColumn
    """Items of which a fact may be asked."""
    naming: RowsByColumn
    """Items that have the value of a fact in any relation: a line of facts does not say whether
    a name is the director's or the star's."""

    @cached_property
    def _shared(self) -> dict[int, NDArray[np.uint16]]:
        return {}

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """(n_pairs,) number of items that have each fact."""
        return np.array([len(rows) for rows in self.holders], dtype=np.intp)

    @property
    def n_items(self) -> int:
        """Number of items, those without facts included."""
        return len(self.shown)

    def n_holders(self, column: int) -> int:
        """Number of items that have a fact."""
        return len(self.holders[column])

    def n_met(self, columns: Columns) -> NDArray[np.intp]:
        """(n_items,) how many of the conditions each item meets, by all of its facts."""
        return self._counted([self.holders[column] for column in columns])

    def n_named(self, columns: Columns) -> NDArray[np.intp]:
        """(n_items,) how many of the asked values each item has, in whatever relation."""
        return self._counted([self.naming[column] for column in columns])

    def n_shown(self, columns: Columns) -> NDArray[np.intp]:
        """(n_items,) how many of the conditions stand among each item's shown facts."""
        return self._counted([self.showing[column] for column in columns])

    def meeting(self, columns: Columns) -> NDArray[np.intp]:
        """Rows of the items that meet all of the conditions, ascending; all rows for none."""
        if not columns:
            return np.arange(self.n_items)
        first, *others = sorted(columns, key=self.n_holders)
        rows = self.holders[first]
        for column in others:
            rows = rows[_are_in(rows, self.holders[column])]
        return rows

    def n_shared(self, row: int) -> NDArray[np.uint16]:
        """(n_items,) how many of an item's shown facts each other item has; 0 for itself."""
        if row not in self._shared:
            if len(self._shared) * self.n_items >= _KEPT:
                self._shared.clear()
            counts = np.zeros(self.n_items, dtype=np.uint16)
            for column in self.shown[row].tolist():
                counts[self.holders[column]] += 1
            counts[row] = 0
            self._shared[row] = counts
        return self._shared[row]

    def names(self, columns: Columns) -> list[str]:
        """The conditions as text, for hashing."""
        return [f"{self.pairs[c].relation}={self.pairs[c].value}" for c in columns]

    def _counted(self, groups: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
        counts = np.zeros(self.n_items, dtype=np.intp)
        for rows in groups:
            counts[rows] += 1
        return counts


def askable(graph: AttributeGraph, settings: QuerySettings) -> Askable:
    """What may be asked for: an item's first `shown_values` values of each relation.

    Values that more than `common_share` of the items have are left out, as a line of facts does.
    """
    n_items, n_pairs = graph.n_items, len(graph.pairs)
    n_holders = np.bincount(graph.indices, minlength=n_pairs)
    is_common = n_holders > settings.common_share * n_items
    columns_of = tuple(graph.columns_of(row) for row in range(n_items))
    shown = _first_of_each_relation(graph, ~is_common, settings.shown_values)
    values = tuple(pair.value.casefold() for pair in graph.pairs)
    holders = _inverted(columns_of, n_pairs)
    naming = _naming(values, holders)
    showing = _inverted(shown, n_pairs)
    return Askable(graph.pairs, columns_of, shown, values, holders, showing, naming)


def _are_in(rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(len(rows),) whether each row is among others, which are ascending and not empty."""
    return others[np.minimum(np.searchsorted(others, rows), len(others) - 1)] == rows


def _first_of_each_relation(
    graph: AttributeGraph, is_askable: NDArray[np.bool_], n_values: int
) -> RowsByColumn:
    """For each item the first values of each relation, of those that may be asked for."""
    names = [pair.relation for pair in graph.pairs]
    relation_of = np.unique(names or [""], return_inverse=True)[1]
    rows = np.repeat(np.arange(graph.n_items), np.diff(graph.indptr))
    at = np.flatnonzero(is_askable[graph.indices]) if len(graph.indices) else np.arange(0)
    key = rows[at] * (int(relation_of.max()) + 1) + relation_of[graph.indices[at]]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0]) if len(at) else np.arange(0)
    place = np.arange(len(at)) - np.repeat(starts, np.diff(np.r_[starts, len(at)]))
    kept = np.sort(at[order[place < n_values]])
    ends = np.cumsum(np.bincount(rows[kept], minlength=graph.n_items))
    return tuple(np.split(graph.indices[kept], ends[:-1]))


def _inverted(columns_of: Sequence[NDArray[np.intp]], n_columns: int) -> RowsByColumn:
    rows = np.repeat(np.arange(len(columns_of)), [len(columns) for columns in columns_of])
    columns = np.concatenate([*columns_of, np.empty(0, dtype=np.intp)])
    ends = np.cumsum(np.bincount(columns, minlength=n_columns))
    return tuple(np.split(rows[np.argsort(columns, kind="stable")], ends[:-1]))


def _naming(values: Sequence[str], holders: RowsByColumn) -> RowsByColumn:
    columns: dict[str, list[int]] = {}
    for column, value in enumerate(values):
        columns.setdefault(value, []).append(column)
    rows = {
        value: np.unique(np.concatenate([holders[c] for c in same])) if len(same) > 1 else None
        for value, same in columns.items()
    }
    return tuple(
        own if (several := rows[value]) is None else several
        for value, own in zip(values, holders, strict=True)
    )
