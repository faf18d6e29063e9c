"""Every fault of a long run, provoked: what is said, and what is left to go on from."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import Trainer

from rerec.cli import app as cli
from rerec.errors import DataError, Terminated, TrainingError
from rerec.settings import Recipe
from rerec.train.faults import told
from rerec.train.rft import rft
from rerec.train.sft import sft
from rerec.train.trainer import ReRecTrainer


def ignored(line: str) -> None:
    pass


def trained(folder: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [row for row in rows if row["kind"] == "train"]


def spoil(monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
    """Make the loss of some steps nan."""
    computed = ReRecTrainer._compute_loss

    def loss(self: Any, model: Any, inputs: Any) -> Any:
        value = computed(self, model, inputs)
        return value * torch.nan if self.state.global_step + 1 in steps else value

    monkeypatch.setattr(ReRecTrainer, "_compute_loss", loss)


def test_a_step_without_a_number_for_a_loss_is_left_out_and_counted(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wanted = recipe(train={"num_generations": 4, "max_steps": 2, "validate_every": 1})
    spoil(monkeypatch, 2)
    said: list[str] = []
    out = tmp_path / "run"
    rft(wanted, out=out, progress=said.append)
    assert "step 2: its gradients are no numbers; left out" in said
    assert [row.get("skipped") for row in trained(out)] == [None, 1.0]
    before, after = (
        load_file(out / folder / "adapter_model.safetensors")
        for folder in ("checkpoints/checkpoint-1", "last")
    )
    for name, value in before.items():
        assert torch.equal(after[name], value.to(after[name].dtype)), name


def test_a_run_whose_gradients_stay_without_numbers_ends_and_names_the_last_good_checkpoint(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wanted = recipe(train={"max_steps": 9, "validate_every": 9, "save_steps": 1})
    spoil(monkeypatch, 2, 3, 4, 5, 6, 7, 8, 9)
    with pytest.raises(TrainingError, match="of 5 steps in a row were no numbers") as error:
        rft(wanted, out=tmp_path / "run", progress=ignored)
    assert str(error.value).endswith(f"{tmp_path}/run/checkpoints/checkpoint-1")
    assert len(trained(tmp_path / "run")) == 5  # the sixth one ended it


def test_sigterm_saves_the_step_that_is_being_made_and_the_run_goes_on_exactly(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    wanted = recipe(train={"num_generations": 4, "max_steps": 6, "validate_every": 4})
    rft(wanted, out=tmp_path / "whole", progress=ignored)
    out = tmp_path / "ended"

    def ending(line: str) -> None:
        if line.startswith("step 2/6"):
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated, match="ended by SIGTERM after step 3 of 6, which is saved"):
        rft(wanted, out=out, progress=ending)
    assert signal.getsignal(signal.SIGTERM) == before
    assert (out / "checkpoints" / "checkpoint-3").is_dir()
    rft(wanted, out=out, progress=ignored)
    assert (out / "metrics.jsonl").read_bytes() == (tmp_path / "whole/metrics.jsonl").read_bytes()


def test_sigterm_saves_a_warm_start_too(recipe: Callable[..., Recipe], tmp_path: Path):
    def ending(line: str) -> None:
        if line.startswith("step 1/"):
            os.kill(os.getpid(), signal.SIGTERM)

    wanted = recipe(sft={"gradient_accumulation_steps": 1})
    with pytest.raises(Terminated):
        sft(wanted, out=tmp_path / "run", progress=ending)
    assert (tmp_path / "run" / "checkpoints" / "checkpoint-2").is_dir()


def test_a_terminated_command_says_so_and_exits_with_143(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def ended(*_: Any, **__: Any) -> None:
        raise Terminated("runs/x: ended by SIGTERM after step 3 of 6")

    monkeypatch.setattr(cli, "app", ended)
    assert cli.main(["train"]) == 143
    assert capsys.readouterr().err == "rerec: runs/x: ended by SIGTERM after step 3 of 6\n"


def test_a_checkpoint_that_cannot_be_written_is_removed_and_the_one_before_it_goes_on(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    train = {"num_generations": 4, "max_steps": 4, "validate_every": 4, "save_steps": 2}
    wanted = recipe(train=train)
    rft(wanted, out=tmp_path / "whole", progress=ignored)
    written, out = Trainer._save_checkpoint, tmp_path / "full"

    def full(self: Any, *rest: Any) -> None:
        written(self, *rest)
        if self.state.global_step == 4:
            raise SafetensorError("I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "_save_checkpoint", full)
        with pytest.raises(DataError, match=r"checkpoint-4: cannot be written .*No space left"):
            rft(wanted, out=out, progress=ignored)
    assert not (out / "checkpoints" / "checkpoint-4").exists()
    said: list[str] = []
    rft(wanted, out=out, progress=said.append)
    assert not any(line.startswith("step 2/4") for line in said)
    assert (out / "metrics.jsonl").read_bytes() == (tmp_path / "whole/metrics.jsonl").read_bytes()


def test_a_checkpoint_that_was_cut_short_is_told_of_and_the_one_before_it_taken(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    train = {"num_generations": 4, "max_steps": 6, "validate_every": 2}
    whole, out = tmp_path / "whole", tmp_path / "cut"
    rft(recipe(train=train), out=whole, progress=ignored)

    class Stopped(BaseException): ...

    def stopping(line: str) -> None:
        if line.startswith("step 5/6"):
            raise Stopped

    with pytest.raises(Stopped):
        rft(recipe(train=train), out=out, progress=stopping)
    torn = out / "checkpoints" / "checkpoint-4" / "optimizer.pt"
    torn.write_bytes(torn.read_bytes()[:-100])
    said: list[str] = []
    rft(recipe(train=train), out=out, progress=said.append)
    assert f"{torn}: was cut short; going on from the checkpoint before it" in said
    assert (out / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError("Max retries exceeded with url: /generate/"), "the server that writes"),
        (ConnectionRefusedError(111, "Connection refused"), "the server that writes"),
        (RuntimeError("[gloo/transport/tcp/pair.cc:1] Connection closed"), "another process"),
    ],
)
def test_what_is_lost_in_the_middle_of_a_run_is_one_sentence(error: Exception, sentence: str):
    goes_on = "goes on from the last checkpoint"
    with pytest.raises(TrainingError, match=f"runs/x: {sentence}.*{goes_on}"), told(Path("runs/x")):
        raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left"), RuntimeError("a bug")])
def test_other_errors_stay_what_they_are(error: Exception):
    with pytest.raises(type(error)) as caught, told(Path("runs/x")):
        raise error
    assert caught.value is error
