"""Two processes that torchrun starts make the steps of one, whole or with the weights spread."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from rerec.settings import Recipe
from rerec.train.rft import rft

ROOT = Path(__file__).parents[2]

# accelerate spreads weights over accelerators only: on a processor it quietly takes DDP. Told that
# gloo and this processor are what it would find on GPUs, it goes the whole way that it goes there.
AS_ON_GPUS = """
import os, sys
from accelerate.state import PartialState
from accelerate.utils import DistributedType
PartialState._prepare_backend = lambda *_: ("gloo", DistributedType.MULTI_GPU)
from rerec.cli import main
from rerec.train import runtime
runtime.on_cpu = lambda: False
code = main(sys.argv[1:])
sys.stdout.flush()
os._exit(code)  # DeepSpeed's own memory for processors does not let a process end
"""
FSDP2 = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
}
ZERO = {"ACCELERATE_USE_DEEPSPEED": "true", "DS_ACCELERATOR": "cpu"}
FILE = "ACCELERATE_DEEPSPEED_CONFIG_FILE"
MEANS_OF_MICRO_BATCHES = ("entropy", "kl")
"""TRL's, whatever their tokens."""


def torchrun(program: list[str], recipe: Recipe, out: Path, **env: str) -> None:
    """`rerec train` in two processes of this machine; as many threads as here."""
    config = out.with_suffix(".yaml")
    config.write_text(recipe.model_dump_json())
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc_per_node", "2", *program, "train", "--config", str(config)]
    machine = {"GLOO_SOCKET_IFNAME": "lo", "HF_HUB_OFFLINE": "1"}
    machine |= {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [*command, "--out", str(out)],
        env=os.environ | machine | env | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]


def same(found: Path, wanted: Path) -> None:
    """The figures of two run folders are the same, and what they kept."""
    ours, theirs = (
        [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        for folder in (found, wanted)
    )
    assert max(row["grad_norm"] for row in theirs if row["kind"] == "train") > 0.01
    for our, their in zip(ours, theirs, strict=True):
        assert our.pop("kind") == their.pop("kind")
        for name in MEANS_OF_MICRO_BATCHES:
            assert our.pop(name, 0) == pytest.approx(their.pop(name, 0), rel=0.02)
        assert our == pytest.approx(their, rel=1e-5, abs=1e-7)
    (weights,) = (wanted / "last").glob("*.safetensors")
    kept = load_file(found / "last" / weights.name)
    for name, weight in load_file(weights).items():
        torch.testing.assert_close(kept.pop(name), weight, atol=1e-4, rtol=1e-2)
    assert not kept


@pytest.fixture
def wanted(recipe: Callable[..., Recipe]) -> Callable[..., Recipe]:
    """Four steps with a first look, validated three times, with a reference to stay near."""

    def make(rank: int, **train: Any) -> Recipe:
        steps = {"num_generations": 4, "max_steps": 4, "beta": 0.02, "bf16": False}
        return recipe(
            model={"lora_rank": rank},
            curriculum={"first_look": True, "retest_every": 1},
            train=steps | train,
        )

    return make


@pytest.mark.slow
def test_torchrun_on_the_command_makes_the_steps_of_one(
    wanted: Callable[..., Recipe], tmp_path: Path
):
    rft(wanted(4), out=tmp_path / "one", progress=print)
    torchrun(["-m", "rerec"], wanted(4), tmp_path / "two")
    same(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 4])
@pytest.mark.parametrize("spread", ["fsdp2", "zero2", "zero3"])
def test_spread_weights_make_the_steps_of_whole_ones(
    spread: str, rank: int, wanted: Callable[..., Recipe], tmp_path: Path
):
    """In training, in writing, at first look, in validation, and in what is kept."""
    env = FSDP2
    if spread != "fsdp2":
        pytest.importorskip("deepspeed")
        env = ZERO | {FILE: str(ROOT / "recipes" / "launch" / f"{spread}.json")}
    program = tmp_path / "as_on_gpus.py"
    program.write_text(AS_ON_GPUS)
    rft(wanted(rank), out=tmp_path / "one", progress=print)
    spreading = wanted(rank, use_cpu=False)
    torchrun([str(program)], spreading, tmp_path / "two", ACCELERATE_TORCH_DEVICE="cpu", **env)
    same(tmp_path / "two", tmp_path / "one")
