"""`rerec serve`: the assistant over HTTP, with its page."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rerec.cli.asking import (
    DEFAULT_DOMAIN,
    AssistantDomain,
    AssistantModel,
    ModelUrl,
    open_assistant,
)
from rerec.cli.options import progress

if TYPE_CHECKING:
    from rerec.assistant.memory import Conversations


def serve(
    data: AssistantDomain = DEFAULT_DOMAIN,
    model: AssistantModel = "none",
    model_url: ModelUrl = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the key that every request must bring."),
    ] = None,
    feedback: Annotated[
        Path, typer.Option(metavar="FILE", help="SQLite file that keeps likes and dislikes.")
    ] = Path("feedback.db"),
    memory: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="SQLite file that keeps conversations; without it they end with the server.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name of this server, such as a proxy's."),
    ] = None,
    max_running: Annotated[int, typer.Option(help="Answers made at a time.")] = 1,
    max_waiting: Annotated[int, typer.Option(help="Requests that may wait; others get 429.")] = 16,
    deadline: Annotated[float, typer.Option(help="Seconds that an answer may take.")] = 120.0,
) -> None:
    """Serve the assistant: a page, a JSON API, and OpenAI's chat completions.

    /docs lists the API, /metrics has figures for Prometheus, /healthz says whether all is well.
    Only this machine can reach it; another --host needs --api-key-file. After SIGTERM running
    answers are finished and new requests refused (exit code 143).

    \b
    Example:
      rerec serve --data data/ml-100k
      rerec serve --model artifacts/smollm2-movies-rft --port 8080 --memory chats.db
      rerec serve --host 0.0.0.0 --api-key-file key.txt --model qwen3-8b \\
        --model-url http://gpu:8000/v1 --max-running 8
    """
    from rerec.sections import read_section
    from rerec.serve.limits import ServeSettings, read_key, refuse_open_door

    key, warning = (None, None) if api_key_file is None else read_key(api_key_file)
    given = {
        "host": host,
        "port": port,
        "key": key,
        "other_hosts": tuple(allow_host or ()),
        "max_running": max_running,
        "max_waiting": max_waiting,
        "deadline_s": deadline,
    }
    settings = read_section(ServeSettings, given, where="rerec serve")
    refuse_open_door(settings)
    if warning is not None:
        progress(warning)
    from rerec.serve.app import create_app
    from rerec.serve.feedback import FeedbackStore
    from rerec.serve.server import serve as run

    assistant = open_assistant(data, model, model_url)
    with _conversations(memory) as conversations:
        app = create_app(assistant, conversations, FeedbackStore(feedback), settings)
        run(app, settings, progress=progress)


@contextmanager
def _conversations(memory: Path | None) -> Generator["Conversations"]:
    """The file; one that is removed in the end where none is named: memory would only grow."""
    from tempfile import TemporaryDirectory

    from rerec.assistant.memory import Conversations

    with TemporaryDirectory(prefix="rerec-") as folder:
        conversations = Conversations(memory or Path(folder) / "conversations.db")
        try:
            yield conversations
        finally:
            conversations.close()
