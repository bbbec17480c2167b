"""a run, thresholds -> checks: passed or not, for an exit status and for JUnit readers.

A figure that the run has no row for fails its check: what was not measured has not been shown.
"""

from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.cases import CasesError
from eval.metrics import METRICS
from eval.runs import Run
from eval.score import MEANS

THRESHOLDS = Path(__file__).parent / "thresholds.toml"
CATEGORY = "right_by_category."
_KNOWN = {*MEANS, "questions", "missing", "auroc_answer_vs_abstain", "auroc_answer_vs_near_miss",
          "latency_p50_ms", "latency_p95_ms"}  # fmt: skip


@dataclass(frozen=True)
class Threshold:
    """least <= figure <= most; either may be None."""

    figure: str
    least: float | None
    most: float | None
    why: str = ""

    def __str__(self) -> str:
        bounds = [f"at least {self.least:g}"] if self.least is not None else []
        return " and ".join([*bounds, f"at most {self.most:g}"] if self.most is not None else bounds)


@dataclass(frozen=True)
class Check:
    """One threshold, held against a run; wrong: the questions that went wrong, where they can be named."""

    threshold: Threshold
    value: float | None
    passed: bool
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        value = "no row" if self.value is None else f"{self.value:.4g}"
        return f"{'pass' if self.passed else 'FAIL'}  {self.threshold.figure:28} {value:>8}  {self.threshold}"


def read_thresholds(path: Path) -> tuple[Threshold, ...]:
    """Raises CasesError that lists every fault of the file."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CasesError(f"{path}: the thresholds cannot be read ({error}).") from error
    faults = [f"{path.name}: {key!r} is missing" for key in ("version", "reviewed_by", "figures") if key not in table]
    found = []
    rows = table.get("figures", {})
    if not isinstance(rows, dict) or ("figures" in table and not rows):
        faults.append(f"{path.name}: [figures] sets no threshold")
        rows = {}
    for name, row in rows.items():
        faults += [f"{path.name}: {fault}" for fault in _faults(name, row)]
        if not faults:
            found.append(Threshold(name, row.get("least"), row.get("most"), str(row.get("why", ""))))
    if faults:
        raise CasesError("\n".join(faults))
    return tuple(found)


def _faults(name: str, row: Any) -> list[str]:
    if not isinstance(row, dict):
        return [f"{name!r} is not a table like {{ least = 0.9 }}"]
    faults = [f"{name!r} has the unknown key {key!r}" for key in row if key not in ("least", "most", "why")]
    if name not in _KNOWN and not name.startswith(CATEGORY):
        faults.append(f"{name!r} is not a figure; write one of {', '.join(sorted(_KNOWN))}, {CATEGORY}KIND")
    if not {"least", "most"} & set(row):
        faults.append(f"{name!r} sets neither `least` nor `most`")
    for key in ("least", "most"):
        if key in row and (isinstance(row[key], bool) or not isinstance(row[key], int | float)):
            faults.append(f"{name!r}: `{key}` is not a number: {row[key]!r}")
    return faults


def check(run: Run, thresholds: tuple[Threshold, ...]) -> tuple[Check, ...]:
    """Every threshold, in file order; first of all, that every question has an answer."""
    asked = any(t.figure == "missing" for t in thresholds)
    every = thresholds if asked else (Threshold("missing", None, 0, "every question has an answer"), *thresholds)
    return tuple(_check(run, threshold) for threshold in every)


def _check(run: Run, threshold: Threshold) -> Check:
    name = threshold.figure
    if name.startswith(CATEGORY):
        value = run.figures["right_by_category"].get(name.removeprefix(CATEGORY))
    else:
        value = run.figures[name]
    passed = (
        value is not None
        and (threshold.least is None or value >= threshold.least)
        and (threshold.most is None or value <= threshold.most)
    )
    return Check(threshold, value, passed, () if passed else _wrong(run, name))


def _wrong(run: Run, name: str) -> tuple[str, ...]:
    """Ids of the questions that pull the figure down."""
    if name == "missing":
        return tuple(q["id"] for q in run.questions if q["id"] not in run.answers)
    if name.startswith(CATEGORY):
        kind = name.removeprefix(CATEGORY)
        return tuple(q["id"] for q in run.questions if q["category"] == kind and not run.right(q))
    better: Mapping[str, str] = {m.name: m.better for m in METRICS} | {"citation_exact": "higher"}
    lower = better.get(name) == "lower"
    off = [m.case for m in run.measured if m.metric == name and (m.value > 0 if lower else m.value < 1)]
    return tuple(dict.fromkeys(off))


def as_text(checks: tuple[Check, ...]) -> str:
    """A line a check, the failed ones with the questions behind them, and the sum."""
    lines = []
    for found in checks:
        lines.append(str(found))
        if found.wrong:
            lines.append(f"      {' '.join(found.wrong)}")
    failed = sum(not c.passed for c in checks)
    return "\n".join(
        [*lines, f"{failed} of {len(checks)} checks failed" if failed else f"all {len(checks)} checks pass"]
    )


def junit(checks: tuple[Check, ...]) -> str:
    """JUnit XML: a test case a check; without times, so that the same run gives the same bytes."""
    failed = str(sum(not c.passed for c in checks))
    counts = {"tests": str(len(checks)), "failures": failed, "errors": "0"}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "footnote.gate", **counts})
    for found in checks:
        case = ET.SubElement(suite, "testcase", {"classname": "footnote.gate", "name": found.threshold.figure})
        if not found.passed:
            failure = ET.SubElement(case, "failure", {"message": " ".join(str(found).split())})
            failure.text = "\n".join(filter(None, [found.threshold.why, " ".join(found.wrong)]))
        else:
            ET.SubElement(case, "system-out").text = " ".join(str(found).split())
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
