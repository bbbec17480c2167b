"""request -> what a script says, in OpenAI's chat protocol over HTTP, streamed where the request asks for it.

For tests and rehearsals: every way in which a model or its server can fail, on this machine alone.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PIECE = 12
"""Characters of one streamed piece."""


@dataclass(frozen=True)
class Says:
    """text: what the model says. status: of HTTP. end: why it stopped. refusal: said in place of a text.

    wait: seconds before the first byte. pause: between streamed pieces. dies: the connection is cut
    half-way. raw: sent as the body in place of everything.
    """

    text: str = ""
    status: int = 200
    end: str = "stop"
    refusal: str = ""
    wait: float = 0.0
    pause: float = 0.0
    dies: bool = False
    raw: bytes | None = None


Script = Callable[[dict[str, Any]], Says]


class Server:
    """Serves a script at `url`; remembers the requests. A context manager, or `start` until the process ends."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def start(self) -> Server:
        """Listens in a thread of its own."""
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def sleep(self, seconds: float) -> None:
        """For so long, or until the server is closed."""
        self._closing.wait(seconds)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(request)
            says = server.script(request)
            server.sleep(says.wait)
            try:
                self._answer(request, says)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked has left

        def _answer(self, request: dict[str, Any], says: Says) -> None:
            if says.raw is not None:
                self._body(says.status, "application/json", says.raw)
            elif says.status != 200:
                error = {"error": {"message": says.text, "type": "server_error", "code": None}}
                self._body(says.status, "application/json", json.dumps(error).encode())
            elif request.get("stream"):
                self._stream(says)
            else:
                self._body(200, "application/json", json.dumps(_completion(says, request)).encode(), says.dies)

        def _body(self, status: int, kind: str, body: bytes, dies: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if dies else body)
            self.close_connection = self.close_connection or dies

        def _stream(self, says: Says) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            pieces = list(_pieces(says))
            for piece in pieces[: len(pieces) // 2] if says.dies else [*pieces, "[DONE]"]:
                data = f"data: {piece}\n\n".encode()
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()
                server.sleep(says.pause)
            if says.dies:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    return Handler


def _completion(says: Says, request: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": says.text or None, "refusal": says.refusal or None}
    read = sum(len(str(m.get("content"))) for m in request["messages"]) // 4
    written = len(says.text) // 4
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    choice = {"index": 0, "message": message, "finish_reason": says.end}
    return {**_about("chat.completion"), "choices": [choice], "usage": usage}


def _pieces(says: Says) -> Iterator[str]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": says.text[at : at + _PIECE]} for at in range(0, len(says.text), _PIECE)]
    deltas += [{"refusal": says.refusal}] if says.refusal else []
    for delta in deltas:
        yield _piece(delta, None)
    yield _piece({}, says.end)


def _piece(delta: dict[str, Any], end: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": end}
    return json.dumps({**_about("chat.completion.chunk"), "choices": [choice]})


def _about(kind: str) -> dict[str, Any]:
    return {"id": "scripted", "object": kind, "created": int(time.time()), "model": "scripted"}
