"""The demo runs every stage once, skips what is done, and ends with a table and a report."""

import json
import shutil
from html import escape
from types import SimpleNamespace

import pytest
import torch

from rerec.catalogue.domain import EMBEDDINGS_FILE, read_domain
from rerec.errors import DataError, SettingsError
from rerec.evaluate import demo as module
from rerec.evaluate import evaluation
from rerec.evaluate.demo import demo, shipped
from rerec.evaluate.run_file import read_run
from rerec.queries.companions import asked_by
from rerec.records import list_of
from rerec.settings import Recipe
from rerec.train.lessons import asked_in_lessons

RECIPE = "model:\n  name: tiny\n"
LEARNED = "sft:\n  n_examples: 2\n  requests_per_list: 3\n"


class Line:
    """The heavy stages, replaced; every call is noted."""

    def __init__(self, corner_shop):
        self.corner_shop, self.calls, self.fail_in = corner_shop, [], None
        self.answered = []

    def note(self, name):
        if self.fail_in == name:
            raise SettingsError(f"{name} failed")
        self.calls.append(name)

    def build(self, source, out, settings, *, seed, from_files, progress):
        assert (source, from_files, seed, settings.n_candidates) == ("ml-100k", None, 7, 20)
        progress("building")
        if not out.exists():
            self.note("build")
            shutil.copytree(self.corner_shop, out)
            (out / EMBEDDINGS_FILE).unlink()

    def embed(self, folder, settings, *, seed, compare, progress):
        assert (seed, compare, settings.dim) == (7, False, 64)
        progress("embedding")
        self.note("embed")
        shutil.copy(self.corner_shop / EMBEDDINGS_FILE, folder)

    def rft(self, recipe, *, model, out, progress):
        if (out / "made.json").exists():
            return
        self.note(f"rft {recipe.train.max_steps}")
        assert read_domain(out.parent / "ml-100k").folder == type(out)(recipe.domain)
        assert model.endswith("smollm2-movies-sft")
        progress("training")
        (out / "last").mkdir(parents=True)
        (out / "last" / "adapter.safetensors").write_bytes(b"weights")
        (out / "metrics.jsonl").write_text('{"step": 1, "kind": "train", "reward": 0.5}\n')
        (out / "made.json").write_text("{}")

    def answer(self, policy, domain, queries, prompt, *, on_batch):
        """The untrained never answers, the others do; the fine-tuned is always right."""
        self.note(f"answer {policy.name}")
        assert prompt.candidate_info == "facts"
        self.answered += queries
        for query in queries:
            right = domain.catalogue.items[domain.catalogue.row_of(query.ground_truth[0])].label
            first = domain.catalogue.items[domain.catalogue.row_of(query.candidates[0])].label
            boxed = {"tiny": "?", "smollm2-movies-sft": first, "last": right}[policy.name]
            on_batch([(query, f"<script>\n\n\\boxed{{{boxed}}}", 5)])


class Policy:
    """Knows its name and no prompt."""

    prompt = None
    model = SimpleNamespace(dtype=torch.float32)

    def __init__(self, model, *, dtype):
        assert dtype is None
        self.name = model.rpartition("/")[2]


@pytest.fixture
def line(corner_shop, tmp_path, monkeypatch):
    line = Line(corner_shop)
    monkeypatch.setattr(module, "build", line.build)
    monkeypatch.setattr(module, "embed", line.embed)
    monkeypatch.setattr(module, "rft", line.rft)
    monkeypatch.setattr(evaluation, "answer", line.answer)
    monkeypatch.setattr(evaluation, "load_policy", Policy)
    checkout = tmp_path / "checkout"
    (checkout / "artifacts" / "smollm2-movies-sft").mkdir(parents=True)
    (checkout / "recipes").mkdir()
    (checkout / "recipes" / "demo.yaml").write_text(RECIPE)
    (checkout / "recipes" / "smollm2-movies.yaml").write_text(LEARNED)
    monkeypatch.setattr(module, "shipped", lambda name: checkout / name)
    return line


