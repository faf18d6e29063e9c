"""The shipped adapters: their records hold together, and answering again gives what they report."""

from pathlib import Path

import pytest

from rerec.evaluate.evaluation import evaluate
from rerec.evaluate.run_file import Run, read_run
from rerec.evaluate.statistics import share_interval
from rerec.evaluate.table import figures_of, summarise
from rerec.graph.embed import embed
from rerec.queries.build import build
from rerec.settings import LightGCNSettings, QuerySettings

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
ADAPTERS = sorted(path.parent for path in ARTIFACTS.glob("*/adapter_config.json"))
N_AGAIN = 24
"""Queries answered again: about half a minute for each adapter on two cores."""


def ignored(line: str) -> None:
    pass


@pytest.mark.parametrize("folder", ADAPTERS, ids=lambda folder: folder.name)
def test_a_record_reports_what_its_rows_say(folder: Path):
    run = read_run(folder / "test.json")
    assert run["split"] == "test"
    assert run["summary"] == summarise(run["rows"], seed=run["settings"]["seed"])


@pytest.mark.parametrize("folder", ADAPTERS, ids=lambda folder: folder.name)
def test_an_adapter_is_small_and_comes_with_its_record(folder: Path):
    assert (folder / "adapter_model.safetensors").stat().st_size <= 10e6
    for name in ("rerec.json", "recipe.json", "metrics.jsonl", "test.json"):
        assert (folder / name).is_file()


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded domain, built anew."""
    folder = tmp_path_factory.mktemp("built") / "ml-100k"
    explicit = QuerySettings(categories=("explicit",))
    build("ml-100k", folder, explicit, seed=7, from_files=None, progress=ignored)
    embed(folder, LightGCNSettings(), seed=7, compare=False, progress=ignored)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("folder", ADAPTERS, ids=lambda folder: folder.name)
def test_answering_again_gives_what_is_reported(folder: Path, domain: Path, tmp_path: Path):
    """Another machine rounds otherwise, so a few answers may turn out differently."""
    reported = read_run(folder / "test.json")
    again: Run = evaluate(
        str(folder), domain, split="test", out=tmp_path / "again.json", limit=N_AGAIN, seed=7,
        progress=ignored,
    )  # fmt: skip
    before = {row["query_id"]: row for row in reported["rows"]}
    right = figures_of(again["rows"], "accuracy")
    low, high = share_interval(right, seed=7)
    answered = [before[row["query_id"]] for row in again["rows"]]
    assert low <= sum(figures_of(answered, "accuracy")) / N_AGAIN <= high
    same = [row["outcome"] == before[row["query_id"]]["outcome"] for row in again["rows"]]
    assert sum(same) >= 0.85 * N_AGAIN
