"""The widget in a real browser, on pages of another site: kind ones, hostile ones, and ones that are not listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Route

from assistant.web.settings import WebSettings
from tests.browser import CHROMIUM, Watched, chromium
from tests.widget_host import (
    ASKED,
    CHEST,
    GREEN,
    HOSTILE,
    LEAF,
    OFFERED,
    RELATED,
    REPHRASED,
    STEEP,
    Site,
    citation,
    footnote,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER TEST WAS RUN: install Debian's package chromium"),
]

WIDE, PHONE = (1280, 800), (390, 780)
TEXT = "<main><h1>A site</h1><p>Its own words, and <a href='#'>a link</a>.</p></main>"
EVIL = """* { all: unset !important; } html { font-size: 40px; }
footnote-chat { display: none !important; opacity: 0.1 !important; transform: rotate(20deg) !important; }"""
FOCUSED = "() => document.activeElement.shadowRoot?.activeElement?.className || document.activeElement.id"
HEARD = """for (const name of ["open", "close", "ask", "answer", "error"])
    addEventListener(`footnote:${name}`, ({ detail }) =>
        (window.heard ??= []).push([name, detail.code ?? detail.question ?? ""]))"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Footnote, which lists the site by its number alone: by its name, localhost, it is another origin."""
    kept = tmp_path_factory.mktemp("feedback") / "kept.sqlite"
    listed = (f"http://127.0.0.1:{site.port}",)
    with footnote(
        WebSettings(origins=listed, rate="9999/minute", feedback=f"sqlite:///{kept}", access="token")
    ) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Visit(Watched):
    """A visitor's page with the widget on it."""

    def __init__(self, browser: Browser, own: tuple[str, ...], url: str, size: tuple[int, int], **options: Any) -> None:
        super().__init__(browser, own, size, **options)
        self.page.add_init_script(HEARD)
        self.page.goto(url)
        self.launch = self.page.locator("button.launch")
        self.box = self.page.get_by_role("textbox", name="Your question")
        self.replies = self.page.locator(".reply")

    def open(self) -> None:
        self.launch.click()
        self.page.get_by_role("dialog", name="Ask the source").wait_for()

    def ask(self, question: str) -> Locator:
        """Types, presses Enter, waits for the newest reply."""
        self.box.fill(question)
        return self.next_reply(lambda: self.box.press("Enter"))

    def next_reply(self, act: Callable[[], Any]) -> Locator:
        before = self.replies.count()
        act()
        self.replies.nth(before).wait_for()
        return self.replies.last

    def focused(self) -> str:
        """The class of what has the focus in the widget, or the id of what has it on the page."""
        return str(self.page.evaluate(FOCUSED))

    def heard(self) -> list[list[str]]:
        """The events that reached the page, with a question or an error's code."""
        return list(self.page.evaluate("window.heard ?? []"))

    def sideways(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def accessible(self) -> None:
        """No rule of axe-core is broken; `region` is about the whole page, which is the site's."""
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()


@pytest.fixture
def visit(browser: Browser, site: Site, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens pages; none may ask another host for anything. `quiet=False` for those that are meant to complain."""
    visits: list[tuple[Visit, bool]] = []

    def opened(url: str, size: tuple[int, int] = WIDE, quiet: bool = True, **options: Any) -> Visit:
        own = (address, f"http://127.0.0.1:{site.port}", f"http://localhost:{site.port}", "data:")
        visits.append((Visit(browser, own, url, size, **options), quiet))
        return visits[-1][0]

    yield opened
    for made, quiet in visits:
        made.context.close()
        assert made.elsewhere == []
        assert not quiet or made.complaints == []


@pytest.fixture
def host(site: Site, address: str) -> Callable[..., str]:
    """A page of the site that carries the widget with these attributes; its address."""

    def page(attributes: str = "", **more: Any) -> str:
        script = f'<script src="{address}/widget.js" defer></script>'
        return site.page("/", f"{TEXT}<footnote-chat {attributes}></footnote-chat>{script}", **more)

    return page


def test_from_the_bubble_to_the_sentence_in_its_source(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host())
    seen.open()
    assert seen.page.locator(".greeting").is_visible()
    reply = seen.ask(ASKED)
    for words in (
        "Understood as: How hot is green tea brewed?",
        "The source says",
        GREEN,
        "[1]",
        "Tea › Brewing",
        "ask a doctor",
    ):
        assert words in reply.inner_text()
    assert seen.box.input_value() == ""
    cite = reply.get_by_role("button", name="Tea › Brewing")
    assert cite.get_attribute("aria-expanded") == "false"
    cite.click()
    context = reply.locator(".context")
    context.locator("mark").wait_for()
    assert context.locator("mark").inner_text() == GREEN
    assert context.locator("blockquote").inner_text() == f"{GREEN} Black tea needs boiling water."
    with seen.context.expect_page() as opened:
        context.get_by_role("link", name="Open in the source").click()
    opened.value.locator("mark").wait_for()
    assert opened.value.locator("mark").inner_text() == GREEN
    assert seen.heard() == [["open", ""], ["ask", ASKED], ["answer", ASKED]]
    kept = "async () => [localStorage.length, (await indexedDB.databases()).length, document.cookie]"
    assert seen.page.evaluate(kept) == [0, 0, ""]


def test_offsets_are_characters_and_the_source_page_marks_them(
    visit: Callable[..., Visit], host: Callable[..., str], address: str
) -> None:
    seen = visit(host('open-on-load="" position="bottom-left"'))
    reply = seen.ask(STEEP)
    reply.locator(".cite").click()
    reply.locator("mark").wait_for()
    assert reply.locator("mark").inner_text() == LEAF
    assert reply.locator("blockquote").inner_text().startswith("… ")
    cited = citation("Steep")
    place = f"{address}/source/{quote(cited.document)}#{cited.start}-{cited.end}"
    assert reply.locator("a").get_attribute("href") == place
    source = visit(place, reduced_motion="reduce")
    source.page.locator("mark").wait_for()
    assert source.page.locator("mark").inner_text() == LEAF
    assert source.page.evaluate("document.activeElement.id") == f"{cited.start}-{cited.end}"
    top, bottom = source.page.evaluate(
        "(({top, bottom}) => [top, bottom])(document.querySelector('mark').getBoundingClientRect())"
    )
    assert 0 < top < bottom < WIDE[1]
    source.page.evaluate("location.hash = '#99999-99999'")
    source.page.get_by_text("no longer in the document").wait_for()
    assert source.page.locator("mark").count() == 0


def test_an_emergency_is_assertive_and_dials_and_abstaining_offers(
    visit: Callable[..., Visit], host: Callable[..., str]
) -> None:
    seen = visit(host())
    seen.open()
    assert seen.page.get_by_role("log", name="Conversation").count() == 1
    abstained = seen.ask(RELATED)
    assert "Not in the source" in abstained.inner_text()
    assert abstained.locator(".related q").count() == 2
    assert OFFERED[1] in abstained.locator(".asks").inner_text()
    assert seen.page.get_by_role("alert").locator(".verdict").count() == 0
    emergency = seen.ask(CHEST)
    assert "EMERGENCY" in emergency.inner_text()
    assert emergency.get_attribute("role") == "alert"
    assert emergency.locator("a").first.get_attribute("href") == "tel:999"
    looks = [seen.replies.nth(n).evaluate("(e) => getComputedStyle(e).borderColor") for n in range(2)]
    assert len(set(looks)) == 2


def test_the_keyboard_alone(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host())
    keyboard = seen.page.keyboard
    keyboard.press("Tab")  # the site's link
    keyboard.press("Tab")
    assert seen.focused() == "launch"
    keyboard.press("Enter")
    seen.page.get_by_role("dialog").wait_for()
    keyboard.type(ASKED)  # the focus has moved to the box
    reply = seen.next_reply(lambda: keyboard.press("Enter"))
    for _ in range(12):
        if seen.focused() == "cite":
            break
        keyboard.press("Shift+Tab")
    outline = "getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineStyle"
    assert seen.page.evaluate(outline) == "solid"
    keyboard.press("Enter")
    reply.locator("mark").wait_for()
    keyboard.press("Escape")
    assert seen.page.get_by_role("dialog").count() == 0
    assert seen.focused() == "launch"
    assert [name for name, _ in seen.heard()] == ["open", "ask", "answer", "close"]


def test_what_the_page_opens_returns_its_focus(visit: Callable[..., Visit], site: Site, address: str) -> None:
    chat = f'<script src="{address}/widget.js"></script><footnote-chat></footnote-chat>'
    seen = visit(site.page("/opens", f'{TEXT}<button id="help">Help</button>{chat}'))
    seen.page.evaluate("() => { help.onclick = () => document.querySelector('footnote-chat').open() }")
    seen.page.locator("#help").click()
    assert seen.page.evaluate("document.activeElement.tagName") == "FOOTNOTE-CHAT"
    reply = seen.page.evaluate("(q) => document.querySelector('footnote-chat').ask(q)", ASKED)
    assert (reply["verdict"], reply["citations"][0]["quote"]) == ("answered", GREEN)
    seen.page.keyboard.press("Escape")
    assert seen.focused() == "help"
    seen.page.evaluate("addEventListener('footnote:ask', (event) => event.preventDefault())")
    assert seen.page.evaluate("document.querySelector('footnote-chat').ask('Kept back?')") is None
    seen.page.evaluate("document.querySelector('footnote-chat').clear()")
    assert seen.replies.count() == 0


def test_a_page_that_unsets_everything_under_a_strict_policy(
    visit: Callable[..., Visit], site: Site, host: Callable[..., str], address: str
) -> None:
    site.pages["/evil.css"] = (EVIL, {"Content-Type": "text/css"})
    policy = (
        f"default-src 'none'; script-src {address}; connect-src {address}; style-src 'self'; img-src data:; "
        "require-trusted-types-for 'script'"
    )
    seen = visit(host(head='<link rel="stylesheet" href="/evil.css">', Content_Security_Policy=policy))
    fresh = visit(host())
    for each in (seen, fresh):
        each.open()
        each.ask(ASKED).locator(".cite").click()
        each.page.locator("mark").wait_for()
    style = """(e) => { const s = getComputedStyle(e); return [s.display, s.color, s.fontSize, s.fontFamily,
        s.opacity, s.position, e.offsetWidth, e.offsetHeight]; }"""
    for part in ("dialog", ".head h2", ".reply", ".question", "textarea", ".send", "mark"):
        looks = [each.page.locator(part).first.evaluate(style) for each in (seen, fresh)]
        assert looks[0] == looks[1], part


def test_a_site_that_is_not_listed_is_told_so_and_nothing_typed_is_lost(
    visit: Callable[..., Visit], host: Callable[..., str]
) -> None:
    seen = visit(host().replace("127.0.0.1", "localhost"), quiet=False)
    seen.open()
    reply = seen.ask(ASKED)
    assert "may not ask here" in reply.inner_text()
    assert "FOOTNOTE_ORIGINS" in reply.inner_text()
    assert seen.box.input_value() == ASKED
    assert ["error", "origin"] in seen.heard()


def answer(status: int, body: str, **headers: str) -> Callable[[Route], None]:
    """A server that answers so."""
    open_to_all = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda route: route.fulfill(status=status, body=body, headers={**open_to_all, **given})


def test_every_fault_is_said_in_words_and_can_be_tried_again(
    visit: Callable[..., Visit], host: Callable[..., str]
) -> None:
    seen = visit(host(), quiet=False)
    seen.open()
    faults: list[tuple[Callable[[Route], None], str]] = [
        (answer(429, '{"error": {"code": "rate_limited", "message": "x"}}', Retry_After="1"), "again in 1 seconds"),
        (answer(503, '{"error": {"code": "timeout", "message": "x"}}'), "No answer came in time"),
        (answer(503, "<h1>Bad gateway</h1>"), "again in 10 seconds"),
        (answer(500, "{}"), "Something broke on the server"),
        (answer(200, "<html>"), "could not be read"),
        (answer(200, '{"verdict": "maybe"}'), "could not be read"),
        (answer(422, '{"error": {"code": "invalid_request", "message": "question: too odd."}}'), "question: too odd."),
        (lambda route: route.abort(), "could not be reached"),
    ]
    for act, words in faults:
        seen.page.route("**/api/ask", act)
        seen.box.fill(ASKED)
        seen.box.press("Enter")
        seen.page.locator(".reply", has_text=words).wait_for()
        assert seen.replies.count() == 1
        assert seen.box.input_value() == ASKED
        assert "call your emergency number" in seen.replies.inner_text()
        seen.page.unroute("**/api/ask")
    seen.context.set_offline(True)
    seen.box.press("Enter")
    seen.page.locator(".reply", has_text="offline").wait_for()
    seen.context.set_offline(False)
    seen.page.get_by_role("button", name="Try again").click()
    seen.page.locator(".reply", has_text=GREEN).wait_for()
    assert seen.box.input_value() == ""
    assert seen.replies.count() == 1


def test_a_token_that_no_longer_counts_is_replaced(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host(), quiet=False)
    minted: list[str] = []
    seen.page.on("request", lambda r: minted.append(r.method) if r.url.endswith("/api/session") else None)
    seen.open()
    seen.page.locator(".asks button").first.wait_for()
    tokens: list[str] = []

    def once(route: Route) -> None:
        tokens.append(route.request.headers["authorization"])
        answer(401, '{"error": {"code": "token_expired", "message": "x"}}')(route) if len(
            tokens
        ) == 1 else route.continue_()

    seen.page.route("**/api/ask", once)
    assert GREEN in seen.ask(ASKED).inner_text()
    assert len(set(tokens)) == 2
    assert minted.count("POST") == 2


def test_a_question_that_is_too_long_stays_in_the_field(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host())
    seen.open()
    seen.box.press("Enter")
    seen.page.get_by_text("Please type a question.").wait_for()
    seen.box.fill("🍵" * 1_999 + "?")
    assert seen.page.locator(".count").inner_text() == "2,000 of 2,000 characters"
    assert seen.box.get_attribute("aria-invalid") == "false"
    seen.box.fill("why " * 501)
    assert seen.page.locator(".count").inner_text() == "2,003 of 2,000 characters"
    seen.box.press("Enter")
    seen.page.get_by_role("alert").get_by_text("At most 2,000 characters").wait_for()
    assert len(seen.box.input_value()) == 2_004
    assert seen.replies.count() == 0
    assert seen.box.get_attribute("aria-invalid") == "true"


def test_markup_from_question_and_server_is_text(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    attributes = f'title="{HOSTILE}" greeting="{HOSTILE}" placeholder="{HOSTILE}" questions="{HOSTILE}|Two?"'
    seen = visit(host(attributes))
    seen.launch.click()
    assert HOSTILE in seen.page.locator(".greeting").inner_text()
    reply = seen.next_reply(lambda: seen.page.locator(".asks button").first.click())
    assert reply.inner_text().count(HOSTILE) >= 5
    reply.locator(".cite").click()
    reply.locator(".context a").wait_for()
    inside = (
        "document.querySelector('footnote-chat').shadowRoot.querySelectorAll('img, script, iframe, b b, a[href^=java]')"
    )
    assert seen.page.evaluate(f"{inside}.length") == 0


def test_statements_say_which_were_rephrased(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host())
    seen.open()
    reply = seen.ask(REPHRASED)
    assert [s.inner_text() for s in reply.locator(".statement").all()] == [
        "Brew green tea at 80 degrees and store it well. [2][3] rephrased",
        "Keep tea in a closed tin. [3]",
    ]
    assert [b.inner_text() for b in reply.locator(".cite b").all()] == ["[1]", "[2]", "[3]"]
    reply.get_by_role("button", name="Helpful", exact=True).click()
    reply.get_by_text("Thank you.").wait_for()


def test_a_draft_and_a_conversation_survive_a_change_of_attributes(
    visit: Callable[..., Visit], host: Callable[..., str]
) -> None:
    seen = visit(host())
    seen.open()
    seen.ask(ASKED)
    seen.box.fill("half a ques")
    seen.page.evaluate("document.querySelector('footnote-chat').setAttribute('lang', 'es')")
    box = seen.page.get_by_role("textbox", name="Su pregunta")
    assert box.input_value() == "half a ques"
    assert "La fuente dice" in seen.replies.inner_text()
    seen.page.evaluate("document.querySelector('footnote-chat').setAttribute('lang', 'de-AT')")
    assert "Die Quelle sagt" in seen.replies.inner_text()
    seen.page.evaluate("document.querySelector('footnote-chat').setAttribute('theme', 'dark')")
    assert (
        seen.page.locator(".root.dark dialog").evaluate("(e) => getComputedStyle(e).backgroundColor")
        == "rgb(21, 24, 27)"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_it_fills_the_screen(visit: Callable[..., Visit], host: Callable[..., str], scheme: str) -> None:
    seen = visit(host("open-on-load"), PHONE, color_scheme=scheme, has_touch=True, is_mobile=True)
    assert seen.page.get_by_role("dialog").count() == 0
    seen.launch.tap()
    assert seen.page.locator("dialog").bounding_box() == {"x": 0, "y": 0, "width": PHONE[0], "height": PHONE[1]}
    assert seen.page.locator("dialog").evaluate("(e) => e.matches(':modal')")
    seen.ask(STEEP).locator(".cite").tap()
    seen.page.locator("mark").wait_for()
    assert seen.sideways() == 0
    small = """() => [...document.querySelector("footnote-chat").shadowRoot.querySelectorAll("button, a, textarea")]
        .filter((e) => e.checkVisibility()).map((e) => [e.className, e.getBoundingClientRect()])
        .filter(([, box]) => box.width < 43.5 || box.height < 43.5).map(([name]) => name)"""
    assert seen.page.evaluate(small) == []
    seen.page.get_by_role("button", name="Close").tap()
    assert seen.launch.is_visible()


def test_right_to_left(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host(attributes='lang="ar" dir="rtl"'))
    box = seen.launch.bounding_box()
    assert box
    assert box["x"] < 100
    seen.launch.click()
    reply = seen.ask(REPHRASED)
    assert reply.locator("li").first.evaluate("(e) => getComputedStyle(e).direction") == "ltr"
    close, title = (seen.page.locator(part).bounding_box() for part in ("button.close", ".head h2"))
    assert close
    assert title
    assert close["x"] < title["x"]
    assert seen.sideways() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Callable[..., Visit], host: Callable[..., str], address: str, scheme: str) -> None:
    seen = visit(host(), color_scheme=scheme, reduced_motion="reduce")
    seen.accessible()
    seen.open()
    seen.accessible()
    for question in (REPHRASED, RELATED, CHEST):
        seen.ask(question)
    seen.page.locator(".cite").first.click()
    seen.page.locator("mark").wait_for()
    seen.page.route("**/api/ask", lambda route: answer(200, "{}")(route))
    seen.ask("What?")
    seen.accessible()
    for path in ("/embed", "/widget", "/source/tea.md#32-66"):
        page = visit(address + path, color_scheme=scheme, reduced_motion="reduce")
        page.page.wait_for_load_state("networkidle")
        page.accessible()


def test_forced_colours_keep_edges(visit: Callable[..., Visit], host: Callable[..., str]) -> None:
    seen = visit(host(), forced_colors="active")
    seen.open()
    reply = seen.ask(ASKED)
    reply.locator(".cite").click()
    reply.locator("mark").wait_for()
    edge = "(e) => getComputedStyle(e).borderTopStyle"
    assert [seen.page.locator(part).first.evaluate(edge) for part in (".send", ".cite", ".reply")] == ["solid"] * 3


def test_a_frame_is_for_listed_sites_and_takes_words_from_them_alone(
    visit: Callable[..., Visit], site: Site, address: str
) -> None:
    query = "embed?title=Tea+room&theme=dark&lang=de"
    url = site.page("/frame", f'{TEXT}<iframe src="{address}/{query}" title="Tea" width="420" height="600"></iframe>')
    seen = visit(url)
    frame = seen.page.frame_locator("iframe")
    frame.get_by_role("heading", name="Tea room").wait_for()
    frame.get_by_role("textbox", name="Ihre Frage").fill(ASKED)
    frame.get_by_role("button", name="Fragen").click()
    frame.locator(".reply", has_text=GREEN).wait_for()
    frame.locator(".cite").click()
    frame.locator("mark", has_text=GREEN).wait_for()
    alone = visit(f"{address}/{query}")
    assert alone.page.get_by_role("heading", name="Die Quelle fragen").is_visible()
    assert alone.page.get_by_text("Tea room").count() == 0
    elsewhere = visit(url.replace("127.0.0.1", "localhost"), quiet=False)
    elsewhere.page.wait_for_timeout(500)
    assert elsewhere.page.frame_locator("iframe").locator("footnote-chat").count() == 0
    assert any("frame-ancestors" in said for said in elsewhere.complaints)


def test_what_is_copied_from_the_page_works_on_a_listed_site(
    visit: Callable[..., Visit], site: Site, address: str
) -> None:
    seen = visit(f"{address}/widget")
    seen.page.fill("[name=title]", 'The "tea" room')
    seen.page.fill("[name=questions]", "One?\nTwo?")
    seen.page.check("[name=integrity]")
    seen.page.fill("[name=site]", f"http://127.0.0.1:{site.port}/some/page")
    assert seen.page.locator("#origins").inner_text() == f"FOOTNOTE_ORIGINS=http://127.0.0.1:{site.port}"
    seen.page.get_by_role("region", name="2. Look at it").get_by_role("heading", name='The "tea" room').wait_for()
    snippet = seen.page.locator("#snippet").inner_text()
    assert 'integrity="sha384-' in snippet
    csp = seen.page.locator("#csp").inner_text()
    copied = visit(site.page("/copied", TEXT + snippet, Content_Security_Policy=f"default-src 'self' data:; {csp}"))
    assert copied.page.get_by_role("heading", name='The "tea" room').is_visible()
    assert [b.inner_text() for b in copied.page.locator(".asks button").all()] == ["One?", "Two?"]
    assert GREEN in copied.ask(ASKED).inner_text()
    seen.page.select_option("[name=position]", "frame")
    framed = seen.page.frame_locator(".stage iframe")
    framed.get_by_role("heading", name='The "tea" room').wait_for()
    assert "<iframe" in seen.page.locator("#snippet").inner_text()
    assert seen.sideways() == 0
