"""Reply -> HTML, Document -> HTML, for the chat. Everything that is not ours is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from assistant.compose import in_reading_order
from assistant.records import Citation, Document, Reply
from assistant.render import headline


def text(raw: str) -> str:
    """Text as text: nothing in it is markup, nor a placeholder of Gradio's templates."""
    safe = escape(" ".join(raw.split()), quote=True)
    for mark in "{}$`":
        safe = safe.replace(mark, f"&#{ord(mark)};")
    return safe


def conversation(turns: Sequence[Reply], greeting: str, examples: Sequence[str]) -> str:
    """The whole conversation, oldest first; a greeting with example questions where it is empty."""
    if not turns:
        body = f'<div class="fn-hello"><p>{text(greeting)}</p>{_asks("You could ask", examples)}</div>'
    else:
        body = "".join(turn(reply, n) for n, reply in enumerate(turns))
    return f'<div class="fn-log" role="log" aria-live="polite" aria-label="Conversation">{body}</div>'


def turn(reply: Reply, number: int) -> str:
    """One question with its reply."""
    urgent = reply.verdict == "emergency"
    parts = [f'<p class="fn-question"><span class="fn-sr">You asked: </span>{text(reply.question)}</p>']
    parts.append(f'<div class="fn-reply fn-{reply.verdict}"{" role=alert" if urgent else ""}>')
    parts.append(f'<p class="fn-verdict">{text(headline(reply))}</p>')
    if reply.standalone_question and reply.standalone_question != reply.question:
        parts.append(f'<p class="fn-note">Understood as: {text(reply.standalone_question)}</p>')
    parts += [f'<p class="fn-note">{text(note)}</p>' for note in reply.notes]
    if reply.citations:
        parts.append(quotes(in_reading_order(reply.citations)))
    else:
        parts.append(f"<p>{text(reply.text)}</p>")
    if reply.related:
        parts.append('<div class="fn-related"><p class="fn-label">Related, but not an answer:</p>')
        parts.append(quotes(reply.related, numbered=False) + "</div>")
    parts.append(_asks("The source does say something on", reply.suggestions))
    if reply.disclaimer:
        parts.append(f'<p class="fn-notice">{text(reply.disclaimer)}</p>')
    parts.append("</div>")
    return f'<section class="fn-turn" aria-label="Question {number + 1}">{"".join(parts)}</section>'


def quotes(citations: Iterable[Citation], numbered: bool = True) -> str:
    """Quoted sentences, each a button that shows the sentence in its document."""
    items = []
    for n, c in enumerate(citations, start=1):
        mark = f'<span class="fn-number">[{n}]</span> ' if numbered else ""
        items.append(
            f'<li><button type="button" class="fn-cite" data-fn-document="{text(c.document)}" '
            f'data-fn-start="{c.start}">{mark}<q>{text(c.quote)}</q> '
            f'<span class="fn-place">{text(c.title)} · {text(c.section)}</span></button></li>'
        )
    return f'<ol class="fn-quotes">{"".join(items)}</ol>'


def source(documents: Sequence[Document]) -> str:
    """Every document with its sections; each sentence can be found by document and offset."""
    picker = ""
    if len(documents) > 1:
        options = "".join(f'<option value="{text(d.id)}">{text(d.title)}</option>' for d in documents)
        picker = f'<label class="fn-pick">Document <select data-fn-pick>{options}</select></label>'
    return f'<div class="fn-source">{picker}{"".join(_document(d, n == 0) for n, d in enumerate(documents))}</div>'


def _document(document: Document, shown: bool) -> str:
    nav = "".join(
        f'<li><button type="button" data-fn-section="{text(s.id)}">{text(s.heading)}</button></li>'
        for s in document.sections
    )
    parts = []
    for section in document.sections:
        inside = [s for s in document.sentences if section.start <= s.start < section.end]
        level = min(6, section.level + 2)
        parts.append(f'<h{level} data-fn-heading="{text(section.id)}">{text(section.heading)}</h{level}>')
        run: list[str] = []
        for n, sentence in enumerate(inside):
            span = f'<span data-fn-at="{sentence.start}" tabindex="-1">{text(sentence.text)}</span>'
            if sentence.kind == "item":
                span = f'<span class="fn-item">{span}</span>'
            elif n and "\n\n" in document.text[inside[n - 1].end : sentence.start]:
                span = f'<span class="fn-break"></span>{span}'
            run.append(span)
        parts.append(f"<p>{' '.join(run)}</p>")
    hidden = "" if shown else " hidden"
    return (
        f'<article data-fn-text="{text(document.id)}"{hidden}><h2>{text(document.title)}</h2>'
        f'<details><summary>Sections</summary><ul class="fn-nav">{nav}</ul></details>{"".join(parts)}</article>'
    )


def _asks(label: str, questions: Sequence[str]) -> str:
    if not questions:
        return ""
    buttons = "".join(
        f'<button type="button" class="fn-ask" data-fn-ask="{text(q)}">{text(q)}</button>' for q in questions
    )
    return f'<div class="fn-asks"><p class="fn-label">{text(label)}:</p>{buttons}</div>'
