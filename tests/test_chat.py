"""What the chat shows is text, whatever stands in a question or a source; what it does with a question."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

import app
from assistant import chat, chat_html, chat_source
from assistant.errors import FootnoteError
from assistant.records import Reply
from assistant.source import parse
from assistant.web.feedback import WHYS
from assistant.web.origins import STANDING, Standing
from assistant.web.parts import Parts
from assistant.web.settings import WebSettings
from tests import fakes

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1)//<</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="x" onerror="alert(1)">',
    "<img src=`x` onerror=`alert(1)`>",
    "<img/src=x/onerror=alert(1)>",
    "<image src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button onclick=alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<style>@import '//evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<template><script>alert(1)</script></template>",
    "<!-- --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "` onmouseover=`alert(1)",
    "</q></li></ul></section><h1>x</h1>",
    "</article></div><h1>x</h1>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "[x]: http://evil.example",
    "<http://evil.example>",
    "${alert(1)} and `${alert(1)}`",
    "{{7*7}} {{#each value}}x{{/each}} {{{value}}}",
    "{% raw %}{{ config }}{% endraw %}",
    "@children",
]


class Structure(HTMLParser):
    """The elements of a page with their attributes' names, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.values: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def everything(raw: str) -> str:
    """A page on which `raw` stands wherever something untrusted can."""
    quote = replace(fakes.GREEN, document=raw, title=raw, section=raw + "!", quote=raw)
    turns = [
        Reply(raw, "answered", "answered", raw, raw + "?", (quote,), (quote,), 1.0, raw, (raw,), (raw,)),
        Reply(raw, "emergency", "emergency.x", raw),
    ]
    document = replace(parse("# x\n\n## y\n\nSentence.\n\n- Item.\n", "x.md"), id=raw, title=raw)
    sections = tuple(replace(s, heading=raw + "!") for s in document.sections)
    sentences = tuple(replace(s, text=raw) for s in document.sentences)
    document = replace(document, sections=sections, sentences=sentences)
    return (
        chat_html.conversation(turns, "", pending=raw, numbers=("911",))
        + chat_html.hello(raw, [raw])
        + chat_source.panel([document, document])
        + chat.warning(raw)
    )


def count(raw: str, texts: Sequence[str]) -> list[int]:
    """How often it stands in each, as it is; white space apart, which plain text folds."""
    return ["".join(text.split()).count("".join(raw.split())) for text in texts]


@pytest.mark.parametrize("raw", HOSTILE)
def test_nothing_untrusted_is_markup(raw: str) -> None:
    page = everything(raw)
    shown, benign = Structure(page), Structure(everything("benign"))
    assert shown.elements == benign.elements
    assert count(raw, [shown.text]) == count("benign", [benign.text])
    assert count(raw, shown.values) == count("benign", benign.values)
    assert not re.search(r"[${}`]", page)


def test_text_is_escaped_whole() -> None:
    assert (
        chat_html.text("a <b> & \"c\" {d}\n$e 'f'")
        == "a &lt;b&gt; &amp; &quot;c&quot; &#123;d&#125;\n&#36;e &#x27;f&#x27;"
    )


def test_a_quote_carries_its_number_its_place_and_its_span() -> None:
    assert chat_html.quotes([fakes.GREEN]) == (
        '<ul class="fn-quotes" role="list"><li data-fn-document="tea.md" data-fn-start="36">'
        '<q dir="auto">Green tea is brewed at 80 degrees.</q> '
        '<button type="button" class="fn-cite"><span class="fn-number">[1]</span> '
        '<span class="fn-sr">Show in the source: </span><span class="fn-place" dir="auto">Tea › Brewing</span>'
        "</button></li></ul>"
    )


def test_related_passages_are_labelled_and_have_no_number() -> None:
    page = chat_html.turn(
        Reply("q", "abstained", "not_in_source", "No.", related=(fakes.GREEN,), suggestions=("Why?",))
    )
    assert "fn-abstained" in page
    assert Structure(page).text == (
        "You asked: qNot in the sourceNo.Related, but not an answer"
        "Green tea is brewed at 80 degrees. Show in the source: Tea › BrewingYou could askWhy?"
    )


