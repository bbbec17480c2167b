"""Alive before it is ready, ready when it is warm; at a stop, answers in flight are finished."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import app
from assistant.engine import Assistant
from assistant.errors import ModelError
from assistant.settings import ROOT, Settings
from assistant.web.settings import WebSettings
from assistant.web.starting import Starting
from tests import fakes
from tests.browser import PATIENCE
from tests.web.doors import FAST, GREEN, Gate, api, assistant, client

ASKED = {"question": "What does applying moist heat do?"}


def test_a_warm_assistant_has_everything_loaded() -> None:
    warm = assistant()
    warm.warm()
    assert "suggestions" in vars(warm)
    broken = assistant()
    broken.gatherer = fakes.Broken()  # type: ignore[assignment]
    with pytest.raises(MemoryError):
        broken.warm()


@pytest.mark.parametrize(
    ("host", "hosts", "answered"),
    [
        ("127.0.0.1", (), ("localhost", "127.0.0.1", "[::1]")),
        ("::1", (), ("localhost", "127.0.0.1", "[::1]")),
        ("127.0.0.2", (), ("localhost", "127.0.0.1", "[::1]", "127.0.0.2")),
        ("0.0.0.0", (), ()),
        ("127.0.0.1", ("chat.example",), ("chat.example",)),
    ],
)
def test_on_this_machine_alone_only_its_names_are_answered(host: str, hosts: tuple[str, ...], answered: Any) -> None:
    settings = Settings(web=WebSettings(hosts=hosts))
    assert app.at(settings, host).web.hosts == answered


class Door:
    """A Starting served by a real uvicorn; its engine is loaded when it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.loading = threading.Event()
        self.opened = threading.Event()
        self.failures: list[Exception] = []
        self.gate = Gate()

        def load() -> Assistant:
            self.loading.wait(20)
            if error:
                raise error
            return self.gate.engine

        def make(engine: Assistant) -> Any:
            from assistant.web.app import application

            return application(engine, WebSettings(rate=FAST))

        self.door = Starting(load, make, self.opened.set, self.failures.append)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        shown = httpx.get(self.address + path, timeout=30)
        return shown.status_code, shown.json()


@pytest.fixture
def door() -> Iterator[Door]:
    yield from served(Door())


