"""Reading `metrics.jsonl`, also while training is still writing it."""

import json
from pathlib import Path
from typing import Any

from rerec.errors import DataError


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Every logged line, in order; a last line that is still being written is left out.

    Raises:
        DataError: the file cannot be read, or a finished line is no JSON object with a step.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); train a run first") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text; give the metrics.jsonl of a run") from None
    finished = text.split("\n")[:-1]
    return [_line(path, number, line) for number, line in enumerate(finished, 1) if line.strip()]


def _line(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("step"), int):
        raise DataError(f"{path}:{number}: is no JSON object with a step; train the run anew")
    return found
