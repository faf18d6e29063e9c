"""The one place that changes TRL: GRPO with our order of queries, our advantages, shared prompts.

What is overridden, and nothing is copied: where a batch's queries come from and what its advantages
are (`_generate_and_score_completions`), how a batch is cut into micro-batches (`_prepare_inputs`:
groups stay together), what has no advantage (`_compute_loss`), and what a checkpoint holds; beneath
it, how answers are written (`rerec.train.shared_writing`), how log-probabilities are computed
(`rerec.train.shared_forward`) and what becomes of a batch that memory does not hold
(`rerec.train.halving`). `tests/train/test_seam.py` fails when TRL moves one of them.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl.trainer.utils import split_tensor_dict

from rerec.catalogue.files import write_json
from rerec.errors import DataError, SettingsError
from rerec.train.shared_writing import WritingTrainer

STATE = "rerec_state.json"


class Feed(Protocol):
    """Where queries come from, and what is learned about them."""

    def next_rows(self, n_queries: int) -> list[dict[str, Any]]:
        """The next queries, each a row with `prompt` (messages) and `query_id`."""
        ...

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold to go on exactly here."""
        ...


class Crediting(Protocol):
    """What responses are worth, token by token."""

    def rewards(self, query_ids: Sequence[str], responses: Sequence[str]) -> list[float]:
        """One reward for each response of this process."""
        ...

    def advantages(self, completion_ids: Tensor, completion_mask: Tensor) -> Tensor:
        """(B, T) advantages of the responses that were rewarded last."""
        ...

    def metrics(self) -> dict[str, float]:
        """What is to be logged of the responses that were credited last."""
        ...


@dataclass(frozen=True)
class Speed:
    """Which of our shortcuts are on; each is exact."""

    share_in_generation: bool = True
    share_in_training: bool = True
    skip_dead_groups: bool = True


class ReRecTrainer(WritingTrainer):
    """TRL's GRPO trainer with ReRec's queries, credit and shared prompts."""

    def __init__(
        self,
        *args: Any,
        feed: Feed | None = None,
        crediting: Crediting,
        speed: Speed | None = None,
        stop_repeats: int = 0,
        forks: bool = False,
        **kwargs: Any,
    ) -> None:
        self._feed, self._crediting, self._speed = feed, crediting, speed or Speed()
        kwargs["reward_funcs"] = self._reward
        super().__init__(*args, **kwargs)
        self.stop_repeats, self.forks = stop_repeats, forks
        self.writes_shared = self._speed.share_in_generation
        if forks and (why := self.why_no_forks()):
            raise SettingsError(f"train.forks: {why}")
        if self._speed.share_in_training:
            self.share_prompts()

    # --- where queries come from, and what they earn

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        if self._feed is not None and self.model.training:
            inputs = self._own_rows(len(inputs))
        batch = super()._generate_and_score_completions(inputs)
        advantages = self._crediting.advantages(batch["completion_ids"], batch["completion_mask"])
        batch["advantages"] = advantages.to(batch["completion_ids"].device, torch.float32)
        for name, value in self._crediting.metrics().items():
            self._metrics["train" if self.model.training else "eval"][name].append(value)
        return batch

    def _own_rows(self, n_rows: int) -> list[dict[str, Any]]:
        """This process's rows of the next queries; the loader's rows only say how many.

        The loader reads a batch ahead of the training, so an order that depends on the last batch's
        scores, or that must survive a restart, cannot come from it.
        """
        everywhere = n_rows * self.accelerator.num_processes
        queries = self._feed.next_rows(everywhere // self.num_generations)  # ty: ignore
        rows = [dict(row) for row in queries for _ in range(self.num_generations)]
        start = self.accelerator.process_index * n_rows
        return rows[start : start + n_rows]

    def _reward(
        self, prompts: Any, completions: Any, query_id: list[str], **kwargs: Any
    ) -> list[float]:
        return self._crediting.rewards(query_id, [c[0]["content"] for c in completions])

    # --- how it learns from them

    def _prepare_inputs(self, inputs: Any) -> Any:
        if self.piece is not None:
            return self.piece
        if not self.model.training:
            return super()._prepare_inputs(inputs)
        n_slices = self.args.steps_per_generation
        if self._step % (n_slices * self.num_iterations) == 0 or self._buffered_inputs is None:
            whole = self._generate_and_score_completions(inputs)
            # TRL shuffles the rows here, which would tear the groups apart.
            self._buffered_inputs = split_tensor_dict(whole, n_slices)
        return self._buffered_inputs[self._step % n_slices]

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        idle = ~inputs["advantages"].any(1) if self._may_leave_out() else None
        # Several processes wait for each other: TRL gathers figures in every pass, DDP gradients.
        if idle is not None and idle.all() and self.alone:
            # Connected to every trained weight, so that there is something to differentiate.
            return sum(p.sum() * 0.0 for p in model.parameters() if p.requires_grad)
        # Rows are left out by the forward that shares prompts, and their ratio has to be 1.
        self.idle_rows = idle if inputs.get("old_per_token_logps") is None else None
        try:
            return super()._compute_loss(model, inputs)
        finally:
            self.idle_rows = None

    def _may_leave_out(self) -> bool:
        """Whether rows without advantage add exactly 0: every loss is advantage times something."""
        bonus = self._entropy_bonus_enabled or self.aux_loss_enabled or self.beta != 0.0
        by_entropy = self.top_entropy_quantile < 1.0
        return self._speed.skip_dead_groups and not bonus and not by_entropy

    # --- what a checkpoint holds

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        # First, since a checkpoint counts as whole once the trainer's own state is there.
        folder = Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        if self._feed is not None and self.args.should_save:
            write_json(folder / STATE, self._feed.state())
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:
            shutil.rmtree(folder, ignore_errors=True)  # half of one only takes up space
            raise DataError(
                f"{folder}: cannot be written ({' '.join(str(error).split())[:200]}); free some"
                " space, and the same command goes on from the checkpoint before it"
            ) from None

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """No card: `made.json` says how a run was made."""
