"""The warm start on the corner shop: it learns, it goes on, it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from rerec.catalogue.domain import EMBEDDINGS_FILE, read_domain, write_manifest
from rerec.errors import DataError, SettingsError
from rerec.graph.attributes import AttributeGraph
from rerec.settings import Recipe
from rerec.train.lessons import lessons
from rerec.train.policy import load_policy
from rerec.train.prompts import PromptWriter
from rerec.train.sft import sft

LEARNING = {
    "num_train_epochs": 6,
    "gradient_accumulation_steps": 2,
    "warmup_steps": 0,
    "learning_rate": 2e-2,
    "save_steps": 4,
    "n_examples": 4,
    "validate_every": 4,
}


class Stopped(BaseException):
    """Stands for a kill."""


def ignored(line: str) -> None:
    pass


def rows_of(out: Path) -> list[dict[str, float | str]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_its_loss_falls_and_the_run_folder_is_complete(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    wanted, out = recipe(sft=LEARNING), tmp_path / "whole"
    sft(wanted, out=out, progress=ignored)
    losses = [float(row["loss"]) for row in rows_of(out) if row["kind"] == "train"]
    assert len(losses) == 12  # 6 epochs of 4 examples, 2 a step
    assert sum(losses[-2:]) < 0.8 * sum(losses[:2])
    valid = [row for row in rows_of(out) if row["kind"] == "valid"]
    assert [row["step"] for row in valid] == [4, 8, 12]
    assert valid[0].keys() >= {"accuracy", "ndcg", "reward/format", "length", "no_answer"}
    assert {path.name for path in out.iterdir()} >= {
        "recipe.json", "metrics.jsonl", "timings.jsonl", "completions", "checkpoints", "best",
        "last", "made.json", "rerec_best.json",
    }  # fmt: skip
    assert load_policy(str(out)).prompt == wanted.prompt

    def stop(line: str) -> None:
        if line.startswith("step 7/12"):
            raise Stopped

    again = tmp_path / "again"
    with pytest.raises(Stopped):
        sft(wanted, out=again, progress=stop)
    sft(wanted, out=again, progress=ignored)
    assert (again / "metrics.jsonl").read_bytes() == (out / "metrics.jsonl").read_bytes()
    last = Path("last", "adapter_model.safetensors")
    assert (again / last).read_bytes() == (out / last).read_bytes()


def test_it_needs_no_embeddings(recipe: Callable[..., Recipe], corner_shop: Path, tmp_path: Path):
    (corner_shop / EMBEDDINGS_FILE).unlink()
    write_manifest(corner_shop)
    small = {"n_examples": 1, "gradient_accumulation_steps": 1}
    sft(recipe(sft=small), out=tmp_path / "run", progress=ignored)
    assert rows_of(tmp_path / "run")[-1]["step"] == 1


def test_more_examples_than_can_be_written_are_refused(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    with pytest.raises(DataError, match=r"4 training queries can be written .* is 5; ask"):
        sft(recipe(sft={"n_examples": 5}), out=tmp_path / "run", progress=ignored)


def test_requests_about_one_list_are_learned_together(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    out, said = tmp_path / "run", []
    together = LEARNING | {"requests_per_list": 4, "num_train_epochs": 2}
    sft(recipe(sft=together), out=out, progress=said.append)
    assert any(line.endswith("requests about 4 lists of candidates") for line in said)
    losses = [float(row["loss"]) for row in rows_of(out) if row["kind"] == "train"]
    assert len(losses) == 4  # 2 epochs of 4 lists, 2 a step
    assert losses[-1] < losses[0]


def test_a_model_that_cannot_share_learns_a_request_a_row(
    recipe: Callable[..., Recipe], tiny: Path, tmp_path: Path
):
    out, said = tmp_path / "run", []
    name = str(sliding(tiny, tmp_path / "sliding"))
    four = {"n_examples": 4, "requests_per_list": 4, "gradient_accumulation_steps": 1}
    sft(recipe(sft=four, model={"name": name}), out=out, progress=said.append)
    n_requests = int(said[0].split()[3])
    assert n_requests > 4
    assert len([row for row in rows_of(out) if row["kind"] == "train"]) == n_requests


def test_a_micro_batch_of_more_than_one_example_is_refused(
    recipe: Callable[..., Recipe], tmp_path: Path
):
    batched = recipe(sft={"per_device_train_batch_size": 2})
    with pytest.raises(SettingsError, match=r"sft\.per_device_train_batch_size is 2.*accumulation"):
        sft(batched, out=tmp_path / "run", progress=ignored)


def sliding(tiny: Path, folder: Path) -> Path:
    """A random model whose attention slides, with the tiny model's tokenizer."""
    torch.manual_seed(2)
    settings = json.loads((tiny / "config.json").read_text())
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")
    heads = ("num_attention_heads", "num_key_value_heads", "initializer_range", "eos_token_id")
    config = MistralConfig(sliding_window=16, **{name: settings[name] for name in names + heads})
    MistralForCausalLM(config).save_pretrained(folder)
    for path in tiny.iterdir():
        if not (folder / path.name).exists():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize("slides", [False, True])
def test_the_loss_is_the_mean_over_answer_tokens(
    slides: bool, recipe: Callable[..., Recipe], tiny: Path, tmp_path: Path
):
    """Against a plain forward over the whole row; learning nothing, so that the model stays."""
    still = {"n_examples": 1, "gradient_accumulation_steps": 1, "learning_rate": 0.0, "bf16": False}
    name = str(sliding(tiny, tmp_path / "sliding") if slides else tiny)
    wanted = recipe(sft=still, model={"name": name})
    said: list[str] = []
    sft(wanted, out=tmp_path / "run", progress=said.append)
    assert ("plain attention is used, a request a row: its attention slides" in said) == slides
    (row,) = [row for row in rows_of(tmp_path / "run") if row["kind"] == "train"]
    policy = load_policy(name, dtype=torch.float32)
    domain = read_domain(Path(wanted.domain))
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    writer = PromptWriter(domain, graph, wanted.prompt)
    ((example,),) = lessons(wanted, domain, writer, policy.tokenizer)
    ids = torch.tensor([example.prompt + example.answer])
    logps = torch.log_softmax(policy.model(input_ids=ids).logits[0, :-1], -1)
    scored = logps.gather(1, ids[0, 1:, None])[len(example.prompt) - 1 :]
    assert row["loss"] == pytest.approx(-scored.mean().item(), rel=1e-4)
