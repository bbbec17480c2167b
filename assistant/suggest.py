"""index -> questions to offer: the owner's known ones where there are any, else the section headings."""

from __future__ import annotations

from assistant.index import Index
from assistant.records import KnownQuestion

SHORTEST, LONGEST = 22, 64
"""Characters of a known question that reads well on a button."""


def suggested(index: Index, most: int = 3) -> tuple[str, ...]:
    """Up to `most` questions that the source answers, spread over its sections in reading order."""
    section = {s.id: (s.document, s.section) for d in index.documents for s in d.sentences}
    by_section: dict[tuple[str, str], KnownQuestion] = {}
    for known in index.known:
        if len(known.gold) == 1 and _reads_well(known.question):
            by_section.setdefault(section[known.gold[0]], known)
    questions = [by_section[place].question for place in dict.fromkeys(section.values()) if place in by_section]
    if not questions:
        headings = [s.heading for d in index.documents for s in d.sections if s.heading != d.title]
        questions = [f"What does it say about “{h}”?" for h in headings or [d.title for d in index.documents]]
    step = max(1, len(questions) // most)
    return tuple(questions[::step][:most])


def _reads_well(question: str) -> bool:
    return SHORTEST <= len(question) <= LONGEST and question[0].isupper() and question.endswith("?")
