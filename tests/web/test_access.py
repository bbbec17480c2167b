"""Tokens, keys, signed-in users and rates: who is answered, how often, and what a spoofed header changes: nothing."""

from __future__ import annotations

import json
import re
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.__main__ import main
from assistant.errors import FootnoteError
from assistant.web.access import LASTS
from assistant.web.keys import Keys
from assistant.web.limits import Limits
from assistant.web.settings import WebSettings
from tests.web.doors import FAST, GREEN, OK, api, client

OTHER = "https://other.example"
OWN = "http://testserver"
SECRET = "a secret of the operator's"


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}


def ask(caller: TestClient, **headers: str) -> tuple[int, str]:
    """The status, and the code of an error."""
    shown = caller.post("/api/ask", json=GREEN, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return shown.status_code, shown.json().get("error", {}).get("code", "")


def token(caller: TestClient, **headers: str) -> str:
    minted = caller.post("/api/session", json={}, headers=headers).json()
    assert (minted["expires_in"], minted["feedback"]) == (LASTS, False)
    return str(minted["token"])


@pytest.fixture
def open_door() -> Iterator[TestClient]:
    with client(WebSettings(origins=(OK, OTHER), rate=FAST)) as caller:
        yield caller


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[TestClient]:
    with client(WebSettings(origins=(OK,), access="token", rate=FAST, secret=SECRET), tmp_path) as caller:
        yield caller


def test_a_listed_page_needs_its_own_fresh_token(open_door: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, others, none = token(open_door, Origin=OK), token(open_door, Origin=OTHER), token(open_door)
    assert ask(open_door, Origin=OK) == (401, "token_needed")
    assert ask(open_door, Origin=OK, Authorization=f"Basic {mine}") == (401, "token_needed")
    assert ask(open_door, **bearer(others, Origin=OK)) == (401, "token_invalid")
    assert ask(open_door, **bearer(none, Origin=OK)) == (401, "token_invalid")
    for wrong in (mine[:-1], mine + "x", "x", ".", mine.replace(".", "..", 1), mine[::-1], "é"):
        assert ask(open_door, Origin=OK, Authorization=f"Bearer {wrong}".encode()) == (401, "token_invalid")  # type: ignore[arg-type]
    assert ask(open_door, **bearer(mine, Origin=OK)) == (200, "")
    later = time.time() + LASTS + 2
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert ask(open_door, **bearer(mine, Origin=OK)) == (401, "token_expired")


def test_a_token_says_nothing_and_no_two_are_alike(open_door: TestClient) -> None:
    tokens = {token(open_door, Origin=OK) for _ in range(20)}
    assert len(tokens) == 20


def test_reading_from_a_listed_page_needs_a_token_too(open_door: TestClient) -> None:
    for path in ("/api/documents", "/api/documents/tea.md", "/api/suggestions", "/v1/models", "/metrics"):
        assert open_door.get(path, headers={"Origin": OK}).status_code == 401
        assert open_door.get(path, headers=bearer(token(open_door, Origin=OK), Origin=OK)).status_code == 200
        assert open_door.get(path).status_code == 200


def test_where_it_is_open_any_other_bearer_is_ignored(open_door: TestClient) -> None:
    assert ask(open_door, **bearer("sk-anything")) == (200, "")
    assert ask(open_door, **bearer("fn_" + "x" * 43)) == (401, "key_invalid")


def test_where_a_token_is_needed_nothing_else_will_do(closed: TestClient, tmp_path: Path) -> None:
    assert ask(closed) == (401, "token_needed")
    assert ask(closed, Origin=OWN) == (401, "token_needed")
    assert ask(closed, **bearer("sk-anything")) == (401, "token_invalid")
    assert closed.post("/api/session", json={}).json()["error"]["code"] == "key_needed"
    assert ask(closed, **bearer(token(closed, Origin=OWN), Origin=OWN)) == (200, "")
    assert ask(closed, **bearer(token(closed, Origin=OWN))) == (200, "")  # reading from a page of our own names none
    assert closed.get("/metrics").status_code == 401
    assert closed.get("/healthz").status_code == 200
    assert closed.post("/gradio_api/queue/join", json={}).status_code == 401
    key = Keys(tmp_path).add("server")
    assert ask(closed, **bearer(key)) == (200, "")
    assert closed.get("/metrics", headers=bearer(key)).status_code == 200
    shown = closed.post("/v1/chat/completions", json={"messages": []}, headers=bearer("sk-anything"))
    assert shown.status_code == 401
    assert shown.headers["www-authenticate"] == "Bearer"
    assert shown.json()["error"]["type"] == "authentication_error"


def test_a_secret_outlives_the_process_and_two_secrets_do_not_agree() -> None:
    settings = WebSettings(origins=(OK,), secret=SECRET, rate=FAST)
    with client(settings) as first, client(settings) as second, client(WebSettings(origins=(OK,))) as third:
        minted = token(first, Origin=OK)
        assert ask(second, **bearer(minted, Origin=OK)) == (200, "")
        assert ask(third, **bearer(minted, Origin=OK)) == (401, "token_invalid")


def test_a_key_is_shown_once_kept_as_a_hash_and_revoked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATA", str(tmp_path))
    assert main(["keys", "add", "intranet"]) == 0
    key = capsys.readouterr().out.strip()
    assert re.fullmatch(r"fn_[\w-]{43}", key)
    kept = tmp_path / "keys.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert key not in kept.read_text()
    assert [row["name"] for row in json.loads(kept.read_text())] == ["intranet"]
    assert main(["keys", "list"]) == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d  intranet\n", capsys.readouterr().out)
    with client(WebSettings(access="token", rate=FAST), tmp_path) as caller:
        assert ask(caller, **bearer(key)) == (200, "")
        assert main(["keys", "revoke", "intranet"]) == 0
        assert ask(caller, **bearer(key)) == (401, "key_invalid")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "a b"], "'a b' is no name for a key."),
        (["add", "../x"], "'../x' is no name for a key."),
        (["add", "taken"], "A key named 'taken' exists."),
        (["revoke", "nobody"], "There is no key named 'nobody'. There are: taken."),
    ],
)
def test_a_key_that_cannot_be_is_said(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATA", str(tmp_path))
    Keys(tmp_path).add("taken")
    assert main(["keys", *arguments]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_a_damaged_file_of_keys_lets_nobody_in(tmp_path: Path) -> None:
    key = Keys(tmp_path).add("server")
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(FootnoteError, match=r"keys\.json cannot be read"):
        Keys(tmp_path).list()
    with client(WebSettings(access="token", rate=FAST), tmp_path) as caller:
        shown = caller.post("/api/ask", json=GREEN, headers=bearer(key))
        assert (shown.status_code, shown.json()["error"]["code"]) == (500, "error")


def test_an_address_has_so_many_answers_and_is_told_when_to_come_back() -> None:
    with client(WebSettings(rate="3/minute")) as caller:
        assert [ask(caller) for _ in range(5)] == [(200, "")] * 3 + [(429, "rate_limited")] * 2
        shown = caller.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "x"}]})
        assert shown.status_code == 429
        assert 1 <= int(shown.headers["retry-after"]) <= 60
        assert shown.json()["error"]["type"] == "rate_limit_error"
        assert caller.get("/api/documents").status_code == 200


