"""citations -> the citations that are really there. Exact, or it does not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assistant.records import Citation, Document


def verified(citations: Iterable[Citation], documents: Mapping[str, Document]) -> tuple[Citation, ...]:
    """Those whose quote is the document's text between its offsets, and one of its sentences."""
    return tuple(c for c in citations if is_real(c, documents))


def is_real(citation: Citation, documents: Mapping[str, Document]) -> bool:
    """document[start:end] == quote, and that span is a sentence or list item of the document,
    in the section and under the title that the citation names."""
    document = documents.get(citation.document)
    if document is None or not citation.quote:
        return False
    if document.text[citation.start : citation.end] != citation.quote:
        return False
    place = (citation.start, citation.end, citation.section)
    return citation.title == document.title and any((s.start, s.end, s.section) == place for s in document.sentences)
