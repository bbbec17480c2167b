"""a run's folder -> its questions, its answers and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.records import Document
from assistant.source import read_source
from eval.cases import Case, CasesError, read_cases
from eval.metrics import MISSING, Measured, Row, grade, measure, metrics_for
from eval.run import ANSWERS
from eval.score import score
from eval.summary import read_answers

QUESTIONS = "questions.jsonl"
"""The judged questions of a run, kept beside its answers."""


class OtherSource(CasesError):
    """The source at hand is not the one that the run answered from."""


@dataclass(frozen=True)
class Run:
    """questions: those with a judgement, in file order; answers: by question id."""

    name: str
    folder: Path
    questions: tuple[Row, ...]
    answers: Mapping[str, Row]
    identity: Mapping[str, Any]
    corpus: Path | None = None
    documents: Mapping[str, Document] = field(default_factory=dict)

    def answer(self, question: Row) -> Row:
        """The answer row of a question, or MISSING."""
        return self.answers.get(question["id"], MISSING)

    def right(self, question: Row) -> bool:
        """Whether its answer is right, all in all."""
        return grade(question, self.answer(question))

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The acceptance figures of eval/score.py."""
        return score(self.questions, list(self.answers.values()), self.corpus)

    @cached_property
    def measured(self) -> tuple[Measured, ...]:
        """Every metric of every question."""
        return tuple(measure(self.questions, list(self.answers.values()), metrics_for(self.corpus)))

    def values(self, metric: str) -> list[float]:
        """One metric's values, in question order."""
        return [m.value for m in self.measured if m.metric == metric]


def keep_questions(cases: Sequence[Case], folder: Path) -> None:
    """Writes the cases beside their answers, so that the folder is all that a report needs."""
    rows = [{k: v for k, v in asdict(case).items() if k != "line"} for case in cases]
    text = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
    (folder / QUESTIONS).write_text(text, encoding="utf-8")


def load_run(folder: Path, questions: Path | None = None, corpus: Path | None = None) -> Run:
    """Raises CasesError: no run there, no judged question; OtherSource: the source has changed since."""
    path = folder / ANSWERS
    if not path.is_file():
        raise CasesError(f"{folder}: holds no {ANSWERS}. Make a run with `python -m eval run --out {folder}`.")
    try:
        answers = read_answers(path)
        rows = {str(row["id"]): {**MISSING, **row} for row in answers if row["verdict"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CasesError(f"{path}: cannot be read ({error!r}). Make the run anew.") from error
    asked = questions or folder / QUESTIONS
    if not asked.is_file():
        raise CasesError(f"{asked}: no such file. Name the questions of this run with --questions FILE.")
    cases, faults = read_cases(asked)
    if faults:
        raise CasesError("\n".join(faults))
    judged = tuple(asdict(case) for case in cases if case.expect)
    if not judged:
        raise CasesError(f"{asked}: no question says what is expected of it (`expect`), so nothing can be graded.")
    identity = _identity(folder / "run.json")
    documents = _documents(corpus, identity) if corpus else {}
    return Run(folder.resolve().name, folder, judged, rows, identity, corpus, documents)


def _identity(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _documents(corpus: Path, identity: Mapping[str, Any]) -> dict[str, Document]:
    """The source, as long as it is what the run answered from; else OtherSource."""
    found = {d.id: d for d in read_source(corpus)}
    for name, expected in dict(identity.get("documents", {})).items():
        if name not in found:
            raise OtherSource(
                f"{corpus} has no {name}, which the run answered from. Name its source with --corpus DIR."
            )
        if found[name].sha256 != expected:
            raise OtherSource(
                f"{corpus / name} has changed since the run. Make the run anew, or name its source with --corpus DIR."
            )
    return found