def test_one_who_floods_leaves_the_others_theirs() -> None:
    app = api(WebSettings(rate="2/minute"))
    with TestClient(app, client=("192.0.2.1", 1)) as flood:
        other = TestClient(app, client=("192.0.2.2", 1))
        assert [ask(flood)[0] for _ in range(9)] == [200, 200] + [429] * 7
        assert ask(other) == (200, "")


def test_a_token_a_key_and_an_origin_are_counted(tmp_path: Path) -> None:
    settings = WebSettings(origins=(OK,), rate="2/minute", rate_key="4/minute", rate_origin="3/minute")
    app = api(settings, tmp_path)
    key = Keys(tmp_path).add("server")
    callers = [TestClient(app, client=(f"192.0.2.{n}", 1)) for n in range(4)]
    with callers[0]:
        mine = token(callers[0], Origin=OK)
        by_token = [ask(caller, **bearer(mine, Origin=OK))[0] for caller in callers]
        assert by_token == [200, 200, 429, 429]  # from four addresses, with one token
        others = [ask(caller, **bearer(token(caller, Origin=OK), Origin=OK))[0] for caller in callers[1:3]]
        assert others == [200, 429]  # the third of one origin, then the fourth
        assert [ask(callers[3], **bearer(key))[0] for _ in range(5)] == [200] * 4 + [429]
        assert ask(callers[3]) == (200, "")  # the key's answers were not the address's