@pytest.mark.parametrize(
    ("reply", "look", "words", "alert"),
    [
        (Reply("q", "answered", "answered", "x", citations=(fakes.GREEN,)), "answered", "The source says", False),
        (Reply("q", "abstained", "off_topic", "x"), "abstained", "Not in the source", False),
        (Reply("q", "declined", "decision.dose", "x"), "declined", "Declined", False),
        (Reply("q", "emergency", "emergency.x", "x"), "emergency", "EMERGENCY", True),
        (Reply("q", "smalltalk", "smalltalk.thanks", "x"), "smalltalk", "Footnote", False),
        (Reply("q", "abstained", "error", "x"), "broken", "Something broke", False),
        (Reply("q", "declined", "screen_error", "x"), "broken", "Something broke", False),
    ],
)
def test_each_verdict_has_its_own_look(reply: Reply, look: str, words: str, alert: bool) -> None:
    page = chat_html.turn(reply)
    assert (f'class="fn-reply fn-{look}"' in page, words in page, 'role="alert"' in page) == (True, True, alert)


def test_what_a_question_was_understood_as_and_the_notes_stand_above_the_answer() -> None:
    reply = Reply("and black?", "answered", "answered", "x", "What is black tea?", (fakes.BLACK,), notes=("a note",))
    assert Structure(chat_html.turn(reply)).text.startswith(
        "You asked: and black?Understood as: What is black tea?a noteThe source says"
    )
    assert "Understood as" not in chat_html.turn(replace(reply, standalone_question="and black?"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Call 999 now.", 'Call <a href="tel:999">999</a> now.'),
        ("Ring 116 123 or 999.", 'Ring <a href="tel:116123">116 123</a> or <a href="tel:999">999</a>.'),
        ("On 1-800-222-1222.", 'On <a href="tel:18002221222">1-800-222-1222</a>.'),
        ("Within 30 minutes, <b>", "Within 30 minutes, &lt;b&gt;"),
    ],
)
def test_the_numbers_of_the_region_can_be_dialled_and_no_other(said: str, shown: str) -> None:
    assert chat_html.dialable(said, ["999 or 112", "Samaritans, 116 123", "1-800-222-1222"]) == shown


def test_an_article_is_headings_paragraphs_and_lists() -> None:
    assert chat_source.article(fakes.documents()[1]) == (
        '<article data-fn-text="tea.md"><h3 data-fn-section="0" dir="auto" tabindex="-1">Tea</h3>'
        '<p dir="auto"><span data-fn-at="7">Tea is a drink.</span></p>'
        '<h4 data-fn-section="27" dir="auto" tabindex="-1">Brewing</h4>'
        '<p dir="auto"><span data-fn-at="36">Green tea is brewed at 80 degrees.</span> '
        '<span data-fn-at="71">Black tea needs boiling water.</span></p>'
        '<h4 data-fn-section="106" dir="auto" tabindex="-1">Storing</h4>'
        '<ul><li dir="auto"><span data-fn-at="117">Keep tea in a closed tin.</span></li>'
        '<li dir="auto"><span data-fn-at="145">Light fades it.</span></li></ul></article>'
    )


def test_paragraphs_part_where_the_text_has_an_empty_line() -> None:
    page = chat_source.article(parse("One. Two\nlines.\n\nThree.\n", "x.md"))
    assert re.findall(r"<p.*?</p>", page, re.S) == [
        '<p dir="auto"><span data-fn-at="0">One.</span> <span data-fn-at="5">Two\nlines.</span></p>',
        '<p dir="auto"><span data-fn-at="17">Three.</span></p>',
    ]


def test_every_sentence_of_the_article_can_be_found(article: Sequence[Any]) -> None:
    (document,) = article
    found = Structure(chat_source.article(document))
    assert found.values.count("auto") > 0
    for sentence in document.sentences:
        assert str(sentence.start) in found.values
        assert sentence.text in found.text


def test_the_panel_lists_every_document_and_section_and_opens_the_first() -> None:
    pots, tea = fakes.documents()
    alone, both = chat_source.panel([tea]), chat_source.panel([pots, tea])
    assert re.findall(r'data-fn-document="(.*?)" data-fn-goto="(.*?)">(.*?)<', both) == [
        ("pots.md", "0", "Pots"),
        ("tea.md", "0", "Tea"),
        ("tea.md", "27", "Brewing"),
        ("tea.md", "106", "Storing"),
    ]
    assert (alone.count("<option"), both.count("<option")) == (0, 2)
    assert re.findall('data-fn-text="(.*?)"', both) == ["pots.md"]
    assert '<details class="fn-contents" open>' in both
    assert '<details class="fn-contents">' in chat_source.panel([tea] * 11)


