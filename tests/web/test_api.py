"""/api: a whole reply, the same as events, documents; what happens when it breaks, hangs, is full, or is left."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assistant.records import Reply, Statement
from assistant.web.settings import WebSettings
from tests import fakes
from tests.web.doors import FAST, GREEN, Gate, api, assistant, client, serving

NOTICE = "This is what the source says, in general."


@pytest.fixture(scope="module")
def caller() -> Iterator[TestClient]:
    with client(WebSettings(rate=FAST)) as running:
        yield running


def events(text: str) -> list[tuple[str, Any]]:
    """Name and data of each server-sent event."""
    rows = [block.splitlines() for block in text.strip().split("\n\n")]
    assert all(len(row) == 2 for row in rows)
    return [(row[0].removeprefix("event: "), json.loads(row[1].removeprefix("data: "))) for row in rows]


def plain(reply: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from call to call."""
    return {k: v for k, v in reply.items() if k not in ("id", "latency_ms")}


def test_a_reply_is_the_engines_own_with_an_id(caller: TestClient) -> None:
    shown = caller.post("/api/ask", json=GREEN)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/json")
    wanted = json.loads(json.dumps(assistant().ask(GREEN["question"]).as_dict()))
    assert plain(shown.json()) == plain(wanted)
    assert set(shown.json()) == {"id", *wanted}
    document = caller.get("/api/documents/tea.md").json()
    for cited in shown.json()["citations"]:
        assert document["text"][cited["start"] : cited["end"]] == cited["quote"]


def test_history_reaches_the_engine(caller: TestClient) -> None:
    shown = caller.post("/api/ask", json={"question": "And then?", "history": ["I saw a zebra"]})
    assert shown.json()["verdict"] == "emergency"


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("What is green tea?", "answered"),
        ("zebra", "emergency"),
        ("mongoose", "declined"),
        ("hello", "smalltalk"),
        ("", "abstained"),
    ],
)
def test_events_hold_the_same_as_the_whole(caller: TestClient, question: str, verdict: str) -> None:
    whole = caller.post("/api/ask", json={"question": question}).json()
    shown = caller.post("/api/ask/stream", json={"question": question})
    assert shown.headers["content-type"] == "text/event-stream; charset=utf-8"
    rows = events(shown.text)
    assert (rows[0], rows[-1][0]) == (("status", {"state": "reading"}), "done")
    assert plain(rows[-1][1]) == plain(whole)
    assert whole["verdict"] == verdict
    middle = [name for name, _ in rows[1:-1]]
    assert middle == (["citation", "sentence"] if verdict == "answered" else ["sentence"])
    said = [data for name, data in rows if name == "sentence"]
    assert " ".join(s["text"] for s in said) == whole["text"]
    assert [c["citation"] for n, c in rows if n == "citation"] == whole["citations"]


def test_a_language_models_sentences_come_with_where_they_are_from() -> None:
    engine = assistant()
    statement = Statement("Brew it at 80 degrees.", "rephrased", (1,))

    def ask(question: str, _: Sequence[str] = ()) -> Reply:
        cited = (fakes.GREEN,)
        return Reply(question, "answered", "answered", statement.text, citations=cited, statements=(statement,))

    engine.ask = ask  # type: ignore[method-assign, assignment]
    with client(engine=engine) as caller:
        rows = events(caller.post("/api/ask/stream", json=GREEN).text)
        assert [name for name, _ in rows] == ["status", "citation", "sentence", "done"]
        assert rows[2][1] == {"text": "Brew it at 80 degrees.", "provenance": "rephrased", "citations": [1]}
        assert caller.post("/api/ask", json=GREEN).json()["statements"] == [rows[2][1]]


