"""Metrics are read while they are written; what is broken is named with its line."""

import pytest

from rerec.errors import DataError
from rerec.evaluate.metrics_file import read_metrics


def test_a_line_that_is_still_being_written_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "kind": "train", "loss": 2.0}\n{"step": 2, "ki')
    assert read_metrics(path) == [{"step": 1, "kind": "train", "loss": 2.0}]


@pytest.mark.parametrize("line", ["{", "[1]", '{"loss": 1.0}', '{"step": "one"}'])
def test_a_finished_line_that_is_no_step_is_named(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n' + line + "\n")
    with pytest.raises(DataError, match=r"metrics\.jsonl:2: "):
        read_metrics(path)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        read_metrics(tmp_path / "none.jsonl")
