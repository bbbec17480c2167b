"""held-out questions, the trained reader -> evidence.json, the weights of the conditional logit.

    python training/fit_evidence.py --reading DIR ... --corpus DIR --rows DIR --out FILE

Two models ship: `plain`, fitted on held-out reading documents (never seen by the reader) without
known questions, and `known`, fitted on the questions of one author about the shipped source with the
other authors' questions as known ones, each author in turn. What a few known questions add to `plain`
is fitted on top of it, with 3 in 100 of them known. The others are for the ablation.
Figures are cross-validated: by document, and by author.

--rows keeps the evidence, so that weights are fitted again in seconds; it belongs to one reader, one
matcher and one way of gathering, so give another folder where one of these has changed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from evidence_rows import Row, document_rows, health_questions, load, owner_rows, save
from fit_further import fit_further, further_figures, pairs
from scipy.optimize import minimize

from assistant.cross import SHIPPED, CrossReader
from assistant.embed import Embedder
from assistant.further import FEATURES
from assistant.match import Matcher
from assistant.read import ConditionalLogit, Reading

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
CLOSE = ("close", "refused")


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


def fit_close(rows: Sequence[Row], plain: ConditionalLogit) -> ConditionalLogit:
    """`plain` with weights for what few known questions say, the others as they are: where none is close,
    nothing changes."""
    told = [(*plain.utilities(r.evidence), *(r.evidence.sentence[name] for name in CLOSE)) for r in rows]

    def loss(w: np.ndarray) -> float:
        total = 1e-4 * len(rows) * float(w @ w)
        for row, (utilities, none, close, refused) in zip(rows, told, strict=True):
            u = utilities + w[0] * close + w[1] * refused
            right = np.logaddexp.reduce(u[list(row.gold)]) if row.gold else none
            total += np.logaddexp(np.logaddexp.reduce(u), none) - right
        return float(total)

    w = minimize(loss, np.zeros(2), method="L-BFGS-B").x
    return ConditionalLogit(plain.sentence | dict(zip(CLOSE, w.tolist(), strict=True)), plain.none, plain.bias)


def read(rows: Sequence[Row], models: dict[str, ConditionalLogit]) -> list[tuple[Row, Reading]]:
    """Each row with its reading by the model that did not see its group."""
    return [(row, models[row.group](row.evidence)) for row in rows]


def figures(found: Sequence[tuple[Row, Reading]], threshold: float = 0.5) -> dict[str, float]:
    """The figures of rows that have been read."""
    rows, readings = zip(*found, strict=True)
    p = np.array([x.probability for x in readings])
    right = np.array(
        [bool(r.gold) and int(x.utilities.argmax()) in r.gold for r, x in zip(rows, readings, strict=True)]
    )
    answerable = np.array([bool(r.gold) for r in rows])
    near, far, beside = (np.array([r.kind == kind for r in rows]) for kind in ("near_miss", "far", "sibling"))
    lay = np.array([r.kind == "lay" for r in rows])
    said = p >= threshold
    auroc = float((p[answerable][:, None] > p[~answerable & ~far & ~beside][None, :]).mean())
    return {
        "hit@1": float(right[answerable].mean()),
        "right at t": float((right & said)[answerable].mean()),
        "lay right at t": float((right & said)[lay & answerable].mean()),
        "answer rate": float(said[answerable].mean()),
        "near misses answered": float(said[near & ~answerable].mean()),
        "far answered": float(said[far].mean()) if far.any() else 0.0,
        "siblings answered": float(said[beside].mean()) if beside.any() else 0.0,
        "auroc": auroc,
        "questions": float(len(rows)),
    }


def intervals(whole: Sequence[tuple[Row, Reading]], threshold: float, draws: int = 1000) -> str:
    """95 % intervals of the figures: whole groups (documents, authors) are drawn anew, seeded."""
    by_group: dict[str, list[tuple[Row, Reading]]] = {}
    for row, reading in whole:
        by_group.setdefault(row.group, []).append((row, reading))
    rng = np.random.default_rng(7)
    names = sorted(by_group)
    found: dict[str, list[float]] = {}
    for _ in range(draws):
        drawn = [pair for n in rng.integers(0, len(names), len(names)) for pair in by_group[names[n]]]
        for name, value in figures(drawn, threshold).items():
            found.setdefault(name, []).append(value)
    shown = figures(whole, threshold)
    return "  ".join(
        f"{name} {shown[name]:.3f} ({np.percentile(values, 2.5):.3f} to {np.percentile(values, 97.5):.3f})"
        for name, values in found.items()
        if name != "questions"
    )


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


def main() -> None:
    """Gathers (or loads) the evidence, prints the ablations, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading", type=Path, nargs="+", required=True)
    parser.add_argument("--siblings", type=Path, nargs="*", default=[], help="questions about another thing")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--medquad", type=Path, nargs=2, help="MedQuAD with answers; the questions that measure")
    parser.add_argument("--rows", type=Path, required=True, help="folder for the gathered evidence")
    parser.add_argument("--per-document", type=int, default=40)
    parser.add_argument("--per-author", type=int, default=140)
    parser.add_argument("--answer", type=float, default=0.7, help="the gate at which figures get their intervals")
    parser.add_argument("--least", type=float, default=0.1, help="probability from which a further sentence is cited")
    parser.add_argument("--reader", default=SHIPPED, help="another cross-encoder, by folder or Hub id")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.rows.mkdir(parents=True, exist_ok=True)
    models = Embedder(), Matcher(), CrossReader(args.reader)
    elsewhere = health_questions(*args.medquad) if args.medquad else []
    sets: dict[str, list[Row]] = {}
    for name, make in {
        "documents": lambda: document_rows(args.reading, args.siblings, args.per_document, models),
        "owner": lambda: (
            owner_rows(args.corpus, args.reading, args.per_author, models, 1.0, elsewhere)
            + owner_rows(args.corpus, args.reading, args.per_author // 2, models, 0.15, elsewhere)
        ),
        "few": lambda: owner_rows(args.corpus, args.reading, args.per_author, models, 0.03, elsewhere, seed=11),
    }.items():
        path = args.rows / f"{name}.json"
        if not path.exists():
            save(make(), path)
        sets[name] = load(path)
    fitted, trained = {}, {}
    for name, evidence in SENTENCE.items():
        rows = sets["owner" if "known" in name else "documents"]
        none = NONE.get(name, ())
        trained[name] = cross_validate(rows, evidence, none)
        shown = figures(read(rows, trained[name]))
        print(f"{name:22} {_line(shown)}", flush=True)
        model = fit(rows, evidence, none)
        fitted[name] = {"sentence": model.sentence, "none": model.none, "bias": model.bias}
    plain = dict.fromkeys({r.group for r in sets["owner"]}, _model(fitted["plain"]))
    owner_plain = figures(read(sets["owner"], plain))
    print(f"plain on the owner's questions: {_line(owner_plain)}")
    few, groups = _model(fitted["plain"]), sorted({r.group for r in sets["few"]})
    print(f"plain, 3 in 100 known: {_line(figures(read(sets['few'], dict.fromkeys(groups, few)), args.answer))}")
    closer = {g: fit_close([r for r in sets["few"] if r.group != g], few) for g in groups}
    print(f"with what these say: {_line(figures(read(sets['few'], closer), args.answer))}", flush=True)
    few = fit_close(sets["few"], few)
    fitted["plain"] = {"sentence": few.sentence, "none": few.none, "bias": few.bias}
    table = {"models": fitted}
    for name in ("plain", "known"):
        rows = sets["owner" if name == "known" else "documents"]
        print(f"{name} at {args.answer}: {intervals(read(rows, trained[name]), args.answer)}", flush=True)
        data = pairs(rows, trained[name])
        further_figures(data, (0.05, 0.1, 0.15, 0.2, 0.3))
        weights, bias = fit_further(data)
        table[f"further-{name}"] = {
            "weights": dict(zip(FEATURES, weights.tolist(), strict=True)),
            "bias": bias,
            "least": args.least,
        }
    args.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _line(shown: dict[str, float]) -> str:
    return "  ".join(f"{k} {v:.3f}" for k, v in shown.items())


def _model(table: dict) -> ConditionalLogit:
    return ConditionalLogit(table["sentence"], table["none"], table["bias"])


if __name__ == "__main__":
    main()
