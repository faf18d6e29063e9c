"""How sure a figure is: intervals, a paired test, and what many tests at once do to it.

`scipy.stats.bootstrap` and `permutation_test` resample rows, which is slow for a table of hundreds
of cells. A mean only needs to know how often each *distinct value* was drawn; that count has a
known law (multinomial, binomial) and is drawn directly. The result has the same distribution as
resampling rows, without the rows; the tests hold it against scipy.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from rerec.rng import stream

N_RESAMPLES = 4000
"""Resamples of an interval: an end point is then known to about 0.02 of the interval's width."""
N_FLIPS = 20_000
"""Sign flips of a permutation test that cannot be enumerated; the smallest p is 5e-5."""
_EXACT_STATES = 4096
# Sums that are equal on paper differ in the last bits.
_ROUNDING = 1e-9


def bootstrap_interval(
    values: ArrayLike, *, seed: int, level: float = 0.95, clusters: Sequence[str] | None = None
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of some rows.

    Source: Efron 1979, percentile method. Ours: draws the multinomial counts of the distinct
    values, which is resampling rows with replacement, said shorter. Where all values are equal the
    interval is that one value; `share_interval` does better for shares. Rows of one cluster are
    drawn together, since they may go right or wrong together (Davison & Hinkley 1997, section 3.8).

    Args:
        values: (n,) one figure for each query, n >= 1.
        seed: names the random stream; the same seed gives the same interval.
        level: share of such intervals that hold the true mean, in (0, 1).
        clusters: of each row, what it depends on; None: rows are independent.

    Returns:
        The lower and the upper end.

    >>> bootstrap_interval([2.0, 2.0, 2.0], seed=7)
    (2.0, 2.0)
    """
    array = _checked(values)
    if array.min() == array.max():
        return float(array[0]), float(array[0])
    sums, sizes = _by_cluster(array, clusters)
    distinct, counts = np.unique(np.stack([sums, sizes], 1), axis=0, return_counts=True)
    n = counts.sum()
    drawn = stream(seed, "bootstrap").multinomial(n, counts / n, size=N_RESAMPLES)
    tail = (1 - level) / 2
    means = drawn @ distinct[:, 0] / (drawn @ distinct[:, 1])
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def share_interval(
    values: ArrayLike, *, seed: int, level: float = 0.95, clusters: Sequence[str] | None = None
) -> tuple[float, float]:
    """`bootstrap_interval` for figures in [0, 1], honest where all of them are 0 or all are 1.

    There the bootstrap claims to be certain ("0 of 60 right" would be 0 to 0); the exact binomial
    bound (Clopper & Pearson 1934) is given instead, with each cluster counted once.

    >>> low, high = share_interval([0.0] * 60, seed=7)
    >>> low, round(high, 4)   # 1 - 0.025 ** (1 / 60)
    (0.0, 0.0596)
    """
    array = _checked(values)
    if array.min() == array.max() and array[0] in (0.0, 1.0):
        n = len(_by_cluster(array, clusters)[0])
        exact = binomtest(int(array[0]) * n, n).proportion_ci(level, method="exact")
        return float(exact.low), float(exact.high)
    return bootstrap_interval(array, seed=seed, level=level, clusters=clusters)


def paired_permutation(
    a: ArrayLike, b: ArrayLike, *, seed: int, clusters: Sequence[str] | None = None
) -> float:
    r"""Two-sided p of the paired permutation (sign-flip) test on the mean difference.

    Under the null hypothesis each pair may be swapped: its difference keeps its size and takes
    either sign. p is the share of sign patterns whose |sum| is at least the one seen. For 0/1
    outcomes, and wherever all differences have one size, this is the exact binomial test on the
    discordant pairs (McNemar's exact test); few pairs are enumerated; otherwise `N_FLIPS` patterns
    are drawn and p = (1 + those at least as far out) / (1 + drawn), which is never 0. Pairs of one
    cluster are swapped together.

    Source: Fisher 1935; Phipson & Smyth 2010 for the added one. Same law as scipy's
    `permutation_test(..., permutation_type="samples")`.

    Args:
        a: (n,) one figure for each query.
        b: (n,) the other system's, in the same order.
        seed: names the random stream of the drawn patterns.
        clusters: of each pair, what it depends on; None: pairs are independent.

    >>> paired_permutation([0, 0, 0, 0, 1], [1, 1, 1, 1, 1], seed=7)   # 4 discordant: 2 / 2**4
    0.125
    """
    first, second = _checked(a), _checked(b)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} figures cannot be paired with {len(second)}")
    difference, _ = _by_cluster(second - first, clusters)
    sizes, counts = _sizes(np.abs(difference))
    if not len(sizes):
        return 1.0
    if len(sizes) == 1:
        return float(binomtest(int((difference > 0).sum()), int(counts[0])).pvalue)
    seen = abs(difference.sum()) - _ROUNDING * sizes @ counts
    if counts.sum() <= np.log2(_EXACT_STATES):
        return float((np.abs(_every_sum(np.repeat(sizes, counts))) >= seen).mean())
    plus = stream(seed, "sign flips").binomial(counts, 0.5, size=(N_FLIPS, len(counts)))
    sums = (2 * plus - counts) @ sizes
    return float((1 + (np.abs(sums) >= seen).sum()) / (1 + N_FLIPS))


def holm(ps: Sequence[float]) -> list[float]:
    """p values adjusted for being several: those <= alpha hold jointly at level alpha.

    Source: Holm 1979: the i-th smallest of m times m - i + 1, never below the one before.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(ps, kind="stable")
    factors = np.arange(len(ps), 0, -1)
    stepped = np.maximum.accumulate(np.asarray(ps, dtype=float)[order] * factors)
    adjusted = np.empty(len(ps))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()


def _checked(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise ValueError(f"one or more finite figures are needed, got an array of {array.shape}")
    return array


def _by_cluster(
    values: NDArray[np.float64], clusters: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sum of each cluster's values, and how many they are; clusters in order of their names."""
    if clusters is None:
        return values, np.ones(len(values))
    _, places = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(places, weights=values)
    return sums.astype(np.float64), np.bincount(places).astype(np.float64)


def _sizes(absolute: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distinct sizes of the differences that are not zero, and how often each occurs."""
    moved = absolute[absolute > _ROUNDING]
    sizes, counts = np.unique(moved, return_counts=True)
    return sizes, counts


def _every_sum(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums + size, sums - size])
    return sums
