"""What is sent is sound before anything reads it: a JSON error of 4xx for whatever is not, never a 500."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from assistant.web.settings import WebSettings
from tests.web.doors import FAST, GREEN, visitor

JSON = {"Content-Type": "application/json"}
DOORS = ["/api/ask", "/api/ask/stream", "/v1/chat/completions", "/api/feedback", "/api/session"]
UNSOUND = {
    "lone surrogate": rb'{"question": "\ud800"}',
    "lone surrogate in a name": rb'{"\udfff": "x"}',
    "NaN": b'{"question": NaN}',
    "infinity": b'{"question": "x", "history": [-Infinity]}',
    "invalid UTF-8": b'{"question": "\xff\xfe"}',
    "UTF-16": '{"question": "x"}'.encode("utf-16"),
    "huge int": b'{"question": 1' + b"0" * 5_000 + b"}",
    "deep": b"[" * 7_000 + b"]" * 7_000,
    "deep objects": b'{"a":' * 2_500 + b"1" + b"}" * 2_500,
    "a name twice": b'{"question": "x", "question": "y"}',
    "nothing": b"",
    "cut": b'{"question": "x',
    "two values": b'{"question": "x"} {}',
    "not JSON": b"question=x",
}
WRONG = [
    ({}, "question: Field required."),
    ({"question": None}, "question: Input should be a valid string."),
    ({"question": 1}, "question: Input should be a valid string."),
    ({"question": ["x"]}, "question: Input should be a valid string."),
    ({"question": 1e400}, None),
    ({"question": "x", "history": "y"}, "history: Input should be a valid list."),
    ({"question": "x", "history": [1]}, "history.0: Input should be a valid string."),
    ({"question": "x", "corpus": "/etc"}, "Extra inputs are not permitted."),
    ({"question": "y" * 2_001}, "question: String should have at most 2000 characters."),
    ({"question": "x", "history": ["y" * 2_001]}, "history.0: String should have at most 2000 characters."),
    ([], None),
    ("x", None),
    (None, None),
]


@pytest.fixture(scope="module")
def caller() -> Iterator[TestClient]:
    with visitor(WebSettings(rate=FAST)) as running:
        yield running


@pytest.mark.parametrize("name", UNSOUND)
def test_what_is_not_sound_json_is_said_and_not_repeated(caller: TestClient, name: str) -> None:
    for door in DOORS:
        shown = caller.post(door, content=UNSOUND[name], headers=JSON)
        assert (shown.status_code, shown.headers["content-type"]) == (400, "application/json")
        assert shown.json()["error"]["code"] == "invalid_json"


def test_a_hundred_thousand_brackets_are_too_many_bytes(caller: TestClient) -> None:
    assert caller.post("/api/ask", content=b"[" * 100_000, headers=JSON).status_code == 413


@pytest.mark.parametrize(("body", "said"), WRONG)
def test_a_field_that_is_wrong_is_named_without_what_was_sent(
    caller: TestClient, body: object, said: str | None
) -> None:
    sent = json.dumps(body).replace("Infinity", "1e400")
    shown = caller.post("/api/ask", content=sent, headers=JSON)
    assert (shown.status_code, list(shown.json())) == (422, ["error"])
    if said:
        assert shown.json()["error"] == {"code": "invalid_request", "message": said}


@pytest.mark.parametrize("size", [16_001, 1_000_000, 20_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(caller: TestClient, size: int, chunked: bool) -> None:
    body = b'{"question": "' + b"x" * size + b'"}'
    sent = iter([body[i : i + 4_000] for i in range(0, len(body), 4_000)]) if chunked else body
    began = time.perf_counter()
    shown = caller.post("/api/ask", content=sent, headers=JSON)
    assert (shown.status_code, shown.json()["error"]["code"]) == (413, "too_large")
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/gradio_api/queue/join", "/config", "/healthz", "/nowhere"])
def test_no_door_takes_a_megabyte(caller: TestClient, path: str) -> None:
    assert caller.post(path, content=b"x" * 1_000_000, headers=JSON).status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"]
)
def test_only_json_is_taken_so_that_a_browser_has_to_ask_first(caller: TestClient, kind: str) -> None:
    for door in DOORS:
        shown = caller.post(door, content=b'{"question": "x"}', headers={"Content-Type": kind})
        assert (shown.status_code, shown.json()["error"]["code"]) == (415, "content_type")
    assert (
        caller.post("/api/ask", json=GREEN, headers={"Content-Type": "application/json; charset=utf-8"}).status_code
        == 200
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_another_method_is_named(caller: TestClient, method: str) -> None:
    shown = caller.request(method, "/api/ask", headers=JSON)
    if method in ("GET", "HEAD"):
        assert shown.status_code == 405
        assert shown.headers["allow"] == "POST"
    else:
        assert shown.status_code in (400, 405)


@pytest.mark.parametrize(
    ("question", "verdict", "reason"),
    [
        ("", "abstained", "empty"),
        (" \n\t\u00a0 ", "abstained", "empty"),
        ("?!…", "abstained", "empty"),
        ("!" * 2_000, "abstained", "empty"),
        ("\u200b\u200b", "abstained", "empty"),
        ("I have chest\u200b pa\u200din and cannot breathe", "emergency", None),
        ("\x1b[31mI have chest pain and cannot breathe\r\nX-Evil: 1", "emergency", None),
        ("I have \u202echest pain and cannot breathe", "emergency", None),
        ("I have \u0441hest p\u0430in and cannot breathe", "emergency", None),
    ],
)
def test_a_strange_question_has_a_plain_answer(
    caller: TestClient, question: str, verdict: str, reason: str | None
) -> None:
    reply = caller.post("/api/ask", json={"question": question}).json()
    assert reply["verdict"] == verdict
    assert reason is None or reply["reason"] == reason
    assert "\x1b" not in reply["text"]


def test_three_hundred_words_are_said_to_be_too_long_or_read(caller: TestClient) -> None:
    long = "What is green tea " + "and so on " * 190 + "?"
    assert caller.post("/api/ask", json={"question": long}).status_code == 200
    over = caller.post("/api/ask", json={"question": long + "x" * 200})
    assert over.json()["error"]["message"] == "question: String should have at most 2000 characters."


def test_a_path_that_climbs_finds_nothing(caller: TestClient) -> None:
    for path in ("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "tea.md%00", "%2e%2e/tea.md", "tea.md/"):
        assert caller.get(f"/api/documents/{path}").status_code in (404, 307), path
