"""Attention piece by piece against autograd over the same products."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rerec.train import pieces
from rerec.train.pieces import Piece, attend_in_pieces, pieces_of


def by_mask(query: Tensor, key: Tensor, value: Tensor, scale: float, cut: list[Piece]) -> Tensor:
    """The same over the whole row at once, by a mask that autograd takes part in."""
    repeat = len(query) // len(key)
    visible = torch.zeros(query.shape[1], query.shape[1], dtype=torch.bool)
    for piece in cut:
        for place in range(piece.start, piece.end):
            visible[place, : piece.seen] = True
            visible[place, piece.start : place + 1] = True
    scores = query @ key.repeat_interleave(repeat, 0).mT * scale
    weights = scores.masked_fill(~visible, -torch.inf).softmax(-1)
    return weights @ value.repeat_interleave(repeat, 0)


@given(
    n_prompt=st.integers(1, 12),
    lengths=st.lists(st.integers(1, 5), max_size=4),
    block=st.integers(1, 13),
    heads=st.sampled_from([(1, 1), (4, 2), (3, 1)]),
    seed=st.integers(0, 99),
)
def test_values_and_gradients_are_those_of_one_masked_product(
    n_prompt: int, lengths: list[int], block: int, heads: tuple[int, int], seed: int
):
    before, pieces._BLOCK = pieces._BLOCK, block
    try:
        cut = pieces_of(n_prompt, lengths)
    finally:
        pieces._BLOCK = before
    draw = torch.Generator().manual_seed(seed)
    n = n_prompt + sum(lengths)
    parts = [
        torch.randn(n, h, 4, generator=draw, dtype=torch.float64).transpose(0, 1).requires_grad_()
        for h in (heads[0], heads[1], heads[1])
    ]
    found, wanted = (way(*parts, 0.3, cut) for way in (attend_in_pieces, by_mask))
    torch.testing.assert_close(found, wanted)
    onto = torch.randn(found.shape, generator=draw, dtype=torch.float64)
    ours, theirs = (torch.autograd.grad((read * onto).sum(), parts) for read in (found, wanted))
    for gradient, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, reference)


def test_pieces_cover_the_row_once():
    cut = pieces_of(300, [7, 1])
    assert [piece.start for piece in cut] == [0, 128, 256, 300, 307]
    assert [piece.end for piece in cut] == [128, 256, 300, 307, 308]
    assert [piece.seen for piece in cut] == [0, 128, 256, 300, 300]
    assert pieces_of(1) == [Piece(0, 1, 0)]


def test_under_autocast_it_computes_and_differentiates_in_what_products_are_computed_in():
    parts = [torch.randn(h, 6, 8).requires_grad_() for h in (4, 2, 2)]
    with torch.autocast("cpu", torch.bfloat16):
        found = attend_in_pieces(*parts, 0.3, pieces_of(4, [2]))
    assert found.dtype == torch.bfloat16
    found.float().sum().backward()
    wanted = attend_in_pieces(*parts, 0.3, pieces_of(4, [2]))
    torch.testing.assert_close(found.float(), wanted, atol=0.05, rtol=0)
    assert all(part.grad is not None and part.grad.dtype == torch.float32 for part in parts)
