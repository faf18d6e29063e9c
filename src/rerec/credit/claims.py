"""Credit for what a paragraph claims: true or false by the item-attribute graph, token by token.

Ours, beyond arXiv 2604.07851. One answer says little about a hundred tokens: of a wrong response
most are right, and a right one may have been lucky. Where the graph can tell, each claim is
credited for itself instead. Which claims a response makes is read in `rerec.train.claims`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rerec.credit.estimators import Floats
from rerec.credit.segments import NO_SEGMENT, token_segments
from rerec.records import Claim, Segment


def claim_advantages(
    truth: NDArray[np.bool_], judged: NDArray[np.bool_], group: NDArray[np.integer]
) -> Floats:
    r"""One advantage for each token of a claim: what it is worth, less what its group's are.

    $$A_{it} = v_{it} - \frac{1}{|J_g|} \sum_{j, s \in J_g} v_{js}$$

    where v is 1 on tokens of true claims and 0 on those of false ones, and $J_g$ are all tokens of
    claims in the group. No division by a standard deviation: it would make a single slip in a
    group without others as loud as the whole response.

    Args:
        truth: (B, T) true on tokens of true claims; anything where nothing is claimed.
        judged: (B, T) true on tokens of claims, never on padding.
        group: (B,) equal where responses answer the same query.

    Returns:
        (B, T) in [-1, 1], 0 where nothing is claimed; they sum to 0 over each group.

    >>> ones = np.ones((1, 4), bool)
    >>> claim_advantages(np.array([[True, True, True, False]]), ones, np.array([0])).tolist()
    [[0.25, 0.25, 0.25, -0.75]]
    """
    _, numbers = np.unique(group, return_inverse=True)
    n_judged = np.maximum(np.bincount(numbers, judged.sum(1)), 1)
    mean = np.bincount(numbers, (truth & judged).sum(1)) / n_judged
    return np.where(judged, truth - mean[numbers][:, None], 0.0)


def claimed_tokens(
    claims: Sequence[Claim], offsets: NDArray[np.integer]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which tokens of a response stand in claims, and in true ones alone.

    Args:
        claims: in reading order, none overlapping; one at the response's end is about its having
            ended there.
        offsets: (T, 2) as for `token_segments`; an empty span, as that of the token that ends a
            response, counts for what would stand there.

    Returns:
        (T,) true on tokens of claims; (T,) true on those that touch no false one.

    >>> spans = np.array([(0, 3), (3, 5), (5, 7), (7, 9)])
    >>> claimed_tokens([Claim(0, 4, True), Claim(4, 5, False)], spans)
    (array([ True,  True, False, False]), array([ True, False, False, False]))
    """
    judged = _touched(claims, offsets)
    return judged, judged & ~_touched([claim for claim in claims if not claim.is_true], offsets)


def judged_segments(claims: Sequence[Claim], segments: Sequence[Segment]) -> NDArray[np.bool_]:
    """(S,) true for each segment in which something is claimed."""
    starts = [claim.start for claim in claims]
    bounds = np.searchsorted(starts, [(s.start, s.end) for s in segments]).reshape(-1, 2)
    return bounds[:, 0] < bounds[:, 1]


def _touched(claims: Sequence[Claim], offsets: NDArray[np.integer]) -> NDArray[np.bool_]:
    spans = [Segment(claim.start, claim.end) for claim in claims]
    starts, ends = np.asarray(offsets).reshape(-1, 2).T
    wide = np.stack([starts, np.maximum(ends, starts + 1)], axis=1)
    return token_segments(spans, wide) != NO_SEGMENT
