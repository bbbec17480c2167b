"""A tiny server under load: what it answered, what it refused, what broke, and whether it stayed reachable."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.errors import FootnoteError
from eval import bench_server
from eval.__main__ import main
from eval.bench_server import Load, as_text, load
from eval.cases import Case

CASES = [
    Case("a", "fine?", ("before",)),
    Case("b", "full?"),
    Case("c", "limited?"),
    Case("d", "broken?"),
    Case("e", "crashed?"),
    Case("f", "no JSON?"),
]
REPLY = {"verdict": "answered", "reason": "answered"}


class Handler(BaseHTTPRequestHandler):
    """Answers by the question's words, and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    asked: list[object] = []  # noqa: RUF012 - one list for all

    def do_GET(self) -> None:
        self.reply(200 if self.path == "/healthz" else 404, b"{}")

    def do_POST(self) -> None:
        row = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(row)
        body = json.dumps(REPLY).encode()
        match row["question"]:
            case "full?":
                self.reply(503, body, "0")
            case "limited?":
                self.reply(429, body)
            case "broken?":
                self.reply(200, json.dumps({**REPLY, "reason": "error"}).encode())
            case "crashed?":
                self.reply(500, body)
            case "no JSON?":
                self.reply(200, b"<html>")
            case _:
                self.reply(200, body)

    def reply(self, status: int, body: bytes, retry: str = "") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if retry:
            self.send_header("retry-after", retry)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(bench_server, "AGAIN", 0.1)
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def test_what_came_back_is_counted(server: str) -> None:
    Handler.asked.clear()
    found = load(server, CASES, 2, 1.5)
    assert found.clients == 2
    assert set(found.statuses) == {200, 429, 500, 503}
    assert set(found.errors) == {"reason error", "status 500", "not a reply"}
    assert found.hasty == found.statuses[429]
    assert len(found.spent) == found.statuses[200]
    assert set(found.verdicts) == {"answered"}
    assert found.health
    assert len(found.memory) >= 2
    assert all(m is not None and m > 1 for m in [*found.memory, found.rest])
    assert {"question": "fine?", "history": ["before"]} in Handler.asked


def test_a_calm_server_has_no_error(server: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({"id": "a", "question": "fine?"}), encoding="utf-8")
    arguments = ["bench", "--questions", str(path), "--server", server + "/", "--clients", "3", "--seconds", "1"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("3 clients, ")
    assert "errors    none" in out


def test_the_text() -> None:
    found = Load(32, 10.0, hasty=1, spent=[100.0] * 9 + [900.0], health=[3.0, 4.0], memory=[500.0, 505.0, 510.5])
    found.rest = 502.0
    found.statuses.update({200: 10, 503: 4})
    found.verdicts.update(["answered"] * 10)
    found.errors.update(["status 500"])
    assert as_text(found).split("\n") == [
        "32 clients, 10 s: 10 replies, 1.0 a second",
        "status    200: 10, 503: 4",
        "verdicts  10 answered",
        "latency   p50 100 ms, p95 900 ms, of replies",
        "full      4 refusals (429, 503), 1 of them without Retry-After",
        "health    p99 4 ms, longest 4 ms, 2 looks while loaded",
        "memory    500 MiB at rest; 505, 510 as time went on",
        "          502 MiB at rest again: +0.4%",
        "errors    1 status 500",
    ]


@pytest.mark.parametrize(("path", "message"), [("", "does not answer"), ("/elsewhere", "answers 404")])
def test_where_nothing_is(server: str, path: str, message: str) -> None:
    url = server + path if path else "http://127.0.0.1:9"
    with pytest.raises(FootnoteError, match=message):
        load(url, CASES, 1, 0.1)
