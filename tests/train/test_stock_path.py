"""Where prompts cannot be shared, or sharing is wrong, TRL's own path is taken, and said once."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from datasets import Dataset
from torch import Tensor
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerBase,
)
from trl import GRPOConfig, GRPOTrainer

from rerec.settings import Recipe
from rerec.train import lean_forward
from rerec.train.attention import Tree
from rerec.train.prefix import Prefix
from rerec.train.rft import rft
from rerec.train.trainer import ReRecTrainer

GROUP = 4
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.2,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": None,
    "sliding_window": 8,
}
ASKED = Dataset.from_list(
    [
        {"query_id": f"q{n}", "prompt": [{"role": "user", "content": "Heat, please. " * n}]}
        for n in (1, 2)
    ]
)


def sliding(n_words: int) -> MistralForCausalLM:
    """All layers look back eight tokens."""
    torch.manual_seed(0)
    return MistralForCausalLM(MistralConfig(vocab_size=n_words, **SIZES))


def mixed(n_words: int) -> Gemma3ForCausalLM:
    """One layer looks back eight tokens, the other to the start."""
    torch.manual_seed(0)
    layers = ["sliding_attention", "full_attention"]
    return Gemma3ForCausalLM(Gemma3TextConfig(vocab_size=n_words, layer_types=layers, **SIZES))


class Lengths:
    """A response earns its length, less the mean of its group."""

    def rewards(self, _: Sequence[str], responses: Sequence[str]) -> list[float]:
        self._last = [len(response) / 20 for response in responses]
        return self._last

    def advantages(self, _: Tensor, completion_mask: Tensor) -> Tensor:
        rewards = torch.tensor(self._last).view(-1, GROUP)
        return (rewards - rewards.mean(1, keepdim=True)).view(-1, 1) * completion_mask

    def metrics(self) -> dict[str, float]:
        return {}


def of_trl(completions: Any, **_: Any) -> list[float]:
    return Lengths().rewards([], [completion[0]["content"] for completion in completions])


class Reseeded:
    """TRL shuffles rows with torch's own generator: draws after it would differ."""

    state: Any

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        torch.manual_seed(1000 + self.state.global_step)
        written: Any = super()
        return written._generate_single_turn(*args, **kwargs)


class Theirs(Reseeded, GRPOTrainer): ...


class Ours(Reseeded, ReRecTrainer): ...


@pytest.mark.parametrize("model", [sliding, mixed])
def test_a_model_that_cannot_share_takes_the_steps_of_trl(
    model: Callable[[int], Any], tokenizer: PreTrainedTokenizerBase, tmp_path: Path
):
    table: dict[str, Any] = {
        "max_steps": 2, "optim": "sgd", "learning_rate": 0.3, "logging_steps": 1,
        "per_device_train_batch_size": 2 * GROUP, "num_generations": GROUP,
        "max_completion_length": 12, "scale_rewards": "none", "bf16": False, "use_cpu": True,
        "gradient_checkpointing": False, "report_to": [], "save_strategy": "no",
        "shuffle_dataset": False, "disable_tqdm": True,
    }  # fmt: skip
    more: dict[str, Any] = {
        "args": GRPOConfig(output_dir=str(tmp_path), **table),
        "train_dataset": ASKED,
        "processing_class": tokenizer,
    }
    ours = Ours(model(len(tokenizer)), crediting=cast("Any", Lengths()), **more)
    theirs = Theirs(model(len(tokenizer)), cast("Any", of_trl), **more)
    assert not ours.shares
    assert ours.sharing_note == "prompts are not shared: its attention slides"
    for trainer in (ours, theirs):
        trainer.train()
    for our, their in zip(ours.state.log_history[:2], theirs.state.log_history[:2], strict=True):
        assert their["grad_norm"] > 1e-3
        for name in ("loss", "grad_norm", "reward", "entropy"):
            assert our[name] == pytest.approx(their[name], rel=1e-5, abs=1e-7)


def first_step(out: Path) -> dict[str, float]:
    rows = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return next(row for row in rows if row["kind"] == "train")


