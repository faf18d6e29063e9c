"""Metrics against hand-worked cases, a plain reference, and ir-measures."""

import math
from collections.abc import Sequence

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, ScoredDoc, Success, nDCG

from rerec.metrics import hit, ndcg, ndcg_at_k, padded, recall, reciprocal_rank
from rerec.rng import stream

RANKED = st.lists(st.integers(-1, 8), max_size=8)
RELEVANT = st.lists(st.integers(0, 8), max_size=5)
K = st.integers(1, 10)


def plain_ndcg(ranked: Sequence[int], relevant: Sequence[int], k: int) -> float:
    """NDCG as one would write it on paper."""
    right, seen, gain = set(relevant), set(), 0.0
    for rank, row in enumerate(ranked[:k], start=1):
        if row in right and row not in seen:
            gain += 1 / math.log2(rank + 1)
        seen.add(row)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(right)) + 1))
    return gain / ideal if right else 0.0


def test_ndcg_of_a_hit_at_rank_three_is_one_half():
    assert ndcg([9, 8, 4], [4], k=3) == pytest.approx(1 / math.log2(4))


def test_ndcg_of_two_truths_in_ranks_one_and_three_is_worked_by_hand():
    # Gains 1 at rank 1 and 1/2 at rank 3; the best would be ranks 1 and 2.
    assert ndcg([4, 8, 5], [5, 4], k=3) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))


def test_ndcg_at_one_is_the_accuracy_of_the_first_title():
    assert [ndcg(answer, [4], k=1) for answer in ([4, 8], [8, 4], [-1, 4], [])] == [1, 0, 0, 0]


def test_the_order_of_the_answer_counts():
    assert ndcg([4, 8], [4], k=2) > ndcg([8, 4], [4], k=2) > 0


def test_a_title_that_is_no_item_takes_a_rank_and_earns_nothing():
    assert ndcg([-1, 4], [4], k=2) == ndcg([8, 4], [4], k=2)
    assert ndcg([-1], [4], k=1) == 0


def test_a_repeated_title_earns_nothing_the_second_time():
    assert ndcg([4, 4], [4, 5], k=2) == ndcg([4, 8], [4, 5], k=2)
    assert recall([4, 4], [4, 5], k=2) == 0.5


def test_nothing_relevant_scores_zero_everywhere():
    assert hit([1], [], k=1) == recall([1], [], k=1) == ndcg([1], [], k=1) == 0
    assert reciprocal_rank([1], []) == 0


def test_minus_one_is_never_relevant():
    assert hit([-1], [-1], k=1) == recall([-1], [-1], k=1) == ndcg([-1], [-1], k=1) == 0
    assert reciprocal_rank([-1], [-1]) == 0


@pytest.mark.parametrize("metric", [hit, recall, ndcg])
def test_a_cut_off_below_one_is_refused(metric):
    with pytest.raises(ValueError, match="the cut-off k is 0"):
        metric([1], [1], k=0)


def test_ndcg_equals_the_plain_reference_on_ten_thousand_random_cases():
    rng = stream(7, "ndcg cases")
    ranked = rng.integers(-1, 9, (10_000, 6))
    relevant = rng.integers(-1, 9, (10_000, 4))
    for k in (1, 2, 5, 10):
        expected = [
            plain_ndcg(answer, [row for row in truth if row >= 0], k)
            for answer, truth in zip(ranked.tolist(), relevant.tolist(), strict=True)
        ]
        expected = np.array(expected)
        assert np.abs(ndcg_at_k(ranked, relevant, k) - expected).max() < 1e-12


def test_ndcg_recall_hit_and_reciprocal_rank_equal_those_of_ir_measures():
    rng = stream(7, "ir-measures cases")
    ks = (1, 3, 5, 10)
    measures = [nDCG @ k for k in ks] + [R @ k for k in ks] + [Success @ k for k in ks] + [RR]
    answers, truths = {}, {}
    for case in range(300):
        n_ranked, n_relevant = int(rng.integers(1, 13)), int(rng.integers(1, 6))
        answers[str(case)] = rng.permutation(20)[:n_ranked].tolist()
        truths[str(case)] = rng.permutation(20)[:n_relevant].tolist()
    qrels = {case: {str(row): 1 for row in truth} for case, truth in truths.items()}
    run = [
        ScoredDoc(case, str(row), -float(rank))
        for case, answer in answers.items()
        for rank, row in enumerate(answer)
    ]
    theirs = {(m.query_id, m.measure): m.value for m in ir_measures.iter_calc(measures, qrels, run)}
    assert len(theirs) == 300 * len(measures)
    for case, answer in answers.items():
        truth = truths[case]
        ours = {nDCG @ k: ndcg(answer, truth, k=k) for k in ks}
        ours |= {R @ k: recall(answer, truth, k=k) for k in ks}
        ours |= {Success @ k: hit(answer, truth, k=k) for k in ks}
        ours[RR] = reciprocal_rank(answer, truth)
        for measure, value in ours.items():
            assert value == pytest.approx(theirs[case, measure], abs=1e-9), (measure, answer, truth)


@given(ranked=RANKED, relevant=RELEVANT, k=K)
def test_every_metric_lies_between_zero_and_one(ranked, relevant, k):
    for value in (
        hit(ranked, relevant, k=k),
        recall(ranked, relevant, k=k),
        ndcg(ranked, relevant, k=k),
        reciprocal_rank(ranked, relevant),
    ):
        assert 0.0 <= value <= 1.0


@given(relevant=RELEVANT.filter(bool), k=K)
def test_the_truths_themselves_score_one(relevant, k):
    distinct = list(dict.fromkeys(relevant))
    assert ndcg(distinct, relevant, k=k) == pytest.approx(1.0)
    assert hit(distinct, relevant, k=k) == reciprocal_rank(distinct, relevant) == 1.0
    assert recall(distinct, relevant, k=len(distinct)) == 1.0


@given(ranked=RANKED, relevant=RELEVANT, k=K)
def test_the_order_and_repeats_of_the_truths_do_not_matter(ranked, relevant, k):
    again = [*reversed(relevant), *relevant]
    assert ndcg(ranked, relevant, k=k) == ndcg(ranked, again, k=k)
    assert recall(ranked, relevant, k=k) == recall(ranked, again, k=k)


@given(ranked=RANKED, relevant=RELEVANT, k=K, row=st.integers(0, 8))
def test_repeating_a_title_never_pays(ranked, relevant, k, row):
    assert ndcg([*ranked, row, row], relevant, k=k) == ndcg([*ranked, row], relevant, k=k)


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=5))
def test_padding_keeps_every_list(lists):
    table = padded(lists)
    assert [[row for row in line if row >= 0] for line in table.tolist()] == lists


def test_no_rankings_give_no_scores():
    assert ndcg_at_k(padded([]), padded([]), 3).shape == (0,)
