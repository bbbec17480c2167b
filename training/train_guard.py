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
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

from assistant.classify import LABELS, guard_text
from assistant.embed import packaged_model
from assistant.normalise import normalise


def read_rows(paths: list[Path]) -> list[tuple[str, int]]:
    """(text as the classifier sees it, label number) of every row."""
    rows = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = guard_text(normalise(row["text"]), [normalise(h) for h in row["history"]])
            rows.append((text, LABELS.index(row["label"])))
    return rows


def ok_rows(folders: list[Path], count: int, rng: random.Random) -> list[tuple[str, int]]:
    """Questions of the reading documents, and their titles and headings as people type
    keywords into a box, as harmless rows."""
    questions, keywords = [], []
    for path in sorted(p for folder in folders for p in folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        questions += [q["q"] for q in document["questions"]]
        keywords += [document["title"], *(s["heading"] for s in document["sections"])]
    picked = rng.sample(questions, min(count, len(questions))) + rng.sample(keywords, min(count // 3, len(keywords)))
    return [(normalise(text), 0) for text in picked]


class Guard(torch.nn.Module):
    """MiniLM, mean of the word pieces, linear head."""

    def __init__(self, base: Path, tuned: int, labels: int = len(LABELS)) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(base, add_pooling_layer=False)
        self.head = torch.nn.Linear(self.bert.config.hidden_size, labels)
        for parameter in self.bert.parameters():
            parameter.requires_grad = False
        for layer in self.bert.encoder.layer[-tuned:]:
            for parameter in layer.parameters():
                parameter.requires_grad = True

    def forward(self, encoded: Any) -> torch.Tensor:
        """(batch, labels) logits."""
        hidden = self.bert(**encoded).last_hidden_state
        mask = encoded["attention_mask"][:, :, None].to(hidden.dtype)
        return self.head((hidden * mask).sum(1) / mask.sum(1))


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


def probabilities(model: Guard, tokenizer: Any, texts: list[str]) -> np.ndarray:
    """(texts, labels), softmax."""
    model.eval()
    out = []
    with torch.inference_mode():
        for at in range(0, len(texts), 32):
            encoded = tokenizer(texts[at : at + 32], padding=True, truncation=True, max_length=192, return_tensors="pt")
            out.append(torch.softmax(model(encoded), -1).numpy())
    return np.concatenate(out)


def save_tuned(model: Guard, tuned: int, path: Path) -> None:
    """Writes the tuned layers and the head, in half precision."""
    first = model.bert.config.num_hidden_layers - tuned
    kept = {
        name: value.detach().to(torch.float16).contiguous()
        for name, value in model.state_dict().items()
        if name.startswith("head.") or any(name.startswith(f"bert.encoder.layer.{n}.") for n in range(first, 99))
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(kept, str(path))


def main() -> None:
    """Trains, prints recall and false alarms of every label on the test rows, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument("--ok-from", type=Path, nargs="*", default=[])
    parser.add_argument("--ok-count", type=int, default=1500)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--tuned", type=int, default=6, help="how many of the upper layers")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    rows = read_rows(args.rows) + ok_rows(args.ok_from, args.ok_count, rng)
    base = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = Guard(base, args.tuned)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=args.rate, weight_decay=0.01)
    steps = args.epochs * (len(rows) // 32 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.rate, total_steps=steps + 1, pct_start=0.1, anneal_strategy="linear"
    )
    for epoch in range(args.epochs):
        model.train()
        rng.shuffle(rows)
        total = 0.0
        for at in range(0, len(rows), 32):
            part = rows[at : at + 32]
            encoded = tokenizer(
                [corrupt(t, rng) for t, _ in part],
                padding=True,
                truncation=True,
                max_length=128,
                return_tensors="pt",
            )
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(encoded)
            target = torch.tensor([label for _, label in part])
            loss = torch.nn.functional.cross_entropy(logits.float(), target, label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(part)
        print(f"epoch {epoch + 1} loss {total / len(rows):.4f}", flush=True)
    save_tuned(model, args.tuned, args.out / "guard.safetensors")
    for path in args.test:
        test = read_rows([path])
        p = probabilities(model, tokenizer, [t for t, _ in test])
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
