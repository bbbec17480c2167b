"""Assistant -> the chat page: conversation on one side, the source on the other.

Gradio draws the page; what it shows is our own HTML (chat_html.py), so that nothing in a
question or a source is ever markup. The conversation lives in the browser's session alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from assistant import chat_html
from assistant.engine import Assistant
from assistant.errors import QuestionError
from assistant.records import Reply
from assistant.render import as_markdown

STATIC = Path(__file__).parent / "static"
ASKERS = 2
"""Questions answered at once; torch uses the processor's cores for each."""
WAITING = 32
"""Questions that may wait; one more is told to come back."""
UNREACHED = "The question was not answered: Footnote is too busy or was stopped. Try again in a moment."

Answered = tuple[list[Reply], Any, str]
"""The turns, the conversation, and a message where a question was not taken."""


def chat(assistant: Assistant) -> gr.Blocks:
    """The page, ready to be mounted or launched with `look()`."""
    documents = tuple(assistant.documents.values())
    hello = assistant.profile.smalltalk_text("greeting")

    def shown(turns: Sequence[Reply]) -> str:
        return chat_html.conversation(turns, hello, assistant.suggestions)

    def ask(question: str, turns: list[Reply]) -> Answered:
        """The page has emptied its box already; it puts back what was not taken (chat.js, settled)."""
        if not question.strip():
            return turns, gr.skip(), message(assistant.profile.text["empty"])
        try:
            reply = assistant.ask(question, [t.question for t in turns])
        except QuestionError as error:
            return turns, gr.skip(), message(str(error))
        turns = [*turns, reply]
        return turns, shown(turns), ""

    page = gr.Blocks(title="Footnote: answers from the source", analytics_enabled=False, fill_width=True)
    with page:
        turns = gr.State([])
        gr.HTML(_HEADER, apply_default_css=False, elem_id="fn-header")
        with gr.Row(elem_id="fn-columns"):
            with gr.Column(scale=6, min_width=0, elem_id="fn-left"):
                log = gr.HTML(shown([]), apply_default_css=False, elem_id="fn-conversation", js_on_load=_ON_LOAD)
                problem = gr.HTML("", apply_default_css=False, elem_id="fn-message", js_on_load=None)
                with gr.Row(elem_id="fn-ask"):
                    box = gr.Textbox(
                        elem_id="fn-question",
                        label="Your question",
                        placeholder="Ask about the source",
                        lines=1,
                        max_lines=6,
                        scale=1,
                        autofocus=True,
                        container=False,
                    )
                    send = gr.Button("Ask", elem_id="fn-send", variant="primary", scale=0, min_width=88)
                with gr.Row(elem_id="fn-tools"):
                    copy = gr.Button("Copy", elem_id="fn-copy", size="sm", scale=0)
                    markdown = gr.Button("Save as Markdown", elem_id="fn-markdown", size="sm", scale=0)
                    data = gr.Button("Save as JSON", elem_id="fn-json", size="sm", scale=0)
                    clear = gr.Button("Clear", elem_id="fn-clear", size="sm", scale=0)
                    gr.HTML('<span class="fn-status" role="status"></span>', apply_default_css=False, js_on_load=None)
            with gr.Column(scale=5, min_width=0, elem_id="fn-right"):
                gr.HTML(chat_html.source(documents), apply_default_css=False, elem_id="fn-source", js_on_load=None)
        text = gr.Textbox(visible="hidden")
        outputs = [turns, log, problem]
        asked = gr.on(
            [send.click, box.submit, log.submit],  # one listener, so that a second question waits for the first
            ask,
            [box, turns],
            outputs,
            js="(draft) => window.footnote.asking(draft)",
            concurrency_limit=ASKERS,
            show_progress="hidden",
            api_visibility="private",
        )
        settled = "() => window.footnote.settled()"
        asked.success(None, js=settled, api_visibility="private")
        asked.failure(None, None, problem, js=_FAILED, api_visibility="private").then(
            None, js=settled, api_visibility="private"
        )
        clear.click(lambda: ([], shown([]), ""), None, outputs, api_visibility="private")
        copy.click(None, js="() => window.footnote.copy()", api_visibility="private")
        for button, render, name, kind in (
            (markdown, as_markdown, "conversation.md", "text/markdown"),
            (data, as_json, "conversation.json", "application/json"),
        ):
            # The page itself saves the file: no copy of a conversation touches the server's disk.
            button.click(render, [turns], [text], api_visibility="private").then(
                None, [text], js=f"(text) => window.footnote.save(text, '{name}', '{kind}')", api_visibility="private"
            )
    page.queue(max_size=WAITING, default_concurrency_limit=ASKERS)
    return page


def look() -> dict[str, Any]:
    """Theme, styles and script for launch() or mount_gradio_app(): nothing from another host,
    and no history of questions kept in the browser (Gradio 6 keeps one by default)."""
    style = (STATIC / "chat.css").read_text(encoding="utf-8")
    script = (STATIC / "chat.js").read_text(encoding="utf-8")
    return {
        "theme": gr.themes.Base(
            font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        "head": f"<style>{style}</style><script>{script}</script>",  # `css=` would be rewritten by Gradio
        "footer_links": [],
        "run_history": False,
    }


def message(problem: str) -> str:
    """Why a question was not taken, read out at once."""
    return f'<p class="fn-problem" role="alert">{chat_html.text(problem)}</p>'


def as_json(turns: Sequence[Reply]) -> str:
    """A conversation as a JSON list of replies, with citations, offsets and notices."""
    return json.dumps([r.as_dict() for r in turns], ensure_ascii=False, indent=1)


_HEADER = (
    '<header class="fn-head"><div><h1>Footnote</h1>'
    "<p>Answers only what the source says, in its own words, and shows where.</p></div>"
    '<button type="button" class="fn-open-source" data-fn-open>Source</button></header>'
)
_ON_LOAD = (
    "element.addEventListener('click', (event) => { const ask = event.target.closest('[data-fn-ask]');"
    " if (ask && window.footnote.choose(ask.dataset.fnAsk)) trigger('submit'); });"
)
_FAILED = f"() => {json.dumps(message(UNREACHED))}"
"""Said by the page itself: the server may be gone."""
