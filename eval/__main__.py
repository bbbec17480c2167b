"""`python -m eval COMMAND`: what a content owner runs before publishing, and what the figures rest on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.errors import FootnoteError
from assistant.settings import PROFILES, stay_offline
from eval import commands
from eval.cases import CasesError
from eval.peers.protocol import PEERS

QUESTIONS = Path(__file__).parent / "questions" / "dev.jsonl"
HELD_OUT = QUESTIONS.with_name("article-author4.jsonl")
PUBLIC = ("squad2", "medquad", "beir", "clinc", "xstest", "lines")


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m eval`."""
    made = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    subparsers = made.add_subparsers(dest="command", required=True)

    def command(name: str, do: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=text, description=text)
        added.set_defaults(do=do)
        return added

    run = command("run", commands.run, "answer a file of questions and sum the run up")
    run.add_argument("--questions", type=Path, default=QUESTIONS, metavar="FILE", help="JSONL, or CSV with id,question")
    run.add_argument("--out", type=Path, required=True, metavar="DIR")
    run.add_argument("--workers", type=_count, default=1, metavar="N", help="processes that answer side by side")
    run.add_argument("--llm", metavar="PROVIDER:MODEL", help="a language model that may rephrase, or adversary:lies")
    run.add_argument("--export", choices=("ragas", "promptfoo"), help="write the run for another evaluator as well")
    report = command("report", commands.report, "one page about one run, or about several beside each other")
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folder of a run")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    report.add_argument("--no-latency", action="store_true", help="leave times out: equal runs then give equal bytes")
    compare = command("compare", commands.compare, "what got better and worse from one run to another")
    compare.add_argument("runs", type=Path, nargs=2, metavar="RUN")
    compare.add_argument("--out", type=Path, metavar="FILE.html", help="write it as a page too")
    gate = command("gate", commands.gate, "hold a run against thresholds; exit status 1 where one is missed")
    gate.add_argument("runs", type=Path, nargs=1, metavar="RUN")
    gate.add_argument("--thresholds", type=Path, metavar="FILE.toml", help="default: those of the shipped source")
    gate.add_argument("--junit", type=Path, metavar="FILE.xml")
    bench = command("bench", commands.bench, "start, index, latency, throughput and memory, beside the models alone")
    bench.add_argument("--questions", type=Path, default=QUESTIONS, metavar="FILE")
    bench.add_argument("--limit", type=int, default=0, metavar="N", help="ask only so many, spread over the file")
    bench.add_argument("--askers", type=_numbers, default=(1, 8, 32), metavar="N,N", help="default: 1,8,32")
    bench.add_argument("--scale", type=Path, metavar="FILE", help="MedQuAD answers: how cost grows with the source")
    bench.add_argument(
        "--shares", type=_shares, default=(1.0, 10.0, 100.0), metavar="N,N", help="of --scale, in per cent"
    )
    bench.add_argument("--server", metavar="URL", help="load a running server, or `self` for one of our own")
    bench.add_argument("--clients", type=_count, default=32, metavar="N", help="of --server (default: 32)")
    bench.add_argument("--seconds", type=float, default=60.0, metavar="S", help="of --server (default: 60)")
    public = command("public", commands.public, "a public set in its own format")
    public.add_argument("name", choices=PUBLIC)
    public.add_argument("path", type=Path)
    public.add_argument("--limit", type=int, default=0, metavar="N", help="questions at most (squad2: an article)")
    public.add_argument("--articles", type=int, default=0, metavar="N", help="of squad2, at most")
    public.add_argument("--out", type=Path, metavar="DIR", help="keep questions and answers, for `report`")
    redteam = command("redteam", commands.redteam, "labelled messages: what leaks, and what is blocked for nothing")
    redteam.add_argument("files", type=Path, nargs="+", metavar="FILE")
    ablate = command("ablate", commands.ablate, "the figures with parts switched off, and with questions mistyped")
    ablate.add_argument("--questions", type=Path, nargs="+", default=[QUESTIONS, HELD_OUT], metavar="FILE")
    ablate.add_argument("--limit", type=int, default=0, metavar="N", help="of each file, spread over it")
    peers = command("peers", commands.peers, "the same questions through other systems, `make peers` installs them")
    peers.add_argument("--questions", type=Path, default=QUESTIONS, metavar="FILE")
    peers.add_argument("--squad", type=Path, metavar="FILE", help="SQuAD 2.0 as well, each article a source")
    peers.add_argument("--sample", type=_count, default=40, metavar="N", help="questions of an article (default: 40)")
    peers.add_argument("--only", nargs="+", choices=[about.name for about in PEERS], metavar="NAME")
    peers.add_argument("--out", type=Path, default=Path("runs/peers"), metavar="DIR")
    statements = command("statements", commands.statements, "the judge of statements, beside simpler ones")
    statements.add_argument("files", type=Path, nargs="+", metavar="FILE", help="pairs of statements and sentences")
    statements.add_argument("--train", type=Path, nargs="*", metavar="FILE", help="default: training/statements")
    for added in (report, compare, gate):
        added.add_argument("--questions", type=Path, metavar="FILE", help="default: those kept in the run's folder")
    for added in (run, report, compare, gate, bench, ablate, peers, public, redteam):
        added.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    for added in (run, bench, ablate, peers, public, redteam):
        added.add_argument("--profile", choices=PROFILES)
    return made


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _shares(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


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
        if error.name not in ("matplotlib", "ir_measures", "psutil", "httpx"):
            raise
        print(f"{error.name} is not installed. Run `pip install 'footnote[eval]'`.", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
