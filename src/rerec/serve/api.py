"""The API of the page: `/api/...`, JSON in and JSON or server-sent events out."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from rerec.assistant.exchange import Event, Reply, Thought, to_json
from rerec.serve.bodies import FeedbackBody, RecommendBody
from rerec.serve.conversing import Talks
from rerec.serve.desk import Desk
from rerec.serve.measures import Measures
from rerec.serve.refusals import Refusal
from rerec.serve.replies import GONE, counted, reply_to
from rerec.serve.showing import item_record
from rerec.serve.streams import AnswerStream, sent_event
from rerec.serve.told import (
    About,
    Answer,
    ConversationTold,
    ItemTold,
    Responses,
    StateTold,
    refusals,
)

_STREAM: Responses = {
    200: {
        "description": "The reply; with `stream` the events start, thought (any number), reply and"
        " end, or error.",
        "content": {"text/event-stream": {}},
    }
}


@dataclass(frozen=True)
class Api:
    """What the routes under `/api` do."""

    talks: Talks
    desk: Desk
    measures: Measures
    told: Mapping[str, Any]
    """What is said of the domain; it takes seconds to find out."""

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api", tags=["assistant"], responses=refusals(401, 422))
        router.add_api_route(
            "/recommend",
            self.recommend,
            methods=["POST"],
            response_model=Answer,
            responses=_STREAM | refusals(404, 409, 413, 429, 503),
        )
        router.add_api_route(
            "/feedback",
            self.take_feedback,
            methods=["POST"],
            response_model=StateTold,
            responses=refusals(404),
        )
        router.add_api_route(
            "/items/{item_id:path}", self.item, response_model=ItemTold, responses=refusals(404)
        )
        self._conversations(router)
        router.add_api_route("/about", self.about, response_model=About)
        return router

    def _conversations(self, router: APIRouter) -> None:
        path, missing = "/conversations/{conversation_id}", refusals(404)
        router.add_api_route(
            path, self.conversation, response_model=ConversationTold, responses=missing
        )
        router.add_api_route(
            path, self.forget, methods=["DELETE"], status_code=204, responses=missing
        )

    async def recommend(self, body: RecommendBody, request: Request) -> Response:
        """Answer a request, at once or as a stream."""
        self.desk.refuse_when_full()  # before a conversation is begun for nothing
        conversation_id = await run_in_threadpool(self.talks.conversation_of, body)
        answering = self.desk.admit(partial(self.talks.answer, conversation_id, body))
        if body.stream:
            events = _named(conversation_id, counted(answering, self.measures))
            return AnswerStream(answering, events)
        reply = await reply_to(request, answering, self.measures)
        return GONE if reply is None else JSONResponse(_replied(conversation_id, reply))

    def take_feedback(self, body: FeedbackBody) -> JSONResponse:
        """Keep what somebody thinks of an item; their conversation counts it from now on."""
        if body.item_id not in self.talks.model.assistant.domain.catalogue:
            raise Refusal(404, "there is no such item", param="item_id")
        return JSONResponse({"state": to_json(self.talks.take(body))})

    async def item(self, item_id: str) -> JSONResponse:
        """An item and all of its facts."""
        record = item_record(self.talks.model.assistant, item_id)
        if record is None:
            raise Refusal(404, "there is no such item", param="item_id")
        return JSONResponse(record)

    def conversation(self, conversation_id: str) -> JSONResponse:
        """What is remembered of a conversation, and what was said in it."""
        return JSONResponse(self.talks.record(conversation_id))

    def forget(self, conversation_id: str) -> Response:
        """Remove a conversation and the opinions told in it."""
        self.talks.forget(conversation_id)
        return Response(status_code=204)

    async def about(self) -> JSONResponse:
        """What is served, and how to begin with it."""
        return JSONResponse(self.told)


async def _named(conversation_id: str, events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    yield sent_event({"conversation_id": conversation_id}, "start")
    try:
        async for event in events:
            if isinstance(event, Thought):
                yield sent_event({"text": event.text}, "thought")
            else:
                yield sent_event(_replied(conversation_id, event), "reply")
    except Refusal as refusal:
        yield sent_event(refusal.body, "error")
    else:
        yield sent_event({}, "end")


def _replied(conversation_id: str, reply: Reply) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "reply": to_json(reply)}
