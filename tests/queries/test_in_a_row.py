"""What was liked in a row, against a plain count over every user."""

from collections import defaultdict
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rerec.queries.in_a_row import InARow
from rerec.queries.likes import Likes

N_ITEMS = 7
histories = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=N_ITEMS), min_size=1, max_size=5
)


def likes_of(histories: list[list[int]]) -> Likes:
    rows = tuple(np.array(own, dtype=np.intp) for own in histories)
    return Likes(tuple(f"u{at}" for at in range(len(rows))), rows, N_ITEMS)


def counted(histories: list[list[int]], span: int) -> dict[tuple[int, int], dict[int, set[int]]]:
    """By pair, who liked what next, from every three places of a history."""
    found: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for user, own in enumerate(histories):
        for i, j, k in combinations(range(len(own)), 3):
            if k - i < span:
                low, high = sorted((own[i], own[j]))
                found[low, high][own[k]].add(user)
    return found


@given(histories=histories, span=st.integers(3, 7), least=st.integers(1, 3))
def test_nexts_are_what_so_many_users_liked_after_both(
    histories: list[list[int]], span: int, least: int
) -> None:
    expected = {
        pair: often
        for pair, by_next in counted(histories, span).items()
        if (often := {row: len(who) for row, who in by_next.items() if len(who) >= least})
    }
    in_a_row = InARow(likes_of(histories), span)
    assert in_a_row.nexts(range(len(histories)), least=least) == expected


@given(histories=histories, span=st.integers(3, 7))
def test_what_came_after_is_told_by_user(histories: list[list[int]], span: int) -> None:
    in_a_row = InARow(likes_of(histories), span)
    expected = counted(histories, span)
    for pair in combinations(range(N_ITEMS), 2):
        by_user: dict[int, set[int]] = defaultdict(set)
        for row, who in expected.get(pair, {}).items():
            for user in who:
                by_user[user].add(row)
        assert in_a_row.after(pair) == by_user


def test_users_who_do_not_count_are_left_out() -> None:
    in_a_row = InARow(likes_of([[0, 1, 2], [0, 1, 2], [0, 1, 3]]), 3)
    assert in_a_row.nexts([0, 2], least=1) == {(0, 1): {2: 1, 3: 1}}