SKIP = gr.skip()
VISITOR = gr.Request(Request({"type": "http", "headers": [], "client": ("127.0.0.1", 1), STANDING: Standing()}))


class Page:
    """The page over the fakes, its listener called as Gradio calls it; `histories` is what the engine was given."""

    def __init__(self, settings: WebSettings) -> None:
        assistant = fakes.assistant(fakes.says(s3=0.9), emergency="zebra")
        answer = assistant.ask
        self.histories: list[list[str]] = []

        def recorded(question: str, history: Sequence[str] = ()) -> Reply:
            self.histories.append(list(history))
            return answer(question, history)

        assistant.ask = recorded  # type: ignore[method-assign]
        self.parts = Parts.of(assistant, settings)
        self.blocks = chat.chat(self.parts)
        listeners: dict[str, Any] = {getattr(f.fn, "__name__", ""): f.fn for f in self.blocks.fns.values()}
        self.listener, self.voted = listeners["ask"], listeners.get("vote")
        parts = {getattr(b, "elem_id", None): b for b in self.blocks.blocks.values()}
        self.box, self.log = parts["fn-question"], parts["fn-conversation"]

    def ask(self, typed: str | None, turns: Sequence[Reply] = ()) -> list[tuple[Any, ...]]:
        return self._heard(typed, turns, gr.EventData(self.box, {}))

    def choose(self, question: object, typed: str = "") -> list[tuple[Any, ...]]:
        return self._heard(typed, [], gr.EventData(self.log, {"question": question}))

    def _heard(self, typed: str | None, turns: Sequence[Reply], event: gr.EventData) -> list[tuple[Any, ...]]:
        async def heard() -> list[tuple[Any, ...]]:
            return [shown async for shown in self.listener(typed, list(turns), {}, event, VISITOR)]

        return asyncio.run(heard())


def made(settings: WebSettings) -> Page:
    """Made inside a loop: outside one, Gradio opens its own and leaves it open."""

    async def make() -> Page:
        return Page(settings)

    return asyncio.run(make())


@pytest.fixture(scope="module")
def page() -> Page:
    return made(WebSettings(rate="1000/minute"))


def test_a_question_that_finds_no_place_or_comes_too_often_stays_in_the_box() -> None:
    full = made(WebSettings(queue=0))
    full.parts.pool.busy = 1
    ((box, turns, log, message),) = full.ask("What is green tea?")
    assert (box, turns, log) == (SKIP, SKIP, SKIP)
    assert "as many questions as it can. Please ask again in a moment." in message
    often = made(WebSettings(rate="1/minute"))
    assert len(often.ask("What is green tea?")) == 2
    ((*_, message),) = often.ask("What is green tea?")
    assert "That was more than 1 per 1 minute. Please wait" in message


def test_a_question_that_takes_too_long_comes_back_to_the_box() -> None:
    late = made(WebSettings(timeout=0.001))

    def slowly(question: str, _: Sequence[str]) -> Reply:
        time.sleep(0.2)
        return Reply(question, "abstained", "empty", "")

    late.parts.pool.ask = slowly
    first, last = late.ask("What is green tea?")
    assert (first[0], last[0], last[1]) == ("", "What is green tea?", SKIP)
    assert "No answer was ready in time." in last[3]


def test_thumbs_are_shown_where_they_are_kept_and_each_counts_once(tmp_path: Path) -> None:
    kept = made(WebSettings(feedback=f"sqlite:///{tmp_path / 'x.sqlite'}"))
    turns = kept.ask("What is green tea?")[-1][1]
    assert 'data-fn-vote="up"' in kept.ask("thanks", turns)[-1][2]

    def thumb(votes: dict[str, str], **event: object) -> tuple[Any, ...]:
        given = gr.EventData(kept.log, {"turn": 0, "vote": "down", "why": "other", **event})
        assert kept.voted is not None
        return tuple(asyncio.run(kept.voted(turns, votes, given, VISITOR)))

    for wrong in ({"turn": 7}, {"turn": -1}, {"turn": "0"}, {"vote": "sideways"}, {"why": "because"}):
        assert thumb({}, **wrong) == (SKIP, SKIP, SKIP)
    votes, log, message = thumb({})
    assert (votes["0"], message) == ("down", "")
    assert "Thank you for the feedback." in log
    assert 'data-fn-vote="up"' not in log
    assert thumb(votes) == (SKIP, SKIP, SKIP)
    assert kept.parts.feedback is not None
    assert [(r.vote, r.why, r.verdict, r.question) for r in kept.parts.feedback.rows()] == [
        ("down", "other", "answered", None)
    ]
    kept.parts.feedback.close()


