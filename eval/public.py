"""a public question set, in its own format -> cases, and what the assistant makes of them.

squad2: each article is a source; answerable questions and such that only sound so.
clinc: requests outside of any scope. xstest: scary words, harmless questions. lines: any plain
file of questions. All of the last three are asked of the shipped source, which answers none of
them (a few of the lines, perhaps): none may be answered, none may raise an alarm.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from assistant.__main__ import show_progress
from assistant.engine import Assistant, build
from assistant.settings import Settings
from assistant.source import parse
from eval.cases import Case, CasesError
from eval.intervals import wilson
from eval.metrics import Row
from eval.public_search import beir, evenly, medquad, opened, search
from eval.report_data import figures, right_by_category
from eval.run import ANSWERS, answer_row
from eval.runs import Run, keep_questions

Build = Callable[[Path], Assistant]


def publish(name: str, path: Path, settings: Settings, limit: int, articles: int, out: Path | None) -> str:
    """The set `name` at `path`, asked; what came of it, as text. limit, articles: at most so many, 0 for all."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)

        def built(corpus: Path) -> Assistant:
            return build(replace(settings, corpus=corpus, data=folder / "data"), progress=show_progress)

        if name in ("medquad", "beir"):
            collection = medquad(path) if name == "medquad" else beir(path)
            return search(collection.only(limit) if limit else collection, built, folder / "corpus")
        if name == "squad2":
            cases, rows = ask_articles(squad2(path), built, folder / "articles", limit, articles)
        else:
            read = {"clinc": clinc, "xstest": xstest, "lines": lines}[name]
            cases = evenly(read(path), limit)
            rows = ask(build(settings, progress=show_progress), cases)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        keep_questions(cases, out)
        (out / ANSWERS).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return figures_text(cases, rows) if name == "squad2" else verdict_table(cases, rows)


def figures_text(cases: Sequence[Case], rows: Sequence[Row]) -> str:
    """The acceptance figures that such a set has, with intervals."""
    run = Run("", Path(), tuple(asdict(case) for case in cases), {r["id"]: r for r in rows}, {})
    kinds = {kind: f"{right} of {count} right" for kind, (right, count) in right_by_category(run).items()}
    lines = [f"{len(cases)} questions: " + ", ".join(f"{kind} {text}" for kind, text in kinds.items())]
    for f in figures(run):
        interval = "" if math.isnan(f.low) else f"({f.low:.3f} – {f.high:.3f})"
        lines.append(f"  {f.name:28} {f.value:9.3f}  {interval}  of {f.count}")
    return "\n".join(lines)


def squad2(path: Path) -> Iterator[tuple[str, str, list[Case]]]:
    """Each article: its file name, its text, and its questions with the sentences that hold an answer."""
    try:
        articles = json.loads(opened(path))["data"]
        for number, article in enumerate(articles):
            name = re.sub(r"\W+", "-", str(article.get("title") or f"article-{number}")).strip("-") + ".txt"
            yield (name, *_article(name, article["paragraphs"]))
    except (ValueError, KeyError, TypeError) as error:
        raise CasesError(f"{path}: not SQuAD 2.0 ({error!r}).") from error


def _article(name: str, paragraphs: list[dict[str, Any]]) -> tuple[str, list[Case]]:
    text, starts = "", []
    for paragraph in paragraphs:
        starts.append(len(text))
        text += paragraph["context"].replace("\r", " ") + "\n\n"
    document = parse(text, name)
    cases = []
    for start, paragraph in zip(starts, paragraphs, strict=True):
        for row in paragraph["qas"]:
            spots = sorted({start + a["answer_start"] for a in row.get("answers", ())})
            gold = tuple(dict.fromkeys(s.text for at in spots for s in document.sentences if s.start <= at < s.end))
            impossible = bool(row.get("is_impossible"))
            if gold or impossible:
                kind = "unanswerable" if impossible else "answerable"
                expect = "abstain" if impossible else "answer"
                cases.append(Case(str(row["id"]), row["question"], (), kind, expect, () if impossible else gold))
    return text, cases


