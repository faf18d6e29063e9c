"""A split is answered once, whatever interrupts it, and the run says how well."""

import json
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rerec.catalogue.domain import EMBEDDINGS_FILE, read_domain, write_manifest, write_queries
from rerec.errors import DataError
from rerec.evaluate import evaluation
from rerec.evaluate.asked import chosen
from rerec.evaluate.evaluation import evaluate, state_of
from rerec.evaluate.run_file import read_run
from rerec.records import list_of
from rerec.settings import PromptSettings


class Policy:
    """What `evaluate` looks at in a policy."""

    def __init__(self, prompt=None, dtype=None):
        self.prompt = prompt
        self.model = SimpleNamespace(dtype=dtype or torch.bfloat16)


class Answerer:
    """Answers every query with its first candidate; stops like a kill after some batches."""

    def __init__(self, domain, stop_after=None):
        self.domain, self.stop_after = domain, stop_after
        self.asked, self.prompts = [], []

    def __call__(self, policy, domain, queries, prompt, *, on_batch):
        assert isinstance(policy, Policy)
        self.prompts.append(prompt)
        for number, query in enumerate(reversed(queries)):
            if number == self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(query.query_id)
            first = domain.catalogue.items[domain.catalogue.row_of(query.candidates[0])]
            on_batch([(query, f"Why not.\n\n\\boxed{{{first.label}}}", 9)])


@pytest.fixture
def answerer(corner_shop, monkeypatch):
    answerer = Answerer(read_domain(corner_shop))
    monkeypatch.setattr(evaluation, "answer", answerer)
    monkeypatch.setattr(evaluation, "load_policy", lambda *_, dtype: Policy(dtype=dtype))
    return answerer


def run_it(folder, out, said=None, **changes):
    progress = [].append if said is None else said.append
    settings: dict[str, Any] = {"split": "train", "out": out, "seed": 7, "progress": progress}
    return evaluate("some-model", folder, **(settings | changes))


@pytest.mark.usefixtures("answerer")
def test_the_run_is_written_and_says_what_was_done(corner_shop, tmp_path):
    out = tmp_path / "runs" / "run.json"
    run = run_it(corner_shop, out)
    assert read_run(out) == run
    assert [row["query_id"] for row in run["rows"]] == ["q1", "q2", "q3", "q4"]
    assert run["summary"]["all"]["accuracy"]["n"] == 4
    assert run["candidate_info"] == "facts"
    assert list(run["baselines"]) == [
        "random",
        "popularity",
        "nearest_to_history",
        "attribute_overlap",
    ]
    assert all(each["all"]["accuracy"]["n"] == 4 for each in run["baselines"].values())
    assert [path.name for path in out.parent.iterdir()] == ["run.json"]
    # candidates are in the order of their ids as text: q4's first, item 1, is one of its truths
    assert [row["outcome"] for row in run["rows"]] == ["wrong", "wrong", "wrong", "right"]


def test_what_was_answered_before_a_kill_is_not_asked_again(corner_shop, tmp_path, answerer):
    whole = tmp_path / "whole.json"
    run_it(corner_shop, whole)
    answerer.asked.clear()
    out = tmp_path / "run.json"
    answerer.stop_after = 3
    with pytest.raises(KeyboardInterrupt):
        run_it(corner_shop, out)
    assert not out.exists()
    assert len(answerer.asked) == 3
    answerer.stop_after = None
    said = []
    run_it(corner_shop, out, said)
    assert sorted(answerer.asked) == ["q1", "q2", "q3", "q4"]
    assert "continuing: 3 of 4" in said[0]
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*run*")) == ["run.json"]


def test_what_was_answered_of_all_serves_a_smaller_share_and_the_other_way_round(
    corner_shop, tmp_path, answerer, monkeypatch
):
    monkeypatch.setattr(evaluation, "_PART", 2)
    out, said = tmp_path / "run.json", []
    queries = read_domain(corner_shop).queries("train")
    order = [query.query_id for query in chosen(queries, limit=4, seed=7)]
    with monkeypatch.context() as patched:
        patched.setattr(Answerer, "__call__", stopping_at_part(2, Answerer.__call__))
        with pytest.raises(KeyboardInterrupt):
            run_it(corner_shop, out)
    assert set(answerer.asked) == set(order[:2])  # stopped after a part, it is a fair draw
    run = run_it(corner_shop, out, said, limit=1)
    assert len(answerer.asked) == 2
    assert [row["query_id"] for row in run["rows"]] == order[:1]
    said.clear()
    run = run_it(corner_shop, out, said, limit=3)
    assert "continuing: 2 of 3" in said[0]
    assert said[-1].startswith("answered 3 of 3")
    assert answerer.asked[2:] == order[2:3]
    assert [path.name for path in tmp_path.glob("run*")] == ["run.json"]


def stopping_at_part(n, answer):
    parts = []

    def stopping(*args, **kwargs):
        parts.append(1)
        if len(parts) == n:
            raise KeyboardInterrupt
        return answer(*args, **kwargs)

    return stopping


@pytest.mark.parametrize(
    "changes", [{"seed": 8}, {"prompt": PromptSettings(candidate_info="titles")}]
)
def test_another_evaluation_starts_from_nothing(corner_shop, tmp_path, answerer, changes):
    out = tmp_path / "run.json"
    answerer.stop_after = 2
    with pytest.raises(KeyboardInterrupt):
        run_it(corner_shop, out)
    answerer.asked.clear()
    answerer.stop_after = None
    run = run_it(corner_shop, out, **changes)
    assert len(answerer.asked) == len(run["rows"])


