"""Prompts read alone and read together keep the same of them."""

import pytest
import torch

from rerec.train.attention import SHARED
from rerec.train.beginnings import Beginning
from rerec.train.lean_forward import LeanForward
from rerec.train.reading import padded, read_alone, read_families, read_prompts, read_together

PROMPTS = [[3, 4, 5, 6, 7], [8, 9], [11, 12, 13, 14, 15, 16, 17, 18], [20]]


@pytest.mark.parametrize("n_kv", [2, 4])
@torch.inference_mode()
def test_a_batch_keeps_what_each_prompt_alone_does(llama, n_kv: int):
    model = llama(n_kv=n_kv).eval()
    model.set_attn_implementation(SHARED)
    alone, last, logits = read_alone(model, PROMPTS)
    together, its_last, its_logits = read_together(model, PROMPTS)
    assert torch.equal(alone.hidden, together.hidden)
    assert last.tolist() == its_last.tolist() == [4, 1, 7, 0]
    torch.testing.assert_close(logits, its_logits, atol=1e-4, rtol=0)
    shown = (~alone.hidden).expand(-1, n_kv, -1, -1).transpose(2, 3)
    for ours, theirs in zip(
        alone.keys + alone.values, together.keys + together.values, strict=True
    ):
        torch.testing.assert_close(ours * shown, theirs * shown, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_a_prompt_ends_in_the_logits_of_a_plain_forward(llama):
    model = llama().eval()
    wanted = [model(input_ids=torch.tensor([prompt])).logits[0, -1] for prompt in PROMPTS]
    model.set_attn_implementation(SHARED)
    _, _, logits = read_prompts(model, PROMPTS)
    torch.testing.assert_close(logits, torch.stack(wanted), atol=1e-4, rtol=0)


def test_padding_stands_on_the_left_by_hand(llama):
    ids, read = padded(llama(), [[3, 4, 5], [6]])
    assert ids.tolist() == [[3, 4, 5], [0, 0, 6]]
    assert read.tolist() == [[1, 1, 1], [0, 0, 1]]


FAMILIES = [
    Beginning([3, 4, 5, 6, 7], [0, 1, 2], [[8, 9], [10], [11, 12, 13]]),
    Beginning([20, 21], [3, 4], [[22], [23, 24, 25, 26]]),
]


@pytest.mark.parametrize("n_kv", [2, 4])
@torch.inference_mode()
def test_a_family_keeps_what_each_of_its_prompts_alone_does(llama, n_kv: int):
    model = llama(n_kv=n_kv).eval()
    model.set_attn_implementation(SHARED)
    lean = LeanForward.of(model)
    assert lean is not None
    prefix, read = read_families(lean, FAMILIES, model.device)
    assert (~prefix.hidden).sum(-1).view(-1).tolist() == [5, 2]
    for slot, (beginning, family) in enumerate(zip(FAMILIES, read, strict=True)):
        n = len(beginning.shared)
        for row, rest in enumerate(beginning.rests):
            alone, last, logits = read_alone(model, [[*beginning.shared, *rest]])
            assert family.positions[row] == last[0]
            torch.testing.assert_close(family.logits[row], logits[0], atol=1e-4, rtol=0)
            for layer, (keys, values) in enumerate(family.rests[row]):
                whole = torch.cat([prefix.keys[layer][slot, :, -n:], keys], 1)
                torch.testing.assert_close(whole, alone.keys[layer][0], atol=1e-4, rtol=0)
                whole = torch.cat([prefix.values[layer][slot, :, -n:], values], 1)
                torch.testing.assert_close(whole, alone.values[layer][0], atol=1e-4, rtol=0)
