"""Assistant -> one web application: the chat mounted in FastAPI, closed to other sites."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.chat import chat, look
from assistant.engine import Assistant

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
        "base-uri 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every response; Gradio needs its inline scripts, and nothing may come from another host."""


def application(assistant: Assistant) -> FastAPI:
    """The chat at /, /healthz beside it. Without the parent's own CORS middleware a mounted
    Gradio app would answer any origin."""
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(Closed)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    gr.mount_gradio_app(app, chat(assistant), path="/", show_error=False, ssr_mode=False, **look())
    return app


class Closed:
    """HEADERS on every response. Plain ASGI: a browser that leaves half-way is no error of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; adds to the first message of a response."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name != "Cache-Control" or "/assets/" not in scope.get("path", ""):
                        headers[name] = value
            await send(message)

        await self.app(scope, receive, closing)
