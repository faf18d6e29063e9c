"""What may go wrong in a long run, and how it ends well: nothing learned is lost."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from accelerate.utils import gather_object
from torch.nn.utils import get_total_norm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rerec.errors import Terminated, TrainingError
from rerec.train.journal import Journal
from rerec.train.policy import CHECKPOINTS
from rerec.train.weights import whole

MOST_SKIPPED = 5
"""Steps in a row whose gradients are no numbers, after which a run ends."""


class Soundness(TrainerCallback):
    """Leaves out steps whose gradients are not finite, and ends a run that makes no others.

    A loss that is no number makes such gradients too. Weights and the optimizer's moments stay what
    they were; the learning rate goes on. DeepSpeed keeps its gradients to itself: there its own
    `check_grad_overflow` leaves such steps out.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._in_a_row = 0

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Drop gradients that are no numbers, so that the optimizer has nothing to do.

        Raises:
            TrainingError: it is the fifth step in a row.
        """
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        if torch.isfinite(whole(get_total_norm(grads))):
            self._in_a_row = 0
            return
        for parameter in model.parameters():
            parameter.grad = None
        self._in_a_row += 1
        self._journal.mark("skipped")
        self._journal.say(f"step {state.global_step + 1}: its gradients are no numbers; left out")
        if self._in_a_row == MOST_SKIPPED:
            good = _newest(self._journal.folder / CHECKPOINTS) or "none was written yet"
            raise TrainingError(
                f"{self._journal.folder}: the gradients of {MOST_SKIPPED} steps in a row were no"
                " numbers; start anew with a lower train.learning_rate, if you like from the last"
                f" good checkpoint (--model): {good}"
            )

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Save nothing behind a step that was left out: good checkpoints are kept longer so."""
        if self._in_a_row:
            control.should_save = False


class Termination(TrainerCallback):
    """Lets SIGTERM end a run after the step that is being made, with a checkpoint of it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.asked = folder, False
        self._before: Any = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Listen."""
        self._before = signal.signal(signal.SIGTERM, self._note)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Save and stop where any process was asked to: all of them stop at the same step."""
        if any(gather_object([self.asked])):
            self.asked = control.should_save = control.should_training_stop = True

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave the signal to whom it belonged.

        Raises:
            Terminated: the run was ended before its last step.
        """
        signal.signal(signal.SIGTERM, self._before)
        if self.asked and state.global_step < state.max_steps:
            raise Terminated(
                f"{self._folder}: ended by SIGTERM after step {state.global_step}"
                f" of {state.max_steps}, which is saved; the same command goes on from there"
            )

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.asked = True


@contextmanager
def told(folder: Path) -> Generator[None]:
    """Turn what is lost in the middle of a run into a sentence.

    Raises:
        TrainingError: a server that writes answers, or another process of the run, is gone.
    """
    try:
        yield
    except OSError as error:
        # Those of the disk have a number; those of the client that asks the server have none.
        if error.errno is not None and not isinstance(error, ConnectionError):
            raise
        raise _gone(folder, "the server that writes the responses does not answer", error) from None
    except RuntimeError as error:
        if not isinstance(error, torch.distributed.DistError) and "gloo" not in str(error):
            raise
        raise _gone(folder, "another process of this run has ended", error) from None


def _newest(checkpoints: Path) -> Path | None:
    """The checkpoint of the latest step in a folder."""
    found = [path for path in checkpoints.glob("checkpoint-*") if path.is_dir()]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _gone(folder: Path, what: str, error: Exception) -> TrainingError:
    reason = " ".join(str(error).split())[:200]
    return TrainingError(
        f"{folder}: {what} ({reason}); start it again, and then the same command, which goes on"
        " from the last checkpoint"
    )
