"""a run -> its plots, as SVG that takes the page's font and colours; the same run gives the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.intervals import wilson
from eval.report_data import calibration, right_by_category, risk_coverage
from eval.runs import Run
from eval.score import quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, SOFT, GOOD, BAD = "#010203", "#818283", "#0a7d5c", "#c2410b"
"""Stand-ins that the page's own colours replace."""
_COLOURS = {INK: "currentColor", SOFT: "var(--soft)", GOOD: "var(--good)", BAD: "var(--bad)"}
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "footnote",
    "svg.id": None,
    "path.simplify": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def plots(run: Run, latency: bool = True) -> list[dict[str, str]]:
    """title, what it means, svg; in the order of the page."""
    wanted: list[tuple[Callable[[Axes, Run], None], str, str, str]] = [
        (_categories, "right", "Right behaviour by category", "Dot: share right. Line: 95 % interval (Wilson)."),
        (_risk, "risk", "Risk and coverage", "Were only the surest questions answered: how many, and how many of "
         "those wrongly? The ring is where the run stands. Lower is better."),
        (_reliability, "calibration", "Reliability of the confidence", "Of the questions given this probability, how "
         "many does the source answer? On the diagonal the number means what it says. Bars: how many questions."),
        (_confidence, "confidence", "Confidence, told apart", "Questions that the source answers, and those that it "
         "does not, by stated confidence. Where they overlap, no threshold can part them."),
    ]  # fmt: skip
    if latency and run.values("latency_ms"):
        wanted.append((_latency, "latency", "Latency", "Share of the answers that were there after so long."))
    tall = 1.2 + 0.24 * len(right_by_category(run))
    return [
        {
            "title": title,
            "means": means,
            "svg": _draw(draw, run, f"{run.name}-{name}", tall if name == "right" else 2.9),
        }
        for draw, name, title, means in wanted
    ]


def _draw(draw: Callable[[Axes, Run], None], run: Run, name: str, height: float) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, height), layout="constrained")
        draw(figure.add_subplot(), run)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return inline(buffer.getvalue(), re.sub(r"\W+", "-", name))


def inline(svg: str, prefix: str) -> str:
    """A file's SVG -> an element for a page: no declaration or metadata, ids of its own, the page's colours.

    >>> inline('<?xml version="1.0"?><svg width="9pt" height="4pt"><path id="a" fill="#010203"/></svg>', "p")
    '<svg><path id="p-a" fill="currentColor"/></svg>'
    """
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'^<svg([^>]*?) width="[^"]*"', r"<svg\1", svg)
    svg = re.sub(r'^<svg([^>]*?) height="[^"]*"', r"<svg\1", svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r"(font|font-family): ([\d.]+px )?'DejaVu Sans'[^;\"]*", r"\1: \2inherit", svg)
    svg = re.sub(r"font: ([\d.]+px) inherit", r"font-size: \1", svg)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg


def _percent(axes: Axes, x: bool = False) -> None:
    axis = axes.xaxis if x else axes.yaxis
    axis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _categories(axes: Axes, run: Run) -> None:
    rows = list(right_by_category(run).items())[::-1]
    for at, (_, (right, count)) in enumerate(rows):
        low, high = wilson(right, count)
        share = right / count
        colour = GOOD if share >= 0.9 else INK if share >= 0.7 else BAD
        axes.plot([low, high], [at, at], color=colour, alpha=0.45)
        axes.plot(share, at, "o", color=colour, markersize=6, clip_on=False)
        axes.text(1.03, at, f"{right}/{count}", va="center", fontsize=8.5, color=INK)
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name, _ in rows])
    axes.set_xlim(0, 1.0)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="x", color=SOFT, alpha=0.25)
    axes.tick_params(axis="y", length=0, pad=9)
    _percent(axes, x=True)


def _risk(axes: Axes, run: Run) -> None:
    curve = risk_coverage(run)
    if not curve.coverage:
        _nothing(axes)
        return
    axes.plot(curve.coverage, curve.risk, color=GOOD, drawstyle="steps-post")
    if curve.stands:
        coverage, risk = curve.stands
        axes.plot(coverage, risk, "o", mfc="none", mec=BAD, mew=2, markersize=11)
        right = coverage > 0.6
        axes.annotate(
            f"{coverage:.0%} answered,\n{risk:.1%} of them wrong",
            (coverage, risk),
            xytext=(-9 if right else 9, 12),
            textcoords="offset points",
            ha="right" if right else "left",
        )
    axes.set(xlabel="share of the questions answered", ylabel="share of the answers that is wrong")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(0.1, 1.1 * max(curve.risk)))
    axes.grid(color=SOFT, alpha=0.25)
    _percent(axes)
    _percent(axes, x=True)


def _reliability(axes: Axes, run: Run) -> None:
    bins = calibration(run)
    if not bins:
        _nothing(axes)
        return
    most = max(b.count for b in bins)
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
    for b in bins:
        low, high = wilson(b.hits, b.count)
        axes.bar((b.low + b.high) / 2, 0.22 * b.count / most, b.high - b.low, color=SOFT, alpha=0.35)
        axes.plot([b.mean, b.mean], [low, high], color=GOOD, alpha=0.45)
    axes.plot([b.mean for b in bins], [b.hits / b.count for b in bins], "o-", color=GOOD, markersize=5)
    axes.set(xlabel="stated confidence", ylabel="the source does answer", xlim=(0, 1), ylim=(0, 1.02))
    _percent(axes)
    _percent(axes, x=True)


def _confidence(axes: Axes, run: Run) -> None:
    edges = np.linspace(0, 1, 21)
    for metric, label, colour in (
        ("confidence_answerable", "the source answers", GOOD),
        ("confidence_unanswerable", "it does not", BAD),
    ):
        axes.hist(run.values(metric), bins=edges, color=colour, alpha=0.55, label=label)  # type: ignore[arg-type]
    axes.set(xlabel="stated confidence", ylabel="questions", xlim=(0, 1))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    _percent(axes, x=True)


def _latency(axes: Axes, run: Run) -> None:
    values = sorted(run.values("latency_ms"))
    axes.plot(values, [(n + 1) / len(values) for n in range(len(values))], color=GOOD, drawstyle="steps-post")
    for part in (0.5, 0.95):
        at = quantile(values, part) or 0.0
        axes.plot([at, at], [0, part], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(at, part, "o", color=GOOD, markersize=5)
        axes.annotate(f"{part:.0%}: {at:,.0f} ms", (at, part), xytext=(7, -11), textcoords="offset points")
    axes.set(xlabel="milliseconds", ylim=(0, 1.02))
    axes.set_xlim(0, max(values) * 1.05 or 1)
    axes.grid(color=SOFT, alpha=0.25)
    _percent(axes)


def _nothing(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no question of this kind", ha="center", va="center")
