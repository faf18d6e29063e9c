"""A step of reinforcement: ours against TRL's own `GRPOTrainer`, side by side in one run.

Each trainer has a process of its own, with the same model, prompts, lengths, rewards and seed; they
take steps in turn, the other one waiting. The first step of each is left out. Every answer is as
long as every other, so that both write as many tokens: what ours gains where answers end early, and
where groups have no spread, is not in the figures.

Utilisation is the least work that the update needs (each prompt once, each answer once, words only
for the answers), as a share of what the machine reaches in one large product in that time.

    python benchmarks/train_step.py --queries 8 --group 8 --prompt 350 --answer 110 --json
    python benchmarks/train_step.py --table
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
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
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from rerec.rng import stream
from rerec.settings import ModelSettings
from rerec.train import runtime
from rerec.train.policy import find, load_tokenizer, load_trainable
from rerec.train.trainer import ReRecTrainer

MODEL = "smollm2-135m"
TABLE = [
    {"group": 4, "prompt": 350},
    {"group": 8, "prompt": 350},
    {"group": 16, "prompt": 350},
    {"group": 8, "prompt": 128},
    {"group": 8, "prompt": 640},
]
"""What `--table` measures, two queries a step each, one after the other."""
SIDES = ("stock", "ours")
PEAK_SIZE = 2048
Json = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=2, help="queries a step")
    parser.add_argument("--group", type=int, default=8, help="answers to a query (G)")
    parser.add_argument("--prompt", type=int, default=350, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=110, help="tokens of an answer")
    parser.add_argument("--lora", type=int, default=0, help="rank; 0 trains every weight")
    parser.add_argument("--rounds", type=int, default=1, help="measured steps of each")
    parser.add_argument("--table", action="store_true", help="several groups and prompts")
    parser.add_argument("--only", choices=SIDES, help="measure one of the two alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = vars(parser.parse_args())
    as_json, table, only = given.pop("json"), given.pop("table"), given.pop("only")
    sides = (only,) if only else SIDES
    cases = [given | {"queries": 2} | case for case in TABLE] if table else [given]
    found = [measured(case, sides) for case in cases]
    if as_json:
        print(json.dumps({"cases": found} if table else found[0]))
        return
    for figures in found:
        print(report(figures))


def measured(case: Json, sides: Sequence[str]) -> Json:
    """The trainers' steps, in turn, and what follows from them."""
    context = multiprocessing.get_context("spawn")
    workers: dict[str, tuple[Any, Connection]] = {}
    for side in sides:
        here, there = context.Pipe()
        worker = context.Process(target=work, args=(side, case, there), daemon=True)
        worker.start()
        workers[side] = (worker, here)
    steps: dict[str, list[Json]] = {side: [] for side in sides}
    for _ in range(1 + case["rounds"]):
        for side, (_, pipe) in workers.items():
            pipe.send("step")
            steps[side].append(pipe.recv())
    for worker, _ in workers.values():
        worker.terminate()
        worker.join()
    dtype = runtime.fast_dtype()
    return figures_of(case, {side: own[1:] for side, own in steps.items()}, peak_flops(dtype))


def figures_of(case: Json, steps: dict[str, list[Json]], peak: float) -> Json:
    """Medians of each side, their ratios, and how much of the machine the update uses."""
    sides = {
        side: {name: statistics.median(step[name] for step in own) for name in own[0]}
        for side, own in steps.items()
    }
    n_tokens = case["queries"] * (case["prompt"] + case["group"] * case["answer"])
    for own in sides.values():
        own["utilisation"] = needed_flops(case) / own["update"] / peak
        own["tokens_per_second"] = n_tokens / own["step"]
    ratios = {}
    if len(sides) == 2:
        parts = ("step", "update", "generate")
        ratios = {f"{p}_ratio": round(sides["stock"][p] / sides["ours"][p], 2) for p in parts}
        ratios["utilisation"] = round(sides["ours"]["utilisation"], 3)
    return {
        "case": case,
        **ratios,
        "peak_gflops": round(peak / 1e9, 1),
        "dtype": str(runtime.fast_dtype()),
        **{side: {k: round(v, 3) for k, v in own.items()} for side, own in sides.items()},
    }


