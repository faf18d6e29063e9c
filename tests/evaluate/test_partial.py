"""An evaluation that was stopped is picked up, and only by the same evaluation."""

import json

import pytest

from rerec.errors import DataError
from rerec.evaluate.partial import PartialRun

HEADER = {"model": "m", "split": "test"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.json.partial.jsonl"


def test_rows_of_the_same_evaluation_are_kept(path, make_row):
    PartialRun(path, HEADER).append([make_row(1), make_row(2)])
    again = PartialRun(path, HEADER)
    assert again.rows == [make_row(1), make_row(2)]
    again.append([make_row(3)])
    assert PartialRun(path, HEADER).rows == [make_row(1), make_row(2), make_row(3)]


def test_rows_of_another_evaluation_are_not(path, make_row):
    PartialRun(path, HEADER).append([make_row(1)])
    assert PartialRun(path, HEADER | {"model": "n"}).rows == []
    assert json.loads(path.read_text()) == HEADER | {"model": "n"}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_kill_in_the_middle_of_a_line_costs_that_line_alone(path, make_row, cut):
    PartialRun(path, HEADER).append([make_row(1), make_row(2)])
    path.write_bytes(path.read_bytes()[:-cut])
    again = PartialRun(path, HEADER)
    assert again.rows == [make_row(1)]
    again.append([make_row(3)])
    assert PartialRun(path, HEADER).rows == [make_row(1), make_row(3)]


@pytest.mark.parametrize("text", ["", "\n", "{", "[]\n", "\x00\xff\n"])
def test_a_file_that_is_something_else_is_begun_anew(path, text):
    path.write_text(text, encoding="latin-1")
    assert PartialRun(path, HEADER).rows == []


def test_any_response_can_be_kept(path, make_row):
    row = make_row(1, response="日本\n\u2028\x00\\boxed{}")
    PartialRun(path, HEADER).append([row])
    assert PartialRun(path, HEADER).rows == [row]


def test_it_is_gone_once_it_is_removed(path):
    partial = PartialRun(path, HEADER)
    partial.remove()
    assert list(path.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, make_row):
    partial = PartialRun(tmp_path / "partial.jsonl", HEADER)
    partial.path.unlink()
    partial.path.mkdir()
    with pytest.raises(DataError, match=r"cannot be written .* run the same command again"):
        partial.append([make_row(1)])
