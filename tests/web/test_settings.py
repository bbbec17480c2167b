"""FOOTNOTE_* variables of the server: what is read, and that each wrong one is named with its value and the cure."""

from __future__ import annotations

import re

import pytest

from assistant.errors import FootnoteError
from assistant.settings import ROOT, from_environment
from assistant.web.settings import WebSettings, web_settings

EVERY = {
    "FOOTNOTE_ORIGINS": "https://a.example, http://b.example:8080,http://[::1]:3000",
    "FOOTNOTE_ACCESS": "token",
    "FOOTNOTE_SECRET": "s" * 32,
    "FOOTNOTE_RATE": "5/second",
    "FOOTNOTE_RATE_KEY": "9/hour",
    "FOOTNOTE_RATE_ORIGIN": "7/day",
    "FOOTNOTE_RATE_STORE": "redis://localhost:6379/0",
    "FOOTNOTE_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1",
    "FOOTNOTE_USER_HEADER": "X-User",
    "FOOTNOTE_HOSTS": "chat.example,localhost",
    "FOOTNOTE_WORKERS": "2",
    "FOOTNOTE_QUEUE": "0",
    "FOOTNOTE_TIMEOUT": "5",
    "FOOTNOTE_FEEDBACK": "/tmp/feedback.sqlite",
    "FOOTNOTE_FEEDBACK_TEXT": "1",
    "FOOTNOTE_DOCS": "1",
}


def test_nothing_set_is_closed_to_other_sites_and_keeps_nothing() -> None:
    assert web_settings({}) == WebSettings()
    plain = WebSettings()
    assert (plain.origins, plain.feedback, plain.docs, plain.proxies, plain.user_header) == ((), "", False, (), "")
    assert (plain.workers, plain.queue, plain.timeout, plain.rate) == (1, 16, 20.0, "60/minute")


def test_everything_set() -> None:
    assert web_settings(EVERY) == WebSettings(
        origins=("https://a.example", "http://b.example:8080", "http://[::1]:3000"),
        access="token",
        secret="s" * 32,
        rate="5/second",
        rate_key="9/hour",
        rate_origin="7/day",
        rate_store="redis://localhost:6379/0",
        proxies=("10.0.0.0/8", "192.0.2.1"),
        user_header="x-user",
        hosts=("chat.example", "localhost"),
        workers=2,
        queue=0,
        timeout=5.0,
        feedback="sqlite:////tmp/feedback.sqlite",
        feedback_text=True,
        docs=True,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ORIGINS", "*", "has '*', which is no origin. Write it as https://host or https://host:port"),
        ("ORIGINS", "null", "has 'null', which is no origin"),
        ("ORIGINS", "https://a.example,https://b.example/", "has 'https://b.example/', which is no origin"),
        ("ORIGINS", "https://A.example", "in lower case"),
        ("ORIGINS", "https://*.example", "has 'https://*.example', which is no origin"),
        ("ORIGINS", "ftp://a.example", "which is no origin"),
        ("ORIGINS", "a.example", "which is no origin"),
        ("ORIGINS", "https://me@a.example", "which is no origin"),
        ("ORIGINS", "https://bücher.example", "which is no origin"),
        ("ORIGINS", "https://a.example:443", "but a browser leaves :443 out. Write https://a.example."),
        ("ORIGINS", "http://a.example:99999", "which is no origin"),
        ("ACCESS", "closed", "FOOTNOTE_ACCESS='closed' is neither open nor token."),
        ("SECRET", "short", "FOOTNOTE_SECRET is shorter than 16 characters."),
        ("RATE", "many", "FOOTNOTE_RATE='many' is no rate. Write it as 60/minute"),
        ("RATE_KEY", "0/minute", "is no rate"),
        ("RATE_ORIGIN", "5/fortnight", "is no rate"),
        ("RATE_STORE", "http://u:hunter2@x", "FOOTNOTE_RATE_STORE is neither memory:// nor a redis://host:port/0."),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "has '10.0.0.1/8', which is no address or network"),
        ("TRUSTED_PROXIES", "*", "has '*', which is no address or network"),
        ("USER_HEADER", "X User", "is no name of a header"),
        ("USER_HEADER", "X-User", "is believed from FOOTNOTE_TRUSTED_PROXIES alone: set both."),
        ("HOSTS", "https://a.example", "which is no host name"),
        ("WORKERS", "0", "FOOTNOTE_WORKERS='0' is not a whole number from 1 to 64."),
        ("QUEUE", "-1", "is not a whole number from 0 to 10,000."),
        ("TIMEOUT", "soon", "FOOTNOTE_TIMEOUT='soon' is not a whole number from 1 to 600."),
        ("FEEDBACK_TEXT", "yes", "FOOTNOTE_FEEDBACK_TEXT='yes' is neither 0 nor 1."),
        ("DOCS", "true", "FOOTNOTE_DOCS='true' is neither 0 nor 1."),
    ],
)
def test_a_wrong_value_is_quoted_with_the_cure(name: str, value: str, said: str) -> None:
    with pytest.raises(FootnoteError, match=re.escape(said)) as caught:
        web_settings({f"FOOTNOTE_{name}": value})
    assert str(caught.value).startswith(f"FOOTNOTE_{name}")
    assert "hunter2" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(FootnoteError) as caught:
        web_settings({"FOOTNOTE_WORKERS": "x", "FOOTNOTE_DOCS": "x", "FOOTNOTE_RATE": "x"})
    assert [line.split("=")[0] for line in str(caught.value).splitlines()] == [
        "FOOTNOTE_RATE",
        "FOOTNOTE_WORKERS",
        "FOOTNOTE_DOCS",
    ]


def test_the_environment_reaches_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EVERY.items():
        monkeypatch.setenv(name, value)
    assert from_environment().web == web_settings(EVERY)


def test_every_variable_is_in_the_readme() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in EVERY if f"| `{name}` |" not in table] == []