def test_no_thumbs_where_none_are_kept(page: Page) -> None:
    assert "data-fn-vote" not in page.ask("What is green tea?")[-1][2]
    assert page.voted is None
    assert set(chat_html.REASONS) == set(WHYS)


def test_a_question_waits_visibly_and_is_then_answered(page: Page) -> None:
    (box, turns, log, message), (later, replies, answered, silent) = page.ask("What is green tea?")
    assert (box, turns, message) == ("", SKIP, "")
    assert Structure(log).text == "You asked: What is green tea?Reading the source"
    assert [r.verdict for r in replies] == ["answered"]
    assert answered == chat_html.conversation(replies, "")
    assert (later, silent) == (SKIP, SKIP)


def test_earlier_questions_are_the_history(page: Page) -> None:
    turns = page.ask("What is green tea?")[-1][1]
    turns = page.ask("and black tea?", turns)[-1][1]
    page.ask("thanks", turns)
    assert page.histories[-3:] == [[], ["What is green tea?"], ["What is green tea?", "and black tea?"]]


def test_a_chosen_question_leaves_what_is_being_typed_alone(page: Page) -> None:
    first, last = page.choose("What is green tea?", typed="half a ques")
    assert (first[0], last[0]) == (SKIP, SKIP)
    assert last[1][0].question == "What is green tea?"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Please type a question about the source."),
        (None, "Please type a question about the source."),
        (" \n\u00a0", "Please type a question about the source."),
        ("why " * 600, "The question has 2,400 characters, at most 2,000 are read."),
    ],
)
def test_what_cannot_be_asked_stays_in_the_box_with_the_reason(page: Page, typed: str | None, message: str) -> None:
    ((box, turns, log, shown),) = page.ask(typed)
    assert (box, turns, log) == (SKIP, SKIP, SKIP)
    assert Structure(shown).text.startswith(message)
    assert 'role="alert"' in shown


def test_half_a_surrogate_pair_is_readable(page: Page) -> None:
    reply = page.ask("What is \ud83d green tea?")[-1][1][0]
    assert reply.question == "What is ? green tea?"
    assert page.choose(["not", "text"])[-1][1][0].question == "['not', 'text']"


def test_an_article_is_given_out_by_its_id_alone(page: Page) -> None:
    (article,) = (f for b in page.blocks.blocks.values() for f in getattr(b, "server_fns", ()))
    names: list[object] = ["../tea.md", "", None, ["tea.md"], {}]
    assert article("tea.md") == chat_source.article(fakes.documents()[1])
    assert [article(name) for name in names] == [""] * 5


def test_no_listener_is_part_of_a_public_interface(page: Page) -> None:
    assert {f.api_visibility for f in page.blocks.fns.values()} == {"private"}


def test_a_conversation_is_saved_as_json_with_citations_and_notices(page: Page) -> None:
    (turn,) = json.loads(chat.as_json(page.ask("What is green tea?")[-1][1]))
    assert [c["quote"] for c in turn["citations"]] == ["Green tea is brewed at 80 degrees."]
    assert turn["disclaimer"].startswith("This is what the source says")


def test_the_look_names_no_other_host_and_keeps_no_history() -> None:
    look = chat.look()
    assert "://" not in look["head"]
    assert look["theme"]._stylesheets == []
    assert (look["run_history"], look["footer_links"], look["max_file_size"]) == (False, [], 1)
    assert (chat.STATIC / "icon.svg").is_file()


def test_a_port_in_use_is_named_with_the_cure() -> None:
    with app.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert app.address(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(FootnoteError) as caught:
            app.listen("127.0.0.1", port)
    assert str(caught.value) == f"Port {port} on 127.0.0.1 is in use. Stop what uses it, or name another with --port."


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", 80_000, "Port 80000 cannot be used (bind(): port must be 0-65535.)."),
        ("192.0.2.1", 7860, "This machine has no address '192.0.2.1'"),
    ],
)
def test_an_address_that_cannot_be_had_is_named(host: str, port: int, message: str) -> None:
    with pytest.raises(FootnoteError, match=re.escape(message)):
        app.listen(host, port)


def test_the_command_ends_with_a_message_and_status_2(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    assert app.main(["--port", "0", "--corpus", str(tmp_path / "none")]) == 2
    assert "is not a folder. Name one with --corpus DIR." in capsys.readouterr().err
