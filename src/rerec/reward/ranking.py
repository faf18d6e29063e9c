"""The ranking part of the reward: NDCG@K of the boxed titles, in the order of the box."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rerec.metrics import ndcg_at_k, padded


def ranking(
    answers: Sequence[Sequence[int]], truths: Sequence[Sequence[int]], *, k: int
) -> NDArray[np.float64]:
    r"""$\mathrm{NDCG@K}(p, GT)$ of each answer.

    Source: the dual-graph reward shaping of arXiv 2604.07851, there with K = 1; binary gain and
    log2 discount as in `rerec.metrics.ndcg_at_k`. The order of the answer counts; a repeated title
    earns nothing the second time.

    Args:
        answers: B lists of item rows, best first; -1 for a title that is no item.
        truths: B lists of ground-truth rows, in any order.
        k: cut-off, in items.

    Returns:
        (B,) values in [0, 1]; 0 for an empty answer.

    >>> ranking([[4], [-1, 4], []], [[4], [4], [4]], k=2).round(4).tolist()
    [1.0, 0.6309, 0.0]
    """
    return ndcg_at_k(padded(answers), padded(truths), k)
