"""What travels through verl's one number for each token."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.errors import SettingsError
from rerec.verl.layout import BLAMED, SPARED, laid_out, read_back

REWARD = st.floats(-2, 2).filter(lambda reward: reward == 0 or abs(reward) > 1e-6)
BLAME = st.lists(st.booleans(), min_size=1, max_size=12).filter(lambda blamed: not all(blamed))


def padded(rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(B, T) numbers of responses of different lengths, and their mask."""
    longest = max(map(len, rows))
    numbers = np.stack([np.pad(row, (0, longest - len(row))) for row in rows])
    return numbers, np.array([[place < len(row) for place in range(longest)] for row in rows])


@settings(max_examples=40)
@given(st.lists(st.tuples(REWARD, BLAME), min_size=1, max_size=5))
def test_rewards_and_blame_come_back_as_they_went(batch):
    numbers, mask = padded([laid_out(reward, np.array(blamed)) for reward, blamed in batch])
    rewards, found = read_back(numbers, mask)
    for row, (reward, blamed) in enumerate(batch):
        precision = 2.0**-45 if len(blamed) - sum(blamed) > 1 else 2.0**-23
        assert rewards[row] == pytest.approx(reward, rel=precision, abs=0)
        assert found[row, : len(blamed)].tolist() == blamed
        assert not found[row, len(blamed) :].any()


@settings(max_examples=40)
@given(REWARD, BLAME)
def test_whoever_adds_the_numbers_up_finds_the_reward(reward, blamed):
    numbers = laid_out(reward, np.array(blamed))
    assert numbers.dtype == np.float32
    assert float(numbers.sum()) == pytest.approx(np.float32(reward), rel=2.0**-23, abs=1e-25)


def test_equal_rewards_stay_equal_whatever_is_blamed():
    blames = ([True, False, False, False], [False, False, True, False], [False] * 4)
    numbers, mask = padded([laid_out(0.1, np.array(blamed)) for blamed in blames])
    assert len(set(read_back(numbers, mask)[0].tolist())) == 1


def test_a_response_of_one_token_keeps_its_reward():
    numbers, mask = padded([laid_out(0.25, np.array([False]))])
    assert read_back(numbers, mask)[0].tolist() == [0.25]


def test_a_response_that_is_all_blame_keeps_its_reward_on_the_last_token():
    numbers = laid_out(0.25, np.array([True, True, True]))
    assert numbers.tolist() == [BLAMED, BLAMED, 0.25]


def test_rewards_that_came_by_another_way_are_refused():
    numbers, mask = padded([laid_out(1.0, np.array([False] * 4)), np.array([0, 0, 1.0])])
    with pytest.raises(SettingsError, match=r"^1 of 2 responses .*default_agent_loop=rerec"):
        read_back(numbers, mask)


def test_the_marks_are_exact_in_float32_and_too_small_for_any_sum():
    assert float(np.float32(BLAMED)) == BLAMED
    assert float(np.float32(SPARED)) == SPARED
    assert np.float32(1e-6) + np.float32(4096 * BLAMED) == np.float32(1e-6)
