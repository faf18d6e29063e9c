"""Is it still GRPO, and does it learn? Ours against TRL's trainer on a handful of words."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

from rerec.credit.forks import fork_advantages
from rerec.errors import SettingsError
from rerec.train import shared_writing
from rerec.train.engine import CHECKPOINTING
from rerec.train.trainer import ReRecTrainer, Speed

GROUP = 4
Words = PreTrainedTokenizerFast
Worth = Callable[[str, str], float]
"""What a response to a query earns."""

PROMPTS = Dataset.from_list(
    [
        {"query_id": f"q{n}", "prompt": [{"role": "user", "content": " ".join(["w5", "w9"] * n)}]}
        for n in (1, 2, 3, 4)
    ]
)


@pytest.fixture(scope="module")
def words() -> PreTrainedTokenizerFast:
    """Twenty words and an end."""
    known = {word: place for place, word in enumerate(["<pad>", "<end>", "<unk>", "user", "now"])}
    known |= {f"w{n}": len(known) + n for n in range(15)}
    made = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<end>",
        pad_token="<pad>",
        unk_token="<unk>",
        chat_template="{% for m in messages %}user {{ m.content }} {% endfor %}now",
    )


@pytest.fixture
def folder(llama: Any, words: Words, tmp_path: Path) -> Path:
    """The tiny model in a folder of its own: TRL loads a full model's reference from there."""
    llama(vocabulary=len(words)).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def policy(folder: Path, *, lora: bool) -> Any:
    model = LlamaForCausalLM.from_pretrained(folder)
    if not lora:
        return model
    torch.manual_seed(1)
    return get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", lora_alpha=8))


class Even:
    """Credit as plain GRPO gives it: a response's reward less its group's mean, on every token."""

    def __init__(self, worth: Worth, *, times: float = 1.0) -> None:
        self._worth, self._times = worth, times
        self._last: list[float] = []

    def rewards(self, query_ids: Sequence[str], responses: Sequence[str]) -> list[float]:
        self._last = [self._worth(q, r) for q, r in zip(query_ids, responses, strict=True)]
        return self._last

    def advantages(self, completion_ids: Tensor, completion_mask: Tensor) -> Tensor:
        assert len(completion_ids) == len(self._last)
        rewards = torch.tensor(self._last).view(-1, GROUP)
        centred = (rewards - rewards.mean(1, keepdim=True)).view(-1, 1)
        return self._times * centred * completion_mask

    def metrics(self) -> dict[str, float]:
        return {}


class Reseeded:
    """Answers are drawn from a seed of the step's own.

    TRL shuffles the rows of a generation batch, with torch's global generator: the draws after it
    would differ from ours, which keeps a group's rows together.
    """

    state: Any

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        torch.manual_seed(1000 + self.state.global_step)
        written: Any = super()
        return written._generate_single_turn(*args, **kwargs)


class Theirs(Reseeded, GRPOTrainer): ...


class Ours(Reseeded, ReRecTrainer): ...


def settings(out: Path, **more: Any) -> GRPOConfig:
    """Two micro-batches of one group each; TRL shuffles rows between them.

    That does not matter to the losses, which are sums over rows with a divisor that is the same for
    both micro-batches. Plain SGD: Adam would blow up the rounding of a gradient that is nearly 0.
    """
    table: dict[str, Any] = {
        "output_dir": str(out), "max_steps": 5, "optim": "sgd", "learning_rate": 0.3,
        "lr_scheduler_type": "constant", "seed": 0, "logging_steps": 1,
        "per_device_train_batch_size": GROUP, "gradient_accumulation_steps": 2,
        "num_generations": GROUP, "max_completion_length": 8, "scale_rewards": "none",
        "bf16": False, "use_cpu": True, "report_to": [], "save_strategy": "no",
        "disable_tqdm": True, CHECKPOINTING: False,
    }  # fmt: skip
    return GRPOConfig(**(table | more))


def history(trainer: GRPOTrainer) -> list[dict[str, float]]:
    """Train; what was logged at each step."""
    trainer.train()
    return [row for row in trainer.state.log_history if "grad_norm" in row]


