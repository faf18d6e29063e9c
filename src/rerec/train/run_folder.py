"""A run's folder: what it was made from, where it stands, and whether it may go on.

    runs/Z/  recipe.json  metrics.jsonl  timings.jsonl  completions/
             checkpoints/  best/  last/  made.json  .lock

`made.json` is written when the run has ended: its presence says that there is nothing left to do.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from accelerate import PartialState
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from rerec.catalogue.files import read_json, write_json
from rerec.catalogue.made import write_made
from rerec.catalogue.manifest import MANIFEST_FILE, hashes_of
from rerec.errors import DataError, SettingsError
from rerec.settings import Recipe
from rerec.train.journal import Progress
from rerec.train.policy import CHECKPOINTS

RECIPE = "recipe.json"
_LOCK = ".lock"
_STATE = "trainer_state.json"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run of `rerec sft` or `rerec train`."""

    folder: Path
    recipe: Recipe
    command: str
    started: float
    finished: bool
    record: dict[str, Any]
    """What the run is made from: another run is not to go on in its folder."""

    @classmethod
    def open(
        cls,
        folder: Path,
        recipe: Recipe,
        *,
        command: str,
        progress: Progress,
        model: str | None = None,
    ) -> "RunFolder":
        """Start a run, or go on with the one that stands there.

        Raises:
            SettingsError: what stands there was made with other settings or another domain.
        """
        hashes = hashes_of(Path(recipe.domain), embeddings=command == "train")
        record = {
            "command": command,
            "model": model,
            "recipe": recipe.model_dump(mode="json"),
            "domain": hashes,
        }
        if (folder / RECIPE).is_file():
            _refuse_other(folder / RECIPE, read_json(folder / RECIPE), record)
        finished = (folder / "made.json").is_file()
        if finished:
            progress(f"{folder}: this run is finished; remove the folder to run it anew")
        return cls(folder, recipe, command, time.monotonic(), finished, record)

    @contextmanager
    def underway(self) -> Generator[None]:
        """Train here: what the run is made from is written down first, how it was made at the end.

        Only one run at a time may: a run that is told to stop finishes its step first, and whoever
        starts it again meanwhile would have two of them write into the same files.

        Raises:
            SettingsError: another process trains in this folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            write_json(self.folder / RECIPE, self.record)
            yield
            self._finish()

    @contextmanager
    def _lock(self) -> Generator[None]:
        # The processes of one run share the folder, and the first one speaks for them.
        first = PartialState().is_main_process
        lock = FileLock(self.folder / _LOCK, blocking=False) if first else nullcontext()
        try:
            with lock:
                yield
        except Timeout:
            raise SettingsError(
                f"{self.folder}: another process is training in this folder; wait until it has"
                " ended (told to stop, it finishes its step first), or give another --out"
            ) from None

    def last_checkpoint(self, progress: Progress) -> str | None:
        """The newest whole checkpoint, to go on from; one that was cut short is told of."""
        found = (self.folder / CHECKPOINTS).glob(f"{PREFIX_CHECKPOINT_DIR}-*")
        for path in sorted(found, key=lambda p: int(p.name.rpartition("-")[2]), reverse=True):
            torn = _torn(path)
            if torn is None:
                return str(path)
            progress(f"{torn}: was cut short; going on from the checkpoint before it")
        return None

    def _finish(self) -> None:
        write_made(
            self.folder,
            command=self.command,
            settings=self.recipe.model_dump(mode="json"),
            read=[Path(self.recipe.domain) / MANIFEST_FILE],
            seed=self.recipe.seed,
            seconds=time.monotonic() - self.started,
        )


def _torn(checkpoint: Path) -> Path | None:
    """A file of a checkpoint that does not reach to its end; None where all do.

    The trainer's state is written last: where it is missing, so may others be.
    """
    for path in (checkpoint / _STATE, *sorted(checkpoint.glob("*.json"))):
        try:
            read_json(path)
        except DataError:
            return path
    for path in sorted(checkpoint.iterdir()):
        if path.suffix in (".pt", ".pth") and not is_zipfile(path):
            return path
        if path.suffix == ".safetensors":
            try:
                safe_open(path, framework="np")
            except (SafetensorError, OSError):
                return path
    return None


def _refuse_other(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    before, now = _flat(found), _flat(wanted)
    changed = sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))
    if changed:
        shown = ", ".join(f"{k} was {before.get(k)!r}, is {now.get(k)!r}" for k in changed[:3])
        raise SettingsError(
            f"{path}: the run that stands there was made otherwise ({shown}); give another --out,"
            " or remove the folder"
        )


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat
