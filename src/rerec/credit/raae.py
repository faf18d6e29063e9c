"""Reasoning-aware advantage estimation: the paragraphs to blame lose reward, the others keep it.

Which paragraphs are to blame is found by `rerec.credit.judge`; here their loss is computed and
handed to their tokens.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rerec.credit.estimators import Floats, group_std

Scale = Literal["reward", "group"]


def penalties(
    rewards: Floats, group: NDArray[np.integer], *, w_penalty: float, scale: Scale
) -> Floats:
    r"""What a blamed paragraph of each response loses.

    $$w\,|r_i| \;(\text{scale: reward}), \qquad w\,\mathrm{std}(r_g) \;(\text{scale: group})$$

    Source: arXiv 2604.07851, where the paragraph keeps $(1 - w)\,r_i$. That is $r_i - w\,|r_i|$ for
    a reward above 0; below 0 it would raise the reward, and here it lowers it. `group` is ours: a
    wrong answer earns about 0, so that the loss is felt only when measured by the group's spread.

    Args:
        rewards: (B,).
        group: (B,) equal where responses answer the same query.
        w_penalty: w, 0 or more.
        scale: what w is a share of.

    Returns:
        (B,) 0 or more.

    >>> r, g = np.array([1.0, -0.5]), np.array([3, 3])
    >>> penalties(r, g, w_penalty=0.5, scale="reward").tolist()
    [0.5, 0.25]
    >>> penalties(r, g, w_penalty=0.5, scale="group").tolist()  # the spread is 0.75
    [0.375, 0.375]
    """
    if scale == "reward":
        return w_penalty * np.abs(rewards)
    return w_penalty * group_std(rewards, group)


def segment_rewards(rewards: Floats, blamed: NDArray[np.bool_], penalty: Floats) -> Floats:
    r"""$r_{s_{ik}}$: the response's reward, less the penalty where the segment is to blame.

    Args:
        rewards: (B,).
        blamed: (B, S), false behind a response's last segment.
        penalty: (B,) as `penalties` gives.

    Returns:
        (B, S).

    >>> segment_rewards(np.array([0.5]), np.array([[False, True]]), np.array([0.2])).tolist()
    [[0.5, 0.3]]
    """
    return rewards[:, None] - blamed * penalty[:, None]


def token_rewards(rewards: Floats, by_segment: Floats, token_segments: NDArray[np.intp]) -> Floats:
    r"""$r_{it}$: the reward of the segment that the token is in, else the response's.

    Args:
        rewards: (B,).
        by_segment: (B, S) as `segment_rewards` gives.
        token_segments: (B, T) in [0, S), or -1 for a token in no segment.

    Returns:
        (B, T).

    >>> token_rewards(np.array([0.5]), np.array([[0.5, 0.3]]), np.array([[0, -1, 1]])).tolist()
    [[0.5, 0.5, 0.3]]
    """
    # The response's own reward comes last, where -1 finds it.
    table = np.concatenate([by_segment, rewards[:, None]], axis=1)
    return np.take_along_axis(table, token_segments % table.shape[1], axis=1)