def test_documents_are_listed_and_read(caller: TestClient) -> None:
    listed = caller.get("/api/documents").json()["documents"]
    assert [(d["id"], d["title"], d["characters"]) for d in listed] == [("pots.md", "Pots", 63), ("tea.md", "Tea", 161)]
    pots, tea = fakes.documents()
    read = caller.get("/api/documents/tea.md").json()
    assert (read["text"], read["sha256"]) == (tea.text, tea.sha256)
    assert [s["heading"] for s in read["sections"]] == ["Tea", "Brewing", "Storing"]
    assert caller.get("/api/documents/none.md").json()["error"]["code"] == "not_found"
    assert caller.get("/api/suggestions").json() == {"suggestions": list(assistant().suggestions)}
    assert pots.id == listed[0]["id"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nowhere", "/v1/nowhere", "/v1/"])
def test_what_is_not_there_is_json(caller: TestClient, path: str) -> None:
    shown = caller.get(path)
    assert shown.status_code == 404
    assert shown.headers["content-type"] == "application/json"


def test_docs_are_shown_where_they_are_wanted_and_load_nothing(caller: TestClient) -> None:
    assert caller.get("/docs").status_code == 404
    assert caller.get("/redoc").status_code == 404
    with client(WebSettings(docs=True)) as documented:
        page = documented.get("/docs").text
        assert "POST <code>/api/ask</code>" in page
        assert not [word for word in ("<script", " src=", "http://", "https://") if word in page]


def test_an_engine_that_breaks_is_a_refusal_in_a_refusals_words() -> None:
    engine = assistant()
    engine.gatherer = fakes.Broken()  # type: ignore[assignment]
    with client(engine=engine) as caller:
        reply = caller.post("/api/ask", json=GREEN).json()
        assert (reply["verdict"], reply["reason"], reply["citations"]) == ("abstained", "error", [])
        assert caller.post("/api/ask", json={"question": "zebra"}).json()["verdict"] == "emergency"


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_what_breaks_outside_the_chain_is_a_500_that_tells_nothing(path: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = assistant()

    def ask(question: str, _: Sequence[str] = ()) -> Reply:
        raise RuntimeError(f"canary {question}")

    engine.ask = ask  # type: ignore[method-assign, assignment]
    with client(engine=engine) as caller:
        shown = caller.post(
            path, json={**GREEN, "messages": [{"role": "user", "content": "canary"}]} if "v1" in path else GREEN
        )
        assert (shown.status_code, shown.json()["error"]["message"]) == (500, "Something broke. Please try again.")
        assert "Content-Security-Policy" in shown.headers
        assert "canary" not in shown.text + caplog.text
        assert "a request failed: RuntimeError" in caplog.text


def test_a_slow_answer_holds_up_no_health_check_and_a_full_queue_says_so() -> None:
    gate = Gate()
    with serving(api(WebSettings(rate=FAST, queue=1), engine=gate.engine)) as address:
        statuses: list[int] = []
        asking = [threading.Thread(target=lambda: statuses.append(post(address, GREEN)[0])) for _ in range(2)]
        asking[0].start()
        wait(lambda: gate.begun == 1)
        asking[1].start()
        wait(lambda: "footnote_queue_depth 1.0" in get(address, "/metrics")[1])
        began = time.perf_counter()
        assert get(address, "/healthz")[0] == get(address, "/readyz")[0] == 200
        assert "footnote_busy 1.0" in get(address, "/metrics")[1]
        for path in ("/api/ask", "/api/ask/stream"):
            status, body = post(address, GREEN, path)
            assert (status, json.loads(body)["error"]["code"]) == (503, "busy")
        assert time.perf_counter() - began < 2
        gate.open.set()
        for thread in asking:
            thread.join(10)
        assert statuses == [200, 200]


def test_an_answer_that_hangs_is_a_503_with_the_time_to_come_back() -> None:
    gate = Gate()
    with client(WebSettings(rate=FAST, timeout=0.1), engine=gate.engine) as caller:
        shown = caller.post("/api/ask", json=GREEN)
        assert (shown.status_code, shown.json()["error"]["code"], shown.headers["retry-after"]) == (503, "timeout", "2")
        rows = events(caller.post("/api/ask/stream", json=GREEN).text)
        assert [(name, data.get("error", {}).get("code")) for name, data in rows] == [
            ("status", None),
            ("error", "timeout"),
        ]
        gate.open.set()


@pytest.mark.parametrize("path", ["/api/ask", "/api/ask/stream", "/v1/chat/completions"])
def test_a_client_that_leaves_gives_its_place_back(path: str) -> None:
    gate = Gate()
    app = api(WebSettings(rate=FAST, queue=1), engine=gate.engine)
    pool = app.state.parts.pool
    with serving(app) as address:
        first = threading.Thread(target=post, args=(address, GREEN))
        first.start()
        wait(lambda: gate.begun == 1)
        body = json.dumps(
            {**GREEN} if "api" in path else {"messages": [{"role": "user", "content": "x"}], "stream": True}
        )
        host, port = address.removeprefix("http://").split(":")
        leaver = socket.create_connection((host, int(port)))
        leaver.sendall(
            f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        wait(lambda: pool.depth == 1)
        leaver.close()
        wait(lambda: pool.depth == 0)
        gate.open.set()
        first.join(10)
        wait(lambda: pool.busy == 0)
        assert gate.begun == 1


def post(address: str, body: Any, path: str = "/api/ask") -> tuple[int, str]:
    import httpx

    shown = httpx.post(address + path, json=body, timeout=30)
    return shown.status_code, shown.text


def get(address: str, path: str) -> tuple[int, str]:
    import httpx

    shown = httpx.get(address + path, timeout=30)
    return shown.status_code, shown.text


def wait(true: Any) -> None:
    for _ in range(1_000):
        if true():
            return
        time.sleep(0.01)
    raise TimeoutError
