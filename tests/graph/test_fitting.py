"""Training: exact negatives, the same bytes twice, and tastes that are found."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import chisquare

from rerec.errors import SettingsError
from rerec.graph.fitting import fit, negatives
from rerec.graph.interactions import InteractionGraph, Split
from rerec.graph.ranking import rank_held_out
from rerec.settings import LightGCNSettings

SMALL = LightGCNSettings(dim=8, batch_size=64, max_epochs=30, learning_rate=0.02)


def quiet(line: str) -> None:
    del line


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_negative_is_never_an_item_that_the_user_has(seed, density):
    rng = np.random.default_rng(seed)
    edges = rng.random((6, 9)) < density
    edges[np.arange(6), rng.integers(9, size=6)] = False  # nobody has everything
    users = rng.integers(6, size=40)
    drawn = negatives(users, csr_matrix(edges.astype(np.float32)), rng)
    assert not edges[users, drawn].any()


def test_negatives_are_drawn_evenly_from_all_that_a_user_has_not():
    edges = csr_matrix(np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 0]], dtype=np.float32))
    users = np.repeat([0, 1], [3000, 4000])
    drawn = negatives(users, edges, np.random.default_rng(2))
    for user, absent in ((0, [1, 2, 4]), (1, [0, 2, 3, 4])):
        counts = np.bincount(drawn[users == user], minlength=5)
        assert set(np.flatnonzero(counts)) == set(absent)
        assert chisquare(counts[absent]).pvalue > 0.001


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tastes):
    split = tastes.split(7)
    first, again = (fit(split, SMALL, seed=7, progress=quiet) for _ in range(2))
    other = fit(split, SMALL, seed=8, progress=quiet)
    assert first.items.tobytes() == again.items.tobytes()
    assert first.users.tobytes() == again.users.tobytes()
    assert first.items.tobytes() != other.items.tobytes()


def test_the_number_of_threads_does_not_show(tastes):
    split, before = tastes.split(7), torch.get_num_threads()
    try:
        fitted = []
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            fitted.append(fit(split, SMALL, seed=7, progress=quiet).items.tobytes())
    finally:
        torch.set_num_threads(before)
    assert fitted[0] == fitted[1]


def test_two_tastes_are_told_apart(tastes):
    split = tastes.split(7)
    fitted = fit(split, SMALL, seed=7, progress=quiet)
    known = split.train.matrix + split.valid.matrix
    ranked = rank_held_out(fitted.scores(), known=known, held_out=split.test.matrix)
    by_chance = 20 / (40 - 12)
    assert ranked.recall > by_chance + 0.1
    unit = fitted.items / np.linalg.norm(fitted.items, axis=1, keepdims=True)
    same, across = unit[:19] @ unit[:19].T, unit[:19] @ unit[20:39].T
    assert same.mean() > across.mean() + 0.5


def test_every_item_has_a_row_that_is_not_zero(tastes):
    fitted = fit(tastes.split(7), SMALL, seed=7, progress=quiet)
    liked_by_nobody = [19, 39]
    assert not np.isin(liked_by_nobody, tastes.indices).any()
    assert (np.linalg.norm(fitted.items, axis=1) > 1e-6).all()


def test_training_stops_when_validation_no_longer_gets_better(tastes):
    said: list[str] = []
    patient = SMALL.model_copy(update={"max_epochs": 400, "patience": 2, "validate_every": 1})
    fitted = fit(tastes.split(7), patient, seed=7, progress=said.append)
    assert len(said) == fitted.epoch + 2 < 400


def test_a_user_who_has_every_item_does_not_stop_the_training(make_catalogue, make_table):
    rows = [("ann", f"i{item}", 5.0, item) for item in range(4)]
    rows += [("bob", f"i{item}", 5.0, item) for item in range(3)]
    graph = InteractionGraph.from_table(make_catalogue(4), make_table(*rows))
    last = np.arange(7) == 6
    split = Split(train=graph.kept(~last), valid=graph.kept(last), test=graph.kept(last))
    fitted = fit(split, SMALL, seed=7, progress=quiet)
    assert np.isfinite(fitted.items).all()


def test_a_learning_rate_that_blows_up_is_named(tastes):
    wild = SMALL.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(SettingsError, match=r"no longer a number with learning_rate 1e\+30"):
        fit(tastes.split(7), wild, seed=7, progress=quiet)
