"""Voters brought together, the best rows, and a various list."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rerec.assistant.fusion import best_rows, fused, various

SCORES = arrays(np.float32, st.integers(1, 30), elements=st.sampled_from([-np.inf, 0, 1, 2.5, 9]))
FEW = settings(max_examples=40)
SHARES = st.floats(0, 1, width=32)


@FEW
@given(scores=SCORES, n=st.integers(0, 40))
def test_the_best_rows_are_those_of_a_whole_sort(scores, n):
    whole = np.lexsort((np.arange(len(scores)), -scores))
    expected = [row for row in whole.tolist() if scores[row] > -np.inf][:n]
    assert best_rows(scores, n).tolist() == expected


@FEW
@given(
    votes=st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.tuples(
                arrays(np.float32, n, elements=st.floats(-100, 100, width=32)), st.floats(0.1, 5)
            ),
            min_size=1,
            max_size=4,
        )
    )
)
def test_what_voters_say_together_lies_between_nothing_and_all(votes):
    total = fused(votes, len(votes[0][0]))
    assert (total >= 0).all()
    assert (total <= 1 + 1e-5).all()


def test_a_voter_that_tells_nothing_apart_does_not_weaken_the_others():
    says, silent = np.array([0.0, 4.0], np.float32), np.array([7.0, 7.0], np.float32)
    assert fused([(says, 1.0), (silent, 9.0)], 2).tolist() == [0.0, 1.0]


@st.composite
def pools(draw):
    """(relevance, likeness) of a pool: sorted, and symmetric with ones on the diagonal."""
    n = draw(st.integers(1, 8))
    relevance = np.sort(draw(arrays(np.float64, n, elements=SHARES)))[::-1]
    likeness = draw(arrays(np.float64, (n, n), elements=SHARES))
    likeness = np.maximum(likeness, likeness.T)
    np.fill_diagonal(likeness, 1.0)
    return relevance, likeness


@FEW
@given(pool=pools(), n=st.integers(0, 10), variety=st.floats(0, 0.9))
def test_a_various_list_holds_each_once_and_its_values_never_rise(pool, n, variety):
    places, values = various(*pool, n, variety=variety)
    assert len(places) == len(set(places)) == min(n, len(pool[0]))
    assert all(a >= b - 1e-12 for a, b in pairwise(values))


@FEW
@given(pool=pools(), n=st.integers(0, 10))
def test_without_variety_the_order_stays(pool, n):
    places, values = various(*pool, n, variety=0.0)
    assert values == pytest.approx(pool[0][: len(values)])
    assert places[:1] == [0][:n]


@FEW
@given(pool=pools(), variety=st.floats(0, 0.9))
def test_the_most_relevant_stands_first_however_various_the_rest(pool, variety):
    assert various(*pool, 1, variety=variety)[0] == [0]
