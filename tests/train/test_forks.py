"""Forks against transformers' own greedy writing, from the place where each leaves."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from rerec.train import written
from rerec.train.circles import until_circles
from rerec.train.forks import write_forks

PROMPTS = [[3, 4, 5, 6, 7], [8, 9], [11, 12, 13, 14, 15, 16, 17, 18], [20]]
STOP = list(range(0, 400, 9))
"""So many that rows of a random model end at different times."""
N_TOKENS = 14


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch):
    """What is written outgrows its block several times, and columns are dropped."""
    monkeypatch.setattr(written, "GROWTH", 3)


def greedy(model: Any, prompt: Sequence[int], n_tokens: int) -> list[int]:
    """What transformers writes, with the token that ended it."""
    if not n_tokens:
        return []
    written = model.generate(
        torch.tensor([list(prompt)]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=n_tokens,
        eos_token_id=STOP,
        pad_token_id=0,
    )
    return written[0, len(prompt) :].tolist()


def doubts(model: Any, prompt: list[int], trunk: list[int]) -> list[tuple[float, int, int]]:
    """(probability, place, token) of the three next best tokens at every place, best first."""
    found = []
    for place in range(len(trunk)):
        ids = torch.tensor([prompt + trunk[:place]])
        with torch.no_grad():
            odds = model(input_ids=ids).logits[0, -1].float().softmax(-1)
        values, tokens = odds.topk(4)
        assert int(tokens[0]) == trunk[place]
        found += [(-float(v), place, int(t)) for v, t in zip(values[1:], tokens[1:], strict=True)]
    return [(-value, place, token) for value, place, token in sorted(found)]


@pytest.mark.parametrize("n", [2, 6])
def test_each_fork_is_greedy_but_for_its_one_token(llama, n: int):
    model = llama()
    found = write_forks(model, PROMPTS, n, max_new_tokens=N_TOKENS, stop=STOP)
    lengths = set()
    for prompt, (trunk, *branches) in zip(PROMPTS, found, strict=True):
        assert trunk == greedy(model, prompt, N_TOKENS)
        wanted = []
        for _, place, token in doubts(model, prompt, trunk)[: n - 1]:
            begun = [*trunk[:place], token]
            left = 0 if token in STOP else N_TOKENS - len(begun)
            wanted.append(begun + greedy(model, prompt + begun, left))
        assert branches == wanted
        lengths |= set(map(len, branches))
    assert len(lengths) > 1


def test_a_policy_without_doubts_writes_the_greedy_response_throughout(llama):
    model = llama()
    model.lm_head.weight.data *= 1e4  # no other token has a thousandth
    found = write_forks(model, PROMPTS, 3, max_new_tokens=N_TOKENS, stop=STOP)
    assert found == [[greedy(model, prompt, N_TOKENS)] * 3 for prompt in PROMPTS]


def test_forks_that_go_round_in_circles_end(llama, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.STOP", [])
    model, least, n_tokens = llama(), 2, 40
    found = write_forks(model, PROMPTS, 6, max_new_tokens=n_tokens, stop=[], stop_repeats=least)
    cut = 0
    for prompt, (trunk, *branches) in zip(PROMPTS, found, strict=True):
        assert [trunk] == until_circles([greedy(model, prompt, n_tokens)], least)
        for branch in branches:
            pairs = zip(branch, trunk, strict=False)
            place = next(i for i, (own, other) in enumerate(pairs) if own != other)
            begun = branch[: place + 1]
            whole = begun + greedy(model, prompt + begun, n_tokens - len(begun))
            assert [branch] == until_circles([whole], least)
            cut += len(branch) < n_tokens
    assert cut


def test_no_prompts_no_forks(llama):
    assert write_forks(llama(), [], 4, max_new_tokens=3, stop=[]) == []
