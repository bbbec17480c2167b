"""an assistant, a question file -> what its answers depend on: runs that differ here do not mix."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from assistant.cross import SHIPPED
from assistant.engine import Assistant
from assistant.known import fingerprint
from assistant.read import EVIDENCE
from assistant.settings import Settings

PACKAGE = Path(__file__).parent.parent / "assistant"


def identity(settings: Settings, questions: Path, assistant: Assistant) -> dict[str, Any]:
    """What run.json says; hashes are sha256, in hex."""
    return {
        "questions": _hash(questions),
        "documents": {d.id: d.sha256 for d in assistant.documents.values()},
        "profile": settings.profile,
        "embedder": assistant.embedder.identity,
        "region": settings.region,
        "known questions": fingerprint(assistant.index.known),
        "software": software(),
        **({"reader": settings.reader} if settings.reader != SHIPPED else {}),
        **({"evidence": _hash(settings.evidence)} if settings.evidence != EVIDENCE else {}),
        **({"language model": settings.llm.model} if settings.llm.model else {}),
    }


def software() -> str:
    """Hash of the assistant's code, rules, wordings and weights."""
    files = sorted(p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    hashed = hashlib.sha256()
    for path in files:
        hashed.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
