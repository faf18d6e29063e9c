"""Credit of a greedy response and its forks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rerec.credit.forks import fork_advantages, fork_gains, greedy_rows

SHAPE = (8, 6)
rewards_of = arrays.arrays(float, SHAPE[0], elements=st.floats(-2, 2))
tokens_of = arrays.arrays(np.int64, SHAPE, elements=st.integers(0, 2))
lengths_of = arrays.arrays(np.int64, SHAPE[0], elements=st.integers(1, SHAPE[1]))
groups_of = arrays.arrays(np.int64, SHAPE[0], elements=st.integers(0, 2))


def masked(lengths):
    return np.arange(SHAPE[1]) < lengths[:, None]


def by_hand(rewards, tokens, lengths, group):
    """The definition, response by response."""
    found = np.zeros(SHAPE)
    for i in range(len(rewards)):
        trunk = next(j for j in range(len(rewards)) if group[j] == group[i])
        shared = min(lengths[i], lengths[trunk])
        places = [t for t in range(shared) if tokens[i, t] != tokens[trunk, t]]
        if places and abs(rewards[i] - rewards[trunk]) > 1e-9:
            better = i if rewards[i] > rewards[trunk] else trunk
            found[better, places[0]] += abs(rewards[i] - rewards[trunk])
    return found


@given(rewards_of, tokens_of, lengths_of, groups_of)
def test_of_two_tokens_at_a_place_the_better_one_gains(rewards, tokens, lengths, group):
    found = fork_advantages(rewards, tokens, masked(lengths), group)
    np.testing.assert_allclose(found, by_hand(rewards, tokens, lengths, group), atol=1e-12)


@given(rewards_of, tokens_of, lengths_of, groups_of, st.permutations(range(3)))
def test_groups_do_not_look_at_each_other(rewards, tokens, lengths, group, renamed):
    mask = masked(lengths)
    whole = fork_advantages(rewards, tokens, mask, group)
    again = fork_advantages(rewards, tokens, mask, np.array(renamed)[group])
    np.testing.assert_array_equal(whole, again)
    for one in set(group.tolist()):
        own = group == one
        alone = fork_advantages(rewards[own], tokens[own], mask[own], group[own])
        np.testing.assert_array_equal(whole[own], alone)


@given(rewards_of, lengths_of, groups_of)
def test_a_response_that_is_the_greedy_one_earns_nothing(rewards, lengths, group):
    same = np.zeros(SHAPE, np.int64)
    assert not fork_advantages(rewards, same, masked(lengths), group).any()


def test_equal_rewards_teach_nothing():
    tokens = np.array([[1, 2], [1, 3], [4, 2]])
    rewards = np.array([0.3, 0.3, 0.3 + 1e-12])
    assert not fork_advantages(rewards, tokens, np.ones((3, 2), bool), np.zeros(3, int)).any()


def test_gains_are_measured_from_the_first_of_each_group():
    group = np.array([3, 3, 1, 3, 1])
    assert greedy_rows(group).tolist() == [0, 0, 2, 0, 2]
    gains = fork_gains(np.array([1.0, 0.5, 0.25, 2.0, 0.5]), group)
    assert gains.tolist() == [0.0, -0.5, 0.0, 1.0, 0.25]
