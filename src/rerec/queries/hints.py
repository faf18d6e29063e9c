"""Conditions told through another item: "directed by whoever directed Heat".

A hint stands for one condition of a request. The item that it names has exactly one value in the
relation that the hint goes by, so that whoever knows the item finds the value, and no other. A
*misinformed* hint also names a value, and it is a wrong one: the item does not have it in any
relation. What is right follows the item, never the wrong name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import Askable, Columns, RowsByColumn
from rerec.queries.candidates import Negatives
from rerec.queries.draws import drawn
from rerec.queries.hint_wordings import ROLES
from rerec.records import Condition, Hop

ROLES_FIRST = 0.7
"""How often people and makers are tried before other conditions."""
TEMPTING_SHARE = 0.7
"""How often the wrong value is one that a candidate has, so that believing it leads somewhere."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a request says instead of a value."""

    column: int
    """The condition that it stands for."""
    row: int
    """The item that it names."""
    hop: int
    """The fact of that item that it goes by; its value is the condition's."""
    told: int | None
    """The wrong fact that a misinformed request tells; None where it tells none."""

    def record(self, pairs: Sequence[Condition], item_ids: Sequence[str]) -> Hop:
        """The hint as a query keeps it: the value is the one that the request tells or means."""
        said = pairs[self.hop if self.told is None else self.told]
        return Hop(item_ids[self.row], said.relation, said.value)


@dataclass(frozen=True)
class Hinter:
    """Draws hints for the conditions of a draft."""

    asked: Askable
    catalogue: Catalogue
    negatives: Negatives
    only: RowsByColumn
    """For each fact, the items that have no other value in its relation."""
    twins: tuple[tuple[int, ...], ...]
    """For each fact, the columns of its value in any relation, its own among them."""
    has_own_title: NDArray[np.bool_]
    """(n_items,) true where no other item shares a name with it."""
    relation_of: NDArray[np.intp]
    """(n_pairs,) a number for each fact's relation."""
    has_role: NDArray[np.bool_]
    """(n_pairs,) true for people and makers: "the director of Heat" says more than a genre."""
    value_of: NDArray[np.intp]
    """(n_pairs,) a number for each fact's value, the same in every relation."""

    def draw(
        self,
        columns: Columns,
        positive: int,
        candidates: Sequence[int],
        barred: NDArray[np.intp],
        *,
        misinformed: bool,
        rng: Generator,
    ) -> Hint | None:
        """A hint for one of the conditions, or None where no item serves.

        Args:
            columns: the conditions.
            positive: row of the right candidate.
            candidates: rows of all candidates.
            barred: rows that must not be named: candidates, ground truth and their namesakes.
            misinformed: whether a wrong value is to be told.
            rng: drawn from.
        """
        is_barred = np.zeros(self.asked.n_items, dtype=bool)
        is_barred[barred] = True
        for column in self._in_order(columns, rng):
            others = [self.asked.values[c] for c in columns if c != column]
            for hop in rng.permutation(np.array(self.twins[column])).tolist():
                row = self._item(hop, is_barred, others, rng)
                if row is None:
                    continue
                if not misinformed:
                    return Hint(column, row, hop, None)
                told = self._wrong(columns, hop, row, positive, candidates, rng)
                if told is not None:
                    return Hint(column, row, hop, told)
        return None

    def may_draw(self, columns: Columns) -> bool:
        """Whether some item other than the right one could hint at one of the conditions."""
        return any(len(self.only[hop]) > 1 for column in columns for hop in self.twins[column])

    def _in_order(self, columns: Columns, rng: Generator) -> list[int]:
        """The conditions as they are tried: most often what has a role comes first."""
        order = rng.permutation(np.array(columns)).tolist()
        if rng.random() < ROLES_FIRST:
            order.sort(key=lambda column: not self.has_role[column])
        return order

    def _item(
        self, hop: int, is_barred: NDArray[np.bool_], others: Sequence[str], rng: Generator
    ) -> int | None:
        """An item to name, drawn by popularity, whose title gives nothing away."""
        value = self.asked.values[hop]
        if any(value in other for other in others):
            return None
        rows = self._telling(hop)
        rows = rows[~is_barred[rows]]
        if not len(rows):
            return None
        weight = self.negatives.popularity[rows]
        return int(rows[drawn(rng, weight, 1)[0]])

    def _wrong(
        self,
        columns: Columns,
        hop: int,
        row: int,
        positive: int,
        candidates: Sequence[int],
        rng: Generator,
    ) -> int | None:
        """A fact of the hop's relation that is true neither of the named item nor of the right one.

        Most often one that a candidate shows; else any, the more likely the more items have it.
        """
        relation = self.relation_of[hop]
        true = np.concatenate([self.asked.columns_of[row], self.asked.columns_of[positive]])
        is_true = np.zeros(self._n_values, dtype=bool)
        is_true[self.value_of[true]] = True
        shown = np.unique(np.concatenate([self.asked.shown[r] for r in candidates]))
        shown = shown[self.relation_of[shown] == relation]
        tempting = shown[~is_true[self.value_of[shown]]]
        if len(tempting) and rng.random() < TEMPTING_SHARE:
            told = int(rng.choice(tempting))
        else:
            fit = self._of_relation[relation]
            fit = fit[~is_true[self.value_of[fit]]]
            if not len(fit):
                return None
            told = int(fit[drawn(rng, self.asked.counts[fit], 1)[0]])
        return None if self._gives_away(told, columns) else told

    def _telling(self, hop: int) -> NDArray[np.intp]:
        """Rows of the items that a hint by a fact may name: their titles do not hold its value."""
        if hop not in self._tellers:
            rows, value = self.only[hop], self.asked.values[hop]
            rows = rows[self.has_own_title[rows]]
            is_silent = [value not in self._names[row] for row in rows.tolist()]
            self._tellers[hop] = rows[np.array(is_silent, dtype=bool)]
        return self._tellers[hop]

    @cached_property
    def _n_values(self) -> int:
        return int(self.value_of.max(initial=-1)) + 1

    @cached_property
    def _tellers(self) -> dict[int, NDArray[np.intp]]:
        return {}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(item.label.casefold() for item in self.catalogue.items)

    @cached_property
    def _of_relation(self) -> RowsByColumn:
        """For each number of a relation, the columns of its facts, ascending."""
        ends = np.cumsum(np.bincount(self.relation_of))
        return tuple(np.split(np.argsort(self.relation_of, kind="stable"), ends[:-1]))

    def _gives_away(self, told: int, columns: Columns) -> bool:
        """Whether a wrong value holds an asked one or is held by it ("Ann Lee", "Ann Leeds")."""
        said, asked = self.asked.values[told], [self.asked.values[c] for c in columns]
        return any(said in value or value in said for value in asked)


