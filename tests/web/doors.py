"""The real application over the fakes: in this process, or behind a real uvicorn on a free port."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.engine import Assistant
from assistant.records import Reply
from assistant.web.app import application, doors
from assistant.web.parts import Parts
from assistant.web.settings import WebSettings
from tests import fakes

OK = "https://ok.example"
FAST = "100000/minute"
GREEN = {"question": "What is green tea?"}


def assistant() -> Assistant:
    """Answers with the sentence on green tea; a zebra is an emergency."""
    return fakes.assistant(fakes.says(s3=0.9), emergency="zebra", injection="mongoose")


def made(settings: WebSettings | None = None, data: Path | None = None, engine: Assistant | None = None) -> FastAPI:
    """The application, made inside a loop: outside one, Gradio opens its own and leaves it open. The loop is
    another thread's, as Playwright holds this one's."""

    async def make() -> FastAPI:
        return application(engine or assistant(), settings or WebSettings(rate=FAST), data)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, make()).result()


def api(settings: WebSettings | None = None, data: Path | None = None, engine: Assistant | None = None) -> FastAPI:
    """The application without the chat, which takes a moment to make."""
    return doors(Parts.of(engine or assistant(), settings or WebSettings(rate=FAST), data))


def client(
    settings: WebSettings | None = None, data: Path | None = None, engine: Assistant | None = None
) -> TestClient:
    """A caller of the API; what breaks inside is an answer, as on a server."""
    return TestClient(api(settings, data, engine), raise_server_exceptions=False)


def visitor(settings: WebSettings | None = None) -> TestClient:
    """A caller of the API and the chat."""
    return TestClient(made(settings), raise_server_exceptions=False)


class Gate:
    """An engine whose answers wait until they are let through; counts those begun."""

    def __init__(self) -> None:
        self.engine = assistant()
        self.begun = 0
        self.open = threading.Event()
        answer = self.engine.ask

        def ask(question: str, history: Sequence[str] = ()) -> Reply:
            self.begun += 1
            self.open.wait(20)
            return answer(question, history)

        self.engine.ask = ask  # type: ignore[method-assign]


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A real server in a thread; yields its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", ws="none", proxy_headers=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        for route in app.routes:
            if stop := getattr(getattr(route, "app", None), "stop_event", None):
                stop.set()
        server.should_exit = True
        thread.join(10)
        listening.close()
