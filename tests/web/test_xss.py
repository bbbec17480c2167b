"""Hostile text at every door, as a question and as a source: no script runs, no picture loads, no request leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from markdown_it import MarkdownIt
from playwright.sync_api import Page

from assistant import chat_source
from assistant.engine import Assistant, Gates
from assistant.guardrails import Guardrails
from assistant.profile import load_profile
from assistant.rules import load_rules
from assistant.source import parse
from assistant.web.settings import WebSettings
from tests import fakes
from tests.browser import CHROMIUM, chromium, watch
from tests.web.doors import FAST, client, made, serving

HOSTILE = (Path(__file__).parent.parent / "data" / "xss.txt").read_text(encoding="utf-8").splitlines()
ASKED = "What is said of the iron pot?"


def hostile_source() -> Assistant:
    """A text of hostile sentences below hostile headings; whatever is asked, the first six answer."""
    sections = "\n\n".join(f"## {row}\n\nIt is written {row} there. And again {row} here." for row in HOSTILE)
    texts = (parse(f"# {HOSTILE[0]}\n\n{sections}\n", "hostile.md"),)
    profile = load_profile("general", "UK", texts)
    said = fakes.says(**{f"s{n}": 0.15 for n in range(6)})
    guard = Guardrails(profile, load_rules(), fakes.classify())
    gates = Gates(answer=0.5, topic=0.05, cited=6, related=3)
    return Assistant(texts, fakes.index(texts), fakes.FakeEmbedder(), profile, guard, said, fakes.by_share, gates=gates)


class Elements(HTMLParser):
    """The names of a page's elements, and the attributes that act."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.acting: list[tuple[str, str | None]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        acting = ("href", "src", "srcset", "style", "action", "data", "srcdoc")
        self.acting += [(name, value) for name, value in attrs if name.startswith("on") or name in acting]


@pytest.fixture(scope="module")
def caller() -> Iterator[TestClient]:
    with client(WebSettings(rate=FAST), engine=hostile_source()) as running:
        yield running


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("row", HOSTILE)
def test_json_comes_back_as_json_and_says_so(caller: TestClient, row: str) -> None:
    shown = caller.post("/api/ask", json={"question": row, "history": [row]})
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.json()["question"] == row


@pytest.mark.parametrize("row", HOSTILE)
def test_a_completion_is_markdown_without_links_pictures_or_markup(caller: TestClient, row: str) -> None:
    question = f"{ASKED} {row}"
    content = caller.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": question}]}).json()
    said = content["choices"][0]["message"]["content"]
    for markdown in (MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"linkify": False})):
        page = Elements(markdown.render(said))
        assert page.names <= {"p", "ul", "li", "blockquote", "em", "br"}, said
        assert page.acting == []


def test_every_hostile_sentence_of_the_source_is_escaped_in_a_completion(caller: TestClient) -> None:
    content = caller.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": ASKED}]}).json()
    message = content["choices"][0]["message"]
    assert len(message["citations"]) == 6
    assert Elements(MarkdownIt("commonmark").render(message["content"])).acting == []
    document = caller.get("/api/documents/hostile.md").json()["text"]
    assert [document[c["start"] : c["end"]] for c in message["citations"]] == [c["quote"] for c in message["citations"]]


def test_an_error_repeats_nothing_of_what_was_sent(caller: TestClient) -> None:
    for row in HOSTILE:
        shown = caller.post("/api/ask", json={row: row, "question": 1})
        assert (shown.status_code, row in shown.text) == (422, False)


def test_the_source_panel_has_no_markup_of_the_sources() -> None:
    (document,) = hostile_source().documents.values()
    page = Elements(chat_source.panel([document]))
    ours = {"div", "h2", "h3", "h4", "h5", "h6", "button", "details", "summary", "ul", "li", "article", "p", "span"}
    assert page.names <= ours
    assert [(n, v) for n, v in page.acting if not re.fullmatch(r"--fn-depth:\d", v or "")] == []


@pytest.fixture(scope="module")
def page() -> Iterator[tuple[Page, list[str]]]:
    """The chat over the hostile source in a real browser, with whatever it complained about or asked of elsewhere."""
    if CHROMIUM is None:
        pytest.skip("NO BROWSER TEST WAS RUN: install Debian's package chromium")
    wrong: list[str] = []
    with serving(made(WebSettings(rate=FAST), engine=hostile_source())) as address, chromium() as browser:
        opened = browser.new_page()
        opened.set_default_timeout(60_000)
        watch(opened, (address,), wrong, wrong)
        opened.on("popup", lambda _: wrong.append("popup"))
        opened.goto(address)
        opened.get_by_role("textbox", name="Your question").wait_for()
        yield opened, wrong


@pytest.mark.browser
def test_in_a_browser_nothing_runs_and_nothing_leaves(page: tuple[Page, list[str]]) -> None:
    opened, wrong = page
    box = opened.get_by_role("textbox", name="Your question")
    for n in range(0, len(HOSTILE), 12):  # several to a question, so that the browser is driven a few times
        asked = "\n".join([*HOSTILE[n : n + 12], ASKED])
        box.fill(asked)
        opened.get_by_role("button", name="Ask", exact=True).click()
        opened.locator(".fn-reply").nth(n // 12).wait_for()
        turn = opened.locator(".fn-turn").last
        assert turn.locator(".fn-question").inner_text().endswith(asked)
        if "<source" in asked:  # an attack's own word: declined
            assert turn.locator(".fn-quotes q").count() == 0
            continue
        assert turn.locator(".fn-quotes q").count() == 6
        turn.locator(".fn-cite").first.click()
        opened.locator("mark").wait_for()
    inside = opened.locator(".fn-log, .fn-source").locator(
        "script, img, iframe, object, embed, form, link, style, meta, base, svg:not(.fn-icon), video, audio, input, "
        "[onclick], [onerror], [onload], a"
    )
    assert inside.count() == 0
    assert opened.evaluate("location.pathname") == "/"
    assert wrong == []
