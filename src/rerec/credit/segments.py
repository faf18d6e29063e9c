"""Which tokens belong to which paragraph, and which paragraphs discuss an item.

Both go by character offsets in the response as it was decoded. Decoding token by token would break
on multi-byte characters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rerec.catalogue.grounding import TitleIndex
from rerec.records import Segment

NO_SEGMENT = -1
_BEYOND = np.iinfo(np.intp).max


def token_segments(segments: Sequence[Segment], offsets: ArrayLike) -> NDArray[np.intp]:
    """The segment that each token belongs to.

    A token that reaches into several belongs to the first of them.

    Args:
        segments: S segments in reading order, none overlapping.
        offsets: (T, 2) first and one past the last character of each token, as tokenizers give
            them; an empty span, such as that of a special token or of padding, is in no segment.

    Returns:
        (T,) indices of segments, in [0, S); -1 for a token in none, such as white space between.

    >>> token_segments([Segment(0, 5), Segment(7, 9)], [(0, 4), (4, 6), (6, 7), (6, 9), (9, 9)])
    array([ 0,  0, -1,  1, -1])
    """
    starts, ends = np.asarray(offsets, np.intp).reshape(-1, 2).T
    # One segment behind all, so that "the first that ends behind the token's start" always exists.
    bounds = np.array([(s.start, s.end) for s in segments] + [(_BEYOND, _BEYOND)], np.intp)
    first = np.searchsorted(bounds[:, 1], starts, side="right")
    return np.where((bounds[first, 0] < ends) & (starts < ends), first, NO_SEGMENT)


def discussed(
    response: str, segments: Sequence[Segment], index: TitleIndex, row: int
) -> NDArray[np.bool_]:
    """Whether each segment names an item, by any of its names, with or without its year.

    Source: the reasoning-aware advantage estimation of arXiv 2604.07851. A name that several items
    share counts as each of them.

    Args:
        response: as decoded.
        segments: S segments of it, in reading order.
        index: the names of the catalogue's items.
        row: the item.

    Returns:
        (S,) true where the segment names the item.
    """
    spans = [(m.start, m.end) for m in index.mentions(response) if m.row == row]
    named = np.zeros(len(segments), bool)
    if spans:
        named[token_segments(segments, spans)] = True  # a name is never white space alone
    return named
