"""From verl's numbers of tokens to advantages, and from told segments to blamed tokens.

Arrays in, arrays out: `rerec.verl.plugin` alone knows verl and its tensors.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rerec.credit.segments import token_segments
from rerec.credit.tokens import credit_blamed
from rerec.records import Segment
from rerec.settings import CreditSettings
from rerec.verl.layout import read_back


def blamed_tokens(
    segments: Sequence[Segment], guilty: Sequence[bool], offsets: ArrayLike
) -> NDArray[np.bool_]:
    """Which tokens of a response belong to a segment that is to blame.

    Args:
        segments: S segments in reading order.
        guilty: S, which of them are to blame.
        offsets: (T, 2) first and one past the last character of each token.

    Returns:
        (T,) false for a token in no segment.

    >>> blamed_tokens([Segment(0, 5), Segment(7, 9)], [False, True], [(0, 5), (5, 7), (7, 9)])
    array([False, False,  True])
    """
    # The last one answers for tokens in no segment, which are -1.
    return np.array([*guilty, False])[token_segments(segments, offsets)]


def token_advantages(
    numbers: NDArray[np.floating],
    mask: NDArray[np.bool_],
    group: NDArray,
    settings: CreditSettings,
) -> NDArray[np.float64]:
    """Advantages of the tokens of a batch of verl.

    A row without a token is one that verl added to fill the batch up. It bears the name of another
    row's query, so it is left out before groups are formed.

    Args:
        numbers: (B, T) as `rerec.verl.layout` has them, 0 on padding.
        mask: (B, T) true on tokens that the policy wrote.
        group: (B,) equal where responses answer the same query.
        settings: estimator, weight and scale of the blame, weight of negative advantages.

    Returns:
        (B, T), 0 on padding.

    Raises:
        SettingsError: the numbers carry no blame; see `rerec.verl.layout.read_back`.
    """
    real = mask.any(1)
    rewards, blamed = read_back(numbers[real], mask[real])
    found = np.zeros(mask.shape)
    if real.any():
        numbered = np.unique(group[real], return_inverse=True)[1]
        found[real] = credit_blamed(rewards, blamed, mask[real], numbered, settings)
    return found
