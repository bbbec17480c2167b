"""settings, cases -> what each part is worth: the figures with parts switched off, and with questions mistyped.

Every variant is the real chain, wired by the arguments that its constructor takes; one embedder, one
reader and one index serve all of them, and a pair that was read once is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from assistant.engine import Assistant, build
from assistant.evidence import Scorer
from assistant.further import load_by_document
from assistant.names import Names
from assistant.read import EVIDENCE, ByDocument, load_reader
from assistant.render import BROKEN
from assistant.settings import Settings
from assistant.spelling import Speller
from eval.cases import Case
from eval.corrupt import SLIPS, corrupted
from eval.run import ask
from eval.score import score

SHOWN = {
    "right_behaviour": "right",
    "answer_hit@1": "hit@1",
    "lay": "lay",
    "false_answer_near_miss": "near miss",
    "false_answer_far": "far",
    "auroc_answer_vs_near_miss": "AUROC",
}
"""Figures of the table, by their name in eval/score.py (`lay`: right, of that kind), and their heads."""


@dataclass(frozen=True)
class Variant:
    """What is left on. covered, other: the sets of data/evidence.json that were fitted for what is there, for documents
    that are covered by known questions and for others."""

    name: str
    other: str = "plain"
    covered: str = "known"
    reader: bool = True
    spelling: bool = True
    names: bool = True
    known: bool = False


SHIPPED = Variant("+ known questions: as it ships", known=True)
VARIANTS = (
    Variant("matcher", "dense", reader=False, spelling=False, names=False),
    Variant("+ lexical", "dense+lexical", reader=False, spelling=False, names=False),
    Variant("+ reader", spelling=False, names=False),
    Variant("+ spelling", names=False),
    Variant("+ names"),
    SHIPPED,
    Variant("as it ships, without names", known=True, names=False),
    Variant("as it ships, without spelling", known=True, spelling=False),
    Variant("as it ships, without reader", "dense+lexical", "known-without-reader", known=True, reader=False),
)


def remembering(read: Scorer) -> Scorer:
    """The reader, asked once for the same question and sentences."""
    known: dict[tuple[str, tuple[str, ...]], Any] = {}

    def scores(question: str, texts: Sequence[str]) -> Any:
        key = (question, tuple(texts))
        if key not in known:
            known[key] = read(question, texts)
        return known[key]

    return scores


def wired(whole: Assistant, variant: Variant, read: Scorer | None, evidence: Path = EVIDENCE) -> Assistant:
    """The same chain with parts of it off; `whole` has them all. evidence: the file of the weights."""
    index = whole.index
    if not variant.known:
        index = replace(index, known=(), known_vectors=index.known_vectors[:0])
    made = Assistant(
        tuple(whole.documents.values()),
        index,
        whole.embedder,
        whole.profile,
        whole.guardrails,
        ByDocument(load_reader(variant.covered, evidence), load_reader(variant.other, evidence)),
        load_by_document(index.covered, evidence),
        whole.gatherer.match,
        read if variant.reader else None,
        whole.gates,
    )
    if not variant.names:
        made.understand.names = Names((), made.understand.uses)
    if not variant.spelling:
        made.understand.speller = Speller((), ())
    return made


Row = dict[str, float | None]


def figures(assistant: Assistant, cases: Sequence[Case], title: str) -> Row:
    """The figures of SHOWN."""
    rows = [ask(assistant, case) for case in tqdm(cases, unit="question", desc=title, leave=False)]
    if broken := [row["id"] for row in rows if row["reason"] in BROKEN]:
        raise RuntimeError(f"{title}: {len(broken)} answers broke off, {broken[0]!r} first; they measure nothing.")
    found = score([asdict(case) for case in cases], rows)
    return {name: found["right_by_category"].get("lay") if name == "lay" else found[name] for name in SHOWN}


def ablate(settings: Settings, sets: dict[str, Sequence[Case]]) -> Iterator[str]:
    """Lines of a table of parts and one of slips for each set (name -> its judged cases), as they are known."""
    whole = build(settings)
    read = remembering(whole.gatherer.score) if whole.gatherer.score else None
    variants = [v for v in VARIANTS if whole.index.known or not v.known]
    made = {v: wired(whole, v, read, settings.evidence) for v in variants}
    shipped = made[SHIPPED if SHIPPED in made else variants[-1]]
    for name, cases in sets.items():
        yield f"{name}: {len(cases)} questions"
        yield from _table([(v.name, partial(figures, made[v], cases, v.name)) for v in variants])
        yield f"{name}, mistyped"
        asked = {"as written": cases, **{kind: [corrupted(c, kind) for c in cases] for kind in SLIPS}}
        yield from _table([(kind, partial(figures, shipped, rows, kind)) for kind, rows in asked.items()], True)


def _table(rows: Sequence[tuple[str, Callable[[], Row]]], change: bool = False) -> Iterator[str]:
    """change: the right ones of each row beside those of the first, as a difference in percentage points."""
    yield f"{'':32}" + "".join(f"{head:>10}" for head in SHOWN.values()) + (f"{'change':>10}" if change else "")
    first: float | None = None
    for title, make in rows:
        row = make()
        right = row["right_behaviour"]
        first = right if first is None else first
        moved = f"{100 * (right - first):+9.1f}" if change and right is not None and first is not None else ""
        yield f"{title:32}" + "".join(_cell(name, row[name]) for name in SHOWN) + moved.rjust(10 if change else 0)
    yield ""


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return f"{'–':>10}"
    return f"{value:10.3f}" if name.startswith("auroc") else f"{100 * value:8.1f} %"
