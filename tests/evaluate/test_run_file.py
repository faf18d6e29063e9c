"""A run reads back as it was written, and what is no run is refused in one sentence."""

import json

import pytest

from rerec.errors import DataError
from rerec.evaluate.run_file import read_run, write_run


@pytest.fixture
def written(tmp_path, make_row, make_run):
    path = tmp_path / "run.json"
    write_run(path, make_run([make_row(i, right=i % 2 > 0) for i in range(6)]))
    return path


def changed(path, change):
    run = json.loads(path.read_text())
    change(run)
    path.write_text(json.dumps(run))
    return path


def test_a_run_reads_back_as_it_was_written(written, make_row, make_run):
    assert read_run(written) == make_run([make_row(i, right=i % 2 > 0) for i in range(6)])


def test_writing_twice_gives_the_same_bytes(written):
    before = written.read_bytes()
    write_run(written, read_run(written))
    assert written.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: run.pop("split"), "split"),
        (lambda run: run.update(format=2), "format"),
        (lambda run: run["rows"][2].pop("outcome"), r"rows\.2\.outcome"),
        (lambda run: run["rows"][0].update(outcome="splendid"), r"rows\.0\.outcome"),
        (lambda run: run["domain"].pop("fingerprint"), "fingerprint"),
        (lambda run: run["rows"].append(run["rows"][0]), "'q0' is answered twice"),
        (lambda run: run["rows"].clear(), "holds no answers"),
    ],
)
def test_what_is_no_run_is_named_with_its_place(written, change, said):
    with pytest.raises(DataError, match=rf"run\.json: .*{said}") as caught:
        read_run(changed(written, change))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_one_that_is_no_json_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.json"):
        read_run(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        read_run(tmp_path / "broken.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(DataError, match="is not a run"):
        read_run(tmp_path / "list.json")
