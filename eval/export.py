"""a run -> the input files of other evaluators: ragas and promptfoo. Nothing is sent anywhere.

ragas.jsonl: one SingleTurnSample an answered question (`EvaluationDataset.from_jsonl`); what was
rightly refused has no place there, so refusals are left out. promptfooconfig.json: every question
as a test whose output is the recorded one (the `echo` provider), so that promptfoo asks no model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.metrics import Row

_VERDICTS = {"answer": ["answered"], "abstain": ["abstained", "declined"], "refuse": ["declined"],
             "emergency": ["emergency"], "chitchat": ["smalltalk"]}  # fmt: skip
_HIT = r"""
const plain = (t) => t.replace(/^[\s\-*•]+/, "").replace(/’/g, "'").replace(/[—–]/g, "-")
  .replace(/\s+/g, " ").trim().toLowerCase();
const q = plain(JSON.parse(output).quote);
return q !== "" && %s.map(plain).some((s) => q === s
  || (s.includes(q) && q.length >= 0.5 * s.length) || (q.includes(s) && q.length <= 1.3 * s.length + 10));
"""
"""The rule of eval/metrics.py for what matches a gold sentence, as promptfoo runs it."""


SILENT = "The source does not answer this question."


def export(kind: str, questions: Sequence[Row], answers: Sequence[Row], folder: Path) -> Path:
    """Writes the run in the format of `kind` (a key of FORMATS) into `folder`; returns the file."""
    name, make = FORMATS[kind]
    by_id = {a["id"]: a for a in answers}
    path = folder / name
    path.write_text(make([(q, by_id[q["id"]]) for q in questions if q["id"] in by_id]), encoding="utf-8")
    return path


def ragas(rows: Sequence[tuple[Row, Row]]) -> str:
    """One JSON object a line; `reference_contexts` where the set has gold sentences. ragas takes the columns
    of a set from its first sample, so one that the source does not answer has a `reference` as well."""
    lines = []
    for question, answer in rows:
        if answer["verdict"] != "answered":
            continue
        sample: dict[str, Any] = {
            "user_input": answer.get("standalone_question") or question["question"],
            "response": answer["answer"],
            "retrieved_contexts": [c["quote"] for c in answer["citations"]],
        }
        gold = list(question.get("gold") or ())
        if gold:
            sample |= {"reference": " ".join(gold), "reference_contexts": gold}
        elif question.get("expect"):
            sample["reference"] = SILENT
        lines.append(json.dumps(sample) + "\n")
    return "".join(lines)


def promptfoo(rows: Sequence[tuple[Row, Row]]) -> str:
    """A promptfoo configuration; an assertion checks the verdict, and another the quote."""
    tests = []
    for question, answer in rows:
        quote = next((c["quote"] for c in answer.get("citations") or ()), "")
        output = {"verdict": answer["verdict"], "quote": quote, "answer": answer["answer"]}
        checks = []
        if question.get("expect"):
            allowed = list(_VERDICTS[question["expect"]])
            if question["expect"] == "refuse" and question.get("category") == "injection":
                allowed.append("abstained")
            checks.append(_assertion("verdict", f"{json.dumps(allowed)}.includes(JSON.parse(output).verdict)"))
        if question.get("expect") == "answer":
            gold = [*question["gold"], *(question.get("also_ok") or ())]
            checks.append(_assertion("answer_hit@1", _HIT % json.dumps(gold)))
        tests.append(
            {
                "description": f"{question['id']} {question.get('category', '')}".strip(),
                "vars": {"output": json.dumps(output), "question": question["question"]},
                "assert": checks,
            }
        )
    config = {
        "description": "A recorded run of Footnote",
        "providers": ["echo"],
        "prompts": ["{{output}}"],
        "tests": tests,
    }
    return json.dumps(config, indent=1) + "\n"


def _assertion(metric: str, code: str) -> dict[str, str]:
    return {"type": "javascript", "value": code, "metric": metric}


FORMATS: dict[str, tuple[str, Callable[[Sequence[tuple[Row, Row]]], str]]] = {
    "ragas": ("ragas.jsonl", ragas),
    "promptfoo": ("promptfooconfig.json", promptfoo),
}
