"""Thumbs: nothing is kept until a database is named, one for each answer, and words only where they are wanted."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.errors import FootnoteError
from assistant.web.feedback import Feedback
from assistant.web.settings import WebSettings
from tests.web.doors import FAST, GREEN, OK, client

POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'feedback.sqlite'}"


def thumb(caller: TestClient, answer: str, **more: str) -> tuple[int, dict[str, object]]:
    shown = caller.post("/api/feedback", json={"answer": answer, "vote": "down", **more})
    return shown.status_code, shown.json()


def rows(url: str) -> list[tuple[str, str, str, str, str | None, str | None]]:
    kept = Feedback(url)
    try:
        return [(r.verdict, r.reason, r.vote, r.why, r.text, r.question) for r in kept.rows()]
    finally:
        kept.close()


def test_where_none_is_kept_the_door_says_so() -> None:
    with client(WebSettings(rate=FAST)) as caller:
        answer = caller.post("/api/ask", json=GREEN).json()["id"]
        assert thumb(caller, answer) == (
            404,
            {"error": {"code": "feedback_off", "message": "Feedback is not kept here."}},
        )
        assert caller.post("/api/session", json={}).json()["feedback"] is False


@pytest.mark.parametrize("text", [False, True])
def test_a_thumb_is_a_row_with_words_only_where_they_are_wanted(database: str, text: bool) -> None:
    with client(WebSettings(rate=FAST, feedback=database, feedback_text=text)) as caller:
        assert caller.post("/api/session", json={}).json()["feedback"] is True
        answer = caller.post("/api/ask", json=GREEN).json()["id"]
        sent = {"reason": "wrong_sentence", "text": "canary\0 remark", "question": "canary question"}
        assert thumb(caller, answer, **sent) == (200, {"stored": True, "text_stored": text})
        assert thumb(caller, answer, vote="up") == (200, {"stored": False, "text_stored": False})
        assert 'footnote_feedback_total{vote="down"} 1.0' in caller.get("/metrics").text
    words = ("canary remark", "canary question") if text else (None, None)
    assert rows(database) == [("answered", "answered", "down", "wrong_sentence", *words)]
    assert (b"canary" in Path(database.removeprefix("sqlite:///")).read_bytes()) is text


@pytest.mark.parametrize(
    "body",
    [
        {"answer": "x", "vote": "up"},
        {"answer": "", "vote": "up"},
        {"vote": "up"},
        {"answer": "REAL", "vote": "sideways"},
        {"answer": "REAL", "vote": "up", "reason": "because"},
        {"answer": "REAL", "vote": "up", "verdict": "answered"},
        {"answer": "REAL", "vote": "up", "text": "y" * 2_001},
        {"answer": "y" * 300, "vote": "up"},
    ],
)
def test_what_is_no_thumb_for_an_answer_of_ours_is_refused(database: str, body: dict[str, str]) -> None:
    with client(WebSettings(rate=FAST, feedback=database)) as caller:
        answer = caller.post("/api/ask", json=GREEN).json()["id"]
        sent = {k: answer if v == "REAL" else v for k, v in body.items()}
        assert caller.post("/api/feedback", json=sent).status_code == 422
    assert rows(database) == []


def test_a_thumb_from_a_listed_page_needs_its_token(database: str) -> None:
    with client(WebSettings(origins=(OK,), rate=FAST, feedback=database)) as caller:
        answer = caller.post("/api/ask", json=GREEN).json()["id"]
        sent = {"answer": answer, "vote": "up"}
        assert caller.post("/api/feedback", json=sent, headers={"Origin": OK}).status_code == 401
        token = caller.post("/api/session", json={}, headers={"Origin": OK}).json()["token"]
        listed = {"Origin": OK, "Authorization": f"Bearer {token}"}
        assert caller.post("/api/feedback", json=sent, headers=listed).status_code == 200


def test_a_database_that_fails_is_a_503(database: str) -> None:
    app = client(WebSettings(rate=FAST, feedback=database))
    with app as caller:
        answer = caller.post("/api/ask", json=GREEN).json()["id"]
        with Feedback(database).engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE footnote_feedback")
        status, body = thumb(caller, answer)
        assert (status, body["error"]) == (
            503,
            {"code": "feedback_failed", "message": "The feedback could not be stored."},
        )


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nonexistent/folder/x.sqlite",
        "nonsense://u:hunter2@host/db",
        "postgresql+psycopg://u:hunter2@127.0.0.1:1/x",
        "://",
    ],
)
def test_a_database_that_cannot_be_opened_is_said_at_the_start(url: str) -> None:
    with pytest.raises(FootnoteError, match="FOOTNOTE_FEEDBACK names a database that cannot be used") as caught:
        Feedback(url)
    assert "hunter2" not in str(caught.value)


def one_at_a_time(url: str) -> None:
    """Twenty of the same thumb at the same moment are one row."""
    kept = Feedback(url, keep_text=True)
    stored: list[bool] = []
    threads = [
        threading.Thread(target=lambda: stored.append(kept.keep("a", "answered", "answered", "up", None, "é\0", "q")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [False] * 19 + [True]
    assert [(r.answer, r.text, r.question) for r in kept.rows()] == [("a", "é", "q")]
    kept.close()


def test_the_same_thumb_twenty_times_at_once_is_one_row(database: str) -> None:
    one_at_a_time(database)


@pytest.fixture
def postgres() -> Iterator[str]:
    """A real server on a free port; PostgreSQL does not run as root."""
    if POSTGRES is None:
        pytest.skip("POSTGRESQL WAS NOT TESTED: install Debian's package postgresql")
    as_root = os.getuid() == 0
    if as_root and shutil.which("runuser") is None:
        pytest.skip("POSTGRESQL WAS NOT TESTED: as root it needs runuser")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    home = Path("/tmp") / f"footnote-postgres-{port}"
    home.mkdir()
    prefix = ["runuser", "-u", "postgres", "--"] if as_root else []
    if as_root:
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
    database = home / "data"
    subprocess.run(
        [*prefix, str(POSTGRES / "initdb"), "-D", str(database), "-A", "trust", "-U", "footnote", "-N"],
        check=True,
        capture_output=True,
        cwd=home,
    )
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*prefix, str(POSTGRES / "pg_ctl"), "-D", str(database), "-w"]
    subprocess.run(
        [*control, "-o", options, "-l", str(home / "log"), "start"], check=True, capture_output=True, cwd=home
    )
    try:
        yield f"postgresql+psycopg://footnote@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=home)
        shutil.rmtree(home, ignore_errors=True)


def test_in_postgresql_it_is_the_same(postgres: str) -> None:
    one_at_a_time(postgres)
    with client(WebSettings(rate=FAST, feedback=postgres)) as caller:
        answer = caller.post("/api/ask", json=GREEN).json()["id"]
        assert thumb(caller, answer, reason="other") == (200, {"stored": True, "text_stored": False})
        assert thumb(caller, answer) == (200, {"stored": False, "text_stored": False})
        caller.app.state.parts.feedback.close()  # type: ignore[attr-defined]
    assert len(rows(postgres)) == 2
