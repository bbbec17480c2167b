"""cases, assistant -> answers.jsonl, resumable.

An answer is appended and flushed as soon as it is there; a run that died goes on where it
stopped, as long as its questions, source and settings are the same (run.json says which).
How many processes answer (eval/workers.py) makes no difference to the file but for latencies.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from assistant.engine import Assistant
from assistant.errors import FootnoteError
from assistant.records import Reply
from assistant.render import BROKEN
from eval.cases import Case
from eval.rephrased import counted

ANSWERS = "answers.jsonl"
BAD_QUESTION = "bad_question"
Row = dict[str, Any]
Answering = Callable[[Sequence[Case]], Iterable[tuple[Case, Row]]]
"""cases -> each with its answer row, in any order."""


@dataclass(frozen=True)
class Finished:
    """path: of answers.jsonl; asked: ids answered just now; seconds: that this took, wall time."""

    path: Path
    asked: frozenset[str]
    seconds: float


def answer_row(case: Case, reply: Reply) -> Row:
    """One line of answers.jsonl."""
    row = reply.as_dict()
    statements = {"statements": row["statements"]} if reply.statements else {}
    return {
        "id": case.id,
        "question": case.question,
        "verdict": reply.verdict,
        "reason": reply.reason,
        "answer": reply.text,
        "standalone_question": reply.standalone_question,
        **statements,
        "citations": row["citations"],
        "related": row["related"],
        "confidence": reply.confidence,
        "disclaimer": reply.disclaimer,
        "notes": list(reply.notes),
        "latency_ms": reply.latency_ms,
    }


def run(answering: Answering, cases: Sequence[Case], out: Path, identity: dict[str, Any]) -> Finished:
    """Answers every case that `out` has no answer for yet.

    The finished file is in the order of the cases. Raises FootnoteError when `out` holds a run
    of other questions, another source or other settings, or cannot be written.
    """
    path = out / ANSWERS
    try:
        out.mkdir(parents=True, exist_ok=True)
        _same_run(out / "run.json", identity, path)
        done = _done(path)
        left = [case for case in cases if case.id not in done]
        if done and left:
            print(f"resuming: {len(cases) - len(left)} of {len(cases)} are answered", file=sys.stderr)
        began = time.perf_counter()
        with path.open("a", encoding="utf-8") as file:
            answers = answering(left) if left else ()
            for case, row in tqdm(answers, total=len(left), unit="question", disable=not left, file=sys.stderr):
                if row["reason"] == BAD_QUESTION:
                    tqdm.write(f"line {case.line}: {row['answer']}", file=sys.stderr)
                done[case.id] = row
                file.write(_line(row))
                file.flush()
        seconds = time.perf_counter() - began
        _write(path, "".join(_line(done[c.id]) for c in cases))
    except OSError as error:
        raise FootnoteError(f"{out} cannot be used ({error.strerror or error}). Name another --out.") from error
    return Finished(path, frozenset(case.id for case in left), seconds)


def one_by_one(assistant: Assistant) -> Answering:
    """Answers in this process."""

    def answering(cases: Sequence[Case]) -> Iterator[tuple[Case, Row]]:
        for case in cases:
            yield case, ask(assistant, case)

    return answering


def ask(assistant: Assistant, case: Case) -> Row:
    """The row of one case; what is not a question has the reason BAD_QUESTION, and is graded as no answer."""
    spent = counted(assistant)
    try:
        reply = assistant.ask(case.question, case.history)
    except FootnoteError as error:
        reply = Reply(case.question, "abstained", BAD_QUESTION, str(error))
    counts = spent()
    return {**answer_row(case, reply), **({"llm": counts} if counts else {})}


def _line(row: Row) -> str:
    """JSON on one line for every reader: separators that some take for line ends are escaped, and
    so are lone surrogates, which UTF-8 cannot hold."""
    line = json.dumps(row, ensure_ascii=False).encode(errors="backslashreplace").decode()
    for separator in "\x85\u2028\u2029":
        line = line.replace(separator, f"\\u{ord(separator):04x}")
    return line + "\n"


def _write(path: Path, text: str) -> None:
    """Writes a file so that it is there whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _same_run(path: Path, identity: dict[str, Any], answers: Path) -> None:
    if answers.exists():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            changed = sorted(k for k in {*before, *identity} if before.get(k) != identity.get(k))
        except (OSError, ValueError, AttributeError):
            changed = ["its run.json is missing or unreadable"]
        if changed:
            raise FootnoteError(
                f"{path.parent} holds the answers of another run (differs: {', '.join(changed)}). "
                "Name another --out, or remove that folder."
            )
        return
    _write(path, json.dumps(identity, indent=1, sort_keys=True) + "\n")


def _done(path: Path) -> dict[str, Row]:
    """Whole lines only: the last one of a run that was killed may be half there. What broke is asked again."""
    if not path.exists():
        return {}
    rows = {}
    for raw in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(raw)
        except ValueError:
            continue
        if isinstance(row, dict) and {"id", "verdict", "reason"} <= set(row) and row["reason"] not in BROKEN:
            rows[str(row["id"])] = row
    _write(path, "".join(map(_line, rows.values())))
    return rows
