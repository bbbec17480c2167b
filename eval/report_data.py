"""a run -> what its page shows: figures with intervals, confusion, curves, and a row a question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.intervals import bootstrap, bootstrap_auroc, wilson
from eval.metrics import METRICS, Row, any_same, citation_exact, same
from eval.runs import Run
from eval.score import MEANS, quantile

VERDICTS = ("answered", "abstained", "declined", "emergency", "smalltalk", "missing")
READ = ("answered", "abstained")
"""Verdicts of questions that reached the reader; only there does the confidence say anything."""
BINS = 10


@dataclass(frozen=True)
class Figure:
    """One line of the table of figures; low, high: its 95 % interval, NaN where it has none."""

    name: str
    means: str
    value: float | None
    low: float
    high: float
    count: int
    better: str
    unit: str = "%"


@dataclass(frozen=True)
class Curve:
    """Risk at each coverage, from the surest question on; where the run itself stands."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    stands: tuple[float, float] | None

    @property
    def area(self) -> float:
        """Mean risk over all coverages (AURC, Geifman and El-Yaniv 2017)."""
        return sum(self.risk) / len(self.risk) if self.risk else math.nan


@dataclass(frozen=True)
class Bin:
    """Questions of like confidence, and how many of them the source answers."""

    low: float
    high: float
    mean: float
    hits: int
    count: int


def figures(run: Run, latency: bool = True) -> list[Figure]:
    """The acceptance figures of eval/score.py with their intervals; those without a row are left out."""
    known = {m.name: m for m in METRICS}
    if run.corpus:
        known["citation_exact"] = citation_exact(run.corpus)
    made = []
    for name in MEANS:
        values = run.values(name)
        if values:
            metric = known[name]
            low, high = wilson(sum(values), len(values)) if metric.ci == "share" else bootstrap(values)
            made.append(Figure(name, metric.means, run.figures[name], low, high, len(values), metric.better))
    sure = run.values("confidence_answerable")
    for name, other in (
        ("auroc_answer_vs_abstain", "confidence_unanswerable"),
        ("auroc_answer_vs_near_miss", "confidence_near_miss"),
    ):
        unsure = run.values(other)
        if sure and unsure:
            low, high = bootstrap_auroc(sure, unsure)
            means = "Chance that an answerable question is given more confidence than one that is not."
            count = len(sure) + len(unsure)
            made.append(Figure(name, means, run.figures[name], low, high, count, "higher", ""))
    bins = calibration(run)
    if bins:
        total = sum(b.count for b in bins)
        gap = sum(b.count / total * abs(b.hits / b.count - b.mean) for b in bins)
        means = "Mean gap between stated confidence and how often the source does answer (ECE, ten bins)."
        made.append(Figure("calibration_error", means, gap, math.nan, math.nan, total, "lower"))
    if latency and (spent := run.values("latency_ms")):
        for name, part in (("latency_p50_ms", 0.5), ("latency_p95_ms", 0.95)):
            low, high = bootstrap(spent, lambda drawn, p=part: quantile(list(drawn), p) or 0.0)  # type: ignore[misc]
            means = f"{part:.0%} of the answers took at most so long."
            made.append(Figure(name, means, run.figures[name], low, high, len(spent), "lower", "ms"))
    return made


def right_by_category(run: Run) -> dict[str, tuple[int, int]]:
    """category -> (right, all), in the order in which the set names them."""
    counts: dict[str, tuple[int, int]] = {}
    for question in run.questions:
        right, count = counts.get(question["category"], (0, 0))
        counts[question["category"]] = (right + run.right(question), count + 1)
    return counts


def confusion(run: Run) -> tuple[list[str], list[dict[str, Any]]]:
    """The verdicts that occur, and for each category what it got: count, how many of them right, share."""
    cells: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for question in run.questions:
        at = (question["category"], run.answer(question)["verdict"])
        cells[at] += 1
        right[at] += run.right(question)
    verdicts = [v for v in VERDICTS if any(got == v for _, got in cells)]
    table = []
    for category, (good, count) in right_by_category(run).items():
        row = [
            {"verdict": v, "count": (n := cells[category, v]), "right": right[category, v], "share": n / count}
            for v in verdicts
        ]
        table.append({"category": category, "cells": row, "right": good, "count": count})
    return verdicts, table


def risk_coverage(run: Run) -> Curve:
    """Questions that the source answers or not, surest first. One counts as wrong where the sentence that
    the run cites (or, where it abstained, would have cited: the nearest related one) is not right."""
    rows = []
    for question in run.questions:
        answer = run.answer(question)
        if question["expect"] in ("answer", "abstain") and answer["verdict"] in READ:
            quotes = [*(answer.get("citations") or ()), *(answer.get("related") or ())]
            ok = [*question["gold"], *question["also_ok"]]
            right = question["expect"] == "answer" and bool(quotes) and any_same(quotes[0]["quote"], ok)
            rows.append((-(answer.get("confidence") or 0.0), answer["verdict"] == "answered", not right))
    rows.sort(key=lambda row: row[0])
    coverage, risk, wrong = [], [], 0
    for n, (_, _, is_wrong) in enumerate(rows, start=1):
        wrong += is_wrong
        coverage.append(n / len(rows))
        risk.append(wrong / n)
    answered = [is_wrong for _, said, is_wrong in rows if said]
    stands = (len(answered) / len(rows), sum(answered) / len(answered)) if answered else None
    return Curve(tuple(coverage), tuple(risk), stands)


def calibration(run: Run) -> list[Bin]:
    """Ten bins of stated confidence, the empty ones left out."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for question in run.questions:
        answer = run.answer(question)
        if question["expect"] in ("answer", "abstain") and answer["verdict"] in READ:
            confidence = min(1.0, max(0.0, answer.get("confidence") or 0.0))
            held.setdefault(min(BINS - 1, int(confidence * BINS)), []).append(
                (confidence, question["expect"] == "answer")
            )
    return [
        Bin(n / BINS, (n + 1) / BINS, sum(c for c, _ in rows) / len(rows), sum(hit for _, hit in rows), len(rows))
        for n, rows in sorted(held.items())
    ]


def question_rows(run: Run) -> list[dict[str, Any]]:
    """One row a question: what was asked, expected, given and cited, and whether that is right."""
    rows = []
    for question in run.questions:
        answer = run.answer(question)
        right = run.right(question)
        cites = list(answer.get("citations") or ())
        ok = [*question["gold"], *question["also_ok"]]
        rows.append(
            {
                "question": question,
                "answer": answer,
                "right": right,
                "cites": [{**c, "ok": any_same(c["quote"], ok)} for c in cites],
                "missed": [g for g in question["gold"] if not any(same(c["quote"], g) for c in cites)],
                "places": [] if right else places(run, question, cites),
            }
        )
    return rows


def places(run: Run, question: Row, cites: Sequence[Row]) -> list[dict[str, Any]]:
    """The sections that hold a gold sentence or a wrongly cited one: their sentences, each marked "gold",
    "cited" or "". Empty without the source at hand."""
    found = []
    for document in run.documents.values():
        starts = {(c["start"], c["end"]) for c in cites if c["document"] == document.id}
        for section in document.sections:
            inside = [s for s in document.sentences if section.start <= s.start < section.end]
            marks = [
                "gold" if any(same(s.text, g) for g in question["gold"])
                else "cited" if (s.start, s.end) in starts
                else ""
                for s in inside
            ]  # fmt: skip
            if any(marks):
                sentences = [{"text": s.text, "mark": m} for s, m in zip(inside, marks, strict=True)]
                found.append({"document": document.id, "heading": section.heading, "sentences": sentences})
    return found