@pytest.fixture
def no_plots(monkeypatch):
    """What is tested is the order of the stages; the plots take most of the time."""
    monkeypatch.setattr(module, "write_report", lambda *_, **__: None)


def run_it(tmp_path, said=None, *, limit=3, requests_per_list=1, steps=2):
    return demo(
        tmp_path / "demo",
        limit=limit,
        requests_per_list=requests_per_list,
        steps=steps,
        progress=([] if said is None else said).append,
    )


WHOLE = ["build", "embed", "answer tiny", "answer smollm2-movies-sft", "rft 2", "answer last"]


def test_every_stage_runs_once_and_the_result_can_be_read(line, tmp_path):
    told = run_it(tmp_path)
    assert line.calls == WHOLE
    lines = told["table"].splitlines()
    for name in ("untrained", "warm-started", "fine-tuned", "attribute_overlap"):
        assert any(line.startswith(name) for line in lines)
    assert "fine-tuned" in told["comparison"]
    assert "3 held-out queries" in told["note"]
    page = (tmp_path / "demo" / "report.html").read_text()
    assert told["report"].endswith("report.html")
    assert "<script>" not in page
    assert "A thriller by Bryan Singer." in page
    assert all(step.startswith("rerec ") for step in told["next_steps"])
    assert set(told["runs"]) == {"untrained", "warm-started", "fine-tuned"}
    json.dumps(told)


def test_several_requests_may_be_about_a_list(line, tmp_path):
    told = run_it(tmp_path, limit=4, requests_per_list=4)
    run = read_run(tmp_path / "demo" / "warm-started.json")
    ids = [row["query_id"] for row in run["rows"]]
    assert len(ids) == 4
    lists = {list_of(each) for each in ids}
    assert len(lists) < len(ids)
    assert f"4 held-out queries of test about {len(lists)} lists of candidates" in told["note"]
    domain = read_domain(tmp_path / "demo" / "ml-100k")
    recipe = Recipe.model_validate({"sft": {"n_examples": 2, "requests_per_list": 3}})
    learned = asked_in_lessons(recipe, domain)
    texts = {query.text for query in line.answered if "+" in query.query_id}
    assert texts
    assert learned.isdisjoint(asked_by(q) for q in line.answered if "+" in q.query_id)
    page = (tmp_path / "demo" / "report.html").read_text()
    assert any(escape(text, quote=False) in page for text in texts)
    run_it(tmp_path, limit=4, requests_per_list=2)
    assert line.calls.count("answer tiny") == 2


@pytest.mark.usefixtures("no_plots")
def test_a_finished_demo_does_nothing_again(line, tmp_path):
    first = run_it(tmp_path)
    line.calls.clear()
    said = []
    again = run_it(tmp_path, said)
    assert line.calls == []
    assert again["table"] == first["table"]
    assert sum("done already" in sentence for sentence in said) == 4


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("stage", ["embed", "answer smollm2-movies-sft", "rft 2", "answer last"])
def test_a_demo_that_was_stopped_goes_on_where_it_was(line, tmp_path, stage):
    line.fail_in = stage
    with pytest.raises(SettingsError, match="failed"):
        run_it(tmp_path)
    done = line.calls.copy()
    line.fail_in = None
    run_it(tmp_path)
    assert line.calls == WHOLE
    assert done == WHOLE[: len(done)]


@pytest.mark.usefixtures("no_plots")
def test_other_steps_train_beside_and_a_larger_limit_answers_again(line, tmp_path):
    run_it(tmp_path, limit=2)
    line.calls.clear()
    run_it(tmp_path, limit=2, steps=3)
    assert line.calls == ["rft 3", "answer last"]
    line.calls.clear()
    told = run_it(tmp_path, limit=3, steps=3)
    assert line.calls == ["answer tiny", "answer smollm2-movies-sft", "answer last"]
    assert "3 held-out queries" in told["note"]


def test_a_missing_adapter_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="run the demo from a checkout"):
        shipped("artifacts/no-such-adapter")
