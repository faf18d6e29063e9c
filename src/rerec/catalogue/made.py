"""How something was made: `made.json` beside what a stage wrote.

It holds the settings used, the hashes of what was read, the versions, the seed, the seconds and the
peak memory, so that a figure can be traced to what it came from.
"""

import platform
import resource
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rerec
from rerec.catalogue.files import sha256_of, write_json

PACKAGES = ("torch", "transformers", "trl", "peft", "numpy", "pyarrow")


def write_made(
    folder: Path,
    *,
    command: str,
    settings: Mapping[str, Any],
    read: Iterable[Path],
    seed: int,
    seconds: float,
) -> Path:
    """Write `made.json` into a folder, and return where it stands.

    Args:
        folder: where the stage wrote.
        command: the stage, as a user would call it.
        settings: what was used, ready for JSON.
        read: files that went in; each is hashed, in the order of their names.
        seed: of the run.
        seconds: wall-clock time that the stage took.

    Raises:
        DataError: a file cannot be read, or `made.json` cannot be written.
    """
    path = folder / "made.json"
    made = {
        "command": command,
        "settings": dict(settings),
        "seed": seed,
        "read": {str(file): sha256_of(file) for file in sorted(read)},
        "versions": versions(),
        "seconds": round(seconds, 2),
        "peak_memory_mb": peak_memory_mb(),
    }
    write_json(path, made)
    return path


def versions() -> dict[str, str]:
    """Versions of Python, ReRec and the packages whose numerics matter, where installed."""
    found = {"python": platform.python_version(), "rerec": rerec.__version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def peak_memory_mb() -> int:
    """The most memory that this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes = peak // 1024 if sys.platform == "darwin" else peak  # bytes there, KiB here
    return kilobytes // 1024
