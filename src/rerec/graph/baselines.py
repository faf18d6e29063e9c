"""What LightGCN is measured against: popularity, ItemKNN and BPR, fitted by cornac.

Each is fitted on the training interactions and returns a whole matrix of scores, for the one
harness of `rerec.graph.ranking`. Users and items keep our rows inside cornac.
"""

from collections import OrderedDict

import numpy as np
from cornac.data import Dataset
from cornac.models import BPR, ItemKNN, MostPop
from numpy.typing import NDArray

from rerec.graph.interactions import InteractionGraph

KNN_NEIGHBOURS = 100
BPR_SETTINGS = {"k": 64, "learning_rate": 0.05, "lambda_reg": 0.01, "max_iter": 100}


def popularity_scores(train: InteractionGraph) -> NDArray[np.float64]:
    """(n_users, n_items) how many users have each item, the same for every user."""
    ones = np.ones_like(train.ratings)
    model = MostPop().fit(_dataset(train, ones, seed=0))
    return np.tile(model.score(0).astype(np.float64), (train.n_users, 1))


def cornac_item_knn_scores(train: InteractionGraph) -> NDArray[np.float64]:
    """(n_users, n_items) cornac's ItemKNN with its defaults, fed the ratings given.

    A predictor of ratings: its cosine runs over the users that two items share alone (1 for every
    pair on implicit feedback), and its score is an average. As a recommender it is no opponent;
    `item_knn_scores` is.
    """
    model = ItemKNN(verbose=False, seed=0).fit(_dataset(train, train.ratings, seed=0))
    return np.stack([model.score(user) for user in range(train.n_users)])


def item_knn_scores(
    train: InteractionGraph, *, neighbours: int = KNN_NEIGHBOURS
) -> NDArray[np.float64]:
    r"""(n_users, n_items) summed similarity of each item to the items that the user has.

    $$s_{ui} = \sum_{j \in u,\; i \in N_k(j)} \frac{|U_i \cap U_j|}{\sqrt{|U_i| |U_j|}}$$

    Source: Deshpande & Karypis 2004, with cosine: the item-based recommender of implicit feedback.

    Args:
        train: what it learns from.
        neighbours: k, how many of the most similar items each item counts for.
    """
    both = (train.matrix.T @ train.matrix).toarray().astype(np.float64)  # (n_items, n_items)
    n_users = np.maximum(np.diag(both), 1.0)
    cosine = both / np.sqrt(n_users[:, None] * n_users)
    np.fill_diagonal(cosine, 0.0)
    order = np.argsort(-cosine, axis=1, kind="stable")
    np.put_along_axis(cosine, order[:, neighbours:], 0.0, axis=1)
    return train.matrix @ cosine


def bpr_scores(train: InteractionGraph, *, seed: int, **settings: float) -> NDArray[np.float64]:
    """(n_users, n_items) cornac's matrix factorisation with BPR loss and item biases.

    Args:
        train: what it learns from.
        seed: of the initial factors and the draws; cornac then uses one thread.
        settings: of `cornac.models.BPR`, in place of those in `BPR_SETTINGS`.
    """
    ones = np.ones_like(train.ratings)
    model = BPR(seed=seed, **(BPR_SETTINGS | settings)).fit(_dataset(train, ones, seed=seed))
    return (model.u_factors @ model.i_factors.T + model.i_biases).astype(np.float64)


def _dataset(train: InteractionGraph, ratings: NDArray[np.float32], *, seed: int) -> Dataset:
    """The interactions with these ratings; every user and item is known, under its row."""
    return Dataset(
        num_users=train.n_users,
        num_items=train.n_items,
        uid_map=OrderedDict((row, row) for row in range(train.n_users)),
        iid_map=OrderedDict((row, row) for row in range(train.n_items)),
        uir_tuple=(train.users, train.indices, ratings.astype(np.float64)),
        seed=seed,
    )
