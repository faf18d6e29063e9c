"""The routes of OpenAI's clients: `/v1/models` and `/v1/chat/completions`."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from rerec.assistant.exchange import Event
from rerec.serve.bodies import ChatBody
from rerec.serve.chat import Completion, model_list, refuse_unmet, requests_of, state_after
from rerec.serve.desk import Desk
from rerec.serve.measures import Measures
from rerec.serve.model_path import ModelPath
from rerec.serve.refusals import Refusal
from rerec.serve.replies import GONE, counted, reply_to
from rerec.serve.streams import AnswerStream
from rerec.serve.told import OTHERS, refusals


@dataclass(frozen=True)
class Completions:
    """What the routes under `/v1` do."""

    model: ModelPath
    desk: Desk
    measures: Measures
    started_s: int = field(default_factory=lambda: int(time.time()))

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/v1", tags=["OpenAI"], responses=OTHERS | refusals(401))
        router.add_api_route("/models", self.models)
        router.add_api_route("/models/{name:path}", self.one_model, responses=refusals(404))
        router.add_api_route(
            "/chat/completions",
            self.complete,
            methods=["POST"],
            responses=refusals(400, 404, 413, 429, 503),
        )
        return router

    async def models(self) -> JSONResponse:
        """The names under which the assistant can be asked for."""
        return JSONResponse({"object": "list", "data": self._models()})

    async def one_model(self, name: str) -> JSONResponse:
        """One of them."""
        for listed in self._models():
            if listed["id"] == name:
                return JSONResponse(listed)
        raise Refusal(404, "there is no such model", param="model")

    async def complete(self, body: ChatBody, request: Request) -> Response:
        """Answer the last message of the user, having read those before.

        Nothing is remembered. What shapes the sampling of a model (temperature, max_tokens, seed,
        stop) is taken and has no effect; system messages are not read. Usage is counted in words.
        """
        refuse_unmet(body, self.model.assistant)
        texts = requests_of(body.messages)
        self.model.refuse_while_down()
        answering = self.desk.admit(partial(self._answer, body, texts))
        completion = Completion.of(body)
        if body.stream:
            return AnswerStream(answering, completion.pieces(counted(answering, self.measures)))
        reply = await reply_to(request, answering, self.measures)
        return GONE if reply is None else JSONResponse(completion.whole(reply))

    def _answer(
        self, body: ChatBody, texts: list[str], cancelled: Callable[[], bool]
    ) -> Generator[Event]:
        state = state_after(self.model.assistant, texts[:-1], user_id=body.user)
        yield from self.model.answer(state, texts[-1], body.k, cancelled)

    def _models(self) -> list[dict[str, object]]:
        return model_list(self.model.assistant, started_s=self.started_s)
