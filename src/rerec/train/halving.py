"""Micro-batches that do not fit in memory are learned from in pieces, with the same step.

A loss is a sum over rows, or a mean of them: the pieces' losses are weighted so that they add up to
the whole one's. What the failed attempt left of gradients cannot be told from what was there before
it, so the optimizer step's earlier micro-batches are learned from again.
"""

from collections.abc import Callable
from typing import Any

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size
from torch import Tensor
from trl import GRPOTrainer
from trl.trainer.utils import split_tensor_dict

from rerec.errors import TrainingError

SUMS = ("cispo", "dapo", "vespo")
"""Losses that divide by the tokens of the whole batch; the others are means over micro-batches."""


class HalvingTrainer(GRPOTrainer):
    """TRL's GRPO trainer, which goes on with smaller micro-batches where memory ends.

    In one process alone: with several, the others wait in the middle of the pass that failed here,
    and DeepSpeed and FSDP keep gradients where a new start does not reach them.
    """

    args: Any
    n_pieces = 1
    """Into how many pieces a micro-batch is cut."""
    piece: dict[str, Any] | None = None
    """The rows that are learned from right now."""
    say: Callable[[str], None] = staticmethod(print)
    """Told once that memory ended."""
    _share: float | Tensor = 1.0

    @property
    def alone(self) -> bool:
        """Whether this process has all the work and all the weights, and nobody waits for it."""
        spread = self.is_deepspeed_enabled or self.is_fsdp_enabled
        return self.accelerator.num_processes == 1 and not spread

    def training_step(
        self, model: Any, inputs: Any, num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Learn from a micro-batch, and from half of it at a time where it does not fit."""
        model.train()
        whole = self._prepare_inputs(inputs)
        try:
            return self._learn(model, whole, num_items_in_batch)
        except RuntimeError as error:
            self._cut_smaller(error)
        return self._learn_again(model, num_items_in_batch)

    def _learn(self, model: Any, whole: dict[str, Any], n_items: Tensor | int | None) -> Tensor:
        step, losses = self._step, []
        try:
            for piece in split_tensor_dict(whole, self.n_pieces):
                self.piece, self._share = piece, self._share_of(piece, whole)
                self._step = step  # counts micro-batches, and grows with every call
                losses.append(super().training_step(model, {}, n_items))
        finally:
            self.piece, self._share = None, 1.0
        return sum(losses[1:], losses[0])

    def _learn_again(self, model: Any, n_items: Tensor | int | None) -> Tensor:
        """Learn from the micro-batches of this optimizer step once more, in smaller pieces."""
        slices: Any = self._buffered_inputs
        place = self._step % len(slices)
        first = place - place % self.current_gradient_accumulation_steps
        begun = self._step - (place - first)
        while True:
            # Not while the error is handled: it holds on to what was computed.
            clear_device_cache(garbage_collection=True)
            model.zero_grad()
            self._step = begun
            try:
                return [self._learn(model, part, n_items) for part in slices[first : place + 1]][-1]
            except RuntimeError as error:
                self._cut_smaller(error)

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        return super()._compute_loss(model, inputs) * self._share

    def _share_of(self, piece: dict[str, Any], whole: dict[str, Any]) -> float | Tensor:
        """What a piece's loss counts for in the whole one's."""
        if self.loss_type in SUMS or self.n_pieces == 1:
            return 1.0
        if self.loss_type == "bnpo":  # a mean over tokens
            return piece["completion_mask"].sum() / whole["completion_mask"].sum().clamp(min=1)
        return 1 / self.n_pieces

    def _cut_smaller(self, error: RuntimeError) -> None:
        """Cut micro-batches into more pieces, or give up.

        Raises:
            RuntimeError: the error, where it is none of memory.
            TrainingError: a micro-batch cannot be cut any smaller.
        """
        if not should_reduce_batch_size(error):
            raise error
        rows = self.args.per_device_train_batch_size
        finer = [n for n in range(2 * self.n_pieces, rows + 1) if rows % n == 0]
        extra = self._entropy_bonus_enabled or self.aux_loss_enabled
        if not finer or extra or not self.alone:
            raise TrainingError(
                f"memory does not hold {rows // self.n_pieces} response(s) at a time in training;"
                " lower prompt.max_response_tokens or train.per_device_train_batch_size, or set"
                " train.gradient_checkpointing=true"
            ) from None
        if self.n_pieces == 1:
            self.say(
                f"memory does not hold {rows} responses at a time in training: going on with"
                f" {rows // finer[0]} at a time, or fewer; the steps stay the same"
            )
        self.n_pieces = finer[0]
