"""runs -> one page: complete, escaped, asking for nothing, the same bytes twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.cases import CasesError
from eval.report import comparison_page, report
from eval.report_data import calibration, confusion, figures, places, right_by_category, risk_coverage
from eval.runs import load_run
from tests.eval.runs import BAD, GOOD, made, write_run


def test_what_each_kind_was_met_with(tmp_path: Path) -> None:
    verdicts, rows = confusion(made(tmp_path / "run", BAD))
    assert verdicts == ["answered", "abstained", "emergency", "missing"]
    assert {row["category"]: [(c["count"], c["right"]) for c in row["cells"]] for row in rows} == {
        "direct": [(1, 0), (0, 0), (0, 0), (0, 0)],
        "list": [(0, 0), (1, 0), (0, 0), (0, 0)],
        "near_miss": [(1, 0), (0, 0), (0, 0), (0, 0)],
        "far": [(0, 0), (1, 1), (0, 0), (0, 0)],
        "emergency": [(0, 0), (0, 0), (1, 1), (0, 0)],
        "chitchat": [(0, 0), (0, 0), (0, 0), (1, 0)],
    }


def test_risk_and_coverage_from_the_surest_question_on(tmp_path: Path) -> None:
    good = risk_coverage(made(tmp_path / "good", GOOD))
    assert good.coverage == (0.25, 0.5, 0.75, 1.0)
    assert good.risk == (0.0, 0.0, 1 / 3, 0.5)
    assert good.stands == (0.5, 0.0)
    bad = risk_coverage(made(tmp_path / "bad", BAD))
    assert bad.risk == (1.0, 1.0, 1.0, 1.0)
    assert bad.stands == (0.5, 1.0)


def test_a_question_that_was_not_answered_is_judged_by_the_nearest_sentence(tmp_path: Path) -> None:
    unsure = {**GOOD[0], "verdict": "abstained", "citations": [], "related": GOOD[0]["citations"]}
    curve = risk_coverage(made(tmp_path / "run", [unsure]))
    assert (curve.coverage, curve.risk, curve.stands) == ((1.0,), (0.0,), None)


def test_calibration_counts_how_often_the_source_answers(tmp_path: Path) -> None:
    bins = calibration(made(tmp_path / "run", GOOD))
    assert [(b.low, b.mean, b.hits, b.count) for b in bins] == [
        (0.1, 0.1, 0, 1),
        (0.4, 0.4, 0, 1),
        (0.8, 0.8, 1, 1),
        (0.9, 0.9, 1, 1),
    ]


def test_figures_with_intervals(tmp_path: Path) -> None:
    run = made(tmp_path / "run", GOOD)
    by_name = {f.name: f for f in figures(run)}
    right = by_name["right_behaviour"]
    assert (right.value, round(right.low, 3), right.high, right.count) == (1.0, 0.61, 1.0, 6)
    assert by_name["calibration_error"].value == pytest.approx((0.1 + 0.4 + 0.2 + 0.1) / 4)
    assert {"latency_p50_ms", "latency_p95_ms"} & {f.name for f in figures(run, latency=False)} == set()
    assert right_by_category(run)["far"] == (1, 1)


def test_a_wrong_answer_is_shown_in_its_section(tmp_path: Path) -> None:
    run = made(tmp_path / "run", BAD)
    question = run.questions[0]
    found = places(run, question, run.answer(question)["citations"])
    assert [(p["heading"], [(s["text"], s["mark"]) for s in p["sentences"]]) for p in found] == [
        ("Brewing", [("Green tea is brewed at 80 degrees.", "gold"), ("Black tea needs boiling water.", "cited")])
    ]


def test_the_page_holds_every_question_and_asks_for_nothing(tmp_path: Path) -> None:
    page = report([made(tmp_path / "run", BAD)])
    assert page.count('<tr data-category="') == 6
    assert page.count('<article class="card"') == 4
    assert page.count("<figure>") == 5
    assert "How hot is &lt;b&gt;red&lt;/b&gt; tea?" in page
    assert "<b>red</b>" not in page
    wanted = re.findall(r"""(?:src|href|url\(|@import|action|data)\s*=?\s*["'(]?\s*(https?:|//|data:)[^"')]*""", page)
    assert [w for w in wanted if not w.startswith("data")] == []
    assert not re.search(r"<(?:link|img|iframe|script [^>]*src)", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', page))
    assert used <= set(ids)


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a" / "run", BAD), made(tmp_path / "b" / "run", BAD)
    assert report([first]) == report([second])
    slower = made(tmp_path / "c" / "run", [{**row, "latency_ms": 99.0} for row in BAD])
    assert report([first]) != report([slower])
    assert report([first], latency=False) == report([slower], latency=False)


def test_several_runs_are_compared_with_the_first(tmp_path: Path) -> None:
    runs = [made(tmp_path / "one", BAD), made(tmp_path / "two", GOOD)]
    page = report(runs)
    assert page.count('<section class="run"') == 2
    assert page.count('<section class="compare"') == 1
    assert "4 got better, 0 worse" in page


def test_a_run_without_its_source_has_no_sections(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path / "run", BAD))
    assert "In its section" not in report([run])
    assert "citation_exact" not in {f.name for f in figures(run)}


def test_a_comparison_is_a_page_too(tmp_path: Path) -> None:
    from eval.compare import compare

    page = comparison_page(compare(made(tmp_path / "one", BAD), made(tmp_path / "two", GOOD)))
    assert "How hot is &lt;b&gt;red&lt;/b&gt; tea?" in page
    assert "<h3>Worse" in page


def test_a_source_that_has_changed_since_is_not_the_runs(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", GOOD)
    (tmp_path / "corpus" / "tea.md").write_text("# Tea\n\nTea is no drink.\n", encoding="utf-8")
    with pytest.raises(CasesError, match=r"tea\.md has changed since the run"):
        load_run(folder, corpus=tmp_path / "corpus")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "answers.jsonl").unlink(), r"holds no answers\.jsonl"),
        (lambda run: (run / "questions.jsonl").unlink(), "Name the questions of this run with --questions FILE"),
        (lambda run: (run / "answers.jsonl").write_text("{"), "cannot be read"),
        (lambda run: (run / "questions.jsonl").write_text('{"id": "a", "question": "b"}'), "nothing can be graded"),
    ],
)  # fmt: skip
def test_what_is_no_run(tmp_path: Path, spoil: object, message: str) -> None:
    folder = write_run(tmp_path / "run", GOOD)
    assert callable(spoil)
    spoil(folder)
    with pytest.raises(CasesError, match=message):
        load_run(folder)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = write_run(tmp_path / "run", GOOD), tmp_path / "new" / "report.html"
    assert main(["report", str(run), "--corpus", str(tmp_path / "corpus"), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["report", str(tmp_path), "--out", str(out)]) == 2
    assert "holds no answers.jsonl" in capsys.readouterr().err
