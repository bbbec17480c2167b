"""Assistant -> what other sites embed: /widget.js, /embed for a frame, /widget to copy from, /source to read in.

These pages have no script or style of their own inside, so their Content-Security-Policy allows none.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assistant import chat_source
from assistant.chat_html import text
from assistant.records import Document
from assistant.web.errors import Refused
from assistant.web.parts import Parts

STATIC = Path(__file__).parent.parent / "static"
FILES = {
    "pages.css": "text/css",
    "embed.js": "text/javascript",
    "viewer.js": "text/javascript",
    "try.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""What the pages load, at /widget/NAME, with their types."""
OPEN = 30
"""Headings up to which the contents of a document stand open."""
_HEADING = re.compile(r'<(/?)h([3-6])\b(?: data-fn-section="(\d+)")?')
_SENTENCE = re.compile(r'<span data-fn-at="(\d+)">')


@dataclass(frozen=True)
class File:
    """body as it is; small is gzipped; integrity: for the attribute of that name; tag: an ETag."""

    body: bytes
    small: bytes
    integrity: str
    tag: str


@cache
def file(name: str) -> File:
    """A file of ours, read once."""
    body = (STATIC / name).read_bytes()
    digest = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return File(body, gzip.compress(body, mtime=0), f"sha384-{digest}", f'W/"{hashlib.sha256(body).hexdigest()[:20]}"')


def widget(parts: Parts) -> APIRouter:
    """The routes of one application."""
    router = APIRouter(include_in_schema=False)
    documents = parts.assistant.documents
    policy = content_policy(parts.settings.origins)

    @router.api_route("/widget.js", methods=["GET", "HEAD"])
    def script(request: Request) -> Response:
        # Another site's page loads it, one that requires Cross-Origin-Resource-Policy as well.
        return served(request, "widget.js", "text/javascript", {"Cross-Origin-Resource-Policy": "cross-origin"})

    @router.get("/widget/{name}")
    def part(request: Request, name: str) -> Response:
        if name not in FILES:
            raise Refused(404, "not_found", "Not found.")
        return served(request, name, FILES[name])

    @router.get("/embed")
    def embed() -> Response:
        return HTMLResponse(_page("embed.html"), headers=policy)

    @router.get("/widget")
    def copying() -> Response:
        found = file("widget.js")
        size = str(-(-len(found.small) // 1000))
        return HTMLResponse(_page("widget.html", integrity=found.integrity, size=size), headers=policy)

    @router.get("/source/{id:path}")
    def viewer(id: str) -> Response:
        if id not in documents:
            raise Refused(404, "not_found", "There is no such document.")
        return HTMLResponse(viewed(documents[id]), headers=policy)

    return router


def content_policy(origins: Sequence[str]) -> dict[str, str]:
    """The header of the pages; listed origins may frame them."""
    framing = " ".join(["'self'", *origins])
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {framing}"
        )
    }


def served(request: Request, name: str, kind: str, more: dict[str, str] | None = None) -> Response:
    """A file; browsers may keep it, and ask each time whether it has changed."""
    found = file(name)
    headers = {"ETag": found.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding", **(more or {})}
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.small, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.body, media_type=kind, headers=headers)


def viewed(document: Document) -> str:
    """A whole document as a page; the sentence from `start` to `end` has the address #start-end."""
    ends = {s.start: s.end for s in document.sentences}
    shown = _SENTENCE.sub(lambda m: f'<span id="{m[1]}-{ends[int(m[1])]}">', chat_source.article(document))
    shown = _HEADING.sub(_heading, shown)
    up = "../" * (document.id.count("/") + 1)
    return _page("viewer.html", title=text(document.title), up=up, contents=_contents(document), article=shown)


def _heading(found: re.Match[str]) -> str:
    """In the chat a document begins at level 3, on its own page at 1; section N has the address #section-N."""
    place = f' id="section-{found[3]}"' if found[3] else ""
    return f"<{found[1]}h{int(found[2]) - 2}{place}"


def _contents(document: Document) -> str:
    listed = [s for s in document.sections if s.heading != document.title]
    if not listed:
        return ""
    top = min(s.level for s in listed)
    entries = "".join(
        f"<li{' class=deep' if s.level > top else ''}>"
        f'<a href="#section-{s.start}" dir="auto">{text(s.heading)}</a></li>'
        for s in listed
    )
    unfolded = " open" if len(listed) <= OPEN else ""
    return (
        f'<nav aria-label="Contents"><details{unfolded}><summary>Contents</summary><ul>{entries}</ul></details></nav>'
    )


def _page(name: str, **values: str) -> str:
    """A page of ours; values are HTML already."""
    return Template(file(name).body.decode()).substitute(values)
