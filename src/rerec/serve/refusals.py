"""What the server refuses, and how it says so: a sentence in JSON, in the shape of OpenAI's errors.

Nothing of a request is repeated in it, and nothing of the program is shown.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

_log = logging.getLogger(__name__)
_KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


class Refusal(HTTPException):
    """A request is not answered, or not any further.

    FastAPI lets an HTTPException through where a body is read, and hides any other error.
    """

    def __init__(
        self, status: int, message: str, *, retry_s: int | None = None, param: str | None = None
    ) -> None:
        """Store what is to be said.

        Args:
            status: of HTTP.
            message: one sentence for whoever asked.
            retry_s: seconds after which the same request may be answered.
            param: the field of the request that is meant.
        """
        super().__init__(status, message)
        self.status, self.message, self.retry_s, self.param = status, message, retry_s, param

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent.

        >>> Refusal(404, "there is no such item").body["error"]["type"]
        'not_found_error'
        """
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {
            "message": self.message,
            "type": _KINDS.get(self.status, kind),
            "param": self.param,
            "code": None,
        }
        return {"error": error}

    def response(self) -> JSONResponse:
        """The whole response."""
        headers = {} if self.retry_s is None else {"Retry-After": str(self.retry_s)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.body, self.status, headers)


def failed(error: Exception) -> Refusal:
    """What is said of a bug: nothing but that there is one. The log says what and where."""
    _log.error("%s", place_of(error))
    return Refusal(500, "the server failed at this request; its log says where")


def place_of(error: BaseException) -> str:
    """What a bug is and where, without its message: that may hold what somebody asked.

    >>> try: int("a secret")
    ... except ValueError as error: print(place_of(error))
    ValueError at <doctest rerec.serve.refusals.place_of[0]>:1
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-6:]]
    return f"{type(error).__name__} at {' > '.join(places)}"


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler of a `Refusal`."""
    del request
    assert isinstance(error, Refusal)
    return error.response()


async def refuse_http(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler of what its router refuses: unknown paths, methods that are none."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return Refusal(404, f"there is nothing under this address; see {_docs(request)}").response()
    sentence = str(error.detail)[:1].lower() + str(error.detail)[1:]
    response = Refusal(error.status_code, sentence).response()
    response.headers.update(error.headers or {})
    return response


async def refuse_invalid(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler of a body or a path that is not what was asked for."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    # OpenAI answers 400 where others answer 422, and its clients tell the two apart.
    status = 400 if request.url.path.startswith("/v1/") else 422
    is_field = first["type"] != "json_invalid" and len(first["loc"]) > 1
    param = _field(first["loc"]) if is_field else None
    return Refusal(status, sentence_of(first), param=param).response()


def sentence_of(error: Mapping[str, Any]) -> str:
    """One fault that pydantic found, as a sentence.

    >>> sentence_of({"type": "missing", "loc": ("body", "text"), "msg": "Field required"})
    '`text`: field required'
    >>> sentence_of({"type": "dict_type", "loc": ("body",), "msg": "Input should be an object"})
    'the body is no JSON object with Content-Type: application/json'
    """
    if error["type"] == "json_invalid":
        reason = error.get("ctx", {}).get("error", "")
        return f"the body is not JSON: {reason} at character {error['loc'][-1]}"
    field = _field(error["loc"])
    if not field:
        return "the body is no JSON object with Content-Type: application/json"
    reason = error["msg"].removeprefix("Value error, ")
    return f"`{field}`: {reason[:1].lower()}{reason[1:]}"


def _field(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location[1:])


def _docs(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/docs"
