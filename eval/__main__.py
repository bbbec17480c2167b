"""`python -m eval run|...`: what a content owner runs before publishing."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import FootnoteError
from assistant.settings import PROFILES, from_environment, stay_offline
from eval.cases import CasesError, read_cases

PACKAGE = Path(__file__).parent.parent / "assistant"
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
    """Exit status: 0 all rows answered, 1 some rows were bad or broke, 2 nothing could be done."""
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
    from assistant.known import fingerprint
    from assistant.render import BROKEN
    from eval.run import BAD_QUESTION, run
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
