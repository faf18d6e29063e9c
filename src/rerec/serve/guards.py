"""What stands before every route: the Host header, the key, the size of a body; and behind it.

Plain ASGI: nothing is buffered, so that streams pass as they are.
"""

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rerec.serve.limits import ServeSettings
from rerec.serve.measures import Measures
from rerec.serve.pages import FILES
from rerec.serve.refusals import Refusal, failed

OPEN_PATHS = frozenset((*FILES, "/favicon.ico", "/openapi.json", "/healthz"))
"""What is answered without a key: the page, which then asks for it, and whether all is well."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_GONE = 499
"""Counted for a client that left before its response began, as nginx does."""


class Guards:
    """The outermost layer: refuses, adds headers, counts, and keeps bugs inside."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, measures: Measures) -> None:
        """Store what is guarded.

        Args:
            app: the routes.
            settings: who may ask, and how much at a time.
            measures: told of every response.
        """
        self._app, self._settings, self._measures = app, settings, measures
        self._hosts = None
        if settings.is_on_loopback:
            names = (*_LOOPBACK_NAMES, settings.host, *settings.other_hosts)
            self._hosts = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sender = _Sender(send)
        started = time.perf_counter()
        try:
            self._refuse(Headers(scope=scope), scope["path"])
            await self._app(scope, _Limited(receive, self._settings.max_body_bytes), sender)
        except Refusal as refusal:
            await _answer(refusal, scope, receive, sender)
        except Exception as error:  # noqa: BLE001 - the boundary: a bug ends one request, not others
            await _answer(failed(error), scope, receive, sender)
        finally:
            seconds = time.perf_counter() - started
            self._measures.count_request(_route(scope), sender.status, seconds)

    def _refuse(self, headers: Headers, path: str) -> None:
        host = headers.get("host", "")
        if self._hosts is not None and _name_of(host) not in self._hosts:
            # Else a page of another site could reach this one by a name that leads here.
            raise Refusal(400, "the Host header is not of this server; ask it as localhost")
        key = self._settings.key
        if key is not None and path not in OPEN_PATHS:
            _refuse_stranger(headers.get("authorization", ""), key.get_secret_value())
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._settings.max_body_bytes:
            raise _too_large(self._settings.max_body_bytes)


class _Sender:
    """Sends with the security headers, and remembers with which status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = _GONE
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


class _Limited:
    """Receives a body as long as it is not too large, whatever its header says."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive, self._max_bytes, self._n_bytes = receive, max_bytes, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._n_bytes += len(message.get("body", b""))
        if self._n_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        return message


async def _answer(refusal: Refusal, scope: Scope, receive: Receive, sender: _Sender) -> None:
    if not sender.has_begun:
        await refusal.response()(scope, receive, sender)


def _refuse_stranger(authorization: str, key: str) -> None:
    scheme, _, given = authorization.partition(" ")
    # Digests are of one length whatever was given, and are compared in constant time.
    digests = [sha256(text.encode("utf-8", "replace")).digest() for text in (given.strip(), key)]
    if scheme.lower() != "bearer" or not hmac.compare_digest(*digests):
        raise Refusal(401, "a key is needed: send it as `Authorization: Bearer KEY`")


def _name_of(host: str) -> str:
    """A Host header without its port.

    >>> _name_of("LocalHost:8000"), _name_of("[::1]:8000"), _name_of("127.0.0.1")
    ('localhost', '[::1]', '127.0.0.1')
    """
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, f"the body is larger than {max_bytes} bytes; send less at a time")


def _route(scope: Scope) -> str:
    """The route's pattern, so that ids do not make a figure each."""
    return getattr(scope.get("route"), "path", "none")
