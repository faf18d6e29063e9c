"""One side of `train_step.py`: a trainer in a process of its own, its steps timed in parts."""

import resource
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from torch.profiler import profile
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from rerec.rng import stream
from rerec.settings import ModelSettings
from rerec.train import generation, runtime
from rerec.train.policy import find, load_tokenizer, load_trainable
from rerec.train.slots import Slots
from rerec.train.trainer import ReRecTrainer

MODEL = "smollm2-135m"
SIDES = ("stock", "ours")
_N_OPERATIONS = 6
Json = dict[str, Any]


def work(side: str, case: Json, pipe: Connection) -> None:
    """Take a step whenever the other end says so, and send what it took."""
    runtime.prepare()
    torch.manual_seed(7)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(side, case, Path(folder), clock)
        # Writing by transformers leaves more events than memory holds beside its update.
        parts = ("update",) if side == "stock" else ("generate", "update")
        profiled = Profiled(trainer, case["rounds"] + 1, parts) if case["profile"] else None
        trainer.add_callback(InTurn(pipe, clock, profiled))
        trainer.train()


def now() -> float:
    """Seconds; what an accelerator was told to do is done by then."""
    if not runtime.on_cpu():
        torch.accelerator.synchronize()
    return time.perf_counter()


def peak_memory() -> float:
    """GiB, of the accelerator where there is one."""
    if runtime.on_cpu():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return torch.accelerator.max_memory_allocated() / 1024**3


class Clock:
    """Seconds of the parts of a step."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def of(self, part: str) -> Generator[None]:
        """Add what happens inside to a part."""
        started = now()
        yield
        self.parts[part] = self.parts.get(part, 0.0) + now() - started

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time added to a part."""

        def run(*args: Any, **kwargs: Any) -> Any:
            with self.of(part):
                return function(*args, **kwargs)

        return run


class Profiled:
    """Looks into one step: its writing, and the update of its second group.

    The first group's call writes for all of them.
    """

    def __init__(self, trainer: Any, step: int, parts: Sequence[str]) -> None:
        self.shares: dict[str, dict[str, float]] = {}
        self._parts = parts
        self._at, self._n_groups = step, trainer.args.gradient_accumulation_steps
        self._calls = 0
        self._take, self._write = trainer.training_step, trainer._generate_single_turn
        trainer.training_step = self._training_step
        trainer._generate_single_turn = self._generate_single_turn

    def _training_step(self, *args: Any, **kwargs: Any) -> Any:
        place = divmod(self._calls, self._n_groups)
        self._calls += 1
        if place != (self._at, 1):
            return self._take(*args, **kwargs)
        return self._seen("update", self._take, *args, **kwargs)

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        if (self._calls - 1) // self._n_groups != self._at:
            return self._write(*args, **kwargs)
        return self._seen("generate", self._write, *args, **kwargs)

    def _seen(self, part: str, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if part not in self._parts:
            return work(*args, **kwargs)
        with profile() as seen:
            done = work(*args, **kwargs)
        spent = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
        whole = sum(spent.values())
        dearest = sorted(spent, key=lambda name: -spent[name])[:_N_OPERATIONS]
        self.shares[part] = {name: round(spent[name] / whole, 3) for name in dearest}
        return done


class InTurn(TrainerCallback):
    """Waits before each step until it is this side's turn."""

    def __init__(self, pipe: Connection, clock: Clock, profiled: Profiled | None) -> None:
        self._pipe, self._clock, self._started = pipe, clock, 0.0
        self._profiled = profiled

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._pipe.recv()
        self._clock.parts.clear()
        self._started = now()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        parts = {"generate": 0.0, "reward": 0.0} | self._clock.parts
        step = now() - self._started
        update = step - parts["generate"] - parts["reward"]
        own = {"step": step, **parts, "update": update, "peak_gib": peak_memory()}
        shares = self._profiled.shares if self._profiled else {}
        self._pipe.send(own | ({"operations": shares} if shares else {}))


def trainer_of(side: str, case: Json, folder: Path, clock: Clock) -> GRPOTrainer:
    """A trainer whose parts are timed."""
    settings = ModelSettings(lora_rank=case["lora"])
    model = load_trainable(settings, model=MODEL, dtype=runtime.fast_dtype())
    tokenizer: Any = load_tokenizer(find(MODEL).base)
    words = [t for t in range(1000, 20_000) if tokenizer.decode([t]).strip().isalpha()]
    shared: Json = {
        "args": config_of(side, case, folder),
        "train_dataset": prompts_of(case, tokenizer, words),
        "processing_class": tokenizer,
    }
    if side == "stock":
        trainer: Any = GRPOTrainer(model, reward_funcs=stock_reward, **shared)
    else:
        crediting = Even(case["group"])
        trainer = ReRecTrainer(model, crediting=crediting, **shared)
        trainer.eos_token_ids = [-1]  # what `min_new_tokens` is to the other one: no answer ends
        crediting.advantages = clock.timed("reward", crediting.advantages)
    end_answers(side, trainer, lengths_of(case))
    trainer._generate_single_turn = clock.timed("generate", trainer._generate_single_turn)
    trainer._calculate_rewards = clock.timed("reward", trainer._calculate_rewards)
    return trainer


def config_of(side: str, case: Json, folder: Path) -> GRPOConfig:
    """One group a micro-batch, as the recipes have it."""
    forced: Json = {}
    if side == "stock":
        forced["generation_kwargs"] = {"min_new_tokens": case["answer"]}
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=1000,
        per_device_train_batch_size=case["group"],
        gradient_accumulation_steps=case["queries"],
        num_generations=case["group"],
        max_completion_length=case["answer"],
        loss_type="dapo",
        scale_rewards="none",
        learning_rate=1e-6,
        bf16=runtime.fast_dtype() is torch.bfloat16,
        gradient_checkpointing=False,
        use_cpu=runtime.on_cpu(),
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        seed=7,
        **forced,
    )


