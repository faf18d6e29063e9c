"""Five estimators against hand-worked cases and a plain reference."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rerec.credit.estimators import EPSILON, ESTIMATORS, Estimator, advantages, group_std
from rerec.rng import stream

ALL = list(ESTIMATORS)


def mean_std(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))


def plain(rewards, tokens, mask, group, estimator):
    """Each estimator as its paper writes it, one token at a time."""
    size = range(len(rewards))
    everyone = [rewards[i] for i in size for real in mask[i] if real]
    result = [[0.0] * len(mask[0]) for _ in size]
    for i in size:
        mates = [j for j in size if group[j] == group[i]]
        own = [tokens[j][t] for j in mates for t, real in enumerate(mask[j]) if real]
        mean, std = mean_std([rewards[j] for j in mates])
        others = [rewards[j] for j in mates if j != i]
        for t, real in enumerate(mask[i]):
            if real:
                if estimator == "rerec":
                    mean, std = mean_std(own)
                    value = (tokens[i][t] - mean) / (std + EPSILON)
                elif estimator == "grpo":
                    value = (rewards[i] - mean) / (std + EPSILON)
                elif estimator == "dr_grpo":
                    value = rewards[i] - mean
                elif estimator == "rloo":
                    value = rewards[i] - mean_std(others)[0] if others else 0.0
                else:
                    mean, std = mean_std(everyone)
                    value = (rewards[i] - mean) / (std + EPSILON)
                result[i][t] = value
    return result


@pytest.mark.parametrize("estimator", ALL)
def test_every_estimator_equals_the_plain_reference_on_ten_thousand_random_cases(estimator):
    # 10,000 responses of up to 4 tokens, some of none, in groups of 1 to 5; many equal rewards.
    rng = stream(7, "estimator cases", estimator)
    for _ in range(250):
        n = 40
        group = rng.integers(0, 14, n) * 3 - 5
        rewards = rng.integers(-2, 3, n) / 2 + rng.choice([0.0, 0.01], n)
        tokens = rewards[:, None] - rng.choice([0.0, 0.3], (n, 4))
        mask = rng.random((n, 4)) < 0.7
        ours = advantages(rewards, tokens, mask, group, estimator=estimator)
        case = (rewards.tolist(), tokens.tolist(), mask.tolist(), group.tolist())
        assert np.abs(ours - plain(*case, estimator)).max() < 1e-6


def one_group(rewards: Sequence[float], estimator: Estimator, tokens: int = 1) -> list[list[float]]:
    column = np.array(rewards)[:, None]
    mask = np.ones((len(rewards), tokens), bool)
    group = np.zeros(len(rewards), int)
    return advantages(column[:, 0], column * mask, mask, group, estimator=estimator).tolist()


def test_a_group_of_one_right_and_three_wrong_is_worked_by_hand():
    rewards = [1.0, 0.0, 0.0, 0.0]  # mean 1/4, standard deviation sqrt(3)/4
    right, wrong = math.sqrt(3), -1 / math.sqrt(3)
    for estimator in ("rerec", "grpo", "reinforce++"):
        expected = [[right], [wrong], [wrong], [wrong]]
        for row, wanted in zip(one_group(rewards, estimator), expected, strict=True):
            assert row == pytest.approx(wanted, rel=1e-5)
    assert one_group(rewards, "dr_grpo") == [[0.75], [-0.25], [-0.25], [-0.25]]
    rloo = one_group(rewards, "rloo")  # 1 - 0, and 0 - 1/3
    assert [row[0] for row in rloo] == pytest.approx([1.0, -1 / 3, -1 / 3, -1 / 3])


def test_rerec_normalises_over_tokens_so_that_a_long_response_weighs_more():
    # Tokens of the group: 1, 0, 0, 0 (one right token, three wrong): mean 1/4, std sqrt(3)/4.
    mask = np.array([[True, False, False], [True, True, True]])
    rewards = np.array([1.0, 0.0])
    tokens = np.broadcast_to(rewards[:, None], (2, 3))
    found = advantages(rewards, tokens, mask, np.zeros(2, int), estimator="rerec")
    assert found[0].tolist() == pytest.approx([math.sqrt(3), 0, 0], rel=1e-5)
    assert found[1] == pytest.approx(np.full(3, -1 / math.sqrt(3)), rel=1e-5)
    even = advantages(rewards, tokens, mask, np.zeros(2, int), estimator="grpo")
    assert even[:, 0] == pytest.approx([1, -1], rel=1e-5)


def test_a_blamed_segment_worked_by_hand_through_the_papers_equation():
    # Two responses of two tokens: right r = 1; wrong r = 0.5 with its first token blamed, 0.35.
    tokens = np.array([[1.0, 1.0], [0.35, 0.5]])
    mean = 2.85 / 4
    std = math.sqrt(((1 - mean) ** 2 * 2 + (0.35 - mean) ** 2 + (0.5 - mean) ** 2) / 4)
    mask, group = np.ones((2, 2), bool), np.zeros(2, int)
    found = advantages(np.array([1.0, 0.5]), tokens, mask, group, estimator="rerec")
    expected = (tokens - mean) / (std + EPSILON)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("n_tokens", [1, 7])
def test_rerec_without_blame_on_responses_of_one_length_is_grpo(n_tokens):
    rewards = [1.0, 0.2, 0.2, -0.4]
    rerec, grpo = (np.array(one_group(rewards, e, n_tokens)) for e in ("rerec", "grpo"))
    assert rerec == pytest.approx(grpo)


@st.composite
def batches(draw):
    n, length = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    value = st.floats(-2, 2, width=16)
    rewards = draw(hnp.arrays(float, n, elements=value))
    tokens = rewards[:, None] - draw(hnp.arrays(float, (n, length), elements=st.floats(0, 1)))
    mask = draw(hnp.arrays(bool, (n, length)))
    return rewards, tokens, mask, draw(hnp.arrays(int, n, elements=st.integers(0, 3)))


@pytest.mark.parametrize("estimator", ALL)
@settings(max_examples=40)
@given(batch=batches())
def test_padding_earns_nothing_and_what_stands_there_does_not_matter(estimator, batch):
    rewards, tokens, mask, group = batch
    found = advantages(rewards, tokens, mask, group, estimator=estimator)
    assert not found[~mask].any()
    spoilt = np.where(mask, tokens, np.nan)
    again = advantages(rewards, spoilt, mask, group, estimator=estimator)
    assert np.array_equal(found, again)


@pytest.mark.parametrize("estimator", ALL)
@settings(max_examples=40)
@given(batch=batches(), seed=st.integers(0, 99))
def test_the_order_of_responses_does_not_matter(estimator, batch, seed):
    rewards, tokens, mask, group = batch
    order = np.random.default_rng(seed).permutation(len(rewards))
    found = advantages(rewards, tokens, mask, group, estimator=estimator)
    moved = advantages(
        rewards[order], tokens[order], mask[order], group[order], estimator=estimator
    )
    assert moved == pytest.approx(found[order], abs=1e-6)


@settings(max_examples=40)
@given(batch=batches())
def test_rerec_advantages_of_a_group_have_mean_zero_and_at_most_unit_spread(batch):
    rewards, tokens, mask, group = batch
    found = advantages(rewards, tokens, mask, group, estimator="rerec")
    for one in np.unique(group):
        own = found[group == one][mask[group == one]]
        if own.size:
            assert own.mean() == pytest.approx(0, abs=1e-6)
            assert own.std() <= 1 + 1e-9


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize("reward", [0.1, 0.05 + 0.1 / 3, -0.05, 1.25, 0.0])
def test_a_group_without_spread_earns_exactly_nothing(estimator, reward):
    # 0.1 summed seven times and divided by seven is not 0.1: the rounding must not become credit.
    found = np.array(one_group([reward] * 7, estimator, tokens=3))
    assert not found.any()


@pytest.mark.parametrize("estimator", ALL)
def test_a_group_of_one_response_has_nothing_to_be_compared_with(estimator):
    assert one_group([1.0], estimator) == [[0.0]]


def test_groups_do_not_touch_each_other_but_in_reinforce_plus_plus():
    rewards = np.array([1.0, 0.0, 5.0, 3.0])
    mask = np.ones((4, 1), bool)
    group = np.array([2, 2, 9, 9])
    for estimator in ALL:
        together = advantages(rewards, rewards[:, None], mask, group, estimator=estimator)
        alone = advantages(rewards[:2], rewards[:2, None], mask[:2], group[:2], estimator=estimator)
        assert np.allclose(together[:2], alone) == (estimator != "reinforce++")


@pytest.mark.parametrize("estimator", [e for e in ALL if e != "rerec"])
def test_only_rerec_looks_at_token_rewards(estimator):
    rewards, mask, group = np.array([1.0, 0.0]), np.ones((2, 3), bool), np.zeros(2, int)
    plainly = advantages(rewards, np.zeros((2, 3)), mask, group, estimator=estimator)
    blamed = advantages(rewards, np.ones((2, 3)), mask, group, estimator=estimator)
    assert np.array_equal(plainly, blamed)


@pytest.mark.parametrize("estimator", ALL)
def test_responses_without_a_token_are_no_trouble(estimator):
    mask = np.zeros((2, 3), bool)
    found = advantages(
        np.array([1.0, 0.0]), np.ones((2, 3)), mask, np.zeros(2, int), estimator=estimator
    )
    assert not found.any()
    assert np.isfinite(found).all()


def test_an_unknown_estimator_is_a_callers_bug():
    with pytest.raises(KeyError, match="ppo"):
        one_group([1.0], "ppo")  # ty: ignore[invalid-argument-type]


def test_the_spread_of_a_group_is_that_of_its_own_rewards():
    found = group_std(np.array([1.0, 5.0, 0.0, 5.0, 0.1]), np.array([4, 8, 4, 8, 2]))
    assert found.tolist() == [0.5, 0.0, 0.5, 0.0, 0.0]
