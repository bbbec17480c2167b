"""What the chat shows is text, whatever stands in a question or a source."""

from __future__ import annotations

import pytest

from assistant import chat_html
from assistant.records import Citation, Reply
from assistant.source import parse

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "${alert(1)} `code` {{7*7}}",
    "</article><article>",
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_nothing_untrusted_is_markup(raw: str) -> None:
    document = parse(f"# {raw}\n\nA sentence with {raw} in it.\n", "x.md")
    quote = Citation("x.md", raw, raw, raw, 0, len(raw), 1.0)
    reply = Reply(raw, "answered", "answered", raw, raw + "!", (quote,), (quote,), 1.0, raw, (raw,), (raw,))
    page = chat_html.conversation([reply], raw, [raw]) + chat_html.source([document])
    for mark in ("<script", "<img", "<svg", "onmouseover='", "${", "{{", "`"):
        assert mark not in page


def test_text_is_escaped_whole() -> None:
    assert chat_html.text('a <b> & "c" {d}\n $e') == "a &lt;b&gt; &amp; &quot;c&quot; &#123;d&#125; &#36;e"


def test_a_quote_carries_its_number_place_and_span() -> None:
    quote = Citation("a.md", "Heat", "Uses", "It relaxes.", 10, 21, 0.9)
    page = chat_html.quotes([quote])
    assert '<q class="fn-quote">It relaxes.</q>' in page
    assert 'data-fn-document="a.md" data-fn-start="10"' in page
    assert '<span class="fn-number">[1]</span>' in page
    assert "<span>Heat · Uses</span>" in page


def test_only_the_newest_emergency_is_an_alert() -> None:
    urgent = Reply("q", "emergency", "emergency.x", "Call.")
    calm = Reply("q", "answered", "answered", "x")
    shown = [chat_html.turn(urgent), chat_html.turn(urgent, newest=False), chat_html.turn(calm)]
    assert ['role="alert"' in page for page in shown] == [True, False, False]


def test_several_documents_have_a_picker() -> None:
    one, two = (parse(f"Words of {n}.\n", f"{n}.md") for n in ("a", "b"))
    assert "<select" not in chat_html.source([one])
    assert chat_html.source([one, two]).count("<option") == 2