def lengths_of(case: Json) -> list[int]:
    """Tokens of each answer of a step, drawn evenly; the first one of each group is the longest."""
    draw = stream(7, "benchmark", "lengths")
    shape = (case["queries"], case["group"])
    lengths = draw.integers(case["shortest"], case["answer"] + 1, shape)
    lengths[:, 0] = case["answer"]
    return lengths.ravel().tolist()


def end_answers(side: str, trainer: Any, lengths: list[int]) -> None:
    """Let answers end at these lengths, whatever the model would say.

    transformers writes all rows to the end of the longest one, so TRL's are cut afterwards.
    """
    if side == "stock":
        write = trainer._generate_single_turn

        def cut(*args: Any, **kwargs: Any) -> tuple[list[list[int]], Any]:
            rows, odds = write(*args, **kwargs)
            return [row[:n] for row, n in zip(rows, lengths, strict=True)], odds

        trainer._generate_single_turn = cut
        return
    wanted = torch.tensor(lengths, device=runtime.home())

    class Ending(Slots):
        """Slots whose rows end at the wanted lengths."""

        def take(self, tokens: Tensor, ends: Tensor) -> Tensor:
            over = self.counts() + 1 >= wanted[self.rows() % len(wanted)]
            given = super().take(tokens, ends)
            self.going = self.going & ~over.view_as(self.going)
            return given

    vars(generation)["Slots"] = Ending


def prompts_of(case: Json, tokenizer: Any, words: Sequence[int]) -> Dataset:
    """Prompts of random words, each of exactly so many tokens, the chat's own included."""
    rows = []
    for number in range(64):
        rng = stream(7, "benchmark", "prompt", number)
        text = ""
        while (n := length(tokenizer, text)) < case["prompt"]:
            drawn = rng.choice(words, case["prompt"] - n)
            text += " " + " ".join(tokenizer.decode([int(t)]).strip() for t in drawn)
        while length(tokenizer, text) > case["prompt"]:
            text = text[:-1]
        rows.append({"query_id": str(number), "prompt": [{"role": "user", "content": text}]})
    return Dataset.from_list(rows)


def length(tokenizer: Any, text: str) -> int:
    """Tokens of a prompt."""
    messages = [{"role": "user", "content": text}]
    return len(
        tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    )


def worth(text: str) -> float:
    """A reward in [0, 1] that differs between answers."""
    return sha256(text.encode()).digest()[0] / 255


def stock_reward(completions: Any, **_: Any) -> list[float | None]:
    """The rewards as TRL asks for them."""
    return [worth(completion[0]["content"]) for completion in completions]


class Even:
    """Credit as plain GRPO gives it; what graphs and blame cost is in `benchmarks/reward.py`."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._last: list[float] = []

    def rewards(self, query_ids: Sequence[str], responses: Sequence[str]) -> list[float]:
        """One reward for each response."""
        assert len(query_ids) == len(responses)
        self._last = [worth(text) for text in responses]
        return self._last

    def advantages(self, completion_ids: Tensor, completion_mask: Tensor) -> Tensor:
        """(B, T) each response's reward less its group's mean."""
        assert completion_ids.shape == completion_mask.shape
        rewards = np.array(self._last).reshape(-1, self._group)
        centred = rewards - rewards.mean(1, keepdims=True)
        return torch.from_numpy(centred.reshape(-1, 1)) * completion_mask

    def metrics(self) -> dict[str, float]:
        """Nothing to log."""
        return {}
