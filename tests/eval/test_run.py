"""cases, assistant -> answers.jsonl: resumable, never mixed, the same bytes twice but for latency."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant import engine
from assistant.engine import Assistant
from assistant.errors import FootnoteError
from assistant.records import Reply
from eval import __main__ as command
from eval import identity
from eval.cases import Case
from eval.run import one_by_one, run
from tests.fakes import GREEN, Broken, assistant, citation, says

IDENTITY = {"questions": "1", "profile": "health"}
CASES = [Case("b", "Is green tea hot?"), Case("a", "and black tea?", ("Is green tea hot?",)), Case("c", "thanks!")]


class Asked:
    """The fake assistant, with a note of what it was asked; it dies of the question `dies_of`."""

    rephrase = None

    def __init__(self, dies_of: str = "") -> None:
        self.inner = assistant(says(s3=0.9))
        self.dies_of = dies_of
        self.questions: list[str] = []

    def ask(self, question: str, history: Sequence[str] = ()) -> Reply:
        if question == self.dies_of:
            raise KeyboardInterrupt
        self.questions.append(question)
        return self.inner.ask(question, history)


def answer(asked: Any, out: Path, cases: Sequence[Case] = CASES, made_of: dict[str, str] = IDENTITY) -> Path:
    return run(one_by_one(asked), cases, out, made_of).path


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def but_latency(path: Path) -> str:
    return re.sub(r'"latency_ms": [0-9.]+', '"latency_ms": 0', path.read_text(encoding="utf-8"))


def test_one_line_of_the_contract(tmp_path: Path) -> None:
    path = answer(Asked(), tmp_path / "a" / "new" / "folder")
    assert path == tmp_path / "a" / "new" / "folder" / "answers.jsonl"
    green = citation("Green", score=0.9)
    assert {**rows(path)[0], "latency_ms": 0.0} == {
        "id": "b",
        "question": "Is green tea hot?",
        "verdict": "answered",
        "reason": "answered",
        "answer": green.quote,
        "standalone_question": "Is green tea hot?",
        "citations": [
            {
                "document": "tea.md",
                "title": "Tea",
                "section": "Brewing",
                "quote": green.quote,
                "start": green.start,
                "end": green.end,
                "score": 0.9,
            }
        ],
        "related": [],
        "confidence": 0.9,
        "disclaimer": assistant(says()).profile.notice["answered"],
        "notes": [],
        "latency_ms": 0.0,
    }
    assert rows(path)[0]["latency_ms"] > 0
    assert [(row["id"], row["verdict"]) for row in rows(path)] == [
        ("b", "answered"),
        ("a", "answered"),
        ("c", "smalltalk"),
    ]


def test_two_runs_give_the_same_bytes_but_for_latency(tmp_path: Path) -> None:
    first, second = answer(Asked(), tmp_path / "1"), answer(Asked(), tmp_path / "2")
    assert but_latency(first) == but_latency(second)
    assert (tmp_path / "1" / "run.json").read_bytes() == (tmp_path / "2" / "run.json").read_bytes()


@pytest.mark.parametrize(
    "half", ["", '{"id": "a", "question": "and bl', '{"id": "a", "quest\xe9', '{"id": "a"}\n', "\n\n[]\n7\n"]
)
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path, half: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        answer(Asked(dies_of="thanks!"), tmp_path / "killed")
    path = tmp_path / "killed" / "answers.jsonl"
    assert [row["id"] for row in rows(path)] == ["b", "a"]
    path.write_bytes(path.read_text(encoding="utf-8").split("\n")[0].encode() + b"\n" + half.encode("latin-1"))
    again = Asked()
    assert answer(again, tmp_path / "killed") == path
    assert again.questions == ["and black tea?", "thanks!"]
    assert but_latency(path) == but_latency(answer(Asked(), tmp_path / "whole"))
    assert {file.name for file in path.parent.iterdir()} == {"answers.jsonl", "run.json"}


def test_a_finished_run_asks_nothing_and_changes_no_byte(tmp_path: Path) -> None:
    path = answer(Asked(), tmp_path)
    before = path.read_bytes()
    again = Asked()
    answer(again, tmp_path)
    assert (again.questions, path.read_bytes()) == ([], before)


@pytest.mark.parametrize("reason", ["error", "screen_error"])
def test_what_broke_is_asked_again(tmp_path: Path, reason: str) -> None:
    path = answer(Asked(), tmp_path)
    good = path.read_bytes()
    path.write_text(path.read_text(encoding="utf-8").replace('"reason": "smalltalk.thanks"', f'"reason": "{reason}"'))
    again = Asked()
    answer(again, tmp_path)
    assert again.questions == ["thanks!"]
    assert but_latency(path).encode() == re.sub(rb'"latency_ms": [0-9.]+', b'"latency_ms": 0', good)


@pytest.mark.parametrize(
    ("other", "differs"),
    [({"profile": "general"}, "profile"), ({"questions": "2", "region": "UK"}, "questions, region")],
)
def test_answers_of_other_settings_are_not_mixed_in(tmp_path: Path, other: dict[str, str], differs: str) -> None:
    path = answer(Asked(), tmp_path)
    before = path.read_bytes()
    with pytest.raises(FootnoteError) as caught:
        answer(Asked(), tmp_path, made_of={**IDENTITY, **other})
    assert str(caught.value) == (
        f"{tmp_path} holds the answers of another run (differs: {differs}). Name another --out, or remove that folder."
    )
    assert path.read_bytes() == before
    answer(Asked(), tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_answers_of_nobody_knows_what_are_not_mixed_in(tmp_path: Path, content: bytes | None) -> None:
    answer(Asked(), tmp_path)
    (tmp_path / "run.json").unlink()
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(FootnoteError, match=r"run\.json is missing or unreadable"):
        answer(Asked(), tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "answers.jsonl").mkdir(parents=True)
    (tmp_path / "taken" / "run.json").write_text(json.dumps(IDENTITY))
    for out in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "taken"):
        with pytest.raises(FootnoteError, match=re.escape(f"{out} cannot be used (")):
            answer(Asked(), out)


@pytest.mark.parametrize(
    "question", ["\ud800", "one\u2028two\u2029three\x85four\rfive\x0bsix", "\x00\x1b[2J", "‮🍵 שלום"]
)
def test_every_question_keeps_to_its_line(tmp_path: Path, question: str) -> None:
    path = answer(Asked(), tmp_path, [Case("a", question), Case("b", "thanks!")])
    assert [(row["id"], row["question"]) for row in rows(path)] == [("a", question), ("b", "thanks!")]
    before = path.read_bytes()
    answer(Asked(), tmp_path, [Case("a", question), Case("b", "thanks!")])
    assert path.read_bytes() == before


def test_what_is_not_a_question_is_reported_and_does_not_stop_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = answer(Asked(), tmp_path, [Case("a", "y" * 2001, line=7), Case("b", "thanks!", line=8)])
    assert [(row["id"], row["verdict"], row["reason"]) for row in rows(path)] == [
        ("a", "abstained", "bad_question"),
        ("b", "smalltalk", "smalltalk.thanks"),
    ]
    assert "line 7: The question has 2,001 characters" in capsys.readouterr().err


# python -m eval run ----------------------------------------------------------------------------


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`python -m eval run` over the fake assistant; call it with the lines of a question file."""
    made = assistant(says(s3=0.9))
    (tmp_path / "corpus").mkdir()
    for document in made.documents.values():
        (tmp_path / "corpus" / document.id).write_text(document.text, encoding="utf-8")
    monkeypatch.setattr(command, "stay_offline", lambda: None)

    def call(*lines: str, broken: bool = False, name: str = "q.jsonl") -> int:
        def build(*_: object, **__: object) -> Assistant:
            asked = assistant(says(s3=0.9))
            if broken:
                asked.reader = Broken()
            return asked

        monkeypatch.setattr(engine, "build", build)
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        folders = ["--corpus", str(tmp_path / "corpus"), "--out", str(tmp_path / "out")]
        return command.main(["run", "--questions", str(tmp_path / name), *folders])

    return call


