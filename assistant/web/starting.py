"""A server that answers health checks while the models load, and everything once they have.

Liveness is not readiness: /healthz is 200 from the first moment, /readyz is 503 until the engine has
answered a question of its own. Whatever else is asked in the meantime is told to come back.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from assistant.web.errors import Refused, problem

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.engine import Assistant

WAIT = 5
"""Seconds after which to ask again."""

ANY_SITE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Expose-Headers": "Retry-After",
}
"""Which sites are listed is asked later: "come back" is no secret, and a widget that may not read it takes it for
a refusal."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2">
<title>Footnote is starting</title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
body { margin: 20vh auto; max-width: 30rem; padding: 0 1rem; }
</style>
<main>
<h1>Footnote is starting</h1>
<p role="status">It is loading its models. This page opens the chat by itself when that is done.</p>
</main>
</html>
"""
"""What a person in a browser sees in the meantime."""


class Starting:
    """load: () -> Assistant, warm, in a thread of its own. make: Assistant -> application. opened: called once it
    answers. failed: called with what went wrong instead."""

    def __init__(
        self,
        load: Callable[[], Assistant],
        make: Callable[[Assistant], FastAPI],
        opened: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.load = load
        self.make = make
        self.opened = opened
        self.failed = failed
        self.application: FastAPI | None = None
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Plain ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await (self.application or _closed)(scope, receive, send)

    def stop(self) -> None:
        """From now on no question is taken; those being answered are finished."""
        if self.application is None:
            return
        self.application.state.parts.pool.draining = True
        for route in self.application.routes:
            # Each open page holds a stream of Gradio's; it would keep the server waiting.
            if stop := getattr(getattr(route, "app", None), "stop_event", None):
                stop.set()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        opening = asyncio.create_task(self._open())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._closing.set()
        if self.application is None:
            opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> None:
        try:
            application = self.make(await _in_a_thread(self.load))
            async with application.router.lifespan_context(application):
                _settle()
                self.application = application
                self.opened()
                await self._closing.wait()
        except Exception as error:
            self.failed(error)


def _settle() -> None:
    """What is loaded by now stays: the collector need not walk it again (650,000 objects, a third of a second in
    which nothing is answered, not even a health check)."""
    gc.collect()
    gc.freeze()


async def _in_a_thread(load: Callable[[], Assistant]) -> Assistant:
    """A daemon: a stop while the models load does not wait for them."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Assistant] = loop.create_future()

    def tell(found: Assistant | Exception) -> None:
        if not done.done():
            done.set_exception(found) if isinstance(found, Exception) else done.set_result(found)

    def run() -> None:
        found: Assistant | Exception
        try:
            found = load()
        except Exception as error:
            found = error
        with suppress(RuntimeError):  # stopped in the meantime
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=run, name="footnote-loading", daemon=True).start()
    return await done


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope.get("path", "")
    response: Response
    if path == "/healthz":
        response = JSONResponse({"status": "ok"})
    elif path == "/readyz":
        response = JSONResponse({"status": "starting"}, 503, {"Retry-After": str(WAIT)})
    elif scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
        # In any frame: it holds nothing to misuse, and a widget's frame that opens it comes to life by itself.
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        response = HTMLResponse(PAGE, 503, {"Retry-After": str(WAIT), "Content-Security-Policy": policy})
    elif scope["method"] == "OPTIONS":
        response = Response(status_code=204, headers=ANY_SITE)
    else:
        response = problem(path, Refused(503, "starting", "Footnote is loading its models.", WAIT))
        response.headers.update(ANY_SITE)
    response.headers["Cache-Control"] = "no-store"
    await response(scope, receive, send)
