"""The merged copy that writes, against the model that is trained."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from rerec.errors import TrainingError
from rerec.train import rollout as rollout_module
from rerec.train.rollout import RolloutModel

IDS = torch.tensor([[3, 4, 5, 6, 7, 8]])


def lora(model, seed: int = 1):
    torch.manual_seed(seed)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(model, config)


@torch.no_grad()
def moved(model) -> None:
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.add_(0.05 * torch.randn_like(parameter))


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_the_copy_answers_as_the_trained_model_and_follows_it(llama, kind: str):
    trained = lora(llama()) if kind == "lora" else llama()
    rollout = RolloutModel(trained, torch.float32)
    before = trained(input_ids=IDS).logits
    torch.testing.assert_close(
        rollout.refresh()(input_ids=IDS).logits, before, atol=1e-4, rtol=1e-4
    )
    moved(trained)
    after = trained(input_ids=IDS).logits
    assert (after - before).abs().max() > 0.1
    stale = rollout.model(input_ids=IDS).logits
    torch.testing.assert_close(stale, before, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(rollout.refresh()(input_ids=IDS).logits, after, atol=1e-4, rtol=1e-4)


def test_the_trained_model_is_left_as_it_was(llama):
    trained = lora(llama())
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    RolloutModel(trained, torch.bfloat16).refresh()
    after = trained.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_copy_is_frozen_and_of_the_wanted_type(llama):
    model = RolloutModel(lora(llama()), torch.bfloat16).refresh()
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in model.parameters())
    assert not model.training


def test_of_two_adapters_it_is_the_trained_one_that_is_merged(llama):
    trained = lora(llama())
    wanted = trained(input_ids=IDS).logits
    trained.add_adapter("ref", trained.peft_config["default"])
    found = RolloutModel(trained, torch.float32).refresh()(input_ids=IDS).logits
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_a_copy_that_memory_does_not_hold_is_one_sentence(llama, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(rollout_module, "unfilled", full)
    with pytest.raises(TrainingError, match=r"second, whole copy.*smaller model") as error:
        RolloutModel(llama(), torch.float32).refresh()
    assert "\n" not in str(error.value)
