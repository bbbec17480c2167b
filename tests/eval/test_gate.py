"""a run, thresholds -> passed or not; what was not measured has not passed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.cases import CasesError
from eval.gate import THRESHOLDS, Threshold, as_text, check, junit, read_thresholds
from eval.runs import load_run
from tests.eval.runs import BAD, GOOD, made, write_run

LIMITS = (
    Threshold("answer_hit@1", 0.5, None, "found"),
    Threshold("false_answer_rate", None, 0.4),
    Threshold("right_by_category.far", 1.0, 1.0),
    Threshold("citation_exact", 1.0, None),
)


def test_what_passes_and_what_does_not(tmp_path: Path) -> None:
    good, bad = made(tmp_path / "good", GOOD), made(tmp_path / "bad", BAD)
    assert [c.passed for c in check(good, LIMITS)] == [True] * 5
    assert [(c.threshold.figure, c.value, c.passed, c.wrong) for c in check(bad, LIMITS)] == [
        ("missing", 1, False, ("hi",)),
        ("answer_hit@1", 0.0, False, ("hot", "keep")),
        ("false_answer_rate", 0.5, False, ("red",)),
        ("right_by_category.far", 1.0, True, ()),
        ("citation_exact", 1.0, True, ()),
    ]


@pytest.mark.parametrize("figure", ["citation_exact", "right_by_category.brand"])
def test_a_figure_without_a_row_fails(tmp_path: Path, figure: str) -> None:
    run = load_run(write_run(tmp_path / "run", GOOD))
    found = check(run, (Threshold(figure, 0.0, None),))[-1]
    assert (found.value, found.passed) == (None, False)


def test_junit_names_the_failures_and_repeats_exactly(tmp_path: Path) -> None:
    checks = check(made(tmp_path / "bad", BAD), LIMITS)
    text = junit(checks)
    assert text == junit(check(made(tmp_path / "again", BAD), LIMITS))
    root = ET.fromstring(text)
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.attrib == {"name": "footnote.gate", "tests": "5", "failures": "3", "errors": "0"}
    failure = suite.find("testcase[@name='answer_hit@1']/failure")
    assert failure is not None
    assert (failure.attrib["message"], failure.text) == ("FAIL answer_hit@1 0 at least 0.5", "found\nhot keep")
    assert as_text(checks).endswith("3 of 5 checks failed")


def test_the_shipped_thresholds_are_sound() -> None:
    figures = {t.figure for t in read_thresholds(THRESHOLDS)}
    assert {"right_behaviour", "answer_hit@1", "emergency_recall", "citation_exact", "disclaimer_present"} <= figures


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(
        "[figures]\n"
        "right = { least = 0.5 }\n"
        "answer_rate = { about = 0.5 }\n"
        "list_recall = { most = 'half' }\n"
        "questions = 3\n",
        encoding="utf-8",
    )
    with pytest.raises(CasesError) as error:
        read_thresholds(path)
    told = str(error.value).split("\n")
    assert [line[:52] for line in told] == [
        "t.toml: 'version' is missing",
        "t.toml: 'reviewed_by' is missing",
        "t.toml: 'right' is not a figure; write one of answer",
        "t.toml: 'answer_rate' has the unknown key 'about'",
        "t.toml: 'answer_rate' sets neither `least` nor `most",
        "t.toml: 'list_recall': `most` is not a number: 'half",
        "t.toml: 'questions' is not a table like { least = 0.",
    ]


@pytest.mark.parametrize("text", ["version = 1\nreviewed_by = ''\n[figures]\n", "[", "figures = 1"])
def test_a_file_without_thresholds_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CasesError):
        read_thresholds(path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write_run(tmp_path / "good", GOOD), write_run(tmp_path / "bad", BAD)
    limits, xml = tmp_path / "t.toml", tmp_path / "gate.xml"
    limits.write_text(
        "version = 1\nreviewed_by = 'me'\n[figures]\nright_behaviour = { least = 0.9 }\n", encoding="utf-8"
    )
    rest = ["--corpus", str(tmp_path / "corpus"), "--thresholds", str(limits), "--junit", str(xml)]
    assert main(["gate", str(good), *rest]) == 0
    assert capsys.readouterr().out.endswith("all 2 checks pass\n")
    assert main(["gate", str(bad), *rest]) == 1
    assert "<failure" in xml.read_text(encoding="utf-8")
    assert (
        main(["gate", str(bad), "--corpus", str(tmp_path / "corpus"), "--thresholds", str(tmp_path / "no.toml")]) == 2
    )
