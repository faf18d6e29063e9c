"""Validation: its figures by hand, and which weights are kept."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.records import Outcome, Scored
from rerec.settings import Recipe
from rerec.train.journal import Journal
from rerec.train.policy import load_policy, load_tokenizer
from rerec.train.run_folder import RunFolder
from rerec.train.validation import Validator, figures_of


def scored(query_id: str, outcome: Outcome, reward: float) -> Scored:
    right = float(outcome == "right")
    return Scored(query_id, (), outcome, right, 0.5, 0.25, 0.5, reward, (), ())


def test_figures_are_means_over_responses_in_all_and_by_category(corner_shop_made: Path):
    queries = read_domain(corner_shop_made).queries("train")
    outcomes: list[Outcome] = ["right", "wrong", "unknown_title", "no_answer"]
    worth = [scored(q.query_id, o, r) for q, o, r in zip(queries, outcomes, range(4), strict=True)]
    figures = figures_of(queries, worth)
    assert figures["reward"] == 1.5
    assert figures["accuracy"] == figures["accuracy/explicit"] == figures["ndcg"] == 0.25
    assert figures["unknown_title"] == figures["no_answer"] == 0.25
    assert (figures["reward/qas"], figures["reward/pas"]) == (0.5, 0.25)


@pytest.fixture
def make(recipe: Callable[..., Recipe], corner_shop: Path, tiny: Path, tmp_path: Path):
    """Makes a validator of one and the same run, as after a restart."""
    wanted, said = recipe(), []

    def validator() -> Validator:
        domain = read_domain(corner_shop)
        judge = Judge.of(domain, wanted.reward, wanted.credit)
        run = RunFolder.open(tmp_path / "run", wanted, command="train", progress=said.append)
        journal = Journal(run.folder, said.append)
        with suppress(KeyboardInterrupt), run.underway():
            raise KeyboardInterrupt
        made = Validator(domain, judge, load_tokenizer(str(tiny)), str(tiny), run, journal)
        made.choose(2)
        return made

    return validator


def figures_at(step: int, ndcg: float) -> dict[str, float]:
    return {"ndcg": ndcg, "step_seen": float(step)}


def test_the_best_weights_stay_and_the_last_follow(make, tiny: Path, tmp_path: Path):
    validator, run = make(), tmp_path / "run"
    for step, ndcg in ((0, 0.1), (2, 0.6), (4, 0.3)):
        model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
        model.lm_head.weight.data.fill_(step)
        validator._keep(model, step, figures_at(step, ndcg))

    def head(folder: str) -> float:
        model: Any = load_policy(str(run / folder)).model
        return model.lm_head.weight[0, 0].item()

    assert (head("best"), head("last")) == (2, 4)
    assert json.loads((run / "rerec_best.json").read_text())["step"] == 2
    # Whether the best of an interrupted run still counts depends on where it goes on from.
    for step, best in ((4, 0.6), (2, 0.6), (0, -1.0)):
        again = make()
        again.resume(step)
        assert again.best == best


def test_a_lost_best_is_found_anew(make, tiny: Path, tmp_path: Path):
    model = AutoModelForCausalLM.from_pretrained(tiny)
    make()._keep(model, 2, figures_at(2, 0.6))
    (tmp_path / "run" / "best").rename(tmp_path / "elsewhere")
    again = make()
    again.resume(4)
    assert again.best == -1.0


def test_a_validation_writes_its_line_its_answers_and_its_weights(make, tiny: Path, tmp_path: Path):
    validator = make()
    model = AutoModelForCausalLM.from_pretrained(tiny)
    validator.run(model, model, 3)
    run = tmp_path / "run"
    (line,) = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    assert (line["step"], line["kind"]) == (3, "valid")
    assert 1 <= line["length"] <= 12
    answers = json.loads((run / "completions" / "valid-000003.json").read_text())
    assert {row["query_id"] for row in answers} == {"q5", "q6"}
    assert (run / "best" / "config.json").is_file()
