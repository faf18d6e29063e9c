"""What we rely on in TRL, said once, so that an upgrade fails here and not in a run."""

import inspect
from typing import Any

import pytest
import torch
from trl import GRPOTrainer, SFTTrainer
from trl.trainer.utils import add_fused_lm_head, split_tensor_dict

from rerec.train.engine import LOSSES
from rerec.train.halving import SUMS

SIGNATURES = {
    "_generate_and_score_completions": ["inputs"],
    "_generate_single_turn": ["prompt_ids", "images", "multimodal_fields", "num_generations"],
    "_prepare_inputs": ["generation_batch"],
    "_get_per_token_logps_and_entropies": [
        "model",
        "input_ids",
        "attention_mask",
        "logits_to_keep",
        "batch_size",
        "compute_entropy",
        "compute_aux_loss",
    ],
    "_compute_loss": ["model", "inputs"],
    "_save_checkpoint": ["model", "trial"],
    "training_step": ["model", "inputs", "num_items_in_batch"],
}
# method: what stands in it, in this order
CALLS = {
    "_prepare_inputs": [
        "generate_every = self.args.steps_per_generation * self.num_iterations",
        "if self._step % generate_every == 0 or self._buffered_inputs is None:",
        "self._generate_and_score_completions(generation_batch)",
        "shuffle_sequence_dict(generation_batch)",
        "split_tensor_dict(generation_batch, self.args.steps_per_generation)",
        "self._buffered_inputs[self._step % self.args.steps_per_generation]",
    ],
    "_generate": [
        "self._generate_single_turn(",
        "prompt_ids, images, multimodal_fields, num_generations",
        "batch_decode(completion_ids, skip_special_tokens=True)",
    ],
    "_generate_and_score_completions": [
        "self._generate(",
        "attention_mask = torch.cat([prompt_mask, completion_mask], dim=1)",
        "self._get_per_token_logps_and_entropies(",
        "self._calculate_rewards(",
        '"prompt_ids": prompt_ids,',
        '"completion_ids": completion_ids,',
        '"completion_mask": completion_mask,',
        '"advantages": advantages,',
    ],
    "_compute_loss": [
        "self._get_per_token_logps_and_entropies(",
        "compute_entropy=True,",
        'advantages = inputs["advantages"]',
        "if advantages.dim() == 1:",
        "advantages = advantages.unsqueeze(1)",
        "per_token_loss1 = coef_1 * advantages",
        'normalizer = inputs["num_items_in_batch"].clamp(min=1.0)',
    ],
    "training_step": [
        "super().training_step(model, inputs, num_items_in_batch)",
        "self._step += 1",
    ],
    "log": ["for key, val in self._metrics[mode].items():", "self._metrics[mode].clear()"],
}


@pytest.mark.parametrize("method", SIGNATURES)
def test_trl_still_has_the_methods_that_we_override(method: str):
    parameters = list(inspect.signature(getattr(GRPOTrainer, method)).parameters)
    expected = ["self", *SIGNATURES[method]]
    assert parameters[: len(expected)] == expected


@pytest.mark.parametrize("method", CALLS)
def test_trl_still_calls_them_where_it_did(method: str):
    source = inspect.getsource(inspect.unwrap(getattr(GRPOTrainer, method)))
    place = 0
    for line in CALLS[method]:
        found = source.find(line, place)
        assert found >= 0, line
        place = found


def test_the_losses_that_we_accept_are_those_of_trl():
    source = inspect.getsource(inspect.unwrap(GRPOTrainer._compute_loss))
    normalisers = source[source.index("# Compute the KL") :].split("self.loss_type")
    named = {name for part in normalisers for name in LOSSES if f'"{name}"' in part[:80]}
    assert named == set(LOSSES)


def test_the_losses_that_are_sums_over_the_batch_are_those_of_trl():
    source = inspect.getsource(inspect.unwrap(GRPOTrainer._compute_loss))
    named = ", ".join(f'"{name}"' for name in SUMS)
    assert f"elif self.loss_type in [{named}]:" in source


def test_a_batch_is_split_in_the_order_of_its_rows():
    batch = {"advantages": torch.arange(8).view(4, 2), "n": torch.tensor(3), "none": None}
    first, second = (dict[str, Any](half) for half in split_tensor_dict(batch, 2))
    assert (first["n"], second["n"], first["none"]) == (3, 3, None)
    assert first["advantages"].tolist() == [[0, 1], [2, 3]]
    assert second["advantages"].tolist() == [[4, 5], [6, 7]]


def test_the_fused_head_scores_shifted_labels_without_shifting_them(llama):
    model = llama()
    ids, labels = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[6, 7, 8, 9]])
    wanted = torch.log_softmax(model(input_ids=ids).logits / 0.7, -1)
    add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy"))
    found = model(input_ids=ids, shift_labels=labels, fused_lm_head=True)
    at_labels = wanted.gather(2, labels[..., None])[..., 0]
    torch.testing.assert_close(found.log_probs, at_labels, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.entropy, -(wanted.exp() * wanted).sum(-1), atol=1e-5, rtol=0)


def test_the_supervised_trainer_goes_through_the_fused_head():
    source = inspect.getsource(inspect.unwrap(SFTTrainer.compute_loss))
    assert '{**inputs, "fused_lm_head": True}' in source
    assert "outputs.is_top1.sum()" in source
