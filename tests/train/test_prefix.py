"""Tokens being written, against plain attention behind a whole, unpadded prompt of their own."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from rerec.train.prefix import Prefix

WIDTH = 8
SCALE = 1 / math.sqrt(WIDTH)
LENGTHS = [5, 2, 4]
"""Tokens of three prompts."""
N_WRITTEN, ROOM = 3, 7


class Case:
    """Random prompts and rows, and what each row should read."""

    def __init__(self, heads: int, n_kv: int, rows: int) -> None:
        generator = torch.Generator().manual_seed(1)

        def drawn(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator)

        self.longest = max(LENGTHS)
        self.keys, self.values = (drawn(3, n_kv, self.longest, WIDTH) for _ in range(2))
        self.query = drawn(rows, 1, heads, WIDTH).transpose(1, 2)
        self.key, self.value = (drawn(rows, n_kv, ROOM, WIDTH) for _ in range(2))
        padding = self.longest - torch.tensor(LENGTHS)
        hidden = (torch.arange(self.longest)[None] < padding[:, None])[:, None, None]
        self.prefix = Prefix([self.keys], [self.values], hidden, N_WRITTEN)

    def found(self, rows: Tensor) -> Tensor:
        """Of some of the rows, (R, H, 1, D)."""
        return self.prefix.attend(0, self.query[rows], self.key[rows], self.value[rows], SCALE)

    def wanted(self, rows: Tensor, prompts: list[int], first: list[int] | None = None) -> Tensor:
        """The same, row by row; `first` is the column where each row's own begin."""
        read = []
        for row, prompt, start in zip(
            rows.tolist(), prompts, first or [0] * len(rows), strict=True
        ):
            real = slice(self.longest - LENGTHS[prompt], self.longest)
            own = slice(start, N_WRITTEN)
            key = torch.cat([self.keys[prompt, :, real], self.key[row, :, own]], dim=1)
            value = torch.cat([self.values[prompt, :, real], self.value[row, :, own]], dim=1)
            query = self.query[row][None]
            read.append(
                scaled_dot_product_attention(
                    query, key[None], value[None], scale=SCALE, enable_gqa=True
                )[0]
            )
        return torch.stack(read)


@pytest.mark.parametrize(("heads", "n_kv"), [(4, 4), (4, 2), (6, 1)])
@pytest.mark.parametrize("n", [1, 3])
def test_a_row_attends_as_behind_its_own_unpadded_prompt(heads: int, n_kv: int, n: int):
    case, everything = Case(heads, n_kv, 3 * n), torch.arange(3 * n)
    prompts = [0] * n + [1] * n + [2] * n
    wanted = case.wanted(everything, prompts)
    torch.testing.assert_close(case.found(everything), wanted, atol=1e-5, rtol=0)
    case.prefix.keep(torch.tensor([0, 2]))
    left = torch.cat([everything[:n], everything[2 * n :]])
    wanted = case.wanted(left, [0] * n + [2] * n)
    torch.testing.assert_close(case.found(left), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("heads", "n_kv"), [(4, 4), (4, 2), (6, 1)])
@pytest.mark.parametrize("prompts", [[0, 1, 1, 1, 2, 2], [0, 0, 1, 2], [0, 0, 1, 1, 2, 2]])
def test_prompts_may_have_more_rows_and_fewer(heads: int, n_kv: int, prompts: list[int]):
    case, rows = Case(heads, n_kv, len(prompts)), torch.arange(len(prompts))
    case.prefix.arrange(torch.tensor(prompts))
    wanted = case.wanted(rows, prompts)
    torch.testing.assert_close(case.found(rows), wanted, atol=1e-5, rtol=0)
    first = [row % N_WRITTEN for row in range(len(prompts))]
    foreign = torch.arange(ROOM)[None] < torch.tensor(first)[:, None]
    case.prefix.foreign = foreign[:, None, None]
    wanted = case.wanted(rows, prompts, first)
    torch.testing.assert_close(case.found(rows), wanted, atol=1e-5, rtol=0)


def test_an_arrangement_by_hand():
    prefix: Any = Case(4, 2, 4).prefix
    prefix.arrange(torch.tensor([0, 0, 1, 2]))
    assert prefix.rows.tolist() == [[0, 1], [2, 2], [3, 3]]
    assert prefix.places.tolist() == [0, 1, 2, 4]
    prefix.arrange(torch.tensor([0, 0, 1, 1, 2, 2]))
    assert (prefix.rows, prefix.places) == (None, None)
