"""Reply -> text, for the doors that show text: the terminal, the clipboard, an export."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from assistant.compose import in_reading_order
from assistant.records import Citation, Reply, Statement

_URL = re.compile(r"(?<=[a-z])://|(?<=www)\.|@", re.I)
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BROKEN = ("error", "screen_error")
"""Reason codes of refusals that are faults of ours; they are not shown as the source's silence."""
FAULT = "Something broke"
REPHRASED = "rephrased"
WORD_FOR_WORD = "In the source, word for word"
HEADLINES = {
    "answered": "The source says",
    "abstained": "Not in the source",
    "declined": "Declined",
    "emergency": "EMERGENCY",
    "smalltalk": "Footnote",
}


def headline(reply: Reply) -> str:
    """What a door shows first; a fault is never shown with a refusal's words."""
    return FAULT if reply.reason in BROKEN else HEADLINES[reply.verdict]


def understood_as(reply: Reply) -> str:
    """The question that was looked up, where it is not the one that was asked; else nothing."""
    return "" if reply.standalone_question == reply.question else reply.standalone_question


def as_text(reply: Reply) -> str:
    """Verdict, numbered quotes with their place, notice; plain text that moves no cursor."""
    lines = []
    if understood_as(reply):
        lines.append(f"(understood as: {understood_as(reply)})")
    lines += [f"({note})" for note in reply.notes]
    lines.append(f"{headline(reply)}:")
    if reply.statements:
        lines += [f"  {said(s)}" for s in reply.statements]
        lines += ["", f"{WORD_FOR_WORD}:"]
    if reply.citations:
        lines += _quotes(in_reading_order(reply.citations))
    else:
        lines.append(reply.text)
    if reply.related:
        lines += ["", "Related, not an answer:", *_quotes(reply.related)]
    if reply.suggestions:
        lines += ["", "You could ask:", *(f"  {s}" for s in reply.suggestions)]
    if reply.disclaimer:
        lines += ["", reply.disclaimer]
    return "\n".join(_visible(line) for line in lines)


def as_markdown(turns: Sequence[Reply]) -> str:
    """A conversation as Markdown, with citations and notices."""
    parts = ["# Conversation with Footnote"]
    for reply in turns:
        parts.append(f"## {_escape(reply.question)}")
        if understood_as(reply):
            parts.append(f"*Understood as: {_escape(understood_as(reply))}*")
        parts += [f"*{_escape(note)}*" for note in reply.notes]
        parts.append(f"**{headline(reply)}**")
        if reply.statements:
            parts += [*(_escaped(s) for s in reply.statements), f"{WORD_FOR_WORD}:"]
        if reply.citations:
            parts += [_quoted(n, c) for n, c in enumerate(in_reading_order(reply.citations), start=1)]
        else:
            parts.append(_escape(reply.text))
        if reply.related:
            parts.append("Related, not an answer:")
            parts += [_quoted(n, c) for n, c in enumerate(reply.related, start=1)]
        if reply.disclaimer:
            parts.append(f"> {_escape(reply.disclaimer)}")
    return "\n\n".join(parts) + "\n"


def footnoted(reply: Reply) -> str:
    """One reply as Markdown: its sentences with [n], then where each stands, then the notice.

    Whatever could be a link, a picture or markup in a source or a question is escaped.
    """
    parts = [f"*Understood as: {_escape(understood_as(reply))}*"] if understood_as(reply) else []
    parts += [f"*{_escape(note)}*" for note in reply.notes]
    if reply.citations:
        cited = in_reading_order(reply.citations)
        quotes = [f"“{_escape(c.quote)}” [{n}]" for n, c in enumerate(cited, start=1)]
        parts.append("\n".join([_escaped(s) for s in reply.statements] or quotes))
        parts.append("\n".join(f"[{n}] {_escape(_place(c))}" for n, c in enumerate(cited, start=1)))
    else:
        parts.append(_escape(reply.text))
    if reply.related:
        parts.append("Related, not an answer:")
        parts.append("\n".join(f"- “{_escape(c.quote)}” ({_escape(_place(c))})" for c in reply.related))
    if reply.disclaimer:
        parts.append(f"> {_escape(reply.disclaimer)}")
    return "\n\n".join(parts)


def said(statement: Statement) -> str:
    """A statement with the numbers of what carries it; whether it is quoted or rephrased can be seen."""
    marks = "".join(f"[{n}]" for n in statement.citations)
    text = " ".join(statement.text.split())
    return f"“{text}” {marks}" if statement.provenance == "quoted" else f"{text} {marks} ({REPHRASED})"


def _escaped(statement: Statement) -> str:
    return said(replace(statement, text=_escape(statement.text)))


def _quotes(citations: Sequence[Citation]) -> list[str]:
    return [f"  [{n}] “{' '.join(c.quote.split())}”\n      {_place(c)}" for n, c in enumerate(citations, start=1)]


def _quoted(number: int, citation: Citation) -> str:
    return f"[{number}] “{_escape(citation.quote)}” — {_escape(_place(citation))}"


def _place(citation: Citation) -> str:
    return f"{citation.title}, {citation.section} ({citation.document}:{citation.start}-{citation.end})"


def _escape(text: str) -> str:
    """Markdown, HTML and addresses in the text stay text, on one line."""
    text = " ".join(_visible(text).split())
    for mark in "\\`*_[]<>#|!&~":
        text = text.replace(mark, f"\\{mark}")
    return _URL.sub(lambda found: f"\\{found.group()}", text)


def _visible(text: str) -> str:
    """Without what steers a terminal or turns the reading direction; line breaks stay."""
    spaced = (" " if c.isspace() and c != "\n" else c for c in text)
    return "".join(c for c in spaced if c == "\n" or (unicodedata.category(c) not in ("Cc", "Cs") and c not in _TURNS))
