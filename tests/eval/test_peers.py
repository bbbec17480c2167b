"""Other systems on the same questions: how they are judged, and what runs without their packages."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from assistant.errors import FootnoteError
from eval.cases import Case
from eval.peers.grade import Judged, answered, best_cut, figures, nearest_sentence
from eval.peers.protocol import PEERS, Source, peer
from eval.peers.run import Row, Task, compared, corpus_tasks, squad_tasks, unseen
from eval.peers.table import ARTICLES, SOURCE, Table, as_json, as_markdown, as_text
from eval.peers.worker import work
from tests.fakes import GREEN, POTS, TEA, FakeEmbedder

PASSAGE = "## Brewing\n\nGreen tea is brewed at 80 degrees. Black tea needs boiling water."
HOT = Case("hot", "How hot is green tea?", (), "direct", "answer", (GREEN.quote,))
RED = Case("red", "How hot is red tea?", (), "near_miss", "abstain")
FAR = Case("far", "Who won?", (), "far", "abstain")
HELP = Case("help", "She cannot breathe", (), "emergency", "emergency")


def judged(case: Case, score: float, sentence: str = "", text: str = PASSAGE, verdict: str = "") -> Judged:
    return Judged(case, text, sentence, score, verdict, 5.0)


def hits(row: Judged) -> bool:
    return row.sentence_hit


@pytest.mark.parametrize(
    ("text", "sentence", "passage_hit", "sentence_hit"),
    [
        (PASSAGE, GREEN.quote, True, True),
        (PASSAGE, "Black tea needs boiling water.", True, False),
        ("Green tea\nis brewed  at 80 degrees. More.", "More.", True, False),
        ("Green tea is brewed at", "Green tea is brewed at", True, True),
        ("Green tea", "Green tea", False, False),
        ("", "", False, False),
    ],
)
def test_a_passage_holds_a_sentence_that_answers_or_is_one(
    text: str, sentence: str, passage_hit: bool, sentence_hit: bool
) -> None:
    row = judged(HOT, 1.0, sentence, text)
    assert (row.passage_hit, row.sentence_hit) == (passage_hit, sentence_hit)


def test_the_cut_is_where_most_is_right() -> None:
    good = [judged(HOT, s, GREEN.quote) for s in (0.9, 0.8, 0.4)]
    bad = [judged(RED, s) for s in (0.6, 0.5, 0.1)]
    assert best_cut([*good, *bad], hits) == pytest.approx(0.7)
    assert best_cut(bad, hits) == math.inf
    assert best_cut(good, hits) == 0.4
    assert best_cut([judged(HOT, 0.5, GREEN.quote), judged(RED, 0.5)], hits) == math.inf
    assert best_cut([judged(HOT, -math.inf)], hits) == math.inf


def test_no_question_chooses_the_cut_by_which_it_is_judged() -> None:
    rows = [judged(HOT, 0.9, GREEN.quote), *(judged(RED, 0.1) for _ in range(20))]
    assert answered(rows, hits) == [False] * 21
    rows = [*(judged(HOT, 0.9, GREEN.quote) for _ in range(20)), *(judged(RED, 0.1) for _ in range(20))]
    assert answered(rows, hits) == [True] * 20 + [False] * 20


def test_who_decides_for_itself_is_judged_by_its_verdict() -> None:
    rows = [
        judged(HOT, 0.9, GREEN.quote, verdict="answered"),
        judged(RED, 0.99, verdict="abstained"),
        judged(FAR, 0.0, verdict="answered"),
        judged(HELP, 0.0, verdict="emergency"),
    ]
    found = figures(rows)
    assert found["right_sentence"] == pytest.approx(2 / 3)
    assert found["right_all"] == pytest.approx(3 / 4)
    assert (found["false_near_miss"], found["false_far"], found["ms"]) == (0.0, 1.0, 5.0)
    assert found["auroc"] == 0.5


def test_a_figure_without_a_row_is_none() -> None:
    assert figures([judged(HELP, 0.0)])["hit@1_passage"] is None


def test_the_sentence_nearest_to_the_question() -> None:
    encode = FakeEmbedder().encode
    assert nearest_sentence(PASSAGE, "black tea?", encode) == "Black tea needs boiling water."
    assert nearest_sentence("One only.", "?", encode) == "One only."
    assert [nearest_sentence(text, "?", encode) for text in ("", "## Brewing")] == ["", "## Brewing"]


def test_every_system_says_what_it_is() -> None:
    assert len({about.name for about in PEERS}) == len(PEERS)
    assert all(about.setting and about.needs and ":" in about.place for about in PEERS)
    requirements = Path(__file__).parents[2] / "eval" / "peers" / "requirements.txt"
    pinned = {line.split("==")[0] for line in requirements.read_text().splitlines() if "==" in line}
    assert pinned == {"haystack-ai", "langchain-text-splitters", "llama-index-core"}
    assert pinned <= {package for about in PEERS for package in about.needs}


def test_a_worker_indexes_and_asks() -> None:
    task = {
        "sources": [{"name": "tea.md", "text": TEA, "known": ""}],
        "questions": [{"id": "a", "question": "boiling water?", "history": []}],
    }
    result = work("bm25", [task, {**task, "sources": [{"name": "pots.md", "text": POTS}]}], 0.0)
    first, second = (rows[0] for rows in result["answers"])
    assert (first["id"], first["text"]) == ("a", "Black tea needs boiling water.")
    assert first["score"] > second["score"] == 0.0
    assert (len(result["indexing"]), result["memory"] > 0, result["seconds"] > 0) == (2, True, True)


def test_a_process_a_system(tmp_path: Path) -> None:
    (tmp_path / "tea.md").write_text(TEA, encoding="utf-8")
    (tmp_path / "tea.questions.jsonl").write_text('{"question": "?", "gold": []}\n', encoding="utf-8")
    (task,) = corpus_tasks(
        tmp_path, [Case("a", "boiling water?", (), "x", "answer", ("Black tea needs boiling water.",))]
    )
    assert task.sources == (Source("tea.md", TEA, '{"question": "?", "gold": []}\n'),)
    (row,) = compared([task], ["bm25"], "health")
    assert (row.name, row.figures["hit@1_sentence"], row.figures["false_far"]) == ("bm25", 1.0, None)
    assert row.start > 0
    assert set(row.versions) == {"bm25s"}


def test_a_system_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    about = peer("bm25")
    monkeypatch.setattr("eval.peers.run.PEERS", (type(about)("nowhere", about.place, "", ()),))
    with pytest.raises(FootnoteError, match=r"nowhere could not be asked: .*`make peers` installs every system"):
        list(compared([Task((), ())], ["nowhere"], "health"))


def test_articles_are_drawn_alike_each_time(tmp_path: Path) -> None:
    def article(title: str) -> dict[str, object]:
        qas = [
            {"id": f"{title}{n}", "question": f"{n}?", "is_impossible": n % 2 == 0,
             "answers": [] if n % 2 == 0 else [{"answer_start": 0}]}
            for n in range(6)
        ]  # fmt: skip
        return {"title": title, "paragraphs": [{"context": "Tea is a drink.", "qas": qas}]}

    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [article("Huguenot"), article("Tea")]}), encoding="utf-8")
    tasks = squad_tasks(path, 3)
    assert tasks == squad_tasks(path, 3)
    assert [len(task.cases) for task in tasks] == [3, 3]
    assert [task.sources[0].name for task in unseen(tasks)] == ["Huguenot.txt"]


def test_the_table() -> None:
    values = dict.fromkeys((*SOURCE, "ms"), 0.5) | {"false_far": None, "auroc": 0.75}
    row = Row("bm25", "its setting", {"bm25s": "1.0"}, values, 1.25, 99.6)
    tables = [Table("Tea", SOURCE, (row,)), Table("Pots", ARTICLES, (row,))]
    assert as_text(tables[1]).split("\n") == [
        "Pots",
        "          right,    hit@1     hit@1",
        "system  sentence  passage  sentence  AUROC  start   ms   memory",
        "bm25      50.0 %   50.0 %    50.0 %  0.750  1.2 s  0.5  100 MiB",
    ]
    page = as_markdown(tables, "a machine")
    assert "| bm25 | 50.0 % | 50.0 % | 50.0 % | 50.0 % | 50.0 % | 50.0 % | – | 0.750 | 1.2 s | 0.5 | 100 MiB |" in page
    assert "| bm25 | its setting | bm25s 1.0 |" in page
    assert json.loads(as_json(tables, "m"))["tables"][0]["rows"][0]["figures"]["auroc"] == 0.75
