"""NAME.questions.jsonl beside a document -> known questions: what people ask, and which sentences answer.

One JSON object a line: {"question": "...", "gold": ["a sentence of NAME, word for word", ...]};
an empty gold says that the document does not answer it. Known questions widen recall and
sharpen abstention; they are never shown as source and never answer by themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import SourceError
from assistant.records import Document, KnownQuestion

SUFFIX = ".questions.jsonl"
ENOUGH = 6
"""Known questions a sentence of a document, both of those that it answers and of those that it does not, from which on
what they leave out says something, too."""


@dataclass(frozen=True)
class Lost:
    """A gold sentence that its document no longer holds."""

    place: str
    question: str
    gold: str


def read_known(folder: Path, documents: Sequence[Document]) -> tuple[tuple[KnownQuestion, ...], tuple[Lost, ...]]:
    """Known questions of all documents, in file order, and what an edit has orphaned.

    A question all of whose gold sentences are lost is left out, so that it cannot count as
    unanswered. Raises SourceError listing every line that is not a known question.
    """
    known: list[KnownQuestion] = []
    lost: list[Lost] = []
    faults: list[str] = []
    for document in documents:
        name = beside(document.id)
        path = folder / name
        if not path.is_file():
            continue
        by_text = {_plain(s.text): s.id for s in document.sentences}
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            faults.append(f"{name}: not UTF-8. Convert it, for example with `iconv -f latin1 -t utf-8`.")
            continue
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            place = f"{name}:{number}"
            row = _row(line)
            if isinstance(row, str):
                faults.append(f"{place}: {row}")
                continue
            question, gold = row
            found = [by_text[_plain(g)] for g in gold if _plain(g) in by_text]
            lost += [Lost(place, question, g) for g in gold if _plain(g) not in by_text]
            if found or not gold:
                known.append(KnownQuestion(_id(document.id, question), question, document.id, tuple(found)))
    if faults:
        raise SourceError("\n".join(faults))
    return tuple({k.id: k for k in known}.values()), tuple(lost)


def beside(document: str) -> str:
    """The file with a document's known questions.

    >>> beside("guides/leave.v2.md")
    'guides/leave.v2.questions.jsonl'
    """
    return document.rsplit(".", 1)[0] + SUFFIX


def covered(known: Iterable[KnownQuestion], documents: Iterable[Document]) -> frozenset[str]:
    """Documents that have ENOUGH known questions."""
    counts = Counter((k.document, bool(k.gold)) for k in known)
    return frozenset(
        d.id for d in documents if min(counts[d.id, True], counts[d.id, False]) >= ENOUGH * len(d.sentences) > 0
    )


def fingerprint(known: Iterable[KnownQuestion]) -> str:
    """Hash of the questions and their gold, for the manifest of an index."""
    parts = [f"{k.id}:{','.join(k.gold)}" for k in known]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _id(document: str, question: str) -> str:
    return hashlib.sha256(f"{document}\0{question}".encode()).hexdigest()[:24]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _row(line: str) -> tuple[str, list[str]] | str:
    """(question, gold sentences), or what is wrong with the line."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return f"not JSON ({error}): {line[:60]!r}"
    if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not row["question"].strip():
        return f"no 'question': {line[:60]!r}"
    gold = row.get("gold")
    if not isinstance(gold, list) or not all(isinstance(g, str) for g in gold):
        return f"'gold' is not a list of sentences: {gold!r}"
    return row["question"], gold
