"""One process that serves: it begins, and it ends well when it is asked to."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from rerec.errors import SettingsError, Terminated
from rerec.serve.desk import Desk
from rerec.serve.limits import ServeSettings

_BACKLOG = 256
"""Connections that may wait to be accepted."""
_TICK_S = 0.1
_LAST_S = 5
"""How long connections may take to close once all is answered."""


class Server(uvicorn.Server):
    """uvicorn, which first lets running answers finish while it refuses new ones (503)."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        """Store both.

        Args:
            config: of uvicorn.
            desk: where answers are asked for.
        """
        super().__init__(config)
        self._desk = desk

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: nothing new is taken on, what runs is answered, then connections are closed."""
        closing = asyncio.create_task(self._desk.close())
        while not closing.done() and not self.force_exit:
            await asyncio.wait({closing}, timeout=_TICK_S)
        self._desk.drop()  # after a second Ctrl-C; else there is nothing left
        closing.cancel()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: ServeSettings, *, progress: Callable[[str], None]) -> None:
    """Serve until a signal ends it.

    Args:
        app: of `rerec.serve.app.create_app`.
        settings: where to listen.
        progress: told the address once it is listened on.

    Raises:
        SettingsError: it cannot be listened on.
        Terminated: after a SIGTERM, once running answers are finished.
        KeyboardInterrupt: after Ctrl-C, likewise.
    """
    listening = listen(settings)
    progress(f"serving at {address_of(listening)} (Ctrl-C ends it)")
    with _log_on_stderr(), _termination():
        Server(config_of(app), app.state.desk).run(sockets=[listening])


def config_of(app: FastAPI) -> uvicorn.Config:
    """uvicorn's settings: no log of requests, as addresses may hold ids, and nothing of itself."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_S,
    )


def listen(settings: ServeSettings) -> socket.socket:
    """A socket that listens where the settings say.

    Raises:
        SettingsError: the host is none, or the port is taken.
    """
    place = (settings.host, settings.port)
    try:
        family = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server(place, family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"cannot listen on {settings.host} port {settings.port} ({reason});"
            " choose another --host or --port"
        ) from None
    # asyncio sets this on sockets that it made itself; else each response waits 40 ms for its end.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address_of(listening: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextmanager
def _log_on_stderr() -> Generator[None]:
    """What went wrong in our own code; other packages log more than is to be seen."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    ours = logging.getLogger("rerec")
    ours.addHandler(handler)
    try:
        yield
    finally:
        ours.removeHandler(handler)


@contextmanager
def _termination() -> Generator[None]:
    """uvicorn raises a signal once more when it has ended because of it; SIGTERM then ends well."""

    def end(*_: object) -> None:
        raise Terminated("the server has ended; running answers were finished")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