def clinc(path: Path) -> list[Case]:
    """The out-of-scope requests of CLINC150's own JSON, or of a plain file."""
    text = opened(path)
    if not text.lstrip().startswith("{"):
        return lines(path, "out_of_scope", "abstain")
    try:
        sets = json.loads(text)
        asked = [row[0] for name, rows in sets.items() if name.startswith("oos") for row in rows]
    except (ValueError, LookupError, TypeError) as error:
        raise CasesError(f"{path}: not CLINC150 ({error!r}).") from error
    return [Case(f"oos-{n}", q, (), "out_of_scope", "abstain") for n, q in enumerate(asked, start=1)]


def xstest(path: Path) -> list[Case]:
    """The prompts of XSTest's CSV; its `type` is the category."""
    rows = list(csv.DictReader(io.StringIO(opened(path), newline="")))
    if not rows or "prompt" not in rows[0]:
        raise CasesError(f"{path}: not XSTest: a CSV with the columns id, prompt and type is wanted.")
    return [
        Case(row.get("id") or str(n), row["prompt"], (), row.get("type") or row.get("label") or "", "abstain")
        for n, row in enumerate(rows, start=1)
    ]


def lines(path: Path, category: str = "lines", expect: str = "") -> list[Case]:
    """One question a line."""
    asked = [line.strip() for line in opened(path).splitlines() if line.strip()]
    return [Case(f"line-{n}", question, (), category, expect) for n, question in enumerate(asked, start=1)]


def ask_articles(
    articles: Iterator[tuple[str, str, list[Case]]], build: Build, folder: Path, count: int, most: int
) -> tuple[list[Case], list[Row]]:
    """At most `count` questions an article, of at most `most` articles (0: all), each asked of its article."""
    cases: list[Case] = []
    rows: list[Row] = []
    for number, (name, text, asked) in enumerate(articles):
        if most and number >= most:
            break
        corpus = folder / f"{number:03}"
        corpus.mkdir(parents=True)
        (corpus / name).write_text(text, encoding="utf-8")
        chosen = evenly(asked, count)
        cases += chosen
        rows += ask(build(corpus), chosen, name)
    return cases, rows


def ask(assistant: Assistant, cases: Sequence[Case], title: str = "") -> list[Row]:
    """The answer row of every case."""
    return [
        answer_row(case, assistant.ask(case.question, case.history))
        for case in tqdm(cases, unit="question", desc=title or None)
    ]


def verdict_table(cases: Sequence[Case], rows: Sequence[Row], show: int = 20) -> str:
    """How many of each kind were answered or met with an alarm, and the first of those."""
    kinds = list(dict.fromkeys(case.category for case in cases))
    text = [f"{'kind':30} {'asked':>6}   {'answered':<28}{'alarm':<28}otherwise"]
    for kind in [*kinds, "all"] if len(kinds) > 1 else kinds:
        got = [r for c, r in zip(cases, rows, strict=True) if kind in ("all", c.category)]
        counts = Counter(r["verdict"] for r in got)
        rest = ", ".join(f"{n} {v}" for v, n in counts.most_common() if v not in ("answered", "emergency"))
        cells = [f"{_share(counts[v], len(got)):<28}" for v in ("answered", "emergency")]
        text.append(f"{kind:30} {len(got):6}   {''.join(cells)}{rest}")
    for verdict, title in (("emergency", "met with an alarm"), ("answered", "answered")):
        found = [r for r in rows if r["verdict"] == verdict]
        if found:
            text += ["", f"{title}: {len(found)}" + (f", the first {show}" if len(found) > show else "")]
        for row in found[:show]:
            quote = next((f": “{c['quote']}”" for c in row["citations"]), f" ({row['reason']})")
            text.append(f"  {row['id']} {row['question']}{quote}")
    return "\n".join(text)


def _share(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{hits:5} {100 * hits / count:5.1f} % ({100 * low:.1f} – {100 * high:.1f})"
