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
from assistant.render import as_markdown, as_text

STATIC = Path(__file__).parent / "static"
ASKERS = 2
"""Questions answered at once; torch uses the processor's cores for each."""
WAITING = 32
"""Questions that may wait; one more is told to come back."""


def chat(assistant: Assistant) -> gr.Blocks:
    """The page, ready to be mounted or launched with `look()`."""
    documents = tuple(assistant.documents.values())
    hello = assistant.profile.smalltalk_text("greeting")

    def shown(turns: Sequence[Reply]) -> str:
        return chat_html.conversation(turns, hello, assistant.suggestions)

    def ask(question: str, turns: list[Reply]) -> tuple[str, list[Reply], str, str]:
        """Returns what the box holds next, the turns, the page and a message."""
        if not question.strip():
            return question, turns, shown(turns), assistant.profile.text["empty"]
        try:
            reply = assistant.ask(question, [t.question for t in turns])
        except QuestionError as error:
            return question, turns, shown(turns), str(error)
        turns = [*turns, reply]
        return "", turns, shown(turns), ""

    page = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True)
    with page:
        turns = gr.State([])
        gr.HTML(
            '<header class="fn-head"><h1>Footnote</h1>'
            "<p>Answers only what the source says, in its own words, and shows where it says it.</p></header>"
        )
        with gr.Row(elem_id="fn-columns"):
            with gr.Column(scale=6, min_width=320):
                log = gr.HTML(shown([]), elem_id="fn-conversation")
                message = gr.Markdown(elem_id="fn-message", visible=False, sanitize_html=True)
                with gr.Row():
                    box = gr.Textbox(
                        elem_id="fn-question",
                        label="Your question",
                        placeholder="Ask about the source",
                        lines=1,
                        max_lines=6,
                        scale=5,
                        autofocus=True,
                    )
                    send = gr.Button("Ask", elem_id="fn-send", variant="primary", scale=1, min_width=90)
                with gr.Row(elem_id="fn-tools"):
                    clear = gr.Button("Clear", size="sm", min_width=90)
                    copy = gr.Button("Copy", elem_id="fn-copy", size="sm", min_width=90)
                    markdown = gr.Button("Save as Markdown", elem_id="fn-markdown", size="sm", min_width=140)
                    data = gr.Button("Save as JSON", elem_id="fn-json", size="sm", min_width=120)
            with gr.Column(scale=5, min_width=320):
                gr.HTML(chat_html.source(documents), elem_id="fn-source")
        text = gr.Textbox(visible="hidden")
        outputs = [box, turns, log, message]
        for trigger in (send.click, box.submit):
            trigger(
                lambda q, t: _with_message(ask(q, t)),
                [box, turns],
                outputs,
                concurrency_limit=ASKERS,
                concurrency_id="ask",
                show_progress="minimal",
                api_visibility="private",
            )
        clear.click(lambda: ("", [], shown([]), gr.update(visible=False)), None, outputs, api_visibility="private")
        for button, render, done in (
            (copy, _as_text, "(text) => navigator.clipboard.writeText(text || '')"),
            (markdown, as_markdown, _save("conversation.md", "text/markdown")),
            (data, _as_json, _save("conversation.json", "application/json")),
        ):
            button.click(render, [turns], [text], api_visibility="private").then(
                None, [text], None, js=done, api_visibility="private"
            )
    page.queue(max_size=WAITING, default_concurrency_limit=ASKERS)
    return page


def look() -> dict[str, Any]:
    """Theme, styles and script: system fonts, nothing from another host."""
    style = (STATIC / "chat.css").read_text(encoding="utf-8")
    script = (STATIC / "chat.js").read_text(encoding="utf-8")
    return {
        "theme": gr.themes.Base(
            font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        "head": f"<style>{style}</style><script>{script}</script>",  # `css=` would be rewritten by Gradio
    }


def _with_message(answer: tuple[str, list[Reply], str, str]) -> tuple[Any, ...]:
    box, turns, page, message = answer
    return box, turns, page, gr.update(value=chat_html.text(message), visible=bool(message))


def _as_text(turns: Sequence[Reply]) -> str:
    return "\n\n".join(f"> {r.question}\n{as_text(r)}" for r in turns)


def _as_json(turns: Sequence[Reply]) -> str:
    return json.dumps([r.as_dict() for r in turns], ensure_ascii=False, indent=1)


def _save(name: str, kind: str) -> str:
    """Script that saves a text from the page itself: no copy of a conversation touches the server's disk."""
    return (
        "(text) => { const a = document.createElement('a');"
        f" a.href = URL.createObjectURL(new Blob([text || ''], {{type: '{kind}'}}));"
        f" a.download = '{name}'; a.click(); URL.revokeObjectURL(a.href); }}"
    )
