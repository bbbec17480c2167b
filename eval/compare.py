"""two runs of the same questions -> what got better and worse, question by question, and whether it could be chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eval.cases import CasesError
from eval.intervals import bootstrap, mcnemar
from eval.metrics import METRICS, Metric, Row, citation_exact
from eval.runs import Run
from eval.score import MEANS


@dataclass(frozen=True)
class Change:
    """One figure in both runs, over the questions that it applies to in both. difference: after - before,
    low..high its 95 % paired bootstrap interval; better, worse: questions that changed; p: McNemar's
    exact test, None for what is not yes or no."""

    name: str
    means: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    better: int
    worse: int
    p: float | None
    count: int


@dataclass(frozen=True)
class Pair:
    """One question that is right in one run and wrong in the other."""

    question: Row
    before: Row
    after: Row


@dataclass(frozen=True)
class Comparison:
    """left_out: questions that only one of the runs has, or that read otherwise there."""

    before: Run
    after: Run
    count: int
    left_out: int
    changes: tuple[Change, ...]
    better: tuple[Pair, ...]
    worse: tuple[Pair, ...]
    moved: tuple[Pair, ...]


def compare(before: Run, after: Run) -> Comparison:
    """Raises CasesError where the runs have no question in common."""
    theirs = {q["id"]: q for q in after.questions}
    shared = [q for q in before.questions if theirs.get(q["id"]) == q]
    if not shared:
        raise CasesError(f"{before.folder} and {after.folder} have no question in common, so they cannot be compared.")
    better: list[Pair] = []
    worse: list[Pair] = []
    moved: list[Pair] = []
    for question in shared:
        pair = Pair(question, before.answer(question), after.answer(question))
        was, now = before.right(question), after.right(question)
        if was != now:
            (better if now else worse).append(pair)
        elif _shown(pair.before) != _shown(pair.after):
            moved.append(pair)
    return Comparison(
        before,
        after,
        len(shared),
        len({*(q["id"] for q in before.questions), *theirs}) - len(shared),
        tuple(_changes(before, after, shared)),
        tuple(better),
        tuple(worse),
        tuple(moved),
    )


def _shown(answer: Row) -> tuple[str, str]:
    """What a reader sees first."""
    return answer["verdict"], cited(answer)


def cited(answer: Row) -> str:
    """The first quote of an answer, or ""."""
    return next((str(c["quote"]) for c in answer.get("citations") or ()), "")


def _changes(before: Run, after: Run, shared: list[Row]) -> Iterator[Change]:
    known = {m.name: m for m in METRICS}
    exact = before.corpus and after.corpus
    for name in MEANS:
        if name in known:
            pairs = _pairs(known[name], known[name], before, after, shared)
        elif exact and before.corpus and after.corpus:
            pairs = _pairs(citation_exact(before.corpus), citation_exact(after.corpus), before, after, shared)
            known[name] = citation_exact(after.corpus)
        else:
            continue
        if not pairs:
            continue
        metric = known[name]
        gains = [(b - a) * (1 if metric.better == "higher" else -1) for a, b in pairs]
        differences = [b - a for a, b in pairs]
        low, high = bootstrap(differences)
        up, down = sum(g > 0 for g in gains), sum(g < 0 for g in gains)
        count = len(pairs)
        yield Change(
            name,
            metric.means,
            sum(a for a, _ in pairs) / count,
            sum(b for _, b in pairs) / count,
            sum(differences) / count,
            low,
            high,
            up,
            down,
            mcnemar(up, down) if metric.ci == "share" else None,
            count,
        )


def _pairs(first: Metric, second: Metric, before: Run, after: Run, shared: list[Row]) -> list[tuple[float, float]]:
    """The mean value of each question that the metric applies to in both runs."""
    pairs = []
    for question in shared:
        was, now = first.of(question, before.answer(question)), second.of(question, after.answer(question))
        if was and now:
            pairs.append((sum(was) / len(was), sum(now) / len(now)))
    return pairs


def as_text(found: Comparison) -> str:
    """Figures, then every question that changed."""
    lines = [f"{found.before.name} -> {found.after.name}: {found.count} questions in both"]
    if found.left_out:
        lines.append(
            f"{found.left_out} questions left out: only one of the runs has them, or they read otherwise there"
        )
    head = f"{'':24} {'before':>7} {'after':>7} {'change':>8} {'95 % interval':>18} {'better':>7} {'worse':>6} {'p':>7}"
    lines += ["", head]
    for c in found.changes:
        p = "" if c.p is None else f"{c.p:.4f}"
        interval = f"{c.low:+.3f} .. {c.high:+.3f}"
        lines.append(
            f"{c.name:24} {c.before:7.3f} {c.after:7.3f} {c.difference:+8.3f} {interval:>18} "
            f"{c.better:7} {c.worse:6} {p:>7}"
        )
    lines.append("p: McNemar's exact test on the questions that changed; interval: paired bootstrap")
    for title, pairs in (
        ("better", found.better),
        ("worse", found.worse),
        ("otherwise, as right as before", found.moved),
    ):
        lines += ["", f"{title}: {len(pairs)}"]
        for pair in pairs:
            lines.append(f"  {pair.question['id']} {pair.question['category']}: {pair.question['question']}")
            lines += [f"    {_said(answer)}" for answer in (pair.before, pair.after)]
    return "\n".join(lines)


def _said(answer: Row) -> str:
    quote = cited(answer)
    return f"{answer['verdict']}" + (f": “{' '.join(quote.split())}”" if quote else f" ({answer.get('reason', '')})")
