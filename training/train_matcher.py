"""reading documents, SQuAD 2.0 -> matcher.safetensors, the weights of the sentence encoder that matches questions.

    python training/train_matcher.py --out DIR --reading DIR ... [--squad FILE] [--epochs 5]

The matcher is the packaged MiniLM with its upper layers tuned: a question and a sentence in its place
-> one vector each, their cosine times a learned scale is a logit.  A step reads a few documents whole
and puts to them all of their questions: each gold sentence against every sentence of every document
of the step that is not gold, and against a learned "none of these"; the same loss as the reader's.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from train_reader import Example, as_typed, held_out, loss_of, reading_examples, squad_examples
from transformers import AutoTokenizer
from tuning import Averaged, Training, TunedEncoder, in_short_batches, save_tuned

from assistant.embed import packaged_model

MOST = 40
"""Questions put to one document in a step."""


class Matcher(TunedEncoder):
    """The head's two outputs are not used on texts: its bias holds the log of the scale, and of "none"."""

    def __init__(self, base: Path, tuned: int) -> None:
        super().__init__(base, tuned, 2)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([np.log(20.0), 0.45]))

    def vectors(self, encoded: Any) -> torch.Tensor:
        """(texts, 384) unit vectors."""
        return torch.nn.functional.normalize(self.pooled(encoded), dim=1)


def encode(model: Matcher, tokenizer: Any, texts: list[str], size: int = 24) -> torch.Tensor:
    """(texts, 384), in short batches of like lengths."""

    def read(numbers: list[int]) -> torch.Tensor:
        part = [texts[n] for n in numbers]
        encoded = tokenizer(part, padding=True, truncation=True, max_length=128, return_tensors="pt")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model.vectors(encoded).float()

    return in_short_batches([len(text) for text in texts], size, read)


def merged(examples: list[Example], paragraphs: int = 7) -> list[list[Example]]:
    """SQuAD's paragraphs, so many of an article together as one document, with their questions."""
    by_article: dict[str, dict[tuple[str, ...], list[Example]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        by_article[example.document][example.texts].append(example)
    groups = []
    for own in by_article.values():
        items = list(own.items())
        for at in range(0, len(items), paragraphs):
            part = items[at : at + paragraphs]
            texts = tuple(t for paragraph, _ in part for t in paragraph)
            group, shift = [], 0
            for paragraph, asked in part:
                group += [replace(e, texts=texts, gold=frozenset(shift + g for g in e.gold)) for e in asked]
                shift += len(paragraph)
            groups.append(group)
    return groups


def grouped(examples: list[Example]) -> list[list[Example]]:
    """Examples that share their sentences."""
    by_texts: dict[tuple[str, ...], list[Example]] = defaultdict(list)
    for example in examples:
        by_texts[example.texts].append(example)
    return list(by_texts.values())


def group_loss(model: Matcher, tokenizer: Any, groups: list[list[Example]], rng: random.Random) -> torch.Tensor:
    """Mean loss of every question of the groups, against the sentences of all of them."""
    texts = [t for group in groups for t in group[0].texts]
    questions = [as_typed(e.question, rng) for group in groups for e in group]
    vectors = encode(model, tokenizer, texts + questions)
    scale, none = model.head.bias[0].exp(), model.head.bias[1]
    logits = scale * (vectors[len(texts) :] @ vectors[: len(texts)].T - none)
    losses, at, row = [], 0, 0
    for group in groups:
        for example in group:
            gold = sorted(example.gold)
            columns = [at + n for n in gold] + [n for n in range(len(texts)) if n - at not in example.gold]
            losses.append(loss_of(logits[row, columns], len(gold)))
            row += 1
        at += len(group[0].texts)
    return torch.stack(losses).mean()


def evaluate(model: Matcher, tokenizer: Any, groups: list[list[Example]]) -> dict[str, float]:
    """Top-1 over the answerable and AUROC of the best cosine."""
    model.eval()
    best, hit, lay, answerable = [], [], [], []
    with torch.inference_mode():
        for group in groups:
            sentences = encode(model, tokenizer, list(group[0].texts))
            cosines = (encode(model, tokenizer, [e.question for e in group]) @ sentences.T).numpy()
            for example, own in zip(group, cosines, strict=True):
                best.append(own.max())
                answerable.append(bool(example.gold))
                if example.gold:
                    hit.append(int(own.argmax()) in example.gold)
                    if example.kind == "lay":
                        lay.append(hit[-1])
    yes = np.array(answerable)
    scores = np.array(best)
    wins = (scores[yes][:, None] > scores[~yes][None, :]).mean()
    return {"hit@1": float(np.mean(hit)), "lay": float(np.mean(lay)), "auroc": float(wins), "questions": len(best)}


def main() -> None:
    """Trains, evaluates after every epoch, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--reading", type=Path, nargs="+", required=True)
    parser.add_argument("--squad", type=Path)
    parser.add_argument(
        "--public-per-epoch", type=int, default=30, help="of SQuAD's, drawn anew, seven paragraphs each"
    )
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--tuned", type=int, default=6)
    parser.add_argument("--documents", type=int, default=2, help="a step")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    reading = reading_examples(args.reading)
    train = grouped([e for e in reading if not held_out(e.document)])
    test = grouped([e for e in reading if held_out(e.document)])
    extra = merged(squad_examples(args.squad)) if args.squad else []
    base = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = Matcher(base, args.tuned)
    print(f"{len(train)} documents; {len(extra)} of SQuAD; before: {evaluate(model, tokenizer, test)}", flush=True)
    drawn = min(args.public_per_epoch, len(extra))
    training = Training(model, args.rate, args.epochs * ((len(train) + drawn) // args.documents + 1))
    averaged = Averaged(model)
    for epoch in range(args.epochs):
        model.train()
        began, losses = time.time(), []
        groups = train + [rng.sample(group, min(MOST, len(group))) for group in rng.sample(extra, drawn)]
        rng.shuffle(groups)
        for at in range(0, len(groups), args.documents):
            loss = group_loss(model, tokenizer, groups[at : at + args.documents], rng)
            training.step(loss)
            averaged.add(model)
            losses.append(loss.item())
        found = evaluate(averaged.model, tokenizer, test)
        print(
            f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {time.time() - began:.0f} s, {json.dumps(found)}",
            flush=True,
        )
        save_tuned(averaged.model, base, args.out / "matcher.safetensors")


if __name__ == "__main__":
    main()
