"""pairs of a statement and its sentences -> how many unsupported ones are caught, how many supported ones kept.

Beside the shipped judge, in the same run: its checks alone, its model alone, and what a tutorial
would take (shared words, cosine of MiniLM), each with the threshold that keeps 85 % of the
supported training pairs.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from assistant.claims import checks
from assistant.embed import Embedder
from assistant.followup import STOP_WORDS
from assistant.names import load_medicines
from assistant.settings import ROOT
from assistant.support import Supported, Verifier, load_judgement
from eval.cases import CasesError
from eval.intervals import wilson
from eval.public_search import evenly

TRAINING = ROOT / "training" / "statements"
KEPT = 0.85
"""Share of the supported training pairs that a baseline's threshold keeps."""
FITTED_ON = 1_000
FAULTS = ("number", "entity", "polarity", "relation", "detail", "overclaim")
_WORD = re.compile(r"[a-z0-9]+")
Judge = Callable[[str, Sequence[str]], bool]
"""statement, sentences -> whether it would be shown."""
Score = Callable[[str, str], float]


@dataclass(frozen=True)
class Pair:
    """fault: what is wrong with an unsupported statement, "" for a supported one."""

    statement: str
    evidence: tuple[str, ...]
    fault: str


def read_pairs(paths: Sequence[Path]) -> list[Pair]:
    """Raises CasesError that lists every bad row with its line."""
    pairs, faults = [], []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CasesError(f"{path}: cannot be read ({error}).") from error
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                if row["label"] not in ("supported", "unsupported") or not row["evidence"]:
                    raise ValueError(f"label {row['label']!r}, {len(row['evidence'])} sentences")
                fault = "" if row["label"] == "supported" else str(row["fault"])
                pairs.append(Pair(str(row["statement"]), tuple(map(str, row["evidence"])), fault))
            except (ValueError, KeyError, TypeError) as error:
                faults.append(f"{path.name}:{number}: {error!r}")
    if faults or not pairs:
        raise CasesError("\n".join(faults) or "No pair in these files.")
    return pairs


def shared_words(statement: str, evidence: str) -> float:
    """Share of the statement's words, less the little ones, that stand in the evidence."""
    said = set(_WORD.findall(statement.lower())) - STOP_WORDS
    return len(said & set(_WORD.findall(evidence.lower()))) / len(said) if said else 1.0


def cosine(embedder: Embedder) -> Score:
    """The cosine of both texts under the packaged MiniLM."""
    return lambda a, b: float(np.dot(*embedder.encode([a, b])))


def fitted(score: Score, pairs: Sequence[Pair]) -> Judge:
    """A judge by a score, its threshold the highest that keeps KEPT of the supported pairs, FITTED_ON of them."""
    some = evenly([p for p in pairs if not p.fault], FITTED_ON)
    scores = sorted((score(p.statement, " ".join(p.evidence)) for p in some), reverse=True)
    threshold = scores[int(np.ceil(KEPT * len(scores))) - 1]
    return lambda statement, evidence: score(statement, " ".join(evidence)) >= threshold


def judges(train: Sequence[Pair]) -> dict[str, Judge]:
    """Every judge by name, the shipped one first."""
    medicines = load_medicines()
    verifier = Verifier()
    shipped = Supported(verifier, medicines, load_judgement())
    rules = checks(medicines)
    verifier.ready()
    return {
        "shipped": lambda s, e: not shipped(s, e),
        "checks alone": lambda s, e: not any(fails(s, " ".join(e)) for fails in rules.values()),
        "model alone": lambda s, e: verifier(s, " ".join(e)) >= 0.5,
        "shared words": fitted(shared_words, train),
        "MiniLM cosine": fitted(cosine(Embedder()), train),
    }


def measured(judge: Judge, pairs: Sequence[Pair]) -> tuple[dict[str, tuple[int, int]], float]:
    """({"kept" | "caught" | a fault: (right, of how many)}, median milliseconds of a statement)."""
    right: dict[str, list[bool]] = defaultdict(list)
    times = []
    for pair in pairs:
        began = time.perf_counter()
        shown = judge(pair.statement, pair.evidence)
        times.append((time.perf_counter() - began) * 1000)
        for group in ("caught", pair.fault) if pair.fault else ("kept",):
            right[group].append(shown != bool(pair.fault))
    return {group: (sum(flags), len(flags)) for group, flags in right.items()}, median(times)


def bench(paths: Sequence[Path], train: Sequence[Path]) -> Iterator[str]:
    """Lines of a table, each as soon as it is known: shares with their 95 % intervals."""
    pairs = read_pairs(paths)
    yield f"{len(pairs)} pairs, {sum(not p.fault for p in pairs)} supported; [95 % interval, Wilson]"
    for name, judge in judges(read_pairs(train)).items():
        found, milliseconds = measured(judge, pairs)
        yield f"{name}: {milliseconds:.1f} ms a statement (median)"
        for group in ("kept", "caught", *FAULTS):
            if group in found:
                hits, count = found[group]
                low, high = wilson(hits, count)
                yield f"  {group:10} {hits / count:.3f}  [{low:.3f}, {high:.3f}]  {hits} of {count}"
