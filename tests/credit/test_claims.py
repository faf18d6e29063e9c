"""Credit by claims: what each token of them is worth, and which tokens they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rerec.credit.claims import claim_advantages, claimed_tokens, judged_segments
from rerec.records import Claim, Segment

SHAPE = (6, 9)


@given(
    arrays.arrays(bool, SHAPE),
    arrays.arrays(bool, SHAPE),
    arrays.arrays(np.intp, SHAPE[0], elements=st.integers(0, 3)),
)
def test_a_groups_claims_are_measured_by_their_mean(truth, judged, group):
    found = claim_advantages(truth, judged, group)
    assert not found[~judged].any()
    for one in set(group.tolist()):
        own = group == one
        assert abs(found[own].sum()) < 1e-9
        worth = [bool(v) for v in truth[own][judged[own]]]
        for is_true, advantage in zip(worth, found[own][judged[own]], strict=True):
            assert abs(advantage - (is_true - sum(worth) / len(worth))) < 1e-12


def test_where_all_claims_are_true_nothing_is_learned():
    assert not claim_advantages(
        np.ones((2, 3), bool), np.ones((2, 3), bool), np.zeros(2, int)
    ).any()


def test_a_token_that_touches_a_false_claim_is_false():
    # " no" where " J" was due: the blank agrees, and the token is wrong all the same.
    offsets = np.array([(0, 6), (6, 9), (9, 10), (12, 14), (14, 14)])
    claims = [Claim(0, 7, is_true=True), Claim(7, 8, is_true=False)]
    judged, truth = claimed_tokens(claims, offsets)
    assert judged.tolist() == [True, True, False, False, False]
    assert truth.tolist() == [True, False, False, False, False]


def test_the_token_that_ends_a_response_counts_where_it_should_go_on():
    offsets = np.array([(0, 3), (3, 4), (4, 4)])
    judged, truth = claimed_tokens([Claim(0, 3, is_true=True), Claim(4, 5, is_true=False)], offsets)
    assert judged.tolist() == [True, False, True]
    assert truth.tolist() == [True, False, False]


def test_without_claims_no_token_is_judged():
    judged, truth = claimed_tokens([], np.array([(0, 3), (3, 4)]))
    assert not judged.any()
    assert not truth.any()


def test_a_segment_is_judged_where_a_claim_begins_in_it():
    parts = [Segment(0, 4), Segment(6, 10), Segment(12, 20, is_answer=True)]
    claims = [Claim(0, 3, is_true=True), Claim(3, 4, is_true=False), Claim(12, 13, is_true=False)]
    assert judged_segments(claims, parts).tolist() == [True, False, True]
    assert judged_segments([], parts).tolist() == [False] * 3
    assert judged_segments(claims, []).tolist() == []
