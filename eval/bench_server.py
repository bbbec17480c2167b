"""a running server, questions -> how it bears many askers at once: statuses, latency, health, memory.

Every client asks one question after another and waits as long as a 503 or 429 tells it to. Another
asks for the server's health all the while: a server that is busy has to stay reachable.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from assistant.errors import FootnoteError
from assistant.render import BROKEN
from assistant.settings import ROOT, Settings
from eval.bench_door import UNLIMITED
from eval.cases import Case
from eval.score import quantile

ASK, HEALTH, READY = "/api/ask", "/healthz", "/readyz"
FULL = (429, 503)
"""Refusals that a full or limited server is meant to give, with Retry-After."""
TIMES = 10
"""How often the memory is looked at while the load lasts."""
EVERY = 0.2
"""Seconds between two looks at the health."""
AGAIN = 15.0
"""Seconds after the load until a server is at rest again."""
PATIENCE = 120.0
"""Seconds after which a request counts as failed."""
START = 300.0
"""Seconds that a server may take to start."""


@dataclass
class Load:
    """What was seen. Times in milliseconds, `spent` those of replies alone; errors: what was neither a reply nor FULL;
    hasty: FULL without Retry-After. In MiB, and None of a server elsewhere, `memory`: before, TIMES while loaded and at
    the end; `rest`: AGAIN seconds after that."""

    clients: int
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    hasty: int = 0
    spent: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    memory: list[float | None] = field(default_factory=list)
    rest: float | None = None


def load(url: str, cases: Sequence[Case], clients: int, seconds: float) -> Load:
    """Asks for so long. Raises FootnoteError where nothing answers at `url`."""
    found = Load(clients)
    _reachable(url)
    asyncio.run(_load(url, cases, seconds, found, _listening(httpx.URL(url))))
    return found


def _reachable(url: str) -> None:
    """Waits until the server takes questions. Raises FootnoteError where there is none."""
    try:
        status = httpx.get(url + HEALTH, timeout=10).status_code
        if status != 200:
            raise FootnoteError(f"{url + HEALTH} answers {status}. Is this the address of Footnote's server?")
        end = time.monotonic() + START
        while httpx.get(url + READY, timeout=10).status_code == 503:
            if time.monotonic() > end:
                raise FootnoteError(f"{url + READY} has answered 503 for {START:.0f} s.")
            time.sleep(EVERY)
    except httpx.HTTPError as error:
        message = f"{url + HEALTH} does not answer ({error}). Start the server, or name --server self."
        raise FootnoteError(message) from error


async def _load(url: str, cases: Sequence[Case], seconds: float, found: Load, process: psutil.Process | None) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits) as http:
        await http.get(HEALTH)  # a first request takes longer
        gc.freeze()  # this process's own collector would hold up the watch for a third of a second
        found.memory.append(_memory(process))
        began = time.perf_counter()
        watch = asyncio.create_task(_watch(http, found))
        starts = [n * len(cases) // found.clients for n in range(found.clients)]
        weigh = asyncio.create_task(_weigh(process, seconds / TIMES, found))
        asking = [_client(http, [*cases[at:], *cases[:at]], began + seconds, found) for at in starts]
        await asyncio.gather(*asking)
        found.seconds = time.perf_counter() - began
        for task in (watch, weigh):
            task.cancel()
        await asyncio.gather(watch, weigh, return_exceptions=True)
        gc.unfreeze()
        found.memory.append(_memory(process))
        await asyncio.sleep(AGAIN if process else 0)
        found.rest = _memory(process)


async def _client(http: httpx.AsyncClient, cases: Sequence[Case], end: float, found: Load) -> None:
    for case in itertools.cycle(cases):
        began = time.perf_counter()
        if began >= end:
            return
        try:
            got = await http.post(ASK, json={"question": case.question, "history": list(case.history)})
        except httpx.HTTPError as error:
            found.errors[type(error).__name__] += 1
            await asyncio.sleep(EVERY)
            continue
        found.statuses[got.status_code] += 1
        if got.status_code in FULL:
            wait = got.headers.get("retry-after", "")
            found.hasty += not wait.isdecimal()
            await asyncio.sleep(min(float(wait) if wait.isdecimal() else 1.0, max(0.0, end - time.perf_counter())))
        elif got.status_code == 200:
            found.spent.append(1000 * (time.perf_counter() - began))
            _reply(got, found)
        else:
            found.errors[f"status {got.status_code}"] += 1


def _reply(got: httpx.Response, found: Load) -> None:
    try:
        reply = got.json()
        found.verdicts[reply["verdict"]] += 1
        if reply["reason"] in BROKEN:
            found.errors[f"reason {reply['reason']}"] += 1
    except (ValueError, KeyError, TypeError):
        found.errors["not a reply"] += 1


async def _watch(http: httpx.AsyncClient, found: Load) -> None:
    while True:
        began = time.perf_counter()
        try:
            if (await http.get(HEALTH)).status_code != 200:
                found.errors["health"] += 1
        except httpx.HTTPError:
            found.errors["health"] += 1
        found.health.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(EVERY)


async def _weigh(process: psutil.Process | None, every: float, found: Load) -> None:
    while True:
        await asyncio.sleep(every)
        found.memory.append(_memory(process))


def _listening(url: httpx.URL) -> psutil.Process | None:
    """The process behind an address of this machine, where it may be seen."""
    if url.host not in ("localhost", "127.0.0.1", "::1", "0.0.0.0"):
        return None
    try:
        for connection in psutil.net_connections("tcp"):
            here = connection.laddr and connection.laddr[1] == url.port
            if here and connection.status == psutil.CONN_LISTEN and connection.pid:
                return psutil.Process(connection.pid)
    except psutil.Error:
        pass
    return None


def _memory(process: psutil.Process | None) -> float | None:
    """MiB of a process and those that it started."""
    try:
        every = [process, *process.children(recursive=True)] if process else []
        return sum(p.memory_info().rss for p in every) / 2**20 if every else None
    except psutil.Error:
        return None


def as_text(found: Load) -> str:
    """A line each: replies, statuses, latency, health, memory, errors."""
    p50, p95 = (quantile(found.spent, part) or 0.0 for part in (0.5, 0.95))
    full = sum(found.statuses[status] for status in FULL)
    lines = [
        f"{found.clients} clients, {found.seconds:.0f} s: {len(found.spent)} replies, "
        f"{len(found.spent) / found.seconds:.1f} a second" if found.seconds else "nothing was asked",
        "status    " + ", ".join(f"{status}: {n}" for status, n in sorted(found.statuses.items())),
        "verdicts  " + ", ".join(f"{n} {verdict}" for verdict, n in found.verdicts.most_common()),
        f"latency   p50 {p50:.0f} ms, p95 {p95:.0f} ms, of replies",
        f"full      {full} refusals (429, 503), {found.hasty} of them without Retry-After",
        f"health    p99 {quantile(found.health, 0.99) or 0:.0f} ms, longest {max(found.health, default=0):.0f} ms, "
        f"{len(found.health)} looks while loaded",
    ]  # fmt: skip
    if weighed := [f"{m:.0f}" for m in found.memory if m is not None]:
        lines.append(f"memory    {weighed[0]} MiB at rest; {', '.join(weighed[1:])} as time went on")
    if found.memory and found.memory[0] and found.rest:
        lines.append(f"          {found.rest:.0f} MiB at rest again: {found.rest / found.memory[0] - 1:+.1%}")
    errors = ", ".join(f"{n} {kind}" for kind, n in found.errors.most_common())
    return "\n".join([*lines, f"errors    {errors or 'none'}"])


@contextmanager
def own_server(settings: Settings) -> Iterator[str]:
    """app.py over the same source, in a process of its own on a free port, without limits a minute, since all clients
    share one address; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "app.py", "--port", "0", "--corpus", str(settings.corpus.resolve())]
        with log.open("w") as output:
            server = subprocess.Popen(
                [*command, "--profile", settings.profile],
                cwd=ROOT,
                env={"FOOTNOTE_RATE": UNLIMITED, **os.environ},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            end = time.monotonic() + START
            while not (ready := re.search(r"^Footnote is ready: (\S+)", log.read_text(encoding="utf-8"), re.MULTILINE)):
                if server.poll() is not None or time.monotonic() > end:
                    raise FootnoteError(f"app.py did not start: {log.read_text(encoding='utf-8').strip()[-500:]}")
                time.sleep(0.2)
            yield ready.group(1).rstrip("/")
        finally:
            server.terminate()
            server.wait(timeout=30)
