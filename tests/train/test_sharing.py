"""Log-probabilities from tree rows against TRL's own, computed row by row."""

import inspect
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import LlavaConfig, MistralConfig, Qwen2Config
from trl import GRPOTrainer
from trl.trainer.utils import add_fused_lm_head

from rerec.train.sharing import can_share, groups_of, prepare_sharing, shared_logps

PROMPTS = [[3, 4, 5, 6, 7], [8, 9], [3, 4, 5, 6, 8]]
ANSWERS = [[[10, 11, 12], [13], [10, 11, 12, 14]], [[20, 21]], [[30], [31, 32]]]
N_PROMPT, N_ANSWER = 5, 4


def batch() -> tuple[Tensor, Tensor]:
    """(B, P + C) ids and mask: prompts padded on the left, answers on the right."""
    ids, mask = [], []
    for prompt, answers in zip(PROMPTS, ANSWERS, strict=True):
        for answer in answers:
            left, right = N_PROMPT - len(prompt), N_ANSWER - len(answer)
            ids.append([0] * left + prompt + answer + [0] * right)
            mask.append([0] * left + [1] * (len(prompt) + len(answer)) + [0] * right)
    return torch.tensor(ids), torch.tensor(mask)


def stock(model: Any, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What TRL's trainer computes."""
    trainer = SimpleNamespace(accelerator=SimpleNamespace(autocast=nullcontext))
    compute = inspect.unwrap(GRPOTrainer._get_per_token_logps_and_entropies)
    logps, entropies, _ = compute(trainer, model, ids, mask, N_ANSWER, compute_entropy=True)
    return logps, entropies


def policy(llama: Any, kind: str) -> Any:
    """A model as TRL's trainer holds it: with the fused head, and under PEFT if wanted."""
    model = llama(n_kv=4 if kind == "all heads" else 2)
    if kind == "lora":
        torch.manual_seed(3)
        config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
        model = get_peft_model(model, config)
    base: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    add_fused_lm_head(base, temperature=0.7, outputs=("log_probs", "entropy"))
    return model


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("kind", ["all heads", "grouped heads", "lora"])
def test_tree_rows_give_the_log_probabilities_and_gradients_of_trl(llama, kind: str, at_once: bool):
    ids, mask = batch()
    theirs, ours = policy(llama, kind), policy(llama, kind)
    wanted, wanted_entropies = stock(theirs, ids, mask)
    prepare_sharing(ours)
    found, entropies = shared_logps(ours, ids, mask, N_ANSWER, entropy=True, at_once=at_once)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(entropies, wanted_entropies, atol=1e-5, rtol=0)
    assert entropies is not None
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(2))
    (wanted * weights + wanted_entropies).sum().backward()
    (found * weights + entropies).sum().backward()
    trained = [(p, q) for p, q in zip(theirs.parameters(), ours.parameters(), strict=True)]
    assert sum(p.requires_grad for p, _ in trained) > 10
    for reference, parameter in trained:
        if reference.requires_grad:
            size = reference.grad.abs().max()
            torch.testing.assert_close(parameter.grad, reference.grad, atol=1e-5 * size, rtol=1e-4)


def test_an_answer_that_is_masked_whole_gives_zeros_and_changes_no_other(llama):
    ids, mask = batch()
    model = policy(llama, "grouped heads")
    prepare_sharing(model)
    before, _ = shared_logps(model, ids, mask, N_ANSWER, entropy=False)
    mask[1, N_PROMPT:] = 0
    after, none = shared_logps(model, ids, mask, N_ANSWER, entropy=False)
    assert none is None
    assert after[1].tolist() == [0, 0, 0, 0]
    others = [0, 2, 3, 4, 5]
    torch.testing.assert_close(after[others], before[others], atol=1e-6, rtol=0)


