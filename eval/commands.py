"""What each command of `python -m eval` does: arguments -> exit status. Only what a command needs is imported."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import FootnoteError
from assistant.settings import Settings, from_environment
from eval.cases import CasesError, read_cases
from eval.peers.protocol import PEERS

if TYPE_CHECKING:
    from eval.runs import Run


def run(args: argparse.Namespace) -> int:
    """Answers the questions, writes the run's folder, prints the figures; 1 where a row was bad or broke."""
    from assistant.__main__ import show_progress
    from assistant.engine import build
    from assistant.render import BROKEN
    from eval.adversary import start
    from eval.export import export
    from eval.identity import identity
    from eval.rephrased import as_text
    from eval.run import BAD_QUESTION, one_by_one, run
    from eval.runs import keep_questions
    from eval.summary import read_answers, spent, summary
    from eval.workers import in_processes

    cases, faults = read_cases(args.questions)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not cases:
        raise CasesError(f"{args.questions}: no row can be used.")
    settings, lies = start(from_environment(args.llm, corpus=args.corpus, profile=args.profile))
    assistant = build(settings, progress=show_progress)
    answering = one_by_one(assistant) if args.workers == 1 else in_processes(settings, args.workers)
    finished = run(answering, cases, args.out, identity(settings, args.questions, assistant))
    path = finished.path
    keep_questions(cases, args.out)
    if args.export:
        print(export(args.export, [asdict(case) for case in cases], read_answers(path), args.out))
    print(summary(cases, path, settings.corpus))
    if settings.llm.model:
        print(as_text(read_answers(path), lies()))
    print(spent(finished, args.workers))
    reasons = Counter(row["reason"] for row in read_answers(path))
    troubles = {
        f"faults in {args.questions} (see above); {len(cases)} rows were asked": len(faults),
        "questions could not be asked (see their `answer`)": reasons[BAD_QUESTION],
        "refusals because something broke, not because of the question": sum(reasons[r] for r in BROKEN),
    }
    for trouble, count in troubles.items():
        if count:
            print(f"{count} {trouble}.", file=sys.stderr)
    return 1 if any(troubles.values()) else 0


def _loaded(args: argparse.Namespace) -> list[Run]:
    """The runs named. Of several, one that was made before the source changed is loaded without it."""
    from eval.runs import OtherSource, load_run

    corpus = from_environment(corpus=args.corpus).corpus
    runs = []
    for folder in args.runs:
        try:
            runs.append(load_run(folder, args.questions, corpus))
        except OtherSource as error:
            if len(args.runs) == 1:
                raise
            print(f"{folder} is shown without its source: {error}", file=sys.stderr)
            runs.append(load_run(folder, args.questions))
    return runs


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FootnoteError(f"{path} cannot be written ({error.strerror}).") from error


def report(args: argparse.Namespace) -> int:
    """Writes the page, prints its path."""
    from eval.report import report

    _write(args.out, report(_loaded(args), latency=not args.no_latency))
    print(args.out)
    return 0


def compare(args: argparse.Namespace) -> int:
    """Prints what changed, writes it as a page where one is named."""
    from eval.compare import as_text, compare

    found = compare(*_loaded(args))
    print(as_text(found))
    if args.out:
        from eval.report import comparison_page

        _write(args.out, comparison_page(found))
    return 0


def gate(args: argparse.Namespace) -> int:
    """0 where every threshold is met, else 1."""
    from eval.gate import THRESHOLDS, as_text, check, junit, read_thresholds

    thresholds = read_thresholds(args.thresholds or THRESHOLDS)
    checks = check(_loaded(args)[0], thresholds)
    print(as_text(checks))
    if args.junit:
        _write(args.junit, junit(checks))
    return 0 if all(found.passed for found in checks) else 1


def bench(args: argparse.Namespace) -> int:
    """Prints each line of a benchmark as soon as it is known."""
    settings = from_environment(corpus=args.corpus, profile=args.profile)
    if args.server:
        return _load(args, settings)
    if args.scale:
        from eval.bench_scale import scale

        lines = scale(settings, args.scale, args.shares)
    else:
        from eval.bench import bench
        from eval.public_search import evenly

        lines = bench(settings, evenly(read_cases(args.questions)[0], args.limit), args.askers)
    for line in lines:
        print(line, flush=True)
    return 0