@pytest.mark.parametrize(
    ("peer", "proxies", "same"),
    [
        ("203.0.113.9", (), True),
        ("203.0.113.9", ("10.0.0.0/8",), True),
        ("10.1.2.3", ("10.0.0.0/8",), False),
        ("10.1.2.3", ("10.1.2.3",), False),
    ],
)
def test_a_forwarded_address_is_believed_from_a_listed_proxy_alone(
    peer: str, proxies: tuple[str, ...], same: bool
) -> None:
    app = api(WebSettings(rate="1/minute", proxies=proxies))
    with TestClient(app, client=(peer, 1)) as caller:
        sent = [ask(caller, X_Forwarded_For=f"198.51.100.{n}")[0] for n in range(3)]
        assert sent == ([200, 429, 429] if same else [200, 200, 200])


def test_the_last_address_that_is_no_proxy_counts_whatever_stands_before_it() -> None:
    app = api(WebSettings(rate="1/minute", proxies=("10.0.0.0/8",)))
    with TestClient(app, client=("10.0.0.1", 1)) as caller:
        sent = [ask(caller, X_Forwarded_For=f"198.51.100.{n}, 203.0.113.9, 10.0.0.2")[0] for n in range(3)]
        assert sent == [200, 429, 429]


@pytest.mark.parametrize(("peer", "believed"), [("10.0.0.1", True), ("203.0.113.9", False)])
def test_a_signed_in_user_is_believed_from_a_listed_proxy_alone(peer: str, believed: bool) -> None:
    settings = WebSettings(access="token", rate="2/minute", proxies=("10.0.0.0/8",), user_header="x-user")
    with TestClient(api(settings), client=(peer, 1)) as caller:
        sent = [ask(caller, X_User=name)[0] for name in ("ann", "ann", "ann", "bob")]
        assert sent == ([200, 200, 429, 200] if believed else [401] * 4)
        assert ask(caller) == (401, "token_needed")


def test_a_users_header_is_off_by_default() -> None:
    with TestClient(api(WebSettings(access="token", proxies=("10.0.0.0/8",))), client=("10.0.0.1", 1)) as caller:
        assert ask(caller, X_User="ann") == (401, "token_needed")


def test_a_store_that_cannot_be_reached_leaves_this_server_counting_alone(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with client(WebSettings(rate="2/minute", rate_store=f"redis://127.0.0.1:{port}/0")) as caller:
        assert [ask(caller)[0] for _ in range(3)] == [200, 200, 429]
    assert "the rate store cannot be reached" in caplog.text


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="REDIS WAS NOT TESTED: install redis-server")
def test_two_servers_share_a_count_in_redis(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        settings = WebSettings(rate="3/minute", rate_store=f"redis://127.0.0.1:{port}/0")
        with client(settings) as one, client(settings) as two:
            assert [ask(caller)[0] for caller in (one, two, one, two, one)] == [200, 200, 200, 429, 429]
            shown = one.post("/api/ask", json=GREEN)
            assert 1 <= int(shown.headers["retry-after"]) <= 60
    finally:
        redis.terminate()
        redis.wait(10)


def test_rates_are_read_once() -> None:
    assert str(Limits(WebSettings(rate="5/second")).rates["token"]) == "5 per 1 second"
