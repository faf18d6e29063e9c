"""How this process uses the machine: allocator, threads, determinism.

Measured on two cores: a training step on batches of varying length took 6.4 s with glibc's default
allocator settings and 1.2 s with these, because every large tensor was mapped and unmapped anew.
"""

import ctypes
import ctypes.util
import os
import sys
import warnings
from typing import Any

import psutil
import torch
from transformers.utils import logging as transformers_logging

# From glibc's malloc.h. Read once at a process's start from MALLOC_* variables; mallopt also works
# later, as long as the large allocations are still to come.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_MADV_HUGEPAGE, _PAGE_BYTES = 14, 2 * 1024 * 1024
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"""What weights that answer may be, by name."""
_NATIVE_BF16 = ("avx512_bf16", "amx_bf16", "bf16")
"""Names in `torch.cpu.get_capabilities()`; the last one is ARM's."""
_TOP_PAD_BYTES = 256 * 1024 * 1024


def prepare() -> None:
    """Set the allocator (where there is glibc) and the threads, and keep progress readable.

    `OMP_NUM_THREADS` is respected where somebody has set it.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Bars of loading, and names that TRL still uses and transformers will drop: neither is for
    # whoever runs a recipe.
    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.")
    if sys.platform == "linux":
        _keep_freed_memory()
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(len(os.sched_getaffinity(0)))


def on_cpu() -> bool:
    """Whether training runs on the processor, so that the defaults made for it apply."""
    return not torch.accelerator.is_available()


def home() -> torch.device:
    """Where a model that answers lies: the accelerator, or the processor where there is none."""
    # Without the check a torch made for CUDA names it on a machine that has none.
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def memory_bytes() -> int:
    """What memory the machine has, whoever uses it."""
    return psutil.virtual_memory().total


def fast_dtype() -> torch.dtype:
    """What products of weights are computed in: bfloat16, unless the processor has to emulate it.

    Without instructions for it a product of 733 x 576 x 1536 ran at 15.6 GFLOP/s in bfloat16 and at
    109.9 in float32 (two cores with AVX2, benchmarks/dtype.py); with them bfloat16 is the faster.
    """
    if not on_cpu():
        return torch.bfloat16
    able = torch.cpu.get_capabilities()
    native = any(able.get(name, False) for name in _NATIVE_BF16)
    return torch.bfloat16 if native else torch.float32


def _keep_freed_memory() -> None:
    name = ctypes.util.find_library("c")
    libc: Any = ctypes.CDLL(name, use_errno=True) if name else None
    if not hasattr(libc, "mallopt"):
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, -1)
    libc.mallopt(_M_TOP_PAD, _TOP_PAD_BYTES)
    _ask_for_huge_pages(libc)


def _ask_for_huge_pages(libc: Any) -> None:
    """Let the heap stand in pages of 2 MiB where the kernel gives them to those who ask.

    Weights, keys and values are gigabytes that are read at every token: in pages of 4 KiB every
    read looks up where they are. What is asked for is address space; memory is taken when used.
    """
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    n_bytes = memory_bytes() // 2
    block = libc.malloc(n_bytes)
    if block:
        start = -(-block // _PAGE_BYTES) * _PAGE_BYTES
        libc.madvise(start, n_bytes - (start - block), _MADV_HUGEPAGE)
        libc.free(block)