def _load(args: argparse.Namespace, settings: Settings) -> int:
    """1 where the server gave anything but replies and refusals for being full."""
    from eval.bench_server import as_text, load, own_server

    cases = read_cases(args.questions)[0]
    with own_server(settings) if args.server == "self" else nullcontext(args.server.rstrip("/")) as url:
        found = load(url, cases, args.clients, args.seconds)
    print(as_text(found))
    return 1 if found.errors else 0


def statements(args: argparse.Namespace) -> int:
    """Prints each line of the table as soon as it is known."""
    from eval.verifier import TRAINING, bench

    for line in bench(args.files, args.train or sorted(TRAINING.glob("*.jsonl"))):
        print(line, flush=True)
    return 0


def public(args: argparse.Namespace) -> int:
    """Prints what came of a public set."""
    from eval.public import publish

    settings = from_environment(corpus=args.corpus, profile=args.profile)
    print(publish(args.name, args.path, settings, args.limit, args.articles, args.out))
    return 0


def redteam(args: argparse.Namespace) -> int:
    """Prints what leaks and what is blocked for nothing."""
    from assistant.__main__ import show_progress
    from assistant.engine import build
    from eval.redteam import as_text, attack, read_messages

    messages = read_messages(args.files)
    assistant = build(from_environment(corpus=args.corpus, profile=args.profile), progress=show_progress)
    print(as_text(attack(assistant.ask, messages)))
    return 0


def ablate(args: argparse.Namespace) -> int:
    """Prints each line of its tables as soon as it is known."""
    from eval.ablate import ablate
    from eval.public_search import evenly

    sets = {path.name: [c for c in read_cases(path)[0] if c.expect] for path in args.questions}
    settings = from_environment(corpus=args.corpus, profile=args.profile)
    for line in ablate(settings, {name: evenly(cases, args.limit) for name, cases in sets.items()}):
        print(line, flush=True)
    return 0


def peers(args: argparse.Namespace) -> int:
    """Prints a table a set of questions, each system's line as soon as it is there; writes them all."""
    from eval.peers.run import compared, corpus_tasks, machine, squad_tasks, unseen
    from eval.peers.table import ARTICLES, SOURCE, Table, as_json, as_markdown, as_text

    cases, faults = read_cases(args.questions)
    if faults:
        raise CasesError("\n".join(faults))
    settings = from_environment(corpus=args.corpus, profile=args.profile)
    names = args.only or [about.name for about in PEERS]
    tasks = corpus_tasks(settings.corpus, cases)
    wanted = [(f"{args.questions.name} over {settings.corpus.name}/", SOURCE, tasks, names, settings.profile)]
    if args.squad:
        articles = squad_tasks(args.squad, args.sample)
        others = [name for name in names if not name.startswith("footnote")]
        apart = [name for name in names if name != "footnote"]  # without known questions the two are one
        title = f"SQuAD 2.0, {len(articles)} articles (not of Footnote: it was trained on eight)"
        wanted.append((title, ARTICLES, articles, others, "general"))
        title = "SQuAD 2.0, the four articles that Footnote was not trained on"
        wanted.append((title, ARTICLES, unseen(articles), apart, "general"))
    tables = []
    for title, shown, tasks, which, profile in wanted:
        rows = []
        for row in compared(tasks, which, profile):
            print(f"{row.name}: {row.setting}", file=sys.stderr, flush=True)
            rows.append(row)
        tables.append(Table(title, shown, tuple(rows)))
        print(as_text(tables[-1]), end="\n\n", flush=True)
    _write(args.out / "peers.json", as_json(tables, machine()))
    _write(args.out / "peers.md", as_markdown(tables, machine()))
    print(f"{args.out / 'peers.md'}, {args.out / 'peers.json'}")
    return 0
