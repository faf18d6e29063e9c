"""verl's custom reward function beside the judge that our own training asks."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.errors import DataError, SettingsError
from rerec.prompting import write_answer
from rerec.records import SPLITS, Scored
from rerec.verl.export import RECIPE_FILE
from rerec.verl.reward import compute_score, court_of, segments_told

RESPONSES = {
    "right": "Cape Fear (1991) lacks Singer.\n\nThe rest too.\n\\boxed{The Usual Suspects (1995)}",
    "wrong": "Heat (1995) fits.\n\nNothing else does.\n\n\\boxed{Heat (1995)}",
    "not_a_candidate": "\\boxed{Léon (1994)}",
    "unknown_title": "\\boxed{Solaris (1972)}",
    "no_answer": "Heat (1995), I think.",
}


@pytest.fixture(scope="module")
def judge(corner_shop_made: Path, small_recipe) -> Judge:
    """As training would ask it."""
    return Judge.of(read_domain(corner_shop_made), small_recipe.reward, small_recipe.credit)


def asked(exported: Path, response: str, **changes: Any) -> dict[str, float | str]:
    """The score of a response to the corner shop's q7, called as verl calls."""
    return compute_score(
        data_source="rerec/corner-shop",
        solution_str=response,
        ground_truth="",
        extra_info={"split": "test", "query_id": "q7", "num_turns": None} | changes,
        recipe=str(exported / RECIPE_FILE),
    )


@pytest.mark.parametrize("outcome", RESPONSES)
def test_a_score_is_what_the_judge_of_our_training_says(outcome, exported, judge, corner_shop_made):
    (query,) = [q for q in read_domain(corner_shop_made).queries("test") if q.query_id == "q7"]
    ours: Scored
    (ours,) = judge.judge([query], [RESPONSES[outcome]])
    told = asked(exported, RESPONSES[outcome])
    assert told["outcome"] == ours.outcome == outcome
    assert told["score"] == ours.reward
    assert [told[part] for part in ("ndcg", "qas", "pas", "format")] == [
        ours.ndcg,
        ours.qas,
        ours.pas,
        ours.format,
    ]
    assert told["acc"] == (outcome == "right")
    segments, guilty = segments_told(str(told["segments"]))
    assert [(s.start, s.end) for s in segments] == [(s.start, s.end) for s in ours.segments]
    assert tuple(guilty) == ours.blamed


def test_only_numbers_and_texts_are_told_as_verl_passes_no_others_on(exported):
    assert {type(value) for value in asked(exported, RESPONSES["wrong"]).values()} <= {float, str}


def test_the_answer_that_the_export_calls_right_scores_as_right(exported):
    for split in SPLITS:
        for row in pq.read_table(exported / f"{split}.parquet").to_pylist():
            told = compute_score(
                solution_str=row["reward_model"]["ground_truth"],
                extra_info=row["extra_info"],
                recipe=str(exported / RECIPE_FILE),
            )
            assert (told["acc"], told["ndcg"]) == (1.0, 1.0)


def test_a_query_that_the_domain_no_longer_has_is_named(exported):
    with pytest.raises(DataError, match="test split has no query 'q99'; export the domain again"):
        asked(exported, write_answer(["Heat (1995)"]), query_id="q99")


def test_a_recipe_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        compute_score(solution_str="", extra_info={}, recipe=str(tmp_path / "none.yaml"))


def test_a_domain_is_read_once_in_a_process(exported):
    recipe = str(exported / RECIPE_FILE)
    assert court_of(recipe) is court_of(recipe)