def varied(query_id: str, response: str) -> float:
    """Differs between responses, and more where they are longer, so that a loss is not just 0."""
    return 0.3 * response.count("w3") + 0.1 * response.count("w") + (query_id == "q2")


def of_trl(worth: Worth) -> Any:
    def reward(completions: Any, query_id: Any, **_: Any) -> list[float]:
        texts = [completion[0]["content"] for completion in completions]
        return [worth(q, text) for q, text in zip(query_id, texts, strict=True)]

    return reward


ONE_BATCH = {"per_device_train_batch_size": 2 * GROUP, "gradient_accumulation_steps": 1}
"""Means over the tokens of a micro-batch (entropy, KL) depend on which rows are in it."""
AGAIN = {CHECKPOINTING: True}
CASES = {
    "grpo": ({"loss_type": "grpo"}, False),
    "dapo": ({"loss_type": "dapo"}, False),
    "dr_grpo, every batch used twice": ({"loss_type": "dr_grpo", "num_iterations": 2}, False),
    "full, against a reference": ({"loss_type": "grpo", "beta": 0.05, **ONE_BATCH}, False),
    "entropy bonus": ({"loss_type": "dapo", "entropy_coef": 0.05, **ONE_BATCH}, False),
    "lora": ({"loss_type": "dapo"}, True),
    "lora, against its reference": ({"loss_type": "dr_grpo", "beta": 0.05, **ONE_BATCH}, True),
    "grpo, activations computed again": ({"loss_type": "grpo", **AGAIN}, False),
    "dapo, activations computed again, lora": ({"loss_type": "dapo", **AGAIN}, True),
    "dr_grpo, activations computed again, against its reference": (
        {"loss_type": "dr_grpo", "beta": 0.05, **AGAIN, **ONE_BATCH},
        True,
    ),
}
QUICK = ("grpo", "dapo", "lora")
"""The others are slow tests, as are all of them in two processes."""


@pytest.mark.parametrize(
    "case",
    [case if case in QUICK else pytest.param(case, marks=pytest.mark.slow) for case in CASES],
)
def test_with_even_credit_it_takes_the_steps_of_trl(
    case: str, folder: Path, words: Words, tmp_path: Path
):
    more, lora = CASES[case]
    shared: dict[str, Any] = {"train_dataset": PROMPTS, "processing_class": words}
    theirs = history(
        Theirs(
            policy(folder, lora=lora),
            of_trl(varied),
            args=settings(tmp_path / "theirs", **more),
            **shared,
        )
    )
    ours = history(
        Ours(
            policy(folder, lora=lora),
            args=settings(tmp_path / "ours", **more),
            crediting=Even(varied),
            speed=Speed(share_in_generation=False),
            **shared,
        )
    )
    assert len(ours) == len(theirs) == 5
    names = ["loss", "grad_norm", "reward", "completions/mean_length"]
    names += ["entropy"] if ONE_BATCH.items() <= more.items() else []
    names += ["kl"] if "beta" in more else []
    for our, their in zip(ours, theirs, strict=True):
        known = [name for name in names if name in their]  # a batch used again has no new reward
        assert {name: our[name] for name in known} == pytest.approx(
            {name: their[name] for name in known}, rel=1e-5, abs=1e-6
        )
    norms = [row["grad_norm"] for row in ours]
    assert min(norms) > 1e-3
    assert len({round(norm, 3) for norm in norms}) > 1
    if "beta" in more:
        assert ours[-1]["kl"] > 1e-5


def test_doubled_credit_takes_other_steps(folder: Path, words: Words, tmp_path: Path):
    def norms(times: float) -> list[float]:
        trainer = Ours(
            policy(folder, lora=False),
            args=settings(tmp_path, max_steps=2),
            crediting=Even(varied, times=times),
            speed=Speed(share_in_generation=False),
            train_dataset=PROMPTS,
            processing_class=words,
        )
        return [row["grad_norm"] for row in history(trainer)]

    once, twice = norms(1.0), norms(2.0)
    assert twice[0] == pytest.approx(2 * once[0], rel=1e-5)
    assert twice[1] != pytest.approx(once[1], rel=1e-2)


class Counted(ReRecTrainer):
    """Counts the passes through the model that a step is computed from."""

    n_passes = 0

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        self.n_passes += 1
        return super()._get_per_token_logps_and_entropies(*args, **kwargs)


