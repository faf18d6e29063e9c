import asyncio
import threading
import time
from collections.abc import Callable, Generator

import pytest

from rerec.assistant.exchange import Event, Reply, State, Thought
from rerec.serve.desk import Answering, Desk
from rerec.serve.limits import ServeSettings
from rerec.serve.refusals import Refusal

WAIT_S = 10.0
REPLY = Reply("Heat (1995).", (), State())


def said(*texts: str):
    """Makes an answer of some thoughts and a reply."""

    def make(cancelled: Callable[[], bool]) -> Generator[Event]:
        del cancelled
        yield from map(Thought, texts)
        yield REPLY

    return make


class Held:
    """An answer that thinks until it may end, or nobody waits for it."""

    def __init__(self) -> None:
        self.may_end, self.has_begun, self.was_left = (threading.Event() for _ in range(3))

    def __call__(self, cancelled: Callable[[], bool]) -> Generator[Event]:
        self.has_begun.set()
        ends = time.monotonic() + WAIT_S
        while not self.may_end.wait(0.005) and time.monotonic() < ends:
            if cancelled():
                self.was_left.set()
                return
        yield REPLY


def desk_of(**settings: float) -> Desk:
    return Desk(ServeSettings.model_validate(settings))


async def all_of(answering: Answering) -> list[Event]:
    return [event async for event in answering.events()]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


def test_what_is_made_comes_in_its_order():
    async def scenario() -> list[Event]:
        return await all_of(desk_of().admit(said("a", "b")))

    assert asyncio.run(scenario()) == [Thought("a"), Thought("b"), REPLY]


def test_what_the_making_raises_reaches_whoever_asked_and_nobody_else():
    def broken(cancelled: Callable[[], bool]) -> Generator[Event]:
        yield Thought("a")
        raise ZeroDivisionError(str(cancelled()))

    async def scenario() -> list[Event]:
        desk = desk_of()
        with pytest.raises(ZeroDivisionError):
            await all_of(desk.admit(broken))
        return await all_of(desk.admit(said()))

    assert asyncio.run(scenario()) == [REPLY]


def test_who_finds_no_place_to_wait_is_told_when_to_come_again():
    async def scenario() -> None:
        desk, held = desk_of(max_waiting=1), Held()
        running = desk.admit(held)
        waiting = desk.admit(said())
        await until(held.has_begun.is_set)
        assert (desk.n_running, desk.n_waiting) == (1, 1)
        with pytest.raises(Refusal) as refused:
            desk.admit(said())
        assert refused.value.status == 429
        assert refused.value.retry_s is not None
        assert refused.value.retry_s >= 1
        held.may_end.set()
        assert await all_of(running) == await all_of(waiting) == [REPLY]
        assert await all_of(desk.admit(said())) == [REPLY]

    asyncio.run(scenario())


def test_several_answers_are_made_at_a_time_where_that_is_set():
    async def scenario() -> None:
        desk, held = desk_of(max_running=2), [Held(), Held()]
        answering = [desk.admit(one) for one in held]
        await until(lambda: all(one.has_begun.is_set() for one in held))
        for one in held:
            one.may_end.set()
        assert [await all_of(one) for one in answering] == [[REPLY], [REPLY]]

    asyncio.run(scenario())


def test_an_answer_that_takes_too_long_is_given_up_and_its_place_is_free_again():
    async def scenario() -> None:
        desk, held = desk_of(deadline_s=0.1), Held()
        with pytest.raises(Refusal) as refused:
            await all_of(desk.admit(held))
        assert refused.value.status == 503
        await until(held.was_left.is_set)
        assert await all_of(desk.admit(said())) == [REPLY]

    asyncio.run(scenario())


def test_waiting_counts_towards_the_deadline():
    async def scenario() -> None:
        desk, held = desk_of(deadline_s=0.1), Held()
        running, waiting = desk.admit(held), desk.admit(said())
        with pytest.raises(Refusal):
            await all_of(waiting)
        await until(lambda: desk.n_waiting == 0)
        running.leave()
        await until(lambda: desk.n_running == 0)

    asyncio.run(scenario())


def test_who_leaves_stops_the_answer():
    async def scenario() -> None:
        desk, held = desk_of(), Held()
        answering = desk.admit(held)
        await until(held.has_begun.is_set)
        answering.leave()
        await until(held.was_left.is_set)
        await until(lambda: desk.n_running == 0)

    asyncio.run(scenario())


def test_a_closing_desk_finishes_what_it_has_and_takes_nothing_on():
    async def scenario() -> list[Event]:
        desk, held = desk_of(), Held()
        answering = desk.admit(held)
        await until(held.has_begun.is_set)
        closing = asyncio.create_task(desk.close())
        await asyncio.sleep(0.02)
        with pytest.raises(Refusal) as refused:
            desk.admit(said())
        assert (refused.value.status, closing.done()) == (503, False)
        held.may_end.set()
        events = await all_of(answering)
        await closing
        return events

    assert asyncio.run(scenario()) == [REPLY]


def test_a_closing_desk_does_not_wait_for_ever():
    async def scenario() -> None:
        desk, held = desk_of(grace_s=0.05), Held()
        events = asyncio.create_task(all_of(desk.admit(held)))
        await until(held.has_begun.is_set)
        await desk.close()
        assert held.was_left.is_set()
        with pytest.raises(Refusal, match="closing"):
            await events

    asyncio.run(scenario())
