"""From the scores of several voters to one order: fused, cut to the best, made various.

Pure functions over arrays. An item that meets more of what is asked always stands before one that
meets less; voters and variety decide among items that meet as much.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fused(votes: Sequence[tuple[NDArray[np.float32], float]], n_items: int) -> NDArray[np.float32]:
    """The weighted mean of several voters' scores, each first brought to [0, 1].

    A voter that tells no item from another counts for nothing.

    Args:
        votes: (n_items,) scores with their weight, above 0.
        n_items: of the catalogue.

    Returns:
        (n_items,) in [0, 1]; all 0 where nobody votes.

    >>> fused([(np.array([4.0, 2.0, 0.0]), 3.0), (np.array([0.0, 1.0, 0.0]), 1.0)], 3).tolist()
    [0.75, 0.625, 0.0]
    """
    total, whole = np.zeros(n_items, dtype=np.float32), 0.0
    for scores, weight in votes:
        least, most = scores.min(), scores.max()
        if most > least:
            total += np.float32(weight / (most - least)) * (scores - least)
            whole += weight
    return (total / (whole or 1.0)).astype(np.float32, copy=False)


def best_rows(scores: NDArray[np.floating], n: int) -> NDArray[np.intp]:
    """Rows of the n highest scores, best first, equal ones in order of their rows; -inf never.

    >>> best_rows(np.array([1.0, 3.0, -np.inf, 3.0, 0.5]), 3).tolist()
    [1, 3, 0]
    """
    n = min(n, int(np.count_nonzero(scores > -np.inf)))
    if n < 1:
        return np.empty(0, dtype=np.intp)
    last = np.partition(scores, len(scores) - n)[len(scores) - n]
    above = np.flatnonzero(scores > last)
    rows = np.concatenate([above, np.flatnonzero(scores == last)[: n - len(above)]])
    return rows[np.lexsort((rows, -scores[rows]))]


def various(
    relevance: NDArray[np.floating], likeness: NDArray[np.floating], n: int, *, variety: float
) -> tuple[list[int], list[float]]:
    r"""The n best of a pool, each judged by its relevance less its likeness to those before it.

    $$\mathrm{next} = \arg\max_i \; (1 - v)\, r_i - v \max_{j \in \mathrm{chosen}} s_{ij}$$

    Source: Carbonell & Goldstein 1998 (maximal marginal relevance), with v for their 1 - lambda.

    Args:
        relevance: (P,) in [0, 1], the pool from best to worst.
        likeness: (P, P) in [0, 1].
        n: how many to choose.
        variety: v, in [0, 1); with 0 the order stays as it is.

    Returns:
        Places in the pool in the order chosen, and the value at which each was: never rising, as
        likeness to those chosen can only grow.

    >>> alike = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> various(np.array([1.0, 0.9, 0.8]), alike, 3, variety=0.5)[0]
    [0, 2, 1]
    """
    worth = (1 - variety) * np.asarray(relevance, dtype=np.float64)
    nearest = np.zeros(len(worth))
    places: list[int] = []
    values: list[float] = []
    for _ in range(min(n, len(worth))):
        value = worth - variety * nearest
        place = int(value.argmax())
        places.append(place)
        values.append(float(value[place]))
        worth[place] = -np.inf
        nearest = np.maximum(nearest, likeness[place])
    return places, values
