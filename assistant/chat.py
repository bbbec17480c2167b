"""Assistant -> the chat page: the conversation on one side, the source on the other.

Gradio draws the page and carries its events; what is shown is our own HTML (chat_html.py,
chat_source.py), so that nothing in a question or a source is ever markup. A conversation lives
in its browser session alone: not on a disk, and not in the engine.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from assistant import chat_html, chat_source
from assistant.engine import check_question
from assistant.errors import QuestionError
from assistant.records import Reply
from assistant.render import as_markdown
from assistant.web.errors import Refused
from assistant.web.feedback import WHYS
from assistant.web.models import Given
from assistant.web.origins import Standing, address_of
from assistant.web.parts import Parts

STATIC = Path(__file__).parent / "static"
SPARE = 64
"""Events that Gradio may hold beside the questions of the pool."""
SAVED = "footnote-conversation"
"""Name of an export, before its suffix."""
UNREACHED = "Your question was not answered: Footnote is busy or was stopped. Please ask again in a moment."


def chat(parts: Parts) -> gr.Blocks:
    """The page, to be mounted with gr.mount_gradio_app(app, chat(parts), path, **look())."""
    assistant = parts.assistant
    documents = assistant.documents
    empty = chat_html.hello(assistant.profile.smalltalk_text("greeting"), assistant.suggestions)
    numbers = tuple(assistant.profile.numbers.values())

    def shown(turns: Sequence[Reply], votes: dict[str, str], pending: str = "") -> str:
        thumbs = votes if parts.feedback else None
        return chat_html.conversation(turns, empty, pending, numbers, thumbs)

    def article(document: object) -> str:
        """Called from the page when a citation leads to a document that is not open."""
        return chat_source.article(documents[document]) if isinstance(document, str) and document in documents else ""

    async def ask(
        typed: str | None, turns: list[Reply], votes: dict[str, str], event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Yields (box, turns, log, message) for the question waiting, then for its reply.

        A question that cannot be taken stays in the box, with the reason below the log.
        """
        chosen = event.target is log
        question = _readable(event.question if chosen else typed or "")
        try:
            check_question(question)
            if not question.strip():
                raise QuestionError(assistant.profile.text["empty"])
            await parts.access.limits.spend("answer", **_who(request))
            parts.pool.check()
        except (QuestionError, Refused) as error:
            if isinstance(error, Refused):
                parts.metrics.refuse(error.code)
            yield gr.skip(), gr.skip(), gr.skip(), warning(str(error))
            return
        yield gr.skip() if chosen else "", gr.skip(), shown(turns, votes, question), warning("")
        try:
            turns = [*turns, await parts.pool(question, [t.question for t in turns])]
            yield gr.skip(), turns, shown(turns, votes), gr.skip()
        except Refused as refused:
            parts.metrics.refuse(refused.code)
            yield gr.skip() if chosen else question, gr.skip(), shown(turns, votes), warning(str(refused))

    async def vote(
        turns: list[Reply], votes: dict[str, str], event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        """A thumb -> (votes, log, message): kept once for each reply."""
        number, why = event.turn, event.why or None
        if event.vote not in ("up", "down") or why not in (None, *WHYS) or str(number) in votes:
            return gr.skip(), gr.skip(), gr.skip()
        if not isinstance(number, int) or not 0 <= number < len(turns) or parts.feedback is None:
            return gr.skip(), gr.skip(), gr.skip()
        reply = turns[number]
        name = votes.setdefault("conversation", secrets.token_urlsafe(9))
        given = Given(answer="", vote=event.vote, reason=why, question=reply.question)
        try:
            await parts.access.limits.spend("feedback", **_who(request))
            await parts.keep(f"{name}-{number}", reply.verdict, reply.reason, given)
        except Refused as refused:
            return gr.skip(), gr.skip(), warning(str(refused))
        votes = {**votes, str(number): event.vote}
        return votes, shown(turns, votes), warning("")

    page = gr.Blocks(title=_title(parts), analytics_enabled=False, fill_width=True)
    with page:
        turns = gr.State([])
        votes = gr.State({})
        saved = gr.Textbox(visible=False)
        gr.HTML(_HEAD, elem_id="fn-head", apply_default_css=False, js_on_load=None)
        with gr.Row(elem_id="fn-columns"):
            with gr.Column(elem_id="fn-main", scale=6, min_width=0):
                log = gr.HTML(
                    shown([], {}),
                    elem_id="fn-conversation",
                    apply_default_css=False,
                    js_on_load="footnote.conversation(trigger, watch)",
                )
                with gr.Column(elem_id="fn-dock", min_width=0):
                    message = gr.HTML(warning(""), elem_id="fn-message", apply_default_css=False, js_on_load=None)
                    with gr.Row(elem_id="fn-composer"):
                        box = gr.Textbox(
                            elem_id="fn-question",
                            label="Your question",
                            show_label=False,
                            container=False,
                            placeholder="Ask about the source",
                            max_lines=6,
                            autofocus=True,
                        )
                        send = gr.Button("Ask", elem_id="fn-send", variant="primary", min_width=0)
                with gr.Row(elem_id="fn-tools"):
                    gr.HTML(_COPY, elem_id="fn-copy", apply_default_css=False, js_on_load=None)
                    markdown = gr.Button("Save Markdown", elem_id="fn-markdown", size="sm", min_width=0)
                    data = gr.Button("Save JSON", elem_id="fn-json", size="sm", min_width=0)
                    clear = gr.Button("Clear", elem_id="fn-clear", size="sm", min_width=0)
            with gr.Column(elem_id="fn-side", scale=5, min_width=0):
                gr.HTML(
                    chat_source.panel(tuple(documents.values())),
                    elem_id="fn-source",
                    apply_default_css=False,
                    js_on_load="footnote.source(server)",
                    server_functions=[article],
                )
        asking = gr.on(
            [send.click, box.submit, log.submit],  # one listener, so that a second question waits for the first
            ask,
            [box, turns, votes],
            [box, turns, log, message],
            concurrency_limit=None,  # the pool has the places
            show_progress="hidden",
            api_visibility="private",
        )
        asking.failure(
            lambda turns, votes: (shown(turns, votes), warning(UNREACHED)),
            [turns, votes],
            [log, message],
            queue=False,
            api_visibility="private",
        )
        if parts.feedback:
            log.like(
                vote,
                [turns, votes],
                [votes, log, message],
                concurrency_limit=None,
                show_progress="hidden",
                api_visibility="private",
            )
        clear.click(
            lambda: ([], {}, shown([], {}), warning("")),
            None,
            [turns, votes, log, message],
            cancels=[asking],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        for button, render, suffix, kind in (
            (markdown, as_markdown, "md", "text/markdown"),
            (data, as_json, "json", "application/json"),
        ):
            button.click(render, [turns], [saved], queue=False, show_progress="hidden", api_visibility="private").then(
                None, [saved], None, js=f"(text) => footnote.save(text, '{SAVED}.{suffix}', '{kind}')"
            )
    page.queue(max_size=parts.settings.workers + parts.settings.queue + SPARE, api_open=False)
    return page


def look() -> dict[str, Any]:
    """What gr.mount_gradio_app needs beside the page: styles, script and icon from this folder,
    system fonts, and none of Gradio's own records of what was asked (it keeps them by default)."""
    style = (STATIC / "chat.css").read_text(encoding="utf-8")
    script = (STATIC / "chat.js").read_text(encoding="utf-8")
    return {
        "theme": gr.themes.Base(
            font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ).set(body_background_fill="#f6f5f1", body_background_fill_dark="#15181b"),
        "head": f"<style>{style}</style><script>{script}</script>",  # `css=` would be rewritten by Gradio
        "favicon_path": str(STATIC / "icon.svg"),
        "footer_links": [],
        "run_history": False,
        "max_file_size": 1,  # the chat takes no files; Gradio's upload route cannot be left out
    }


def as_json(turns: Sequence[Reply]) -> str:
    """A conversation with citations and notices, as in `python -m assistant --json`."""
    return json.dumps([r.as_dict() for r in turns], ensure_ascii=False, indent=1)


def warning(message: str) -> str:
    """Why a question was not taken, announced at once; nothing where there is no message."""
    return f'<p class="fn-warning" role="alert" dir="auto">{chat_html.text(message)}</p>' if message else ""


def _readable(question: object) -> str:
    """Text that UTF-8 can carry: half a surrogate pair, which a browser may send, becomes a question mark."""
    return str(question).encode("utf-8", "replace").decode("utf-8")


def _who(request: gr.Request) -> dict[str, str]:
    """Whose answers are counted: a user's who is signed in, else an address's."""
    inner = request.request
    user = Standing.of(inner.scope).user if inner else ""
    return {"user": user} if user else {"address": address_of(inner) if inner else ""}


def _title(parts: Parts) -> str:
    first, *more = parts.assistant.documents.values()
    return "Footnote" if more else f"{first.title} · Footnote"


_HEAD = (
    '<header class="fn-head"><div><h1>Footnote</h1>'
    "<p>Answers in the source’s own words, and shows where.</p></div>"
    '<button type="button" class="fn-button fn-open" data-fn-do="source">Source</button></header>'
    '<div class="fn-toast" role="status"></div>'
)
_COPY = '<button type="button" class="fn-plain" data-fn-do="copy">Copy</button>'
