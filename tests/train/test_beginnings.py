"""Prompts that begin alike are found, and no others are put together."""

import random

from hypothesis import given
from hypothesis import strategies as st

from rerec.train.beginnings import LEAST, MOST, each_alone, gathered

LIST = list(range(100, 100 + LEAST))
OTHER = list(range(300, 300 + 2 * LEAST))


def test_requests_about_a_list_are_a_family_by_hand():
    prompts = [[*LIST, 7, 8], [*OTHER, 9], [5, 6], [*LIST, 7, 9, 9], [*OTHER, 8]]
    families, alone = gathered(prompts)
    assert [(one.members, len(one.shared), one.rests) for one in families] == [
        ([1, 4], 2 * LEAST, [[9], [8]]),
        ([0, 3], LEAST + 1, [[8], [9, 9]]),
    ]
    assert [(one.members, one.shared, one.rests) for one in alone] == [([2], [5, 6], ())]


def test_a_prompt_keeps_a_token_of_its_own_even_where_it_stands_twice():
    families, alone = gathered([[*LIST, 3], [*LIST, 3]])
    assert [(one.members, one.rests) for one in families] == [([0, 1], [[3], [3]])]
    assert alone == []


def test_a_short_beginning_makes_no_family():
    for start in (LIST[:-1], LIST):
        long = [[*start, *range(i, i + 2 * LEAST)] for i in (500, 900)]
        assert gathered(long)[0] == []  # too short, or less than half of each


def test_a_family_has_its_most():
    families, alone = gathered([[*LIST, i] for i in range(MOST + 1)])
    assert [len(one.members) for one in families] == [MOST]
    assert [one.members for one in alone] == [[MOST]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 9)), max_size=30))
def test_every_prompt_is_found_again_whatever_their_order(drawn: list[tuple[int, int, int]]):
    starts = [[], LIST, OTHER, OTHER[: LEAST + 9]]
    prompts = [[*starts[start], *[rest] * n] for start, rest, n in drawn]
    families, alone = gathered(prompts)
    found = {i: [*one.shared, *one.rests[j]] for one in families for j, i in enumerate(one.members)}
    found |= {one.members[0]: list(one.shared) for one in alone}
    assert found == dict(enumerate(prompts))
    assert all(len(one.shared) >= LEAST and len(one.members) > 1 for one in families)
    lengths = [len(one.shared) for one in alone]
    assert lengths == sorted(lengths, reverse=True)
    order = random.Random(0).sample(range(len(prompts)), k=len(prompts))
    mixed, _ = gathered([prompts[i] for i in order])
    sizes = sorted(len(one.members) for one in families)
    assert sorted(len(one.members) for one in mixed) == sizes


def test_each_alone_is_the_longest_first_by_hand():
    assert [one.members for one in each_alone([[1], [1, 2], [3]])] == [[1], [0], [2]]
