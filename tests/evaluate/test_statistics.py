"""Our intervals and our test are scipy's, only faster; and Holm's steps are Holm's."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, false_discovery_control, permutation_test

from rerec.evaluate.statistics import (
    bootstrap_interval,
    holm,
    paired_permutation,
    share_interval,
)

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def mean_of_differences(a, b, axis=-1):
    return np.mean(b - a, axis=axis)


@pytest.mark.parametrize("name", ["right or wrong", "tokens", "shares"])
def test_the_interval_is_that_of_scipys_percentile_bootstrap(name):
    rng = np.random.default_rng(3)
    values = {
        "right or wrong": (rng.random(120) < 0.8).astype(float),
        "tokens": rng.integers(30, 200, size=120).astype(float),
        "shares": rng.choice([0, 1 / 3, 1 / 2, 1], size=120),
    }[name]
    theirs = bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    # Means of right or wrong lie on a lattice of 1/120, and an end may fall between two points.
    tolerance = 1.01 / 120 if name == "right or wrong" else 0.06 * (theirs.high - theirs.low)
    assert np.allclose(bootstrap_interval(values, seed=7), theirs, atol=tolerance)


def test_about_95_of_100_intervals_hold_the_true_mean():
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(300):
        low, high = bootstrap_interval(rng.random(200) < 0.7, seed=trial)
        held += low <= 0.7 <= high
    assert 0.91 <= held / 300 <= 0.985


def test_the_same_seed_gives_the_same_interval_and_the_order_of_rows_does_not_matter():
    values = np.random.default_rng(5).integers(0, 9, size=50).astype(float)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values[::-1], seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30))
def test_an_interval_lies_within_the_values(values):
    low, high = bootstrap_interval(values, seed=7)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_nobody_right_is_not_certainly_zero():
    assert share_interval([0.0] * 20, seed=7) == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))
    assert share_interval([1.0] * 20, seed=7) == pytest.approx((0.025 ** (1 / 20), 1.0))


@pytest.mark.parametrize("values", [[], [float("nan")], [[1.0], [2.0]]])
def test_no_interval_without_finite_figures(values):
    with pytest.raises(ValueError, match="finite figures"):
        bootstrap_interval(values, seed=7)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=10))
def test_on_right_and_wrong_p_is_the_share_of_swaps_at_least_as_far_out(pairs):
    a, b = np.array(pairs, dtype=int).T
    flips = np.array(list(product([-1, 1], repeat=len(a))))
    brute = (np.abs(flips @ (b - a)) >= abs((b - a).sum())).mean()
    assert paired_permutation(a, b, seed=7) == pytest.approx(brute)


def test_p_is_scipys_exact_permutation_test_on_a_few_pairs_of_shares():
    rng = np.random.default_rng(2)
    for _ in range(5):
        a, b = rng.choice([0, 0.25, 0.5, 1], size=9), rng.choice([0, 0.5, 1], size=9)
        theirs = permutation_test(
            (a, b), mean_of_differences, permutation_type="samples", vectorized=True
        ).pvalue
        assert paired_permutation(a, b, seed=7) == pytest.approx(theirs)


def test_p_is_close_to_scipys_drawn_permutation_test_on_many_pairs():
    rng = np.random.default_rng(4)
    a = rng.choice([0, 0.25, 0.5, 1], size=150)
    b = np.clip(a + rng.choice([-0.5, -0.25, 0, 0, 0.25, 0.5], size=150), 0, 1)
    theirs = permutation_test(
        (a, b),
        mean_of_differences,
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).pvalue
    assert 0.001 < theirs < 0.5
    assert paired_permutation(a, b, seed=7) == pytest.approx(theirs, rel=0.15)


def test_under_no_difference_one_in_twenty_tests_says_below_5_percent():
    rng = np.random.default_rng(9)
    ps = [
        paired_permutation(rng.random(400) < 0.6, rng.random(400) < 0.6, seed=7) for _ in range(600)
    ]
    assert 0.02 <= np.mean(np.array(ps) <= 0.05) <= 0.07


def test_equal_runs_differ_with_p_one_and_different_lengths_are_refused():
    assert paired_permutation([1, 0, 1], [1, 0, 1], seed=7) == 1.0
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_permutation([1, 0], [1], seed=7)


def test_p_of_a_sure_difference_is_small_but_never_zero():
    a, b = np.zeros(100), np.linspace(0.5, 1, 100)
    assert 0 < paired_permutation(a, b, seed=7) < 1e-4


@given(P_VALUES)
def test_holm_is_the_step_down_of_bonferroni(ps):
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    expected, highest = [0.0] * len(ps), 0.0
    for step, i in enumerate(order):
        highest = max(highest, min(1.0, ps[i] * (len(ps) - step)))
        expected[i] = highest
    assert holm(ps) == pytest.approx(expected)


@given(P_VALUES)
def test_holm_never_lowers_a_p_and_lies_between_no_and_bonferronis_correction(ps):
    adjusted = np.array(holm(ps))
    assert (adjusted >= np.array(ps) - 1e-12).all()
    assert (adjusted <= np.minimum(np.array(ps) * len(ps), 1) + 1e-12).all()
    assert (adjusted >= false_discovery_control(ps, method="bh") - 1e-12).all()


def test_clusters_of_one_change_nothing():
    rng = np.random.default_rng(4)
    a, b = rng.random(60) < 0.6, rng.random(60) < 0.8
    alone = [str(i) for i in range(60)]
    assert share_interval(a, seed=7, clusters=alone) == share_interval(a, seed=7)
    assert paired_permutation(a, b, seed=7, clusters=alone) == paired_permutation(a, b, seed=7)


def test_an_interval_of_clusters_is_that_of_resampled_clusters():
    rng = np.random.default_rng(6)
    sizes = rng.integers(1, 6, size=40)
    chances = np.repeat(rng.random(40), sizes)  # a cluster's rows go right or wrong together
    values = (rng.random(len(chances)) < chances).astype(float)
    places = np.repeat(np.arange(40), sizes)
    sums, counts = np.bincount(places, values), np.bincount(places)
    drawn = rng.integers(40, size=(20_000, 40))
    wanted = np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975])
    found = bootstrap_interval(values, seed=7, clusters=[f"list {i}" for i in places])
    assert np.allclose(found, wanted, atol=0.02)
    low, high = bootstrap_interval(values, seed=7)
    assert found[1] - found[0] > 1.2 * (high - low)


def test_copies_of_a_row_in_its_cluster_make_nothing_surer():
    values = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    names = [str(i) for i in range(8)]
    thrice = names * 3
    assert bootstrap_interval(values * 3, seed=7, clusters=thrice) == pytest.approx(
        bootstrap_interval(values, seed=7)
    )
    assert share_interval([1.0] * 24, seed=7, clusters=thrice) == share_interval([1.0] * 8, seed=7)
    other = [1.0] * 8
    assert paired_permutation(values * 3, other * 3, seed=7, clusters=thrice) == pytest.approx(
        paired_permutation(values, other, seed=7)
    )


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 4)), min_size=1, max_size=12)
)
def test_p_of_clusters_is_the_share_of_swaps_of_whole_clusters(pairs):
    a, b, lists = np.array(pairs, dtype=int).T
    sums = np.bincount(lists, b - a, minlength=5)
    flips = np.array(list(product([-1, 1], repeat=5)))
    brute = (np.abs(flips @ sums) >= abs(sums.sum()) - 1e-9).mean()
    names = [str(each) for each in lists]
    assert paired_permutation(a, b, seed=7, clusters=names) == pytest.approx(brute)
