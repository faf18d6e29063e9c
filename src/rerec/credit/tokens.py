"""From scored responses to the advantages of their tokens: segments, blame and estimator in one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerec.credit.claims import claim_advantages, claimed_tokens, judged_segments
from rerec.credit.estimators import Floats, advantages
from rerec.credit.raae import penalties, segment_rewards, token_rewards
from rerec.credit.segments import token_segments
from rerec.records import Claim, Scored
from rerec.settings import CreditSettings


@dataclass(frozen=True, eq=False)
class Credited:
    """What the tokens of B responses earned."""

    advantages: Floats
    """(B, T), 0 on padding."""
    blamed: NDArray[np.bool_]
    """(B, T) true on the tokens of blamed segments."""


def credit_tokens(
    scored: Sequence[Scored],
    offsets: NDArray[np.integer],
    mask: NDArray[np.bool_],
    group: NDArray[np.integer],
    settings: CreditSettings,
    claims: Sequence[Sequence[Claim]] | None = None,
) -> Credited:
    """Advantages of the tokens of some responses.

    Blame lowers rewards for the estimator `rerec` only; it is reported for all. Advantages below
    zero are multiplied by `settings.w_negative`, and by 0 where `settings.negative_on` spares them.
    A paragraph with claims is credited by those instead, times `settings.w_claims`.

    Args:
        scored: B responses as the judge scored them.
        offsets: (B, T, 2) first and one past the last character of each token in its response;
            anything on padding.
        mask: (B, T) true on tokens, false on padding.
        group: (B,) equal where responses answer the same query.
        settings: estimator, weight and scale of the blame, weight and reach of negative advantages,
            weight of the claims.
        claims: those of each response; None where none were read.
    """
    rewards = np.array([one.reward for one in scored], np.float64)
    places = np.array(
        [token_segments(one.segments, spans) for one, spans in zip(scored, offsets, strict=True)],
        np.intp,
    ).reshape(mask.shape)
    blamed = _on_tokens([one.blamed for one in scored], places)
    found = credit_blamed(rewards, blamed, mask, group, settings)
    if claims is not None and settings.w_claims:
        checked = zip(claims, scored, strict=True)
        replaced = _on_tokens([judged_segments(own, one.segments) for own, one in checked], places)
        judged, truth = _claimed(claims, offsets, mask)
        earned = settings.w_claims * claim_advantages(truth, judged, group)
        found = np.where((replaced & mask) | judged, earned, found)
    return Credited(found, blamed & mask)


def _on_tokens(
    flags: Sequence[Sequence[bool] | NDArray[np.bool_]], places: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """(B, T) the flag of the segment that each token is in; false outside of all."""
    table = np.zeros((len(flags), max(map(len, flags), default=0)), bool)
    for row, own in enumerate(flags):
        table[row, : len(own)] = own
    return token_rewards(np.zeros(len(flags)), table.astype(float), places) > 0


def _claimed(
    claims: Sequence[Sequence[Claim]], offsets: NDArray[np.integer], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(B, T) true on tokens of claims; (B, T) true on those of true ones."""
    tokens = [claimed_tokens(own, spans) for own, spans in zip(claims, offsets, strict=True)]
    judged, truth = np.array(tokens, bool).reshape(-1, 2, mask.shape[1]).swapaxes(0, 1)
    return judged & mask, truth


def credit_blamed(
    rewards: Floats,
    blamed: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    group: NDArray[np.integer],
    settings: CreditSettings,
) -> Floats:
    """Advantages of the tokens of some responses, where it is known which of them are blamed.

    Args:
        rewards: (B,).
        blamed: (B, T) true on tokens of blamed segments; anything on padding.
        mask: (B, T) true on tokens, false on padding.
        group: (B,) equal where responses answer the same query.
        settings: as for `credit_tokens`.

    Returns:
        (B, T), 0 on padding.
    """
    penalty = penalties(rewards, group, w_penalty=settings.w_penalty, scale=settings.raae_scale)
    by_token = segment_rewards(rewards, blamed, penalty)
    estimated = advantages(rewards, by_token, mask, group, estimator=settings.estimator)
    weight = np.where(estimated < 0, settings.w_negative, 1.0)
    if settings.negative_on == "blamed" and settings.estimator == "rerec":
        weight[(estimated < 0) & ~blamed] = 0.0
    return weight * estimated
