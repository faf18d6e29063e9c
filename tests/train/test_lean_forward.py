"""The lean forward against the model's own, for every family that it knows."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import (
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from rerec.train import lean_forward, slots, written
from rerec.train.beginnings import Beginning
from rerec.train.generation import Sampling, generate
from rerec.train.lean_forward import FAMILIES, LeanForward, why_not_lean
from rerec.train.reading import read_alone

SIZES: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.2,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": None,
}
YARN = {"rope_type": "yarn", "rope_theta": 10_000.0, "factor": 4.0}
MODELS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "llama": (LlamaForCausalLM, LlamaConfig, {}),
    "llama, tied, with biases": (
        LlamaForCausalLM,
        LlamaConfig,
        {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
    ),
    "llama, its positions stretched": (
        LlamaForCausalLM,
        LlamaConfig,
        {"rope_parameters": YARN, "max_position_embeddings": 64},
    ),
    "mistral": (MistralForCausalLM, MistralConfig, {"sliding_window": None, "head_dim": 12}),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config, {"use_sliding_window": False}),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {"use_sliding_window": False, "head_dim": 16}),
}
PROMPTS = [[3, 4, 5, 6, 7], [8, 9], [11, 12, 13, 14, 15, 16, 17, 18], [20]]


def made(name: str) -> Any:
    """A random model in float32, its norms and biases away from 1 and 0."""
    kind, config, own = MODELS[name]
    torch.manual_seed(7)
    model = kind(config(**SIZES, **own)).eval()
    for key, parameter in model.named_parameters():
        if "norm" in key or "bias" in key:
            parameter.data += 0.3 * torch.randn_like(parameter)
    return model


def logits_of(model: Any, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """(R, V) what follows each row, by the model's own forward."""
    return torch.cat([model(input_ids=torch.tensor([list(row)])).logits[:, -1] for row in rows])


def test_every_family_is_tested():
    kinds = {config.model_type for _, config, _ in MODELS.values()}
    assert kinds == set(FAMILIES)


@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_prompts_and_tokens_end_in_the_models_own_logits(name: str, monkeypatch):
    model = made(name)
    monkeypatch.setattr(written, "GROWTH", 3)
    monkeypatch.setattr(model, "forward", None)  # nothing is left to it
    begun = [(i, Beginning(prompt, [i])) for i, prompt in enumerate(PROMPTS)]
    rows = slots.Slots(model, begun, 2, max_new_tokens=9, stop_repeats=0)
    texts = [list(prompt) for prompt in PROMPTS for _ in range(2)]
    found = [rows.logits.clone()]
    for token in (30, 31, 32, 33, 34):
        given = token + torch.arange(len(texts))
        rows.take(given, torch.tensor([1]))
        rows.step()
        found.append(rows.logits.clone())
        texts = [[*text, int(t)] for text, t in zip(texts, given, strict=True)]
    monkeypatch.undo()
    for n, logits in enumerate(found):
        begun = [text[: len(text) - 5 + n] for text in texts]
        torch.testing.assert_close(logits, logits_of(model, begun), atol=2e-4, rtol=0)


@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_a_prompt_leaves_the_keys_and_values_that_the_model_leaves(name: str):
    model = made(name)
    model.set_attn_implementation("rerec_shared_prompt")
    lean, _, its_logits = read_alone(model, PROMPTS, LeanForward.of(model))
    own, _, logits = read_alone(model, PROMPTS)
    torch.testing.assert_close(its_logits, logits, atol=1e-4, rtol=0)
    for ours, theirs in zip(lean.keys + lean.values, own.keys + own.values, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_written_follows_weights_that_change(dtype: torch.dtype):
    model = made("llama").to(dtype)
    greedy = Sampling(n=3, max_new_tokens=12)
    before = generate(model, PROMPTS, greedy, stop=[])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(-0.5)
    after = generate(model, PROMPTS, greedy, stop=[])
    model.load_state_dict(made("llama").state_dict())
    assert before != after
    assert generate(model, PROMPTS, greedy, stop=[]) == before


@torch.inference_mode()
def test_weights_are_laid_out_again_only_where_rows_have_ended(monkeypatch):
    asked: list[int] = []
    laid_out = lean_forward.products_of

    def counted(rows: int) -> Any:
        asked.append(rows)
        return laid_out(rows)

    monkeypatch.setattr(lean_forward, "products_of", counted)
    model = made("llama")
    stop = list(range(0, 300, 9))
    found = generate(model, PROMPTS, Sampling(n=1, max_new_tokens=40), stop=stop)
    assert len({len(rows[0]) for rows in found}) > 1
    assert len(asked) > 1
    assert asked == sorted(set(asked), reverse=True)


def neox() -> Any:
    """A model that shares prompts, and is of no family that is known."""
    torch.manual_seed(7)
    sizes = {key: SIZES[key] for key in SIZES if key != "num_key_value_heads"}
    return GPTNeoXForCausalLM(GPTNeoXConfig(**sizes)).eval()


def spread() -> Any:
    """As accelerate leaves a model that it has laid over devices."""
    model = made("llama")
    model.hf_device_map = {"": 0}
    return model


def adapted() -> Any:
    """With an adapter beside every matrix."""
    config = LoraConfig(target_modules="all-linear", r=2)
    return get_peft_model(made("llama"), config).get_base_model()


def otherwise() -> Any:
    """Linear layers of another kind, as quantised ones are."""
    model = made("llama")
    model.model.layers[1].mlp.up_proj.__class__ = type("Quantised", (nn.Linear,), {})
    return model


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (neox, "it is none of llama, mistral, qwen2, qwen3"),
        (spread, "it is spread over devices"),
        (adapted, "it has other layers than its family"),
        (otherwise, "its weights are under an adapter, or quantised"),
        (lambda: made("llama"), None),
    ],
)
def test_other_models_keep_their_own_forward(model: Callable[[], Any], reason: str | None):
    found = model()
    assert why_not_lean(found) == reason
    assert (LeanForward.of(found) is None) == (reason is not None)
