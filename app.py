"""The chat in a browser and the API: `python app.py [--host H] [--port P] [--corpus DIR] [--profile NAME]`."""

from __future__ import annotations

import argparse
import errno
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import FootnoteError
from assistant.memory import few_arenas, give_back
from assistant.settings import PROFILES, Settings, from_environment, stay_offline

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

    from assistant.engine import Assistant


def parser() -> argparse.ArgumentParser:
    """The command line of the chat."""
    made = argparse.ArgumentParser(prog="app.py", description=__doc__)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    made.add_argument("--port", type=int, default=7860, help="0 takes any free one (default: 7860)")
    made.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    made.add_argument("--profile", choices=PROFILES)
    made.add_argument("--llm", metavar="PROVIDER:MODEL", help="a language model that may rephrase")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is stopped. Exit status 2 for what must be put right first."""
    args = parser().parse_args(argv)
    few_arenas()
    stay_offline()
    try:
        settings = from_environment(args.llm, corpus=args.corpus, profile=args.profile)
        with listen(args.host, args.port) as listening:
            print("Starting: reading the source, loading the models.", file=sys.stderr, flush=True)
            serve(at(settings, listening.getsockname()[0]), listening)
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Footnote has stopped.", file=sys.stderr)
    return 0


def at(settings: Settings, bound: str) -> Settings:
    """On an IP address that only this machine reaches, only its names are answered, unless others are set."""
    ip = ip_address(bound.partition("%")[0])
    if settings.web.hosts or not ip.is_loopback:
        return settings
    names = dict.fromkeys(("localhost", "127.0.0.1", "[::1]", f"[{ip}]" if ip.version == 6 else str(ip)))
    return replace(settings, web=replace(settings.web, hosts=tuple(names)))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises FootnoteError with the cure, before anything slow is loaded."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # now, or a second start would load everything before it is turned away
    except (OSError, OverflowError) as error:
        listening.close()
        raise FootnoteError(_refused(host, port, error)) from error
    return listening


def _refused(host: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) and not isinstance(error, socket.gaierror) else None
    if number == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop what uses it, or name another with --port."
    if isinstance(error, OverflowError) or number == errno.EACCES:
        return f"Port {port} cannot be used ({error}). Name one from 1024 to 65535 with --port."
    return f"This machine has no address {host!r} ({error}). Name one of its own with --host, or 0.0.0.0 for all."


def address(listening: socket.socket) -> str:
    """Where a browser finds it: a socket that listens everywhere is reached at this machine's own address."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: Settings, listening: socket.socket) -> None:
    """Until a signal comes; answers in flight get five seconds. Raises KeyboardInterrupt after Ctrl-C, and what
    stands in the way of starting."""
    import uvicorn

    from assistant.web.logs import write_logs
    from assistant.web.starting import Starting

    def load() -> Assistant:
        import assistant.web.app  # noqa: F401  slow, and here in a thread
        from assistant.__main__ import show_progress
        from assistant.engine import build

        made = build(settings, progress=show_progress)
        made.warm()
        give_back()
        return made

    def make(loaded: Assistant) -> FastAPI:
        from assistant.web.app import application

        return application(loaded, settings.web, settings.data)

    def opened() -> None:
        print(f"Footnote is ready: {address(listening)}  (Ctrl-C stops it)", flush=True)

    def failed(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            door.stop()
            super().handle_exit(sig, frame)

    failures: list[Exception] = []
    door = Starting(load, make, opened, failed)
    write_logs()
    config = uvicorn.Config(
        door,
        log_level="warning",
        ws="none",
        proxy_headers=False,  # assistant/web/origins.py believes the proxies that the operator names
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    server.run(sockets=[listening])
    if failures:
        raise failures[0]


if __name__ == "__main__":
    sys.exit(main())
