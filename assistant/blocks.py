"""text -> blocks: headings, paragraphs, list items and table rows as spans without their markers.

Markdown is parsed by markdown-it-py (MIT, the parser behind rich and MyST); plain text by a
few rules for headings and bullets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from markdown_it import MarkdownIt

_BULLET = re.compile(r"\s*(?:[-*+•‣◦·–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_MARKER = re.compile(r"[\s>]*(?:[-*+•‣◦·–]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)*(?:\[[ xX]\]\s+)?")
_PLAIN_MARKER = re.compile(r"\s*(?:[-*+•‣◦·–]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)*")
_DANGLING = re.compile(r"\b(?:a|an|the|of|in|on|at|to|for|and|or|but|with|by|from|as|is|are|was|were|be|that|which)$")
QUOTE_MARK = re.compile(r"(?<=[\n\r])[ \t]*(?:>[ \t]*)+")
"""Before a sentence that begins a further line of a quotation."""
_NEWLINE = re.compile(r"\r\n?|\n")
_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*\n(?:(?:[\w-]+[ \t]*:|[ \t#-](?!--))[^\n]*\n)+(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|"
    r"</?(?:address|article|aside|blockquote|body|center|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6]|"
    r"head|header|hr|html|iframe|li|link|main|meta|nav|ol|option|p|pre|section|select|source|summary|table|tbody|td|"
    r"tfoot|th|thead|title|tr|ul|video)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
"""Of an HTML block: what no reader sees, and the tags that end a sentence; <b> and its like do not."""

Kind = Literal["heading", "text", "item", "row"]


@dataclass(frozen=True)
class Block:
    """A run of characters that is a heading, a paragraph, one list item or one row of a table."""

    kind: Kind
    start: int
    end: int
    level: int = 0


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _NEWLINE.finditer(text)), len(text) + 1]


def markdown_blocks(text: str) -> Iterator[Block]:
    """Blocks of a CommonMark text with tables, in order; front matter and comments are none."""
    starts = _line_starts(text)
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")  # what is nested deeper is dropped
    front = _FRONT_MATTER.match(text)
    unseen = front.end() if front else 1 if text.startswith("\ufeff") else 0
    tokens = parser.parse(re.sub(r"[^\n]", " ", text[:unseen]) + text[unseen:])
    inside = {"list_item": 0, "table": 0}
    level = 0
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        if name in inside:
            inside[name] += 1 if edge == "open" else -1
        if token.type == "heading_open":
            level = int(token.tag[1:])
        if token.map is None:
            continue
        first, last = token.map
        if token.type == "inline" and not inside["table"]:
            kind: Kind = "heading" if level else "item" if inside["list_item"] else "text"
            yield from _trimmed(text, starts, first, last, kind, level)
            level = 0
        elif token.type == "tr_open":
            yield from _trimmed(text, starts, first, last, "row", 0)
        elif token.type in ("fence", "code_block"):
            opening = int(token.type == "fence")
            for line in range(first + opening, first + opening + _lines(token.content)):
                yield from _trimmed(text, starts, line, line + 1, "item", 0)
        elif token.type == "html_block":
            yield from _html_blocks(text, starts[first], min(starts[last], len(text)))


def _lines(content: str) -> int:
    """How many lines of the file a code block's content is; the last may lack its line end."""
    return content.count("\n") + (not content.endswith("\n") and bool(content))


def _html_blocks(text: str, start: int, end: int) -> Iterator[Block]:
    """The runs of text[start:end] that a browser would show."""
    for tag in [*_UNSEEN.finditer(text, start, end), None]:
        stop = tag.start() if tag else end
        run = text[start:stop]
        if run.strip():
            yield Block("text", start + len(run) - len(run.lstrip()), start + len(run.rstrip()))
        start = tag.end() if tag else end


def _trimmed(
    text: str,
    starts: list[int],
    first: int,
    last: int,
    kind: Kind,
    level: int,
    markers: re.Pattern[str] = _MARKER,
) -> Iterator[Block]:
    """Lines [first, last) without the markers before them.

    A quotation of several lines stays one block, ">" at its line starts and all: "do not" may
    stand on the line before.
    """
    start, end = starts[first], min(starts[last] - 1, len(text))
    body = text[start:end]
    marker = markers.match(body.replace("\ufeff", " "))
    start += marker.end() if marker else 0
    stripped = text[start:end]
    if kind == "row":
        inner = stripped.strip("| \t\r\n").strip()
        start += stripped.find(inner) if inner else 0
        stripped = inner
    end = start + len(stripped.rstrip())
    if end > start:
        yield Block(kind, start, end, level)


def plain_blocks(text: str) -> Iterator[Block]:
    """Blocks of a text without markup, in order, whether its lines are wrapped or not."""
    starts = _line_starts(text)
    lines = _NEWLINE.split(text)
    width = _wrapped_at(lines)
    n = 0
    while n < len(lines):
        if not lines[n].strip("\ufeff \t\r"):
            n += 1
            continue
        if _is_heading(lines, n, width):
            lead = len(lines[n]) - len(lines[n].lstrip("\ufeff \t"))
            yield Block("heading", starts[n] + lead, starts[n] + len(lines[n].rstrip()), 2)
            n += 1
            continue
        kind: Kind = "item" if _BULLET.match(lines[n]) else "text"
        m = n + 1
        while m < len(lines) and lines[m].strip() and not _starts_block(lines, m, width):
            m += 1
        yield from _trimmed(text, starts, n, m, kind, 0, _PLAIN_MARKER)
        n = m


def _wrapped_at(lines: list[str]) -> int:
    """The length at which most lines break that others follow; long where lines are paragraphs."""
    lengths = sorted(len(a) for a, b in pairwise(lines) if a.strip() and b.strip())
    return max(40, lengths[len(lengths) * 9 // 10] if lengths else 0)


def _starts_block(lines: list[str], n: int, width: int) -> bool:
    if _BULLET.match(lines[n]) or _is_heading(lines, n, width):
        return True
    ended = re.search(r"[.!?:;”\"')\]]\s*$", lines[n - 1]) is not None
    listed = _BULLET.match(lines[n - 1]) is not None and not _full(lines, n - 1, width)
    unwrapped = len(lines[n - 1]) > 120 or listed
    return ended and unwrapped and not lines[n][:1].isspace()


def _is_heading(lines: list[str], n: int, width: int) -> bool:
    """A short line without a full stop that stands between paragraphs, as in plain text files.

    A line that is full, so that the next word had to go to the next line, is none.
    """
    line = lines[n].strip("\ufeff \t\r")
    if not line or len(line) > 80 or len(line.split()) > 12 or _BULLET.match(lines[n]):
        return False
    if not (line[0].isupper() or line[0].isdigit()) or line[-1] in '.!?,;”"' or _DANGLING.search(line.lower()):
        return False
    before = lines[n - 1].strip() if n else ""
    if before and before[-1] not in '.!?”")' and not _BULLET.match(lines[n - 1]):
        return False
    after = next((lines[m].strip() for m in range(n + 1, len(lines)) if lines[m].strip()), "")
    if not after:
        return False
    if not lines[n + 1].strip():
        return True
    return not _full(lines, n, width) and (after[0].isupper() or not after[0].isalpha())


def _full(lines: list[str], n: int, width: int) -> bool:
    """Whether the next line's first word had no room on line n."""
    return len(lines[n].rstrip()) + 1 + len(lines[n + 1].split()[0]) > width
