"""command line -> the chat in a browser: `python app.py [--host H] [--port P] [--corpus DIR] [--profile NAME]`."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from contextlib import suppress
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
        print("Loading the models and the source …", file=sys.stderr, flush=True)
        import uvicorn  # after stay_offline, as everything that imports torch or gradio

        from assistant.__main__ import show_progress
        from assistant.engine import build
        from assistant.server import application

        settings = from_environment(corpus=args.corpus, profile=args.profile)
        app = application(build(settings, progress=show_progress))
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(f"Footnote is ready: {address(listening)}  (Ctrl-C stops it)", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
    # An open page holds a connection for ever; that it is cut at the end is no error.
    logging.getLogger("uvicorn.error").addFilter(lambda _: not server.should_exit)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises FootnoteError when the port is taken, before anything slow is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # a port that was just left; on Windows it would take one over that is in use
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # now, or a second start would load everything before it is turned away
    except (OSError, OverflowError) as error:
        listening.close()
        raise FootnoteError(
            f"Port {port} on {host} cannot be used ({error}). Stop what uses it, or name another with --port."
        ) from error
    return listening


def address(listening: socket.socket) -> str:
    """What to type into a browser on this machine; the port is the real one where 0 was asked for."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
