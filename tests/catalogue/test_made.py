"""`made.json`: enough to trace a figure to what it came from."""

import json

import pytest

from rerec.catalogue.files import sha256_of
from rerec.catalogue.made import write_made
from rerec.errors import DataError


def test_what_was_used_is_written_down(tmp_path):
    read = [tmp_path / name for name in ("b", "a")]
    for path in read:
        path.write_text(path.name)
    path = write_made(
        tmp_path / "run",
        command="rerec embed",
        settings={"dim": 64},
        read=read,
        seed=7,
        seconds=1.23456,
    )
    made = json.loads(path.read_text())
    assert made["read"] == {str(file): sha256_of(file) for file in sorted(read)}
    assert list(made["read"]) == sorted(made["read"])
    assert (made["settings"], made["seed"], made["seconds"]) == ({"dim": 64}, 7, 1.23)
    assert {"python", "rerec", "numpy"} <= made["versions"].keys()
    assert 10 < made["peak_memory_mb"] < 1_000_000


def test_a_file_that_was_read_and_is_gone_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match="gone: cannot be read"):
        write_made(tmp_path, command="x", settings={}, read=[tmp_path / "gone"], seed=7, seconds=0)
