"""A real Chromium and a real chat for the browser tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.settings import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_chat(corpus: Path, data: Path) -> Iterator[str]:
    """`python app.py` in a process of its own; yields its address once it answers."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--corpus", str(corpus)]
    environment = {"FOOTNOTE_DATA": str(data), "PATH": "/usr/bin:/bin", "HOME": str(data)}
    log = data / "app.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(360):
                if process.poll() is not None:
                    raise RuntimeError(f"app.py ended: {log.read_text()}")
                try:
                    with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                        break
                except OSError:
                    time.sleep(0.5)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)
