"""Assistant -> one web application: the chat mounted in FastAPI, closed to other sites."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import gradio as gr
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware

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

    @app.middleware("http")
    async def closed(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            if name != "Cache-Control" or "/assets/" not in request.url.path:
                response.headers[name] = value
        return response

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    gr.mount_gradio_app(app, chat(assistant), path="/", show_error=False, ssr_mode=False, **look())
    return app
