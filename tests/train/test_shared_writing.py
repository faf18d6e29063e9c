"""The check of our writer against the plain forward."""

from typing import Any

import torch
from torch import Tensor

from rerec.train.prefix import Prefix
from rerec.train.shared_writing import TOLERANCE, distance_from_greedy

PROMPT = [5, 6, 7, 8, 9, 10, 11]


def test_our_writer_takes_what_the_plain_forward_finds_most_probable(llama):
    assert distance_from_greedy(llama(), PROMPT) <= TOLERANCE[torch.float32]


def test_a_writer_that_looks_at_the_wrong_places_is_far_from_it(llama, monkeypatch):
    attend = Prefix.attend

    def backwards(self: Prefix, layer: int, *states: Any) -> Tensor:
        query, key, value, scale = states
        return attend(self, layer, query, key, value.roll(1, 2), scale)

    monkeypatch.setattr(Prefix, "attend", backwards)
    assert distance_from_greedy(llama(), PROMPT) > 10 * TOLERANCE[torch.float32]
