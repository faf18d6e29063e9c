"""Parts in processes of their own: the same results, in order, and a killed one is told of."""

import os
import signal
import sys

import pytest

from rerec.errors import DataError
from rerec.queries.side_by_side import n_processors, side_by_side

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")


@pytest.mark.parametrize("n_processes", [1, 2, 5])
def test_results_stand_in_the_order_of_the_parts(n_processes: int) -> None:
    known = {"b": 2, "a": 1, "c": 3}
    assert side_by_side(known.__getitem__, ["c", "a", "b"], n_processes=n_processes) == [3, 1, 2]


@linux
def test_parts_are_worked_on_in_other_processes() -> None:
    found = side_by_side(lambda _: os.getpid(), [1, 2], n_processes=2)
    assert os.getpid() not in found
    assert side_by_side(lambda _: os.getpid(), [1], n_processes=2) == [os.getpid()]


@linux
def test_an_error_of_a_part_is_passed_on() -> None:
    with pytest.raises(KeyError, match="nobody"):
        side_by_side({}.__getitem__, ["nobody", "else"], n_processes=2)


@linux
def test_a_killed_process_is_one_sentence() -> None:
    with pytest.raises(DataError, match="was killed, most likely for want of memory"):
        side_by_side(lambda _: os.kill(os.getpid(), signal.SIGKILL), [1, 2], n_processes=2)


def test_there_is_a_processor() -> None:
    assert n_processors() >= 1
