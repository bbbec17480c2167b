"""runs -> one page that needs nothing else: no request, no date, the same bytes for the same runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.compare import Comparison, cited, compare
from eval.report_data import Figure, calibration, confusion, figures, question_rows, risk_coverage
from eval.report_plots import plots
from eval.runs import Run

TEMPLATES = Path(__file__).parent / "templates"
HEADLINES = ("right_behaviour", "answer_hit@1", "false_answer_near_miss", "emergency_recall", "emergency_false_alarm",
             "citation_exact")  # fmt: skip


def report(runs: Sequence[Run], latency: bool = True) -> str:
    """HTML of one run or several; the second and later ones are compared with the first.

    latency: whether times are shown; without them two runs of the same questions, source and
    version give the same page.
    """
    shown = [_shown(run, latency) for run in runs]
    comparisons = [compare(runs[0], run) for run in runs[1:]]
    return _page(runs=shown, comparisons=comparisons, latency=latency, title="Evaluation report")


def comparison_page(found: Comparison) -> str:
    """HTML of a comparison alone."""
    return _page(runs=[], comparisons=[found], latency=False, title="Comparison of two runs")


def _shown(run: Run, latency: bool) -> dict[str, Any]:
    rows = question_rows(run)
    table = figures(run, latency)
    verdicts, categories = confusion(run)
    return {
        "run": run,
        "figures": table,
        "headlines": [f for name in HEADLINES for f in table if f.name == name],
        "plots": plots(run, latency),
        "verdicts": verdicts,
        "confusion": categories,
        "rows": rows,
        "wrong": [row for row in rows if not row["right"]],
        "area": risk_coverage(run).area,
        "calibrated": bool(calibration(run)),
    }


def _page(**values: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {"amount": amount, "words": words, "cited": cited, "span": span}
    return environment.get_template("page.html").render(**values)


def amount(value: float | None, unit: str = "%") -> str:
    """A figure as it is read.

    >>> amount(0.8671), amount(37.2, "ms"), amount(0.93, ""), amount(1)
    ('86.7 %', '37 ms', '0.930', '100 %')
    """
    if value is None or math.isnan(value):
        return "–"
    if unit == "ms":
        return f"{value:,.0f} ms"
    if not unit:
        return f"{value:.3f}"
    return f"{100 * value:.1f} %".replace(".0 %", " %")


def span(figure: Figure) -> str:
    """An interval as it is read, its unit named once: "79.4 – 88.5 %"."""
    low, high = amount(figure.low, figure.unit), amount(figure.high, figure.unit)
    return f"{low.removesuffix(' %').removesuffix(' ms')} – {high}"


def words(name: str) -> str:
    """A figure's name in words."""
    return name.replace("_ms", "").replace("_", " ").replace("@", " at ")
