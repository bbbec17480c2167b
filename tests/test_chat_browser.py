"""The chat in a real browser: ask, follow a citation, follow up, be refused, and no request leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import ARGUMENTS, CHROMIUM, running_chat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER TEST WAS RUN: install Debian's package chromium"),
]

HEAT = (
    "Applying moist heat can increase blood flow to the area, helping to relax tense muscles and remove metabolic "
    "waste products."
)
HOSTILE = "<img src=x onerror=alert(1)> **bold** ![x](http://evil.example/x.png) ${1+1} and the capital of Peru?"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The chat over the article without its known questions, which would take long to embed."""
    from assistant.settings import ROOT

    corpus, data = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("data")
    (corpus / "muscle-relaxers.md").write_text((ROOT / "corpus" / "muscle-relaxers.md").read_text(encoding="utf-8"))
    with running_chat(corpus, data) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


class Visit:
    """A page with what it asked of the network and what it complained about."""

    def __init__(self, browser: Browser, address: str, size: tuple[int, int] = (1280, 860), dark: bool = False) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
        )
        self.address = address
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda r: self.elsewhere.append(r.url) if not self._own(r.url) else None)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.goto(address)
        self.page.wait_for_selector("#fn-question textarea", timeout=60_000)

    def _own(self, url: str) -> bool:
        return url.startswith((self.address, "data:", "blob:"))

    def ask(self, question: str) -> str:
        """Types, presses Enter, waits; returns the text of the newest turn."""
        before = self.page.locator(".fn-turn").count()
        self.page.fill("#fn-question textarea", question)
        self.page.keyboard.press("Enter")
        self.page.locator(".fn-turn").nth(before).wait_for(timeout=60_000)
        return self.page.locator(".fn-turn").nth(before).inner_text()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visiting = Visit(browser, address)
    yield visiting
    assert (visiting.elsewhere, visiting.errors) == ([], [])
    visiting.page.close()


def test_a_citation_leads_to_its_sentence(visit: Visit) -> None:
    assert HEAT in visit.ask("What does applying moist heat do?")
    visit.page.locator(".fn-cite").first.click()
    here = visit.page.locator(".fn-here")
    assert here.inner_text() == HEAT
    visit.page.wait_for_timeout(700)
    box = here.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 860 - box["height"]


def test_the_keyboard_alone(visit: Visit) -> None:
    visit.ask("What does applying moist heat do?")
    visit.page.locator(".fn-cite").first.focus()
    visit.page.keyboard.press("Enter")
    assert visit.page.locator(".fn-here").inner_text() == HEAT
    assert visit.page.evaluate("document.activeElement.classList.contains('fn-here')")


def test_a_follow_up_shows_what_it_was_understood_as(visit: Visit) -> None:
    visit.ask("What does applying moist heat do?")
    assert "Understood as: What does cold therapy do?" in visit.ask("and what about cold therapy?")


def test_verdicts_look_different(visit: Visit) -> None:
    assert "Not in the source" in visit.ask("What is the capital of Peru?")
    assert "EMERGENCY" in visit.ask("I can't feel between my legs since this morning")
    assert visit.page.locator(".fn-emergency[role=alert]").count() == 1
    assert visit.page.locator(".fn-abstained").count() == 1


def test_markup_in_a_question_is_text(visit: Visit) -> None:
    shown = visit.ask(HOSTILE)
    assert HOSTILE in shown
    assert visit.page.locator(".fn-turn img, .fn-turn script, .fn-turn a").count() == 0


def test_a_suggestion_is_asked_by_choosing_it(visit: Visit) -> None:
    visit.page.locator(".fn-ask").first.click()
    visit.page.locator(".fn-turn").first.wait_for(timeout=60_000)


def test_a_question_too_long_is_kept_and_explained(visit: Visit) -> None:
    visit.page.fill("#fn-question textarea", "why " * 600)
    visit.page.locator("#fn-send").click()
    visit.page.locator("#fn-message").get_by_text("2,400 characters").wait_for(timeout=60_000)
    assert len(visit.page.input_value("#fn-question textarea")) == 2_400


def test_the_conversation_is_saved_with_citations_and_notices(visit: Visit, tmp_path: Path) -> None:
    visit.ask("What does applying moist heat do?")
    saved = {}
    for button, name in (("#fn-markdown", "conversation.md"), ("#fn-json", "conversation.json")):
        with visit.page.expect_download(timeout=60_000) as waiting:
            visit.page.locator(button).click()
        assert waiting.value.suggested_filename == name
        waiting.value.save_as(tmp_path / name)
        saved[name] = (tmp_path / name).read_text(encoding="utf-8")
    (turn,) = json.loads(saved["conversation.json"])
    assert turn["citations"][0]["quote"] == HEAT
    assert turn["disclaimer"]
    assert HEAT.replace(",", ",") in saved["conversation.md"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_has_one_column_and_no_sideways_scroll(browser: Browser, address: str, dark: bool) -> None:
    phone = Visit(browser, address, (390, 844), dark)
    phone.ask("What does applying moist heat do?")
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    phone.page.locator(".fn-cite").first.click()
    assert phone.page.locator(".fn-here").is_visible()
    assert (phone.elsewhere, phone.errors) == ([], [])
    phone.page.close()
