"""Reinforcement on the corner shop: what a run leaves, and that a killed one goes on exactly."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rerec.catalogue.domain import read_domain
from rerec.errors import DataError, SettingsError
from rerec.graph.attributes import AttributeGraph
from rerec.settings import Recipe
from rerec.train.policy import load_policy
from rerec.train.rft import chosen_queries, rft
from rerec.train.trainer import STATE, Speed

KILLED = """
import os, signal, sys
from pathlib import Path
from rerec.settings import Recipe
from rerec.train.rft import rft

def progress(line):
    if line.startswith("step 5/6"):  # behind the checkpoint of step 4, before that of step 6
        os.kill(os.getpid(), signal.SIGKILL)

rft(Recipe.model_validate_json(sys.argv[1]), out=Path(sys.argv[2]), progress=progress)
"""


RANK = """
import sys
from pathlib import Path
from rerec.settings import Recipe
from rerec.train.rft import rft

rft(Recipe.model_validate_json(sys.argv[1]), out=Path(sys.argv[2]), progress=lambda line: None)
"""


DYING = RANK.replace(
    "rft(Recipe",
    """
import os, signal
from rerec.train.feed import QueryFeed

taken, turns = QueryFeed.next_rows, []

def next_rows(self, n):
    turns.append(n)
    if os.environ["RANK"] == "1" and len(turns) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return taken(self, n)

QueryFeed.next_rows = next_rows