def served(door: Door) -> Iterator[Door]:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(door.door, log_level="error", ws="none", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door.listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield door
    finally:
        door.loading.set()
        door.gate.open.set()
        door.door.stop()
        server.should_exit = True
        thread.join(20)
        gc.unfreeze()
        door.listening.close()


def test_it_is_alive_before_it_is_ready(door: Door) -> None:
    assert door.get("/healthz") == (200, {"status": "ok"})
    assert door.get("/readyz") == (503, {"status": "starting"})
    status, body = door.get("/api/documents")
    assert (status, body["error"]["code"]) == (503, "starting")
    assert door.get("/v1/models")[1]["error"]["type"] == "server_error"
    preflight = httpx.options(f"{door.address}/api/session")
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert httpx.post(f"{door.address}/api/session", json={}).headers["Access-Control-Allow-Origin"] == "*"
    page = httpx.get(door.address, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Footnote is starting" in page.text
    assert 'http-equiv="refresh"' in page.text
    assert "frame-ancestors" not in page.headers["Content-Security-Policy"], "a frame of it opens the widget by itself"
    door.loading.set()
    assert door.opened.wait(30)
    assert door.get("/readyz") == (200, {"status": "ready"})
    assert door.get("/api/documents")[0] == 200
    assert gc.get_freeze_count() > 0, "what is loaded is not walked again by the collector"


def test_a_stop_finishes_what_is_being_answered_and_takes_nothing_new(door: Door) -> None:
    door.loading.set()
    assert door.opened.wait(30)
    answered: list[int] = []
    asking = threading.Thread(
        target=lambda: answered.append(httpx.post(f"{door.address}/api/ask", json=GREEN, timeout=30).status_code)
    )
    asking.start()
    while not door.gate.begun:
        time.sleep(0.01)
    door.door.stop()
    assert door.get("/readyz") == (503, {"status": "stopping"})
    shown = httpx.post(f"{door.address}/api/ask", json=GREEN, timeout=30)
    assert (shown.status_code, shown.json()["error"]["code"]) == (503, "stopping")
    assert int(shown.headers["retry-after"]) > 0
    door.gate.open.set()
    asking.join(20)
    assert answered == [200]


def test_what_stands_in_the_way_of_starting_is_told() -> None:
    for door in served(Door(ModelError("no model"))):
        door.loading.set()
        for _ in range(500):
            if door.failures:
                break
            time.sleep(0.01)
        assert [str(error) for error in door.failures] == ["no model"]
        assert door.get("/readyz")[0] == 503


def test_a_clock_that_jumps_changes_no_answer_and_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with client(WebSettings(rate="3/minute")) as caller:
        assert caller.post("/api/ask", json=GREEN).status_code == 200
        now = time.time()
        monkeypatch.setattr("time.time", lambda: now - 86_400)
        assert caller.post("/api/ask", json=GREEN).status_code in (200, 429)


def test_two_hundred_clients_at_once_are_answered_or_told_to_come_back() -> None:
    """Nothing is left behind: no place, no task, and the next question is answered."""
    from tests.web.doors import serving

    application = api(WebSettings(rate=FAST, queue=16))
    pool = application.state.parts.pool
    statuses: list[int] = []

    def ask() -> None:
        with httpx.Client(timeout=60) as one:
            shown = one.post(f"{address}/api/ask", json=GREEN)
            statuses.append(shown.status_code)
            assert shown.status_code == 200 or "retry-after" in shown.headers

    with serving(application) as address:
        threads = [threading.Thread(target=ask) for _ in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(statuses) == 200
        assert set(statuses) <= {200, 503}
        assert statuses.count(200) >= 17
        assert (pool.busy, pool.depth) == (0, 0)
        assert httpx.post(f"{address}/api/ask", json=GREEN, timeout=30).status_code == 200


def test_the_real_thing_from_start_to_stop(tmp_path: Path) -> None:
    """`python app.py` with the real models: the first answer as fast as the next ones, SIGTERM with one in flight."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "muscle-relaxers.md").write_bytes((ROOT / "corpus" / "muscle-relaxers.md").read_bytes())
    environment = {"FOOTNOTE_DATA": str(tmp_path / "data"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    environment |= {"FOOTNOTE_RATE": FAST, "FOOTNOTE_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("w") as printed, err.open("w") as logged:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", "0", "--corpus", str(corpus)],
            cwd=ROOT,
            env=environment,
            stdout=printed,
            stderr=logged,
        )
        try:
            for _ in range(PATIENCE * 10):
                if found := re.search(r"^Footnote is ready: (\S+)", out.read_text(), re.M):
                    break
                assert process.poll() is None, err.read_text()
                time.sleep(0.1)
            assert found
            address = found[1]
            seconds = []
            for _ in range(4):
                began = time.perf_counter()
                shown = httpx.post(f"{address}/api/ask", json=ASKED, timeout=60)
                seconds.append(time.perf_counter() - began)
                assert shown.json()["verdict"] == "answered"
            assert seconds[0] < 5 * max(seconds[1:]) + 0.5
            assert httpx.get(f"{address}/readyz", timeout=10).json() == {"status": "ready"}
            assert httpx.get(f"{address}/config", headers={"Host": "evil.example"}, timeout=10).status_code == 403
            statuses: list[int] = []

            def asked() -> None:
                try:
                    statuses.append(httpx.post(f"{address}/api/ask", json=ASKED, timeout=60).status_code)
                except httpx.TransportError:
                    statuses.append(0)  # not yet accepted when the door closed

            asking = [threading.Thread(target=asked) for _ in range(4)]
            for thread in asking:
                thread.start()
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            for thread in asking:
                thread.join(60)
            process.wait(30)
        finally:
            process.kill()
            process.wait(10)
    rows = [json.loads(line) for line in err.read_text().splitlines() if line.startswith("{")]
    assert [row["status"] for row in rows if row["route"] == "/api/ask"][:4] == [200] * 4
    assert "moist heat" not in err.read_text() + out.read_text()
    assert "Traceback" not in err.read_text()


def test_a_wrong_setting_ends_the_start_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_ORIGINS", "https://ok.example/path")
    assert app.main(["--port", "0"]) == 2
    assert "has 'https://ok.example/path', which is no origin." in capsys.readouterr().err
