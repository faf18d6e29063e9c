"""A model in this process that reasons for an assistant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from rerec.assistant.backends import Messages
from rerec.settings import PromptSettings
from rerec.train import runtime
from rerec.train.policy import Policy, load_policy
from rerec.train.streaming import stream


@dataclass(frozen=True)
class Local:
    """A model in this process; answers are written one after the other."""

    policy: Policy
    _turn: Lock = field(default_factory=Lock, repr=False, compare=False)

    @classmethod
    def of(cls, model: str) -> "Local":
        """Load a model; see `rerec.train.policy.load_policy`.

        Raises:
            ModelError: it cannot be found or loaded.
        """
        runtime.prepare()
        return cls(load_policy(model))

    @property
    def name(self) -> str:
        """The folder's own name, without the folders that it lies in: clients are told it."""
        return Path(self.policy.name).name

    @property
    def prompt(self) -> PromptSettings:
        return self.policy.prompt or PromptSettings()

    def write(self, messages: Messages, *, cancelled: Callable[[], bool]) -> Iterator[str]:
        with self._turn:
            yield from stream(
                self.policy,
                messages,
                max_new_tokens=self.prompt.max_response_tokens,
                stop_repeats=self.prompt.stop_repeats,
                cancelled=cancelled,
            )