def flat_for_one(query_id: str, response: str) -> float:
    """Of two queries in a step about one is flat: all its responses are worth the same."""
    return 0.5 if query_id in ("q1", "q2") else varied(query_id, response)


@pytest.mark.parametrize(
    ("more", "saved"),
    [
        ({"loss_type": "dapo"}, True),
        *(
            pytest.param({"loss_type": loss}, True, marks=pytest.mark.slow)
            for loss in ("grpo", "dr_grpo", "bnpo")
        ),
        ({"beta": 0.05}, False),
    ],
)
def test_leaving_out_groups_without_advantage_changes_nothing(
    more: dict[str, Any], saved: bool, folder: Path, words: Words, tmp_path: Path
):
    def run(skip: bool) -> Counted:
        trainer = Counted(
            policy(folder, lora=False),
            args=settings(tmp_path, **more),
            crediting=Even(flat_for_one),
            speed=Speed(skip_dead_groups=skip),
            train_dataset=PROMPTS,
            processing_class=words,
        )
        trainer.train()
        return trainer

    fast, slow = run(True), run(False)
    assert (fast.n_passes < slow.n_passes) == saved
    for row, other in zip(fast.state.log_history[:-1], slow.state.log_history[:-1], strict=True):
        for name in ("loss", "grad_norm"):
            assert row[name] == pytest.approx(other[name], rel=1e-5, abs=1e-7)
    pairs = zip(fast.model.parameters(), slow.model.parameters(), strict=True)
    for parameter, other in pairs:
        torch.testing.assert_close(parameter, other, rtol=1e-5, atol=1e-6)


class OnlyGains(Even):
    """Rows below their group's mean have no advantage."""

    def advantages(self, completion_ids: Tensor, completion_mask: Tensor) -> Tensor:
        return super().advantages(completion_ids, completion_mask).clamp(min=0)


@pytest.mark.parametrize(
    ("more", "saved"),
    [
        ({"loss_type": "grpo"}, True),
        *(
            pytest.param({"loss_type": loss, **ONE_BATCH}, True, marks=pytest.mark.slow)
            for loss in ("dapo", "dr_grpo", "bnpo", "cispo")
        ),
        ({"loss_type": "dapo", "top_entropy_quantile": 0.5}, False),
        pytest.param({"loss_type": "dapo", "num_iterations": 2}, False, marks=pytest.mark.slow),
    ],
)
def test_leaving_out_responses_without_advantage_changes_nothing(
    more: dict[str, Any], saved: bool, folder: Path, words: Words, tmp_path: Path
):
    def run(skip: bool) -> tuple[list[dict[str, float]], int]:
        trainer = ReRecTrainer(
            policy(folder, lora=False),
            args=settings(tmp_path, **more),
            crediting=OnlyGains(varied),
            speed=Speed(skip_dead_groups=skip),
            train_dataset=PROMPTS,
            processing_class=words,
        )
        n_tokens = []

        def count(_: Any, __: Any, kwargs: dict[str, Any]) -> None:
            n_tokens.append(kwargs["input_ids"].numel() if torch.is_grad_enabled() else 0)

        trainer.model.register_forward_pre_hook(count, with_kwargs=True)
        return history(trainer), sum(n_tokens)

    (fast, n_fast), (slow, n_slow) = run(True), run(False)
    assert (n_fast < 0.9 * n_slow) == saved
    for row, other in zip(fast, slow, strict=True):
        for name in {"loss", "grad_norm", "reward", "completions/mean_length"} & row.keys():
            assert row[name] == pytest.approx(other[name], rel=1e-5, abs=1e-7)
        assert row["entropy"] == pytest.approx(other["entropy"], rel=0.2)


def test_forty_steps_teach_a_random_model_one_word(folder: Path, words: Words, tmp_path: Path):
    def says_w3(_: str, response: str) -> float:
        said = response.split()
        return said.count("w3") / max(len(said), 1)

    trainer = ReRecTrainer(
        policy(folder, lora=False),
        args=settings(
            tmp_path, max_steps=40, optim="adamw_torch", learning_rate=2e-2, loss_type="dapo"
        ),
        crediting=Even(says_w3),
        train_dataset=PROMPTS,
        processing_class=words,
    )
    rewards = [row["reward"] for row in history(trainer)]
    assert trainer.shares
    assert rewards[0] < 0.2
    assert sum(rewards[-3:]) / 3 > 0.9


