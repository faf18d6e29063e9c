"""The ranking part of the reward."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.metrics import ndcg
from rerec.reward.ranking import ranking

ANSWER = st.lists(st.integers(-1, 6), max_size=5)
TRUTHS = st.lists(st.integers(0, 6), min_size=1, max_size=3)


@given(cases=st.lists(st.tuples(ANSWER, TRUTHS), max_size=6), k=st.integers(1, 4))
def test_every_answer_is_ranked_as_if_it_were_alone(cases, k):
    answers, truths = [answer for answer, _ in cases], [truth for _, truth in cases]
    alone = [ndcg(answer, truth, k=k) for answer, truth in cases]
    assert ranking(answers, truths, k=k).tolist() == pytest.approx(alone)


def test_a_truth_in_first_place_scores_one_and_no_answer_zero():
    assert ranking([[4], [5], []], [[4, 5]] * 3, k=1).tolist() == [1.0, 1.0, 0.0]


@given(answer=ANSWER, truth=TRUTHS)
def test_with_k_of_one_nothing_behind_the_first_title_pays(answer, truth):
    assert ranking([answer], [truth], k=1) == ranking([answer[:1]], [truth], k=1)
