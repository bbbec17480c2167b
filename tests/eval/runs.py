"""A run of six questions about tea, small enough to be graded by eye; no question set is copied."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.runs import Run, load_run
from tests.fakes import POTS, TEA, citation

QUESTIONS: list[dict[str, Any]] = [
    {"id": name, "category": category, "question": question, "expect": expect, **({"gold": gold} if gold else {})}
    for name, category, question, expect, *gold in (
        ("hot", "direct", "How hot is green tea?", "answer", "Green tea is brewed at 80 degrees."),
        ("keep", "list", "How is tea kept?", "answer", "Keep tea in a closed tin.", "Light fades it."),
        ("red", "near_miss", "How hot is <b>red</b> tea?", "abstain"),
        ("moon", "far", "How far is the moon?", "abstain"),
        ("help", "emergency", "She cannot breathe", "emergency"),
        ("hi", "chitchat", "hello", "chitchat"),
    )
]


def answer(name: str, verdict: str, *quotes: str, confidence: float = 0.0, latency: float = 10.0) -> dict[str, Any]:
    """A row of answers.jsonl that cites the sentences of `tests.fakes` which begin so."""
    cites = [asdict(citation(words)) for words in quotes]
    return {
        "id": name,
        "question": next(q["question"] for q in QUESTIONS if q["id"] == name),
        "verdict": verdict,
        "reason": verdict,
        "answer": " ".join(c["quote"] for c in cites) or "No.",
        "standalone_question": "",
        "citations": cites,
        "related": [],
        "confidence": confidence,
        "disclaimer": "" if verdict in ("abstained", "smalltalk") else "Not advice.",
        "notes": [],
        "latency_ms": latency,
    }


GOOD = [
    answer("hot", "answered", "Green", confidence=0.9, latency=30.0),
    answer("keep", "answered", "Keep", "Black", confidence=0.8, latency=20.0),
    answer("red", "abstained", confidence=0.4),
    answer("moon", "abstained", confidence=0.1),
    answer("help", "emergency"),
    answer("hi", "smalltalk"),
]
BAD = [
    answer("hot", "answered", "Black", "Green", confidence=0.6, latency=50.0),
    answer("keep", "abstained", confidence=0.3),
    answer("red", "answered", "Green", confidence=0.7),
    *GOOD[3:5],
]
"""Cites the wrong one first, abstains, answers a near miss, and says nothing to the last question."""


def write_run(folder: Path, answers: list[dict[str, Any]]) -> Path:
    """The folder of a run over the two texts of `tests.fakes`, which lie in `corpus` beside it."""
    corpus = folder.parent / "corpus"
    folder.mkdir(parents=True)
    corpus.mkdir(exist_ok=True)
    for name, text in (("pots.md", POTS), ("tea.md", TEA)):
        (corpus / name).write_text(text, encoding="utf-8")
    documents = {n: hashlib.sha256(t.encode()).hexdigest() for n, t in (("pots.md", POTS), ("tea.md", TEA))}
    (folder / "run.json").write_text(json.dumps({"profile": "health", "documents": documents}), encoding="utf-8")
    for name, rows in (("answers.jsonl", answers), ("questions.jsonl", QUESTIONS)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def made(folder: Path, answers: list[dict[str, Any]]) -> Run:
    """That run, loaded with its source."""
    return load_run(write_run(folder, answers), corpus=folder.parent / "corpus")
