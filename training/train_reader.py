"""reading documents, SQuAD 2.0, SelQA -> reader.safetensors, the weights of the shipped reader.

    python training/train_reader.py --out DIR [--epochs 3] [--squad FILE] [--selqa FILE ...] [--start WEIGHTS]

The reader is a cross-encoder: `question` / `title - heading: sentence` -> one logit.
A question is trained together with up to eight candidate sentences and a fixed "none of
these" logit of 0; the loss is the cross-entropy of each gold sentence against the
candidates that are not gold and against "none", or of "none" where nothing answers.  So the
choice of the sentence and the abstention are learnt at once.

The word embeddings stay frozen: only what the transformer layers differ by and the head are
written (11 MB); the rest comes from the packaged base model.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from tuning import Averaged, Training, in_short_batches, json_lines, save_tuned

from assistant.cross import shipped_encoder
from assistant.embed import packaged_model
from assistant.read import reading_text
from assistant.segment import split_sentences

CANDIDATES = 8
FOREIGN = 0.12  # share of questions put to the nearest sentences of another document: nothing answers
SQUAD_TEST = {"Huguenot", "Steam_engine", "Immune_system", "Scottish_Parliament"}


@dataclass(frozen=True)
class Example:
    """One question, the sentences of its document as the reader sees them, and which answer."""

    question: str
    texts: tuple[str, ...]
    gold: frozenset[int]
    kind: str
    document: str


def held_out(name: str) -> bool:
    """Documents never trained on: all of author t9, the last two of every other author."""
    author, number = name.split("_")
    last = {"t": {"13", "14"}, "u": {"15", "16"}}[author[0]]
    return author == "t9" or number in last


def read_siblings(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Document -> questions of the same shape about another thing, which it does not answer."""
    found: dict[str, list[str]] = {}
    for row in json_lines(paths):
        found.setdefault(row["document"], []).append(row["question"])
    return found


