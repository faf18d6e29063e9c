"""The baselines keep our rows inside cornac, and score as their formulas say."""

import numpy as np
import pytest

from rerec.graph.baselines import (
    bpr_scores,
    cornac_item_knn_scores,
    item_knn_scores,
    popularity_scores,
)
from rerec.graph.interactions import InteractionGraph
from rerec.graph.ranking import rank_held_out


@pytest.fixture(scope="module")
def small(make_catalogue, make_table) -> InteractionGraph:
    rows = [
        ("ann", "i0", 5.0, 1),
        ("ann", "i1", 4.0, 2),
        ("bob", "i0", 4.0, 1),
        ("bob", "i1", 5.0, 2),
    ]
    rows += [("bob", "i2", 5.0, 3), ("cat", "i2", 4.0, 1), ("cat", "i0", 5.0, 2)]
    return InteractionGraph.from_table(make_catalogue(5), make_table(*rows))


def test_popularity_is_the_number_of_users(small):
    assert popularity_scores(small).tolist() == [[3, 2, 2, 0, 0]] * 3


def test_item_knn_sums_cosines_to_what_the_user_has(small):
    scores = item_knn_scores(small, neighbours=5)
    # cat has i2 and i0. Users of both: i1 and i2 bob, 1 / sqrt(2 * 2);
    # i1 and i0 ann and bob, 2 / sqrt(2 * 3).
    assert scores[2, 1] == pytest.approx(1 / 2 + 2 / np.sqrt(6))
    assert scores[2, 3:].tolist() == [0, 0]


def test_item_knn_counts_the_nearest_neighbours_alone(small):
    # The nearest to i2 is i0 (2 / sqrt(6)), so that i1 gets nothing from it.
    assert item_knn_scores(small, neighbours=1)[2, 1] == pytest.approx(2 / np.sqrt(6))


def test_cornacs_item_knn_gives_every_user_a_score_for_every_item(small):
    scores = cornac_item_knn_scores(small)
    assert scores.shape == (3, 5)
    assert np.isfinite(scores).all()


def test_bpr_is_the_same_twice_and_learns_the_two_tastes(tastes):
    split = tastes.split(7)
    scores, again = (bpr_scores(split.train, seed=3) for _ in range(2))
    assert scores.tobytes() == again.tobytes()
    known = split.train.matrix + split.valid.matrix
    ranked = rank_held_out(scores, known=known, held_out=split.test.matrix)
    popular = rank_held_out(popularity_scores(split.train), known=known, held_out=split.test.matrix)
    assert ranked.ndcg > popular.ndcg
