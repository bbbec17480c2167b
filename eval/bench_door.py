"""an assistant, questions -> what asking over the API takes, beside asking the assistant alone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

import httpx
import uvicorn

from assistant.engine import Assistant
from assistant.records import Reply
from assistant.web.app import doors
from assistant.web.parts import Parts
from assistant.web.settings import WebSettings
from eval.cases import Case
from eval.score import quantile

UNLIMITED = "1000000/second"
"""A limit that a benchmark does not meet: it asks from one address."""


def line(assistant: Assistant, cases: Sequence[Case]) -> str:
    """Median and 95th percentile of `door`."""
    over = door(assistant, cases)
    p50, p95 = quantile(over, 0.5) or 0.0, quantile(over, 0.95) or 0.0
    return f"{'/api/ask over Assistant.ask':32} {p50:6.1f} ms  ({p95:.1f} ms the 95th percentile of {len(over)})"


def door(assistant: Assistant, cases: Sequence[Case]) -> list[float]:
    """Milliseconds that each question takes by the real API on a real socket, less those inside `assistant.ask`."""
    spent: list[float] = []

    def timed(question: str, history: Sequence[str]) -> Reply:
        began = time.perf_counter()
        reply = assistant.ask(question, history)
        spent.append(1000 * (time.perf_counter() - began))
        return reply

    parts = Parts.of(assistant, WebSettings(rate=UNLIMITED), None)
    parts.pool.ask = timed
    over: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(doors(parts), log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as http:
                for case in cases:
                    began = time.perf_counter()
                    http.post("/api/ask", json={"question": case.question, "history": list(case.history)})
                    over.append(1000 * (time.perf_counter() - began) - spent[-1])
        finally:
            server.should_exit = True
            thread.join()
    return over
