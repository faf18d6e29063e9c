"""The copy of the policy that writes: merged weights, kept in step with the one that is trained.

Writing with a LoRA adapter beside every matrix costs two small products for each large one, at
every token. The copy has the adapter merged in, and is refreshed before it writes. It is whole in
every process, however the trained weights are spread: all processes have to ask for it together.
"""

from typing import Any

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import PreTrainedModel

from rerec.errors import TrainingError
from rerec.train.weights import gathered, unfilled, whole

ADAPTER = "default"


class RolloutModel:
    """A merged copy of a model in training; it takes memory once it is asked for."""

    model: PreTrainedModel

    def __init__(self, trained: Any, dtype: torch.dtype) -> None:
        self._trained, self._dtype = trained, dtype
        self._base = trained.get_base_model() if isinstance(trained, PeftModel) else trained
        self._made = False

    @torch.no_grad()
    def refresh(self) -> PreTrainedModel:
        """Take over the weights as they now are.

        Raises:
            TrainingError: memory does not hold the copy.
        """
        if not self._made:
            self._make()
        if isinstance(self._trained, PeftModel):
            for name, layer in self._adapted():
                with gathered(layer.parameters()):
                    weight = whole(layer.get_base_layer().weight)
                    merged = weight.float() + whole(layer.get_delta_weight(ADAPTER)).float()
                copy: Any = self.model.get_submodule(name)
                copy.weight.copy_(merged)
        else:
            self._copy_plain(everything=False)
        return self.model

    def _make(self) -> None:
        try:
            self.model = unfilled(self._base.config, self._dtype).to(self._base.device)
        except torch.OutOfMemoryError:
            raise TrainingError(
                "memory does not hold a second, whole copy of the model beside the one in training;"
                " it writes responses and answers validation in every process: take a smaller"
                " model, or lower train.vllm_gpu_memory_utilization where vLLM is used"
            ) from None
        self.model.requires_grad_(False).eval()
        self.model.generation_config = self._base.generation_config
        self._copy_plain(everything=True)
        self._made = True

    def _adapted(self) -> list[tuple[str, Any]]:
        named = self._base.named_modules()
        return [(name, m) for name, m in named if isinstance(m, BaseTunerLayer)]

    @torch.no_grad()
    def _copy_plain(self, *, everything: bool) -> None:
        """Copy the weights that no adapter changes; all of them, or the trained ones only."""
        own = dict(self.model.named_parameters())
        for name, parameter in self._base.named_parameters():
            plain = name.replace(".base_layer", "")
            if plain in own and (everything or parameter.requires_grad):
                with gathered([parameter]):
                    own[plain].copy_(whole(parameter))
        if everything:
            buffers = dict(self._base.named_buffers())
            for name, buffer in self.model.named_buffers():
                buffer.copy_(buffers[name])
