"""Memory that ends: the same steps in smaller pieces, or one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from rerec.errors import TrainingError
from rerec.settings import Recipe
from rerec.train import shared_forward
from rerec.train.rft import rft

NO_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"
computed = shared_forward.shared_logps


def memory_for(rows: int, *, first: int = 1) -> Callable[..., Any]:
    """Log-probabilities of at most so many rows at a time, from the n-th call on."""
    calls = 0

    def logps(model: Any, ids: Any, *rest: Any, **more: Any) -> Any:
        nonlocal calls
        calls += torch.is_grad_enabled()  # the reference's are not learned from
        if torch.is_grad_enabled() and calls >= first and len(ids) > rows:
            raise RuntimeError(NO_MEMORY)
        return computed(model, ids, *rest, **more)

    return logps


def ignored(line: str) -> None:
    pass


def trained(folder: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [row for row in rows if row["kind"] == "train"]


@pytest.mark.parametrize(
    ("loss", "rows", "first"),
    [
        pytest.param("dapo", 2, 1, marks=pytest.mark.slow),
        # In the second micro-batch of a step: the first one's gradients are made again.
        ("dapo", 1, 2),
        pytest.param("grpo", 2, 2, marks=pytest.mark.slow),
        pytest.param("bnpo", 1, 1, marks=pytest.mark.slow),
        pytest.param("dr_grpo", 2, 1, marks=pytest.mark.slow),
    ],
)
def test_what_does_not_fit_is_learned_from_in_pieces_with_the_same_steps(
    loss: str,
    rows: int,
    first: int,
    recipe: Callable[..., Recipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    train = {"num_generations": 4, "max_steps": 3, "validate_every": 3, "loss_type": loss}
    wanted = recipe(train=train | {"beta": 0.02, "bf16": False})
    rft(wanted, out=tmp_path / "whole", progress=ignored)
    monkeypatch.setattr(shared_forward, "shared_logps", memory_for(rows, first=first))
    said: list[str] = []
    rft(wanted, out=tmp_path / "pieces", progress=said.append)
    told = [line for line in said if "memory does not hold" in line]
    assert told == [
        "memory does not hold 4 responses at a time in training: going on with 2 at a time, or"
        " fewer; the steps stay the same"
    ]
    expected = trained(tmp_path / "whole")
    assert max(row["grad_norm"] for row in expected) > 0.01
    for row, one in zip(trained(tmp_path / "pieces"), expected, strict=True):
        for name in ("reward", "grad_norm", "loss"):
            assert row[name] == pytest.approx(one[name], rel=1e-4, abs=1e-6), name
    weights = Path("checkpoints/checkpoint-3/adapter_model.safetensors")
    ours, theirs = (load_file(tmp_path / name / weights) for name in ("pieces", "whole"))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-5)


def test_a_single_response_that_does_not_fit_is_one_sentence(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shared_forward, "shared_logps", memory_for(0))
    wanted = recipe(train={"max_steps": 1, "validate_every": 1, "beta": 0.02})
    with pytest.raises(TrainingError, match=r"does not hold 1 response\(s\) at a time") as error:
        rft(wanted, out=tmp_path / "run", progress=ignored)
    assert "\n" not in str(error.value)


def test_another_error_in_training_is_passed_on(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(shared_forward, "shared_logps", broken)
    wanted = recipe(train={"max_steps": 1, "validate_every": 1, "beta": 0.02})
    with pytest.raises(RuntimeError, match="a bug"):
        rft(wanted, out=tmp_path / "run", progress=ignored)
