"""The chat in a real browser: ask, follow a citation, follow up, be refused, save; and no request leaves."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from assistant.settings import ROOT
from assistant.web.headers import headers
from tests.browser import CHROMIUM, Watched, chromium, running_chat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER TEST WAS RUN: install Debian's package chromium"),
]

WIDE, PHONE, ZOOMED = (1280, 860), (390, 844), (640, 430)
"""ZOOMED is what WIDE leaves at 200 %."""

HEAT_ASKED, COLD_ASKED = "What does applying moist heat do?", "and what about cold therapy?"
HEAT = (
    "Applying moist heat can increase blood flow to the area, helping to relax tense muscles and remove metabolic "
    "waste products."
)
COLD = (
    "Cold therapy can reduce inflammation and numb the area, particularly useful immediately following an acute "
    "flare-up."
)
IN_VIEW = """() => {
    const box = (selector) => document.querySelector(selector).getBoundingClientRect();
    return box("mark").top >= box(".fn-text").top && box("mark").bottom <= box(".fn-text").bottom;
}"""
NUMB = "I can't feel between my legs since this morning"
HOSTILE = (
    "<img src=x onerror=alert(1)> **bold** ![x](http://evil.example/x.png) ${1+1} {{7*7}} and the capital of Peru?"
)
GREEN = (
    "Green tea is brewed at 80 degrees ![x](http://evil.example/x.png) for two <img src=x onerror=alert(1)> minutes."
)
TEA = f"""# Tea <script>alert(1)</script>

## Brewing <b onclick=alert(1)>"green"</b>