def noted(model: Any) -> list[tuple[int, ...]]:
    """The shapes of the token ids that pass through a model from now on."""
    passes: list[tuple[int, ...]] = []
    model.register_forward_pre_hook(
        lambda _, __, kwargs: passes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    return passes


def test_idle_rows_give_zeros_and_change_no_other(llama):
    ids, mask = batch()
    model = policy(llama, "grouped heads")
    prepare_sharing(model)
    before, entropies = shared_logps(model, ids, mask, N_ANSWER, entropy=True)
    passes = noted(model)
    idle = torch.tensor([True, False, True, True, False, False])
    after, others = shared_logps(model, ids, mask, N_ANSWER, entropy=True, idle=idle)
    assert passes == [
        (1, 5 + 1),
        (1, 2 + 2),
        (1, 5 + 3),
    ]  # the second group has an idle row alone, and passes
    assert entropies is not None
    assert others is not None
    assert not after[[0, 2]].any()
    busy = [1, 3, 4, 5]
    torch.testing.assert_close(after[busy], before[busy], atol=1e-6, rtol=0)
    torch.testing.assert_close(others[busy], entropies[busy], atol=1e-6, rtol=0)


def test_groups_that_are_idle_whole_are_left_out_of_a_batch(llama):
    ids, mask = batch()
    model = policy(llama, "grouped heads")
    prepare_sharing(model)
    before, _ = shared_logps(model, ids, mask, N_ANSWER, entropy=False)
    passes = noted(model)

    def busy(*rows: int) -> Tensor:
        idle = torch.ones(len(ids), dtype=torch.bool)
        idle[list(rows)] = False
        after, _ = shared_logps(model, ids, mask, N_ANSWER, entropy=False, idle=idle, at_once=True)
        torch.testing.assert_close(after[list(rows)], before[list(rows)], atol=1e-6, rtol=0)
        return after

    assert not busy(1, 4, 5)[[0, 2, 3]].any()
    assert passes == [(2, 8)]  # two groups, padded to eight tokens
    busy(4, 5)
    busy()  # one row passes all the same: other processes may wait for it
    assert passes == [(2, 8), (1, 8), (1, 8)]


def test_neighbouring_rows_with_the_same_prompt_are_a_group():
    ids, mask = batch()
    assert groups_of(ids[:, :N_PROMPT], mask[:, :N_PROMPT]) == [(0, 3), (3, 4), (4, 6)]
    # The same tokens, once as padding and once as prompt, are two prompts.
    prompts = torch.tensor([[0, 5], [0, 5], [0, 5]])
    assert groups_of(prompts, torch.tensor([[0, 1], [0, 1], [1, 1]])) == [(0, 2), (2, 3)]


def test_two_groups_of_one_prompt_stay_two_where_the_size_is_told():
    """As many passes as groups, whatever they ask: other processes may wait in each."""
    ids = torch.full((6, 3), 5)
    assert groups_of(ids, torch.ones_like(ids)) == [(0, 6)]
    assert groups_of(ids, torch.ones_like(ids), 3) == [(0, 3), (3, 6)]
    assert groups_of(ids[:4], torch.ones_like(ids[:4]), 8) == [(0, 4)]  # a piece of a group


def config_of(kind: type[Any], **settings: Any) -> Any:
    config = kind(**settings)
    config._attn_implementation = "sdpa"
    return SimpleNamespace(config=config)


def test_a_model_that_cannot_share_says_why(llama):
    assert can_share(llama()) is None
    assert can_share(config_of(Qwen2Config, sliding_window=8, use_sliding_window=False)) is None
    assert "slides" in str(can_share(config_of(MistralConfig, sliding_window=8)))
    mixed = ["full_attention", "sliding_attention"]
    layers = config_of(Qwen2Config, num_hidden_layers=2, layer_types=mixed)
    assert "mixed (full_attention, sliding_attention)" in str(can_share(layers))
    assert "vision" in str(can_share(config_of(LlavaConfig)))
    flash = llama()
    flash.config._attn_implementation = "flash_attention_2"
    assert "flash_attention_2" in str(can_share(flash))
