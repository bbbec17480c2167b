"""Another site's page gets nothing until it is listed: on every route, the chat's and preflights included."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from assistant.web.headers import headers
from assistant.web.settings import WebSettings
from tests.web.doors import FAST, GREEN, OK, visitor

SECOND = "https://second.example:8443"
EVIL = [
    "https://evil.example",
    "null",
    "https://ok.example.evil",
    "https://evil-ok.example",
    "http://ok.example",
    "https://ok.example:444",
    "https://OK.example",
    "https://ok.example/",
    "https://user@ok.example",
    "https://ok.example, https://evil.example",
    "http://testserver.evil",
    "http://evil@testserver",
    "http://[",
    "file://",
    "chrome-extension://abcdef",
    "",
]
GETS = ["/", "/config", "/healthz", "/readyz", "/metrics", "/openapi.json", "/api/documents", "/api/documents/tea.md"]
GETS += ["/api/suggestions", "/v1/models", "/gradio_api/info", "/theme.css", "/nowhere", "/api/nowhere"]
POSTS = ["/api/ask", "/api/ask/stream", "/api/session", "/api/feedback", "/v1/chat/completions"]
POSTS += ["/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/component_server", "/healthz", "/nowhere"]


@pytest.fixture(scope="module")
def caller() -> Iterator[TestClient]:
    with visitor(WebSettings(origins=(OK, SECOND), rate=FAST)) as running:
        yield running


@pytest.mark.parametrize("origin", EVIL)
def test_a_foreign_page_may_not_read_or_send(caller: TestClient, origin: str) -> None:
    for path in GETS:
        shown = caller.get(path, headers={"Origin": origin})
        assert "access-control-allow-origin" not in shown.headers, path
    for path in POSTS:
        sent = caller.post(path, json=GREEN, headers={"Origin": origin})
        assert (path, sent.status_code, sent.json()["error"]["code"]) == (path, 403, "origin_refused")
        assert "access-control-allow-origin" not in sent.headers
    for path in [*GETS, *POSTS]:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        preflight = caller.options(path, headers=asked)
        assert preflight.status_code in (400, 403)
        assert "access-control-allow-origin" not in preflight.headers


def test_a_chat_that_lists_nobody_answers_nobody_elsewhere() -> None:
    with visitor() as closed:
        assert closed.post("/api/ask", json=GREEN, headers={"Origin": OK}).status_code == 403
        assert closed.post("/api/ask", json=GREEN, headers={"Origin": "http://testserver"}).status_code == 200
        assert closed.post("/api/ask", json=GREEN).status_code == 200


@pytest.mark.parametrize("origin", [OK, SECOND])
def test_a_listed_page_is_answered_by_its_exact_name(caller: TestClient, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = caller.options(
        "/api/ask", headers={**asked, "Access-Control-Request-Headers": "authorization, content-type"}
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert {"GET", "POST"} == set(preflight.headers["access-control-allow-methods"].split(", "))
    token = caller.post("/api/session", json={}, headers={"Origin": origin}).json()["token"]
    shown = caller.post("/api/ask", json=GREEN, headers={"Origin": origin, "Authorization": f"Bearer {token}"})
    assert shown.status_code == 200
    assert shown.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in shown.headers
    assert "Origin" in shown.headers["vary"]


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("chat.example", "https://chat.example", 200),
        ("chat.example", "http://chat.example", 200),
        ("chat.example:443", "https://chat.example", 200),
        ("chat.example:7860", "http://chat.example:7860", 200),
        ("CHAT.example", "https://chat.example", 200),
        ("[::1]:7860", "http://[::1]:7860", 200),
        ("chat.example:7860", "http://chat.example", 403),
        ("chat.example", "http://chat.example:7860", 403),
        ("chat.example", "https://chat.example.evil", 403),
    ],
)
def test_a_page_of_ours_has_the_host_that_it_asks(caller: TestClient, host: str, origin: str, status: int) -> None:
    shown = caller.post("/api/ask", json=GREEN, headers={"Host": host, "Origin": origin})
    assert shown.status_code == status


def test_two_origins_are_none(caller: TestClient) -> None:
    sent = [("Origin", OK), ("Origin", "http://testserver"), ("Content-Type", "application/json")]
    assert caller.post("/api/ask", content=b'{"question": "x"}', headers=sent).status_code == 403


def test_every_response_carries_the_headers(caller: TestClient) -> None:
    wanted = headers((OK, SECOND))
    assert wanted["Content-Security-Policy"].endswith(f"frame-ancestors 'self' {OK} {SECOND}")
    shown = [caller.get(path) for path in GETS]
    shown += [caller.post(path, content=b"{", headers={"Content-Type": "application/json"}) for path in POSTS]
    shown += [caller.post("/api/ask", json=GREEN, headers={"Origin": "null"}), caller.get("/api/ask")]
    for response in shown:
        assert {name: response.headers.get(name) for name in wanted} == wanted, response.url


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:7860", 200), ("127.0.0.1", 200), ("[::1]:7860", 200), ("evil.example", 403), ("", 403), ("[::1", 403)],
)
def test_only_the_names_of_this_server_are_answered(host: str, status: int) -> None:
    with visitor(WebSettings(hosts=("localhost", "127.0.0.1", "[::1]"), rate=FAST)) as local:
        assert local.get("/config", headers={"Host": host}).status_code == status
        assert local.get("/readyz", headers={"Host": host}).status_code == 200


def test_gradio_doors_without_a_use_are_shut(caller: TestClient) -> None:
    files = {"files": ("x.txt", b"x")}
    assert caller.post("/gradio_api/upload", files=files).status_code == 404
    assert caller.get("/gradio_api/proxy=https://evil.example/").status_code == 404
    assert caller.get("/gradio_api/file=https://evil.example/x").status_code == 404
    assert caller.get("/gradio_api/info").status_code == 200


@pytest.mark.parametrize("path", ["/gradio_api/deep_link", "/monitoring", "/monitoring/summary", "/gradio_api/runs"])
def test_no_door_writes_or_shows_what_others_asked(caller: TestClient, path: str) -> None:
    assert caller.get(path, params={"session_hash": "x"}).status_code == 404
