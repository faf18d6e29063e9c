"""Answers in turn: so many at a time, so many waiting, and none for longer than its deadline.

An answer is made in a thread of its own, since a model computes and does not await. What it makes
goes to the event loop piece by piece; whoever asked may leave at any time, and the thread ends.
"""

import asyncio
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from rerec.assistant.exchange import Event
from rerec.serve.limits import ServeSettings
from rerec.serve.refusals import Refusal

Make = Callable[[Callable[[], bool]], Generator[Event]]
"""Makes an answer; it is given what says whether nobody waits for it any more."""
_LONGEST_RETRY_S = 60
_MEMORY = 0.9
"""Weight of what was believed of an answer's seconds before, when another one ends."""


class Answering:
    """One answer that is waited for or made."""

    def __init__(self, make: Make, *, deadline_s: float) -> None:
        """Store it; `Desk.admit` starts it."""
        self._make = make
        self._ends = time.monotonic() + deadline_s
        self._left = threading.Event()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.waited_s: float | None = None
        """Seconds until it was its turn; None before."""

    async def events(self) -> AsyncGenerator[Event]:
        """What is made, as it is made.

        Raises:
            Refusal: the deadline is over, or the server is closing.
            Exception: whatever the making raised.
        """
        try:
            while (event := await self._next()) is not None:
                yield event
        finally:
            self.leave()

    def leave(self) -> None:
        """Nobody waits for it any more: it gives its place free, or stops at its next token."""
        self._left.set()
        if self._task is not None and self.waited_s is None:
            self._task.cancel()

    def start(self, task: asyncio.Task[None]) -> None:
        """Be told of the task in which it waits and is made."""
        self._task = task
        task.add_done_callback(self._end)

    def work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the answer, in a thread of the desk."""
        with closing(self._make(self._left.is_set)) as events:
            for event in events:
                if self._left.is_set():
                    return
                loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def _next(self) -> Event | None:
        try:
            event = await asyncio.wait_for(self._events.get(), self._ends - time.monotonic())
        except TimeoutError:
            raise Refusal(503, "the answer took too long and was given up", retry_s=5) from None
        if event is None and self._task is not None:
            if self._left.is_set():
                raise _closing()
            self._task.result()
        return event

    def _end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # looked at here, as those who left never will
        self._events.put_nowait(None)


class Desk:
    """Where answers are asked for."""

    def __init__(self, settings: ServeSettings) -> None:
        """Open it.

        Args:
            settings: how many at a time, how many waiting, how long.
        """
        self._settings = settings
        self._free = asyncio.Semaphore(settings.max_running)
        self._threads = ThreadPoolExecutor(settings.max_running, "answer")
        self._there: dict[asyncio.Task[None], Answering] = {}
        self._seconds = 1.0
        self.is_closing = False

    @property
    def n_running(self) -> int:
        """Answers that are being made."""
        return sum(answering.waited_s is not None for answering in self._there.values())

    @property
    def n_waiting(self) -> int:
        """Answers whose turn has not come."""
        return len(self._there) - self.n_running

    def refuse_when_full(self) -> None:
        """Refuse what could not be admitted now.

        Raises:
            Refusal: too many wait already (429), or the server is closing (503).
        """
        if self.is_closing:
            raise _closing()
        if len(self._there) >= self._settings.max_running + self._settings.max_waiting:
            sentence = "too many requests are waiting; try again later"
            raise Refusal(429, sentence, retry_s=self._retry_s())

    def admit(self, make: Make) -> Answering:
        """Take a place; to be called in the event loop.

        Raises:
            Refusal: too many wait already (429), or the server is closing (503).
        """
        self.refuse_when_full()
        answering = Answering(make, deadline_s=self._settings.deadline_s)
        task = asyncio.get_running_loop().create_task(self._turn(answering))
        self._there[task] = answering
        task.add_done_callback(self._there.pop)
        answering.start(task)
        return answering

    async def close(self) -> None:
        """Take nothing more on; end when all is answered, or the time for it is over."""
        self.is_closing = True
        await self._empty(self._settings.grace_s)
        self.drop()
        await self._empty(self._settings.grace_s)
        self._threads.shutdown(wait=False)

    def drop(self) -> None:
        """Give up all that is waited for or made."""
        for answering in list(self._there.values()):
            answering.leave()

    async def _empty(self, timeout_s: float) -> None:
        if self._there:
            await asyncio.wait(list(self._there), timeout=timeout_s)

    async def _turn(self, answering: Answering) -> None:
        asked = time.monotonic()
        async with self._free:
            started = time.monotonic()
            answering.waited_s = started - asked
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, answering.work, loop)
            seconds = time.monotonic() - started
            self._seconds = _MEMORY * self._seconds + (1 - _MEMORY) * seconds

    def _retry_s(self) -> int:
        """When the queue as it stands may have been worked off."""
        ahead = self._seconds * (self.n_waiting + 1) / self._settings.max_running
        return min(_LONGEST_RETRY_S, max(1, math.ceil(ahead)))


def _closing() -> Refusal:
    return Refusal(503, "the server is closing; try again later", retry_s=10)
