"""python -m eval.peers.worker NAME < tasks > results: one system in a process of its own, so that its start and
its memory are its alone.

A task is a source to index and the questions to ask of it; the result has the best hit of each.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import psutil

from assistant.settings import stay_offline
from eval.peers.protocol import Source, peer


def work(name: str, tasks: list[dict[str, Any]], began: float) -> dict[str, Any]:
    """began: when the process was asked for (seconds since 1970). seconds: from there to the first answer;
    memory: MiB at the end; answers: a list a task, in the order of its questions, `ms` each one's time."""
    system = peer(name).make()
    answers: list[list[dict[str, Any]]] = []
    indexing: list[float] = []
    first = 0.0
    for task in tasks:
        start = time.perf_counter()
        system.index([Source(**source) for source in task["sources"]])
        indexing.append(time.perf_counter() - start)
        rows = []
        for row in task["questions"]:
            start = time.perf_counter()
            hits = system.search(row["question"], row["history"])
            spent = 1000 * (time.perf_counter() - start)
            first = first or time.time() - began
            best = vars(hits[0]) if hits else {"text": "", "score": float("-inf"), "verdict": ""}
            rows.append({"id": row["id"], **best, "ms": spent})
        answers.append(rows)
    memory = psutil.Process().memory_info().rss / 2**20
    return {"name": name, "seconds": first, "indexing": indexing, "memory": memory, "answers": answers}


if __name__ == "__main__":
    stay_offline()
    asked = json.load(sys.stdin)
    print(json.dumps(work(sys.argv[1], asked["tasks"], asked["began"])))
