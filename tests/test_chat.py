"""What the chat shows is text, whatever stands in a question or a source; each verdict has its own look."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import app
from assistant import chat_html
from assistant.chat import as_json, look, message
from assistant.errors import FootnoteError
from assistant.records import Citation, Reply
from assistant.render import as_markdown
from assistant.source import parse
from tests.fakes import BLACK, GREEN, LIGHT_POTS, documents

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "${alert(1)} `code` {{7*7}}",
    "</article><article>",
    "</pre><iframe src=http://evil.example>",
    "</textarea><style>*{display:none}</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href=http://evil.example>x</a>",
]
OURS = {
    *("div", "section", "h2", "h3", "h4", "h5", "h6", "p", "span", "bdi", "ol", "ul", "li", "q", "button", "pre"),
    *("article", "details", "summary", "label", "select", "option"),
}
ATTRIBUTES = re.compile(r"class|type|role|hidden|tabindex|value|aria-[a-z]+|data-[a-z-]+")


class Elements(HTMLParser):
    """Which elements and attributes a page has, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("raw", HOSTILE)
def test_nothing_untrusted_is_markup(raw: str) -> None:
    document = parse(f"# {raw}\n\nA sentence with {raw} in it.\n", "x.md")
    quote = Citation(raw, raw, raw + ".", raw, 0, len(raw), 1.0)
    reply = Reply(raw, "answered", "answered", raw, raw + "!", (quote,), (quote,), 1.0, raw, (raw,), (raw,))
    said = Reply(raw, "abstained", "error", raw)
    page = chat_html.conversation([reply, said], raw, [raw]) + chat_html.source([document, document]) + message(raw)
    seen = Elements(page)
    assert seen.tags <= OURS
    assert [name for name in seen.attributes if not ATTRIBUTES.fullmatch(name)] == []
    assert not set("${}`") & set(page)
    assert seen.text.count(raw) > 8


def test_text_is_escaped_whole() -> None:
    assert chat_html.text('a <b> & "c" {d}\n $e') == "a &lt;b&gt; &amp; &quot;c&quot; &#123;d&#125; &#36;e"


def test_a_quote_carries_its_number_and_place() -> None:
    assert chat_html.quotes([GREEN]) == (
        '<ol class="fn-quotes fn-quotes-cited"><li><q class="fn-quote">Green tea is brewed at 80 degrees.</q> '
        f'<button type="button" class="fn-cite" data-fn-document="tea.md" data-fn-start="{GREEN.start}">'
        '<span class="fn-number">[1]</span> <span class="fn-sr">Show in the source: </span>'
        "<span>Tea · Brewing</span></button></li></ol>"
    )


def test_related_passages_have_no_number() -> None:
    assert "[1]" not in chat_html.quotes([GREEN], "related")


ANSWERED = Reply("q", "answered", "answered", "x", citations=(BLACK, GREEN), disclaimer="Ask a doctor.")
LOOKS = [
    (ANSWERED, "fn-answered", "The source says"),
    (Reply("q", "abstained", "not_in_source", "No.", related=(GREEN,)), "fn-abstained", "Not in the source"),
    (Reply("q", "declined", "decision.dose", "Ask."), "fn-declined", "Declined"),
    (Reply("q", "emergency", "emergency.x", "Call."), "fn-emergency", "EMERGENCY"),
    (Reply("q", "smalltalk", "smalltalk.thanks", "Welcome."), "fn-smalltalk", "Footnote"),
    (Reply("q", "abstained", "error", "Broken."), "fn-fault", "Something broke"),
    (Reply("q", "declined", "screen_error", "Broken."), "fn-fault", "Something broke"),
]


@pytest.mark.parametrize(("reply", "style", "headline"), LOOKS)
def test_each_verdict_has_its_own_look(reply: Reply, style: str, headline: str) -> None:
    shown = chat_html.turn(reply)
    assert re.findall(r'class="fn-reply (\S+)"', shown) == [style]
    assert headline in Elements(shown).text
    assert ('role="alert"' in shown) == (style == "fn-emergency")


def test_only_the_newest_emergency_is_an_alert() -> None:
    urgent = Reply("q", "emergency", "emergency.x", "Call.")
    assert chat_html.conversation([urgent, replace(urgent, question="again")], "", ()).count('role="alert"') == 1


def test_quotes_stand_in_reading_order_with_the_notice() -> None:
    shown = Elements(chat_html.turn(ANSWERED)).text
    places = [shown.index(words) for words in ("[1]", "[2]", "Ask a doctor.")]
    assert places == sorted(places)
    assert shown.index(GREEN.quote) < shown.index(BLACK.quote)


@pytest.mark.parametrize(("standalone", "shown"), [("", False), ("q", False), ("What does q do?", True)])
def test_understood_as(standalone: str, shown: bool) -> None:
    page = chat_html.turn(replace(ANSWERED, standalone_question=standalone))
    assert ('<p class="fn-note">Understood as:' in page) == shown


def test_every_sentence_can_be_found_and_is_shown_whole() -> None:
    page = chat_html.source(documents())
    for document in documents():
        for s in document.sentences:
            assert f'<span data-start="{s.start}" data-end="{s.end}" tabindex="-1">{chat_html.text(s.text)}</' in page
        for section in document.sections:
            assert f'data-fn-heading="{section.id}"' in page


def test_lists_are_lists_and_paragraphs_part_at_empty_lines() -> None:
    page = chat_html.source([parse("One. Two.\n\nThree.\n\n- a tin\n- a pot\n", "x.md")])
    bare = re.sub(r"</?span[^>]*>", "", page)
    assert "<p>One. Two.</p><p>Three.</p><ul><li>a tin</li><li>a pot</li></ul>" in bare


def test_several_documents_have_a_picker_and_one_is_open() -> None:
    one, two = documents()
    assert "<select" not in chat_html.source([one])
    page = chat_html.source([one, two])
    assert (page.count("<option"), page.count("<article"), page.count(" hidden>")) == (2, 2, 1)


def test_exports_hold_citations_and_notices() -> None:
    turns = [replace(ANSWERED, citations=(LIGHT_POTS,))]
    assert json.loads(as_json(turns)) == [json.loads(json.dumps(turns[0].as_dict()))]
    assert "[1] “Light fades it.”" in as_markdown(turns)
    assert "> Ask a doctor." in as_markdown(turns)


def test_the_look_asks_nothing_of_another_host_and_keeps_no_history() -> None:
    made = look()
    assert re.findall(r"https?:|//[a-z]|@import|url\(", re.sub(r"(?m)(^|\s)// .*$", "", made["head"])) == []
    assert (made["run_history"], made["footer_links"]) == (False, [])


def test_a_port_in_use_is_named_with_the_cure() -> None:
    with app.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FootnoteError, match=rf"Port {port} on 127\.0\.0\.1 .* name another with --port"):
            app.listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_can_be_typed_into_a_browser(host: str, shown: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with app.listen(host, 0) as listening:
        assert app.address(listening) == f"http://{shown}:{listening.getsockname()[1]}"
