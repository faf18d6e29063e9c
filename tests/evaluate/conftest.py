"""Runs of invented models over invented queries."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rerec.evaluate.run_file import Run
from rerec.evaluate.table import Row, summarise


def a_row(number: int, *, right: bool = True, **changes: Any) -> Row:
    row: dict[str, Any] = {
        "query_id": f"q{number}",
        "category": "explicit",
        "n_conditions": 1 + number % 3,
        "n_holders": 1 + number % 5,
        "response": f"Thought {number}.\n\n\\boxed{{Heat (1995)}}",
        "answer": ["7"],
        "outcome": "right" if right else "wrong",
        "ndcg": float(right),
        "recall": float(right),
        "conditions_met": float(right),
        "n_tokens": 40 + number % 7,
    }
    return row | changes  # ty: ignore[invalid-explicit-return]


def a_run(rows: Sequence[Row], **changes: Any) -> Run:
    run: dict[str, Any] = {
        "format": 1,
        "model": "model-a",
        "split": "test",
        "domain": {"path": "data/shop", "fingerprint": "a" * 64},
        "candidate_info": "facts",
        "settings": {"k": 5, "limit": None, "seed": 7, "prompt": {}},
        "rows": list(rows),
        "summary": summarise(rows, seed=7),
        "baselines": {
            "random": summarise([a_row(i, right=i % 20 == 0) for i in range(40)], seed=7)
        },
    }
    return run | changes  # ty: ignore[invalid-explicit-return]


@pytest.fixture(scope="session")
def make_row() -> Callable[..., Row]:
    return a_row


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return a_run
