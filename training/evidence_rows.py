"""questions -> rows of evidence: the product's own steps up to the evidence, saved as JSON."""

from __future__ import annotations

import gzip
import json
import random
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from train_reader import held_out, read_siblings

from assistant.cross import CrossReader
from assistant.embed import Embedder
from assistant.evidence import Gatherer
from assistant.index import open_index
from assistant.known import read_known
from assistant.match import Matcher
from assistant.normalise import normalise
from assistant.read import Evidence
from assistant.records import Document, KnownQuestion, Sentence
from assistant.retrieve import Retriever
from assistant.source import parse, read_source
from assistant.understand import Understanding

TOPIC = re.compile(r"muscl|spasm|pain|back|spine|spinal|nerve|neuro|fibromyalgia|arthritis|massage|opioid", re.I)
"""What the shipped source is about: questions on it are not about another illness."""

FAR = 2
"""Questions of other documents that each held-out document is asked."""
Models = tuple[Embedder, Matcher, CrossReader]


@dataclass(frozen=True)
class Row:
    """One question with its evidence; gold are candidate numbers, empty where nothing answers."""

    group: str
    kind: str
    question: str
    evidence: Evidence
    gold: frozenset[int]
    sentences: tuple[Sentence, ...]


def markdown(reading: dict) -> tuple[Document, dict[tuple[int, int], str]]:
    """A reading document as the product would see it, and its sentences by (section, number)."""
    lines, where = [f"# {reading['title']}"], {}
    for section in reading["sections"]:
        lines.append(f"## {section['heading']}")
        lines += section["sentences"]
    text = "\n\n".join(lines) + "\n"
    document = parse(text, f"{reading['id']}.md")
    for s, section in enumerate(reading["sections"]):
        for n, sentence in enumerate(section["sentences"]):
            where[(s, n)] = sentence
    return document, where


def gather(
    documents: Sequence[Document],
    known: tuple[KnownQuestion, ...],
    questions: Sequence[tuple[str, str, Callable[[str, str], bool]]],
    models: Models,
    group: str,
    data: Path,
) -> list[Row]:
    """Runs the product's own steps up to the evidence for every (kind, question, is_gold)."""
    embedder, matcher, reader = models
    index = open_index(tuple(documents), embedder, data, Path(group), None, known, matcher)
    gatherer = Gatherer(index, matcher.encode, reader)
    retriever = Retriever(index)
    understand = Understanding(gatherer, embedder.vocabulary)
    rows = []
    for kind, question, is_gold in questions:
        understood = understand(normalise(question), ()).question
        vector = embedder.encode([understood])[0]
        sentences, evidence = gatherer(understood, retriever(understood, vector))
        gold = frozenset(n for n, s in enumerate(sentences) if is_gold(s.document, s.text))
        rows.append(Row(group, kind, question, evidence, gold, tuple(sentences)))
    return rows


def document_rows(
    folders: Sequence[Path], siblings: Sequence[Path], per_document: int, models: Models, seed: int = 7
) -> list[Row]:
    """Rows of every held-out reading document, without known questions; FAR of them ask what another answers,
    others the same about another thing."""
    beside = read_siblings(siblings)
    rng = random.Random(seed)
    rows: list[Row] = []
    held = held_out_documents(folders)
    for name, reading in held.items():
        document, where = markdown(reading)
        questions = [("far", q, _nothing) for q in far_questions(held, FAR, rng, name)]
        questions += [("sibling", q, _nothing) for q in beside.get(name, ())]
        asked = rng.sample(reading["questions"], min(per_document, len(reading["questions"])))
        for q in asked:
            gold = frozenset(where[(s, n)] for s, n in q["gold"])
            questions.append((q["type"], q["q"], lambda _, text, gold=gold: text in gold))
        with tempfile.TemporaryDirectory() as data:
            rows += gather([document], (), questions, models, name, Path(data))
        print(name, len(rows), flush=True)
    return rows


