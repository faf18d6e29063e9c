"""The rows of an evaluation that is not finished: appended batch by batch, picked up after a kill.

The first line says what is being evaluated; rows are kept only for exactly that. A last line that
was cut by the kill is dropped.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rerec.catalogue.files import replaced
from rerec.errors import DataError
from rerec.evaluate.table import Row

_ROW = TypeAdapter(Row)


class PartialRun:
    """An open partial file."""

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self.path = path
        self.rows = _rows_of(path, dict(header))
        """What an earlier attempt had answered."""
        with replaced(path) as fresh:
            fresh.write_text("".join(map(_line, [dict(header), *self.rows])), encoding="utf-8")

    def append(self, rows: Sequence[Row]) -> None:
        """Add finished rows.

        Raises:
            DataError: the disk is full, or the file may no longer be written.
        """
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(map(_line, rows)))
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}); free some space and run the "
                "same command again, it continues"
            ) from None
        self.rows += rows

    def remove(self) -> None:
        """Take the file away, once the run is written."""
        self.path.unlink(missing_ok=True)


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=True) + "\n"


def _rows_of(path: Path, header: dict[str, Any]) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); remove it") from None
    first, *lines = text.split("\n")[:-1] or [""]
    if _parsed(first) != header:
        return []
    rows: dict[str, Row] = {}
    for line in lines:
        try:
            row = _ROW.validate_json(line)
        except ValidationError:
            break
        rows[row["query_id"]] = row
    return list(rows.values())


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
