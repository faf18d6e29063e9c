"""The shaped reward: the weighted sum of its parts, and the parts themselves for the report."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerec.settings import RewardSettings


@dataclass(frozen=True, eq=False)
class Rewards:
    """What B responses are worth, part by part; each (B,)."""

    ndcg: NDArray[np.float64]
    """In [0, 1]."""
    qas: NDArray[np.float64]
    """In [0, 1]."""
    pas: NDArray[np.float64]
    """In [-1, 1]."""
    format: NDArray[np.float64]
    """+0.5 or -0.5."""
    total: NDArray[np.float64]
    """The weighted sum."""


def shaped(
    *,
    ndcg: NDArray[np.float64],
    qas: NDArray[np.float64],
    pas: NDArray[np.float64],
    format: NDArray[np.float64],
    weights: RewardSettings,
) -> Rewards:
    r"""Add the parts up.

    $$r = w_f\,\mathrm{format} + w_{ndcg}\,\mathrm{NDCG@K} + w_1\,\mathrm{QAS} + w_2\,\mathrm{PAS}$$

    Source: the dual-graph reward shaping of arXiv 2604.07851; the format term is its release's; a
    weight for NDCG is ours.

    Args:
        ndcg: (B,) in [0, 1].
        qas: (B,) in [0, 1].
        pas: (B,) in [-1, 1].
        format: (B,) +0.5 or -0.5.
        weights: `w_format`, `w_ndcg`, `w_qas` and `w_pas`; nothing else of it is read.

    Returns:
        The parts as they were given, and their total: with weights of 0 or more, from
        -w_format / 2 - w_pas to w_format / 2 + w_ndcg + w_qas + w_pas.

    >>> one = np.ones(1)
    >>> shaped(ndcg=one, qas=one, pas=one, format=one / 2, weights=RewardSettings()).total.round(4)
    array([1.25])
    """
    total = (
        weights.w_format * format
        + weights.w_ndcg * ndcg
        + weights.w_qas * qas
        + weights.w_pas * pas
    )
    return Rewards(ndcg, qas, pas, format, total)
