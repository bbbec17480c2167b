"""answer rows of a run with a language model -> what became of its statements."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.llm_settings import LLMSettings
from assistant.rephrase import Rephraser, load_prompt
from assistant.settings import Settings
from eval.adversary import Adversary, changed, start
from eval.cases import Case
from eval.openai_server import Says, Server
from eval.rephrased import as_text, figures
from eval.run import ANSWERS, one_by_one, run
from tests.fakes import GREEN, assistant, says

ROWS: list[dict[str, Any]] = [
    {"id": "a", "llm": {"asked": 1, "requests": 1, "statements": 3, "supported": 2, "near": 1, "replaced": 1,
                        "answered": 1, "tokens_read": 300, "tokens_written": 60, "fault.number": 1},
     "statements": [{"text": "x", "provenance": "rephrased", "citations": [1]},
                    {"text": "y", "provenance": "rephrased", "citations": [1]},
                    {"text": "z", "provenance": "quoted", "citations": [2]}]},
    {"id": "b", "llm": {"asked": 1, "requests": 3, "down": 1, "tokens_read": 40}},
    {"id": "c"},
]  # fmt: skip


def test_the_figures_of_a_run() -> None:
    assert figures(ROWS, lies={"y", "z"}) == {
        "asked": 2,
        "statements": 3,
        "statement_support": pytest.approx(1 / 3),
        "near": pytest.approx(1 / 3),
        "replaced": pytest.approx(1 / 3),
        "dropped": 0.0,
        "answers_rephrased": 0.5,
        "shown_rephrased": 2,
        "shown_quoted": 1,
        "lies_shown": 1,
        "tokens_read": 340,
        "tokens_written": 60,
        "tokens_an_answer": 200.0,
        "reason.down": 1,
        "reason.fault.number": 1,
    }
    assert as_text(ROWS).splitlines()[:3] == [
        "language model:",
        "  asked                        2",
        "  statements                   3",
    ]


def test_a_run_without_a_model_has_none() -> None:
    assert as_text([{"id": "c"}]) == ""


def test_rows_say_what_was_counted_for_them(tmp_path: Path) -> None:
    text = json.dumps({"statements": [{"text": GREEN.quote, "citations": [1]}]})
    with Server(lambda _: Says(text)) as server:
        made = assistant(says(s3=0.9))
        settings = LLMSettings("openai:x", server.url, "k")
        from assistant.provider import connect

        made.rephrase = Rephraser(connect(settings), lambda *_: "", load_prompt("health"))
        cases = [Case("a", "Is green tea hot?"), Case("b", "thanks!")]
        run(one_by_one(made), cases, tmp_path, {})
    rows = [json.loads(line) for line in (tmp_path / ANSWERS).read_text(encoding="utf-8").splitlines()]
    assert rows[0]["statements"] == [{"text": GREEN.quote, "provenance": "quoted", "citations": [1]}]
    assert {k: rows[0]["llm"][k] for k in ("asked", "answered", "statements", "supported")} == dict.fromkeys(
        ("asked", "answered", "statements", "supported"), 1
    )
    assert not {"llm", "statements"} & set(rows[1])


# The adversary ---------------------------------------------------------------------------------


def request(*sentences: str) -> dict[str, Any]:
    return {"messages": [{"content": load_prompt("health").messages("how?", sentences)[1]}]}


def test_an_adversary_lies_beside_every_honest_sentence_and_repeats_itself() -> None:
    sentences = ["Heat may help.", "Rest does not."]
    first, second = Adversary(), Adversary()
    draft = json.loads(first(request(*sentences)).text)["statements"]
    assert json.loads(second(request(*sentences)).text)["statements"] == draft
    texts = {s["text"] for s in draft}
    assert set(sentences) <= texts
    assert texts - set(sentences) == first.lies
    assert len(draft) == 4


def test_what_is_changed_is_never_what_it_was() -> None:
    import random

    for seed in range(50):
        for sentence in ("Heat may help within 20 minutes.", "Tea."):
            assert changed(sentence, random.Random(seed)) != sentence


def test_only_settings_that_name_it_reach_it() -> None:
    settings = Settings(llm=LLMSettings("openai:x", "http://127.0.0.1:1/v1"))
    assert start(settings)[0] == settings
    lying = replace(settings, llm=LLMSettings("adversary:lies"))
    found, lies = start(lying)
    assert (found.llm.model, found.llm.url[:17]) == ("openai:adversary", "http://127.0.0.1:")
    assert lies() == set()
