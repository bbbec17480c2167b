"""Footnote itself, through the door that every user has: build and ask."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assistant.engine import build
from assistant.known import beside
from assistant.settings import from_environment
from eval.peers.protocol import Hit, Source


class Shipped:
    """With the known questions that lie beside a source."""

    known = True

    def index(self, sources: Sequence[Source]) -> None:
        self.folder = tempfile.TemporaryDirectory()  # kept as long as this index is
        corpus = Path(self.folder.name) / "corpus"
        for source in sources:
            path = corpus / source.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source.text, encoding="utf-8")
            if self.known and source.known:
                (corpus / beside(source.name)).write_text(source.known, encoding="utf-8")
        self.assistant = build(replace(from_environment(), corpus=corpus, data=Path(self.folder.name) / "data"))

    def search(self, question: str, history: Sequence[str]) -> Sequence[Hit]:
        """What it cites; where it does not answer, what it offers as related: its nearest sentences."""
        reply = self.assistant.ask(question, history)
        quotes = [c.quote for c in (*reply.citations, *reply.related)] or [""]
        return [Hit(quote, reply.confidence, reply.verdict) for quote in quotes]


class Plain(Shipped):
    """The texts alone, as every other system has them."""

    known = False
