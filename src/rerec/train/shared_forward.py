"""Log-probabilities of a group computed as one row where the model can, and as TRL does elsewhere.

Whether a model can is read off its config; at the first group it is held against TRL's own, so that
a model of another make, or another version of a library, is not trained on wrong numbers.
"""

from typing import Any

import torch
from accelerate.utils import gather_object
from torch import Tensor

from rerec.train.engine import product_dtype
from rerec.train.halving import HalvingTrainer
from rerec.train.sharing import can_share, mean_difference, prepare_sharing, shared_logps

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.12}
"""Mean difference of a token's log-probability that rounding explains.

SmolLM2-135M on running text differs by 3e-6 and 0.04; by 0.23 and 0.28 where each answer is given
the positions behind the one before it.
"""

_N_CHECKED = 2
"""Groups of the first micro-batch; where it has several, they may pass in one batch."""


class SharingTrainer(HalvingTrainer):
    """TRL's GRPO trainer, in whose policy, old and reference passes groups share their prompt."""

    model: Any
    args: Any
    num_generations: int
    num_generations_eval: int
    shares = False
    """Whether prompts are shared."""
    sharing_note: str | None = None
    """Why they cannot be, where that is so."""
    idle_rows: Tensor | None = None
    """(B,) true on rows of the micro-batch that add exactly nothing to its loss."""
    _sharing_is_checked = False

    def share_prompts(self) -> None:
        """Share prompts from now on, if the model can."""
        why_not = "it is a vision model" if self._is_vlm else can_share(self.model)
        self.sharing_note = f"prompts are not shared: {why_not}" if why_not else None
        self.shares = why_not is None
        if self.shares:
            for model in filter(None, (self.model, self.ref_model)):
                prepare_sharing(self.accelerator.unwrap_model(model))

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        shares = self.shares and not kwargs.get("compute_aux_loss")
        if shares and not self._sharing_is_checked:
            self._check_sharing(model, input_ids, attention_mask, logits_to_keep)
        if not (shares and self.shares):
            return super()._get_per_token_logps_and_entropies(
                model,
                input_ids,
                attention_mask,
                logits_to_keep,
                batch_size,
                compute_entropy,
                **kwargs,
            )
        with self.accelerator.autocast():
            logps, entropies = shared_logps(
                model,
                input_ids,
                attention_mask,
                logits_to_keep,
                entropy=compute_entropy,
                group_size=self._group_size(),
                idle=self.idle_rows,
            )
        if entropies is not None and self.idle_rows is not None:
            written = attention_mask[:, -logits_to_keep:].bool()
            entropies = _as_the_others(entropies, written)
        return logps, entropies, None

    def _check_sharing(self, model: Any, ids: Tensor, mask: Tensor, n_completion: int) -> None:
        """Hold the first groups' log-probabilities against TRL's; where they differ, share none."""
        size = self._group_size()
        n = min(_N_CHECKED * size, len(ids))
        # The first and the last of each group: TRL reads the prompt anew for every answer.
        held = [row for row in range(n) if row % size in (0, size - 1)]
        was_training = model.training
        model.eval()  # what is dropped at random would differ
        with torch.no_grad(), self.accelerator.autocast():
            found, _ = shared_logps(
                model, ids[:n], mask[:n], n_completion, entropy=False, group_size=size
            )
            wanted, _, _ = super()._get_per_token_logps_and_entropies(
                model, ids[held], mask[held], n_completion, batch_size=1
            )
        model.train(was_training)
        self._sharing_is_checked = True
        apart = gather_object([mean_difference(found[held], wanted, mask[held, -n_completion:])])
        tolerance = TOLERANCE[product_dtype(self.args)]
        if not all(one <= tolerance for one in apart):  # all processes decide alike
            self.shares = False
            self.say(
                f"prompts are not shared: log-probabilities differed by {max(apart):.2g} a token"
                " from those without sharing"
            )

    def _group_size(self) -> int:
        return self.num_generations if self.model.training else self.num_generations_eval


def _as_the_others(values: Tensor, mask: Tensor) -> Tensor:
    """Give tokens of rows that were not computed the mean of the others', to log that mean."""
    computed = values.any(1)
    if not computed.any():
        return values
    mean = values[computed][mask[computed]].mean()
    return torch.where(computed[:, None], values, mean)
