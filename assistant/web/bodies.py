"""A request's body, read and checked before anything else sees it: its size, its type, and that it is sound JSON.

Stock FastAPI takes 20 MB, and answers 500 to `"\\ud800"` and NaN.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.errors import Refused, problem

LARGEST = 16_000
"""Bytes of a body."""
LARGEST_CHAT = 64_000
"""Below /v1, where a client sends the whole conversation each time, and for the chat page, which says itself that a
question is too long."""
PATIENCE = 10.0
"""Seconds for a body to arrive."""
GRADIO = "/gradio_api/"
USED = (
    "queue/join", "queue/data", "run/predict", "component_server", "cancel", "heartbeat/", "startup-events",
    "theme.css", "info",
)  # fmt: skip
"""What the chat page asks of Gradio. Its other doors stay shut: they take files, fetch from other hosts, or write a
conversation to the disk (deep_link)."""
SHUT = "/monitoring"
"""Gradio's door outside of that folder: who asked how often."""


class Bodies:
    """Passes on a body that is whole; the application reads it from memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Plain ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await _read(scope, receive)
        except Refused as refused:
            response = problem(scope["path"], refused)
            response.headers["Connection"] = "close"  # what is left of the body is not waited for
            await response(scope, receive, send)
            return
        if body is not None:
            await self.app(scope, _replayed(body, receive), send)


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The body, or None where the client has left."""
    path, headers = scope["path"], Headers(scope=scope)
    if path.startswith(SHUT) or (path.startswith(GRADIO) and not path.removeprefix(GRADIO).startswith(USED)):
        raise Refused(404, "not_found", "Not found.")
    most = LARGEST if path.startswith("/api/") else LARGEST_CHAT
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 9 or int(declared) > most:
        raise _large(most)
    is_json = path.startswith(("/api/", "/v1/")) and scope["method"] not in ("GET", "HEAD", "OPTIONS")
    if is_json and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "content_type", "Send a JSON object, as Content-Type: application/json.")
    try:
        async with asyncio.timeout(PATIENCE):
            body = await _whole(receive, most)
    except TimeoutError:
        raise Refused(408, "slow", "The body did not arrive in time.") from None
    if is_json and body is not None:
        check_json(body)
    return body


async def _whole(receive: Receive, most: int) -> bytes | None:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > most:
            raise _large(most)
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever comes: that the client has left."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def check_json(body: bytes) -> None:
    """Raises Refused, 400, unless it is JSON without NaN, names given twice, lone surrogates, or depth and numbers
    beyond all use."""
    try:
        found = json.loads(
            body.decode("utf-8"), parse_constant=_no_number, parse_int=_number, object_pairs_hook=_unique
        )
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_json", "The body is not sound JSON in UTF-8.") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _number(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("a number of more than 20 digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name twice in one object")
    return made


def _large(most: int) -> Refused:
    return Refused(413, "too_large", f"A body has at most {most:,} bytes.")
