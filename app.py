"""The chat in a browser: `python app.py [--host H] [--port P] [--corpus DIR] [--profile NAME]`."""

from __future__ import annotations

import argparse
import errno
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import FootnoteError
from assistant.settings import PROFILES, from_environment, stay_offline

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI


def parser() -> argparse.ArgumentParser:
    """The command line of the chat."""
    made = argparse.ArgumentParser(prog="app.py", description=__doc__)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    made.add_argument("--port", type=int, default=7860, help="0 takes any free one (default: 7860)")
    made.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    made.add_argument("--profile", choices=PROFILES)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is stopped. Exit status 2 for what must be put right first."""
    args = parser().parse_args(argv)
    stay_offline()
    try:
        with listen(args.host, args.port) as listening:
            print("Starting: reading the source, loading the models.", file=sys.stderr, flush=True)
            from assistant.__main__ import show_progress  # after stay_offline, as all that imports torch or gradio
            from assistant.engine import build
            from assistant.web.app import application

            settings = from_environment(corpus=args.corpus, profile=args.profile)
            app = application(build(settings, progress=show_progress), settings.web, settings.data)
            print(f"Footnote is ready: {address(listening)}  (Ctrl-C stops it)", flush=True)
            serve(app, listening)
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Footnote has stopped.", file=sys.stderr)
    return 0


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


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Until a signal comes; answers in flight get five seconds. Raises KeyboardInterrupt after Ctrl-C."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # Each open page holds a stream of Gradio's; it would keep the server waiting for those five seconds.
            for route in app.routes:
                if stop := getattr(getattr(route, "app", None), "stop_event", None):
                    stop.set()
            super().handle_exit(sig, frame)

    Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5)).run(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())
