"""Responses of a group, written from one reading of their prompt where that is right, else by TRL.

Whether our writer knows everything that the sampling is set to is read off the config; before its
first response it is held against the model's plain forward, so that a model of another make is not
trained on responses it would not have given.
"""

from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import PreTrainedModel

from rerec.errors import TrainingError
from rerec.rng import seed_of
from rerec.train.circles import until_circles
from rerec.train.engine import product_dtype
from rerec.train.forks import write_forks
from rerec.train.generation import Sampling, generate
from rerec.train.lean_forward import why_not_lean
from rerec.train.rollout import RolloutModel
from rerec.train.shared_forward import SharingTrainer
from rerec.train.sharing import can_share

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.5}
"""How far below the most probable token, in logits, rounding may put one that the writer takes."""
_N_CHECKED = 16
_NOT_OURS = (
    "forks need our own writer, which does not write here: it is off (train.share_in_generation),"
    " vLLM writes, or the model shares no prompts; set train.forks=false"
)
_TRL_WRITES = (
    "TRL writes the responses: our own writer draws by temperature alone, without top_p, top_k,"
    " min_p, repetition_penalty or generation_kwargs"
)


class WritingTrainer(SharingTrainer):
    """TRL's GRPO trainer, whose responses are written group by group."""

    model: Any
    args: Any
    max_completion_length: int
    num_generations: int
    writes_shared = True
    """Whether our own writer may write."""
    stop_repeats = 0
    """A response that writes as many tokens once more is ended; 0: none is."""
    forks = False
    """Whether a group's responses are a greedy one and its forks."""
    _writing_is_checked = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rollout = RolloutModel(self.unwrapped_model(), product_dtype(self.args))
        self._can_write = not self._is_vlm and can_share(self.model) is None
        self.writing_note = None if self._draws_plainly() else _TRL_WRITES

    def unwrapped_model(self) -> Any:
        """The model in training, without what spreads it over processes."""
        return self.accelerator.unwrap_model(self.model)

    def writing_model(self) -> PreTrainedModel:
        """The merged copy that writes, as the weights now are; all processes have to ask for it."""
        return self._rollout.refresh()

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,
        multimodal_fields: Any,
        num_generations: int,
        *rest: Any,
        **kwargs: Any,
    ) -> tuple[list[list[int]], Any]:
        n = num_generations if self.model.training else 1
        if self._may_write(prompt_ids, n):
            write = self._forked if self.forks and self.model.training else self._drawn
            return [answer for group in write(prompt_ids, n) for answer in group], None
        if self.forks and self.model.training:
            raise TrainingError(f"train.forks: {_NOT_OURS}")
        # An adapter in float32 on weights in bfloat16: products need the type they are trained in.
        with self.accelerator.autocast():
            ids, odds = super()._generate_single_turn(
                prompt_ids, images, multimodal_fields, num_generations, *rest, **kwargs
            )
        ids = until_circles(ids, self.stop_repeats)
        return ids, odds and [row[: len(i)] for row, i in zip(odds, ids, strict=True)]

    def _drawn(self, prompt_ids: list[list[int]], n: int) -> list[list[list[int]]]:
        return generate(
            self.writing_model(),
            prompt_ids[::n],
            Sampling(n, self.max_completion_length, self.temperature, self.stop_repeats),
            stop=self.eos_token_ids,
            seeds=self._seeds(len(prompt_ids)),
        )

    def _forked(self, prompt_ids: list[list[int]], n: int) -> list[list[list[int]]]:
        return write_forks(
            self.writing_model(),
            prompt_ids[::n],
            n,
            max_new_tokens=self.max_completion_length,
            stop=self.eos_token_ids,
            stop_repeats=self.stop_repeats,
        )

    def why_no_forks(self) -> str | None:
        """Why a group cannot be a greedy response and its forks, or None where it can."""
        able = self.writes_shared and self._can_write and not self.use_vllm
        return self.writing_note or (None if able else _NOT_OURS)

    def _may_write(self, prompt_ids: list[list[int]], n: int) -> bool:
        plain = self._draws_plainly() and not self.use_vllm
        may = plain and self.writes_shared and self._can_write and len(prompt_ids) % n == 0
        if may and not self._writing_is_checked:
            self._check_writing(prompt_ids[0])
        return may and self.writes_shared

    def _draws_plainly(self) -> bool:
        """Whether our own writer knows everything that the sampling is set to."""
        args = self.args
        settings = (args.top_p, args.top_k or 0, args.min_p, args.repetition_penalty)
        return settings == (1, 0, None, 1) and not args.generation_kwargs

    def _check_writing(self, prompt: list[int]) -> None:
        """Hold a few greedy tokens against the plain forward; where they differ, TRL writes."""
        self._writing_is_checked = True
        model = self.writing_model()
        if reason := why_not_lean(model):
            self.say(f"responses are written by the model's own forward, in more steps: {reason}")
        apart = gather_object([distance_from_greedy(model, prompt)])
        if not all(one <= TOLERANCE[product_dtype(self.args)] for one in apart):  # all alike
            self.writes_shared = False
            self.say(
                "TRL writes the responses: our own writer took tokens up to"
                f" {max(apart):.2g} below the most probable one where it should have taken that"
            )

    def _seeds(self, n_rows: int) -> list[int]:
        """A seed for each response that this process writes now.

        By the step and the place among the responses of all processes: the same after a restart,
        and with any number of processes. TRL's own count of micro-batches begins anew with a
        restart: only its place within the step counts.
        """
        within = self._step % self.args.gradient_accumulation_steps
        first = self.accelerator.process_index * n_rows
        step = (self.args.seed, "rollout", self.state.global_step, within)
        return [seed_of(*step, first + row) for row in range(n_rows)]


@torch.inference_mode()
def distance_from_greedy(model: PreTrainedModel, prompt: list[int]) -> float:
    """How far the tokens that our writer takes greedily lie below the most probable ones.

    Args:
        model: the one that writes.
        prompt: token ids.

    Returns:
        The largest distance in logits, by the model's plain forward over prompt and tokens; 0 where
        both agree. Two continuations are written, which share the prompt.
    """
    written = generate(model, [prompt], Sampling(2, _N_CHECKED), stop=())[0]
    distances = []
    for row in written:
        ids = torch.tensor([prompt + row], device=model.device)
        logits = model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
        taken = logits.gather(1, ids[0, len(prompt) :, None]).squeeze(1)
        distances.append(float((logits.max(1).values - taken).max()))
    return max(distances)
