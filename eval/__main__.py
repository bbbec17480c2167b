"""`python -m eval run|report|compare|gate|bench|public|redteam`: what a content owner runs before publishing."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import FootnoteError
from assistant.settings import PROFILES, from_environment, stay_offline
from eval.cases import CasesError, read_cases

if TYPE_CHECKING:
    from eval.runs import Run

PACKAGE = Path(__file__).parent.parent / "assistant"
QUESTIONS = Path(__file__).parent / "questions" / "dev.jsonl"


PUBLIC = ("squad2", "medquad", "beir", "clinc", "xstest", "lines")


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m eval`."""
    made = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)

    def command(name: str, do: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(do=do)
        return added

    run = command("run", _run, "answer a file of questions and sum the run up")
    run.add_argument("--questions", type=Path, default=QUESTIONS, metavar="FILE", help="JSONL, or CSV with id,question")
    run.add_argument("--out", type=Path, required=True, metavar="DIR")
    run.add_argument("--export", choices=("ragas", "promptfoo"), help="write the run for another evaluator as well")
    report = command("report", _report, "one page about one run, or about several beside each other")
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folder of a run")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    report.add_argument("--no-latency", action="store_true", help="leave times out: equal runs then give equal bytes")
    compare = command("compare", _compare, "what got better and worse from one run to another")
    compare.add_argument("runs", type=Path, nargs=2, metavar="RUN")
    compare.add_argument("--out", type=Path, metavar="FILE.html", help="write it as a page too")
    gate = command("gate", _gate, "hold a run against thresholds; exit status 1 where one is missed")
    gate.add_argument("runs", type=Path, nargs=1, metavar="RUN")
    gate.add_argument("--thresholds", type=Path, metavar="FILE.toml", help="default: those of the shipped source")
    gate.add_argument("--junit", type=Path, metavar="FILE.xml")
    bench = command("bench", _bench, "start, index, latency, throughput and memory, beside the models alone")
    bench.add_argument("--questions", type=Path, default=QUESTIONS, metavar="FILE")
    bench.add_argument("--limit", type=int, default=0, metavar="N", help="ask only so many, spread over the file")
    bench.add_argument("--askers", type=_numbers, default=(1, 8, 32), metavar="N,N", help="default: 1,8,32")
    bench.add_argument("--scale", type=Path, metavar="FILE", help="MedQuAD answers: how cost grows with the source")
    bench.add_argument("--shares", type=_numbers, default=(1, 10, 100), metavar="N,N", help="of --scale, in per cent")
    public = command("public", _public, "a public set in its own format")
    public.add_argument("name", choices=PUBLIC)
    public.add_argument("path", type=Path)
    public.add_argument("--limit", type=int, default=0, metavar="N", help="questions at most (squad2: an article)")
    public.add_argument("--articles", type=int, default=0, metavar="N", help="of squad2, at most")
    public.add_argument("--out", type=Path, metavar="DIR", help="keep questions and answers, for `report`")
    redteam = command("redteam", _redteam, "labelled messages: what leaks, and what is blocked for nothing")
    redteam.add_argument("files", type=Path, nargs="+", metavar="FILE")
    for added in (report, compare, gate):
        added.add_argument("--questions", type=Path, metavar="FILE", help="default: those kept in the run's folder")
    for added in (run, report, compare, gate, bench, public, redteam):
        added.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    for added in (run, bench, public, redteam):
        added.add_argument("--profile", choices=PROFILES)
    return made


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 well, 1 rows were bad or broke or a gate is missed, 2 nothing could be done."""
    args = parser().parse_args(argv)
    stay_offline()
    try:
        done: int = args.do(args)
        return done
    except (FootnoteError, CasesError) as error:
        print(error, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in ("matplotlib", "ir_measures", "psutil"):
            raise
        print(f"{error.name} is not installed. Run `pip install 'footnote[eval]'`.", file=sys.stderr)
        return 2


def _run(args: argparse.Namespace) -> int:
    from assistant.__main__ import show_progress
    from assistant.engine import build
    from assistant.known import fingerprint
    from assistant.render import BROKEN
    from eval.export import export
    from eval.run import BAD_QUESTION, run
    from eval.runs import keep_questions
    from eval.summary import read_answers, summary

    cases, faults = read_cases(args.questions)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not cases:
        raise CasesError(f"{args.questions}: no row can be used.")
    settings = from_environment(corpus=args.corpus, profile=args.profile)
    assistant = build(settings, progress=show_progress)
    identity = {
        "questions": hashlib.sha256(args.questions.read_bytes()).hexdigest(),
        "documents": {d.id: d.sha256 for d in assistant.documents.values()},
        "profile": settings.profile,
        "embedder": assistant.embedder.identity,
        "region": settings.region,
        "known questions": fingerprint(assistant.index.known),
        "software": _software(),
    }
    path = run(assistant, cases, args.out, identity)
    keep_questions(cases, args.out)
    if args.export:
        print(export(args.export, [asdict(case) for case in cases], read_answers(path), args.out))
    print(summary(cases, path, settings.corpus))
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
    from eval.runs import load_run

    corpus = from_environment(corpus=args.corpus).corpus
    return [load_run(folder, args.questions, corpus) for folder in args.runs]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FootnoteError(f"{path} cannot be written ({error.strerror}).") from error


def _report(args: argparse.Namespace) -> int:
    from eval.report import report

    _write(args.out, report(_loaded(args), latency=not args.no_latency))
    print(args.out)
    return 0


def _compare(args: argparse.Namespace) -> int:
    from eval.compare import as_text, compare

    found = compare(*_loaded(args))
    print(as_text(found))
    if args.out:
        from eval.report import comparison_page

        _write(args.out, comparison_page(found))
    return 0


def _gate(args: argparse.Namespace) -> int:
    from eval.gate import THRESHOLDS, as_text, check, junit, read_thresholds

    thresholds = read_thresholds(args.thresholds or THRESHOLDS)
    checks = check(_loaded(args)[0], thresholds)
    print(as_text(checks))
    if args.junit:
        _write(args.junit, junit(checks))
    return 0 if all(found.passed for found in checks) else 1


def _bench(args: argparse.Namespace) -> int:
    settings = from_environment(corpus=args.corpus, profile=args.profile)
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


def _public(args: argparse.Namespace) -> int:
    from eval.public import publish

    settings = from_environment(corpus=args.corpus, profile=args.profile)
    print(publish(args.name, args.path, settings, args.limit, args.articles, args.out))
    return 0


def _redteam(args: argparse.Namespace) -> int:
    from assistant.__main__ import show_progress
    from assistant.engine import build
    from eval.redteam import as_text, attack, read_messages

    messages = read_messages(args.files)
    assistant = build(from_environment(corpus=args.corpus, profile=args.profile), progress=show_progress)
    print(as_text(attack(assistant.ask, messages)))
    return 0


def _software() -> str:
    """Hash of the assistant's code, rules, wordings and weights: answers of another version do not mix."""
    files = sorted(p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    hashed = hashlib.sha256()
    for path in files:
        hashed.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
