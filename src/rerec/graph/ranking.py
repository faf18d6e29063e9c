"""How well a matrix of scores ranks held-out interactions: one harness for every recommender.

LightGCN's early stop, its report and the baselines beside it all call `rank_held_out`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.metrics import ndcg_at_k, padded

K = 20
"""Cut-off of the reported figures, in items."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Means over the users that have something held out."""

    recall: float
    """Recall@20, in [0, 1]."""
    ndcg: float
    """NDCG@20, in [0, 1]."""


def rank_held_out(
    scores: NDArray[np.floating], *, known: csr_matrix, held_out: csr_matrix, k: int = K
) -> Ranked:
    r"""Recall@k and NDCG@k of the k best-scored items that a user does not know yet.

    $$\mathrm{Recall@k} = \frac{1}{|U|} \sum_{u} \frac{|\mathrm{top}_k(u) \cap H_u|}{|H_u|}$$

    over the users u with held-out items H_u; NDCG@k as in `rerec.metrics`. All items are ranked,
    none is sampled. Equal scores are ranked in the order of the catalogue.

    Args:
        scores: (n_users, n_items) greater is better.
        known: (n_users, n_items) not 0 where the item is left out of the user's ranking.
        held_out: (n_users, n_items) not 0 where the item is right; disjoint from `known`.
        k: cut-off, in items, at least 1.

    Raises:
        ValueError: nothing is held out for any user.

    >>> known, held_out = csr_matrix([[1, 0, 0, 0]]), csr_matrix([[0, 0, 1, 1]])
    >>> rank_held_out(np.array([[9.0, 5.0, 7.0, 1.0]]), known=known, held_out=held_out, k=2)
    Ranked(recall=0.5, ndcg=0.6131471927654584)
    """
    users = np.flatnonzero(np.diff(held_out.indptr))
    if not len(users):
        raise ValueError("no user has a held-out interaction to rank")
    right, seen = held_out[users], known[users]
    open_scores = np.where(seen.toarray() != 0, -np.inf, scores[users])
    top = np.argsort(-open_scores, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(right.toarray() != 0, top, axis=1)
    recall = found.sum(axis=1) / np.diff(right.indptr)
    relevant = padded([rows.tolist() for rows in np.split(right.indices, right.indptr[1:-1])])
    return Ranked(float(recall.mean()), float(ndcg_at_k(top, relevant, k).mean()))
