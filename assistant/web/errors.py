"""What is wrong with a request -> the one JSON shape in which every door says so.

`{"error": {"code", "message"}}`; below /v1 with `type` and `param`, as OpenAI's clients expect.
Nothing that the caller sent is repeated, and no cause inside the server is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {404: "not_found", 405: "method_not_allowed"}


class Fault(BaseModel):
    """code: for programs. message: for people, with the cure. type, param: below /v1 alone."""

    code: str
    message: str
    type: str | None = None
    param: str | None = None


class Problem(BaseModel):
    """The body of every answer that is an error."""

    error: Fault


class Refused(Exception):
    """A request that is not answered; retry_after in seconds."""

    def __init__(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


def problem(path: str, refused: Refused, param: str | None = None) -> JSONResponse:
    """The response for a request to `path`."""
    fault: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if path.startswith("/v1/"):
        default = "invalid_request_error" if refused.status < 500 else "server_error"
        fault |= {"type": _TYPES.get(refused.status, default), "param": param}
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": fault}, refused.status, headers)


def answer_errors(app: FastAPI, count: Callable[[str], None]) -> None:
    """Every exception that a route may raise, in our shape; `count` is told the code of who is turned away."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        count(error.code)
        return problem(request.url.path, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = _place(first["loc"])
        said = f"{place}: {first['msg']}." if place else f"{first['msg']}."
        return problem(request.url.path, Refused(422, "invalid_request", said), param=place or None)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "refused")
        shown = problem(request.url.path, Refused(error.status_code, code, str(error.detail)))
        shown.headers.update(error.headers or {})
        return shown


def _place(location: Sequence[str | int]) -> str:
    """`("body", "messages", 0, "content")` -> `messages.0.content`; unknown names are the caller's words."""
    known = [str(part) for part in location[1:] if isinstance(part, int) or part in _FIELDS]
    return ".".join(known)


_FIELDS = {
    "question", "history", "answer", "vote", "reason", "text", "model", "messages", "role", "content",
    "stream", "id", "n",
}  # fmt: skip


POSTED = (400, 401, 403, 408, 413, 415, 422, 429)
"""With which any request that has a body may be turned away."""


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with a Problem."""
    return {status: {"model": Problem, "description": _SAID[status]} for status in statuses}


_SAID = {
    400: "Not JSON, or JSON that cannot be text",
    401: "A token or a key is needed, or the one sent is not valid",
    403: "Another site that the operator has not listed",
    404: "Not found",
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The content type is not application/json",
    422: "A field is missing, wrong or unknown",
    429: "Too many questions; see Retry-After",
    503: "Busy, starting or stopping; see Retry-After",
}