rft(Recipe""",
)


class Stopped(BaseException):
    """Stands for a kill within this process: nothing may catch it."""


def stopping_at(start: str) -> Callable[[str], None]:
    def progress(line: str) -> None:
        if line.startswith(start):
            raise Stopped

    return progress


def ignored(line: str) -> None:
    pass


def spawned(program: str, recipe: Recipe, out: Path, **machine: str) -> subprocess.Popen[bytes]:
    """A Python process of its own; as many threads as here, since their number changes sums."""
    source = str(Path(__file__).parents[2] / "src")
    threads = str(torch.get_num_threads())
    env = os.environ | {"PYTHONPATH": source, "OMP_NUM_THREADS": threads} | machine
    command = [sys.executable, "-c", program, recipe.model_dump_json(), str(out)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def two_processes(program: str, recipe: Recipe, out: Path) -> list[subprocess.Popen[bytes]]:
    """A run in two processes of this machine, as torchrun would start it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_PORT": port}
    shared |= {"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}
    return [spawned(program, recipe, out, RANK=r, LOCAL_RANK=r, **shared) for r in ("0", "1")]


def end_well(processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until all have done their work."""
    try:
        for process in processes:
            printed, _ = process.communicate(timeout=240)
            assert process.returncode == 0, printed.decode()[-2000:]
    finally:
        for process in processes:
            process.kill()


def steps_of(out: Path) -> list[tuple[int, str]]:
    lines = (out / "metrics.jsonl").read_text().splitlines()
    return [(row["step"], row["kind"]) for row in map(json.loads, lines)]


@pytest.fixture
def wanted(recipe: Callable[..., Recipe]) -> Recipe:
    """Six steps with a reference to stay near, so that a checkpoint holds two adapters."""
    return recipe(train={"num_generations": 4, "beta": 0.02})


@pytest.fixture
def whole(wanted: Recipe, tmp_path: Path) -> Path:
    """The run folder of an uninterrupted run."""
    rft(wanted, out=tmp_path / "whole", progress=ignored)
    return tmp_path / "whole"


def test_a_killed_run_goes_on_as_if_it_never_had_been(wanted: Recipe, whole: Path, tmp_path: Path):
    out = tmp_path / "killed"
    process = spawned(KILLED, wanted, out)
    printed, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL, printed.decode()[-2000:]
    assert steps_of(out)[-1] == (5, "train")
    assert (out / "checkpoints" / "checkpoint-4").is_dir()
    assert not (out / "made.json").exists()
    with (out / "metrics.jsonl").open("a") as file:
        file.write('{"step": 5, "ki')  # as a full disk would leave it

    said: list[str] = []
    rft(wanted, out=out, progress=said.append)
    assert not any(line.startswith("step 4/6") for line in said)
    for name in ("metrics.jsonl", "rerec_best.json", f"checkpoints/checkpoint-6/{STATE}"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    for name in ("best", "last", "checkpoints/checkpoint-6", "checkpoints/checkpoint-6/ref"):
        weights = Path(name) / "adapter_model.safetensors"
        assert (out / weights).read_bytes() == (whole / weights).read_bytes(), name
    assert (out / "made.json").is_file()


def test_a_run_killed_before_its_first_checkpoint_begins_anew(
    wanted: Recipe, whole: Path, tmp_path: Path
):
    out = tmp_path / "early"
    with pytest.raises(Stopped):
        rft(wanted, out=out, progress=stopping_at("step 2/6"))
    assert steps_of(out) == [(0, "valid"), (1, "train"), (2, "valid"), (2, "train")]
    rft(wanted, out=out, progress=ignored)
    assert (out / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


def test_a_run_killed_right_after_a_checkpoint_goes_on_from_it(
    wanted: Recipe, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object, **__: object) -> None:
        raise Stopped

    out = tmp_path / "saved"
    with monkeypatch.context() as patched:
        # What comes next once the trainer's own state is written.
        patched.setattr("transformers.trainer.rotate_checkpoints", killed)
        with pytest.raises(Stopped):
            rft(wanted, out=out, progress=ignored)
    said: list[str] = []
    rft(wanted, out=out, progress=said.append)
    assert not any(line.startswith("step 2/6") for line in said)
    assert (out / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


def test_a_run_folder_tells_the_whole_run(wanted: Recipe, whole: Path):
    rows = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    trained = [row for row in rows if row["kind"] == "train"]
    assert steps_of(whole) == [
        (0, "valid"), (1, "train"), (2, "valid"), (2, "train"), (3, "train"),
        (4, "valid"), (4, "train"), (5, "train"), (6, "valid"), (6, "train"),
    ]  # fmt: skip
    # The run has something to learn from, or it would be easy to repeat.
    assert max(row["grad_norm"] for row in trained) > 0.01
    assert max(row["kl"] for row in trained) > 0
    assert len({row["reward"] for row in trained}) > 2
    # Four queries, two a step: all were tried in the first two steps.
    assert [row["curriculum/unseen"] for row in trained] == [2, 0, 0, 0, 0, 0]
    completions = {path.name for path in (whole / "completions").iterdir()}
    assert completions >= {"valid-000000.json", "train-000002.json", "valid-000006.json"}
    samples = json.loads((whole / "completions" / "train-000002.json").read_text())
    assert len(samples) == 8
    assert samples[0].keys() >= {"query_id", "response", "outcome", "reward", "blamed"}
    made = json.loads((whole / "made.json").read_text())
    assert (made["command"], made["seed"]) == ("train", 7)
    for folder in (whole, whole / "best", whole / "last"):
        assert load_policy(str(folder)).prompt == wanted.prompt
    assert [path.name for path in whole.iterdir() if path.name.startswith(".")] == [".lock"]


def test_a_finished_run_is_left_alone_and_another_recipe_refused(
    wanted: Recipe, whole: Path, recipe: Callable[..., Recipe]
):
    before = (whole / "metrics.jsonl").read_bytes()
    said: list[str] = []
    rft(wanted, out=whole, progress=said.append)
    assert said == [f"{whole}: this run is finished; remove the folder to run it anew"]
    assert (whole / "metrics.jsonl").read_bytes() == before
    other = recipe(train={"num_generations": 4, "beta": 0.02, "max_steps": 8})
    with pytest.raises(SettingsError, match=r"train\.max_steps was 6, is 8.*--out") as error:
        rft(other, out=whole, progress=ignored)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("train", "error", "sentence"),
    [
        ({"n_queries": 5}, DataError, "train.n_queries is 5"),
        ({"n_queries": 1}, SettingsError, "train.queries_per_step is 2"),
        ({"queries_per_step": 5}, SettingsError, "train.queries_per_step is 5"),
    ],
)
def test_a_run_with_too_few_queries_does_not_begin(
    train: dict[str, Any],
    error: type[Exception],
    sentence: str,
    recipe: Callable[..., Recipe],
    tmp_path: Path,
):
    with pytest.raises(error, match=sentence):
        rft(recipe(train=train), out=tmp_path / "run", progress=ignored)
    assert not (tmp_path / "run" / "made.json").exists()


def test_full_fine_tuning_in_float32_runs_and_leaves_whole_models(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    small = {"max_steps": 1, "validate_every": 1, "bf16": False}
    rft(recipe(model={"lora_rank": 0}, train=small), out=tmp_path / "run", progress=ignored)
    assert load_policy(str(tmp_path / "run")).name == str(tmp_path / "run")
    assert (tmp_path / "run" / "last" / "model.safetensors").is_file()


def test_an_adapter_trains_without_bfloat16_and_by_its_claims(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    small = {"max_steps": 1, "validate_every": 1, "bf16": False}
    rft(recipe(credit={"w_claims": 1}, train=small), out=tmp_path / "run", progress=ignored)
    assert steps_of(tmp_path / "run")[-1] == (1, "train")
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["false_claims"] == 0  # a random policy claims nothing


def test_a_run_by_forks_goes_on_as_if_it_never_had_been_stopped(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    wanted = recipe(train={"forks": True, "num_generations": 4})
    rft(wanted, out=tmp_path / "whole", progress=ignored)
    with pytest.raises(Stopped):
        rft(wanted, out=tmp_path / "stopped", progress=stopping_at("step 5/6"))
    rft(wanted, out=tmp_path / "stopped", progress=ignored)
    lines = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "stopped")]
    assert lines[0] == lines[1]
    rows = [json.loads(line) for line in lines[0].splitlines()]
    trained = [row for row in rows if row["kind"] == "train"]
    assert max(row["grad_norm"] for row in trained) > 0
    assert all(0 <= row["better_forks"] + row["worse_forks"] <= 1 for row in trained)
    assert {row["greedy_accuracy"] for row in trained} <= {0, 0.5, 1}  # of two queries a step


@pytest.mark.slow
def test_two_processes_share_the_queries_of_a_step(recipe: Callable[..., Recipe], tmp_path: Path):
    """Answers so short that some groups name no film: one process then has nothing to learn."""
    wanted = recipe(
        prompt={"max_response_tokens": 1},
        train={"num_generations": 4, "max_steps": 8, "validate_every": 4},
    )
    end_well(two_processes(RANK, wanted, tmp_path / "run"))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    trained = [row for row in map(json.loads, lines) if row["kind"] == "train"]
    assert [row["step"] for row in trained] == list(range(1, 9))
    assert [row["curriculum/unseen"] for row in trained] == [2, 0, 0, 0, 0, 0, 0, 0]
    assert 0.5 in {row["groups_without_spread"] for row in trained}
    assert (tmp_path / "run" / "made.json").is_file()


@pytest.mark.slow  # two processes that import TRL, twice
@pytest.mark.parametrize(
    ("estimator", "forks"), [("rerec", False), ("reinforce++", False), ("rerec", True)]
)
def test_two_processes_make_the_steps_of_one(
    estimator: str, forks: bool, recipe: Callable[..., Recipe], tmp_path: Path
):
    """The same queries, draws, rewards, credit, gradients and curriculum; validation too."""
    wanted = recipe(
        credit={"estimator": estimator, "w_claims": 1},
        train={
            "num_generations": 4, "max_steps": 4, "validate_every": 2, "bf16": False,
            "forks": forks,
        },
    )  # fmt: skip
    rft(wanted, out=tmp_path / "one", progress=ignored)
    end_well(two_processes(RANK, wanted, tmp_path / "two"))
    one, two = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert max(row["grad_norm"] for row in one if row["kind"] == "train") > 0.01
    assert [row.keys() for row in two] == [row.keys() for row in one]
    for ours, theirs in zip(two, one, strict=True):
        assert ours.pop("kind") == theirs.pop("kind")
        if "entropy" in ours:  # TRL's: a mean over micro-batches, whatever their tokens
            assert ours.pop("entropy") == pytest.approx(theirs.pop("entropy"), rel=1e-3)
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-7)


@pytest.mark.slow
def test_where_one_process_dies_the_other_says_so(recipe: Callable[..., Recipe], tmp_path: Path):
    wanted = recipe(train={"num_generations": 4, "validate_every": 6})
    processes = two_processes(DYING, wanted, tmp_path / "run")
    try:
        printed, _ = processes[0].communicate(timeout=240)
        assert processes[1].wait(timeout=60) == -signal.SIGKILL
        assert processes[0].returncode != 0
        last = printed.decode().strip().splitlines()[-1]
        assert "TrainingError" in last
        assert "another process of this run has ended" in last
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize(
    ("train", "ids"),
    [
        ({}, {"q1", "q2", "q3", "q4"}),
        ({"min_holders": 2}, {"q3", "q4"}),  # two candidates are romances, three have De Niro
        ({"min_holders": 3, "queries_per_step": 1}, {"q4"}),
    ],
)
def test_queries_that_one_holder_gives_away_can_be_left_out(
    train: dict[str, Any], ids: set[str], recipe: Callable[..., Recipe], corner_shop: Path
):
    domain = read_domain(corner_shop)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    assert {q.query_id for q in chosen_queries(domain, graph, recipe(train=train))} == ids
    with pytest.raises(DataError, match="have 9 holders or more"):
        chosen_queries(domain, graph, recipe(train={"min_holders": 9}))


def test_fewer_queries_are_the_first_of_the_same_order(
    recipe: Callable[..., Recipe], corner_shop: Path
):
    domain = read_domain(corner_shop)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    whole = chosen_queries(domain, graph, recipe())
    assert chosen_queries(domain, graph, recipe(train={"n_queries": 3})) == whole[:3]


def test_the_switches_of_a_recipe_reach_the_trainer(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[Speed] = []

    def looked(*_: object, speed: Speed, **__: object) -> None:
        seen.append(speed)
        raise Stopped

    monkeypatch.setattr("rerec.train.rft.ReRecTrainer", looked)
    for name in ("share_in_generation", "share_in_training", "skip_dead_groups"):
        with pytest.raises(Stopped):
            rft(recipe(train={name: False}), out=tmp_path / name, progress=ignored)
        assert seen[-1] == Speed(**{name: False})
