"""The harness: what is known is left out, and its figures are those of ir-measures."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import R, nDCG
from scipy.sparse import csr_matrix

from rerec.graph.ranking import rank_held_out


def a_case(seed: int, n_users: int = 12, n_items: int = 30):
    """Distinct scores, some items known and others held out; the last user has nothing held out."""
    rng = np.random.default_rng(seed)
    scores = rng.permuted(np.tile(np.arange(n_items, dtype=float), (n_users, 1)), axis=1)
    kind = rng.choice(3, p=[0.6, 0.25, 0.15], size=scores.shape)
    kind[-1] = np.minimum(kind[-1], 1)
    kind[0, 0] = 2
    return scores, kind == 1, kind == 2


@given(seed=st.integers(0, 10_000), k=st.sampled_from([1, 5, 20]))
@settings(max_examples=30, deadline=None)
def test_recall_and_ndcg_are_those_of_ir_measures(seed, k):
    scores, known, held_out = a_case(seed)
    qrels, run = [], []
    for user, item in zip(*np.nonzero(held_out), strict=True):
        qrels.append(ir_measures.Qrel(str(user), str(item), 1))
    for user, item in zip(*np.nonzero(~known), strict=True):
        run.append(ir_measures.ScoredDoc(str(user), str(item), scores[user, item]))
    expected = ir_measures.calc_aggregate([R @ k, nDCG @ k], qrels, run)
    found = rank_held_out(scores, known=csr_matrix(known), held_out=csr_matrix(held_out), k=k)
    assert found.recall == pytest.approx(expected[R @ k])
    assert found.ndcg == pytest.approx(expected[nDCG @ k])


def test_scores_that_put_the_held_out_items_first_are_perfect():
    _, known, held_out = a_case(3)
    scores = held_out + 2.0 * known
    found = rank_held_out(scores, known=csr_matrix(known), held_out=csr_matrix(held_out), k=30)
    assert (found.recall, found.ndcg) == (1.0, pytest.approx(1.0))


def test_an_item_that_is_known_takes_up_no_rank():
    known, held_out = csr_matrix([[1, 0, 0]]), csr_matrix([[0, 1, 0]])
    found = rank_held_out(np.array([[9.0, 5.0, 1.0]]), known=known, held_out=held_out, k=1)
    assert (found.recall, found.ndcg) == (1.0, 1.0)


def test_equal_scores_are_ranked_in_the_order_of_the_catalogue():
    known, held_out = csr_matrix((1, 4)), csr_matrix([[0, 1, 0, 0]])
    at = [rank_held_out(np.zeros((1, 4)), known=known, held_out=held_out, k=k) for k in (1, 2)]
    assert [ranked.recall for ranked in at] == [0.0, 1.0]


def test_nothing_held_out_is_refused():
    with pytest.raises(ValueError, match="no user has a held-out interaction"):
        rank_held_out(np.zeros((1, 2)), known=csr_matrix((1, 2)), held_out=csr_matrix((1, 2)))
