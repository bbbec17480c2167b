"""One line of JSON a request: which route, how it ended, how long it took; never a question.

Of a path only the route's template is written, as a path may hold what somebody typed; query strings
are left out. An exception that no route has handled ends here, as a generic error.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import unicodedata

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.errors import Refused, problem

log = logging.getLogger("footnote.access")
faults = logging.getLogger("footnote")

QUIET = ("/assets/", "/static/", "/svelte/", "/gradio_api/heartbeat")
"""The chat's own files, and the stream that each open page holds."""
_CHAT = frozenset(("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"))


class Logged:
    """Writes the line, and turns what broke into a 500 that tells nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Plain ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, size = time.perf_counter(), 0, 0

        async def counting(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            size += len(message.get("body", b""))
            await send(message)

        path = scope["path"]
        try:
            await self.app(scope, receive, counting)
        except Exception as error:
            faults.error("a request failed: %s", type(error).__name__, exc_info=faults.isEnabledFor(logging.DEBUG))
            if not status:
                refused = Refused(500, "error", "Something broke. Please try again.")
                await problem(path, refused)(scope, receive, counting)
        finally:
            if not path.startswith(QUIET):
                row = {"route": _route(scope, path), "status": status, "bytes": size}
                log.info("request", extra={"row": {"method": _method(scope), **row, "ms": _ms(began)}})


def _route(scope: Scope, path: str) -> str:
    template = getattr(scope.get("route"), "path_format", None) or getattr(scope.get("route"), "path", None)
    if isinstance(template, str) and template:
        return template
    return path if path in _CHAT or path.startswith("/gradio_api/queue/") else "(other)"


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "(other)"


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)


class AsJson(logging.Formatter):
    """A record as one line; what steers a terminal or ends a line is taken out."""

    def format(self, record: logging.LogRecord) -> str:
        """The time, the level, the message, and a request's row."""
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z"
        row = {"time": when, "level": record.levelname.lower(), "message": record.getMessage()}
        row |= getattr(record, "row", {})
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        return json.dumps({key: _plain(value) for key, value in row.items()})


def write_logs() -> None:
    """Sends Footnote's own records to stderr; called by the entry point."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson())
    for name, level in (("footnote", logging.WARNING), ("footnote.access", logging.INFO)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.handlers[:] = [handler]
        logger.propagate = False


def _plain(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " " for c in value)
