"""The blame: hand-worked cases, its traps, and a plain reference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.credit.estimators import advantages
from rerec.credit.raae import Scale, penalties, segment_rewards, token_rewards
from rerec.rng import stream

REWARD = st.floats(-2, 2)
SCALES: list[Scale] = ["reward", "group"]


def one(reward: float, *, w_penalty: float = 0.3) -> float:
    """The reward of a blamed segment of the only response of its group."""
    rewards = np.array([reward])
    lost = penalties(rewards, np.zeros(1, int), w_penalty=w_penalty, scale="reward")
    return float(segment_rewards(rewards, np.array([[True]]), lost)[0, 0])


def test_the_papers_discount_worked_by_hand():
    # r = 0.5, w = 0.3: (1 - 0.3) * 0.5
    assert one(0.5) == pytest.approx(0.35)


@given(reward=st.floats(0, 2), w=st.floats(0, 1))
def test_above_zero_the_penalty_is_the_papers_factor(reward, w):
    assert one(reward, w_penalty=w) == pytest.approx((1 - w) * reward)


def test_a_negative_reward_is_lowered_and_not_raised_by_blame():
    # The paper's factor would make -0.5 into -0.35: blame as a reward.
    assert one(-0.5) == pytest.approx(-0.65)


@pytest.mark.parametrize("scale", SCALES)
@given(rewards=st.lists(REWARD, min_size=1, max_size=6), w=st.floats(0, 2))
def test_the_penalty_never_raises_a_reward_whatever_its_sign(scale, rewards, w):
    values = np.array(rewards)
    lost = penalties(values, np.zeros(len(values), int), w_penalty=w, scale=scale)
    assert (lost >= 0).all()
    blamed = segment_rewards(values, np.ones((len(values), 1), bool), lost)
    assert (blamed[:, 0] <= values).all()


@given(reward=REWARD.filter(lambda r: abs(r) > 1e-6))
def test_the_penalty_always_lowers_a_reward_that_is_not_zero(reward):
    assert one(reward) < reward


def test_at_group_scale_the_penalty_is_a_share_of_the_groups_spread():
    rewards, group = np.array([1.0, 0.0, 7.0]), np.array([1, 1, 2])
    lost = penalties(rewards, group, w_penalty=0.3, scale="group")
    assert lost == pytest.approx([0.15, 0.15, 0.0])  # spreads: 0.5, 0.5, and none


def moved(rewards: np.ndarray, scale: Scale) -> float:
    """By how much blame lowers the advantage of the last response's first of two tokens."""
    group, mask = np.zeros(len(rewards), int), np.ones((len(rewards), 2), bool)
    lost = penalties(rewards, group, w_penalty=0.3, scale=scale)
    guilty = np.zeros((len(rewards), 2), bool)
    guilty[-1, 0] = True
    by_segment = segment_rewards(rewards, guilty, lost)
    places = np.tile([0, 1], (len(rewards), 1))
    tokens = token_rewards(rewards, by_segment, places)
    found = advantages(rewards, tokens, mask, group, estimator="rerec")
    return float(found[-1, 1] - found[-1, 0])


def test_group_scale_bites_where_reward_scale_is_nearly_inert():
    # A right answer earns 1.07, wrong ones about 0.05 with the release's weights.
    mixed = np.array([1.07, 0.063, 0.063, 0.05])
    assert moved(mixed, "reward") < 0.05
    assert moved(mixed, "group") > 0.25


@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])
def test_group_scale_bites_the_same_whatever_the_level_of_the_rewards(shift):
    rewards = np.array([1.0, 0.0, 0.0, 0.0])
    assert moved(rewards + shift, "group") == pytest.approx(moved(rewards, "group"), rel=1e-5)


def test_a_weight_of_zero_switches_the_blame_off():
    for scale in SCALES:
        assert moved(np.array([1.0, 0.5]), scale) > 0
        lost = penalties(np.array([1.0, 0.5]), np.zeros(2, int), w_penalty=0, scale=scale)
        assert not lost.any()


def test_only_the_tokens_of_blamed_segments_lose():
    rewards, guilty = np.array([0.5, 1.0]), np.array([[False, True, False], [False] * 3])
    by_segment = segment_rewards(rewards, guilty, np.array([0.2, 0.4]))
    places = np.array([[0, 0, -1, 1, 1, -1, 2], [0, -1, 1, 2, -1, -1, -1]])
    found = token_rewards(rewards, by_segment, places)
    assert found.tolist() == [[0.5, 0.5, 0.5, 0.3, 0.3, 0.5, 0.5], [1.0] * 7]


def test_a_response_without_segments_keeps_its_reward_on_every_token():
    found = token_rewards(np.array([0.5]), np.zeros((1, 0)), np.full((1, 3), -1))
    assert found.tolist() == [[0.5, 0.5, 0.5]]


@pytest.mark.parametrize("scale", SCALES)
def test_blame_equals_the_plain_reference_on_ten_thousand_random_cases(scale):
    rng = stream(7, "blame cases", scale)
    n, n_segments, n_tokens = 10_000, 4, 6
    group = rng.integers(0, 2500, n)
    rewards = rng.normal(size=n)
    guilty = rng.random((n, n_segments)) < 0.3
    places = rng.integers(-1, n_segments, (n, n_tokens))
    mates: dict[int, list[float]] = {}
    for number, reward in zip(group.tolist(), rewards.tolist(), strict=True):
        mates.setdefault(number, []).append(reward)
    spread = {}
    for number, values in mates.items():
        mean = math.fsum(values) / len(values)
        spread[number] = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))
    expected = []
    cases = zip(rewards.tolist(), group.tolist(), guilty.tolist(), places.tolist(), strict=True)
    for reward, number, blamed, tokens in cases:
        size = abs(reward) if scale == "reward" else spread[number]
        low = reward - 0.3 * size
        expected.append([low if s >= 0 and blamed[s] else reward for s in tokens])
    lost = penalties(rewards, group, w_penalty=0.3, scale=scale)
    found = token_rewards(rewards, segment_rewards(rewards, guilty, lost), places)
    assert np.abs(found - expected).max() < 1e-9
