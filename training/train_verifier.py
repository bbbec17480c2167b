"""statements with the sentences that they cite -> verifier.safetensors, the weights of the shipped verifier.

    python training/train_verifier.py --statements FILE ... --reading DIR ... --out DIR [--start reader]

The verifier is the packaged MiniLM with its upper layers tuned and one linear head, which gives
each word piece of the statement, read beside the sentences, the chance that it is at fault.  A
statement is supported when none is (noisy-or).  Rows written by hand are joined by rows made from
them and from the reading documents (`made_statements.py`), of which it is known where the fault
lies.  Documents are split: those of `held_out` are never read here; a seventh of the others choose
the epoch that is kept, and `fit_support.py` fits the weights of the checks on them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import torch
from made_statements import CHANGES, reworded, shortened
from safetensors.torch import load_file
from train_reader import held_out
from transformers import AutoTokenizer
from tuning import Averaged, Training, TunedEncoder, json_lines, like_lengths, save_tuned

from assistant.claims import TELLING, checks
from assistant.cross import WEIGHTS as READER
from assistant.embed import packaged_model
from assistant.names import load_medicines
from assistant.support import LABELS
from assistant.tuned import unpacked

CAUGHT = 0.95
"""Share of the unsupported statements of the threshold's documents that are to be caught."""
WORD = re.compile(r"\w+|[^\w\s]")
CONTRAST = 0.75
"""How alike two statements of the same sentences are, from which on their difference is the fault."""


@dataclass(frozen=True)
class Row:
    """evidence: sentences, joined. fault: of an unsupported statement, "" else. spans: where its fault lies,
    in characters; none where that is not known."""

    statement: str
    evidence: str
    supported: bool
    document: str
    fault: str = ""
    spans: tuple[tuple[int, int], ...] = ()


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """Rows written by hand. Where a supported statement of the same sentences hardly differs from an unsupported
    one, the fault lies where they differ."""
    rows = [
        Row(r["statement"], " ".join(r["evidence"]), r["label"] == "supported", r["document"], r["fault"] or "")
        for r in json_lines(paths)
    ]
    right = defaultdict(list)
    for row in rows:
        if row.supported:
            right[row.evidence].append(row.statement)
    return [row if row.supported else _with_spans(row, right[row.evidence]) for row in rows]


def _with_spans(row: Row, right: Sequence[str]) -> Row:
    alike = max(((_alike(text, row.statement), text) for text in right), default=(0.0, ""))
    return replace(row, spans=spans(alike[1], row.statement)) if alike[0] >= CONTRAST else row


