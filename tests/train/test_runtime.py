"""How a process uses the machine: nothing that somebody has set is overruled."""

import ctypes.util

import pytest
import torch

from rerec.train import runtime


def test_threads_that_somebody_has_set_are_left_alone(monkeypatch: pytest.MonkeyPatch):
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", str(before))
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    runtime.prepare()
    assert torch.get_num_threads() == before
    assert runtime.os.environ["TOKENIZERS_PARALLELISM"] == "true"


def test_a_machine_without_glibc_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))
    monkeypatch.setattr(ctypes.util, "find_library", asked.append)
    runtime.prepare()
    assert asked in ([], ["c"])
