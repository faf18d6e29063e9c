"""Parts of one piece of work, each in a process of its own where there are processors for it."""

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from rerec.errors import DataError

Part = TypeVar("Part")
Made = TypeVar("Made")


def side_by_side(
    work: Callable[[Part], Made], parts: Sequence[Part], *, n_processes: int
) -> list[Made]:
    """What some work makes of each part, in the order of the parts.

    Processes are copies of this one, so that what the work knows is not sent to them; what it makes
    is sent back. Where such copies cannot be had (only Linux makes them safely), or one is wanted,
    the parts are worked on here, one after the other: what is made is the same.

    Args:
        work: depends on its part alone, and changes nothing that another part reads.
        parts: the parts.
        n_processes: how many at a time; at least 1.

    Raises:
        DataError: a process was killed, most likely for its memory.
    """
    if n_processes == 1 or len(parts) == 1 or sys.platform != "linux":
        return [work(part) for part in parts]
    forking = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        # Newer Pythons warn of threads that a copy lacks: Arrow's are made anew where needed.
        warnings.simplefilter("ignore", DeprecationWarning)
        with ProcessPoolExecutor(
            n_processes, mp_context=forking, initializer=_begin, initargs=(work,)
        ) as pool:
            try:
                return list(pool.map(_work, parts))
            except BrokenProcessPool:
                raise DataError(
                    "a process that made queries was killed, most likely for want of memory; give"
                    " it a single processor (`taskset -c 0 rerec ...`), or lower `max_users`"
                ) from None


def n_processors() -> int:
    """Processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_working: dict[str, Callable[[Any], Any]] = {}
"""In a copy: what it was made for."""


def _begin(work: Callable[[Any], Any]) -> None:
    # Ctrl-C reaches the copies too: they end at once and leave it to the first process to speak.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _working["work"] = work


def _work(part: Any) -> Any:
    return _working["work"](part)
