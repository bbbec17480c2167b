"""two runs -> what got better and worse, and whether it could be chance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.cases import CasesError
from eval.compare import as_text, compare
from tests.eval.runs import BAD, GOOD, QUESTIONS, made, write_run


def test_better_worse_and_the_test(tmp_path: Path) -> None:
    found = compare(made(tmp_path / "bad", BAD), made(tmp_path / "good", GOOD))
    assert [p.question["id"] for p in found.better] == ["hot", "keep", "red", "hi"]
    assert (found.worse, found.moved, found.count, found.left_out) == ((), (), 6, 0)
    right = found.changes[0]
    assert (right.name, right.before, right.after, right.better, right.worse, right.p) == (
        "right_behaviour", 2 / 6, 1.0, 4, 0, 0.125,
    )  # fmt: skip
    assert right.difference == pytest.approx(4 / 6)
    assert 0.3 < right.low < right.difference < right.high <= 1.0


def test_fewer_false_answers_are_better(tmp_path: Path) -> None:
    found = compare(made(tmp_path / "bad", BAD), made(tmp_path / "good", GOOD))
    false = next(c for c in found.changes if c.name == "false_answer_rate")
    assert (false.before, false.after, false.difference, false.better, false.worse) == (0.5, 0.0, -0.5, 1, 0)


def test_the_other_way_round_all_is_worse(tmp_path: Path) -> None:
    found = compare(made(tmp_path / "good", GOOD), made(tmp_path / "bad", BAD))
    assert ([p.question["id"] for p in found.worse], found.better) == (["hot", "keep", "red", "hi"], ())


def test_a_run_against_itself_changes_nothing(tmp_path: Path) -> None:
    run = made(tmp_path / "run", GOOD)
    found = compare(run, run)
    assert (found.better, found.worse, found.moved) == ((), (), ())
    assert {(c.difference, c.low, c.high, c.p) for c in found.changes} <= {(0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, None)}


def test_another_quote_that_is_as_right_is_told(tmp_path: Path) -> None:
    other = [{**GOOD[2], "verdict": "declined", "reason": "decision.dose"}]
    found = compare(made(tmp_path / "a", GOOD), made(tmp_path / "b", [*GOOD[:2], *other, *GOOD[3:]]))
    assert [p.question["id"] for p in found.moved] == ["red"]


def test_only_questions_that_both_have_are_compared(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "b", GOOD)
    changed = [{**QUESTIONS[0], "question": "How warm is green tea?"}, *QUESTIONS[1:5]]
    (folder / "questions.jsonl").write_text("".join(json.dumps(q) + "\n" for q in changed), encoding="utf-8")
    from eval.runs import load_run

    found = compare(made(tmp_path / "a", GOOD), load_run(folder))
    assert (found.count, found.left_out) == (4, 2)
    (folder / "questions.jsonl").write_text(json.dumps(changed[0]) + "\n", encoding="utf-8")
    with pytest.raises(CasesError, match="have no question in common"):
        compare(made(tmp_path / "c", GOOD), load_run(folder))


def test_the_text_names_every_question_that_changed(tmp_path: Path) -> None:
    text = as_text(compare(made(tmp_path / "bad", BAD), made(tmp_path / "good", GOOD)))
    assert text.startswith("bad -> good: 6 questions in both\n")
    assert (
        "better: 4\n"
        "  hot direct: How hot is green tea?\n"
        "    answered: “Black tea needs boiling water.”\n"
        "    answered: “Green tea is brewed at 80 degrees.”\n"
        "  keep list: How is tea kept?\n"
        "    abstained (abstained)\n"
        "    answered: “Keep tea in a closed tin.”\n"
    ) in text


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(write_run(tmp_path / "bad", BAD)), str(write_run(tmp_path / "good", GOOD))]
    page = tmp_path / "changes.html"
    assert main(["compare", *runs, "--corpus", str(tmp_path / "corpus"), "--out", str(page)]) == 0
    assert "better: 4" in capsys.readouterr().out
    assert "4 got better" in page.read_text(encoding="utf-8")


def test_a_run_from_before_the_source_changed_can_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [str(write_run(tmp_path / "bad", BAD)), str(write_run(tmp_path / "good", GOOD))]
    identity = {"documents": {"tea.md": "0" * 64}}
    (tmp_path / "bad" / "run.json").write_text(json.dumps(identity), encoding="utf-8")
    corpus = ["--corpus", str(tmp_path / "corpus")]
    assert main(["compare", *runs, *corpus]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("bad -> good: 6 questions in both\n")
    assert "bad is shown without its source: " in shown.err
    assert "tea.md has changed since the run" in shown.err
    assert main(["report", runs[0], *corpus, "--out", str(tmp_path / "report.html")]) == 2
