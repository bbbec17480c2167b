"""Known questions, few or many: they help where they are close, and their silence about a document counts only
where there are many of it. Real models, small sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import known
from assistant.engine import Assistant, build
from assistant.known import beside, covered
from assistant.records import KnownQuestion
from assistant.settings import Settings
from assistant.source import parse

LOANS = """# Borrowing

## Loans

A book may be kept for three weeks. Films are lent for two nights.

## Fines

Each late day costs twenty cents. Children pay nothing for late books.
"""
KILN = """# The kiln

## Firing

The first firing takes nine hours. Glazed pots are fired at 1,240 degrees.

## Cooling

The door stays shut until the kiln is below 90 degrees.
"""
KEPT = ("How long can I hold on to a novel?", "A book may be kept for three weeks.")
"""A question, and the sentence that answers it."""
LATE = "Each late day costs twenty cents."


def source(folder: Path, **asked: list[tuple[str, str]]) -> Assistant:
    """An assistant for both texts; loans, kiln: their known questions, "" where nothing answers."""
    folder.mkdir(exist_ok=True)
    for name, text in (("loans", LOANS), ("kiln", KILN)):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        rows = [{"question": question, "gold": [gold] if gold else []} for question, gold in asked.get(name, [])]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / beside(f"{name}.md")).write_text(lines, encoding="utf-8")
    return build(Settings(corpus=folder, data=folder.parent / "data", profile="general", threads=1))


def test_documents_that_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "ENOUGH", 1)
    names = ("both.md", "answered.md", "none.md")
    documents = tuple(parse("It rains. It pours.\n", name) for name in names)
    golds = {"both.md": (True, True, False, False), "answered.md": (True, True, True, False)}
    rows = [
        KnownQuestion(f"{name}{n}", "?", name, ("x",) if gold else ())
        for name, all_of_it in golds.items()
        for n, gold in enumerate(all_of_it)
    ]
    assert covered(rows, documents) == {"both.md"}


def test_one_known_question_changes_nothing_far_from_it(tmp_path: Path) -> None:
    question = "How hot are glazed pots fired?"
    bare, one = (source(tmp_path / "texts", loans=asked).ask(question) for asked in ([], [("May I bring my dog?", "")]))
    assert (bare.verdict, bare.citations[0].quote) == ("answered", "Glazed pots are fired at 1,240 degrees.")
    assert one.confidence == bare.confidence
    assert one.citations == bare.citations


def test_a_known_question_helps_where_it_is_close(tmp_path: Path) -> None:
    asked = "how long can i hold onto a novel"
    bare, told = (source(tmp_path / "texts", loans=rows).ask(asked) for rows in ([], [KEPT]))
    assert (told.verdict, told.citations[0].quote) == ("answered", KEPT[1])
    assert told.confidence > bare.confidence


def test_a_known_question_that_nothing_answers_lowers_what_is_close_to_it(tmp_path: Path) -> None:
    asked = "How much is the fine for a lost film?"
    bare, told = (source(tmp_path / "texts", loans=rows).ask(asked) for rows in ([], [(asked, "")]))
    assert told.confidence < bare.confidence
    assert told.verdict == "abstained"


def test_what_one_document_does_not_answer_another_may(tmp_path: Path) -> None:
    asked = "How hot are glazed pots fired?"
    bare, told = (source(tmp_path / "texts", loans=rows).ask(asked) for rows in ([], [(asked, "")]))
    assert told.citations == bare.citations
    assert told.confidence == pytest.approx(bare.confidence, abs=0.001)


def test_many_questions_of_one_document_do_not_silence_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "ENOUGH", 0.25)
    many = [KEPT, ("Is there a charge for bringing a book back late?", LATE), ("Where is it?", "")]
    both = source(tmp_path / "texts", loans=many)
    assert both.index.covered == {"loans.md"}
    for question, quote, gate in (
        ("How hot are glazed pots fired?", "Glazed pots are fired at 1,240 degrees.", both.gates.answer),
        ("how long can i hold onto a novel", KEPT[1], both.gates.covered),
    ):
        reply = both.ask(question)
        assert (reply.verdict, reply.citations[0].quote) == ("answered", quote)
        assert both.gate(*both.read(question)) == gate
