"""No test leaves the machine; the real model and the shipped article are loaded once for all."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import SocketBlockedError, socket_allow_hosts

from assistant.settings import ROOT, stay_offline

stay_offline()

from assistant.embed import Embedder  # noqa: E402  the environment comes first
from assistant.index import Index, open_index  # noqa: E402
from assistant.records import Document  # noqa: E402
from assistant.source import read_source  # noqa: E402

HERE = ["127.0.0.1", "::1", "localhost"]
"""What a test may connect to: its own servers, and a browser that it drives."""

_resolve = socket.getaddrinfo


def _resolve_here(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "0.0.0.0", "::", *HERE):
        raise SocketBlockedError(f"A test tried to look up {name!r}.")
    return _resolve(host, *args, **kwargs)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before the fixtures; pytest-socket lifts its restrictions after every test."""
    socket.getaddrinfo = _resolve_here
    socket_allow_hosts(list(HERE), allow_unix_socket=True)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """What a test does to Footnote's logs ends with it: the streams that it wrote to are closed by then."""
    loggers = [logging.getLogger(name) for name in ("footnote", "footnote.access")]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The packaged all-MiniLM-L6-v2."""
    return Embedder(threads=1)


@pytest.fixture(scope="session")
def article() -> tuple[Document, ...]:
    """The shipped corpus."""
    return read_source(ROOT / "corpus")


@pytest.fixture(scope="session")
def article_index(article: tuple[Document, ...], embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The shipped corpus, embedded by the real model into a real Chroma, without known questions."""
    return open_index(article, embedder, tmp_path_factory.mktemp("data"), Path("corpus"))
