"""cases, assistant -> answers.jsonl, resumable.

An answer is appended and flushed as soon as it is there; a run that died goes on where it
stopped, as long as its questions, source and settings are the same (run.json says which).
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from assistant.engine import Assistant
from assistant.errors import FootnoteError
from assistant.records import Reply
from eval.cases import Case

ANSWERS = "answers.jsonl"


def answer_row(case: Case, reply: Reply) -> dict[str, Any]:
    """One line of answers.jsonl."""
    row = reply.as_dict()
    return {
        "id": case.id,
        "question": case.question,
        "verdict": reply.verdict,
        "reason": reply.reason,
        "answer": reply.text,
        "standalone_question": reply.standalone_question,
        "citations": row["citations"],
        "related": row["related"],
        "confidence": reply.confidence,
        "disclaimer": reply.disclaimer,
        "notes": list(reply.notes),
        "latency_ms": reply.latency_ms,
    }


def run(assistant: Assistant, cases: Sequence[Case], out: Path, identity: dict[str, Any]) -> Path:
    """Answers every case that `out` has no answer for yet; returns the path of answers.jsonl.

    The finished file is in the order of the cases. Raises FootnoteError when `out` holds a run
    of other questions, another source or other settings.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / ANSWERS
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    _same_run(out / "run.json", {**identity, "key": key}, path)
    done = _done(path)
    wanted = {case.id for case in cases}
    left = [case for case in cases if case.id not in done]
    if done and left:
        print(f"resuming: {len(cases) - len(left)} of {len(cases)} are answered", file=sys.stderr)
    with path.open("a", encoding="utf-8") as file:
        for case in tqdm(left, unit="question", disable=not left, file=sys.stderr):
            try:
                row = answer_row(case, assistant.ask(case.question, case.history))
            except FootnoteError as error:  # not a question: reported, and graded as no answer
                tqdm.write(f"line {case.line}: {error}", file=sys.stderr)
                row = answer_row(case, Reply(case.question, "abstained", "bad_question", str(error)))
            done[case.id] = row
            file.write(_line(row))
            file.flush()
    part = path.with_suffix(".part")
    part.write_text("".join(_line(done[c.id]) for c in cases if c.id in wanted), encoding="utf-8")
    part.replace(path)
    return path


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _same_run(path: Path, identity: dict[str, Any], answers: Path) -> None:
    if path.exists() and answers.exists():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        if before.get("key") != identity["key"]:
            changed = [k for k in identity if before.get(k) != identity[k] and k != "key"]
            raise FootnoteError(
                f"{path.parent} holds the answers of another run ({', '.join(changed) or 'unreadable'} differ). "
                "Name another --out, or remove that folder."
            )
    path.write_text(json.dumps(identity, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _done(path: Path) -> dict[str, dict[str, Any]]:
    """Whole lines only: the last one of a run that was killed may be half there."""
    if not path.exists():
        return {}
    rows, good = {}, []
    for raw in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(raw)
        except ValueError:
            continue
        if isinstance(row, dict) and "id" in row:
            rows[str(row["id"])] = row
            good.append(_line(row))
    path.write_text("".join(good), encoding="utf-8")
    return rows
