"""Responses that go round, against a search of every earlier place."""

from collections.abc import Sequence

import torch
from hypothesis import given
from hypothesis import strategies as st

from rerec.train.circles import Circles, until_circles

ROWS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=24), min_size=1, max_size=5)


def cut(row: Sequence[int], least: int) -> list[int]:
    """The same by brute force: the last `least` tokens stand somewhere before."""
    row = list(row)
    for t in range(least, len(row) + 1):
        last = row[t - least : t]
        if any(row[s : s + least] == last for s in range(t - least)):
            return row[:t]
    return row


@given(ROWS, st.integers(1, 5))
def test_a_response_ends_where_its_last_tokens_stand_before(rows: list[list[int]], least: int):
    assert until_circles(rows, least) == [cut(row, least) for row in rows]


@given(ROWS)
def test_zero_ends_nothing(rows: list[list[int]]):
    assert until_circles(rows, 0) == rows


def test_no_responses():
    assert until_circles([], 3) == []


def test_rows_that_are_left_out_do_not_change_the_others():
    written = torch.tensor([[1, 2, 3, 1, 2], [4, 5, 4, 5, 6], [7, 7, 7, 8, 9]])
    circles = Circles(3, 5, 2, written.device)
    found = [circles.closed(written[:, :t], written[:, t]).tolist() for t in range(3)]
    assert found == [[False] * 3, [False] * 3, [False, False, True]]
    circles.keep(torch.tensor([1, 0]))
    rows = written[[1, 0]]
    found = [circles.closed(rows[:, :t], rows[:, t]).tolist() for t in (3, 4)]
    assert found == [[True, False], [False, True]]
