"""How hard a query is believed to be."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.curriculum.difficulty import PRIOR, Belief, Beliefs, difficulty
from rerec.rng import stream

SCORES = st.lists(st.floats(-2, 2), min_size=1, max_size=8)


def test_the_papers_equation_worked_by_hand():
    # Five responses, two of them right: 1/5 * (0 + 0 + 1 + 1 + 1)
    assert difficulty([1, 0, 1, 0, 0]) == pytest.approx(0.6)


def test_difficulty_equals_the_plain_reference_on_ten_thousand_random_cases():
    scores = stream(7, "difficulty cases").normal(0.5, 0.5, (10_000, 4))
    expected = [sum(1 - min(max(s, 0), 1) for s in group) / 4 for group in scores.tolist()]
    found = [difficulty(group) for group in scores.tolist()]
    assert np.abs(np.subtract(found, expected)).max() < 1e-12


@given(scores=SCORES)
def test_difficulty_lies_between_zero_and_one_whatever_the_rewards(scores):
    assert 0 <= difficulty(scores) <= 1


def test_difficulty_reaches_both_ends():
    assert difficulty([1.0, 1.25]) == 0
    assert difficulty([0.0, -0.15]) == 1


def test_a_query_never_tried_is_of_middling_difficulty():
    beliefs = Beliefs()
    assert beliefs.of("q1") is None
    assert beliefs.difficulty_of("q1") == PRIOR == 0.5


def test_only_the_last_try_counts_and_tries_are_counted():
    beliefs = Beliefs()
    beliefs.update({"q1": [0, 0]}, epoch=0)
    beliefs.update({"q1": [1, 0], "q2": [1]}, epoch=2)
    assert beliefs.of("q1") == Belief(0.5, epoch=2, times=2)
    assert beliefs.of("q2") == Belief(0.0, epoch=2, times=1)


@pytest.mark.parametrize("scores", [[], [float("nan")]])
def test_scores_that_tell_nothing_are_a_callers_bug(scores):
    with pytest.raises(ValueError, match="'q1': its scores"):
        Beliefs().update({"q1": scores}, epoch=0)


@given(groups=st.dictionaries(st.text(max_size=4), SCORES, max_size=6))
def test_beliefs_survive_a_round_trip_through_json_exactly(groups):
    beliefs, restored = Beliefs(), Beliefs()
    beliefs.update(groups, epoch=3)
    restored.update({"gone": [1.0]}, epoch=0)
    restored.load_state_dict(json.loads(json.dumps(beliefs.state_dict())))
    assert restored.state_dict() == beliefs.state_dict()
    assert all(restored.of(name) == beliefs.of(name) for name in [*groups, "gone"])


def test_the_same_beliefs_give_the_same_bytes_in_whatever_order_they_came():
    one, other = Beliefs(), Beliefs()
    one.update({"a": [1], "b": [0]}, epoch=0)
    other.update({"b": [0]}, epoch=0)
    other.update({"a": [1]}, epoch=0)
    assert json.dumps(one.state_dict()) == json.dumps(other.state_dict())
