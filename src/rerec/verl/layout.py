"""How reward and blame travel in the one number that verl keeps for each token, and back.

An advantage estimator of verl sees the tokens' rewards, which tokens are real and which responses
answer the same query; nothing else reaches it. So the reward is told on the last two tokens that
are not to blame, and every other token holds a mark: `BLAMED` or `SPARED`. The marks are too small
to change a sum, so that whatever of verl adds the tokens' rewards up finds the response's reward.
"""

import numpy as np
from numpy.typing import NDArray

from rerec.errors import SettingsError

BLAMED = 2.0**-100
SPARED = 2.0**-101
"""Marks: exact in float32, and no reward nor what rounding leaves of one."""
_MAX_UNMARKED = 2


def laid_out(reward: float, blamed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The numbers of a response's tokens.

    Args:
        reward: of the response.
        blamed: (T,) true on tokens of blamed segments, T at least 1.

    Returns:
        (T,) the reward as float32 on the last spared token, what float32 lost of it on the one
        before, marks on the others. Were every token to blame, the last would take the reward; but
        an answer line never is, and without an answer nothing is.

    >>> numbers = laid_out(0.3, np.array([True, False, False, False]))
    >>> [float(n) for n in numbers[:2]] == [BLAMED, SPARED]
    True
    >>> float(numbers.sum()) == float(np.float32(0.3))
    True
    >>> abs(float(numbers[3]) + float(numbers[2]) - 0.3) < 1e-15
    True
    """
    numbers = np.where(blamed, BLAMED, SPARED).astype(np.float32)
    places = [-1] if blamed.all() else np.flatnonzero(~blamed)[-_MAX_UNMARKED:]
    rounded = np.float32(reward)
    numbers[places[:-1]] = reward - float(rounded)
    numbers[places[-1]] = rounded
    return numbers


def read_back(
    numbers: NDArray[np.floating], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Rewards and blame from the numbers of B responses.

    Args:
        numbers: (B, T) as `laid_out`, 0 on padding.
        mask: (B, T) true on tokens that the policy wrote.

    Returns:
        (B,) rewards; (B, T) true on blamed tokens.

    Raises:
        SettingsError: a response holds no marks: its reward came by another way.

    >>> numbers = laid_out(0.3, np.array([True, False, False, False]))[None]
    >>> rewards, blamed = read_back(numbers, np.ones((1, 4), bool))
    >>> rewards.round(15).tolist(), blamed.tolist()
    ([0.3], [[True, False, False, False]])
    """
    blamed = numbers == BLAMED
    marked = blamed | (numbers == SPARED)
    unmarked = ~marked.any(1) & (mask.sum(1) > _MAX_UNMARKED)
    if unmarked.any():
        raise SettingsError(
            f"{unmarked.sum()} of {len(numbers)} responses have a reward but no marks of blame; set"
            " actor_rollout_ref.rollout.agent.default_agent_loop=rerec and trainer.use_v1=true"
        )
    rewards = np.where(marked, 0.0, numbers.astype(np.float64)).sum(1)
    return rewards, blamed
