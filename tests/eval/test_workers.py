"""How many processes answer makes no difference to what is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from assistant.engine import Assistant
from assistant.settings import Settings
from eval.__main__ import parser
from eval.cases import Case
from eval.run import Finished, one_by_one, run
from eval.summary import spent
from eval.workers import in_processes
from tests.fakes import assistant, says

CASES = [
    Case("b", "Is green tea hot?"),
    Case("a", "and black tea?", ("Is green tea hot?",)),
    Case("long", "y" * 2001, line=3),
    Case("c", "thanks!"),
]


def build(_: Settings) -> Assistant:
    """The fake assistant; importable by a worker."""
    return assistant(says(s3=0.9))


def but_latency(path: Path) -> str:
    return re.sub(r'"latency_ms": [0-9.]+', '"latency_ms": 0', path.read_text(encoding="utf-8"))


def test_two_workers_write_what_one_writes_and_go_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = run(one_by_one(build(Settings())), CASES, tmp_path / "one", {})
    assert alone.asked == {"a", "b", "c", "long"}
    capsys.readouterr()
    half = tmp_path / "two" / "answers.jsonl"
    run(one_by_one(build(Settings())), CASES[:1], tmp_path / "two", {})
    finished = run(in_processes(Settings(), 2, build), CASES, tmp_path / "two", {})
    assert (finished.path, finished.asked) == (half, frozenset({"a", "c", "long"}))
    assert but_latency(half) == but_latency(alone.path)
    err = capsys.readouterr().err
    assert "resuming: 1 of 4 are answered" in err
    assert "line 3: The question has 2,001 characters" in err


def test_the_time_of_a_run_stands_beside_that_of_its_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [{"id": "a", "latency_ms": 1500.0}, {"id": "b", "latency_ms": 2500.0}, {"id": "old", "latency_ms": 9e9}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert spent(Finished(path, frozenset("ab"), 2.25), 2) == (
        "2 answers in 2.2 s of wall time with 2 workers; their latencies add up to 4.0 s"
    )


@pytest.mark.parametrize("count", ["0", "-1", "many", ""])
def test_so_many_workers_cannot_be(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["run", "--out", "x", "--workers", count])
    assert f"{count!r} is not a whole number from 1 up" in capsys.readouterr().err
