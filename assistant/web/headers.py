"""Headers on every response: what a browser may do with it, and that it is not kept."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def headers(origins: Sequence[str] = ()) -> dict[str, str]:
    """Gradio needs its inline scripts; nothing may come from another host, and only listed origins may frame us."""
    framing = " ".join(["'self'", *origins])
    return {
        "Content-Security-Policy": (
            "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
            f"base-uri 'self'; frame-ancestors {framing}"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


class Closed:
    """Adds the headers. Plain ASGI: a browser that leaves half-way is no error of ours."""

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        self.app = app
        self.headers = headers(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; adds to the first message of a response. Files that never change may be kept."""

        path = scope.get("path", "")

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    if name in found and path.startswith(("/widget", "/embed", "/source/")):
                        continue  # pages with a stricter policy, and files that are asked for by their ETag
                    if name != "Cache-Control" or "/assets/" not in path:
                        found[name] = value
            await send(message)

        await self.app(scope, receive, closing)
