"""Launch files and recipes for many processes, read by the libraries that they are written for."""

import json
import os
import subprocess
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.commands.launch import launch_command, launch_command_parser
from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin
from torch.distributed.fsdp import StateDictType
from torch.distributed.run import config_from_args
from transformers.integrations.deepspeed import HfTrainerDeepSpeedConfig

from rerec.errors import SettingsError
from rerec.settings import read_recipe
from rerec.train.engine import grpo_config, sft_config
from rerec.train.rft import rft

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
LAUNCH = ROOT / "recipes" / "launch"
SERVER = ["train.vllm_mode=server", "train.vllm_server_base_url=http://head:8000"]

Launch = Callable[..., tuple[Namespace, dict[str, str]]]


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Launch:
    """`accelerate launch` with one of our files, up to where torchrun would start processes.

    Gives torchrun's options, and the environment that every process would find.
    """
    started: list[tuple[Namespace, dict[str, str]]] = []
    monkeypatch.setattr(
        "torch.distributed.run.run", lambda options: started.append((options, dict(os.environ)))
    )
    monkeypatch.chdir(ROOT)  # a DeepSpeed file is named as seen from there

    def run(name: str, *more: str) -> tuple[Namespace, dict[str, str]]:
        file = ["--config_file", str(LAUNCH / f"{name}.yaml"), "--main_process_port", "0"]
        launch_command(launch_command_parser().parse_args([*file, *more, "-m", "rerec", "train"]))
        return started.pop()

    return run


def test_one_gpu_needs_no_torchrun(launch: Launch, monkeypatch: pytest.MonkeyPatch):
    commands: list[list[str]] = []

    class Ended:
        returncode = 0

        def __init__(self, command: list[str], env: dict[str, str]) -> None:
            commands.append([*command, env["ACCELERATE_MIXED_PRECISION"]])

        def wait(self) -> None: ...

    monkeypatch.setattr(subprocess, "Popen", Ended)
    with pytest.raises(IndexError):  # nothing was handed to torchrun
        launch("one_gpu")
    assert commands[0][1:] == ["-m", "rerec", "train", "bf16"]


def test_one_node_starts_a_process_for_each_gpu(launch: Launch):
    options, env = launch("one_node")
    assert (options.nproc_per_node, options.module, options.training_script) == ("8", True, "rerec")
    assert env["ACCELERATE_MIXED_PRECISION"] == "bf16"
    assert "ACCELERATE_USE_FSDP" not in env
    assert launch("one_node", "--num_processes", "4")[0].nproc_per_node == "4"


@pytest.mark.parametrize("name", ["several_nodes", "zero2", "zero3", "fsdp2"])
def test_several_nodes_meet_at_the_first(name: str, launch: Launch):
    if name.startswith("zero"):
        pytest.importorskip("deepspeed")
    more = [] if name == "several_nodes" else ["--num_machines", "2", "--num_processes", "16"]
    options, _ = launch(name, *more, "--machine_rank", "1", "--main_process_ip", "10.0.0.1")
    config, _, _ = config_from_args(options)
    assert (config.min_nodes, config.max_nodes, config.nproc_per_node) == (2, 2, 8)
    assert config.rdzv_endpoint.startswith("10.0.0.1:")
    assert config.rdzv_configs["rank"] == 1


def test_fsdp2_spreads_everything_and_gathers_it_to_save(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
):
    options, env = launch("fsdp2")
    assert options.nproc_per_node == "8"
    for name in filter(lambda name: name.startswith("FSDP_"), env):
        monkeypatch.setenv(name, env[name])
    plugin = FullyShardedDataParallelPlugin()
    assert env["ACCELERATE_USE_FSDP"] == "true"
    assert (plugin.fsdp_version, plugin.reshard_after_forward) == (2, True)
    assert plugin.state_dict_type is StateDictType.FULL_STATE_DICT
    assert not plugin.cpu_ram_efficient_loading


@pytest.mark.parametrize("stage", [2, 3])
def test_accelerate_takes_the_deepspeed_file(stage: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ACCELERATE_DEEPSPEED_CONFIG_FILE", str(LAUNCH / f"zero{stage}.json"))
    plugin = DeepSpeedPlugin()
    plugin.set_mixed_precision("bf16")
    assert plugin.zero_stage == stage
    assert plugin.is_auto("gradient_clipping")
    assert plugin.deepspeed_config["bf16"]["enabled"] is True
    assert plugin.zero3_save_16bit_model == (stage == 3)


@pytest.mark.parametrize("stage", [2, 3])
def test_deepspeed_takes_what_transformers_makes_of_its_file(
    stage: int, launch: Launch, llama: Any, tmp_path: Path
):
    deepspeed = pytest.importorskip("deepspeed.runtime.config")
    options, env = launch(f"zero{stage}")
    assert (options.nproc_per_node, env["ACCELERATE_USE_DEEPSPEED"]) == ("8", "true")
    file = Path(env["ACCELERATE_DEEPSPEED_CONFIG_FILE"])
    recipe = read_recipe(ROOT / "recipes" / "paper-qwen2.5-3b.yaml")
    config = grpo_config(recipe, tmp_path, n_processes=1)
    table = HfTrainerDeepSpeedConfig(json.loads(file.read_text()))
    table.trainer_config_process(config)
    table.trainer_config_finalize(config, llama(), num_training_steps=10)
    found = deepspeed.DeepSpeedConfig(table.config)
    assert found.zero_config.stage == stage
    assert found.gradient_clipping == config.max_grad_norm
    assert found.train_micro_batch_size_per_gpu == config.per_device_train_batch_size
    assert found.gradient_accumulation_steps == config.gradient_accumulation_steps


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
@pytest.mark.parametrize("n_processes", [1, 2])
def test_trl_takes_every_key_of_a_recipe(path: Path, n_processes: int, tmp_path: Path):
    recipe = read_recipe(path)
    config = grpo_config(recipe, tmp_path, n_processes=n_processes)
    rows = config.per_device_train_batch_size * config.gradient_accumulation_steps * n_processes
    assert rows / recipe.train.queries_per_step == config.num_generations
    assert sft_config(recipe, tmp_path).num_train_epochs == 1


@pytest.mark.parametrize("name", ["paper-qwen2.5-3b", "smollm2-movies-gpu"])
def test_responses_come_from_vllm_in_the_process_or_from_a_server(name: str, tmp_path: Path):
    path = ROOT / "recipes" / f"{name}.yaml"
    inside = grpo_config(read_recipe(path), tmp_path, n_processes=1)
    assert (inside.use_vllm, inside.vllm_mode) == (True, "colocate")
    assert 0 < inside.vllm_gpu_memory_utilization < 1
    outside = grpo_config(read_recipe(path, SERVER), tmp_path, n_processes=1)
    assert (outside.vllm_mode, outside.vllm_server_base_url) == ("server", "http://head:8000")
    with pytest.raises(SettingsError, match=r"train.*vllm_mode"):
        grpo_config(read_recipe(path, ["train.vllm_mod=server"]), tmp_path, n_processes=1)


@pytest.mark.skipif(torch.accelerator.is_available(), reason="vLLM may be there")
def test_without_vllm_it_is_one_sentence(recipe: Any, tmp_path: Path):
    with pytest.raises(SettingsError, match=r"train\.use_vllm.*rerec\[vllm\]"):
        rft(recipe(train={"use_vllm": True}), out=tmp_path / "run", progress=print)
