"""The format part of the reward: is there an answer to read at all?"""

import numpy as np
from numpy.typing import NDArray

BOXED, UNBOXED = 0.5, -0.5


def boxed(has_box: NDArray[np.bool_]) -> NDArray[np.float64]:
    """+0.5 for a response with a box, -0.5 for one without.

    Source: the release of arXiv 2604.07851, weight 0.1. Ours: the caller counts an empty box as
    none, so that the form is not paid without an answer in it.

    Args:
        has_box: (B,) whether a response has a box with something in it.

    >>> boxed(np.array([True, False])).tolist()
    [0.5, -0.5]
    """
    return np.where(has_box, BOXED, UNBOXED)
