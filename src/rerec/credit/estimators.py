"""From rewards to advantages: five estimators behind one function.

Source of the comparison: arXiv 2604.07851. Standard deviations are those of the whole population
(divided by n), so that `rerec` without blame on responses of one length is `grpo` exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Estimator = Literal["rerec", "grpo", "dr_grpo", "rloo", "reinforce++"]
Floats = NDArray[np.float64]

EPSILON = 1e-6
"""Added to a standard deviation before dividing by it."""
NO_SPREAD = 1e-9
"""A standard deviation below this is a rounding: the rewards are equal and nothing is learned."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What an estimator may look at."""

    rewards: Floats
    """(B,)."""
    token_rewards: Floats
    """(B, T), 0 on padding."""
    mask: NDArray[np.bool_]
    """(B, T)."""
    group: NDArray[np.intp]
    """(B,) numbers of groups, from 0."""


def advantages(
    rewards: Floats,
    token_rewards: Floats,
    mask: NDArray[np.bool_],
    group: NDArray[np.integer],
    *,
    estimator: Estimator,
) -> Floats:
    r"""One advantage for each token.

    | estimator | advantage of token t of response i, in group g |
    |---|---|
    | `rerec` | $(r_{it} - \mu)/(\sigma + \epsilon)$ over all tokens of g |
    | `grpo` | $(r_i - \mu)/(\sigma + \epsilon)$ over the responses of g |
    | `dr_grpo` | $r_i - \mu$ over the responses of g |
    | `rloo` | $r_i$ less the mean of the other responses of g; 0 where there is none |
    | `reinforce++` | $(r_i - \mu)/(\sigma + \epsilon)$ over all tokens of the batch |

    Sources: arXiv 2604.07851 (rerec), 2402.03300 (GRPO), 2503.20783 (Dr. GRPO), 2402.14740 (RLOO),
    2501.03262 (REINFORCE++). Only `rerec` looks at `token_rewards`. Ours: rewards that differ by a
    rounding only give exactly 0, so that a group without spread can be left out of the update.

    Args:
        rewards: (B,) of each response.
        token_rewards: (B, T), such as `raae.token_rewards` gives; anything on padding.
        mask: (B, T), true on the response's tokens; they need not come first.
        group: (B,) any numbers, equal where responses answer the same query.
        estimator: which one.

    Returns:
        (B, T), 0 on padding.

    >>> ones = np.ones((2, 1), bool)
    >>> r = np.array([1.0, 0.0])
    >>> advantages(r, r[:, None], ones, np.array([7, 7]), estimator="rloo").tolist()
    [[1.0], [-1.0]]
    """
    _, numbers = np.unique(group, return_inverse=True)
    real = np.asarray(mask, bool)
    spread = np.where(real, token_rewards, 0.0)
    estimate = ESTIMATORS[estimator]
    return np.where(real, estimate(Batch(np.asarray(rewards, float), spread, real, numbers)), 0.0)


def group_std(values: Floats, group: NDArray[np.integer]) -> Floats:
    """(B,) the standard deviation of each one's group; 0 where it is a rounding.

    >>> group_std(np.array([1.0, 0.0, 3.0]), np.array([5, 5, 8])).tolist()
    [0.5, 0.5, 0.0]
    """
    _, numbers = np.unique(group, return_inverse=True)
    centred = values - _means(values, numbers)
    std = np.sqrt(_means(centred**2, numbers))
    return np.where(std > NO_SPREAD, std, 0.0)


def _rerec(batch: Batch) -> Floats:
    n_tokens = np.bincount(batch.group, batch.mask.sum(1))[batch.group]
    n_tokens = np.maximum(n_tokens, 1)
    mean = np.bincount(batch.group, batch.token_rewards.sum(1))[batch.group] / n_tokens
    centred = np.where(batch.mask, batch.token_rewards - mean[:, None], 0.0)
    squares = np.einsum("bt,bt->b", centred, centred)
    std = np.sqrt(np.bincount(batch.group, squares)[batch.group] / n_tokens)
    return centred * _inverse(std)[:, None]


def _grpo(batch: Batch) -> Floats:
    centred = batch.rewards - _means(batch.rewards, batch.group)
    std = np.sqrt(_means(centred**2, batch.group))
    return (centred * _inverse(std))[:, None]


def _dr_grpo(batch: Batch) -> Floats:
    centred = batch.rewards - _means(batch.rewards, batch.group)
    return np.where(np.abs(centred) > NO_SPREAD, centred, 0.0)[:, None]


def _rloo(batch: Batch) -> Floats:
    """r_i - (n mean - r_i) / (n - 1) = (r_i - mean) n / (n - 1)."""
    size = np.bincount(batch.group)[batch.group]
    return _dr_grpo(batch) * (size / np.maximum(size - 1, 1))[:, None]


def _reinforce_plus_plus(batch: Batch) -> Floats:
    weights = batch.mask.sum(1)
    total = max(weights.sum(), 1)
    centred = batch.rewards - (batch.rewards * weights).sum() / total
    std = np.sqrt((centred**2 * weights).sum() / total)
    return (centred * _inverse(std))[:, None]


def _means(values: Floats, group: NDArray[np.intp]) -> Floats:
    return (np.bincount(group, values) / np.maximum(np.bincount(group), 1))[group]


def _inverse(std: Floats) -> Floats:
    return np.where(std > NO_SPREAD, 1.0 / (std + EPSILON), 0.0)


ESTIMATORS: Mapping[Estimator, Callable[[Batch], Floats]] = {
    "rerec": _rerec,
    "grpo": _grpo,
    "dr_grpo": _dr_grpo,
    "rloo": _rloo,
    "reinforce++": _reinforce_plus_plus,
}
