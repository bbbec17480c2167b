"""The chat in a browser: `python app.py [--host H] [--port P] [--corpus DIR] [--profile NAME]`."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

from assistant.errors import FootnoteError
from assistant.settings import PROFILES, from_environment, stay_offline


def parser() -> argparse.ArgumentParser:
    """The command line of the chat."""
    made = argparse.ArgumentParser(prog="app.py", description=__doc__)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    made.add_argument("--port", type=int, default=7860)
    made.add_argument("--corpus", type=Path, metavar="DIR", help="folder of source texts (default: corpus/)")
    made.add_argument("--profile", choices=PROFILES)
    return made


def main() -> int:
    """Serves until it is stopped. Exit status 2 for what must be put right first."""
    args = parser().parse_args()
    stay_offline()
    try:
        listening = listen(args.host, args.port)
        import uvicorn  # after stay_offline, as everything that imports torch or gradio

        from assistant.__main__ import show_progress
        from assistant.engine import build
        from assistant.server import application

        settings = from_environment(corpus=args.corpus, profile=args.profile)
        app = application(build(settings, progress=show_progress))
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Footnote is ready: http://{args.host}:{args.port}  (Ctrl-C stops it)", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
    server.run(sockets=[listening])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises FootnoteError when the port is taken, before anything slow is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise FootnoteError(
            f"Port {port} on {host} cannot be used ({error}). Stop what uses it, or name another with --port."
        ) from error
    return listening


if __name__ == "__main__":
    sys.exit(main())
