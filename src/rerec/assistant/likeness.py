"""How alike items are by what they are: the cosine of their values, rare ones weighing more."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerec.graph.attributes import AttributeGraph


@dataclass(frozen=True, eq=False)
class Likeness:
    r"""Every item as a direction in the space of values.

    $$\cos(i, j) = \frac{\sum_{p \in i \cap j} w_p^2}{\sqrt{\sum_{p \in i} w_p^2}
                   \sqrt{\sum_{p \in j} w_p^2}}, \qquad w_p = \ln \frac{1 + N}{n_p}$$

    Source: TF-IDF with cosine, over values in the place of words; n_p items of N have the value p.
    """

    graph: AttributeGraph
    rarity: NDArray[np.float32]
    """(n_pairs,) w, above 0."""
    lengths: NDArray[np.float32]
    """(n_items,) length of each item, above 0."""

    @classmethod
    def of(cls, graph: AttributeGraph) -> "Likeness":
        """Of the items of a graph."""
        n_holders = np.bincount(graph.indices, minlength=len(graph.pairs))
        rarity = np.log((1 + graph.n_items) / np.maximum(n_holders, 1)).astype(np.float32)
        squares = graph.matrix @ np.square(rarity)
        return cls(graph, rarity, np.sqrt(np.maximum(squares, 1e-12)).astype(np.float32))

    def to(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """(n_items,) mean cosine of every item to those of some rows; 0 where there are none."""
        totals = np.zeros(self.graph.n_items, dtype=np.float32)
        shares: dict[int, float] = {}
        for row in rows.tolist():
            for column in self.graph.columns_of(row).tolist():
                shares[column] = shares.get(column, 0.0) + 1.0 / float(self.lengths[row])
        for column, share in shares.items():
            totals[self.graph.holders(column)] += np.float32(share) * self.rarity[column] ** 2
        return totals / (self.lengths * max(len(rows), 1))

    def among(self, rows: NDArray[np.intp], without: NDArray[np.intp]) -> NDArray[np.float32]:
        """(P, P) cosine of P items to each other, some columns left out for all of them."""
        weights = self.rarity.copy()
        weights[without] = 0.0
        values = self.graph.matrix[rows]
        values.data = weights[values.indices]
        dots = (values @ values.T).toarray()
        lengths = np.sqrt(np.maximum(dots.diagonal(), 1e-12))
        return dots / lengths[:, None] / lengths
