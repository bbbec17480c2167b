"""The chat in a real browser: ask, follow a citation, follow up, be refused, and no request leaves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from assistant.server import HEADERS
from assistant.settings import ROOT
from tests.browser import ARGUMENTS, CHROMIUM, Visit, running_chat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER TEST WAS RUN: install Debian's package chromium"),
]

HEAT = (
    "Applying moist heat can increase blood flow to the area, helping to relax tense muscles and remove metabolic "
    "waste products."
)
ASK_HEAT = "What does applying moist heat do?"
HOSTILE = "<img src=x onerror=alert(1)> **bold** ![x](http://evil.example/x.png) ${1+1} and the capital of Peru?"
TRAP = """# Zebra <b>care</b>

A zebra <img src=http://evil.example/z.png onerror=alert(2)> sleeps standing ![z](http://evil.example/z.png) up.
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The chat over the article without its known questions, which would take long to embed, and a hostile text."""
    corpus, data = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("data")
    (corpus / "muscle-relaxers.md").write_text((ROOT / "corpus" / "muscle-relaxers.md").read_text(encoding="utf-8"))
    (corpus / "zebra.md").write_text(TRAP)
    with running_chat(corpus, data) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visiting = Visit(browser, address)
    yield visiting
    visiting.close()


def test_a_citation_leads_to_its_sentence(visit: Visit) -> None:
    shown = visit.ask(ASK_HEAT)
    for words in ("The source says", HEAT, "[1]", "Physical and Manual Therapies", "ask a doctor or pharmacist"):
        assert words in shown
    assert visit.page.input_value("#fn-question textarea") == ""
    visit.page.locator(".fn-cite").first.click()
    assert visit.page.locator("mark").all_inner_texts() == [HEAT]
    assert visit.in_view("mark")


def test_the_keyboard_alone(visit: Visit) -> None:
    page = visit.page
    page.locator("#fn-question textarea").focus()
    page.keyboard.type(ASK_HEAT)
    visit.sent(lambda: page.keyboard.press("Enter"))
    page.locator(".fn-cite").first.wait_for()
    for _ in range(20):  # backwards from the box to the citation
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('fn-cite')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == HEAT
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "fn-cite"


def test_a_follow_up_shows_what_it_was_understood_as(visit: Visit) -> None:
    assert "Understood as" not in visit.ask(ASK_HEAT)
    assert "Understood as: What does cold therapy do?" in visit.ask("and what about cold therapy?")
    visit.page.locator("#fn-clear").click()
    visit.page.locator(".fn-hello").wait_for()
    assert "Understood as" not in visit.ask("What does cold therapy do?")


def test_verdicts_look_different(visit: Visit) -> None:
    assert "Not in the source" in visit.ask("What is the capital of Peru?")
    assert visit.page.locator(".fn-abstained .fn-ask").count() > 0
    assert "Declined" in visit.ask("How much baclofen should I take tonight?")
    urgent = visit.ask("I can't feel between my legs since this morning")
    assert re.search(r"EMERGENCY\s+Call 911", urgent)
    assert visit.page.locator(".fn-emergency[role=alert]").count() == 1
    assert visit.in_view(".fn-emergency .fn-said")
    colours = {
        visit.page.locator(f".fn-{look}").evaluate("e => getComputedStyle(e).borderLeftColor")
        for look in ("abstained", "declined", "emergency")
    }
    assert len(colours) == 3


def test_markup_in_a_question_and_a_source_is_text(visit: Visit) -> None:
    assert HOSTILE in visit.ask(HOSTILE)
    visit.page.select_option("[data-fn-pick]", "zebra.md")
    shown = visit.page.locator("article:visible").inner_text()
    assert "<img src=http://evil.example/z.png onerror=alert(2)>" in shown
    assert visit.page.locator(".fn-log :is(img, script, a, strong), .fn-source :is(img, script, a, b)").count() == 0


def test_a_section_is_found_in_the_contents(visit: Visit) -> None:
    visit.page.locator(".fn-contents:visible summary").click()
    visit.page.get_by_role("button", name="Physical and Manual Therapies").click()
    assert visit.in_view("h4:has-text('Physical and Manual Therapies')")


def test_a_suggestion_is_asked_by_choosing_it_and_a_draft_stays(visit: Visit) -> None:
    visit.page.fill("#fn-question textarea", "half a thought")
    suggestion = visit.page.locator(".fn-ask").first
    words = suggestion.inner_text()
    assert words in visit.sent(suggestion.click)
    assert visit.page.input_value("#fn-question textarea") == "half a thought"


@pytest.mark.parametrize(
    ("typed", "said"),
    [("   ", "Please type a question"), ("![x](http://evil.example/x) " * 100, "2,800 characters, at most 2,000")],
)
def test_what_is_no_question_is_kept_and_explained(visit: Visit, typed: str, said: str) -> None:
    visit.page.fill("#fn-question textarea", typed)
    visit.page.locator("#fn-send").click()
    visit.page.locator(".fn-problem").get_by_text(said).wait_for()
    expect(visit.page.locator("#fn-question textarea")).to_have_value(typed)
    assert visit.page.locator(".fn-turn").count() == 0
    visit.ask(ASK_HEAT)
    assert visit.page.locator(".fn-problem").count() == 0


def test_the_conversation_is_copied_and_saved_with_citations_and_notices(visit: Visit, tmp_path: Path) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visit.address)
    visit.ask(ASK_HEAT)
    visit.page.locator("#fn-copy").click()
    visit.page.locator(".fn-status").get_by_text("Copied").wait_for()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"> {ASK_HEAT}\nThe source says:\n  [1] “{HEAT}”\n")
    saved = {}
    for button, name in (("#fn-markdown", "conversation.md"), ("#fn-json", "conversation.json")):
        with visit.page.expect_download() as waiting:
            visit.page.locator(button).click()
        assert waiting.value.suggested_filename == name
        waiting.value.save_as(tmp_path / name)
        saved[name] = (tmp_path / name).read_text(encoding="utf-8")
    (turn,) = json.loads(saved["conversation.json"])
    assert (turn["question"], turn["citations"][0]["quote"]) == (ASK_HEAT, HEAT)
    assert turn["disclaimer"]
    assert f"[1] “{HEAT}”" in saved["conversation.md"]
    assert f"> {turn['disclaimer']}" in saved["conversation.md"]


def test_no_question_is_kept_in_the_browser(visit: Visit) -> None:
    visit.ask(ASK_HEAT)
    assert visit.page.evaluate("indexedDB.databases().then(all => all.map(d => d.name))") == []
    assert "moist heat" not in visit.page.evaluate("JSON.stringify([localStorage, sessionStorage])")


@pytest.mark.parametrize(("size", "dark"), [((390, 844), False), ((390, 844), True), ((640, 430), False)])
def test_a_phone_and_a_zoomed_window_have_one_column_and_a_drawer(
    browser: Browser, address: str, size: tuple[int, int], dark: bool
) -> None:
    phone = Visit(browser, address, size, dark)
    phone.ask(ASK_HEAT)
    assert phone.page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert not phone.page.locator(".fn-source").is_visible()
    background = phone.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == dark
    phone.page.locator(".fn-cite").first.click()
    assert phone.in_view("mark")
    phone.page.get_by_role("button", name="Back to the chat").click()
    assert not phone.page.locator(".fn-source").is_visible()
    phone.close()


def test_the_page_says_its_language_and_title(visit: Visit) -> None:
    assert visit.page.title() == "Footnote: answers from the source"
    assert visit.page.evaluate("document.documentElement.lang") == "en"


def test_a_server_too_busy_or_stopped_is_said_and_the_question_stays(browser: Browser, address: str) -> None:
    visit = Visit(browser, address)
    page = visit.page
    full = json.dumps({"detail": "Queue is full."})
    page.route("**/queue/join*", lambda route: route.fulfill(status=503, body=full, content_type="application/json"))
    page.fill("#fn-question textarea", ASK_HEAT)
    page.keyboard.press("Enter")
    page.locator(".fn-problem").get_by_text("was not answered").wait_for()
    expect(page.locator("#fn-question textarea")).to_have_value(ASK_HEAT)
    assert page.locator(".fn-turn").count() == 0
    page.unroute_all()
    page.clock.install()
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    page.locator(".fn-wait").wait_for()
    page.clock.fast_forward(21_000)
    page.get_by_text("No answer has come yet").wait_for()
    expect(page.locator("#fn-question textarea")).to_have_value(ASK_HEAT)
    page.close()


def test_a_port_in_use_ends_with_status_2(address: str) -> None:
    port = address.rsplit(":", 1)[1]
    ended = subprocess.run(
        [sys.executable, "app.py", "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(rf"Port {port} on 127\.0\.0\.1 cannot be used .* name another with --port\.\n", ended.stderr)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_no_other_origin_is_answered(address: str, origin: str) -> None:
    for path in ("/", "/healthz", "/config"):
        asked = urllib.request.Request(address + path, headers={"Origin": origin})
        with urllib.request.urlopen(asked, timeout=30) as reply:
            assert reply.headers["Access-Control-Allow-Origin"] is None
            assert {name: reply.headers[name] for name in HEADERS} == HEADERS
