"""a search collection -> how well retrieval finds the right document: nDCG@10 and recall@k, through ir-measures.

MedQuAD: the document is an answer under its subject's name, the query is the question that it
answers. BEIR: corpus.jsonl, queries.jsonl and qrels/test.tsv of any of its folders.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_measures
from tqdm import tqdm

from assistant.engine import Assistant
from eval.cases import CasesError
from eval.intervals import bootstrap
from eval.score import quantile

DEPTH = 50
"""Passages retrieved a query; a document ranks where its first passage does."""
MEASURES = ("nDCG@10", "R@1", "R@5", "R@10", "RR@10")


@dataclass(frozen=True)
class Collection:
    """texts: id -> (title, text); queries: id -> text; relevant: query id -> document id -> grade."""

    texts: dict[str, tuple[str, str]]
    queries: dict[str, str]
    relevant: dict[str, dict[str, int]]

    def only(self, count: int) -> Collection:
        """At most so many queries, spread evenly over the file; every text stays."""
        kept = evenly(list(self.relevant), count)
        return Collection(self.texts, {q: self.queries[q] for q in kept}, {q: self.relevant[q] for q in kept})


def evenly(rows: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of the rows, at even distances; all of them where count is 0.

    >>> evenly([1, 2, 3, 4, 5, 6], 3)
    [1, 3, 5]
    """
    if not count or count >= len(rows):
        return list(rows)
    return [rows[n * len(rows) // count] for n in range(count)]


def opened(path: Path) -> str:
    """The text of a file, unpacked where it is a .gz. Raises CasesError."""
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CasesError(f"{path}: cannot be read ({error}).") from error


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(opened(path).split("\n"), start=1):
        if line.strip():
            try:
                yield dict(json.loads(line))
            except (ValueError, TypeError) as error:
                raise CasesError(f"{path.name}:{number}: not a JSON object: {line[:60]!r}") from error


def medquad(path: Path) -> Collection:
    """Every answer a text; what answers the same question in the same words is relevant to it."""
    texts: dict[str, tuple[str, str]] = {}
    asked: dict[str, list[str]] = {}
    try:
        for row in _objects(path):
            if row["answer"].strip():
                texts[row["id"]] = (row["focus"], row["answer"])
                asked.setdefault(row["question"], []).append(row["id"])
    except KeyError as error:
        raise CasesError(
            f"{path}: not MedQuAD rows, {error} is missing. Wanted: id, focus, question, answer."
        ) from error
    queries = {ids[0]: question for question, ids in asked.items()}
    return Collection(texts, queries, {ids[0]: dict.fromkeys(ids, 1) for ids in asked.values()})


def beir(folder: Path) -> Collection:
    """A BEIR folder, its test queries."""
    try:
        texts = {row["_id"]: (row.get("title") or "", row["text"]) for row in _objects(folder / "corpus.jsonl")}
        queries = {row["_id"]: row["text"] for row in _objects(folder / "queries.jsonl")}
        relevant: dict[str, dict[str, int]] = {}
        for line in opened(folder / "qrels" / "test.tsv").splitlines()[1:]:
            query, document, grade = line.split("\t")
            if int(grade) > 0 and query in queries and document in texts:
                relevant.setdefault(query, {})[document] = int(grade)
    except (KeyError, ValueError) as error:
        raise CasesError(f"{folder}: not a BEIR folder ({error!r}).") from error
    return Collection({k: v for k, v in texts.items() if v[1].strip()}, queries, relevant)


def write_texts(texts: dict[str, tuple[str, str]], folder: Path) -> dict[str, str]:
    """Each text a Markdown file under its title; returns file name -> id of the text."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for number, (key, (title, text)) in enumerate(texts.items()):
        name = f"{number:06}.md"
        body = "\n".join(line.strip() for line in text.splitlines())
        heading = f"# {' '.join(title.split())}\n\n" if title.strip() else ""
        (folder / name).write_text(heading + body + "\n", encoding="utf-8")
        names[name] = key
    return names


def rankings(
    assistant: Assistant, names: dict[str, str], queries: dict[str, str]
) -> tuple[dict[str, dict[str, float]], list[float]]:
    """query id -> document id -> score, and the milliseconds that each query took."""
    found: dict[str, dict[str, float]] = {}
    spent = []
    for key, query in tqdm(queries.items(), unit="query"):
        began = time.perf_counter()
        hits = assistant.retriever(query, assistant.embedder.encode([query])[0], DEPTH)
        spent.append(1000 * (time.perf_counter() - began))
        documents = dict.fromkeys(names[hit.passage.document] for hit in hits)
        found[key] = {document: float(-rank) for rank, document in enumerate(documents)}
    return found, spent


def search(collection: Collection, build: Callable[[Path], Assistant], folder: Path) -> str:
    """Indexes the collection in `folder`, asks every query, and says how well it went."""
    if not collection.relevant:
        raise CasesError("The collection has no query with a relevant document.")
    names = write_texts(collection.texts, folder)
    queries = {key: collection.queries[key] for key in collection.relevant}
    found, spent = rankings(build(folder), names, queries)
    lines = [f"{len(collection.texts):,} documents, {len(queries):,} queries"]
    for name in MEASURES:
        measure = ir_measures.parse_measure(name)
        values = [m.value for m in ir_measures.iter_calc([measure], collection.relevant, found)]
        low, high = bootstrap(values)
        lines.append(f"  {name:10} {sum(values) / len(values):.3f}  ({low:.3f} – {high:.3f})")
    lines.append(f"  {'p50':10} {quantile(spent, 0.5) or 0:.1f} ms a query")
    lines.append(f"  {'p95':10} {quantile(spent, 0.95) or 0:.1f} ms a query")
    return "\n".join(lines)
