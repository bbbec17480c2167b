"""question files -> cases; every bad row is told at once, with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.__main__ import QUESTIONS
from eval.cases import EXPECTATIONS, Case, CasesError, read_cases

FULL = {
    "id": "a",
    "question": "Is green tea hot?",
    "history": ["What is tea?"],
    "category": "direct",
    "expect": "answer",
    "gold": ["Green tea is brewed at 80 degrees."],
    "also_ok": ["Tea is a drink."],
}


def write(path: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_bytes(text.encode("utf-8", "surrogatepass") + b"\n")
    return path


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    return tmp_path / "q.jsonl"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "q.csv"


def test_a_row_becomes_a_case(jsonl: Path) -> None:
    expected = Case(
        "a",
        "Is green tea hot?",
        ("What is tea?",),
        "direct",
        "answer",
        ("Green tea is brewed at 80 degrees.",),
        ("Tea is a drink.",),
    )
    assert read_cases(write(jsonl, FULL)) == ([expected], [])


@pytest.mark.parametrize(
    ("line", "case"),
    [
        ('{"id": 7, "question": "tea?"}', Case("7", "tea?")),
        ('{"id": "b", "question": ""}', Case("b", "")),
        ('{"id": "c", "question": "tea?", "history": null, "gold": null, "expect": null}', Case("c", "tea?")),
        ('{"id": "d", "question": "tea?", "extra": {"any": 1}}\r', Case("d", "tea?")),
        ('{"id": "e", "question": "line\\u2028two \\ud800"}', Case("e", "line\u2028two \ud800")),
        ('{"id": "f", "question": "line\u2028two\x85three"}', Case("f", "line\u2028two\x85three")),
    ],
)
def test_what_a_row_may_leave_out_or_hold(jsonl: Path, line: str, case: Case) -> None:
    assert read_cases(write(jsonl, "", line, "   ")) == ([case], [])
    assert read_cases(jsonl)[0][0].line == 2


def test_every_bad_row_is_told_at_once(jsonl: Path) -> None:
    write(
        jsonl,
        FULL,
        "{broken",
        "[1]",
        '"text"',
        {"question": "tea?"},
        {"id": "", "question": None},
        {"id": True, "question": "tea?"},
        {"id": "g", "question": 7, "history": "tea", "gold": [1], "also_ok": {}, "expect": "anser"},
        {"id": "a", "question": "again?"},
        {"id": "h", "question": "tea?", "category": ["x"]},
        "[" * 100_000,
        {"id": "z", "question": "the last?"},
    )
    cases, faults = read_cases(jsonl)
    assert [case.id for case in cases] == ["a", "z"]
    expected = [
        "q.jsonl:2: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)): '{broken'",
        "q.jsonl:3: not a JSON object: '[1]'",
        "q.jsonl:4: not a JSON object: '\"text\"'",
        "q.jsonl:5: 'id' is missing or not text: None",
        "q.jsonl:6: 'id' is missing or not text: ''",
        "q.jsonl:6: 'question' is missing or not text: None",
        "q.jsonl:7: 'id' is missing or not text: True",
        "q.jsonl:8: 'question' is missing or not text: 7",
        "q.jsonl:8: 'history' is not a list of texts: 'tea'",
        "q.jsonl:8: 'gold' is not a list of texts: [1]",
        "q.jsonl:8: 'also_ok' is not a list of texts: {}",
        "q.jsonl:8: 'expect' is 'anser', not one of answer, abstain, emergency, refuse, chitchat",
        "q.jsonl:9: the id 'a' was used in line 1",
        "q.jsonl:10: 'category' is not text: ['x']",
    ]
    assert faults[:-1] == expected
    assert faults[-1].startswith("q.jsonl:11: not JSON (maximum recursion depth exceeded")


def test_a_number_and_its_text_are_the_same_id(jsonl: Path) -> None:
    write(jsonl, {"id": 1, "question": "one?"}, {"id": "1", "question": "one?"})
    assert read_cases(jsonl) == ([Case("1", "one?")], ["q.jsonl:2: the id '1' was used in line 1"])


@pytest.mark.parametrize(
    ("lines", "cases", "faults"),
    [
        (
            [
                "id,question,history,gold,expect,category",
                "a,Is it hot?,What is tea? | And milk?,One.|Two.,answer,direct",
            ],
            [Case("a", "Is it hot?", ("What is tea?", "And milk?"), "direct", "answer", ("One.", "Two."))],
            [],
        ),
        (["\ufeffid,question", "a,tea?"], [Case("a", "tea?")], []),
        (
            ['question,id,"other"', '"Hot, or cold?",b,', "", "tea?,c,x"],
            [Case("b", "Hot, or cold?"), Case("c", "tea?")],
            [],
        ),
        (["id,question", '"a","one\nline ""two"""', "b,tea?"], [Case("a", 'one\nline "two"'), Case("b", "tea?")], []),
        (["id,question\r", "a,tea?\r"], [Case("a", "tea?")], []),
        (["id,question", "a,line\u2028two\x85three\x0bfour"], [Case("a", "line\u2028two\x85three\x0bfour")], []),
        (
            ["id,question", "a,Hot, or cold?", "", "b", ",tea?", 'c,"x" y', 'd,"one', 'two"', "e,tea?", "e,milk?"],
            [Case("d", "one\ntwo"), Case("e", "tea?")],
            [
                "q.csv:2: more values than columns, from ' or cold?' on. Put a value with a comma in quotes",
                "q.csv:4: 'question' is missing or not text: None",
                "q.csv:5: 'id' is missing or not text: None",
                "q.csv:6: not CSV (',' expected after '\"')",
                "q.csv:10: the id 'e' was used in line 9",
            ],
        ),
        (
            ["id,question", "a,tea?", 'b,"never closed'],
            [Case("a", "tea?")],
            ["q.csv:3: not CSV (unexpected end of data)"],
        ),
        (
            ["id,question", "a," + "x" * 200_000, "b,tea?"],
            [Case("b", "tea?")],
            ["q.csv:2: not CSV (field larger than field limit (131072))"],
        ),
    ],
    ids=["all", "BOM", "quoted", "two lines", "CRLF", "separators", "faults", "open", "too long"],
)
def test_a_table_is_read_as_well(table: Path, lines: list[str], cases: list[Case], faults: list[str]) -> None:
    assert read_cases(write(table, *lines)) == (cases, faults)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.jsonl", b"", "PATH: holds no question."),
        ("q.jsonl", b"\n  \n", "PATH: holds no question."),
        ("q.csv", b"id,question\n", "PATH: holds no question."),
        (
            "q.csv",
            b"",
            "PATH: the header lacks id, question; it reads ''. Write a first line `id,question`.",
        ),
        (
            "q.csv",
            b"ID;question\n1;tea?\n",
            "PATH: the header lacks id, question; it reads 'ID;question'. Write a first line `id,question`.",
        ),
        (
            "q.CSV",
            b"id,text\n1,tea?\n",
            "PATH: the header lacks question; it reads 'id,text'. Write a first line `id,question`.",
        ),
        ("q.csv", b'id,"question\n', "PATH:1: not CSV (unexpected end of data)."),
        (
            "q.jsonl",
            b'{"id": "a", "question": "caf\xe9?"}',
            "PATH: not UTF-8. Convert it, for example with `iconv -f latin1 -t utf-8`.",
        ),
        ("q.jsonl", None, "PATH: no such file. Name one with --questions FILE."),
    ],
)
def test_a_file_that_cannot_be_used_at_all(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CasesError) as caught:
        read_cases(path)
    assert str(caught.value).replace(str(path), "PATH") == message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match=r"cannot be read \(Is a directory\)"):
        read_cases(tmp_path)


def test_the_shipped_questions_can_be_used() -> None:
    cases, faults = read_cases(QUESTIONS)
    assert faults == []
    assert cases
    assert {case.expect for case in cases} <= set(EXPECTATIONS) - {""}
    assert all(bool(case.gold) == (case.expect == "answer") for case in cases)
