"""The item-attribute graph: which (relation, value) pairs each item has, as a sparse matrix.

Built once from a domain's `attributes` table; every question about conditions is answered here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.catalogue.items import Catalogue
from rerec.catalogue.numbering import numbered
from rerec.records import Condition


@dataclass(frozen=True, eq=False)
class AttributeGraph:
    """Items (rows) by pairs (columns), in compressed rows."""

    pairs: tuple[Condition, ...]
    """Every pair that some item has, sorted; its place is its column."""
    indptr: NDArray[np.intp]
    """(n_items + 1,) where each item's columns begin in `indices`."""
    indices: NDArray[np.intp]
    """Columns, item by item, in display order: the most prominent value first."""

    @classmethod
    def from_table(cls, catalogue: Catalogue, attributes: pa.Table) -> "AttributeGraph":
        """Build the graph from (item_id, relation, value) rows; a repeated row counts once.

        Raises:
            DataError: an item is not in the catalogue.
        """
        rows = catalogue.rows_of_column(attributes["item_id"])
        relations, relation_of = numbered(attributes["relation"])
        values, value_of = numbered(attributes["value"])
        numbers = relation_of.astype(np.int64) * max(len(values), 1) + value_of
        pairs, columns = np.unique(numbers, return_inverse=True)
        _, first = np.unique(rows * max(len(pairs), 1) + columns, return_index=True)
        kept = first[np.lexsort((first, rows[first]))]
        held = np.bincount(rows[kept], minlength=catalogue.n_items)
        return cls(
            tuple(
                Condition(relations[number // len(values)], values[number % len(values)])
                for number in pairs.tolist()
            ),
            np.concatenate([[0], np.cumsum(held)]).astype(np.intp),
            columns[kept].astype(np.intp),
        )

    @property
    def n_items(self) -> int:
        """Items, those without any attribute included."""
        return len(self.indptr) - 1

    @cached_property
    def matrix(self) -> csr_matrix:
        """(n_items, n_pairs) float32, 1 where the item has the pair; columns sorted in each row."""
        ones = np.ones(len(self.indices), dtype=np.float32)
        shape = (self.n_items, len(self.pairs))
        matrix = csr_matrix((ones, self.indices.copy(), self.indptr), shape=shape)
        matrix.sort_indices()
        return matrix

    @cached_property
    def _by_pair(self) -> csr_matrix:
        return self.matrix.T.tocsr()

    @cached_property
    def _columns(self) -> dict[Condition, int]:
        return {pair: column for column, pair in enumerate(self.pairs)}

    def column_of(self, condition: Condition) -> int:
        """A pair's column; -1 where no item has it."""
        return self._columns.get(condition, -1)

    def columns_of(self, row: int) -> NDArray[np.intp]:
        """An item's columns in display order."""
        return self.indices[self.indptr[row] : self.indptr[row + 1]]

    def facts_of(self, row: int) -> list[Condition]:
        """An item's pairs in display order."""
        return [self.pairs[column] for column in self.columns_of(row)]

    def holders(self, column: int) -> NDArray[np.intp]:
        """Rows of the items that have a pair, ascending; none for column -1."""
        if column < 0:
            return np.empty(0, dtype=np.intp)
        start, end = self._by_pair.indptr[column : column + 2]
        return self._by_pair.indices[start:end].astype(np.intp)

    def meets_all(self, columns: Sequence[int]) -> NDArray[np.intp]:
        """Rows of the items that have every one of the pairs, ascending; all rows for none."""
        rows = np.arange(self.n_items)
        for column in columns:
            rows = np.intersect1d(rows, self.holders(column), assume_unique=True)
        return rows

    def fewest_holders(self, columns: Sequence[int], rows: Sequence[int]) -> int:
        """How many of the rows hold the pair which fewest of them hold; 0 where nothing is asked.

        The more there are, the more there is to rule out: one holder is found by its value alone.
        """
        held = (np.isin(rows, self.holders(column)).sum() for column in columns)
        return int(min(held, default=0))

    def share_met(
        self, rows: NDArray[np.intp], columns: Sequence[Sequence[int]]
    ) -> NDArray[np.float64]:
        """Share of its asked pairs that each item has.

        Args:
            rows: (B,) item rows; -1 is no item and meets nothing.
            columns: for each of them the asked columns; -1 is a pair that no item has.

        Returns:
            (B,) shares in [0, 1]; 0 where nothing is asked.
        """
        counts = np.array([len(asked) for asked in columns], dtype=np.intp)
        flat = np.array([column for asked in columns for column in asked], dtype=np.intp)
        owner = np.repeat(np.arange(len(rows)), counts)
        item = np.asarray(rows, dtype=np.intp)[owner]
        real = (item >= 0) & (flat >= 0)
        met = np.zeros(len(flat))
        if real.any():
            met[real] = np.asarray(self.matrix[item[real], flat[real]]).ravel()
        totals = np.bincount(owner, weights=met, minlength=len(rows))
        return totals / np.maximum(counts, 1)
