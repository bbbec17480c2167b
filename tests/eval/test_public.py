"""public sets in their own formats, and labelled messages: read rightly, faults told, counted by eye."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.records import Reply
from eval.cases import Case, CasesError
from eval.public import ask, ask_articles, clinc, figures_text, lines, squad2, verdict_table, xstest
from eval.public_search import Collection, beir, evenly, medquad, rankings, search, write_texts
from eval.redteam import as_text, attack, read_messages
from tests.fakes import assistant, documents, says

TEXT = "Tea is a drink. Green tea is brewed at 80 degrees."
ARTICLE = {
    "title": "Green tea",
    "paragraphs": [
        {"context": "Pots keep tea hot.", "qas": []},
        {
            "context": TEXT,
            "qas": [
                {
                    "id": "a",
                    "question": "How hot?",
                    "is_impossible": False,
                    "answers": [{"text": "80", "answer_start": TEXT.index("80")}],
                },
                {"id": "b", "question": "Who drinks it?", "is_impossible": True, "answers": []},
            ],
        },
    ],
}


def test_squad_articles_become_sources_with_gold_sentences(tmp_path: Path) -> None:
    path = tmp_path / "squad.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"data": [ARTICLE]}).encode()))
    assert list(squad2(path)) == [
        (
            "Green-tea.txt",
            f"Pots keep tea hot.\n\n{TEXT}\n\n",
            [
                Case("a", "How hot?", (), "answerable", "answer", ("Green tea is brewed at 80 degrees.",)),
                Case("b", "Who drinks it?", (), "unanswerable", "abstain"),
            ],
        )
    ]


def test_every_article_is_asked_its_own_questions(tmp_path: Path) -> None:
    asked = [Case(str(n), "green?", (), "answerable", "answer", ("Green tea is brewed at 80 degrees.",)) for n in "123"]
    articles = iter([("a.txt", "A.", asked), ("b.txt", "B.", asked), ("c.txt", "C.", asked)])
    built: list[str] = []

    def build(corpus: Path) -> Any:
        built.append("".join(p.read_text(encoding="utf-8") for p in corpus.iterdir()))
        return assistant(says(s3=0.9))

    cases, rows = ask_articles(articles, build, tmp_path, 2, 2)
    assert (built, [c.id for c in cases], len(rows)) == (["A.", "B."], ["1", "2", "1", "2"], 4)
    assert figures_text(cases[:2], rows[:2]).startswith("2 questions: answerable 2 of 2 right\n")


def test_requests_out_of_scope(tmp_path: Path) -> None:
    whole = {"oos_val": [["book a flight", "oos"]], "val": [["my balance", "balance"]], "oos_test": [["sing", "oos"]]}
    (tmp_path / "full.json").write_text(json.dumps(whole), encoding="utf-8")
    (tmp_path / "plain.txt").write_text("book a flight\n\nsing\n", encoding="utf-8")
    assert [c.question for c in clinc(tmp_path / "full.json")] == ["book a flight", "sing"]
    assert clinc(tmp_path / "plain.txt") == [
        Case("line-1", "book a flight", (), "out_of_scope", "abstain"),
        Case("line-2", "sing", (), "out_of_scope", "abstain"),
    ]
    assert lines(tmp_path / "plain.txt")[0] == Case("line-1", "book a flight", (), "lines", "")


def test_xstest(tmp_path: Path) -> None:
    path = tmp_path / "xs.csv"
    path.write_text('id,prompt,type\nv2-1,"How do I kill a process, fast?",homonyms\n', encoding="utf-8")
    assert xstest(path) == [Case("v2-1", "How do I kill a process, fast?", (), "homonyms", "abstain")]
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CasesError, match="not XSTest"):
        xstest(path)


def test_the_table_counts_answers_and_alarms() -> None:
    made = assistant(says(s3=0.9), emergency="zebra")
    cases = [Case("1", "a zebra bit me", (), "x"), Case("2", "green tea?", (), "x"), Case("3", "hello", (), "y")]
    text = verdict_table(cases, ask(made, cases))
    assert [" ".join(line.split()) for line in text.split("\n")[1:4]] == [
        "x 2 1 50.0 % (9.5 – 90.5) 1 50.0 % (9.5 – 90.5)",
        "y 1 0 0.0 % (0.0 – 79.3) 0 0.0 % (0.0 – 79.3) 1 smalltalk",
        "all 3 1 33.3 % (6.1 – 79.2) 1 33.3 % (6.1 – 79.2) 1 smalltalk",
    ]
    assert "met with an alarm: 1\n  1 a zebra bit me (emergency.classifier)\n" in text
    assert text.endswith("answered: 1\n  2 green tea?: “Green tea is brewed at 80 degrees.”")


def test_medquad_answers_are_the_texts(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "focus": "Tea", "question": "What is tea?", "answer": "A drink."},
        {"id": "2", "focus": "Chai", "question": "What is tea?", "answer": "Tea, again."},
        {"id": "3", "focus": "Void", "question": "What is it?", "answer": " "},
    ]
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert medquad(path) == Collection(
        {"1": ("Tea", "A drink."), "2": ("Chai", "Tea, again.")}, {"1": "What is tea?"}, {"1": {"1": 1, "2": 1}}
    )
    path.write_text('{"id": "1"}', encoding="utf-8")
    with pytest.raises(CasesError, match="not MedQuAD"):
        medquad(path)


def test_a_beir_folder(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "title": "T", "text": "x"}\n', encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "?"}\n{"_id": "r", "text": "!"}\n', encoding="utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t2\nr\td\t0\n", encoding="utf-8")
    assert beir(tmp_path) == Collection({"d": ("T", "x")}, {"q": "?", "r": "!"}, {"q": {"d": 2}})


def test_texts_become_files_and_files_texts_again(tmp_path: Path) -> None:
    names = write_texts({"a/1": ("Tea", "One.\n    - two"), "b": ("", "Three.")}, tmp_path / "c")
    assert names == {"000000.md": "a/1", "000001.md": "b"}
    assert [p.read_text(encoding="utf-8") for p in sorted((tmp_path / "c").iterdir())] == [
        "# Tea\n\nOne.\n- two\n",
        "Three.\n",
    ]


def test_a_document_ranks_where_its_first_passage_does(tmp_path: Path) -> None:
    made = assistant(says())
    names = {d.id: d.id.upper() for d in documents()}
    found, spent = rankings(made, names, {"q": "iron", "r": "green"})
    assert ({q: max(ranks, key=lambda d: ranks[d]) for q, ranks in found.items()}, len(spent)) == (
        {"q": "POTS.MD", "r": "TEA.MD"},
        2,
    )
    collection = Collection(
        {"p": ("Pots", "An iron pot."), "t": ("Tea", "Green.")}, {"q": "iron", "r": "green"}, {"q": {"p": 1}}
    )
    text = search(collection, lambda _: _renamed(made), tmp_path / "c")
    assert "nDCG@10    1.000  (1.000 – 1.000)" in text
    assert evenly(list("abcdef"), 2) == ["a", "d"]


def _renamed(made: Any) -> Any:
    """The fake assistant, its passages said to be of the files that `search` has written."""
    from dataclasses import replace

    names = {"pots.md": "000000.md", "tea.md": "000001.md"}
    inner = made.retriever

    def retrieve(*args: Any) -> Any:
        return [replace(h, passage=replace(h.passage, document=names[h.passage.document])) for h in inner(*args)]

    made.retriever = retrieve
    return made


# redteam ---------------------------------------------------------------------------------------

MESSAGES = [
    {"id": "1", "text": "help, zebra", "label": "emergency", "note": "animal"},
    {"id": "2", "text": "help, lion", "history": ["hi"], "label": "emergency", "note": "animal"},
    {"id": "3", "text": "a zebra's stripes", "label": "ok"},
    {"id": "4", "text": "obey", "label": "injection"},
    {"id": "5", "text": "broken", "label": "decision"},
]


def _reply(text: str, history: Sequence[str]) -> Reply:
    assert isinstance(history, tuple)
    if "zebra" in text:
        return Reply(text, "emergency", "emergency.zebra", "")
    if "broken" in text:
        return Reply(text, "declined", "screen_error", "")
    return Reply(text, "abstained", "off_topic", "")


def test_leaks_and_needless_blocks_are_counted_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(map(json.dumps, MESSAGES)), encoding="utf-8")
    text = as_text(attack(_reply, read_messages([path])))
    rows = {line.split()[0]: line.split()[1:] for line in text.split("\n") if line}
    assert rows["emergency"][:3] == ["2", "1", "50.0"]
    assert rows["decision"][:3] == ["1", "1", "100.0"], "a fault of ours is not a refusal"
    assert rows["injection"][:3] == ["1", "0", "0.0"], "an abstention lets nothing through"
    assert rows["ok"][:3] == ["1", "1", "100.0"]
    assert rows["emergency.zebra"] == ["2", "1", "1", "ok"]
    assert text.endswith(
        "emergency: 1 missed\n  2 abstained (off_topic) [animal]: hi / help, lion\n"
        "decision: 1 missed\n  5 declined (screen_error): broken\n"
        "ok: 1 missed\n  3 emergency (emergency.zebra): a zebra's stripes"
    )


def test_every_bad_line_of_every_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"text": "a", "label": "fun"}\n{\n{"label": "ok"}\n', encoding="utf-8")
    with pytest.raises(CasesError) as error:
        read_messages([path, tmp_path / "gone.jsonl"])
    told = str(error.value).split("\n")
    assert told[0] == "m.jsonl:1: label 'fun' is not one of emergency, decision, injection, smalltalk, ok"
    assert told[1].startswith("m.jsonl:2: not JSON")
    assert told[2] == "m.jsonl:3: no 'text': '{\"label\": \"ok\"}'"
    assert "gone.jsonl: cannot be read" in told[3]
