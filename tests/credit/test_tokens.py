"""From scored responses to the advantages of their tokens."""

import numpy as np
import pytest

from rerec.credit.tokens import credit_tokens
from rerec.records import Claim, Scored, Segment
from rerec.settings import CreditSettings

TEXT = (Segment(0, 4), Segment(6, 10), Segment(12, 20, is_answer=True))
# Tokens: first paragraph, blank line, second paragraph, blank line, answer, end of text.
OFFSETS = np.array([[(0, 4), (4, 6), (6, 10), (10, 12), (12, 20), (20, 20)]] * 2)


def scored(reward: float, blamed: tuple[bool, ...] = (False, False, False)) -> Scored:
    outcome = "wrong" if any(blamed) else "right"
    return Scored("q1", ("1",), outcome, reward, 0, 0, 0.5, reward, TEXT, blamed)


def credited(settings: CreditSettings, mask: np.ndarray | None = None):
    batch = [scored(1.0), scored(0.5, (False, True, False))]
    real = np.ones((2, 6), bool) if mask is None else mask
    return credit_tokens(batch, OFFSETS, real, np.zeros(2, int), settings)


def test_the_tokens_of_the_blamed_paragraph_get_the_lowest_advantage():
    found = credited(CreditSettings(w_penalty=0.3))
    assert found.blamed.tolist() == [[False] * 6, [False, False, True, False, False, False]]
    # Token rewards: six times 1, five times 0.5, once 0.35.
    tokens = np.array([1.0] * 6 + [0.5] * 5 + [0.35])
    level = (tokens - tokens.mean()) / (tokens.std() + 1e-6)
    assert found.advantages[0] == pytest.approx(np.full(6, level[0]))
    assert found.advantages[1] == pytest.approx([level[6]] * 2 + [level[11]] + [level[6]] * 3)


def test_a_weight_of_zero_spares_the_tokens_and_still_reports_them():
    found = credited(CreditSettings(w_penalty=0))
    assert len(set(found.advantages[1].tolist())) == 1
    assert found.blamed.any()


def test_another_estimator_ignores_the_blame_and_still_reports_it():
    found = credited(CreditSettings(estimator="grpo"))
    assert found.advantages[1] == pytest.approx(np.full(6, -1.0), rel=1e-4)
    assert found.blamed.sum() == 1


def test_what_is_below_zero_weighs_as_much_as_the_settings_say():
    whole = credited(CreditSettings()).advantages
    less = credited(CreditSettings(w_negative=0.25)).advantages
    assert whole[0].min() > 0 > whole[1].max()
    assert less[0].tolist() == whole[0].tolist()
    assert less[1] == pytest.approx(0.25 * whole[1])
    assert not credited(CreditSettings(w_negative=0)).advantages[1].any()


def test_where_only_blame_pushes_down_nothing_else_does():
    whole = credited(CreditSettings()).advantages
    spared = credited(CreditSettings(negative_on="blamed")).advantages
    assert spared[0].tolist() == whole[0].tolist()
    assert spared[1].tolist() == [0, 0, whole[1, 2], 0, 0, 0]
    half = credited(CreditSettings(negative_on="blamed", w_negative=0.5)).advantages
    assert half[1, 2] == 0.5 * whole[1, 2]


def test_an_estimator_that_knows_no_blame_spares_nobody_by_it():
    settings = CreditSettings(estimator="grpo", negative_on="blamed")
    assert credited(settings).advantages.tolist() == (
        credited(CreditSettings(estimator="grpo")).advantages.tolist()
    )


def test_padding_is_neither_paid_nor_blamed():
    mask = np.zeros((2, 6), bool)
    mask[:, :2] = True
    found = credited(CreditSettings(), mask)
    assert not found.advantages[:, 2:].any()
    assert not found.blamed.any()


def test_group_scale_takes_the_spread_of_the_groups_responses():
    found = credited(CreditSettings(w_penalty=0.4, raae_scale="group"))
    tokens = np.array([1.0] * 6 + [0.5] * 5 + [0.5 - 0.4 * 0.25])
    level = (tokens - tokens.mean()) / (tokens.std() + 1e-6)
    assert found.advantages[1, 2] == pytest.approx(level[11])


def test_responses_with_different_numbers_of_segments_stand_in_one_batch():
    empty = Scored("q1", (), "no_answer", 0, 0, 0, -0.5, -0.05, (), ())
    batch = [empty, scored(0.5, (True, False, False))]
    found = credit_tokens(batch, OFFSETS, np.ones((2, 6), bool), np.zeros(2, int), CreditSettings())
    assert found.blamed.tolist() == [[False] * 6, [True] + [False] * 5]


def by_claims(settings: CreditSettings):
    """The first paragraph of the wrong response claims something true, the second something not."""
    claims = [[], [Claim(0, 4, is_true=True), Claim(6, 7, is_true=False)]]
    batch = [scored(1.0), scored(0.5, (False, True, False))]
    return credit_tokens(batch, OFFSETS, np.ones((2, 6), bool), np.zeros(2, int), settings, claims)


def test_a_paragraph_with_claims_is_credited_by_them_alone():
    usual, found = credited(CreditSettings()), by_claims(CreditSettings(w_claims=3))
    assert found.advantages[0].tolist() == usual.advantages[0].tolist()
    # One token of a true claim, one of a false one; what is between and the answer keep theirs.
    assert found.advantages[1, [0, 2]].tolist() == [1.5, -1.5]
    assert found.advantages[1, [1, 3, 4, 5]].tolist() == usual.advantages[1, [1, 3, 4, 5]].tolist()
    assert found.blamed.tolist() == usual.blamed.tolist()


def test_a_claim_between_paragraphs_is_credited_too():
    claims = [[], [Claim(0, 4, is_true=True), Claim(10, 11, is_true=False)]]
    batch = [scored(1.0), scored(0.5, (False, True, False))]
    settings = CreditSettings(w_claims=1)
    real = np.ones((2, 6), bool)
    found = credit_tokens(batch, OFFSETS, real, np.zeros(2, int), settings, claims).advantages[1]
    assert found[[0, 3]].tolist() == [0.5, -0.5]
    assert found[[1, 2, 4]].tolist() == credited(CreditSettings()).advantages[1, [1, 2, 4]].tolist()


def test_claims_without_a_weight_change_nothing():
    assert (
        by_claims(CreditSettings()).advantages.tolist()
        == credited(CreditSettings()).advantages.tolist()
    )
