"""Server-sent events: answers as they are made, for the page and for clients of OpenAI's kind.

Every event carries JSON on one line, so nothing of a catalogue can end it or begin another.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from rerec.serve.desk import Answering

DONE = b"data: [DONE]\n\n"
"""What ends a stream of chat completions."""


def sent_event(data: Any, name: str | None = None) -> bytes:
    r"""One event.

    Args:
        data: JSON values.
        name: of the event; None for a plain message.

    >>> sent_event({"text": "a\nb"}, "thought")
    b'event: thought\ndata: {"text":"a\\nb"}\n\n'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = "" if name is None else f"event: {name}\n"
    return f"{head}data: {text}\n\n".encode()


class AnswerStream(StreamingResponse):
    """Events of an answer; when the client leaves, the answer is left too."""

    media_type = "text/event-stream"

    def __init__(self, answering: Answering, events: AsyncIterator[bytes]) -> None:
        """Store them.

        Args:
            answering: what is left when this ends, whether it was read or not.
            events: what is sent.
        """
        # Proxies hold back what they may; events are to arrive as they are made.
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events (ASGI)."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answering.leave()