def hinter_of(
    graph: AttributeGraph, asked: Askable, catalogue: Catalogue, negatives: Negatives
) -> Hinter:
    """Set up the draws for a catalogue."""
    relation_of = _numbered([pair.relation for pair in graph.pairs])
    return Hinter(
        asked,
        catalogue,
        negatives,
        only=_only(graph, relation_of),
        twins=_twins(graph.pairs),
        has_own_title=negatives.namesakes.have_none(asked.n_items),
        relation_of=relation_of,
        has_role=np.array([pair.relation in ROLES for pair in graph.pairs], dtype=bool),
        value_of=_numbered(asked.values),
    )


def _numbered(names: Sequence[str]) -> NDArray[np.intp]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def _only(graph: AttributeGraph, relation_of: NDArray[np.intp]) -> RowsByColumn:
    """For each column, the rows that have exactly one value in its relation, ascending."""
    rows = np.repeat(np.arange(graph.n_items), np.diff(graph.indptr))
    key = rows * (int(relation_of.max(initial=0)) + 1) + relation_of[graph.indices]
    is_only = np.bincount(key, minlength=1)[key] == 1
    columns, rows = graph.indices[is_only], rows[is_only]
    ends = np.cumsum(np.bincount(columns, minlength=len(graph.pairs)))
    return tuple(np.split(rows[np.argsort(columns, kind="stable")], ends[:-1]))


def _twins(pairs: Sequence[Condition]) -> tuple[tuple[int, ...], ...]:
    columns: dict[str, list[int]] = {}
    for column, pair in enumerate(pairs):
        columns.setdefault(pair.value, []).append(column)
    return tuple(tuple(columns[pair.value]) for pair in pairs)
