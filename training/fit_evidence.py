"""held-out questions, the trained reader -> evidence.json, the weights of the conditional logit.

    python training/fit_evidence.py --reading DIR ... --known FILE ... --corpus DIR --out FILE

Two models: `plain`, fitted on held-out reading documents (never seen by the reader) without
known questions; `known`, fitted on the questions of one author about the shipped source with the
other authors' questions as known ones, each author in turn, together with the held-out documents.
Figures are cross-validated: by document, and by author.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from train_reader import held_out

from assistant.cross import CrossReader
from assistant.embed import Embedder
from assistant.evidence import Gatherer
from assistant.index import open_index
from assistant.known import read_known
from assistant.normalise import normalise
from assistant.read import ConditionalLogit, Evidence
from assistant.records import Document, KnownQuestion
from assistant.retrieve import Retriever
from assistant.source import parse, read_source
from assistant.understand import Understanding

SENTENCE = {
    "dense": ("dense",),
    "dense+lexical": ("dense", "lexical"),
    "plain": ("dense", "lexical", "reader"),
    "known": ("dense", "lexical", "reader", "known", "known3"),
    "known-without-reader": ("dense", "lexical", "known", "known3"),
}
UNANSWERED = ("known_none", "known_none3", "known_none_share")
BEST = ("best_dense", "best_lexical", "foreign")
NONE = {
    "plain": BEST,
    "known": (*UNANSWERED, "known_best", *BEST),
    "known-without-reader": (*UNANSWERED, "known_best", *BEST),
}
RIDGE = 1e-3


@dataclass(frozen=True)
class Row:
    """One question with its evidence; gold are candidate numbers, empty where nothing answers."""

    group: str
    kind: str
    question: str
    evidence: Evidence
    gold: frozenset[int]


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
        rows.append(Row(group, kind, question, evidence, gold))
    return rows


def design(rows: Sequence[Row], names: Sequence[str], none: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(candidates, features) and (features of none,) of every row."""
    return [
        (
            np.stack([r.evidence.sentence[n] for n in names], axis=1),
            np.array([1.0, *(r.evidence.question[n] for n in none)]),
        )
        for r in rows
    ]


def fit(rows: Sequence[Row], names: Sequence[str], none: Sequence[str]) -> ConditionalLogit:
    """Maximum likelihood with a small ridge; several gold sentences count as one event."""
    data = design(rows, names, none)
    scale = np.concatenate([x for x, _ in data]).std(axis=0) + 1e-9
    k = len(names)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        total, grad = RIDGE * float(w @ w) * len(rows), 2 * RIDGE * w * len(rows)
        for row, (x, g) in zip(rows, data, strict=True):
            u = (x / scale) @ w[:k]
            v = float(g @ w[k:])
            top = max(u.max(), v)
            e, en = np.exp(u - top), np.exp(v - top)
            z = e.sum() + en
            p, pn = e / z, en / z
            if row.gold:
                gold = np.zeros(len(u))
                gold[list(row.gold)] = 1.0
                mass = float(p @ gold)
                total -= np.log(mass + 1e-12)
                d = p - p * gold / (mass + 1e-12)
                dn = pn
            else:
                total -= np.log(pn + 1e-12)
                d, dn = p, pn - 1.0
            grad[:k] += (x / scale).T @ d
            grad[k:] += dn * g
        return total, grad

    found = minimize(loss, np.zeros(k + 1 + len(none)), jac=True, method="L-BFGS-B")
    w = found.x
    return ConditionalLogit(
        {n: float(w[i] / scale[i]) for i, n in enumerate(names)},
        {n: float(w[k + 1 + i]) for i, n in enumerate(none)},
        float(w[k]),
    )


