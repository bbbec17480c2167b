"""Reply -> text, for the doors that show text: the terminal, the clipboard, an export."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.compose import in_reading_order
from assistant.records import Citation, Reply

HEADLINES = {
    "answered": "The source says",
    "abstained": "Not in the source",
    "declined": "Declined",
    "emergency": "EMERGENCY",
    "smalltalk": "Footnote",
}


def as_text(reply: Reply) -> str:
    """Verdict, numbered quotes with their place, notice; plain text."""
    lines = [f"{HEADLINES[reply.verdict]}:"]
    if reply.standalone_question and reply.standalone_question != reply.question:
        lines.insert(0, f"(understood as: {reply.standalone_question})")
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
    return "\n".join(lines)


def as_markdown(turns: Sequence[Reply]) -> str:
    """A conversation as Markdown, with citations and notices."""
    parts = ["# Conversation with Footnote"]
    for reply in turns:
        parts.append(f"## {_escape(reply.question)}")
        if reply.standalone_question and reply.standalone_question != reply.question:
            parts.append(f"*Understood as: {_escape(reply.standalone_question)}*")
        parts.append(f"**{HEADLINES[reply.verdict]}**")
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


def _quotes(citations: Sequence[Citation]) -> list[str]:
    return [
        f"  [{n}] “{' '.join(c.quote.split())}”\n      {c.title}, {c.section} ({c.document}:{c.start}-{c.end})"
        for n, c in enumerate(citations, start=1)
    ]


def _quoted(number: int, citation: Citation) -> str:
    place = f"{citation.title}, {citation.section} ({citation.document}:{citation.start}-{citation.end})"
    return f"[{number}] “{_escape(citation.quote)}” — {_escape(place)}"


def _escape(text: str) -> str:
    """Markdown and HTML in the text stay text."""
    for mark in "\\`*_[]<>#|!":
        text = text.replace(mark, f"\\{mark}")
    return text
