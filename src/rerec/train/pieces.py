"""Attention within one row, piece after piece: the way that fits a processor's caches.

Each piece of the row sees the row's beginning up to some token, and itself up to each token: a
block of a prompt sees the blocks before it, an answer sees the prompt and no other answer.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

_BLOCK: int = 128


class Piece(NamedTuple):
    """A run of a row's tokens."""

    start: int
    end: int
    seen: int
    """So many tokens of the row's beginning are seen besides the piece's own; at most `start`."""


def pieces_of(n_prompt: int, lengths: Sequence[int] = ()) -> list[Piece]:
    """A prompt in blocks, then answers that each see the whole prompt.

    >>> pieces_of(200, [5, 7])
    [Piece(start=0, end=128, seen=0), Piece(start=128, end=200, seen=128), \
Piece(start=200, end=205, seen=200), Piece(start=205, end=212, seen=200)]
    """
    starts = range(0, n_prompt, _BLOCK)
    pieces = [Piece(start, min(start + _BLOCK, n_prompt), start) for start in starts]
    end = n_prompt
    for length in lengths:
        pieces.append(Piece(end, end + length, n_prompt))
        end += length
    return pieces


def attend_in_pieces(
    query: Tensor, key: Tensor, value: Tensor, scale: float, pieces: Sequence[Piece]
) -> Tensor:
    """softmax(scale * Q K^T) V, with heads that share keys and values.

    Args:
        query: (H, L, D).
        key: (K, L, D), K dividing H.
        value: (K, L, D).
        scale: factor on the scores.
        pieces: the whole row, in its order.

    Returns:
        (H, L, D).
    """
    kind = query.device.type
    if torch.is_autocast_enabled(kind):
        # As its products would be; but what they hand back would not fit what is kept of them.
        dtype = torch.get_autocast_dtype(kind)
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    return _Pieces.apply(query, key, value, scale, pieces)


class _Pieces(torch.autograd.Function):
    """Forward and backward piece by piece.

    Left to autograd, the gradient of each slice is written into a whole row of zeros of its own,
    and all of these are added up.
    """

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float, pieces: Sequence[Piece]
    ) -> Tensor:
        ctx.scale, ctx.pieces = scale, pieces
        read, kept = _row_like(query), []
        for piece in pieces:
            scores = _asked(query, key, piece, scale) @ _seen(key, piece).mT
            weights = _without_later(scores, piece).softmax(-1)
            _put(read, piece, weights @ _seen(value, piece))
            kept.append(weights)
        ctx.save_for_backward(query, key, value, *kept)
        return read

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, *kept = ctx.saved_tensors
        to_query, to_key, to_value = _row_like(query), torch.zeros_like(key), torch.zeros_like(key)
        for piece, weights in zip(ctx.pieces, kept, strict=True):
            onto = _asked(given[0], key, piece, 1.0)
            _add(to_value, piece, weights.mT @ onto)
            scores = torch._softmax_backward_data(
                onto @ _seen(value, piece).mT, weights, -1, weights.dtype
            )
            _put(to_query, piece, (scores @ _seen(key, piece)).mul_(ctx.scale))
            _add(to_key, piece, scores.mT @ _asked(query, key, piece, ctx.scale))
        return to_query, to_key, to_value, None, None


def _row_like(query: Tensor) -> Tensor:
    """(H, L, D), empty, with a token's heads side by side: what products of weights take."""
    heads, length, width = query.shape
    return query.new_empty(length, heads, width).transpose(0, 1)


def _asked(query: Tensor, key: Tensor, piece: Piece, scale: float) -> Tensor:
    """(K, H / K * T, D), the queries of a piece of T tokens by the keys that they ask."""
    asked = query[:, piece.start : piece.end] * scale
    return asked.reshape(len(key), -1, query.shape[-1])


def _without_later(scores: Tensor, piece: Piece) -> Tensor:
    """Hide from each token of a piece those behind it, in place: (K, H / K * T, S + T)."""
    n = piece.end - piece.start
    later = torch.ones(n, n, dtype=torch.bool, device=scores.device).triu(1)
    scores.unflatten(1, (-1, n))[..., piece.seen :].masked_fill_(later, -torch.inf)
    return scores


def _seen(states: Tensor, piece: Piece) -> Tensor:
    """(K, S + T, D), what a piece sees."""
    if piece.seen == piece.start:
        return states[:, : piece.end]
    return torch.cat([states[:, : piece.seen], states[:, piece.start : piece.end]], dim=1)


def _put(row: Tensor, piece: Piece, values: Tensor) -> None:
    """Write (K, H / K * T, D) into a piece of (H, L, D)."""
    row[:, piece.start : piece.end] = values.reshape(len(row), -1, row.shape[-1])


def _add(row: Tensor, piece: Piece, values: Tensor) -> None:
    """Add (K, S + T, D) to what a piece sees of (K, L, D)."""
    row[:, : piece.seen] += values[:, : piece.seen]
    row[:, piece.start : piece.end] += values[:, piece.seen :]