def figures(rows: Sequence[Row], models: dict[str, ConditionalLogit], threshold: float = 0.5) -> dict[str, float]:
    """Cross-validated figures: each row is read by the model that did not see its group."""
    readings = [models[r.group](r.evidence) for r in rows]
    p = np.array([x.probability for x in readings])
    right = np.array(
        [bool(r.gold) and int(x.utilities.argmax()) in r.gold for r, x in zip(rows, readings, strict=True)]
    )
    answerable = np.array([bool(r.gold) for r in rows])
    near = np.array([r.kind == "near_miss" for r in rows])
    lay = np.array([r.kind == "lay" for r in rows])
    said = p >= threshold
    auroc = float((p[answerable][:, None] > p[~answerable][None, :]).mean())
    return {
        "hit@1": float(right[answerable].mean()),
        "right at t": float((right & said)[answerable].mean()),
        "lay right at t": float((right & said)[lay & answerable].mean()),
        "answer rate": float(said[answerable].mean()),
        "near misses answered": float(said[near & ~answerable].mean()),
        "none answered": float(said[~answerable].mean()),
        "auroc": auroc,
        "questions": float(len(rows)),
    }


def cross_validate(
    rows: Sequence[Row], names: Sequence[str], none: Sequence[str], folds: int = 7
) -> dict[str, ConditionalLogit]:
    """group -> the model fitted on the other groups."""
    groups = sorted({r.group for r in rows})
    models = {}
    for fold in range(min(folds, len(groups))):
        out = set(groups[fold::folds])
        model = fit([r for r in rows if r.group not in out], names, none)
        models.update(dict.fromkeys(out, model))
    return models


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
        others = tuple(
            by_question[r["question"]]
            for name, theirs in sorted(authors.items())
            for r in theirs
            if name != author and r["question"] in by_question and rng.random() < known_share
        )
        asked = rng.sample(own, min(per_author, len(own)))
        questions = [
            ("near_miss" if not r["gold"] else "lay", r["question"], lambda _, text, g=frozenset(r["gold"]): text in g)
            for r in asked
        ]
        with tempfile.TemporaryDirectory() as data:
            rows += gather(documents, others, questions, embedder, reader, f"{author}@{known_share}", Path(data))
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
        )
        for r in json.loads(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Gathers (or loads) the evidence, prints the ablations, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading", type=Path, nargs="+", required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True, help="folder for the gathered evidence")
    parser.add_argument("--per-document", type=int, default=18)
    parser.add_argument("--per-author", type=int, default=140)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.rows.mkdir(parents=True, exist_ok=True)
    embedder, reader = Embedder(), CrossReader()
    sets: dict[str, list[Row]] = {}
    for name, make in {
        "documents": lambda: document_rows(args.reading, args.per_document, embedder, reader),
        "owner": lambda: (
            owner_rows(args.corpus, args.per_author, embedder, reader, 1.0)
            + owner_rows(args.corpus, args.per_author // 2, embedder, reader, 0.15)
        ),
    }.items():
        path = args.rows / f"{name}.json"
        if not path.exists():
            save(make(), path)
        sets[name] = load(path)
    models = {}
    for name, features in SENTENCE.items():
        rows = sets["owner" if "known" in name else "documents"]
        none = NONE.get(name, ())
        shown = figures(rows, cross_validate(rows, features, none))
        print(f"{name:22} " + "  ".join(f"{k} {v:.3f}" for k, v in shown.items()), flush=True)
        model = fit(rows, features, none)
        models[name] = {"sentence": model.sentence, "none": model.none, "bias": model.bias}
    owner_plain = figures(sets["owner"], dict.fromkeys({r.group for r in sets["owner"]}, _model(models["plain"])))
    print("plain on the owner's questions: " + "  ".join(f"{k} {v:.3f}" for k, v in owner_plain.items()))
    args.out.write_text(json.dumps({"models": models}, indent=1) + "\n", encoding="utf-8")


def _model(table: dict) -> ConditionalLogit:
    return ConditionalLogit(table["sentence"], table["none"], table["bias"])


if __name__ == "__main__":
    main()
