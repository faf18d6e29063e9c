"""Credit for responses that leave the greedy one at a single token: what that token changed.

Ours, beyond arXiv 2604.07851. Where G responses are drawn whole, an advantage stands for everything
in which they differ. Of a greedy response and its forks (`rerec.train.forks`) each pair differs in
one choice, and the difference of their rewards is what it is worth.
"""

import numpy as np
from numpy.typing import NDArray

from rerec.credit.estimators import NO_SPREAD, Floats


def greedy_rows(group: NDArray[np.integer]) -> NDArray[np.intp]:
    """(B,) for each response the place of its group's greedy one, which is its first.

    >>> greedy_rows(np.array([4, 4, 2, 4, 2])).tolist()
    [0, 0, 2, 0, 2]
    """
    _, first, numbers = np.unique(group, return_index=True, return_inverse=True)
    return first[numbers]


def fork_gains(rewards: Floats, group: NDArray[np.integer]) -> Floats:
    """(B,) how much more each response is worth than its group's greedy one."""
    return rewards - rewards[greedy_rows(group)]


def fork_advantages(
    rewards: Floats,
    tokens: NDArray[np.integer],
    mask: NDArray[np.bool_],
    group: NDArray[np.integer],
) -> Floats:
    r"""One advantage for each token: of two that were tried at a place, the better one gains.

    For a fork i that leaves the greedy response 0 of its group at place t:

    $$A_{it} = \max(r_i - r_0, 0), \qquad A_{0t} = \sum_i \max(r_0 - r_i, 0)$$

    and 0 for all other tokens. Nothing is pushed down: the gradient of a log-probability grows as
    the token becomes improbable, and a poor fork is one already. What the better token gains, the
    other one loses by the softmax, the less so the surer the policy was.

    Args:
        rewards: (B,).
        tokens: (B, T) token ids.
        mask: (B, T) true on tokens, false on padding; a response's tokens come first.
        group: (B,) equal where responses answer the same query; the first of each is its greedy
            response.

    Returns:
        (B, T), never below 0. A fork that is the greedy response, or only its beginning, has none.

    >>> r, ids = np.array([0.0, 1.0, -0.5]), np.array([[7, 8, 9], [7, 3, 0], [7, 8, 4]])
    >>> fork_advantages(r, ids, np.ones((3, 3), bool), np.zeros(3, int)).tolist()
    [[0.0, 0.0, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    real = np.asarray(mask, bool)
    found, trunk = np.zeros(real.shape), greedy_rows(group)
    differs = (tokens != tokens[trunk]) & real & real[trunk]
    gain = fork_gains(rewards, group)
    for row in np.flatnonzero(differs.any(1) & (np.abs(gain) > NO_SPREAD)):
        better = row if gain[row] > 0 else trunk[row]
        found[better, differs[row].argmax()] += abs(gain[row])
    return found