def test_the_prompt_is_what_the_model_was_trained_with_unless_told(
    corner_shop, tmp_path, answerer, monkeypatch
):
    trained = PromptSettings(candidate_info="titles", shown_values=2)
    monkeypatch.setattr(evaluation, "load_policy", lambda *_, **__: Policy(trained))
    run = run_it(corner_shop, tmp_path / "a.json")
    assert run["candidate_info"] == "titles"
    assert run["settings"]["prompt"] == trained.model_dump()
    run_it(corner_shop, tmp_path / "b.json", prompt=PromptSettings())
    assert answerer.prompts == [trained, PromptSettings()]


@pytest.mark.usefixtures("answerer")
def test_the_run_says_what_the_weights_were(corner_shop, tmp_path):
    assert run_it(corner_shop, tmp_path / "a.json")["settings"]["dtype"] == "bfloat16"
    run = run_it(corner_shop, tmp_path / "b.json", dtype="float32")
    assert run["settings"]["dtype"] == "float32"


@pytest.mark.usefixtures("answerer")
def test_without_embeddings_a_baseline_is_left_out_and_that_is_said(corner_shop, tmp_path):
    (corner_shop / EMBEDDINGS_FILE).unlink()
    said = []
    run = run_it(corner_shop, tmp_path / "run.json", said)
    assert "nearest_to_history" not in run["baselines"]
    assert "rerec embed" in said[0]


@pytest.mark.usefixtures("answerer")
def test_a_domain_or_split_that_is_not_there_is_one_sentence(corner_shop, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        run_it(tmp_path / "nowhere", tmp_path / "run.json")
    (corner_shop / "queries" / "train.parquet").unlink()
    with pytest.raises(DataError, match=r"train\.parquet"):
        run_it(corner_shop, tmp_path / "run.json")
    assert not list(tmp_path.glob("run.json*"))


def test_nothing_is_answered_where_the_run_cannot_be_written(corner_shop, tmp_path, answerer):
    (tmp_path / "blocked.json.partial.jsonl").mkdir()
    with pytest.raises(DataError, match="blocked"):
        run_it(corner_shop, tmp_path / "blocked.json")
    assert answerer.asked == []


def test_training_on_under_the_same_name_is_noticed(tmp_path):
    assert state_of("smollm2-135m") is None
    (tmp_path / "best").mkdir()
    weights = tmp_path / "best" / "adapter_model.safetensors"
    weights.write_bytes(b"one")
    before = state_of(str(tmp_path))
    assert before == state_of(str(tmp_path))
    weights.write_bytes(b"three")
    assert state_of(str(tmp_path)) != before


@pytest.mark.usefixtures("answerer")
def test_the_run_is_json_that_other_tools_read(corner_shop, tmp_path):
    out = tmp_path / "run.json"
    run_it(corner_shop, out)
    run = json.loads(out.read_text(), parse_constant=pytest.fail)  # no NaN, no Infinity
    assert set(run) == {
        "format",
        "model",
        "split",
        "domain",
        "candidate_info",
        "settings",
        "rows",
        "summary",
        "baselines",
    }


@pytest.mark.usefixtures("answerer")
def test_only_the_categories_that_are_named_are_answered(corner_shop, tmp_path):
    domain = read_domain(corner_shop)
    queries = domain.queries("train")
    write_queries(corner_shop, "train", [replace(queries[0], category="implicit"), *queries[1:]])
    write_manifest(corner_shop)
    rest = run_it(corner_shop, tmp_path / "rest.json", categories=["explicit"])
    one = run_it(corner_shop, tmp_path / "one.json", categories=["implicit"])
    assert [row["query_id"] for row in one["rows"]] == ["q1"]
    assert [row["query_id"] for row in rest["rows"]] == ["q2", "q3", "q4"]
    assert one["domain"]["fingerprint"] != rest["domain"]["fingerprint"]
    with pytest.raises(DataError, match="no query is interest; there are: explicit, implicit"):
        run_it(corner_shop, tmp_path / "none.json", categories=["interest"])


def test_requests_about_a_list_are_answered_beside_its_own(corner_shop_made, tmp_path, monkeypatch):
    answerer = Answerer(read_domain(corner_shop_made))
    monkeypatch.setattr(evaluation, "answer", answerer)
    monkeypatch.setattr(evaluation, "load_policy", lambda *_, dtype: Policy(dtype=dtype))
    own = run_it(corner_shop_made, tmp_path / "own.json", split="test")
    more = run_it(corner_shop_made, tmp_path / "more.json", split="test", requests_per_list=3)
    ids = [row["query_id"] for row in more["rows"]]
    assert len(ids) > len(own["rows"])
    assert {list_of(each) for each in ids} == {row["query_id"] for row in own["rows"]}
    assert more["summary"]["all"]["accuracy"]["n"] == len(ids)
    assert more["domain"]["fingerprint"] != own["domain"]["fingerprint"]
    assert more["settings"]["requests_per_list"] == 3
    # A list's requests stand together, so that it is read once for all of them.
    order = [list_of(each) for each in answerer.asked[len(own["rows"]) :]]
    assert sum(one != other for one, other in pairwise(order)) == len(set(order)) - 1
