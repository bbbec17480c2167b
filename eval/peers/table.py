"""rows -> the comparison as text, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from eval.peers.run import Row

SOURCE: tuple[str, ...] = (
    "right_passage", "right_sentence", "right_all", "hit@1_passage", "hit@1_sentence", "false_near_miss", "false_far",
    "auroc",
)  # fmt: skip
ARTICLES: tuple[str, ...] = ("right_sentence", "hit@1_passage", "hit@1_sentence", "auroc")
HEADS = {
    "right_passage": "right, passage",
    "right_sentence": "right, sentence",
    "right_all": "right, all kinds",
    "hit@1_passage": "hit@1 passage",
    "hit@1_sentence": "hit@1 sentence",
    "false_near_miss": "near miss answered",
    "false_far": "far answered",
    "auroc": "AUROC",
}
NOTES = (
    "right: the source answers, and what is shown first holds (passage) or is (sentence) one that answers; or it "
    "does not, and nothing is said. Over questions that the source answers or not; all kinds: emergencies, "
    "decisions, attacks and small talk as well, by sentence.",
    "A score is cut where it is right most often: five-fold cross-validated, by question, once for passages and "
    "once for sentences; false answers are those at the cut for passages. Footnote decides for itself.",
    "sentence: of a passage, the sentence nearest to the question by the same embedding model. start: from nothing "
    "to the first answer, the index built on the way; memory: resident, at the end; ms: median of a question.",
    "No language model anywhere; every system embeds with the packaged all-MiniLM-L6-v2 and otherwise keeps what its "
    "documentation sets. Only Footnote is given earlier questions: the others have no place for them without a model.",
)


@dataclass(frozen=True)
class Table:
    """One set of questions over one source, or over several."""

    title: str
    figures: tuple[str, ...]
    rows: tuple[Row, ...]


def _cells(table: Table, row: Row) -> list[str]:
    shown = []
    for name in table.figures:
        value = row.figures[name]
        shown.append("–" if value is None else f"{value:.3f}" if name == "auroc" else f"{100 * value:.1f} %")
    return [row.name, *shown, f"{row.start:.1f} s", f"{row.figures['ms'] or 0:.1f}", f"{row.memory:.0f} MiB"]


def _heads(table: Table) -> list[str]:
    return ["system", *(HEADS[name] for name in table.figures), "start", "ms", "memory"]


def as_text(table: Table) -> str:
    """Columns as wide as they need to be, the heads over two lines."""
    heads = [head.split(" ", 1) if " " in head else ["", head] for head in _heads(table)]
    lines = [[h[0] for h in heads], [h[1] for h in heads], *(_cells(table, row) for row in table.rows)]
    wide = [max(len(line[n]) for line in lines) for n in range(len(heads))]
    shown = [
        "  ".join(c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(line, wide, strict=True)))
        for line in lines
    ]
    return "\n".join([table.title, *(line.rstrip() for line in shown)])


def as_markdown(tables: Sequence[Table], machine: str) -> str:
    """A page with every table, what the columns mean, and what was run."""
    parts = ["# The same questions, other systems", "", *(f"- {note}" for note in NOTES), "", f"Machine: {machine}."]
    for table in tables:
        heads = _heads(table)
        parts += ["", f"## {table.title}", "", _line(heads), _line(["---", *(["---:"] * (len(heads) - 1))])]
        parts += [_line(_cells(table, row)) for row in table.rows]
    parts += ["", "## What was run", "", _line(["system", "setting", "packages"]), _line(["---"] * 3)]
    for row in {row.name: row for table in tables for row in table.rows}.values():
        parts.append(_line([row.name, row.setting, ", ".join(f"{p} {v}" for p, v in row.versions.items())]))
    return "\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_json(tables: Sequence[Table], machine: str) -> str:
    """Every figure, unrounded."""
    made = [{"title": t.title, "rows": [asdict(row) for row in t.rows]} for t in tables]
    return json.dumps({"machine": machine, "notes": NOTES, "tables": made}, indent=1, allow_nan=False) + "\n"
