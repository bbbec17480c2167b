"""corpus -> a running chat, and the Chromium that visits it: what the browser tests start, and stop again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

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
PATIENCE = 60_000
"""Milliseconds that anything on the page may take; a shared machine is slow at times."""


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_chat(corpus: Path, data: Path) -> Iterator[str]:
    """`python app.py` in a process of its own; yields its address once it answers, ends it as Ctrl-C does."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--corpus", str(corpus)]
    environment = {"FOOTNOTE_DATA": str(data), "FOOTNOTE_THREADS": "1", "PATH": "/usr/bin:/bin", "HOME": str(data)}
    log = data / "app.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, log)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
    assert process.returncode == 0
    assert f"Footnote is ready: {address}" in log.read_text()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(90):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"app.py did not answer at {address}: {log.read_text()}")


class Visit:
    """A page with what it asked of the network and what it complained about."""

    def __init__(self, browser: Browser, address: str, size: tuple[int, int] = (1280, 860), dark: bool = False) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",  # no smooth scrolling to wait for
        )
        self.page.set_default_timeout(PATIENCE)
        self.address = address
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda r: self.elsewhere.append(r.url) if not self._own(r.url) else None)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_selector("#fn-question textarea")

    def _own(self, url: str) -> bool:
        return url.startswith((self.address + "/", "data:", "blob:"))

    def ask(self, question: str) -> str:
        """Types, presses Enter, waits; returns the text of the newest turn."""
        self.page.fill("#fn-question textarea", question)
        return self.sent(lambda: self.page.keyboard.press("Enter"))

    def sent(self, act: Callable[[], None]) -> str:
        """Does what sends a question, waits for its reply; returns the text of the newest turn."""
        turns = self.page.locator(".fn-turn:not(.fn-pending)")
        before = turns.count()
        act()
        turns.nth(before).wait_for()
        return turns.nth(before).inner_text()

    def in_view(self, selector: str) -> bool:
        """Whether the element lies whole inside the window."""
        box = self.page.locator(selector).bounding_box()
        size = self.page.viewport_size
        assert box
        assert size
        return 0 <= box["y"] <= size["height"] - box["height"] and 0 <= box["x"] <= size["width"] - box["width"]

    def close(self) -> None:
        """Nothing left the machine, nothing was complained about."""
        assert (self.elsewhere, self.errors) == ([], [])
        self.page.close()