{GREEN} Black tea needs boiling water.
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The chat over the article, without its known questions, which would take long to embed, and a hostile text."""
    corpus, data = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("data")
    (corpus / "muscle-relaxers.md").write_bytes((ROOT / "corpus" / "muscle-relaxers.md").read_bytes())
    (corpus / "tea.md").write_text(TEA, encoding="utf-8")
    with running_chat(corpus, data) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Visit(Watched):
    """A visitor's page with the chat on it."""

    def __init__(self, browser: Browser, address: str, size: tuple[int, int], **options: Any) -> None:
        super().__init__(browser, (address,), size, **options)
        self.page.goto(address)
        self.box.wait_for()

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your question")

    @property
    def mark(self) -> Locator:
        return self.page.locator("mark")

    def replies(self) -> Locator:
        return self.page.locator(".fn-reply")

    def ask(self, question: str) -> str:
        """Types, presses Enter, waits; returns the text of the newest turn."""
        self.box.fill(question)
        return self.await_reply(lambda: self.box.press("Enter"))

    def await_reply(self, act: Callable[[], None]) -> str:
        before = self.replies().count()
        act()
        self.replies().nth(before).wait_for()
        return self.page.locator(".fn-turn").last.inner_text()

    def marked(self, words: str) -> bool:
        """Whether exactly these words are marked, once scrolling has come to rest, and inside the source's window."""
        self.page.locator("mark", has_text=words).wait_for()
        self.page.wait_for_function(IN_VIEW)
        return self.mark.inner_text() == words

    def focused(self, selector: str) -> bool:
        return bool(self.page.evaluate("(s) => document.activeElement.matches(s)", selector))

    def sideways(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture
def open_chat(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens pages of any size; none may ask another host for anything, or complain."""
    visits: list[Visit] = []

    def opened(size: tuple[int, int] = WIDE, **options: Any) -> Visit:
        visits.append(Visit(browser, address, size, **options))
        return visits[-1]

    yield opened
    for visit in visits:
        visit.context.close()
        assert (visit.elsewhere, visit.complaints) == ([], [])


def test_an_answer_shows_its_quote_section_verdict_and_notice(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat()
    shown = visit.ask(HEAT_ASKED)
    for part in ("The source says", HEAT, "[1] Muscle relaxers › Physical and Manual Therapies", "ask a doctor"):
        assert part in " ".join(shown.replace("Show in the source:", "").split())
    assert visit.box.input_value() == ""
    assert visit.page.title() == "Footnote"
    assert visit.page.get_attribute("html", "lang") == "en"


def test_a_citation_leads_to_its_sentence_and_a_follow_up_says_how_it_was_understood(
    open_chat: Callable[..., Visit],
) -> None:
    visit = open_chat()
    visit.ask(HEAT_ASKED)
    assert visit.marked(HEAT)
    assert "Understood as: What does cold therapy do?" in visit.ask(COLD_ASKED)
    assert visit.marked(COLD)
    visit.page.locator(".fn-cite").first.click()
    assert visit.marked(HEAT)
    assert visit.mark.count() == 1


def test_the_keyboard_alone(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat()
    keyboard = visit.page.keyboard
    keyboard.type(HEAT_ASKED)  # the box has the focus
    visit.await_reply(lambda: keyboard.press("Enter"))
    for _ in range(20):
        if visit.focused(".fn-cite"):
            break
        keyboard.press("Shift+Tab")
    assert visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keyboard.press("Enter")
    assert visit.marked(HEAT)
    assert visit.focused("mark")
    keyboard.press("Escape")
    assert visit.focused(".fn-cite")


def test_a_citation_opens_the_document_that_it_stands_in(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat(reduced_motion="reduce")
    assert "Muscle relaxers" in visit.page.locator("article h3").inner_text()
    assert GREEN in visit.ask("At how many degrees is green tea brewed?")
    visit.page.locator(".fn-cite").first.click()
    assert visit.marked(GREEN)
    assert visit.page.input_value("[data-fn-pick]") == "tea.md"
    visit.page.select_option("[data-fn-pick]", "muscle-relaxers.md")
    visit.page.locator("article h4", has_text="Non-Drug Approaches").wait_for()
    visit.page.get_by_role("button", name='Brewing <b onclick=alert(1)>"green"</b>', exact=True).click()
    visit.page.locator("article h4", has_text="Brewing").wait_for()
    assert visit.page.locator(".fn-source :is(img, script, a, b)").count() == 0


def test_verdicts_look_different(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat()
    assert "Not in the source" in visit.ask("What is the capital of Peru?")
    assert "EMERGENCY" in visit.ask(NUMB)
    assert visit.page.locator(".fn-abstained .fn-ask").count() > 0
    alert = visit.page.get_by_role("alert")
    assert alert.locator("a").get_attribute("href") == "tel:911"
    looks = [visit.replies().nth(n).evaluate("(e) => getComputedStyle(e).borderColor") for n in range(2)]
    assert len(set(looks)) == 2


def test_markup_in_a_question_is_text(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat()
    assert HOSTILE in visit.ask(HOSTILE)
    assert visit.page.locator(".fn-turn :is(img, script, a, b, strong)").count() == 0


def test_a_suggestion_is_asked_by_choosing_it_and_a_draft_stays(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat()
    visit.box.fill("half a ques")
    suggestion = visit.page.locator(".fn-ask").first
    words = suggestion.inner_text()
    assert words in visit.await_reply(suggestion.click)
    assert visit.box.input_value() == "half a ques"


def test_a_question_that_cannot_be_taken_is_kept_and_explained(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat()
    visit.page.get_by_role("button", name="Ask", exact=True).click()
    visit.page.get_by_role("alert").get_by_text("Please type a question").wait_for()
    visit.box.fill("why " * 600)
    visit.box.press("Enter")
    visit.page.get_by_role("alert").get_by_text("2,400 characters").wait_for()
    assert len(visit.box.input_value()) == 2_400
    visit.ask(HEAT_ASKED)
    assert visit.page.get_by_role("alert").count() == 0


def test_a_conversation_is_copied_saved_and_cleared_and_kept_nowhere(
    open_chat: Callable[..., Visit], tmp_path: Path
) -> None:
    visit = open_chat(permissions=["clipboard-read", "clipboard-write"])
    visit.ask(HEAT_ASKED)
    saved = {}
    for button, name in (("Save Markdown", "footnote-conversation.md"), ("Save JSON", "footnote-conversation.json")):
        with visit.page.expect_download() as waiting:
            visit.page.get_by_role("button", name=button).click()
        assert waiting.value.suggested_filename == name
        waiting.value.save_as(tmp_path / name)
        saved[button] = (tmp_path / name).read_text(encoding="utf-8")
    (turn,) = json.loads(saved["Save JSON"])
    assert turn["citations"][0]["quote"] == HEAT
    assert f"“{HEAT}”" in saved["Save Markdown"]
    assert turn["disclaimer"] in saved["Save Markdown"]
    visit.page.get_by_role("button", name="Copy").click()
    visit.page.get_by_text("Conversation copied.").wait_for()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"> {HEAT_ASKED}\nThe source says:\n  [1] “{HEAT}”")
    visit.page.get_by_role("button", name="Clear").click()
    visit.page.locator(".fn-hello").wait_for()
    assert (visit.page.locator(".fn-turn").count(), visit.mark.count()) == (0, 0)
    kept = "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length]"
    assert visit.page.evaluate(kept) == [0, 0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_source_is_a_drawer(open_chat: Callable[..., Visit], scheme: str) -> None:
    visit = open_chat(PHONE, color_scheme=scheme, has_touch=True, is_mobile=True)
    background = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(246, 245, 241)", "dark": "rgb(21, 24, 27)"}[scheme]
    visit.ask(HEAT_ASKED)
    assert visit.sideways() == 0
    drawer = visit.page.get_by_role("dialog", name="Source")
    assert drawer.count() == 0
    visit.page.locator(".fn-cite").first.tap()
    drawer.wait_for()
    assert visit.marked(HEAT)
    assert visit.focused("mark")
    assert visit.sideways() == 0
    visit.page.get_by_role("button", name="Close").tap()
    assert drawer.count() == 0
    assert visit.focused(".fn-cite")


def test_at_200_percent_nothing_is_lost_sideways(open_chat: Callable[..., Visit]) -> None:
    visit = open_chat(ZOOMED)
    visit.ask(HEAT_ASKED)
    visit.page.locator(".fn-cite").first.click()
    assert visit.marked(HEAT)
    assert visit.sideways() == 0


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_no_other_origin_is_answered(address: str, origin: str) -> None:
    for path in ("/", "/healthz", "/config"):
        asked = urllib.request.Request(address + path, headers={"Origin": origin})
        with urllib.request.urlopen(asked, timeout=30) as reply:
            assert reply.headers["Access-Control-Allow-Origin"] is None
            assert {name: reply.headers[name] for name in headers()} == headers()
