"""A real Chromium and a real chat for the browser tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, sync_playwright

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
PATIENCE = 180
"""Seconds that app.py may take to start on a busy machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


class Watched:
    """A visitor's page, with what it asked of others than `own`, and what it complained about."""

    def __init__(self, browser: Browser, own: tuple[str, ...], size: tuple[int, int], **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        watch(self.page, own, self.elsewhere, self.complaints)


def watch(page: Page, own: tuple[str, ...], elsewhere: list[str], complaints: list[str]) -> None:
    """Notes what a page asks of others than `own` (beginnings of addresses), and what it complains about."""

    def dismissed(dialog: Dialog) -> None:
        complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("request", lambda r: None if r.url.startswith((*own, "data:", "blob:")) else elsewhere.append(r.url))
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("dialog", dismissed)


@contextmanager
def running_chat(corpus: Path, data: Path, *options: str) -> Iterator[str]:
    """`python app.py` in a process of its own, on a free port; yields the address that it prints.

    Raises RuntimeError at the end if anything broke inside it.
    """
    command = [sys.executable, "app.py", "--port", "0", "--corpus", str(corpus), *options]
    environment = {"FOOTNOTE_DATA": str(data), "PATH": "/usr/bin:/bin", "HOME": str(data)}
    log = data / "app.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            yield _ready(process, log)
        finally:
            process.terminate()
            process.wait(timeout=30)
    if "Traceback" in (printed := log.read_text(encoding="utf-8")):
        raise RuntimeError(f"app.py complained: {printed}")


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(PATIENCE * 5):
        printed = log.read_text(encoding="utf-8")
        if found := re.search(r"^Footnote is ready: (\S+)", printed, re.M):
            return found.group(1)
        if process.poll() is not None:
            raise RuntimeError(f"app.py ended: {printed}")
        time.sleep(0.2)
    raise TimeoutError(f"app.py was not ready after {PATIENCE} seconds: {printed}")
