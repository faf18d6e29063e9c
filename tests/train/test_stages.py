"""The whole line on the corner shop, by the command: each stage reads what the last one wrote."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rerec.catalogue.domain import EMBEDDINGS_FILE, write_manifest
from rerec.cli import main
from rerec.settings import Recipe

Run = Callable[[str], str]


@pytest.fixture
def shop(corner_shop: Path, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a domain that has no embeddings yet, and a recipe for it."""
    folder = corner_shop.parent
    monkeypatch.chdir(folder)
    (corner_shop / EMBEDDINGS_FILE).unlink()
    write_manifest(corner_shop)
    corner_shop.rename("shop")
    small = recipe(train={"max_steps": 2, "validate_every": 1}).model_copy(
        update={"domain": "shop"}
    )
    Path("recipe.yaml").write_text(yaml.safe_dump(small.model_dump()))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line that must succeed; what it printed."""

    def said(line: str) -> str:
        capsys.readouterr()
        assert main(line.split()) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return said


def test_the_line_runs_from_a_domain_to_a_report(shop: Path, run: Run):
    run("data check shop")
    assert json.loads(run("data info shop --json"))["queries"]["test"]["n"] == 3
    run("data export shop --format graphml --graph interactions --out shop.graphml")
    figures = json.loads(run("embed shop --set max_epochs=2 --json"))["figures"]
    assert set(figures) > {"lightgcn", "popularity"}
    run("data check shop")
    run("sft --config recipe.yaml --out sft")
    run("train --config recipe.yaml --model sft --out rft --set train.learning_rate=1e-3")
    for name in ("sft", "rft"):
        summary = json.loads(
            run(f"evaluate --model {name} --data shop --split test --out {name}.json --json")
        )["summary"]
        assert summary["all"]["accuracy"]["n"] == 3
    assert json.loads(run("compare sft.json rft.json --json"))["all"]["n"] == 3
    run("report --run sft.json --run rft.json --metrics rft/metrics.jsonl --out report.html")
    row = json.loads(Path("rft.json").read_text())["rows"][0]
    Path("answers.jsonl").write_text(json.dumps(row) + "\n")
    scored = json.loads(run("score --data shop --responses answers.jsonl"))
    assert (scored["query_id"], scored["outcome"]) == (row["query_id"], row["outcome"])
    assert {path.name for path in shop.iterdir()} >= {"shop.graphml", "report.html"}
    assert all((shop / folder / "made.json").is_file() for folder in ("sft", "rft"))
