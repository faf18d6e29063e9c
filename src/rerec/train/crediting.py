"""Rewards and advantages for the trainer: responses are judged once, credited token by token."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import Tensor

from rerec.credit.estimators import NO_SPREAD
from rerec.credit.forks import fork_advantages, fork_gains, greedy_rows
from rerec.credit.judge import Judge
from rerec.credit.tokens import Credited, credit_tokens
from rerec.records import Claim, Query, Scored
from rerec.settings import CreditSettings
from rerec.train.claims import ClaimReader
from rerec.train.journal import OWN
from rerec.train.offsets import token_offsets
from rerec.train.policy import Tokenizer
from rerec.train.validation import figures_of

Observe = Callable[[Sequence[str], Sequence[Scored]], dict[str, float]]
"""Told what the responses of all processes were worth; returns what is to be logged of it."""


class Crediting:
    """What the responses of a batch earn; see `rerec.train.trainer.Crediting`."""

    def __init__(
        self,
        queries: Mapping[str, Query],
        judge: Judge,
        settings: CreditSettings,
        tokenizer: Tokenizer,
        observe: Observe,
        reader: ClaimReader | None = None,
    ) -> None:
        """Begin with nothing judged.

        Args:
            queries: by id, those that may be answered.
            judge: of responses.
            settings: of the credit.
            tokenizer: of the policy.
            observe: told what responses were worth.
            reader: of claims; None where they are not credited.
        """
        self._queries, self._judge, self._settings = queries, judge, settings
        self._tokenizer, self._observe, self._reader = tokenizer, observe, reader
        self.forks = False
        """Whether a group is a greedy response and its forks, credited by `rerec.credit.forks`."""
        self._asked: list[Query] = []
        self._responses: list[str] = []
        self.scored: list[Scored] = []
        self._metrics: dict[str, float] = {}

    def rewards(self, query_ids: Sequence[str], responses: Sequence[str]) -> list[float]:
        """Judge responses to queries of the training split."""
        self._asked = [self._queries[query_id] for query_id in query_ids]
        self._responses = list(responses)
        self.scored = self._judge.judge(self._asked, self._responses)
        return [worth.reward for worth in self.scored]

    def advantages(self, completion_ids: Tensor, completion_mask: Tensor) -> Tensor:
        """(B, T) float64 advantages of this process's responses that were judged last.

        Those of all processes are credited together, and what is logged is of all of them: an
        estimator may look at the whole batch, and how it is spread over processes must not show.
        """
        lengths = completion_mask.sum(1).tolist()
        tokens = completion_ids.cpu().numpy()
        own = [
            (
                worth,
                token_offsets(self._tokenizer, tokens[row, :length].tolist(), response),
                claimed,
                tokens[row, :length],
            )
            for row, (length, worth, response, claimed) in enumerate(
                zip(lengths, self.scored, self._responses, self._claims(), strict=True)
            )
        ]
        everywhere: list[tuple[Scored, NDArray[np.intp], list[Claim], NDArray[np.integer]]]
        everywhere = gather_object(own)
        scored = [worth for worth, *_ in everywhere]
        offsets, mask = _stacked([spans for _, spans, *_ in everywhere])
        claims = [claimed for *_, claimed, _ in everywhere]
        names = [worth.query_id for worth in scored]
        group = np.unique(names, return_inverse=True)[1]
        credited = credit_tokens(scored, offsets, mask, group, self._settings, claims)
        forks: dict[str, float] = {}
        if self.forks:
            ids = _padded([row for *_, row in everywhere], mask.shape[1])
            credited, forks = _by_forks(credited, scored, ids, mask, group)
        self._metrics = self._figures(scored, credited, mask, group) | forks
        if self._reader is not None:
            self._metrics["false_claims"] = _false_ones(claims)
        first = PartialState().process_index * len(own)
        found = np.zeros(completion_mask.shape)
        longest = max(lengths)
        found[:, :longest] = credited.advantages[first : first + len(own), :longest]
        return torch.from_numpy(found)

    def _claims(self) -> list[list[Claim]]:
        if self._reader is None:
            return [[] for _ in self._responses]
        asked = zip(self._asked, self._responses, strict=True)
        return [self._reader.claims(query, response) for query, response in asked]

    def _figures(
        self,
        scored: Sequence[Scored],
        credited: Credited,
        mask: NDArray[np.bool_],
        group: NDArray[np.intp],
    ) -> dict[str, float]:
        names, blame = [worth.query_id for worth in scored], credited.blamed
        figures = {
            **figures_of([self._queries[name] for name in names], scored),
            "blamed_tokens": float(blame.sum() / mask.sum()),
            "blamed_advantage": float(credited.advantages[blame].mean()) if blame.any() else 0.0,
            "groups_without_spread": _without_spread(scored, group),
            **self._observe(names, scored),
        }
        del figures["reward"]  # TRL logs it
        return figures

    def metrics(self) -> dict[str, float]:
        """Figures of the batch that was credited last, under the names of `metrics.jsonl`."""
        return {OWN + name: value for name, value in self._metrics.items()}

    def samples(self, n: int) -> list[dict[str, Any]]:
        """The first n responses that were judged last, with what they were worth."""
        rows = zip(self._asked[:n], self._responses[:n], self.scored[:n], strict=True)
        return [
            {
                "query_id": query.query_id,
                "text": query.text,
                "response": response,
                "outcome": worth.outcome,
                "reward": worth.reward,
                "blamed": [
                    response[s.start : s.end]
                    for s, guilty in zip(worth.segments, worth.blamed, strict=True)
                    if guilty
                ],
            }
            for query, response, worth in rows
        ]


def _by_forks(
    credited: Credited,
    scored: Sequence[Scored],
    tokens: NDArray[np.integer],
    mask: NDArray[np.bool_],
    group: NDArray[np.intp],
) -> tuple[Credited, dict[str, float]]:
    """Credit a greedy response and its forks; with figures of what the forks changed."""
    rewards = np.array([worth.reward for worth in scored], np.float64)
    is_trunk = greedy_rows(group) == np.arange(len(group))
    gains = fork_gains(rewards, group)[~is_trunk]
    right = np.array([worth.outcome == "right" for worth in scored])
    figures = {
        "greedy_accuracy": float(right[is_trunk].mean()),
        "better_forks": float((gains > NO_SPREAD).mean()) if gains.size else 0.0,
        "worse_forks": float((gains < -NO_SPREAD).mean()) if gains.size else 0.0,
    }
    found = fork_advantages(rewards, tokens, mask, group)
    return Credited(found, credited.blamed), figures


def _padded(rows: Sequence[NDArray[np.integer]], width: int) -> NDArray[np.integer]:
    """(B, T) token ids, 0 behind."""
    found = np.zeros((len(rows), width), np.int64)
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return found


def _false_ones(claims: Sequence[Sequence[Claim]]) -> float:
    """How many false claims a response makes."""
    return float(np.mean([sum(not claim.is_true for claim in own) for own in claims]))


def _stacked(
    spans: Sequence[NDArray[np.intp]],
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """(B, T, 2) offsets and (B, T) mask of responses of different lengths."""
    mask = np.zeros((len(spans), max(map(len, spans))), dtype=bool)
    offsets = np.zeros((*mask.shape, 2), dtype=np.intp)
    for row, own in enumerate(spans):
        mask[row, : len(own)] = True
        offsets[row, : len(own)] = own
    return offsets, mask


def _without_spread(scored: Sequence[Scored], group: NDArray[np.intp]) -> float:
    rewards = np.array([worth.reward for worth in scored])
    flat = [np.ptp(rewards[group == one]) < 1e-9 for one in np.unique(group)]
    return float(np.mean(flat))
