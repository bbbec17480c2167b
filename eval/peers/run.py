"""questions, sources -> the table: every system in a process of its own, over the same rows."""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assistant.errors import FootnoteError
from assistant.known import beside
from assistant.source import read_source
from eval.cases import Case
from eval.peers.embedding import embedder
from eval.peers.grade import SEED, Judged, figures, nearest_sentence
from eval.peers.protocol import PEERS, About, Source
from eval.public import squad2

UNSEEN = ("Huguenot.txt", "Steam_engine.txt", "Immune_system.txt", "Scottish_Parliament.txt")
"""The SQuAD articles that no model of Footnote was trained on; Footnote is asked of these alone."""


@dataclass(frozen=True)
class Task:
    """A source, and the questions to ask of it."""

    sources: tuple[Source, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Row:
    """One line of the table. start: seconds from nothing to the first answer; memory: MiB at the end."""

    name: str
    setting: str
    versions: dict[str, str]
    figures: dict[str, float | None]
    start: float
    memory: float


def corpus_tasks(corpus: Path, cases: Sequence[Case]) -> tuple[Task, ...]:
    """A folder of texts with what lies beside them, as one source."""
    sources = []
    for document in read_source(corpus):
        known = corpus / beside(document.id)
        sources.append(Source(document.id, document.text, _text(known) if known.is_file() else ""))
    return (Task(tuple(sources), tuple(cases)),)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def squad_tasks(path: Path, count: int) -> tuple[Task, ...]:
    """Each article a source of its own, with at most `count` of its questions, drawn by a seeded generator."""
    tasks = []
    for name, text, cases in squad2(path):
        drawn = random.Random(f"{SEED} {name}").sample(cases, min(count, len(cases)))
        tasks.append(Task((Source(name, text),), tuple(drawn)))
    return tuple(tasks)


def unseen(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Those that Footnote may be measured on."""
    return tuple(task for task in tasks if task.sources[0].name in UNSEEN)


def compared(tasks: Sequence[Task], names: Sequence[str], profile: str) -> Iterator[Row]:
    """Each of the systems named, in the order of PEERS, as soon as it is done; profile: Footnote's.

    Raises FootnoteError where a system is not installed or breaks.
    """
    for about in PEERS:
        if about.name in names:
            result = _asked(about, tasks, profile)
            rows = [
                _judged(case, row, about)
                for task, answers in zip(tasks, result["answers"], strict=True)
                for case, row in zip(task.cases, answers, strict=True)
            ]
            yield Row(
                about.name, about.setting, _versions(about), figures(rows), result["seconds"], result["memory"]
            )  # fmt: skip


def _asked(about: About, tasks: Sequence[Task], profile: str) -> dict[str, Any]:
    asked = [
        {
            "sources": [asdict(source) for source in task.sources],
            "questions": [{"id": c.id, "question": c.question, "history": list(c.history)} for c in task.cases],
        }
        for task in tasks
    ]
    sent = json.dumps({"tasks": asked, "began": time.time()})
    command = [sys.executable, "-W", "ignore", "-m", "eval.peers.worker", about.name]
    environment = {**os.environ, "FOOTNOTE_PROFILE": profile}
    done = subprocess.run(command, input=sent, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise FootnoteError(f"{about.name} could not be asked: {last}. `make peers` installs every system.")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _judged(case: Case, row: dict[str, Any], about: About) -> Judged:
    sentence = row["text"] if about.sentences else nearest_sentence(row["text"], case.question, _encode)
    return Judged(case, row["text"], sentence, row["score"], row["verdict"], row["ms"])


def _encode(texts: list[str]) -> Any:
    import numpy as np

    return np.asarray([_vector(text) for text in texts])


@cache
def _vector(text: str) -> Any:
    return embedder().encode([text])[0]


def _versions(about: About) -> dict[str, str]:
    found = {}
    for package in about.needs:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "?"
    return found


def machine() -> str:
    """What the costs were measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {version('torch')}"
