"""Hit, NDCG, recall and reciprocal rank of a ranked answer, by rows of the catalogue.

The reward and the report use the same ones. In every ranking -1 is a title that is no item: it
takes up a rank and earns nothing. A repeated item earns once, at its first place, and still takes
up a rank.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

NO_ITEM = -1


def hit(ranked: Sequence[int], relevant: Collection[int], *, k: int) -> float:
    """Whether one of the first `k` is relevant: 1 or 0.

    Args:
        ranked: item rows, best first; may be shorter than `k`.
        relevant: item rows that are right.
        k: cut-off, in items, at least 1.

    >>> hit([7, 3], {3}, k=1), hit([7, 3], {3}, k=2)
    (0.0, 1.0)
    """
    return float(bool(_found(ranked, relevant, k)))


def recall(ranked: Sequence[int], relevant: Collection[int], *, k: int) -> float:
    """Share of the relevant items among the first `k`, in [0, 1]; 0 where none is relevant.

    Args: as in `hit`.

    >>> recall([7, 3, 3], {3, 5}, k=3)
    0.5
    """
    n_relevant = len(_items(relevant))
    return len(_found(ranked, relevant, k)) / n_relevant if n_relevant else 0.0


def reciprocal_rank(ranked: Sequence[int], relevant: Collection[int]) -> float:
    """1 over the rank of the first relevant item, in [0, 1]; 0 where there is none.

    >>> reciprocal_rank([7, -1, 3], {3})
    0.3333333333333333
    """
    right = _items(relevant)
    ranks = (rank for rank, row in enumerate(ranked, start=1) if row in right)
    return 1.0 / next(ranks, np.inf)


def ndcg(ranked: Sequence[int], relevant: Collection[int], *, k: int) -> float:
    """`ndcg_at_k` of one ranking.

    Args: as in `hit`.

    >>> round(ndcg([7, 3, 5], {3}, k=3), 4)  # one hit at rank 2: 1 / log2(3)
    0.6309
    >>> round(ndcg([3, 3, 5], {3, 5}, k=3), 4)  # the repeat cost item 5 a rank
    0.9197
    """
    rows, right = np.array([ranked], np.intp), np.array([list(relevant)], np.intp)
    return float(ndcg_at_k(rows, right, k)[0])


def ndcg_at_k(
    ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int
) -> NDArray[np.float64]:
    r"""Normalised discounted cumulative gain of each ranking, binary relevance.

    $$\mathrm{nDCG@k} = \frac{\sum_{j \le k} [r_j \in R \setminus r_{<j}] / \log_2(j+1)}
                             {\sum_{j \le \min(k, |R|)} 1 / \log_2(j+1)}$$

    Source: Järvelin & Kekäläinen 2002, with the discount of Burges et al. 2005.
    Differs from both: a repeated item earns its gain once, and still takes up a rank.

    Args:
        ranked: (B, R) item rows, best first, filled up with -1.
        relevant: (B, M) item rows that are right, in any order, filled up with -1.
        k: cut-off, in items, at least 1.

    Returns:
        (B,) values in [0, 1]; 0 where nothing is relevant.

    Raises:
        ValueError: `k` is below 1.

    >>> ndcg_at_k(np.array([[3, 5], [5, 3], [-1, -1]]), np.array([[3], [3], [3]]), k=2).round(4)
    array([1.    , 0.6309, 0.    ])
    """
    top = ranked[:, : _at_least_one(k)]
    right = _distinct(relevant)
    n_right = (right >= 0).sum(1)
    discounts = 1.0 / np.log2(np.arange(2, max(top.shape[1], right.shape[1]) + 2))
    found = (top[:, :, None] == right[:, None, :]) & (right >= 0)[:, None, :]  # (B, k, M)
    # Discounts fall with the rank, so the greatest is the one of an item's first place.
    gains = (found * discounts[: top.shape[1], None]).max(axis=1, initial=0.0).sum(1)
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(n_right, k)]
    # The same terms summed in another order: a perfect ranking must not exceed 1 by a rounding.
    return np.minimum(gains / np.where(n_right > 0, ideal, 1.0), 1.0)


def padded(lists: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """(B, longest) rows of unequal lists, filled up with -1.

    >>> padded([[3], [], [5, 2]]).tolist()
    [[3, -1], [-1, -1], [5, 2]]
    """
    lengths = np.array([len(rows) for rows in lists], np.intp)
    table = np.full((len(lists), max(lengths, default=0)), NO_ITEM, np.intp)
    flat = [row for rows in lists for row in rows]
    table[np.arange(table.shape[1]) < lengths[:, None]] = flat
    return table


def _items(rows: Collection[int]) -> set[int]:
    return {row for row in rows if row >= 0}


def _found(ranked: Sequence[int], relevant: Collection[int], k: int) -> set[int]:
    return _items(ranked[: _at_least_one(k)]) & _items(relevant)


def _at_least_one(k: int) -> int:
    if k < 1:
        raise ValueError(f"the cut-off k is {k}; it must be at least 1")
    return k


def _distinct(rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Each row's items sorted, repeats turned into -1."""
    ordered = np.sort(rows, axis=1)
    repeated = np.zeros(ordered.shape, bool)
    repeated[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    return np.where(repeated, NO_ITEM, ordered)
