"""citations -> the citations that are really there. Exact, or it does not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assistant.records import Citation, Document


def verified(citations: Iterable[Citation], documents: Mapping[str, Document]) -> tuple[Citation, ...]:
    """Those whose quote is the document's text between its offsets, and one of its sentences."""
    return tuple(c for c in citations if is_real(c, documents))


def is_real(citation: Citation, documents: Mapping[str, Document]) -> bool:
    """document[start:end] == quote, and that span is a sentence or list item of the document."""
    document = documents.get(citation.document)
    if document is None or not citation.quote:
        return False
    if document.text[citation.start : citation.end] != citation.quote:
        return False
    return any(s.start == citation.start and s.end == citation.end for s in document.sentences)
