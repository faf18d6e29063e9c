"""A run's record: `metrics.jsonl` (what was measured at each step) and lines of progress.

Times are kept apart, in `timings.jsonl`: so the metrics of a run that was killed and went on are
the same, byte by byte, as those of one that was never interrupted.
"""

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

Progress = Callable[[str], None]

# TRL's names for what we log under the field's own.
_NAMES = {
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "reward": "reward",
    "kl": "kl",
    "entropy": "entropy",
    "clip_ratio/region_mean": "clip_share",
    "completions/mean_length": "length",
    "completions/clipped_ratio": "cut_off",
    "mean_token_accuracy": "token_accuracy",
}
OWN = "rerec/"
_SHOWN = ("loss", "reward", "accuracy", "token_accuracy", "length", "groups_without_spread")


class Journal(TrainerCallback):
    """Writes a line for each logged step, and says how far the run is."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder, self._progress = folder, progress
        self._metrics = folder / "metrics.jsonl"
        self._timings = folder / "timings.jsonl"
        self._started, self._first_step = time.monotonic(), 0
        self._marks: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """Let the next line of a training step say that something happened in it."""
        self._marks[name] = 1.0

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Drop what was logged after the checkpoint that the run goes on from.

        Without one nothing is kept: the start is measured again.
        """
        if state.is_world_process_zero:
            for path in (self._metrics, self._timings):
                cut_after(path, state.global_step or -1)
        self._started, self._first_step = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write a training step's figures."""
        if not state.is_world_process_zero or not logs or "train_runtime" in logs:
            return
        row = _own_names(logs) | self._marks
        self._marks = {}
        self.write(state.global_step, "train", row)
        self._say(state, row)

    def write(self, step: int, kind: str, row: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl`, and its time to `timings.jsonl`."""
        append(self._metrics, {"step": step, "kind": kind, **row})
        seconds = round(time.monotonic() - self._started, 2)
        append(self._timings, {"step": step, "kind": kind, "seconds": seconds})

    def say(self, line: str) -> None:
        """Tell whoever watches."""
        self._progress(line)

    def _say(self, state: TrainerState, row: Mapping[str, float]) -> None:
        done = state.global_step - self._first_step
        each = (time.monotonic() - self._started) / max(done, 1)
        left = (state.max_steps - state.global_step) * each
        shown = " ".join(f"{name} {row[name]:.3f}" for name in _SHOWN if name in row)
        self._progress(
            f"step {state.global_step}/{state.max_steps}, {each:.1f} s a step,"
            f" {clock(left)} left: {shown}"
        )


def _own_names(logs: Mapping[str, Any]) -> dict[str, float]:
    row = {ours: logs[theirs] for theirs, ours in _NAMES.items() if theirs in logs}
    row |= {k.removeprefix(OWN): v for k, v in sorted(logs.items()) if k.startswith(OWN)}
    # TRL logs None where every value of a step was nan.
    known = {name: float(value) for name, value in row.items() if value is not None}
    return {name: value for name, value in known.items() if math.isfinite(value)}


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Append a JSON line in one write, so that a kill leaves a whole line or none."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def cut_after(path: Path, step: int) -> None:
    """Keep only the lines of a JSON-lines file up to a step; a torn last line goes too."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if row["step"] <= step:
            kept.append(line + "\n")
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text("".join(kept), encoding="utf-8")
    os.replace(temporary, path)


def clock(seconds: float) -> str:
    """A duration for people.

    >>> clock(59.6), clock(3700)
    ('1 min', '1 h 2 min')
    """
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
