"""labelled messages -> guard.safetensors, the weights of the screen's classifier.

    python training/train_guard.py --rows FILE ... --test FILE ... --ok-from DIR --out DIR

The classifier is the packaged MiniLM with its upper layers tuned and one linear head over the
mean of the word pieces: message (after its history) -> ok, emergency, injection, decision,
smalltalk.  Rows are split by author: an author's file is either trained on or tested on.
Questions of the reading documents join as `ok`, so that a personal story around a general
question is not declined.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer
from tuning import Averaged, Training, TunedEncoder, json_lines, like_lengths, save_tuned

from assistant.classify import LABELS, guard_text
from assistant.embed import packaged_model
from assistant.normalise import normalise
from assistant.tuned import LONGEST, tune


def read_rows(paths: list[Path]) -> list[tuple[str, int]]:
    """(text as the classifier sees it, label number) of every row."""
    return [
        (guard_text(normalise(row["text"]), [normalise(h) for h in row["history"]]), LABELS.index(row["label"]))
        for row in json_lines(paths)
    ]


def ok_rows(folders: list[Path], count: int, rng: random.Random) -> list[tuple[str, int]]:
    """Questions of the reading documents, their titles and headings as people type keywords into a box, and
    questions after a stretch of their text, as harmless rows: a long message is no alarm."""
    questions, keywords, long = [], [], []
    for path in sorted(p for folder in folders for p in folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        questions += [q["q"] for q in document["questions"]]
        keywords += [document["title"], *(s["heading"] for s in document["sections"])]
        sentences = [t for s in document["sections"] for t in s["sentences"]]
        for _ in range(4):
            start, asked = rng.randrange(len(sentences)), rng.sample(questions, min(3, len(questions)))
            stretch = sentences[start : start + rng.randrange(2, 7)] if rng.random() < 0.5 else asked[:-1]
            long.append(" ".join([*stretch, asked[-1]]))
    share = {1: questions, 3: keywords, 4: long}
    picked = [text for part, texts in share.items() for text in rng.sample(texts, min(count // part, len(texts)))]
    return [(normalise(text), 0) for text in picked]


def known_rows(paths: list[Path]) -> list[tuple[str, int]]:
    """Known questions that a source answers, as harmless rows: it is for them that the screen has to make way."""
    return [(normalise(row["question"]), 0) for row in json_lines(paths) if row["gold"]]


BATCH = 32
JOINED = 0.15
STRONGER = ("ok", "smalltalk", "decision", "emergency", "injection")
"""Of two messages in one, the label further to the right is that of both."""


def joined(row: tuple[str, int], rows: list[tuple[str, int]], rng: random.Random) -> tuple[str, int]:
    """The row, or, JOINED of the time, the row beside another one, before it or behind it.

    A greeting beside a question is no small talk, so small talk is joined to other labels as if it were not there.
    """
    if rng.random() >= JOINED:
        return row
    other = rows[rng.randrange(len(rows))]
    if len(row[0]) + len(other[0]) > 800 or {LABELS[row[1]], LABELS[other[1]]} == {"emergency", "injection"}:
        return row
    parts = [row[0], other[0]]
    rng.shuffle(parts)
    both = rng.choice((" ", ". ", "\n")).join(parts)
    names = [LABELS[row[1]], LABELS[other[1]]]
    if names.count("smalltalk") == 1:
        names.remove("smalltalk")
    return both, LABELS.index(max(names, key=STRONGER.index))


def corrupt(text: str, rng: random.Random) -> str:
    """A few keyboard slips, as people make them on a phone; half of the rows stay as they are."""
    if rng.random() < 0.6:
        return text
    letters = list(text)
    for _ in range(max(1, len(letters) // 30)):
        at = rng.randrange(len(letters))
        kind = rng.randrange(4)
        if kind == 0:
            del letters[at]
        elif kind == 1 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif kind == 2:
            letters.insert(at, letters[at])
        else:
            letters = list("".join(letters).lower() if rng.random() < 0.7 else "".join(letters).upper())
        if not letters:
            return text
    return "".join(letters)


def probabilities(model: TunedEncoder, tokenizer: Any, texts: list[str]) -> np.ndarray:
    """(texts, labels), softmax."""
    model.eval()
    out = []
    with torch.inference_mode():
        for at in range(0, len(texts), 32):
            encoded = tokenizer(
                texts[at : at + 32], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            out.append(torch.softmax(model(encoded), -1).numpy())
    return np.concatenate(out)


def load(model: TunedEncoder, weights: Path) -> TunedEncoder:
    """The model, with the weights of an earlier run."""
    head = tune(model.bert, weights, "The weights", "training/train_guard.py")
    model.head.load_state_dict({k.removeprefix("head."): v for k, v in head.items()})
    return model


def mix(model: TunedEncoder, other: TunedEncoder) -> None:
    """Turns the model's weights into the mean of both: steadier than either."""
    with torch.no_grad():
        for own, theirs in zip(model.parameters(), other.parameters(), strict=True):
            own.lerp_(theirs, 0.5)


def main() -> None:
    """Trains, prints recall and false alarms of every label on the test rows, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument("--ok-from", type=Path, nargs="*", default=[])
    parser.add_argument("--ok-count", type=int, default=1500)
    parser.add_argument("--known", type=Path, nargs="*", default=[], help="known questions of a source")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--tuned", type=int, default=6, help="how many of the upper layers")
    parser.add_argument("--start", type=Path, help="weights of an earlier run to go on from")
    parser.add_argument("--average", type=Path, help="weights of an earlier run; the mean of both is written")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    rows = read_rows(args.rows) + ok_rows(args.ok_from, args.ok_count, rng) + known_rows(args.known)
    base = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = TunedEncoder(base, args.tuned, len(LABELS))
    if args.start:
        load(model, args.start)
    training = Training(model, args.rate, args.epochs * (len(rows) // BATCH + 1))
    averaged = Averaged(model)
    for epoch in range(args.epochs):
        model.train()
        began, total = time.time(), 0.0
        for part in like_lengths([joined(row, rows, rng) for row in rows], BATCH, lambda row: len(row[0]), rng):
            encoded = tokenizer(
                [corrupt(t, rng) for t, _ in part],
                padding=True,
                truncation=True,
                max_length=LONGEST,
                return_tensors="pt",
            )
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(encoded)
            target = torch.tensor([label for _, label in part])
            loss = torch.nn.functional.cross_entropy(logits.float(), target, label_smoothing=0.02)
            training.step(loss)
            averaged.add(model)
            total += loss.item() * len(part)
        print(f"epoch {epoch + 1} loss {total / len(rows):.4f}, {time.time() - began:.0f} s", flush=True)
    if args.average:
        mix(averaged.model, load(TunedEncoder(base, args.tuned, len(LABELS)), args.average))
    save_tuned(averaged.model, base, args.out / "guard.safetensors")
    for path in args.test:
        test = read_rows([path])
        p = probabilities(averaged.model, tokenizer, [t for t, _ in test])
        labels = np.array([label for _, label in test])
        print(path.name)
        for n, label in enumerate(LABELS):
            own = p[:, n]
            for threshold in (0.3, 0.5, 0.7):
                recall = (own[labels == n] >= threshold).mean()
                alarm = (own[labels != n] >= threshold).mean()
                on_ok = (own[labels == 0] >= threshold).mean()
                print(f"  {label:10} t={threshold} recall {recall:.3f} false {alarm:.3f} on ok {on_ok:.3f}")
        print(f"  accuracy {(p.argmax(1) == labels).mean():.3f}")


if __name__ == "__main__":
    main()