def report(figures: Json) -> str:
    """One case for people."""
    case = figures["case"]
    lines = [
        f"{case['queries']} queries x G {case['group']}, prompts of {case['prompt']} and answers of"
        f" {case['answer']} tokens, {figures['dtype']}, peak {figures['peak_gflops']} GFLOP/s"
    ]
    if "step_ratio" in figures:
        lines.append(
            f"  step ratio {figures['step_ratio']}, of updates {figures['update_ratio']},"
            f" of generation {figures['generate_ratio']}"
        )
    for side in SIDES:
        if side in figures:
            lines.append(_line(side, figures[side]))
    return "\n".join(lines)


def _line(side: str, own: Json) -> str:
    return (
        f"  {side:5} {own['step']:7.1f} s = generate {own['generate']:.1f}"
        f" + reward and credit {own['reward']:.2f} + update {own['update']:.1f},"
        f" the update at {own['utilisation']:.0%} of the peak;"
        f" {own['tokens_per_second']:.0f} tokens/s, {own['peak_gib']:.2f} GiB"
    )


def needed_flops(case: Json) -> float:
    """The least that the update must compute: forward, and twice as much backward.

    With an adapter the weights beneath it need no gradient: once as much backward.
    """
    hidden, inner, layers, kv, vocabulary = 576, 1536, 30, 192, 49_152
    weights = layers * (2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * inner)
    prompt, answers = case["prompt"], case["group"] * case["answer"]
    # Each token looks at half of its own text on average, and answers at the whole prompt.
    seen = prompt * prompt / 2 + answers * (prompt + case["answer"] / 2)
    once = 2 * weights * (prompt + answers) + 4 * layers * hidden * seen
    once += 2 * vocabulary * hidden * answers
    return case["queries"] * once * (2 if case["lora"] else 3)


def peak_flops(dtype: torch.dtype) -> float:
    """Multiplications and additions a second of one large product, the best of five."""
    left = torch.randn(PEAK_SIZE, PEAK_SIZE, dtype=dtype)
    taken = []
    for _ in range(6):
        started = time.perf_counter()
        left @ left
        taken.append(time.perf_counter() - started)
    return 2 * PEAK_SIZE**3 / min(taken[1:])


# --- one side, in a process of its own


def work(side: str, case: Json, pipe: Connection) -> None:
    """Take a step whenever the other end says so, and send what it took."""
    runtime.prepare()
    torch.manual_seed(7)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(side, case, Path(folder), clock)
        trainer.add_callback(InTurn(pipe, clock))
        trainer.train()


class Clock:
    """Seconds of the parts of a step."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def of(self, part: str) -> Generator[None]:
        """Add what happens inside to a part."""
        started = time.perf_counter()
        yield
        self.parts[part] = self.parts.get(part, 0.0) + time.perf_counter() - started

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time added to a part."""

        def run(*args: Any, **kwargs: Any) -> Any:
            with self.of(part):
                return function(*args, **kwargs)

        return run


class InTurn(TrainerCallback):
    """Waits before each step until it is this side's turn."""

    def __init__(self, pipe: Connection, clock: Clock) -> None:
        self._pipe, self._clock, self._started = pipe, clock, 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._pipe.recv()
        self._clock.parts.clear()
        self._started = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        parts = {"generate": 0.0, "reward": 0.0} | self._clock.parts
        step = time.perf_counter() - self._started
        update = step - parts["generate"] - parts["reward"]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        self._pipe.send({"step": step, **parts, "update": update, "peak_gib": peak})


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
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        seed=7,
        **forced,
    )


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


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