ROW = json.dumps(
    {"id": "a", "question": "Is green tea hot?", "category": "x", "expect": "answer", "gold": [GREEN.quote]}
)


def test_a_run_of_good_rows(evaluate: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(ROW) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"1 answers in {tmp_path / 'out' / 'answers.jsonl'}: 1 answered\n")
    assert "  right_behaviour              1.000\n" in out
    assert "  citation_exact               1.000\n" in out


def test_bad_rows_are_told_the_others_answered_and_the_status_says_so(
    evaluate: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(ROW, "{", ROW, '{"id": "b"}') == 1
    err = capsys.readouterr().err
    assert [line for line in err.split("\n") if line.startswith(("q.jsonl", "3 "))] == [
        "q.jsonl:2: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)): '{'",
        "q.jsonl:3: the id 'a' was used in line 1",
        "q.jsonl:4: 'question' is missing or not text: None",
        f"3 faults in {tmp_path / 'q.jsonl'} (see above); 1 rows were asked.",
    ]
    assert [row["id"] for row in rows(tmp_path / "out" / "answers.jsonl")] == ["a"]


@pytest.mark.parametrize(
    ("lines", "name", "message"),
    [
        (["{"], "q.jsonl", "q.jsonl: no row can be used.\n"),
        ([""], "q.jsonl", "q.jsonl: holds no question.\n"),
        (["id,text", "1,tea?"], "q.csv", "q.csv: the header lacks question;"),
    ],
)
def test_nothing_that_can_be_used(
    evaluate: Callable[..., int], capsys: pytest.CaptureFixture[str], lines: list[str], name: str, message: str
) -> None:
    assert evaluate(*lines, name=name) == 2
    assert message in capsys.readouterr().err


def test_a_question_too_long_fails_the_run(evaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(ROW, json.dumps({"id": "b", "question": "y" * 2001})) == 1
    assert "\n1 questions could not be asked (see their `answer`).\n" in capsys.readouterr().err


def test_a_broken_assistant_fails_the_run_and_is_asked_again_when_mended(
    evaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(ROW, broken=True) == 1
    assert "1 refusals because something broke, not because of the question.\n" in capsys.readouterr().err
    assert evaluate(ROW) == 0


def test_answers_of_another_version_of_the_software_are_not_mixed_in(
    evaluate: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(ROW) == 0
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "rules.toml").write_text("other")
    monkeypatch.setattr(identity, "PACKAGE", tmp_path / "package")
    assert evaluate(ROW) == 2
    assert "(differs: software)" in capsys.readouterr().err


@pytest.mark.parametrize(("variable", "part"), [("FOOTNOTE_READER", "reader"), ("FOOTNOTE_EVIDENCE", "evidence")])
def test_answers_of_another_reader_or_of_other_weights_are_not_mixed_in(
    evaluate: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    part: str,
) -> None:
    assert evaluate(ROW) == 0
    (tmp_path / "other").write_text("{}")
    monkeypatch.setenv(variable, str(tmp_path / "other"))
    assert evaluate(ROW) == 2
    assert f"(differs: {part})" in capsys.readouterr().err
