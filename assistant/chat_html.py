"""Reply -> HTML for the chat. Whatever is not ours is escaped, and nothing carries a handler of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from assistant.compose import in_reading_order
from assistant.records import Citation, Reply, Statement
from assistant.render import BROKEN, as_text, headline, understood_as

_STROKES = {
    "answered": '<path d="M3.5 10.5l4.2 4.2L16.5 5.5"/>',
    "abstained": '<circle cx="10" cy="10" r="7.2"/><path d="M6.5 10h7"/>',
    "declined": '<circle cx="10" cy="6.4" r="3.2"/><path d="M3.8 17c.5-3.7 3-5.6 6.2-5.6s5.7 1.9 6.2 5.6"/>',
    "emergency": '<path d="M10 2.8L18.2 16.8H1.8z"/><path d="M10 8v4.2M10 14.4v.2"/>',
    "smalltalk": '<path d="M3 4.5h14v9H9l-3.5 3v-3H3z"/>',
    "broken": '<circle cx="10" cy="10" r="7.2"/><path d="M10 6v5M10 13.8v.2"/>',
}
REASONS = {
    "wrong_sentence": "Not what I asked",
    "should_have_answered": "The source does say it",
    "should_have_refused": "It should not have answered",
    "hard_to_understand": "Hard to understand",
    "other": "Something else",
}
"""Why an answer was not helpful, as stored and as said."""
PROVENANCE = {"quoted": "word for word", "rephrased": "in other words"}
_DIALABLE = re.compile(r"\d[\d -]*\d")


def text(raw: str) -> str:
    """Text as text, in an element or an attribute. Beyond HTML's marks, those of Gradio's templates:
    today it puts values beside its template and not into it, which is not ours to rely on."""
    safe = escape(raw, quote=True)
    for mark in "{}$`":
        safe = safe.replace(mark, f"&#{ord(mark)};")
    return safe


def hello(greeting: str, examples: Sequence[str]) -> str:
    """What an empty conversation shows."""
    return f'<div class="fn-hello"><p class="fn-greeting">{text(greeting)}</p>{asks("You could ask", examples)}</div>'


def conversation(
    turns: Sequence[Reply],
    empty: str,
    pending: str = "",
    numbers: Sequence[str] = (),
    votes: Mapping[str, str] | None = None,
) -> str:
    """Oldest first; `empty` is the HTML of an empty one, `pending` a question being answered, `votes` the thumbs given
    so far by a turn's number, or None where none are kept.

    Gradio changes only the nodes that differ, so the log announces a new turn and not the old ones.
    """
    shown = [
        turn(reply, numbers, "" if votes is None or reply.verdict == "smalltalk" else thumbs(n, votes.get(str(n), "")))
        for n, reply in enumerate(turns)
    ]
    if pending:
        # Another element than a reply's: it is replaced, not changed, and an alert is announced.
        waiting = '<p class="fn-wait">Reading the source</p>'
        shown.append(f'<section class="fn-turn fn-pending" tabindex="-1">{asked(pending)}{waiting}</section>')
    return f'<div class="fn-log" role="log" aria-label="Conversation">{"".join(shown) or empty}</div>'


def turn(reply: Reply, numbers: Sequence[str] = (), thumbs: str = "") -> str:
    """One question with its reply; `data-fn-copy` is the same as plain text, for the clipboard.

    numbers: telephone numbers that an emergency's wording may name; they can be dialled.
    """
    kind = "broken" if reply.reason in BROKEN else reply.verdict
    parts = []
    if understood_as(reply):
        parts.append(f'<p class="fn-note" dir="auto">Understood as: {text(understood_as(reply))}</p>')
    parts += [f'<p class="fn-note" dir="auto">{text(note)}</p>' for note in reply.notes]
    parts.append(f'<h3 class="fn-verdict">{_icon(kind)}{text(headline(reply))}</h3>')
    if reply.statements:
        parts.append(statements(reply.statements))
    if reply.citations:
        parts.append(quotes(in_reading_order(reply.citations)))
    else:
        said = dialable(reply.text, numbers) if kind == "emergency" else text(reply.text)
        parts.append(f'<p class="fn-said">{said}</p>')
    if reply.disclaimer:
        parts.append(f'<p class="fn-notice">{text(reply.disclaimer)}</p>')
    if reply.related:
        label = '<p class="fn-label">Related, but not an answer</p>'
        parts.append(f'<div class="fn-related">{label}{quotes(reply.related, related=True)}</div>')
    parts += [asks("You could ask", reply.suggestions), thumbs]
    alert = ' role="alert"' if kind == "emergency" else ""
    return (
        f'<section class="fn-turn" tabindex="-1" data-fn-copy="{text(_plain(reply))}">'
        f'{asked(reply.question)}<div class="fn-reply fn-{kind}"{alert}>{"".join(parts)}</div></section>'
    )


def asked(question: str) -> str:
    """A question as it was typed."""
    return f'<h2 class="fn-question" dir="auto"><span class="fn-sr">You asked: </span>{text(question)}</h2>'


def statements(said: Iterable[Statement]) -> str:
    """What a language model wrote, each sentence with the numbers of the quotes below that carry it."""
    items = "".join(
        f'<li dir="auto">{text(s.text)} <span class="fn-number">{"".join(f"[{n}]" for n in s.citations)}</span> '
        f'<span class="fn-label">{PROVENANCE[s.provenance]}</span></li>'
        for s in said
    )
    return f'<ul class="fn-statements" role="list">{items}</ul><p class="fn-label">The source, word for word</p>'


def quotes(citations: Iterable[Citation], related: bool = False) -> str:
    """Quoted sentences, each with a button that shows it in its document; numbered where they answer.

    The sentence itself is no button, so that it can be selected and is read out as text.
    """
    items = []
    for n, c in enumerate(citations, start=1):
        mark = "" if related else f'<span class="fn-number">[{n}]</span> '
        place = c.section if c.section == c.title else f"{c.title} › {c.section}"
        items.append(
            f'<li data-fn-document="{text(c.document)}" data-fn-start="{c.start}"><q dir="auto">{text(c.quote)}</q> '
            f'<button type="button" class="fn-cite">{mark}<span class="fn-sr">Show in the source: </span>'
            f'<span class="fn-place" dir="auto">{text(place)}</span></button></li>'
        )
    return f'<ul class="fn-quotes" role="list">{"".join(items)}</ul>'


def asks(label: str, questions: Sequence[str]) -> str:
    """Questions as buttons, or nothing where there are none."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button type="button" class="fn-ask" dir="auto" data-fn-ask="{text(q)}">{text(q)}</button></li>'
        for q in questions
    )
    return f'<div class="fn-asks"><p class="fn-label">{text(label)}</p><ul role="list">{buttons}</ul></div>'


