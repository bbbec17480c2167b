"""Assistant -> one web application: the API, the OpenAI-compatible door and the chat, behind the same guards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import gradio as gr
from fastapi import Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from starlette.routing import Match

from assistant import __version__
from assistant.chat import chat, look
from assistant.engine import Assistant
from assistant.web.api import api
from assistant.web.bodies import Bodies
from assistant.web.completions import completions
from assistant.web.docs import docs
from assistant.web.errors import Refused, answer_errors, problem
from assistant.web.headers import Closed
from assistant.web.logs import Logged
from assistant.web.models import Health
from assistant.web.origins import Origins
from assistant.web.parts import Parts
from assistant.web.settings import WebSettings
from assistant.web.widget import widget

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_ABOUT = """Answers only what the source says, in the source's own sentences, and shows where each one stands.

From a page of another site, which the operator lists in FOOTNOTE_ORIGINS: POST /api/session, then send
`Authorization: Bearer TOKEN`. Errors are `{"error": {"code", "message"}}`."""


def application(assistant: Assistant, settings: WebSettings | None = None, data: Path | None = None) -> FastAPI:
    """Everything, wired. data: the folder with the keys; without it there are none.

    Raises FootnoteError where the feedback's database cannot be opened.
    """
    app = doors(Parts.of(assistant, settings or WebSettings(), data))
    gr.mount_gradio_app(app, chat(app.state.parts), path="/", show_error=False, ssr_mode=False, **look())
    return app


def doors(parts: Parts) -> FastAPI:
    """Everything but the chat."""

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncIterator[None]:
        yield
        await parts.close()

    app = FastAPI(
        title="Footnote", version=__version__, docs_url=None, redoc_url=None, description=_ABOUT, lifespan=closing
    )
    app.state.parts = parts
    guard(app, parts.settings)
    answer_errors(app, parts.metrics.refuse)
    app.include_router(api(parts))
    app.include_router(completions(parts))
    app.include_router(widget(parts))
    watch(app, parts)
    if parts.settings.docs:
        docs(app)
    nothing_else(app)
    return app


def guard(app: FastAPI, settings: WebSettings) -> None:
    """The guards, the innermost first: a request meets them from the last to the first."""
    app.add_middleware(Bodies)
    app.add_middleware(
        CORSMiddleware,  # without the parent's own, a mounted Gradio app would answer any origin
        allow_origins=settings.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Retry-After"],
    )
    app.add_middleware(Origins, settings=settings)
    app.add_middleware(Logged)
    app.add_middleware(Closed, origins=settings.origins)


def watch(app: FastAPI, parts: Parts) -> None:
    """/healthz: the process answers. /readyz: questions are taken. /metrics."""

    @app.get("/healthz", tags=["Operation"])
    async def healthz() -> Health:
        """Whether the process is alive."""
        return Health(status="ok")

    @app.get("/readyz", tags=["Operation"], responses={503: {"model": Health, "description": "Starting or stopping"}})
    async def readyz() -> Response:
        """Whether questions are taken: the models are loaded, and the server is not being stopped."""
        stopping = parts.pool.draining
        return JSONResponse({"status": "stopping" if stopping else "ready"}, 503 if stopping else 200)

    @app.get("/metrics", tags=["Operation"], dependencies=[Depends(parts.access.caller)], response_class=Response)
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(parts.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


def nothing_else(app: FastAPI) -> None:
    """Below /api and /v1 the chat is not asked: 404, or 405 where only the method is wrong."""
    ours = list(app.routes)

    async def none(request: Request) -> Response:
        asked = {method: {**request.scope, "method": method} for method in METHODS}
        allowed = ", ".join(m for m, scope in asked.items() if any(r.matches(scope)[0] is Match.FULL for r in ours))
        if not allowed:
            raise Refused(404, "not_found", "Not found.")
        shown = problem(request.url.path, Refused(405, "method_not_allowed", f"Only {allowed} is answered here."))
        shown.headers["Allow"] = allowed
        return shown

    for door in ("/api/{rest:path}", "/v1/{rest:path}"):
        app.add_route(door, none, METHODS, include_in_schema=False)
