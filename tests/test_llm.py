"""A language model that fails in every way, behind a real server; and LangChain's fakes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage

from assistant.errors import FootnoteError, ModelError
from assistant.limits import Limits
from assistant.llm import LanguageModel
from assistant.llm_faults import LLMError, translated
from assistant.llm_settings import LLMSettings, llm_settings
from assistant.provider import connect, json_form
from assistant.settings import from_environment
from eval.openai_server import Says, Script, Server

FORM = json_form("answer", {"type": "object", "properties": {"answer": {"type": "string"}}})
GOOD = json.dumps({"answer": "yes"})
SECRET = "my secret question"


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    """Starts servers, and stops them."""
    servers: list[Server] = []

    def start(script: Script) -> Server:
        servers.append(Server(script).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def script(*says: Says) -> Script:
    """One reply after the other; the last one goes on."""
    left = list(says)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def model(server: Server, seconds: float = 90.0, form: dict[str, Any] | None = FORM) -> LanguageModel:
    return connect(LLMSettings("openai:scripted", server.url, "key", timeout=seconds), form)


def test_a_reply_is_read_and_its_tokens_counted(serve: Callable[[Script], Server]) -> None:
    server = serve(script(Says(GOOD)))
    llm = model(server)
    assert llm("rules", "data", json.loads) == {"answer": "yes"}
    (request,) = server.requests
    assert request["messages"] == [{"content": "rules", "role": "system"}, {"content": "data", "role": "user"}]
    assert (request["stream"], request["temperature"], request["response_format"]) == (True, 0.0, FORM)
    assert 800 in (request.get("max_tokens"), request.get("max_completion_tokens"))
    assert {k: llm.counts[k] for k in ("asked", "requests")} == {"asked": 1, "requests": 1}
    assert llm.counts["tokens_read"] > 0
    assert llm.budget.left() == 1_000_000 - llm.counts["tokens_read"] - llm.counts["tokens_written"]


FAILURES = [
    ("refuses in prose", Says("I cannot help with that."), "malformed", 1),
    ("refuses by the protocol", Says(refusal="I will not."), "refused", 1),
    ("is filtered", Says(GOOD[:9], end="content_filter"), "refused", 1),
    ("is cut at its bound", Says(GOOD[:9], end="length"), "cut", 1),
    ("says nothing", Says(""), "empty", 1),
    ("says far too much", Says("x" * 20_000), "cut", 1),
    ("streams half a reply and dies", Says(GOOD * 20, dies=True), "cut", 3),
    ("is down", Says("out of order", 500), "down", 3),
    ("is overloaded", Says("slow down", 429), "busy", 3),
    ("does not know the key", Says("who?", 401), "key", 1),
    ("knows no such model", Says("no such model", 404), "rejected", 1),
    ("answers in HTML", Says(raw=b"<html>It works!</html>"), "malformed", 1),
    ("answers something else", Says(raw=b'{"hello": "world"}'), "malformed", 1),
]


@pytest.mark.parametrize(("says", "reason", "requests"), [f[1:] for f in FAILURES], ids=[f[0] for f in FAILURES])
def test_a_model_that_fails(
    serve: Callable[[Script], Server],
    says: Says,
    reason: str,
    requests: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = serve(script(says))
    llm = model(server)
    with pytest.raises(LLMError) as caught:
        llm("rules", SECRET, json.loads)
    assert (caught.value.reason, len(server.requests)) == (reason, requests)
    assert llm.counts[reason] == 1
    assert [r.getMessage() for r in caplog.records if r.name == "footnote"] == [f"language model: {caught.value}"]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("says", [Says(GOOD, wait=30), Says(GOOD, pause=0.4)], ids=["silent", "a drip"])
def test_a_model_that_is_slow_is_given_up_in_time(serve: Callable[[Script], Server], says: Says) -> None:
    llm = model(serve(script(says)), seconds=1.0)
    began = time.monotonic()
    with pytest.raises(LLMError, match="slow"):
        llm("rules", "data", json.loads)
    assert time.monotonic() - began < 10


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and nobody listens
        llm = connect(LLMSettings("openai:x", f"http://127.0.0.1:{held.getsockname()[1]}/v1", "key", timeout=90))
        with pytest.raises(LLMError, match="down"):
            llm("rules", "data", json.loads)


def test_another_try_may_go_better(serve: Callable[[Script], Server]) -> None:
    server = serve(script(Says("no", 503), Says(GOOD * 9, dies=True), Says(GOOD)))
    assert model(server)("rules", "data", json.loads) == {"answer": "yes"}
    assert len(server.requests) == 3


def test_a_server_that_takes_no_schema_is_asked_without(serve: Callable[[Script], Server]) -> None:
    def old(request: dict[str, Any]) -> Says:
        return Says("unknown field", 400) if "response_format" in request else Says(GOOD)

    server = serve(old)
    llm = model(server)
    assert [llm("rules", "data", json.loads) for _ in range(2)] == [{"answer": "yes"}] * 2
    assert ["response_format" in r for r in server.requests] == [True, False, False]


def test_after_failures_in_a_row_it_is_not_asked_for_a_while(serve: Callable[[Script], Server]) -> None:
    server = serve(script(Says("nonsense")))
    llm = model(server)
    reasons = []
    for _ in range(7):
        with pytest.raises(LLMError) as caught:
            llm("rules", "data", json.loads)
        reasons.append(caught.value.reason)
    assert reasons == ["malformed"] * 5 + ["open"] * 2
    assert len(server.requests) == 5


def test_when_a_day_s_tokens_are_spent_it_is_not_asked(serve: Callable[[Script], Server]) -> None:
    server = serve(script(Says(GOOD)))
    llm = connect(LLMSettings("openai:x", server.url, "key", timeout=90, tokens=1_000))
    assert llm("a" * 300, "b" * 120, json.loads) == {"answer": "yes"}
    with pytest.raises(LLMError, match="budget"):
        llm("a" * 300, "b" * 120, json.loads)
    assert len(server.requests) == 1


# LangChain's fakes -----------------------------------------------------------------------------


def replies(*texts: str) -> LanguageModel:
    return LanguageModel(FakeListChatModel(responses=list(texts)), Limits(attempts=1))


def test_any_chat_model_will_do() -> None:
    llm = LanguageModel(GenericFakeChatModel(messages=iter([AIMessage('{"answer": "a b c"}')])))
    assert llm("rules", "data", json.loads) == {"answer": "a b c"}


def test_a_reply_that_cannot_be_read_is_a_failure() -> None:
    llm = replies("?", GOOD)
    with pytest.raises(LLMError, match="malformed"):
        llm("rules", "data", json.loads)
    assert llm("rules", "data", json.loads) == {"answer": "yes"}


def test_what_cannot_be_translated_by_name_is_by_status() -> None:
    class Broken(Exception):
        status_code = 504

    assert [translated(e).reason for e in (Broken(), ConnectionError(), KeyError("x"), TimeoutError())] == [
        "slow", "down", "malformed", "slow",
    ]  # fmt: skip


# Settings --------------------------------------------------------------------------------------


def test_without_a_variable_there_is_no_model() -> None:
    assert llm_settings({}) == LLMSettings()


def test_the_variables() -> None:
    env = {
        "FOOTNOTE_LLM": "openai:gpt-5-mini",
        "FOOTNOTE_LLM_URL": "http://127.0.0.1:8080/v1",
        "FOOTNOTE_LLM_KEY": "k-123",
        "FOOTNOTE_LLM_TIMEOUT": "8",
        "FOOTNOTE_LLM_TOKENS": "5000",
    }
    found = llm_settings(env)
    assert found == LLMSettings("openai:gpt-5-mini", "http://127.0.0.1:8080/v1", "k-123", 8.0, 5000)
    assert "k-123" not in repr(found)
    assert llm_settings(env, "ollama:llama3:8b").model == "ollama:llama3:8b"
    assert llm_settings(env, "").model == ""


def test_every_wrong_variable_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "FOOTNOTE_LLM": "gpt",
        "FOOTNOTE_LLM_URL": "localhost",
        "FOOTNOTE_LLM_TIMEOUT": "0",
        "FOOTNOTE_LLM_TOKENS": "lots",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(FootnoteError) as caught:
        from_environment()
    assert str(caught.value).splitlines() == [
        "FOOTNOTE_LLM='gpt' is not provider:model, as in openai:gpt-5-mini.",
        "FOOTNOTE_LLM_URL='localhost' is no address. Write it as http://host:port/v1.",
        "FOOTNOTE_LLM_TIMEOUT='0' is not a whole number of seconds from 1 to 600.",
        "FOOTNOTE_LLM_TOKENS='lots' is not a whole number from 1 to 1,000,000,000.",
    ]


@pytest.mark.parametrize(
    ("env", "seconds"),
    [
        ({}, 20.0),
        ({"FOOTNOTE_LLM_TIMEOUT": "8"}, 20.0),
        ({"FOOTNOTE_LLM": "openai:x"}, 40.0),
        ({"FOOTNOTE_LLM": "openai:x", "FOOTNOTE_LLM_TIMEOUT": "8"}, 28.0),
        ({"FOOTNOTE_LLM": "openai:x", "FOOTNOTE_TIMEOUT": "9"}, 9.0),
    ],
)
def test_a_server_waits_for_its_model(env: dict[str, str], seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert from_environment().web.timeout == seconds


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("anthropic:claude", "Run `pip install 'footnote[anthropic]'`."),
        ("mistralai:small", "Run `pip install langchain-mistralai`."),
        ("astrology:stars", "cannot be set up"),
    ],
)
def test_a_missing_package_is_named_with_the_command(name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(module: str, *_: Any) -> Sequence[str]:
        raise ImportError(f"no {module}")

    monkeypatch.setattr("langchain.chat_models.base._import_module", absent)
    with pytest.raises(ModelError, match=message.replace("[", r"\[")) as caught:
        connect(LLMSettings(name, key="k-123"))
    assert name in str(caught.value)


def test_a_missing_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="FOOTNOTE_LLM_KEY"):
        connect(LLMSettings("openai:gpt-5-mini"))
