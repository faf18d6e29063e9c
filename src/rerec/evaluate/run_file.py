"""`run.json`: how a model answered a split, readable years later; written whole or not at all."""

from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from rerec.catalogue.files import read_json, write_json
from rerec.errors import DataError
from rerec.evaluate.table import Row, Summary


class DomainMark(TypedDict):
    """Which domain was answered; two runs compare only where the hashes agree."""

    path: str
    fingerprint: str


class Run(TypedDict):
    """The whole file."""

    format: Literal[1]
    model: str
    split: str
    domain: DomainMark
    candidate_info: str
    settings: dict[str, Any]
    """`k` of NDCG@k and recall@k, `limit`, `seed`, the prompt's settings, the weights' `dtype`."""
    rows: list[Row]
    summary: Summary
    baselines: dict[str, Summary]


_RUN = TypeAdapter(Run)


def write_run(path: Path, run: Run) -> None:
    """Write a run, atomically."""
    write_json(path, run)


def read_run(path: Path) -> Run:
    """Read a run back.

    Raises:
        DataError: the file is missing or no JSON, lacks what a run has, or answers a query twice.
    """
    try:
        run = _RUN.validate_python(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DataError(
            f"{path}: is not a run: {place}: {first['msg']}; `rerec evaluate` writes one"
        ) from None
    seen: set[str] = set()
    for row in run["rows"]:
        if row["query_id"] in seen:
            raise DataError(f"{path}: query {row['query_id']!r} is answered twice; evaluate anew")
        seen.add(row["query_id"])
    if not seen:
        raise DataError(f"{path}: holds no answers; evaluate anew")
    return run
