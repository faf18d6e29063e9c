"""Shared-prompt attention against plain attention over whole, unpadded rows."""

import math

import pytest
import torch
from torch import Tensor
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from rerec.train import pieces
from rerec.train.attention import SHARED, Tree, attend

WIDTH = 8
SCALE = 1 / math.sqrt(WIDTH)


def plain(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention of one row by the textbook: (H, L, D) from (H, L, D), (K, M, D), (K, M, D).

    The queries are those of the last L of M positions.
    """
    repeat = query.shape[0] // key.shape[0]
    key, value = key.repeat_interleave(repeat, 0), value.repeat_interleave(repeat, 0)
    scores = query @ key.transpose(1, 2) * SCALE
    n, m = scores.shape[1:]
    later = torch.arange(m)[None] > torch.arange(m - n, m)[:, None]
    return scores.masked_fill(later, -math.inf).softmax(-1) @ value


def heads_of(n: int, length: int, seed: int) -> Tensor:
    """(1, n, length, WIDTH), strided as transformers hands them over."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(1, length, n, WIDTH, generator=generator)
    return drawn.requires_grad_().transpose(1, 2)


@pytest.mark.parametrize(("heads", "n_kv"), [(4, 4), (4, 2), (6, 1)])
@pytest.mark.parametrize("lengths", [[3, 1, 5], [4], [2, 2]])
@pytest.mark.parametrize("way", ["_in_turn", "_at_once"])
def test_a_tree_attends_as_each_answer_would_behind_a_prompt_of_its_own(
    heads: int, n_kv: int, lengths: list[int], way: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Tree, "_in_turn", getattr(Tree, way))  # what a processor takes
    monkeypatch.setattr(pieces, "_BLOCK", 3)  # the prompt's 7 tokens take three blocks
    n_prompt, length = 7, 7 + sum(lengths)
    parts = [heads_of(n, length, seed) for seed, n in enumerate((heads, n_kv, n_kv))]
    query, key, value = parts
    tree = Tree.of(n_prompt, lengths, torch.device("cpu"))
    found = tree.attend(0, query, key, value, SCALE)

    wanted = [plain(query[0, :, :n_prompt], key[0, :, :n_prompt], value[0, :, :n_prompt])]
    start = n_prompt
    for n in lengths:
        row = [*range(n_prompt), *range(start, start + n)]
        wanted.append(plain(query[0, :, row[n_prompt:]], key[0, :, row], value[0, :, row]))
        start += n
    expected = torch.cat(wanted, dim=1)[None]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(9))
    ours = torch.autograd.grad((found * weights).sum(), parts)
    theirs = torch.autograd.grad((expected * weights).sum(), parts)
    for gradient, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, reference, atol=1e-5, rtol=0)


def test_a_tree_is_laid_out_by_hand():
    # Row: prompt 0 1 2 | first answer 3 4 | second answer 5
    tree = Tree.of(3, [2, 1], torch.device("cpu"))
    assert tree.positions().tolist() == [[0, 1, 2, 3, 4, 3]]
    assert tree.keep.tolist() == [2, 3, 2]  # the prompt's last token speaks both first tokens
    assert tree.places.tolist() == [[3, 4], [5, 3]]
    assert tree.filled.tolist() == [[True, True], [True, False]]


def test_without_a_shared_prompt_it_is_plain_sdpa():
    query, key, value = (heads_of(4, 6, seed) for seed in range(3))
    module = torch.nn.Module()
    found, _ = attend(module, query, key, value, None, scaling=SCALE)
    wanted, _ = sdpa_attention_forward(module, query, key, value, None, scaling=SCALE)
    assert torch.equal(found, wanted)


def test_a_model_with_it_reads_left_padded_rows_as_before(llama):
    ids = torch.tensor([[0, 0, 5, 6, 7], [3, 4, 5, 6, 7]])
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    before = llama()(input_ids=ids, attention_mask=mask).logits
    model = llama()
    model.set_attn_implementation(SHARED)
    after = model(input_ids=ids, attention_mask=mask).logits
    assert torch.equal(before, after)
