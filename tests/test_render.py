"""Reply -> text for the terminal and for an export: whole, and inert whatever the source or the question hold."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from assistant.records import Citation, Reply
from assistant.render import FAULT, HEADLINES, as_markdown, as_text
from tests.fakes import citation

ANSWERED = Reply(
    "how hot for advil?",
    "answered",
    "answered",
    "Green tea is brewed at 80 degrees. Light fades it.",
    standalone_question="how hot for tea?",
    citations=(citation("Light", score=0.6), citation("Green", score=0.3)),
    disclaimer="Ask the cook.",
    notes=("advil: a tea",),
)
ABSTAINED = Reply(
    "who?",
    "abstained",
    "not_in_source",
    "The source does not answer that.",
    standalone_question="who?",
    related=(citation("An iron", "pots.md"),),
    suggestions=("What does it say about brewing?",),
)


def test_an_answer_as_text() -> None:
    assert as_text(ANSWERED) == (
        "(understood as: how hot for tea?)\n"
        "(advil: a tea)\n"
        "The source says:\n"
        "  [1] “Green tea is brewed at 80 degrees.”\n"
        "      Tea, Brewing (tea.md:36-70)\n"
        "  [2] “Light fades it.”\n"
        "      Tea, Storing (tea.md:145-160)\n"
        "\n"
        "Ask the cook."
    )


def test_a_refusal_as_text() -> None:
    assert as_text(ABSTAINED) == (
        "Not in the source:\n"
        "The source does not answer that.\n"
        "\n"
        "Related, not an answer:\n"
        "  [1] “An iron pot keeps tea hot for an hour.”\n"
        "      Pots, Pots (pots.md:8-46)\n"
        "\n"
        "You could ask:\n"
        "  What does it say about brewing?"
    )


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply("q", "emergency", "r", "Call 999.", disclaimer="N."), "EMERGENCY:\nCall 999.\n\nN."),
        (Reply("q", "declined", "r", "No."), "Declined:\nNo."),
        (Reply("q", "smalltalk", "r", "Hello."), "Footnote:\nHello."),
        (Reply("q", "abstained", "error", "It broke."), "Something broke:\nIt broke."),
        (Reply("q", "declined", "screen_error", "It broke."), "Something broke:\nIt broke."),
    ],
)
def test_other_verdicts_as_text(reply: Reply, text: str) -> None:
    assert as_text(reply) == text


def test_a_conversation_as_markdown() -> None:
    assert as_markdown([ANSWERED, ABSTAINED]) == (
        "# Conversation with Footnote\n\n"
        "## how hot for advil?\n\n"
        "*Understood as: how hot for tea?*\n\n"
        "*advil: a tea*\n\n"
        "**The source says**\n\n"
        "[1] “Green tea is brewed at 80 degrees.” — Tea, Brewing (tea.md:36-70)\n\n"
        "[2] “Light fades it.” — Tea, Storing (tea.md:145-160)\n\n"
        "> Ask the cook.\n\n"
        "## who?\n\n"
        "**Not in the source**\n\n"
        "The source does not answer that.\n\n"
        "Related, not an answer:\n\n"
        "[1] “An iron pot keeps tea hot for an hour.” — Pots, Pots (pots.md:8-46)\n"
    )
    assert as_markdown([]) == "# Conversation with Footnote\n"


def test_every_verdict_has_a_headline_of_its_own() -> None:
    assert len({*HEADLINES.values(), FAULT}) == 6


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/p.png)",
    "<http://evil.example>",
    "http://evil.example and www.evil.example and me@evil.example",
    "[x][1]\n\n[1]: http://evil.example",
    "one\n# two\n\n- three\n\n```\nfour\n```\n\n~~~\nfive\n~~~\n\n---\n\n    six",
    "one\n===\ntwo | three\n--- | ---",
    "&lt;b&gt; &amp; &#60;",
    "*a* _b_ **c** ~~d~~ `e` \\",
    "a\\](b) \\<i>",
]


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_reply_is_inert_in_markdown(text: str) -> None:
    hostile = Citation(text, text, text, text, 0, 1, 1.0)
    reply = Reply(
        text,
        "answered",
        "r",
        text,
        standalone_question=f"{text}?",
        citations=(hostile,),
        disclaimer=text,
        notes=(text,),
    )
    refusal = replace(reply, verdict="abstained", citations=(), related=(hostile,))
    page = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(as_markdown([reply, refusal]))
    )
    assert set(re.findall(r"</?([a-z0-9]+)[^>]*>", page)) == {"h1", "h2", "p", "strong", "em", "blockquote"}
    assert set(re.findall(r"<[a-z0-9]+([^>]*)>", page)) == {""}
    shown = MarkdownIt("commonmark").parse(as_markdown([reply]))
    heading = "".join(child.content for child in shown[4].children or ())
    assert words(heading) == words(text)


@pytest.mark.parametrize("text", ["http://evil.example", "https://evil.example", "www.evil.example", "a@evil.example"])
def test_no_reader_makes_a_link_of_an_address(text: str) -> None:
    exported = as_markdown([Reply(text, "declined", "r", text)])
    assert text not in exported
    assert re.search(r"https?://|www\.|\w@", exported) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b[1;1Hgone", "[2J[1;1Hgone"),
        ("a\x00b\x07c\x9bd", "abcd"),
        ("one\rtwo\tthree\x85four", "one two three four"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("lone\ud800 surrogate", "lone surrogate"),
        ("שלום \u200f😀 e\u0301", "שלום \u200f😀 e\u0301"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    hostile = Citation(text, text, text, text, 0, 1, 1.0)
    reply = Reply(
        "q", "declined", "r", text, standalone_question=text, related=(hostile,), disclaimer=text, notes=(text,)
    )
    quote = " ".join(shown.split())
    assert as_text(reply) == (
        f"(understood as: {shown})\n({shown})\nDeclined:\n{shown}\n\nRelated, not an answer:\n"
        f"  [1] “{quote}”\n      {shown}, {shown} ({shown}:0-1)\n\n{shown}"
    )
    assert not set(as_markdown([reply])) & set("\x00\x07\r\t\x1b\x85\x9b\u202e\u2066\ud800")