def _alike(a: str, b: str) -> float:
    """Share of the words of both that stand in both, in the same order."""
    return SequenceMatcher(None, _words(a), _words(b), autojunk=False).ratio()


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def read_documents(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Name -> sentences, of every reading document that is not held out."""
    found = {}
    for path in sorted(p for folder in folders for p in folder.glob("*.json")):
        if not held_out(path.stem):
            table = json.loads(path.read_text(encoding="utf-8"))
            found[path.stem] = [s for section in table["sections"] for s in section["sentences"]]
    return found


def for_threshold(document: str) -> bool:
    """One document in seven, by its name."""
    return hashlib.sha256(document.encode()).digest()[0] % 7 == 0


def made_from_rows(rows: Sequence[Row], documents: dict[str, list[str]], rng: random.Random) -> list[Row]:
    """Supported statements changed in one place, or put to other sentences; any statement put to itself."""
    made = []
    by_document = defaultdict(list)
    for row in rows:
        by_document[row.document].append(row)
    for row in rows:
        sentences = documents.get(row.document, [])
        if not row.supported:
            made.append(Row(row.statement, row.statement, True, row.document))
            continue
        for fault in rng.sample(sorted(CHANGES), 3):
            text = CHANGES[fault](row.statement, sentences, rng)
            if text != row.statement:
                made.append(Row(text, row.evidence, False, row.document, fault, spans(row.statement, text)))
        made.append(Row(reworded(row.statement, rng), row.evidence, True, row.document))
        others = [s for s in sentences if s not in row.evidence]
        if others:
            near = sorted(others, key=lambda s: -_shared(s, row.statement))[:3]
            made.append(Row(row.statement, rng.choice(near), False, row.document, "evidence"))
            parts = [row.evidence, rng.choice(others)]
            rng.shuffle(parts)
            made.append(Row(row.statement, " ".join(parts), True, row.document))
    return made


def made_from_documents(documents: dict[str, list[str]], count: int, rng: random.Random) -> list[Row]:
    """Sentences as they are, reworded, shortened, changed in one place, or put to their neighbours."""
    places = [(name, n) for name, sentences in documents.items() for n in range(len(sentences))]
    made = []
    for name, n in rng.sample(places, min(count, len(places))):
        sentences = documents[name]
        sentence = sentences[n]
        start = rng.randrange(max(0, n - 1), n + 1)
        evidence = " ".join(sentences[start : n + 1 + rng.randrange(2)])
        kind = rng.random()
        if kind < 0.1:
            made.append(Row(sentence, evidence, True, name))
        elif kind < 0.42:
            made.append(
                Row(reworded(shortened(sentence, rng) if rng.random() < 0.3 else sentence, rng), evidence, True, name)
            )
        elif kind < 0.5:
            near = sorted(set(sentences) - {sentence}, key=lambda s: (-_shared(s, sentence), s))[:3]
            made.append(Row(sentence, rng.choice(near), False, name, "evidence"))
        else:
            fault = rng.choice(sorted(CHANGES))
            before = reworded(sentence, rng) if rng.random() < 0.6 else sentence
            text = CHANGES[fault](before, sentences, rng)
            if text != before:
                made.append(Row(text, evidence, False, name, fault, spans(before, text)))
    return made


def spans(before: str, after: str) -> tuple[tuple[int, int], ...]:
    """Where `after` differs, in characters, word by word; around the gap where a word is gone."""
    words = [list(WORD.finditer(text)) for text in (before, after)]
    texts = [[m.group() for m in found] for found in words]
    found = []
    for kind, _, _, start, end in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if kind == "equal" or not words[1]:
            continue
        first, last = (start, end - 1) if start < end else (max(0, start - 1), min(start, len(words[1]) - 1))
        found.append((words[1][first].start(), words[1][last].end()))
    return tuple(found)


def _shared(a: str, b: str) -> int:
    return len(set(a.lower().split()) & set(b.lower().split()))


def started(base: Path, tuned: int, start: str) -> TunedEncoder:
    """The base model, its upper layers those of the base, of the shipped reader, or of a verifier to go on from."""
    model = TunedEncoder(base, tuned, len(LABELS))
    torch.nn.init.constant_(model.head.bias, -4.0)
    if start == "base":
        return model
    first = model.bert.config.num_hidden_layers - tuned
    upper = tuple(f"encoder.layer.{n}." for n in range(first, model.bert.config.num_hidden_layers))
    stored = load_file(str(READER if start == "reader" else start))
    wanted = {k: v for k, v in stored.items() if k.removeprefix("bert.").startswith((*upper, "head."))}
    weights = unpacked(wanted, model.bert.state_dict())
    model.bert.load_state_dict({k: v for k, v in weights.items() if k.startswith(upper)}, strict=False)
    if start != "reader":
        model.head.load_state_dict({k[5:]: v for k, v in weights.items() if k.startswith("head.")})
    return model


def figures(rows: Sequence[Row], p: np.ndarray, rejected: np.ndarray, threshold: float) -> dict[str, float]:
    """Share of supported kept and of unsupported caught, in all and by fault."""
    shown = (p >= threshold) & ~rejected
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, flag in zip(rows, shown, strict=True):
        groups["kept" if row.supported else "caught"].append(bool(flag) == row.supported)
        if not row.supported:
            groups[row.fault].append(not flag)
    return {name: round(sum(v) / len(v), 3) for name, v in sorted(groups.items())}


def threshold_for(rows: Sequence[Row], p: np.ndarray, rejected: np.ndarray) -> float:
    """The lowest threshold from which on CAUGHT of the unsupported statements are caught."""
    return float(np.quantile(np.where(rejected, 0.0, p)[[not r.supported for r in rows]], CAUGHT)) + 1e-9


def main() -> None:
    """Trains, measures after every epoch on the threshold's documents, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=Path, nargs="+", required=True)
    parser.add_argument("--reading", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", default="reader", help="base, reader, or weights of an earlier run")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--tuned", type=int, default=6, help="how many of the upper layers")
    parser.add_argument("--sentences", type=int, default=4000, help="made from documents an epoch")
    parser.add_argument("--repeat", type=int, default=2, help="how often a row by hand is seen an epoch")
    parser.add_argument("--made", type=float, default=1.0, help="share of those made from rows by hand, an epoch")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="stop early, for a smoke test")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)

    rows = [r for r in read_rows(args.statements) if not held_out(r.document)]
    documents = read_documents(args.reading)
    dev = [r for r in rows if for_threshold(r.document)]
    train = [r for r in rows if not for_threshold(r.document)]
    learnt = {name: s for name, s in documents.items() if not for_threshold(name)}
    judges = [fails for name, fails in checks(load_medicines()).items() if name not in TELLING]
    rejected = np.array([any(fails(r.statement, r.evidence) for fails in judges) for r in dev])
    print(f"{len(train)} rows by hand to train on, {len(dev)} for the threshold, {len(learnt)} documents", flush=True)

    base = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = started(base, args.tuned, args.start)
    made = round(args.made * len(made_from_rows(train, learnt, random.Random(0))))
    an_epoch = len(train) * args.repeat + made + args.sentences
    training = Training(model, args.rate, args.epochs * (an_epoch // args.batch + 40))
    averaged = Averaged(model)
    step, began, best = 0, time.time(), 0.0
    for epoch in range(args.epochs):
        model.train()
        from_rows = made_from_rows(train, learnt, rng)
        seen = train * args.repeat + rng.sample(from_rows, min(made, len(from_rows)))
        seen += made_from_documents(learnt, args.sentences, rng)
        total = 0.0
        for part in like_lengths(seen, args.batch, lambda row: len(row.statement) + len(row.evidence), rng):
            loss = loss_of(model, tokenizer, part)
            training.step(loss)
            averaged.add(model)
            step += 1
            total += loss.item() * len(part)
            if args.steps and step >= args.steps:
                break
        p = score(averaged.model, tokenizer, dev)
        threshold = threshold_for(dev, p, rejected)
        told = figures(dev, p, rejected, threshold)
        print(
            f"epoch {epoch + 1}: loss {total / len(seen):.3f}, {time.time() - began:.0f} s, threshold {threshold:.3f} "
            f"{json.dumps(told)}, from 0.5 {json.dumps(figures(dev, p, rejected, 0.5))}",
            flush=True,
        )
        if told["kept"] >= best:
            best = told["kept"]
            save_tuned(averaged.model, base, args.out / "verifier.safetensors")
        if args.steps and step >= args.steps:
            break


def faults(model: TunedEncoder, tokenizer: Any, rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(rows, pieces) softplus of each piece's logit, 0 outside of the statement; whether a piece is in a span of
    its row; whether it is the statement's at all. The first piece speaks for the statement as a whole."""
    pairs = [r.statement for r in rows], [r.evidence for r in rows]
    encoded = tokenizer(
        *pairs, padding=True, truncation="only_second", max_length=192, return_tensors="pt", return_offsets_mapping=True
    )
    offsets = encoded.pop("offset_mapping").tolist()
    own = torch.tensor([[s == 0 or n == 0 for n, s in enumerate(encoded.sequence_ids(r))] for r in range(len(rows))])
    inside = torch.tensor(
        [
            [any(a < e and b > s for s, e in row.spans) for a, b in places]
            for row, places in zip(rows, offsets, strict=True)
        ]
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.bert(**encoded).last_hidden_state
    logits = model.head(hidden.float())[:, :, 0]
    return torch.nn.functional.softplus(logits) * own, inside & own, own


def loss_of(model: TunedEncoder, tokenizer: Any, rows: Sequence[Row]) -> torch.Tensor:
    """Mean over the rows of -log P: that no piece is at fault, or that one is, of its spans where they are known;
    then the others are held to be right, at half weight."""
    costs, inside, _ = faults(model, tokenizer, rows)
    losses = []
    for row, cost, here in zip(rows, costs, inside, strict=True):
        if row.supported:
            losses.append(cost.sum())
            continue
        known = bool(here.any())
        at_fault = -torch.log(-torch.expm1(-(cost[here].sum() if known else cost.sum())) + 1e-6)
        losses.append(at_fault + 0.5 * cost[~here].sum() if known else at_fault)
    return torch.stack(losses).mean()


def score(model: TunedEncoder, tokenizer: Any, rows: Sequence[Row]) -> np.ndarray:
    """(rows,) probability of supported."""
    model.eval()
    with torch.inference_mode():
        costs = [faults(model, tokenizer, rows[at : at + 32])[0].sum(1) for at in range(0, len(rows), 32)]
    return torch.exp(-torch.cat(costs)).numpy()


if __name__ == "__main__":
    main()