class ByForks(Even):
    """Credit of a greedy response and its forks; remembers how the greedy ones did."""

    def __init__(self, worth: Worth) -> None:
        super().__init__(worth)
        self.greedy: list[float] = []

    def advantages(self, completion_ids: Tensor, completion_mask: Tensor) -> Tensor:
        rewards, rows = np.array(self._last), np.arange(len(self._last))
        self.greedy.append(float(rewards[::GROUP].mean()))
        tokens, mask = completion_ids.numpy(), completion_mask.bool().numpy()
        return torch.from_numpy(fork_advantages(rewards, tokens, mask, rows // GROUP))


def test_forks_teach_a_random_model_one_word(folder: Path, words: Words, tmp_path: Path):
    def says_w3(_: str, response: str) -> float:
        said = response.split()
        return said.count("w3") / max(len(said), 1)

    crediting = ByForks(says_w3)
    trainer = ReRecTrainer(
        policy(folder, lora=False),
        args=settings(
            tmp_path, max_steps=25, optim="adamw_torch", learning_rate=1e-2, loss_type="dapo"
        ),
        crediting=crediting,
        forks=True,
        train_dataset=PROMPTS,
        processing_class=words,
    )
    trainer.train()
    assert crediting.greedy[0] < 0.2
    assert sum(crediting.greedy[-3:]) / 3 > 0.9


@pytest.mark.parametrize(
    ("more", "speed", "why"),
    [
        ({"top_p": 0.5}, Speed(), "TRL writes the responses"),
        ({}, Speed(share_in_generation=False), "train.share_in_generation"),
    ],
)
def test_forks_need_our_own_writer(
    more: dict[str, Any], speed: Speed, why: str, folder: Path, words: Words, tmp_path: Path
):
    with pytest.raises(SettingsError, match=rf"train\.forks: .*{why}"):
        ReRecTrainer(
            policy(folder, lora=False),
            args=settings(tmp_path, **more),
            crediting=Even(varied),
            speed=speed,
            forks=True,
            train_dataset=PROMPTS,
            processing_class=words,
        )


@pytest.mark.parametrize(
    ("more", "stock"), [({}, False), ({"top_p": 0.5}, True), ({"top_k": 3}, True)]
)
def test_sampling_that_the_shared_path_does_not_know_is_left_to_trl(
    more: dict[str, Any],
    stock: bool,
    folder: Path,
    words: Words,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    calls = []

    def noted(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return generate(*args, **kwargs)

    generate = shared_writing.generate
    monkeypatch.setattr(shared_writing, "generate", noted)
    trainer = ReRecTrainer(
        policy(folder, lora=False),
        args=settings(tmp_path, max_steps=1, **more),
        crediting=Even(varied),
        train_dataset=PROMPTS,
        processing_class=words,
    )
    trainer.train()
    assert bool(calls) != stock


@pytest.mark.slow  # starts two processes that import TRL
def test_two_processes_take_the_steps_of_trl_in_two_processes(
    folder: Path, words: Words, tmp_path: Path
):
    words.save_pretrained(folder)
    here = Path(__file__)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc_per_node", "2", str(here.with_name("steps_of_both.py"))]
    machine = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(folder), str(tmp_path)],
        env=os.environ | machine | {"PYTHONPATH": str(here.parents[2] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    logged: dict[str, Any] = json.loads((tmp_path / "logged.json").read_text(encoding="utf-8"))
    assert logged.keys() == CASES.keys()
    names = ("loss", "grad_norm", "reward", "completions/mean_length", "kl")
    for case, sides in logged.items():
        assert len(sides["ours"]) == len(sides["theirs"]) == 5
        for ours, theirs in zip(sides["ours"], sides["theirs"], strict=True):
            known = [name for name in names if name in theirs]
            assert {"loss", "grad_norm"} <= set(known), case
            assert {name: ours[name] for name in known} == pytest.approx(
                {name: theirs[name] for name in known}, rel=1e-5, abs=1e-6
            ), case