def held_out_documents(folders: Sequence[Path]) -> dict[str, dict]:
    """Name -> reading document, of those that are never trained on."""
    paths = sorted(p for folder in folders for p in folder.glob("*.json") if held_out(p.stem))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def far_questions(held: dict[str, dict], count: int, rng: random.Random, but: str = "") -> list[str]:
    """Questions that documents other than `but` answer, one a document: of another topic for any other source."""
    others = rng.sample(sorted(set(held) - {but}), min(count, len(held) - 1))
    return [rng.choice([q["q"] for q in held[name]["questions"] if q["gold"]]) for name in others]


def _nothing(_: str, __: str) -> bool:
    return False


def health_questions(path: Path, unseen: Path) -> list[str]:
    """What MedQuAD asks about other illnesses, less what is in `unseen`, the questions that measure this."""
    held = {line.strip().lower() for line in unseen.read_text(encoding="utf-8").splitlines()}
    rows = map(json.loads, gzip.decompress(path.read_bytes()).decode("utf-8").splitlines())
    asked = {r["question"].strip(): r["focus"] for r in rows if not TOPIC.search(f"{r['question']} {r['focus']}")}
    return sorted(q for q in asked if q.lower() not in held)


def owner_rows(
    corpus: Path,
    folders: Sequence[Path],
    per_author: int,
    models: Models,
    known_share: float,
    elsewhere: Sequence[str] = (),
    seed: int = 7,
) -> list[Row]:
    """Rows of the shipped source: one author asks, the other authors' questions are known; beside them, one in
    six, what a held-out reading document answers, and as many of `elsewhere`, questions about other illnesses.

    `known_share` of them are known, so that the weights also fit an owner who wrote fewer.
    """
    rng = random.Random(seed)
    held = held_out_documents(folders)
    documents = read_source(corpus)
    authors: dict[str, list[dict]] = {}
    for path in corpus.glob("*.questions.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            authors.setdefault(row["author"], []).append(row)
    known, _ = read_known(corpus, documents)
    by_question = {k.question: k for k in known}
    rows = []
    for author, own in sorted(authors.items()):
        others = {
            r["question"]: by_question[r["question"]]
            for name, theirs in sorted(authors.items())
            for r in theirs
            if name != author and r["question"] in by_question and rng.random() < known_share
        }
        asked = rng.sample(own, min(per_author, len(own)))
        kind = "near_miss" if any(r["gold"] for r in own) else "far"  # who wrote everyday requests alone
        questions = [
            (kind if not r["gold"] else "lay", r["question"], lambda _, text, g=frozenset(r["gold"]): text in g)
            for r in asked
        ]
        questions += [("far", q, _nothing) for q in far_questions(held, per_author // 6, rng)]
        questions += [("sibling", q, _nothing) for q in rng.sample(elsewhere, min(per_author // 6, len(elsewhere)))]
        with tempfile.TemporaryDirectory() as data:
            rows += gather(documents, tuple(others.values()), questions, models, f"{author}@{known_share}", Path(data))
        if (known_share > 0.1) != all(rows[-1].evidence.sentence["covered"] > 0):
            raise SystemExit(f"{known_share} of the known questions is on the wrong side of `known.ENOUGH`.")
        print(author, known_share, len(rows), flush=True)
    return rows


def save(rows: Sequence[Row], path: Path) -> None:
    """Evidence as JSON, so that weights can be fitted again in seconds."""
    table = [
        {
            "group": r.group,
            "kind": r.kind,
            "question": r.question,
            "sentence": {k: np.round(v, 5).tolist() for k, v in r.evidence.sentence.items()},
            "whole": r.evidence.question,
            "gold": sorted(r.gold),
            "sentences": [asdict(s) for s in r.sentences],
        }
        for r in rows
    ]
    path.write_text(json.dumps(table), encoding="utf-8")


def load(path: Path) -> list[Row]:
    """What `save` wrote."""
    return [
        Row(
            r["group"],
            r["kind"],
            r["question"],
            Evidence(
                {k: np.array(v) for k, v in r["sentence"].items()},
                {f"best_{k}": max([0.0, *r["sentence"][k]]) for k in ("dense", "lexical")} | r["whole"],
            ),
            frozenset(r["gold"]),
            tuple(Sentence(**s) for s in r["sentences"]),
        )
        for r in json.loads(path.read_text(encoding="utf-8"))
    ]
