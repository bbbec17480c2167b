"""The chat page over the fakes in a real browser: accessible in every look, thumbs, and what a full server says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from assistant.web.feedback import Feedback
from assistant.web.settings import WebSettings
from tests.browser import CHROMIUM, chromium, watch
from tests.web.doors import FAST, made, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER TEST WAS RUN: install Debian's package chromium"),
]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 860}},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "zoomed": {"viewport": {"width": 640, "height": 430}, "reduced_motion": "reduce"},
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('feedback') / 'feedback.sqlite'}"


@pytest.fixture(scope="module")
def address(database: str) -> Iterator[str]:
    with serving(made(WebSettings(rate=FAST, feedback=database))) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Opens the page in a look; nothing may be asked of another host, and nothing complained about."""
    wrong: list[str] = []
    contexts = []

    def opened(look: str) -> Page:
        contexts.append(browser.new_context(**LOOKS[look]))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        watch(page, (address,), wrong, wrong)
        page.goto(address)
        page.get_by_role("textbox", name="Your question").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def ask(page: Page, question: str) -> None:
    before = page.locator(".fn-reply").count()
    page.get_by_role("textbox", name="Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator(".fn-reply").nth(before).wait_for()


def faults(page: Page) -> list[str]:
    """What axe finds, with the first element that has it."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_no_fault(visit: Callable[[str], Page], look: str) -> None:
    page = visit(look)
    assert faults(page) == []
    for question in ("What is green tea?", "I saw a zebra", "mongoose", "hello", ""):
        if question:
            ask(page, question)
        else:
            page.get_by_role("button", name="Ask", exact=True).click()
            page.get_by_role("alert").get_by_text("Please type a question").wait_for()
    page.get_by_text("Not helpful").first.click()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.locator(".fn-cite").first.click()
    page.locator("mark").wait_for()
    assert faults(page) == []


def test_a_thumb_by_keyboard_with_a_reason_is_kept_once(visit: Callable[[str], Page], database: str) -> None:
    page = visit("light")
    kept = Feedback(database)
    before = len(kept.rows())
    ask(page, "What is green tea?")
    page.get_by_text("Not helpful").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Thank you for the feedback.").wait_for()
    assert page.locator("[data-fn-vote]").count() == 0
    assert page.evaluate("document.activeElement.matches('.fn-turn')")
    ask(page, "What is green tea?")
    page.get_by_role("button", name="Helpful", exact=True).click()
    page.get_by_text("Thank you for the feedback.").nth(1).wait_for()
    assert [(r.vote, r.why, r.verdict) for r in kept.rows()[before:]] == [
        ("down", "wrong_sentence", "answered"),
        ("up", "", "answered"),
    ]
    kept.close()


def test_a_full_server_says_so_and_keeps_the_question(browser: Browser, tmp_path: Path) -> None:
    application = made(WebSettings(rate=FAST, queue=0))
    pool = application.state.parts.pool
    with serving(application) as address:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(address)
        box = page.get_by_role("textbox", name="Your question")
        box.wait_for()
        pool.busy = 1
        box.fill("What is green tea?")
        box.press("Enter")
        page.get_by_role("alert").get_by_text("Please ask again in a moment.").wait_for()
        assert box.input_value() == "What is green tea?"
        pool.busy = 0
        box.press("Enter")
        page.locator(".fn-answered").wait_for()
        assert page.get_by_role("alert").count() == 0
        page.screenshot(path=str(tmp_path / "answered.png"))
        page.close()
