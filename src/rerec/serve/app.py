"""The server's application: routes, guards and refusals put together around one assistant."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from rerec import __version__
from rerec.assistant.assistant import Assistant
from rerec.assistant.memory import Conversations
from rerec.serve.api import Api
from rerec.serve.completions import Completions
from rerec.serve.conversing import Talks
from rerec.serve.desk import Desk
from rerec.serve.feedback import FeedbackStore
from rerec.serve.guards import Guards
from rerec.serve.limits import ServeSettings
from rerec.serve.measures import Measures
from rerec.serve.model_path import ModelPath
from rerec.serve.pages import page_routes
from rerec.serve.refusals import Refusal, refuse, refuse_http, refuse_invalid
from rerec.serve.showing import about

DESCRIPTION = (
    "Recommendations out of a catalogue, with the facts that speak for them. `/api` is what the"
    " page uses; `/v1` is what OpenAI's clients expect. With a key: `Authorization: Bearer KEY`."
)


def create_app(
    assistant: Assistant,
    conversations: Conversations,
    feedback: FeedbackStore,
    settings: ServeSettings,
) -> FastAPI:
    """The application; its desk stands in `app.state.desk`, for whoever ends the server.

    Args:
        assistant: who answers.
        conversations: where they are kept.
        feedback: where opinions are kept.
        settings: what is taken on, and who may ask.
    """
    desk, measures = Desk(settings), Measures()
    model = ModelPath(assistant, retry_s=settings.model_retry_s)
    app = FastAPI(
        title="ReRec",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(Guards, settings=settings, measures=measures)],
        exception_handlers={
            Refusal: refuse,
            HTTPException: refuse_http,
            RequestValidationError: refuse_invalid,
        },
    )
    app.state.desk = desk
    talks = Talks(model, conversations, feedback)
    app.include_router(Api(talks, desk, measures, about(assistant)).routes())
    app.include_router(Completions(model, desk, measures).routes())
    app.include_router(page_routes())
    _watch(app, model, desk, measures)
    return app


def _watch(app: FastAPI, model: ModelPath, desk: Desk, measures: Measures) -> None:
    measures.watch("answers_waiting", "Answers whose turn has not come.", lambda: desk.n_waiting)
    measures.watch("answers_running", "Answers that are being made.", lambda: desk.n_running)
    measures.watch("model_up", "1, or 0 without a model.", lambda: model.status == "up")

    @app.get("/healthz", tags=["operation"])
    async def healthz() -> Response:
        """Whether the server takes requests (200, else 503), and whether its model is up."""
        status = "closing" if desk.is_closing else "ok"
        code = 503 if desk.is_closing else 200
        return JSONResponse({"status": status, "model": model.status}, code)

    @app.get("/metrics", tags=["operation"])
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return measures.report()
