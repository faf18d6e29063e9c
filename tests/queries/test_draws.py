"""Weighted draws against numpy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rerec.queries.draws import drawn

WEIGHTS = st.lists(st.sampled_from([0.0, 0.25, 1.0, 1.0, 3.0, 7.5, 1e-9]), min_size=1, max_size=300)


@given(weights=WEIGHTS, data=st.data(), seed=st.integers(0, 2**32))
def test_draws_are_those_of_numpy(weights: list[float], data: st.DataObject, seed: int) -> None:
    n_positive = sum(weight > 0 for weight in weights)
    n = data.draw(st.integers(0, n_positive))
    weight = np.array(weights)
    ours = np.random.default_rng(seed)
    theirs = np.random.default_rng(seed)
    if not n:
        assert n_positive == 0 or drawn(ours, weight, 0) == []
        return
    expected = theirs.choice(len(weights), size=n, replace=False, p=weight / weight.sum())
    assert drawn(ours, weight, n) == expected.tolist()
    assert ours.random() == theirs.random()  # neither drew more than the other
    assert weight.tolist() == weights  # the argument stays what it was
