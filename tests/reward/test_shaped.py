"""The weighted sum of the parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.reward.shaped import shaped
from rerec.settings import RewardSettings

WEIGHT = st.floats(0, 2)
WEIGHTS = st.builds(RewardSettings, w_format=WEIGHT, w_ndcg=WEIGHT, w_qas=WEIGHT, w_pas=WEIGHT)
PART = st.floats(0, 1)


def total(ndcg: float, qas: float, pas: float, form: float, weights: RewardSettings) -> float:
    parts = [np.array([part]) for part in (ndcg, qas, pas, form)]
    named = dict(zip(("ndcg", "qas", "pas", "format"), parts, strict=True))
    return float(shaped(**named, weights=weights).total[0])


def test_the_papers_equation_worked_by_hand_with_the_releases_weights():
    weights = RewardSettings(w_format=0.1, w_qas=0.01, w_pas=0.01)
    # wrong answer, half of the attributes, cosine 0.8, boxed: 0.05 + 0 + 0.005 + 0.008
    assert total(0, 0.5, 0.8, 0.5, weights) == pytest.approx(0.063)
    # right answer: 0.05 + 1 + 0.01 + 0.01
    assert total(1, 1, 1, 0.5, weights) == pytest.approx(1.07)


def test_every_part_has_its_own_weight():
    weights = RewardSettings(w_format=1, w_ndcg=10, w_qas=100, w_pas=1000)
    # 1 * 0.5 + 10 * 0.3 + 100 * 0.2 + 1000 * 0.4
    assert total(0.3, 0.2, 0.4, 0.5, weights) == pytest.approx(423.5)


def test_the_default_reward_runs_from_its_lowest_to_its_highest_value():
    weights = RewardSettings()
    assert total(1, 1, 1, 0.5, weights) == pytest.approx(0.05 + 1 + 0.1 + 0.1)
    assert total(0, 0, -1, -0.5, weights) == pytest.approx(-0.05 - 0.1)


@given(
    weights=WEIGHTS, ndcg=PART, qas=PART, pas=st.floats(-1, 1), form=st.sampled_from([-0.5, 0.5])
)
def test_no_reward_leaves_the_bounds_that_its_weights_set(weights, ndcg, qas, pas, form):
    low = total(0, 0, -1, -0.5, weights)
    high = total(1, 1, 1, 0.5, weights)
    assert low - 1e-9 <= total(ndcg, qas, pas, form, weights) <= high + 1e-9


@given(weights=WEIGHTS, qas=PART, more=PART)
def test_meeting_more_never_pays_less(weights, qas, more):
    assert total(0, max(qas, more), 0, 0.5, weights) >= total(0, min(qas, more), 0, 0.5, weights)


def test_plain_ndcg_is_the_shaped_reward_with_the_other_weights_at_zero():
    weights = RewardSettings(w_format=0, w_qas=0, w_pas=0)
    assert total(0.5, 1, 1, 0.5, weights) == 0.5


def test_the_parts_are_handed_on_as_they_were():
    one = np.array([0.25])
    rewards = shaped(ndcg=one, qas=2 * one, pas=-one, format=2 * one, weights=RewardSettings())
    parts = (rewards.ndcg, rewards.qas, rewards.pas, rewards.format)
    assert [float(part[0]) for part in parts] == [0.25, 0.5, -0.25, 0.5]
