"""Reply -> HTML, Document -> HTML, for the chat. Everything that is not ours is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from assistant.compose import in_reading_order
from assistant.records import Citation, Document, Reply, Section, Sentence
from assistant.render import BROKEN, as_text, headline

_MARKS = {"answered": "✓", "abstained": "–", "declined": "›", "emergency": "!", "smalltalk": "i", "fault": "×"}
"""One sign a look, so that verdicts differ by more than colour."""


def text(raw: str) -> str:
    """Text as text on one line: nothing in it is markup, nor a placeholder of Gradio's templates."""
    return _inert(" ".join(raw.split()))


def conversation(turns: Sequence[Reply], greeting: str, examples: Sequence[str]) -> str:
    """The whole conversation, oldest first; a greeting with example questions where it is empty."""
    if not turns:
        body = f'<div class="fn-hello"><p>{text(greeting)}</p>{_asks("You could ask", examples)}</div>'
    else:
        body = "".join(turn(reply, newest=reply is turns[-1]) for reply in turns)
    return f'<div class="fn-log" role="log" aria-live="polite" aria-label="Conversation">{body}</div>'


def turn(reply: Reply, newest: bool = True) -> str:
    """One question with its reply. Only the newest emergency is an alert, or each would be read out again."""
    look = "fault" if reply.reason in BROKEN else reply.verdict
    alert = ' role="alert"' if newest and look == "emergency" else ""
    sign = f'<span class="fn-sign" aria-hidden="true">{_MARKS[look]}</span>'
    parts = [
        f'<h3 class="fn-question"><span class="fn-sr">You asked: </span><bdi>{text(reply.question)}</bdi></h3>'
        f'<div class="fn-reply fn-{look}"{alert}><p class="fn-verdict">{sign}{text(headline(reply))}</p>'
    ]
    if reply.standalone_question and reply.standalone_question != reply.question:
        parts.append(f'<p class="fn-note">Understood as: <bdi>{text(reply.standalone_question)}</bdi></p>')
    parts += [f'<p class="fn-note">{text(note)}</p>' for note in reply.notes]
    if reply.citations:
        parts.append(quotes(in_reading_order(reply.citations)))
    else:
        parts.append(f'<p class="fn-said">{text(reply.text)}</p>')
    if reply.related:
        parts.append(
            '<div class="fn-related"><p class="fn-label">Related passages, which do not answer the question</p>'
            f"{quotes(reply.related, 'related')}</div>"
        )
    parts.append(_asks("Questions it can answer", reply.suggestions))
    if reply.disclaimer:
        parts.append(f'<p class="fn-notice">{text(reply.disclaimer)}</p>')
    plain = _inert(f"> {reply.question}\n{as_text(reply)}")
    return f'<section class="fn-turn">{"".join(parts)}</div><pre class="fn-plain" hidden>{plain}</pre></section>'


def quotes(citations: Iterable[Citation], kind: str = "cited") -> str:
    """Quoted sentences, each with a button that shows it in its document.

    The sentence itself is no button, so that it can be selected and is read out as text.
    """
    items = []
    for n, c in enumerate(citations, start=1):
        number = f"[{n}]" if kind == "cited" else "↗"
        place = c.section if c.section == c.title else f"{c.title} · {c.section}"
        items.append(
            f'<li><q class="fn-quote">{text(c.quote)}</q> '
            f'<button type="button" class="fn-cite" data-fn-document="{text(c.document)}" data-fn-start="{c.start}">'
            f'<span class="fn-number">{number}</span> <span class="fn-sr">Show in the source: </span>'
            f"<span>{text(place)}</span></button></li>"
        )
    return f'<ol class="fn-quotes fn-quotes-{kind}">{"".join(items)}</ol>'


def source(documents: Sequence[Document]) -> str:
    """Every document with its sections; each sentence can be found by document and offset."""
    if len(documents) == 1:
        name = f'<p class="fn-title">{text(documents[0].title)}</p>'
    else:
        options = "".join(f'<option value="{text(d.id)}">{text(d.title)}</option>' for d in documents)
        name = f'<label class="fn-title">Document <select data-fn-pick>{options}</select></label>'
    articles = "".join(_article(d, shown=n == 0) for n, d in enumerate(documents))
    return (
        f'<div class="fn-source"><div class="fn-source-head"><h2>Source</h2>{name}'
        '<button type="button" class="fn-back" data-fn-back>Back to the chat</button></div>'
        f'<div class="fn-scroll" role="region" aria-label="Text of the source" tabindex="0">{articles}</div></div>'
    )


def _article(document: Document, shown: bool) -> str:
    listed = [s for s in document.sections if s.heading != document.title]
    nav = "".join(
        f'<li><button type="button" class="fn-section" data-fn-section="{text(s.id)}">{text(s.heading)}</button></li>'
        for s in listed
    )
    contents = f'<details class="fn-contents"><summary>Sections ({len(listed)})</summary><ul>{nav}</ul></details>'
    return (
        f'<article data-fn-text="{text(document.id)}" aria-label="{text(document.title)}"{"" if shown else " hidden"}>'
        f"{contents if listed else ''}{''.join(_section(s, document) for s in document.sections)}</article>"
    )


def _section(section: Section, document: Document) -> str:
    inside = [s for s in document.sentences if section.start <= s.start < section.end]
    level = min(6, section.level + 1)
    body = "".join(_run(list(run), document) for _, run in groupby(inside, key=lambda s: s.kind))
    return f'<h{level} data-fn-heading="{text(section.id)}" tabindex="-1">{text(section.heading)}</h{level}>{body}'


def _run(sentences: Sequence[Sentence], document: Document) -> str:
    """Neighbours of one kind: a list, or paragraphs that part where the text has an empty line."""
    spans = [f'<span data-start="{s.start}" data-end="{s.end}" tabindex="-1">{text(s.text)}</span>' for s in sentences]
    if sentences[0].kind == "item":
        return f"<ul>{''.join(f'<li>{span}</li>' for span in spans)}</ul>"
    joined = spans[0]
    for before, after, span in zip(sentences, sentences[1:], spans[1:], strict=False):
        gap = document.text[before.end : after.start]
        joined += f"</p><p>{span}" if gap.count("\n") > 1 else f" {span}"
    return f"<p>{joined}</p>"


def _asks(label: str, questions: Sequence[str]) -> str:
    if not questions:
        return ""
    buttons = "".join(
        f'<button type="button" class="fn-ask" data-fn-ask="{text(q)}">{text(q)}</button>' for q in questions
    )
    return f'<div class="fn-asks"><p class="fn-label">{text(label)}</p>{buttons}</div>'


def _inert(raw: str) -> str:
    safe = escape(raw, quote=True)
    for mark in "{}$`":
        safe = safe.replace(mark, f"&#{ord(mark)};")
    return safe
