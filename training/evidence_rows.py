"""questions -> rows of evidence: the product's own steps up to the evidence, saved as JSON."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from train_reader import held_out

from assistant.cross import CrossReader
from assistant.embed import Embedder
from assistant.evidence import Gatherer
from assistant.index import open_index
from assistant.known import read_known
from assistant.normalise import normalise
from assistant.read import Evidence
from assistant.records import Document, KnownQuestion, Sentence
from assistant.retrieve import Retriever
from assistant.source import parse, read_source
from assistant.understand import Understanding


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
    embedder: Embedder,
    reader: CrossReader | None,
    group: str,
    data: Path,
) -> list[Row]:
    """Runs the product's own steps up to the evidence for every (kind, question, is_gold)."""
    index = open_index(tuple(documents), embedder, data, Path(group), None, known)
    gatherer = Gatherer(index, reader)
    retriever = Retriever(index)
    understand = Understanding(gatherer, embedder.vocabulary)
    rows = []
    for kind, question, is_gold in questions:
        understood = understand(normalise(question), ()).question
        vector = embedder.encode([understood])[0]
        sentences, evidence = gatherer(understood, vector, retriever(understood, vector))
        gold = frozenset(n for n, s in enumerate(sentences) if is_gold(s.document, s.text))
        rows.append(Row(group, kind, question, evidence, gold, tuple(sentences)))
    return rows


def document_rows(
    folders: Sequence[Path], per_document: int, embedder: Embedder, reader: CrossReader, seed: int = 7
) -> list[Row]:
    """Rows of every held-out reading document, without known questions."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for path in sorted(p for folder in folders for p in folder.glob("*.json") if held_out(p.stem)):
        reading = json.loads(path.read_text(encoding="utf-8"))
        document, where = markdown(reading)
        questions = []
        asked = rng.sample(reading["questions"], min(per_document, len(reading["questions"])))
        for q in asked:
            gold = frozenset(where[(s, n)] for s, n in q["gold"])
            questions.append((q["type"], q["q"], lambda _, text, gold=gold: text in gold))
        with tempfile.TemporaryDirectory() as data:
            rows += gather([document], (), questions, embedder, reader, path.stem, Path(data))
        print(path.stem, len(rows), flush=True)
    return rows


def owner_rows(
    corpus: Path, per_author: int, embedder: Embedder, reader: CrossReader, known_share: float, seed: int = 7
) -> list[Row]:
    """Rows of the shipped source: one author asks, the other authors' questions are known.

    `known_share` of them are known, so that the weights also fit an owner who wrote fewer.
    """
    rng = random.Random(seed)
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
        questions = [
            ("near_miss" if not r["gold"] else "lay", r["question"], lambda _, text, g=frozenset(r["gold"]): text in g)
            for r in asked
        ]
        with tempfile.TemporaryDirectory() as data:
            rows += gather(
                documents, tuple(others.values()), questions, embedder, reader, f"{author}@{known_share}", Path(data)
            )
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
