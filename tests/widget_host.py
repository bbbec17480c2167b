"""What the widget's tests need: a Footnote that answers by heart, and pages of other sites that carry its widget."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import uvicorn
from fastapi import FastAPI

from assistant.engine import Assistant
from assistant.records import Citation, Document, Reply, Statement
from assistant.source import parse
from assistant.web.app import application
from assistant.web.settings import WebSettings
from tests import fakes

GREEN = "Green tea is brewed at 80 degrees."
LEAF = "Steep 🍵 <img src=x onerror=alert(1)> [leaves](javascript:alert(1)) for two minutes."
LEAFLET = f"""# Leaves 🍃

## Steeping <b onclick=alert(1)>"well"</b>

{"Water that has just boiled is left to stand for a while, as every tea master will tell you. " * 6}

{LEAF} {"A lid keeps the warmth in, and a warmed pot keeps it longer. " * 6}

## Afterwards

{"The leaves may be used again. " * 40}
"""
RELATED, ABSTAINED, REPHRASED, STEEP = "What of mugs?", "Who was Peru?", "In short?", "How long do leaves steep?"
ASKED = "How hot is green tea?"
CHEST = "I have crushing chest pain and I cannot breathe"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script> [a](javascript:alert(1)) ${1+1}"
OFFERED = ("How hot is green tea?", "Where is tea kept?")


def documents() -> tuple[Document, ...]:
    """The two texts of the fakes and a hostile one, with emoji, in a folder."""
    return *fakes.documents(), parse(LEAFLET, "more/leaf let#1.md")


def citation(quote: str) -> Citation:
    """The sentence of `documents()` that begins with `quote`."""
    for document in documents():
        for s in document.sentences:
            if s.text.startswith(quote):
                return Citation(document.id, document.title, s.section, s.text, s.start, s.end, 1.0)
    raise LookupError(quote)


def replies() -> dict[str, Reply]:
    """What is known by heart; anything else goes through the real chain."""
    green, tin, light = citation("Green"), citation("Keep"), citation("Light fades it.")
    told = (
        Statement("Brew green tea at 80 degrees and store it well.", "rephrased", (2, 3)),
        Statement(tin.quote, "quoted", (3,)),
    )
    answered = Reply("", "answered", "answered", green.quote, confidence=0.9)
    refused = Reply("", "abstained", "not_in_source", "The source does not answer that.", suggestions=OFFERED)
    return {
        ASKED: replace(answered, citations=(green,), standalone_question="How hot is green tea brewed?"),
        REPHRASED: replace(answered, citations=(tin, green, light), statements=told, notes=("Read as “tea”.",)),
        STEEP: replace(answered, citations=(citation("Steep"),)),
        ABSTAINED: refused,
        RELATED: replace(refused, related=(light, tin)),
        HOSTILE: replace(
            answered,
            citations=(replace(green, section=HOSTILE, title=HOSTILE),),
            standalone_question=HOSTILE + "?",
            disclaimer=HOSTILE,
            suggestions=(HOSTILE,),
            notes=(HOSTILE,),
        ),
    }


def by_heart() -> Assistant:
    """The fakes' assistant, with `replies` before its chain; `slow` takes a second and a half."""
    made = fakes.assistant(fakes.says())
    made.documents = {d.id: d for d in documents()}
    made.__dict__["suggestions"] = OFFERED
    known, chain = replies(), made.ask

    def ask(question: str, history: Sequence[str] = ()) -> Reply:
        if question.startswith("slow"):
            time.sleep(1.5)
        if question not in known:
            return chain(question, history)
        reply = known[question]
        notice = reply.disclaimer or made.profile.disclaimer(reply.verdict, reply.reason)
        stands_alone = reply.standalone_question or question
        return replace(reply, question=question, standalone_question=stands_alone, disclaimer=notice)

    made.ask = ask  # type: ignore[method-assign]
    return made


def made(settings: WebSettings) -> FastAPI:
    """The whole application, made inside a loop: outside one, Gradio opens its own and leaves it open."""

    async def inside() -> FastAPI:
        return application(by_heart(), settings)

    return asyncio.run(inside())


@contextmanager
def footnote(settings: WebSettings) -> Iterator[str]:
    """The whole application on a free port, in a thread of its own; yields its address."""
    servers: list[uvicorn.Server] = []

    def serve() -> None:
        config = uvicorn.Config(made(settings), port=0, log_level="warning", timeout_graceful_shutdown=1)
        servers.append(uvicorn.Server(config))
        servers[0].run()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    while not (servers and servers[0].started):
        if not thread.is_alive():
            raise RuntimeError("the application did not start")
        time.sleep(0.02)
    yield f"http://127.0.0.1:{servers[0].servers[0].sockets[0].getsockname()[1]}"
    servers[0].should_exit = True
    thread.join(timeout=10)


class Site:
    """Another site: pages by path, each with its headers, and what browsers asked it for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                html, headers = site.pages.get(self.path, ("", {}))
                self.send_response(200 if html else 404)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, path: str, body: str, head: str = "", attributes: str = 'lang="en"', **headers: str) -> str:
        """Its address; headers with underscores for dashes."""
        html = (
            f'<!doctype html><html {attributes}><head><meta charset="utf-8"><title>A site</title>'
            f'<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"{head}</head><body>{body}</body></html>"
        )
        self.pages[path] = (html, {name.replace("_", "-"): value for name, value in headers.items()})
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
