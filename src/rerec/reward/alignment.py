"""How near an answer is to what was asked, in both graphs: QAS by attributes, PAS by taste.

Everywhere an answer is the first item of the box, and -1 is none: it scores 0, never another item's
score.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from rerec.graph.attributes import AttributeGraph


def qas_shared(
    answers: NDArray[np.intp], truths: Sequence[Sequence[int]], graph: AttributeGraph
) -> NDArray[np.float64]:
    r"""Query alignment score: share of the truths' common pairs that the answer has.

    $$\mathrm{QAS}(p, gt) = |R_p \cap R_{gt}| / |R_{gt}|, \qquad R_{gt} = \bigcap_{g \in gt} R_g$$

    R_x are the (relation, value) pairs of x in the item-attribute graph. Source: the dual-graph
    reward shaping of arXiv 2604.07851; several truths as in its release. Ours: where the truths
    have no pair in common (|R_gt| = 0) nothing can be met, and the score is 0.

    Args:
        answers: (B,) item rows; -1 for no item.
        truths: B lists of ground-truth rows, none empty; in any order, repeats count once.
        graph: the item-attribute graph.

    Returns:
        (B,) values in [0, 1]; 1 for an only truth that has a pair.
    """
    shared = {group: shared_columns(group, graph) for group in set(map(tuple, truths))}
    return graph.share_met(answers, [shared[tuple(group)] for group in truths])


def qas_conditions(
    answers: NDArray[np.intp], columns: Sequence[Sequence[int]], graph: AttributeGraph
) -> NDArray[np.float64]:
    """Share of the asked conditions that the answer meets.

    Source: ours (`qas: conditions`). A condition asked twice counts once.

    Args:
        answers: (B,) item rows; -1 for no item.
        columns: B lists of columns in the graph; -1 for a pair that no item has: it is never met.
        graph: the item-attribute graph.

    Returns:
        (B,) values in [0, 1]; 0 where nothing is asked.
    """
    return graph.share_met(answers, [list(dict.fromkeys(asked)) for asked in columns])


def shared_columns(rows: Sequence[int], graph: AttributeGraph) -> list[int]:
    """Columns of the pairs that every one of some items has, ascending."""
    return reduce(np.intersect1d, [graph.columns_of(row) for row in rows]).tolist()


def pas(
    answers: NDArray[np.intp],
    truths: Sequence[Sequence[int]],
    embeddings: NDArray[np.floating],
) -> NDArray[np.float64]:
    r"""Preference alignment score: the best cosine with a ground-truth item.

    $$\mathrm{PAS}(p, GT) = \max_{g \in GT} \cos(M(p), M(g))$$

    M are the item embeddings of LightGCN. Source: the dual-graph reward shaping of arXiv
    2604.07851. Ours: the best over several truths, and 0 with an embedding of all zeros, which has
    no direction.

    Args:
        answers: (B,) item rows; -1 for no item.
        truths: B lists of ground-truth rows, none empty.
        embeddings: (n_items, d).

    Returns:
        (B,) values in [-1, 1]; 0 for no item.

    >>> z = np.array([[1.0, 0.0], [0.6, 0.8], [-2.0, 0.0]])
    >>> pas(np.array([1, 2, 2, -1]), [[0], [0], [0, 1], [0]], z).round(4).tolist()
    [0.6, -1.0, -0.6, 0.0]
    """
    counts = np.array([len(group) for group in truths], np.intp)
    if not counts.size:
        return np.zeros(0)
    right = embeddings[[row for group in truths for row in group]].astype(np.float64)
    said = embeddings[np.repeat(answers, counts)].astype(np.float64)
    lengths = np.linalg.norm(said, axis=1) * np.linalg.norm(right, axis=1)
    cosines = np.einsum("nd,nd->n", said, right) / np.where(lengths > 0, lengths, 1.0)
    best = np.maximum.reduceat(cosines, np.cumsum(counts) - counts)
    return np.where(np.asarray(answers) >= 0, np.clip(best, -1.0, 1.0), 0.0)
