"""`python -m eval run|...`: what a content owner runs before publishing."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import FootnoteError
from assistant.settings import PROFILES, from_environment, stay_offline
from eval.cases import CasesError, read_cases

QUESTIONS = Path(__file__).parent / "questions" / "dev.jsonl"


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m eval`."""
    made = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="answer a file of questions and sum the run up")
    run.add_argument("--questions", type=Path, default=QUESTIONS, metavar="FILE", help="JSONL, or CSV with id,question")
    run.add_argument("--corpus", type=Path, metavar="DIR")
    run.add_argument("--out", type=Path, required=True, metavar="DIR")
    run.add_argument("--profile", choices=PROFILES)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 all rows answered, 1 some rows were bad, 2 nothing could be done."""
    args = parser().parse_args(argv)
    stay_offline()
    try:
        return _run(args)
    except (FootnoteError, CasesError) as error:
        print(error, file=sys.stderr)
        return 2


def _run(args: argparse.Namespace) -> int:
    from assistant.__main__ import show_progress
    from assistant.engine import build
    from eval.run import run
    from eval.summary import summary

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
    }
    path = run(assistant, cases, args.out, identity)
    print(summary(cases, path))
    if faults:
        print(
            f"{len(faults)} faults in {args.questions} (see above); {len(cases)} rows were answered.", file=sys.stderr
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
