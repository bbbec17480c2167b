"""Document -> HTML: the source beside the chat. A sentence is found by its document and its first character."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

from assistant.chat_html import text
from assistant.records import Document, Section, Sentence

OPEN = 30
"""Entries up to which the contents stand open: more would push the text out of sight."""


def panel(documents: Sequence[Document]) -> str:
    """Every document and section listed, the first document open; `data-fn-article` is where another goes."""
    entries = sum(1 + len(_listed(d)) for d in documents)
    contents = "".join(_entry(d) for d in documents)
    return (
        '<div class="fn-source" role="complementary" aria-labelledby="fn-source-title"><div class="fn-source-head">'
        f'<h2 id="fn-source-title">Source</h2>{_picker(documents)}'
        '<button type="button" class="fn-plain fn-close" data-fn-do="close">Close</button></div>'
        '<div class="fn-text" role="region" aria-label="Text of the source" tabindex="0">'
        f'<details class="fn-contents"{" open" if entries <= OPEN else ""}><summary>Contents</summary>'
        f'<ul role="list">{contents}</ul></details>'
        f"<div data-fn-article>{article(documents[0])}</div></div></div>"
    )


def article(document: Document) -> str:
    """One document: its headings, paragraphs and lists, each sentence an element of its own."""
    parts = [_heading(3, 0, document.title)]
    listed = {s.id for s in _listed(document)}
    top = min((s.level for s in _listed(document)), default=1)
    starts = [s.start for s in document.sentences]
    for section in document.sections:
        if section.id in listed:
            parts.append(_heading(min(6, 4 + section.level - top), section.start, section.heading))
        inside = document.sentences[bisect_left(starts, section.start) : bisect_left(starts, section.end)]
        parts += _blocks(document, inside)
    return f'<article data-fn-text="{text(document.id)}">{"".join(parts)}</article>'


def _heading(level: int, start: int, heading: str) -> str:
    return f'<h{level} data-fn-section="{start}" dir="auto" tabindex="-1">{text(heading)}</h{level}>'


def _blocks(document: Document, sentences: Sequence[Sentence]) -> Iterator[str]:
    for kind, run in groupby(sentences, key=lambda s: s.kind):
        if kind == "item":
            items = "".join(f'<li dir="auto">{_span(s)}</li>' for s in run)
            yield f"<ul>{items}</ul>"
            continue
        paragraph: list[Sentence] = []
        for sentence in run:
            if paragraph and document.text[paragraph[-1].end : sentence.start].count("\n") > 1:
                yield _paragraph(paragraph)
                paragraph = []
            paragraph.append(sentence)
        yield _paragraph(paragraph)


def _paragraph(sentences: Sequence[Sentence]) -> str:
    return f'<p dir="auto">{" ".join(_span(s) for s in sentences)}</p>'


def _span(sentence: Sentence) -> str:
    return f'<span data-fn-at="{sentence.start}">{text(sentence.text)}</span>'


def _listed(document: Document) -> list[Section]:
    """The sections with a heading of their own: what stands before the first one is named as the document."""
    return [s for s in document.sections if s.heading != document.title]


def _entry(document: Document) -> str:
    at = f'data-fn-document="{text(document.id)}"'
    sections = "".join(
        f'<li style="--fn-depth:{min(s.level, 4)}"><button type="button" class="fn-plain" dir="auto" {at} '
        f'data-fn-goto="{s.start}">{text(s.heading)}</button></li>'
        for s in _listed(document)
    )
    title = f'<button type="button" class="fn-plain" dir="auto" {at} data-fn-goto="0">{text(document.title)}</button>'
    return f'<li>{title}<ul role="list">{sections}</ul></li>' if sections else f"<li>{title}</li>"


def _picker(documents: Sequence[Document]) -> str:
    if len(documents) == 1:
        return ""
    options = "".join(f'<option value="{text(d.id)}">{text(d.title)}</option>' for d in documents)
    return f'<select class="fn-pick" aria-label="Document" data-fn-pick>{options}</select>'