def reading_examples(folders: list[Path], siblings: dict[str, list[str]] | None = None) -> list[Example]:
    """Every question of every reading document in the folders, in file order, and its siblings' questions."""
    examples = []
    for path in sorted(p for folder in folders for p in folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        texts, index = [], {}
        for s, section in enumerate(document["sections"]):
            previous = ""
            for n, sentence in enumerate(section["sentences"]):
                index[(s, n)] = len(texts)
                texts.append(reading_text(document["title"], section["heading"], sentence, previous))
                previous = sentence
        for question in document["questions"]:
            gold = frozenset(index[(s, n)] for s, n in question["gold"])
            examples.append(Example(question["q"], tuple(texts), gold, question["type"], path.stem))
        for asked in (siblings or {}).get(path.stem, ()):
            examples.append(Example(asked, tuple(texts), frozenset(), "sibling", path.stem))
    return examples


def squad_examples(path: Path, test: bool = False) -> list[Example]:
    """SQuAD 2.0 paragraphs as small documents; the sentence that holds the answer is gold."""
    examples = []
    for article in json.loads(gzip.decompress(path.read_bytes()))["data"]:
        if (article["title"] in SQUAD_TEST) != test:
            continue
        title = article["title"].replace("_", " ")
        for paragraph in article["paragraphs"]:
            spans = split_sentences(paragraph["context"])
            sentences = [paragraph["context"][a:b] for a, b in spans]
            texts = tuple(
                reading_text(title, "", sentence, sentences[n - 1] if n else "") for n, sentence in enumerate(sentences)
            )
            for qa in paragraph["qas"]:
                starts = {a["answer_start"] for a in qa["answers"]} if not qa["is_impossible"] else set()
                gold = frozenset(n for n, (a, b) in enumerate(spans) if any(a <= s < b for s in starts))
                if bool(gold) != qa["is_impossible"]:
                    examples.append(Example(qa["question"], texts, gold, "squad", article["title"]))
    return examples


def selqa_examples(paths: list[Path]) -> list[Example]:
    """SelQA: the sentences of a section, those that answer are gold."""
    examples = []
    for path in paths:
        for row in json.loads(gzip.decompress(path.read_bytes())):
            sentences = row["candidates"]
            texts = tuple(
                reading_text(row["article"], row["section"], s, sentences[n - 1] if n else "")
                for n, s in enumerate(sentences)
            )
            examples.append(Example(row["question"], texts, frozenset(row["answers"]), "selqa", row["article"]))
    return examples


class Similarities:
    """Cosine of questions with sentences under the base embedder."""

    def __init__(self, examples: list[Example]) -> None:
        embedder = SentenceTransformer(str(packaged_model()), device="cpu")
        texts = sorted({t for e in examples for t in e.texts} | {e.question for e in examples})
        with torch.autocast("cpu", dtype=torch.bfloat16):
            self._vectors = embedder.encode(texts, batch_size=64, normalize_embeddings=True)
        self._row = {text: n for n, text in enumerate(texts)}

    def __call__(self, question: str, texts: tuple[str, ...]) -> np.ndarray:
        """(texts,) cosines."""
        return self._vectors[[self._row[t] for t in texts]] @ self._vectors[self._row[question]]


def choose(example: Example, cosine: np.ndarray, most: int, rng: random.Random) -> tuple[list[int], int]:
    """Candidate sentences of one step: golds first (how many), then hard and random others."""
    gold = rng.sample(sorted(example.gold), min(3, len(example.gold)))
    others = [n for n in np.argsort(-cosine).tolist() if n not in example.gold]
    hard = others[: 2 * CANDIDATES]
    rng.shuffle(hard)
    nearest = others[:2]
    rest = [n for n in hard if n not in nearest] + others[2 * CANDIDATES :]
    picked = gold + nearest + rest
    return picked[:most], len(gold)


def loss_of(logits: torch.Tensor, golds: int) -> torch.Tensor:
    """Cross-entropy of one question: (candidates,) logits, the first `golds` of them answer."""
    none = logits.new_zeros(1)
    others = torch.cat([logits[golds:], none])
    if golds == 0:
        return torch.logsumexp(others, 0) - none[0]
    terms = [torch.logsumexp(torch.cat([logits[g : g + 1], others]), 0) - logits[g] for g in range(golds)]
    return torch.stack(terms).mean()


def as_typed(question: str, rng: random.Random) -> str:
    """The question as hurried people type it, one time in six: no capitals, no end mark, one slip."""
    if rng.random() > 1 / 6:
        return question
    question = question.lower().rstrip("?. ")
    at = rng.randrange(len(question))
    if rng.random() < 0.5 and question[at].isalpha():
        question = question[:at] + question[at + 1 :]
    return question or "?"


def batches(examples: list[Example], cosine: Similarities, size: int, most: int, rng: random.Random) -> Any:
    """Yields lists of (question, candidate texts, number of golds), shuffled."""
    order = list(range(len(examples)))
    rng.shuffle(order)
    for at in range(0, len(order), size):
        batch = []
        for n in order[at : at + size]:
            example = examples[n]
            question = as_typed(example.question, rng)
            if rng.random() < FOREIGN:
                other = examples[rng.randrange(len(examples))]
                if other.document != example.document:
                    nearest = np.argsort(-cosine(example.question, other.texts))[:4].tolist()
                    batch.append((question, [other.texts[p] for p in nearest], 0))
                    continue
            picks, golds = choose(example, cosine(example.question, example.texts), most, rng)
            batch.append((question, [example.texts[p] for p in picks], golds))
        yield batch


def forward(model: Any, tokenizer: Any, pairs: list[tuple[str, str]], size: int = 24) -> torch.Tensor:
    """(pairs,) logits, in short batches of like lengths: padding costs as much as reading."""

    def read(numbers: list[int]) -> torch.Tensor:
        encoded = tokenizer(
            [pairs[n][0] for n in numbers],
            [pairs[n][1] for n in numbers],
            padding=True,
            truncation=True,
            max_length=160,
            return_tensors="pt",
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(**encoded).logits[:, 0].float()

    return in_short_batches([len(question) + len(text) for question, text in pairs], size, read)


def score(model: Any, tokenizer: Any, pairs: list[tuple[str, str]], size: int = 32) -> np.ndarray:
    """Logits of (question, text) pairs, without gradients."""
    with torch.inference_mode():
        return forward(model, tokenizer, pairs, size).numpy()


def evaluate(model: Any, tokenizer: Any, examples: list[Example]) -> dict[str, float]:
    """Every sentence read: top-1 over the answerable and AUROC of the best logit."""
    model.eval()
    pairs = [(e.question, t) for e in examples for t in e.texts]
    logits = score(model, tokenizer, pairs)
    best, hit, at = [], [], 0
    for e in examples:
        own = logits[at : at + len(e.texts)]
        at += len(e.texts)
        best.append(float(own.max()))
        if e.gold:
            hit.append(int(own.argmax()) in e.gold)
    model.train()
    answerable = np.array([bool(e.gold) for e in examples])
    scores = np.array(best)
    wins = (scores[answerable][:, None] > scores[~answerable][None, :]).mean()
    return {"hit@1": float(np.mean(hit)), "auroc": float(wins), "questions": len(examples)}


def main() -> None:
    """Trains, evaluates after every epoch, writes the weights and the log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--reading", type=Path, nargs="+", required=True)
    parser.add_argument("--siblings", type=Path, nargs="*", default=[], help="questions about another thing")
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--selqa", type=Path, nargs="*", default=[])
    parser.add_argument("--public-per-epoch", type=int, default=1400, help="questions drawn anew")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--candidates", type=int, default=CANDIDATES, help="sentences a question")
    parser.add_argument("--batch", type=int, default=12, help="questions a step")
    parser.add_argument("--rate", type=float, default=8e-5)
    parser.add_argument("--last-rate", type=float, default=0.0, help="where the rate ends")
    parser.add_argument("--start", type=Path, help="weights of an earlier run to go on from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--test-documents", type=int, default=10)
    parser.add_argument("--steps", type=int, help="stop early, for a smoke test")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)

    reading = reading_examples(args.reading, read_siblings(args.siblings))
    train = [e for e in reading if not held_out(e.document)]
    test = [e for e in reading if held_out(e.document)]
    names = sorted({e.document for e in test})[:: max(1, len({e.document for e in test}) // args.test_documents)]
    test = [e for e in test if e.document in names]
    extra = (squad_examples(args.squad) if args.squad else []) + selqa_examples(args.selqa)
    print(f"train {len(train)} reading + {len(extra)} public; test {len(test)} of {len(names)} documents", flush=True)
    drawn = min(args.public_per_epoch, len(extra))
    public = [rng.sample(extra, drawn) for _ in range(args.epochs)]
    cosine = Similarities([*train, *(e for epoch in public for e in epoch)])

    base = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(base)
    if args.start:
        model = shipped_encoder(args.start)[0].auto_model
    else:
        model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    for parameter in model.bert.embeddings.parameters():
        parameter.requires_grad = False
    total = args.epochs * ((len(train) + drawn) // args.batch + 1)
    training = Training(model, args.rate, total, args.last_rate)
    averaged = Averaged(model)
    args.out.mkdir(parents=True, exist_ok=True)
    step, began, running, seen = 0, time.time(), 0.0, 0
    for epoch in range(args.epochs):
        for batch in batches([*train, *public[epoch]], cosine, args.batch, args.candidates, rng):
            pairs = [(q, t) for q, own, _ in batch for t in own]
            logits = forward(model, tokenizer, pairs)
            losses, at = [], 0
            for _, own, golds in batch:
                losses.append(loss_of(logits[at : at + len(own)], golds))
                at += len(own)
            loss = torch.stack(losses).mean()
            training.step(loss)
            averaged.add(model)
            step += 1
            seen += len(pairs)
            running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
            if step % 50 == 0:
                rate = seen / (time.time() - began)
                print(f"step {step}/{total} loss {running:.3f} {rate:.0f} pairs/s", flush=True)
            if args.steps and step >= args.steps:
                break
        save_tuned(averaged.model, base, args.out / "reader.safetensors")
        print(f"epoch {epoch + 1}: {json.dumps(evaluate(averaged.model, tokenizer, test))}", flush=True)
        if args.steps and step >= args.steps:
            break


if __name__ == "__main__":
    main()
