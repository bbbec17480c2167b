"""`python -m assistant "question"`: the assistant in a terminal.

`python -m assistant keys`: keys for servers. `python -m assistant questions`: an owner's known questions, checked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import FootnoteError
from assistant.render import BROKEN, as_text
from assistant.settings import PROFILES, from_environment, stay_offline


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m assistant`."""
    made = argparse.ArgumentParser(prog="python -m assistant", description=__doc__)
    made.add_argument("question", help="the question, in quotes")
    made.add_argument(
        "--history",
        action="append",
        default=[],
        metavar="QUESTION",
        help="an earlier question; repeat for several, oldest first",
    )
    made.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    made.add_argument("--profile", choices=PROFILES)
    made.add_argument("--llm", metavar="PROVIDER:MODEL", help="a language model that may rephrase")
    made.add_argument("--json", action="store_true", help="the whole reply as JSON")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 for a reply of any verdict, 1 where something broke, 2 for what must be put right."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["keys"]:
        from assistant.web.keys import command

        return command(arguments[1:])
    if arguments[:1] == ["questions"]:
        stay_offline()
        from assistant import questions

        return questions.command(arguments[1:])
    args = parser().parse_args(arguments)
    stay_offline()
    try:
        from assistant.engine import build, check_question  # after stay_offline: imports torch

        check_question(args.question)
        settings = from_environment(args.llm, corpus=args.corpus, profile=args.profile)
        assistant = build(settings, progress=show_progress)
        reply = assistant.ask(args.question, args.history)
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
    encoding = sys.stdout.encoding or "utf-8"
    if args.json:
        unicode = encoding.lower().replace("-", "") == "utf8"
        shown = json.dumps(reply.as_dict(), ensure_ascii=not unicode, indent=1)
        print(shown.encode(errors="backslashreplace").decode())  # a lone surrogate becomes JSON's own escape
    else:
        print(as_text(reply).encode(encoding, "replace").decode(encoding))
    return 1 if reply.reason in BROKEN else 0


def show_progress(stage: str, done: int, total: int) -> None:
    """One line on stderr that counts what has been embedded."""
    end = "\n" if done == total else "\r"
    print(f"indexing {stage}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
