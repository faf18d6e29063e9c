"""What becomes of an answer that was admitted: counted, and waited for as long as somebody does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from fastapi import Request
from starlette.responses import Response

from rerec.assistant.exchange import Event, Reply
from rerec.serve.desk import Answering
from rerec.serve.measures import Measures
from rerec.serve.refusals import Refusal, failed

GONE = Response(status_code=499)
"""For a client that has left: nobody reads it."""


async def counted(answering: Answering, measures: Measures) -> AsyncGenerator[Event]:
    """The events of an answer; its reply is counted as it passes.

    Raises:
        Refusal: the answer cannot be made, or no longer; a bug among the reasons.
    """
    try:
        async for event in answering.events():
            if isinstance(event, Reply):
                measures.count_reply(event, answering.waited_s or 0.0)
            yield event
    except Refusal:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary of streams, whose status is sent
        raise failed(error) from None


async def reply_to(request: Request, answering: Answering, measures: Measures) -> Reply | None:
    """The reply alone, or None where whoever asked has left before it came.

    Raises:
        Refusal: the answer took too long, the server is closing, or the model is down.
    """
    reply = asyncio.create_task(_last(counted(answering, measures)))
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({reply, gone}, return_when=asyncio.FIRST_COMPLETED)
        return reply.result() if reply.done() else None
    finally:
        answering.leave()
        reply.cancel()
        gone.cancel()


async def _last(events: AsyncIterator[Event]) -> Reply:
    found = [event async for event in events if isinstance(event, Reply)]
    return found[-1]


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
