"""How a process uses the machine: nothing that somebody has set is overruled."""

import ctypes.util
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize(
    ("able", "wanted"),
    [
        ({"avx2": True, "avx512_bf16": False}, torch.float32),
        ({"avx512_f": True, "avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"neon": True}, torch.float32),
        ({"neon": True, "bf16": True}, torch.bfloat16),
    ],
)
def test_a_processor_without_bfloat16_instructions_computes_in_float32(
    able: dict[str, bool], wanted: torch.dtype, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert runtime.fast_dtype() == wanted


def test_an_accelerator_computes_in_bfloat16(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert runtime.fast_dtype() == torch.bfloat16


def test_a_model_answers_on_the_accelerator_that_can_be_used(monkeypatch: pytest.MonkeyPatch):
    def found(check_available: bool = False) -> torch.device | None:
        return None if check_available else torch.device("cuda")  # a torch for CUDA without a GPU

    monkeypatch.setattr(torch.accelerator, "current_accelerator", found)
    assert runtime.home() == torch.device("cpu")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: torch.device("cuda"))
    assert runtime.home() == torch.device("cuda")


_HUGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_FILL = """
import torch
from rerec.train import runtime
runtime.prepare()
kept = torch.ones(64 * 1024 * 1024)  # 256 MiB
lines = open("/proc/self/smaps_rollup").read().splitlines()
print(next(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages")))
"""


@pytest.mark.skipif(
    not (_HUGE.is_file() and "[never]" not in _HUGE.read_text()),
    reason="the kernel gives no huge pages",
)
def test_tensors_stand_in_huge_pages_where_the_kernel_gives_them():
    done = subprocess.run([sys.executable, "-c", _FILL], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100 * 1024  # KiB; some may be missing where memory is in pieces
