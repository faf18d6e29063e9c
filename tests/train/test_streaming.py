"""One answer, written piece by piece."""

from pathlib import Path
from typing import Any

import pytest
import torch

from rerec.train import streaming
from rerec.train.answering import text_of
from rerec.train.generation import Sampling, generate
from rerec.train.policy import Policy, load_policy
from rerec.train.slots import Slots
from rerec.train.streaming import stream

ASKED = [{"role": "user", "content": "A crime film with Al Pacino, please. Crime, Al Pacino."}]


@pytest.fixture(scope="module")
def policy(tiny: Path) -> Policy:
    return load_policy(str(tiny), dtype=torch.float32)


def test_the_pieces_are_the_greedy_answer(policy: Policy, tiny: Path):
    ids: Any = policy.tokenizer.apply_chat_template(
        ASKED, add_generation_prompt=True, return_dict=False
    )
    other = load_policy(str(tiny), dtype=torch.float32)
    ((tokens,),) = generate(other.model, [ids], Sampling(max_new_tokens=40), stop=other.stop)
    pieces = list(stream(policy, ASKED, max_new_tokens=40))
    assert "".join(pieces) == text_of(other.tokenizer, tokens)
    assert len(pieces) > 1


@pytest.mark.parametrize("stop_repeats", [0, 4])
def test_a_model_that_shares_no_prompts_streams_the_same(
    policy: Policy, monkeypatch, stop_repeats: int
):
    monkeypatch.setattr(Policy, "stop", [0])  # a greedy answer that nothing ends goes round
    ours = list(stream(policy, ASKED, max_new_tokens=60, stop_repeats=stop_repeats))
    monkeypatch.setattr(streaming, "can_share", lambda _: "its attention slides")
    policy.model.set_attn_implementation("sdpa")
    assert list(stream(policy, ASKED, max_new_tokens=60, stop_repeats=stop_repeats)) == ours


def test_it_stops_when_it_is_told_to(policy: Policy):
    whole = "".join(stream(policy, ASKED, max_new_tokens=200))
    asked = iter([False, False, True])
    cut = "".join(stream(policy, ASKED, max_new_tokens=200, cancelled=lambda: next(asked, True)))
    assert len(cut) < len(whole)
    assert whole.startswith(cut.rstrip("\ufffd"))


def test_closing_the_iterator_ends_the_writing(policy: Policy):
    pieces = stream(policy, ASKED, max_new_tokens=1500)
    next(pieces)
    pieces.close()
    assert "".join(stream(policy, ASKED, max_new_tokens=5))  # the model is free again


def test_an_answer_that_goes_round_ends(policy: Policy, monkeypatch):
    monkeypatch.setattr(Policy, "stop", [0])  # a greedy answer that nothing ends goes round
    whole = "".join(stream(policy, ASKED, max_new_tokens=400))
    shorter = "".join(stream(policy, ASKED, max_new_tokens=400, stop_repeats=4))
    assert whole.startswith(shorter.rstrip("\ufffd"))
    assert len(shorter) < len(whole)


def test_what_the_model_raises_is_raised_where_the_text_is_read(policy: Policy, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no more memory")

    monkeypatch.setattr(Slots, "step", fail)
    with pytest.raises(RuntimeError, match="no more memory"):
        list(stream(policy, ASKED, max_new_tokens=5))
