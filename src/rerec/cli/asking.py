"""`rerec recommend` and `rerec chat`: the assistant on a terminal."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rerec.cli.options import JsonOutput, progress, show
from rerec.errors import DataError, SettingsError

if TYPE_CHECKING:
    from rerec.assistant.assistant import Assistant

KEY_VARIABLE = "REREC_MODEL_KEY"
"""Holds the key of the model's server: an option would stand in the list of processes."""
AssistantDomain = Annotated[Path, typer.Option("--data", metavar="DIR", help="Domain folder.")]
AssistantModel = Annotated[
    str,
    typer.Option(
        help="Run folder, adapter, path or hub id; a model's name where --model-url is given;"
        " none answers from retrieval and the graphs alone."
    ),
]
ModelUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help=f"OpenAI-compatible server of the model, up to /v1; its key from {KEY_VARIABLE}.",
    ),
]
User = Annotated[
    str | None, typer.Option("--user", metavar="ID", help="User whose likes count as history.")
]
K = Annotated[int, typer.Option("--k", min=1, max=20, help="Items to recommend.")]
DEFAULT_DOMAIN = Path("data/ml-100k")


def recommend(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is wanted, in any words.")],
    data: AssistantDomain = DEFAULT_DOMAIN,
    model: AssistantModel = "none",
    model_url: ModelUrl = None,
    user: User = None,
    k: K = 5,
    as_json: JsonOutput = False,
) -> None:
    """Answer one request over the whole catalogue.

    \b
    Example:
      rerec recommend "a crime film with Al Pacino, not from the 1970s"
      rerec recommend "something like Heat" --user 42 --k 3 --json
    """
    from rerec.assistant.exchange import Reply, State, to_json
    from rerec.cli.talking import cards_of

    assistant = open_assistant(data, model, model_url)
    events = assistant.answer(State(user_id=known_user(assistant, user)), text, k=k)
    reply = next(event for event in events if isinstance(event, Reply))
    show(to_json(reply), cards_of(reply), as_json=as_json)


def chat(
    data: AssistantDomain = DEFAULT_DOMAIN,
    model: AssistantModel = "none",
    model_url: ModelUrl = None,
    user: User = None,
    k: K = 5,
    memory: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="SQLite file that keeps conversations."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="ID", help="Go on with a conversation of --memory.")
    ] = None,
) -> None:
    """Talk with the assistant: every request goes on from what was said before.

    /like 2, /dislike 2 and /seen 2 say what you think of the second card, /why 2 shows all that is
    known of it, /state what is remembered, /reset begins again, /quit ends.

    \b
    Example:
      rerec chat --data data/ml-100k
      rerec chat --model artifacts/smollm2-movies-rft --memory chats.db
    """
    from rerec.assistant.memory import Conversations
    from rerec.cli.talking import Talk

    if resume and memory is None:
        raise SettingsError("--resume needs --memory, the file that keeps the conversation")
    assistant = open_assistant(data, model, model_url)
    conversations = Conversations(memory)
    name = resume or conversations.new(known_user(assistant, user))
    state = conversations.state(name)
    if state is None:
        raise SettingsError(f"{memory}: holds no conversation {name!r}; look at its id again")
    Talk(assistant, conversations, name, state, k, typer.echo).run(_lines())
    if memory is not None:
        progress(f"kept: rerec chat --memory {memory} --resume {name}")


def open_assistant(data: Path, model: str, model_url: str | None) -> "Assistant":
    """An assistant over a domain folder.

    Raises:
        DataError: the domain is broken.
        ModelError: the model cannot be loaded.
        SettingsError: the address is none.
    """
    from rerec.assistant.assistant import Assistant
    from rerec.assistant.backends import Remote
    from rerec.catalogue.domain import read_domain

    assistant = Assistant.of(read_domain(data))
    if model_url is not None:
        return assistant.with_model(Remote(model_url, model, os.environ.get(KEY_VARIABLE)))
    if model == "none":
        return assistant
    from rerec.assistant.local import Local  # torch takes seconds

    return assistant.with_model(Local.of(model))


def known_user(assistant: "Assistant", user: str | None) -> str | None:
    """A user's id, which the domain must have.

    Raises:
        DataError: it has no such user.
    """
    if user is not None and user not in assistant.domain.user_ids:
        raise DataError(f"{assistant.domain.folder}: has no user {user!r}; give one of its users")
    return user


def _lines() -> Iterator[str]:
    while True:
        try:
            yield input("> ")
        except EOFError:
            return