def thumbs(turn: int, given: str) -> str:
    """Helpful or not, and why not; once given, thanks. The reasons open without a script."""
    if given:
        return '<p class="fn-thanks" role="status">Thank you for the feedback.</p>'
    reasons = "".join(
        f'<li><button type="button" class="fn-ask" data-fn-vote="down" data-fn-why="{why}">{said}</button></li>'
        for why, said in REASONS.items()
    )
    return (
        f'<div class="fn-thumbs" data-fn-turn="{turn}">'
        '<button type="button" class="fn-plain" data-fn-vote="up">Helpful</button>'
        f'<details><summary>Not helpful</summary><ul role="list">{reasons}</ul></details></div>'
    )


def dialable(said: str, numbers: Sequence[str]) -> str:
    """The wording of an emergency with its telephone numbers as links, so that one tap dials.

    >>> dialable("Call 911 now.", ["911"])
    'Call <a href="tel:911">911</a> now.'
    """
    known = {found for number in numbers for found in _DIALABLE.findall(number)}
    parts, end = [], 0
    for found in _DIALABLE.finditer(said):
        if found.group() in known:
            dialled = re.sub(r"\D", "", found.group())
            parts += [text(said[end : found.start()]), f'<a href="tel:{dialled}">{text(found.group())}</a>']
            end = found.end()
    return "".join([*parts, text(said[end:])])


def _plain(reply: Reply) -> str:
    return f"> {reply.question}\n{as_text(reply)}"


def _icon(kind: str) -> str:
    return f'<svg class="fn-icon" viewBox="0 0 20 20" aria-hidden="true">{_STROKES[kind]}</svg>'