def test_a_run_with_such_a_model_says_so_once(
    recipe: Callable[..., Recipe], tokenizer: PreTrainedTokenizerBase, tmp_path: Path
):
    sliding(len(tokenizer)).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    short = {"max_steps": 1, "validate_every": 1, "num_generations": 4}
    wanted = recipe(model={"name": str(tmp_path / "model")}, train=short)
    said: list[str] = []
    rft(wanted, out=tmp_path / "run", progress=said.append)
    assert [line for line in said if "not shared" in line] == [
        "prompts are not shared: its attention slides"
    ]
    assert first_step(tmp_path / "run")["step"] == 1


@pytest.mark.parametrize("bf16", [False, True])
def test_sampling_that_our_writer_does_not_know_is_said_once(
    recipe: Callable[..., Recipe], tmp_path: Path, bf16: bool
):
    """In bfloat16 too, where an adapter in float32 lies on weights that are not."""
    said: list[str] = []
    short = {"max_steps": 1, "validate_every": 1, "top_k": 3, "bf16": bf16}
    rft(recipe(train=short), out=tmp_path / "run", progress=said.append)
    assert [line.partition(":")[0] for line in said].count("TRL writes the responses") == 1


def test_sharing_that_is_wrong_is_found_at_the_first_step_and_not_used(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    short = {"max_steps": 2, "validate_every": 2, "num_generations": 4, "bf16": False}
    said: list[str] = []
    rft(recipe(train=short), out=tmp_path / "right", progress=said.append)
    assert not [line for line in said if "not shared" in line]

    def running_on(tree: Tree) -> Tensor:  # as if the answers stood one behind the other
        return torch.arange(tree.n_prompt + int(tree.filled.sum()))[None]

    monkeypatch.setattr(Tree, "positions", running_on)
    rft(recipe(train=short), out=tmp_path / "wrong", progress=said.append)
    (told,) = [line for line in said if "not shared" in line]
    assert told.startswith("prompts are not shared: log-probabilities differed by")
    right, wrong = first_step(tmp_path / "right"), first_step(tmp_path / "wrong")
    for name in ("loss", "grad_norm", "reward"):
        assert wrong[name] == pytest.approx(right[name], rel=1e-4, abs=1e-7)
    assert right["grad_norm"] > 1e-3


def test_writing_that_is_wrong_is_found_before_the_first_response_and_left_to_trl(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    short = {"max_steps": 2, "validate_every": 2, "num_generations": 4, "bf16": False}
    said: list[str] = []
    rft(recipe(train=short), out=tmp_path / "right", progress=said.append)
    assert not [line for line in said if "TRL writes" in line]
    attend = Prefix.attend

    def forgetful(self: Prefix, layer: int, *states: Any) -> Tensor:
        query, key, value, scale = states
        return attend(self, layer, query, key, torch.zeros_like(value), scale)

    monkeypatch.setattr(Prefix, "attend", forgetful)
    rft(recipe(train=short), out=tmp_path / "wrong", progress=said.append)
    (told,) = [line for line in said if "TRL writes" in line]
    assert told.startswith("TRL writes the responses: our own writer took tokens up to")
    assert first_step(tmp_path / "wrong")["step"] == 1


def test_a_model_of_another_family_writes_by_its_own_forward_and_the_same(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    short = {"max_steps": 2, "validate_every": 2, "num_generations": 4, "bf16": False}
    said: list[str] = []
    rft(recipe(train=short), out=tmp_path / "lean", progress=said.append)
    assert not [line for line in said if "own forward" in line]
    monkeypatch.setattr(lean_forward, "FAMILIES", ("another",))
    rft(recipe(train=short), out=tmp_path / "own", progress=said.append)
    assert [line for line in said if "own forward" in line] == [
        "responses are written by the model's own forward, in more steps: it is none of another"
    ]
    lean, own = first_step(tmp_path / "lean"), first_step(tmp_path / "own")
    for name in ("loss", "grad_norm", "reward"):
        assert own[name] == pytest.approx(lean[name], rel=1e-4, abs=1e-7)
