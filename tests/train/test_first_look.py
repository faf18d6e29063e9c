"""The first look at training queries: what answers are worth, and going on after a stop."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaForCausalLM

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.errors import DataError
from rerec.records import Query
from rerec.settings import Recipe
from rerec.train import first_look
from rerec.train.first_look import FirstLook
from rerec.train.policy import Policy, load_policy, save_policy
from rerec.train.rft import rft


def ignored(line: str) -> None:
    pass


@pytest.fixture
def wanted(recipe: Callable[..., Recipe]) -> Recipe:
    return recipe(curriculum={"first_look": True, "retest_every": 2})


@pytest.fixture
def look(wanted: Recipe, tiny: Path, tmp_path: Path) -> FirstLook:
    domain = read_domain(Path(wanted.domain))
    judge = Judge.of(domain, wanted.reward, wanted.credit)
    return FirstLook(load_policy(str(tiny)), domain, judge, wanted, tmp_path, ignored)


def knowing(right: Sequence[str], asked: list[str], stop_at: str = "") -> Callable[..., None]:
    """Answers that are right for some queries, and stop at one as a kill would."""

    def answer(_policy: Any, domain: Any, queries: Sequence[Query], _prompt: Any, *, on_batch: Any):
        for query in queries:
            if query.query_id == stop_at:
                raise KeyboardInterrupt
            asked.append(query.query_id)
            catalogue = domain.catalogue
            truth = catalogue.items[catalogue.row_of(query.ground_truth[0])].label
            on_batch([(query, f"\\boxed{{{truth}}}" if query.query_id in right else "?", 3)])

    return answer


def test_right_answers_score_one_and_others_zero(look: FirstLook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(first_look, "answer", knowing(["q1", "q3"], []))
    scores = look.scores(look.domain.queries("train"))
    assert scores == {"q1": [1.0], "q2": [0.0], "q3": [1.0], "q4": [0.0]}


def test_by_reward_no_score_leaves_its_range(look: FirstLook, monkeypatch: pytest.MonkeyPatch):
    curriculum = look.recipe.curriculum.model_copy(update={"difficulty": "reward"})
    recipe = look.recipe.model_copy(update={"curriculum": curriculum})
    monkeypatch.setattr(first_look, "answer", knowing(["q1", "q3"], []))
    scores = replace(look, recipe=recipe).scores(look.domain.queries("train"))
    assert scores == {"q1": [1.0], "q2": [0.0], "q3": [1.0], "q4": [0.0]}


def test_a_look_that_was_stopped_asks_only_what_is_left(
    look: FirstLook, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(first_look, "_CHUNK", 2)
    queries, asked = look.domain.queries("train"), []
    ids = [query.query_id for query in queries]
    monkeypatch.setattr(first_look, "answer", knowing(ids[:1], asked, stop_at=ids[2]))
    with pytest.raises(KeyboardInterrupt):
        look.scores(queries)
    assert asked == ids[:2]
    monkeypatch.setattr(first_look, "answer", knowing(ids, asked))
    scores = look.scores(queries)
    assert asked == ids
    assert scores == {ids[0]: [1.0], ids[1]: [0.0], ids[2]: [1.0], ids[3]: [1.0]}


def test_notes_that_are_no_scores_are_refused(look: FirstLook):
    (look.folder / "first_look-0.json").write_text("[1]")
    with pytest.raises(DataError, match=r"first_look-0\.json: does not hold scores"):
        look.scores(look.domain.queries("train"))


def test_a_run_leaves_out_what_was_right_at_first_look(
    wanted: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(first_look, "answer", knowing(["q1", "q3"], []))
    rft(wanted, out=tmp_path / "run", progress=ignored)
    text = (tmp_path / "run" / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    steps = [line for line in lines if line["kind"] == "train"]
    # Two queries a step, two open: the other two wait for the third epoch.
    assert [step["curriculum/unseen"] for step in steps] == [0.0] * 6
    assert [step["curriculum/mastered"] for step in steps[:2]] == [2.0, 2.0]
    assert steps[2]["curriculum/mastered"] < 2.0  # the untrained model does not know them


def test_it_is_the_warm_start_that_answers(
    wanted: Recipe, tiny: Path, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(4)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    warm = get_peft_model(LlamaForCausalLM.from_pretrained(tiny), config)
    save_policy(warm, tokenizer, tmp_path / "warm", base=str(tiny), prompt=wanted.prompt)
    ids, answering = torch.tensor([[5, 6, 7, 8]]), []

    def answer(policy: Policy, *_: Any, **__: Any) -> None:
        model: Any = policy.model
        answering.append(model(input_ids=ids).logits.float())
        raise KeyboardInterrupt

    monkeypatch.setattr(first_look, "answer", answer)
    with pytest.raises(KeyboardInterrupt):
        rft(wanted, model=str(tmp_path / "warm"), out=tmp_path / "run", progress=ignored)

    def odds(folder: Path) -> torch.Tensor:
        model: Any = load_policy(str(folder), dtype=torch.float32).model
        return model(input_ids=ids).logits

    torch.testing.assert_close(answering[0], odds(tmp_path / "warm"), atol=0.1, rtol=0.05)
    assert (answering[0] - odds(tiny)).abs().max() > 0.5
