"""Neighbours by taste: how near each item lies, in LightGCN's space, to what a person likes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AWAY = 0.5
"""Weight of what a person dislikes, beside 1 for what they like."""

Weighted = tuple[NDArray[np.intp], float]
"""Rows of items, and how much they count together."""


@dataclass(frozen=True, eq=False)
class Taste:
    """Every item as a direction."""

    directions: NDArray[np.float32]
    """(n_items, d) of length 1, or 0 where the embedding is 0."""

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> "Taste":
        """From the embeddings of a domain, (n_items, d)."""
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        return cls(embeddings / np.maximum(lengths, np.float32(1e-12)))

    def scores(self, liked: Sequence[Weighted]) -> NDArray[np.float32] | None:
        r"""How near every item lies to some groups of items; a negative weight means away from it.

        $$s_i = \sum_g w_g \, \hat z_i \cdot \frac{1}{|g|} \sum_{j \in g} \hat z_j$$

        Source: ours, for the embeddings of He et al. 2020 (arXiv 2002.02126).

        Args:
            liked: groups of rows with their weights; an empty group counts for nothing.

        Returns:
            (n_items,) greater is nearer; None where no group has an item.

        >>> taste = Taste.of(np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 4.0]], np.float32))
        >>> taste.scores([(np.array([0]), 1.0), (np.array([1]), -0.5)]).round(2)
        array([ 1. , -0.5,  0.2], dtype=float32)
        >>> taste.scores([]) is None
        True
        """
        groups = [(rows, weight) for rows, weight in liked if len(rows)]
        if not groups:
            return None
        means = [weight * self.directions[rows].mean(axis=0) for rows, weight in groups]
        return self.directions @ np.sum(means, axis=0, dtype=np.float32)
