"""Logs and counts: one line of JSON a request, with a route and never a question."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from assistant.records import Reply
from assistant.web.logs import AsJson, write_logs
from assistant.web.metrics import Metrics
from assistant.web.pool import Pool
from assistant.web.settings import WebSettings
from tests.web.doors import FAST, visitor

CANARY = "canary-7f3a"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def caller() -> Iterator[TestClient]:
    with visitor(WebSettings(rate=FAST)) as running:
        yield running


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "footnote.access")
    return caplog


def rows(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(AsJson().format(r)) for r in caplog.records if r.name == "footnote.access"]


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("POST", "/api/ask", "/api/ask", 200),
        ("GET", f"/api/documents/{CANARY}", "/api/documents/{id}", 404),
        ("GET", f"/api/{CANARY}", "(other)", 404),
        ("GET", f"/{CANARY}?q={CANARY}", "(other)", 404),
        ("GET", f"/healthz?q={CANARY}", "/healthz", 200),
        ("GET", "/", "/", 200),
        ("GET", f"/gradio_api/{CANARY}", "(other)", 404),
    ],
)
def test_a_request_is_one_line_without_what_was_typed(
    caller: TestClient, lines: pytest.LogCaptureFixture, method: str, path: str, route: str, status: int
) -> None:
    body = json.dumps({"question": f"{CANARY}\r\n\x1b[31m"}) if method == "POST" else None
    caller.request(method, path, content=body, headers=JSON)
    (row,) = rows(lines)
    assert set(row) == {"time", "level", "message", "method", "route", "status", "bytes", "ms"}
    assert (row["method"], row["route"], row["status"]) == (method, route, status)
    assert CANARY not in lines.text


def test_a_pages_own_files_are_not_logged(caller: TestClient, lines: pytest.LogCaptureFixture) -> None:
    caller.get("/static/img/logo.svg")
    caller.get("/assets/nothing.js")
    assert rows(lines) == []


@pytest.mark.parametrize(
    "text", ["a\r\nb", "\x1b[31mred\x1b[0m", "a\u2028b\u2029", "\u202egnp.exe", "\x00\x07\x9b1m", '{"a": 1}']
)
def test_a_line_stays_a_line_and_steers_no_terminal(text: str) -> None:
    record = logging.LogRecord("footnote", logging.ERROR, "x.py", 1, "%s", (text,), None)
    record.row = {"route": text}
    line = AsJson().format(record)
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert all(c.isprintable() for value in json.loads(line).values() for c in value)


def test_logs_go_to_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write_logs()
    write_logs()
    logging.getLogger("footnote").error("broken: %s", "MemoryError")
    logging.getLogger("footnote.access").info("request", extra={"row": {"status": 200}})
    out, err = capsys.readouterr()
    shown = [json.loads(line) for line in err.splitlines()]
    assert (out, [row["message"] for row in shown], shown[1]["status"]) == ("", ["broken: MemoryError", "request"], 200)


def test_verdicts_reasons_seconds_and_places_are_counted(caller: TestClient) -> None:
    for question in ("What is green tea?", "zebra", "zebra", "hello", ""):
        caller.post("/api/ask", json={"question": question})
    page = caller.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'footnote_answers_total{reason="emergency.classifier",verdict="emergency"} 2.0',
        'footnote_refusals_total{reason="emergency.classifier"} 2.0',
        'footnote_refusals_total{reason="empty"} 1.0',
        "footnote_queue_depth 0.0",
        "footnote_busy 0.0",
        "footnote_answer_seconds_count",
    ):
        assert line in page.text
    assert 'footnote_refusals_total{reason="answered"}' not in page.text


def test_what_became_of_the_models_requests_is_counted() -> None:
    counts = Counter({"asked": 3, "fault.number": 2})
    metrics = Metrics(Pool(lambda *_: Reply("q", "abstained", "", "")), counts)
    assert 'footnote_model_events_total{event="asked"} 3.0' in metrics.page().decode()
    counts["asked"] += 1
    assert 'footnote_model_events_total{event="asked"} 4.0' in metrics.page().decode()
    assert 'footnote_model_events_total{event="fault.number"} 2.0' in metrics.page().decode()


def test_who_is_turned_away_is_counted() -> None:
    with visitor(WebSettings(rate="1/minute")) as flood:
        for _ in range(3):
            flood.post("/api/ask", json={"question": "x"})
        assert 'footnote_turned_away_total{code="rate_limited"} 2.0' in flood.get("/metrics").text
