"""The record of a run: names, whole lines, and what is dropped when a run goes on."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from rerec.train.journal import Journal, append, cut_after


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, said.append)


said: list[str] = []


def log(journal: Journal, step: int, logs: dict[str, Any]) -> None:
    state = TrainerState(global_step=step, max_steps=10)
    args = TrainingArguments(output_dir=str(journal.folder))
    journal.on_log(args, state, TrainerControl(), logs)


def begin(journal: Journal, step: int) -> None:
    state = TrainerState(global_step=step, max_steps=10)
    args = TrainingArguments(output_dir=str(journal.folder))
    journal.on_train_begin(args, state, TrainerControl())


def test_what_comes_after_a_step_goes_and_a_torn_last_line_too(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    for step in (0, 1, 2, 3):
        append(path, {"step": step, "kind": "train"})
    with path.open("a") as file:
        file.write('{"step": 2, "ki')
    cut_after(path, 2)
    assert [row["step"] for row in lines(path)] == [0, 1, 2]
    cut_after(path, 0)
    assert [row["step"] for row in lines(path)] == [0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_whole_last_line_without_its_end_is_kept_and_ended(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}')
    cut_after(path, 5)
    assert path.read_text() == '{"step": 1}\n{"step": 2}\n'


def test_a_missing_file_stays_missing(tmp_path: Path):
    cut_after(tmp_path / "metrics.jsonl", 3)
    assert not list(tmp_path.iterdir())


def test_names_of_trl_become_those_of_the_field_and_what_is_no_number_is_left_out(
    journal: Journal,
):
    log(
        journal,
        3,
        {
            "loss": 0.5,
            "clip_ratio/region_mean": 0.25,
            "completions/mean_length": 12,
            "completions/clipped_ratio": 0.0,
            "mean_token_accuracy": 0.75,
            "rerec/accuracy": 1.0,
            "rerec/accuracy/explicit": 1.0,
            "grad_norm": float("nan"),
            "entropy": None,
            "num_tokens": 400,
        },
    )
    (row,) = lines(journal.folder / "metrics.jsonl")
    assert row == {
        "step": 3,
        "kind": "train",
        "loss": 0.5,
        "clip_share": 0.25,
        "length": 12.0,
        "cut_off": 0.0,
        "token_accuracy": 0.75,
        "accuracy": 1.0,
        "accuracy/explicit": 1.0,
    }
    (time,) = lines(journal.folder / "timings.jsonl")
    assert time.keys() == {"step", "kind", "seconds"}
    assert said[-1].startswith("step 3/10, ")
    assert "accuracy 1.000" in said[-1]


def test_the_summary_at_the_end_is_no_step(journal: Journal):
    log(journal, 10, {"train_runtime": 3.0, "train_loss": 0.1})
    log(journal, 10, {})
    assert not (journal.folder / "metrics.jsonl").exists()


def test_a_run_that_goes_on_drops_what_came_after_its_checkpoint(journal: Journal):
    journal.write(0, "valid", {"accuracy": 0.0})
    journal.write(2, "train", {"loss": 1.0})
    journal.write(3, "train", {"loss": 2.0})
    begin(journal, 2)
    kept = lines(journal.folder / "metrics.jsonl")
    assert [row["step"] for row in kept] == [0, 2]
    assert [row["step"] for row in lines(journal.folder / "timings.jsonl")] == [0, 2]


def test_a_run_that_begins_anew_drops_everything(journal: Journal):
    """Killed before its first checkpoint, a run validates the start again."""
    journal.write(0, "valid", {"accuracy": 0.0})
    journal.write(1, "train", {"loss": 1.0})
    begin(journal, 0)
    assert (journal.folder / "metrics.jsonl").read_text() == ""
