"""Weights by name where nothing is spread; where it is, see test_spread.py."""

from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

from rerec.train.weights import whole, whole_state


def test_a_state_holds_copies_by_the_names_of_the_model(llama: Any):
    model = llama()
    state = whole_state(model, lambda name: "norm" not in name, keep=True)
    expected = {k: v for k, v in model.state_dict().items() if "norm" not in k}
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], weight) for name, weight in expected.items())
    model.lm_head.weight.data.zero_()
    assert state["lm_head.weight"].any()


def test_a_weight_of_two_names_is_held_once(llama: Any):
    model = llama()
    model.lm_head.weight = model.model.embed_tokens.weight
    state = whole_state(model, lambda _: True, keep=True)
    assert state["lm_head.weight"] is state["model.embed_tokens.weight"]


def test_who_does_not_keep_them_gets_nothing(llama: Any):
    assert whole_state(llama(), lambda _: True, keep=False) == {}


def test_what_is_spread_and_what_is_computed_of_it_is_made_whole(tmp_path):
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        wanted = torch.arange(6.0).view(3, 2)
        spread = distribute_tensor(wanted, init_device_mesh("cpu", (1,)), [Shard(0)])
        assert torch.equal(whole(spread), wanted)
        assert torch.equal(whole(spread @ spread.T), wanted @ wanted.T)
        assert whole(wanted) is wanted
    finally:
        torch.distributed.destroy_process_group()
