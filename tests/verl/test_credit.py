"""Advantages of verl's batches beside those of our own credit."""

from typing import get_args

import numpy as np
import pytest

from rerec.credit.estimators import Estimator
from rerec.credit.tokens import credit_tokens
from rerec.records import Scored, Segment
from rerec.rng import stream
from rerec.settings import CreditSettings
from rerec.verl.credit import blamed_tokens, token_advantages
from rerec.verl.layout import laid_out

N_GROUPS, GROUP, LONGEST = 4, 5, 16


def written(rng: np.random.Generator, query: int) -> tuple[Scored, np.ndarray]:
    """A response of two paragraphs and an answer, and the places of its tokens."""
    first, second = sorted(rng.choice(np.arange(2, LONGEST - 3), 2, replace=False).tolist())
    end = int(rng.integers(second + 2, LONGEST))
    segments = (Segment(0, first), Segment(first + 1, second), Segment(second + 1, end, True))
    blamed = (bool(rng.integers(2)), bool(rng.integers(2)), False)
    reward = float(rng.normal(0.1, 0.4))
    scored = Scored(f"q{query}", ("1",), "wrong", 0, 0, 0, 0, reward, segments, blamed)
    return scored, np.array([(place, place + 1) for place in range(end)])


def batch() -> tuple[list[Scored], list[np.ndarray], np.ndarray]:
    """Responses to some queries in mixed order, their offsets, and (B,) their groups."""
    rng = stream(3, "verl credit")
    group = rng.permutation(np.repeat(np.arange(N_GROUPS), GROUP))
    made = [written(rng, query) for query in group.tolist()]
    return [scored for scored, _ in made], [offsets for _, offsets in made], group


def numbers_of(scored: list[Scored], offsets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(B, T) what verl would hold, and its mask."""
    numbers, mask = np.zeros((len(scored), LONGEST)), np.zeros((len(scored), LONGEST), bool)
    for row, (one, places) in enumerate(zip(scored, offsets, strict=True)):
        blamed = blamed_tokens(one.segments, one.blamed, places)
        numbers[row, : len(places)] = laid_out(one.reward, blamed)
        mask[row, : len(places)] = True
    return numbers, mask


@pytest.mark.parametrize("estimator", get_args(Estimator))
@pytest.mark.parametrize(("raae_scale", "negative_on"), [("reward", "all"), ("group", "blamed")])
def test_advantages_are_those_of_our_own_credit(estimator, raae_scale, negative_on):
    settings = CreditSettings(
        estimator=estimator, raae_scale=raae_scale, w_negative=0.5, negative_on=negative_on
    )
    scored, offsets, group = batch()
    numbers, mask = numbers_of(scored, offsets)
    places = np.stack([np.pad(o, ((0, LONGEST - len(o)), (0, 0))) for o in offsets])
    ours = credit_tokens(scored, places, mask, group, settings).advantages
    names = np.array([one.query_id for one in scored], dtype=object)
    found = token_advantages(numbers, mask, names, settings)
    assert np.abs(ours).max() > 0.1
    assert found == pytest.approx(ours, abs=1e-12)


@pytest.mark.parametrize("estimator", get_args(Estimator))
def test_rows_that_verl_adds_to_fill_a_batch_change_nothing(estimator):
    settings = CreditSettings(estimator=estimator, raae_scale="group")
    scored, offsets, group = batch()
    numbers, mask = numbers_of(scored, offsets)
    alone = token_advantages(numbers, mask, group, settings)
    empty = np.zeros((3, LONGEST))
    filled = token_advantages(
        np.concatenate([numbers, empty]),
        np.concatenate([mask, empty.astype(bool)]),
        np.concatenate([group, group[[0, 0, 0]]]),
        settings,
    )
    assert filled[:-3].tolist() == alone.tolist()
    assert not filled[-3:].any()


def test_a_batch_of_nothing_but_filling_has_no_advantages():
    found = token_advantages(
        np.zeros((2, 3)), np.zeros((2, 3), bool), np.array(["a", "a"]), CreditSettings()
    )
    assert found.tolist() == [[0.0] * 3] * 2


def test_a_token_that_reaches_into_two_segments_belongs_to_the_first():
    segments = [Segment(0, 4), Segment(6, 9)]
    assert blamed_tokens(segments, [False, True], [(0, 3), (3, 7), (7, 9)]).tolist() == [
        False,
        False,
        True,
    ]
