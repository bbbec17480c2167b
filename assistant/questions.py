"""`python -m assistant questions check|stats`: what the owner of a source should know about its known questions."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rapidfuzz import process

from assistant.embed import Embedder, Vectors
from assistant.errors import FootnoteError
from assistant.known import Lost, beside, covered, read_known
from assistant.records import Document, KnownQuestion
from assistant.settings import from_environment
from assistant.source import read_source

ALIKE = 0.92
"""Cosine from which two questions ask the same; below it, pairs of the shipped source that differ in one word part."""

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Contradiction:
    """Two questions that ask the same and have no gold sentence in common."""

    first: KnownQuestion
    second: KnownQuestion
    similarity: float


def contradictions(known: Sequence[KnownQuestion], encode: Encode) -> list[Contradiction]:
    """Pairs of one document's questions that are alike, of which one is answered by what does not
    answer the other, or by nothing; most alike first."""
    if not known:
        return []
    vectors = encode([k.question for k in known])
    found = []
    for n, one in enumerate(known):
        alike = vectors[n + 1 :] @ vectors[n]
        for m in (alike >= ALIKE).nonzero()[0]:
            other = known[n + 1 + int(m)]
            if other.document == one.document and (one.gold or other.gold) and not {*one.gold} & {*other.gold}:
                found.append(Contradiction(one, other, float(alike[m])))
    return sorted(found, key=lambda c: -c.similarity)


def without(documents: Sequence[Document], known: Sequence[KnownQuestion]) -> dict[str, list[str]]:
    """Document id -> its sentences that answer no known question; documents without any are left out."""
    asked = {sentence for k in known for sentence in k.gold}
    have = {k.document for k in known}
    return {d.id: [s.text for s in d.sentences if s.id not in asked] for d in documents if d.id in have}


def check(documents: Sequence[Document], known: Sequence[KnownQuestion], lost: Sequence[Lost], encode: Encode) -> int:
    """Prints what should be mended. Exit status 1 where a gold sentence is lost or two questions contradict."""
    sentences = [s.text for d in documents for s in d.sentences]
    for one in lost:
        print(f"{one.place}: this gold sentence is no longer in the source: {one.gold!r}")
        if nearest := process.extractOne(one.gold, sentences, score_cutoff=60):
            print(f"    the nearest one is now: {nearest[0]!r}")
    text = {s.id: s.text for d in documents for s in d.sentences}
    pairs = contradictions(known, encode)
    for pair in pairs:
        print(f"{pair.first.document}: two questions that ask the same (cosine {pair.similarity:.2f}) differ in gold:")
        for side in (pair.first, pair.second):
            gold = "; ".join(repr(text[g]) for g in side.gold) or "nothing"
            print(f"    {side.question!r} -> {gold}")
    silent = without(documents, known)
    for document, lines in silent.items():
        for line in lines:
            print(f"{document}: no question for: {line!r}")
    print(
        f"{len(known):,} known questions: {len(lost)} lost gold sentences, {len(pairs)} contradictions, "
        f"{sum(map(len, silent.values()))} sentences without a question."
    )
    return 1 if lost or pairs else 0


def stats(documents: Sequence[Document], known: Sequence[KnownQuestion]) -> int:
    """Prints one line a document. Exit status 0."""
    covering = covered(known, documents)
    for document in documents:
        own = [k for k in known if k.document == document.id]
        if not own:
            print(f"{document.id}: none; write them into {beside(document.id)}")
            continue
        counts = Counter(sentence for k in own for sentence in k.gold)
        each = [counts[s.id] for s in document.sentences]
        print(
            f"{document.id}: {len(own):,} questions, {sum(1 for k in own if not k.gold):,} of them not answered by it; "
            f"{len(each)} sentences with {min(each)} to {max(each)} questions each (median {median(each):g}), "
            f"{each.count(0)} without any{'; they cover it' if document.id in covering else ''}"
        )
    return 0


def command(argv: Sequence[str]) -> int:
    """Exit status: 0 all well, 1 something to mend, 2 what must be put right first."""
    made = argparse.ArgumentParser(prog="python -m assistant questions", description=__doc__)
    made.add_argument("what", choices=("check", "stats"))
    made.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    args = made.parse_args(argv)
    try:
        settings = from_environment(corpus=args.corpus)
        documents = read_source(settings.corpus)
        known, lost = read_known(settings.corpus, documents)
        if args.what == "stats":
            return stats(documents, known)
        return check(documents, known, lost, Embedder(settings.embedder, settings.threads).encode)
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
