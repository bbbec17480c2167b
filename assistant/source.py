"""folder of texts -> documents, with headings, sentences and list items as spans.

Markdown is parsed by markdown-it-py (MIT, the parser behind rich and MyST); plain text by a
few rules for headings and bullets. Offsets are characters of the file as
`Path.read_text(encoding="utf-8")` decodes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from markdown_it import MarkdownIt

from assistant.errors import SourceError
from assistant.records import Document, Section, Sentence
from assistant.segment import split_sentences

SUFFIXES = (".md", ".markdown", ".txt")
LARGEST = 50_000_000
"""Bytes; a larger file is refused with a message rather than read into memory."""

_BULLET = re.compile(r"\s*(?:[-*+•‣◦·–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_MARKER = re.compile(r"[\s>]*(?:[-*+•‣◦·–]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)*(?:\[[ xX]\]\s+)?")
_DANGLING = re.compile(r"\b(?:a|an|the|of|in|on|at|to|for|and|or|but|with|by|from|as|is|are|was|were|be|that|which)$")


@dataclass(frozen=True)
class _Block:
    """A run of characters that is a heading, a paragraph or one list item."""

    kind: Literal["heading", "text", "item"]
    start: int
    end: int
    level: int = 0


def read_source(folder: Path) -> tuple[Document, ...]:
    """Every .md, .markdown and .txt file below `folder`, in path order.

    A file named SOURCE.md or README.md describes the texts and is not one of them.
    Raises SourceError: no such folder, nothing in it, or files that cannot be used (all of
    them are named at once).
    """
    if not folder.is_dir():
        raise SourceError(f"The source folder {str(folder)!r} is not a folder. Name one with --corpus DIR.")
    paths = [
        p
        for p in sorted(folder.rglob("*"))
        if p.suffix.lower() in SUFFIXES
        and p.name not in ("SOURCE.md", "README.md")
        and not any(part.startswith(".") for part in p.relative_to(folder).parts)
    ]
    if not paths:
        raise SourceError(f"The source folder {str(folder)!r} holds no text. Put .md or .txt files into it.")
    documents, faults = [], []
    for path in paths:
        try:
            documents.append(read_document(path, path.relative_to(folder).as_posix()))
        except SourceError as error:
            faults.append(str(error))
    if faults:
        raise SourceError("\n".join(faults))
    return tuple(documents)


def read_document(path: Path, name: str) -> Document:
    """One file as a document with id `name`. Raises SourceError with the cure."""
    try:
        if path.stat().st_size > LARGEST:
            raise SourceError(f"{name}: larger than {LARGEST // 1_000_000} MB. Split it into several files.")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name}: not UTF-8 (byte {error.object[error.start]:#04x} at {error.start}). "
            f"Convert it, for example with `iconv -f latin1 -t utf-8`."
        ) from error
    except OSError as error:
        raise SourceError(f"{name}: cannot be read ({error.strerror}). Check its permissions.") from error
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """The decoded text of one file -> its document. Raises SourceError when it has no words."""
    markdown = not name.lower().endswith(".txt")
    blocks = list(_markdown_blocks(text) if markdown else _plain_blocks(text))
    if not any(block.kind != "heading" for block in blocks):
        raise SourceError(f"{name}: holds no sentence. Remove the file or fill it.")
    first = next((b for b in blocks if b.kind == "heading" and b.level == 1), None)
    named = markdown and first is not None and first is blocks[0]
    title = _plain(text[first.start : first.end]) if named and first else _title_of(name)
    sections, sentences = [], []
    heading, opened, level = title, 0, 1
    for block in [*blocks, _Block("heading", len(text), len(text))]:
        if block.kind == "heading":
            if sections or text[opened : block.start].strip("\ufeff# \t\n"):
                sections.append(Section(f"{name}#{len(sections)}", heading, level, opened, block.start))
            heading = _plain(text[block.start : block.end]) or title
            opened, level = block.start, block.level
            continue
        body = text[block.start : block.end]
        if block.kind == "item" and len(split_sentences(body)) <= 1:
            spans = [(0, len(body))]
        else:
            spans = split_sentences(body)
        for start, end in spans:
            sentences.append(
                Sentence(
                    id=f"{name}#{block.start + start}-{block.start + end}",
                    document=name,
                    section=heading,
                    text=body[start:end],
                    start=block.start + start,
                    end=block.start + end,
                    kind="item" if block.kind == "item" else "sentence",
                )
            )
    readable = tuple(s for s in sentences if re.search(r"\w", s.text))
    return Document(
        id=name,
        title=title,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        sections=tuple(sections),
        sentences=readable,
    )


def _title_of(name: str) -> str:
    words = re.sub(r"[-_]+", " ", Path(name).stem).strip()
    return words[:1].upper() + words[1:]


def _plain(markup: str) -> str:
    """A heading without emphasis marks, links and closing hashes."""
    bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markup)
    return re.sub(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}", r"\1", bare).strip().rstrip("#").strip()


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for match in re.finditer("\n", text):
        starts.append(match.end())
    return [*starts, len(text) + 1]


def _markdown_blocks(text: str) -> Iterator[_Block]:
    starts = _line_starts(text)
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(text.replace("\ufeff", " ", 1) if text.startswith("\ufeff") else text)
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
            kind: Literal["heading", "text", "item"] = "heading" if level else "item" if inside["list_item"] else "text"
            if kind == "heading":
                last = first + 1
            yield from _trimmed(text, starts, first, last, kind, level)
            level = 0
        elif token.type == "tr_open":
            yield from _trimmed(text, starts, first, last, "item", 0)
        elif token.type in ("fence", "code_block"):
            body = range(first + 1, last - 1) if token.type == "fence" else range(first, last)
            for line in body:
                yield from _trimmed(text, starts, line, line + 1, "item", 0)
        elif token.type == "html_block":
            yield from _trimmed(text, starts, first, last, "text", 0)


def _trimmed(
    text: str,
    starts: list[int],
    first: int,
    last: int,
    kind: Literal["heading", "text", "item"],
    level: int,
) -> Iterator[_Block]:
    """Lines [first, last) without the markers before them; quoted lines one by one."""
    start, end = starts[first], min(starts[last] - 1, len(text))
    body = text[start:end]
    if "\n" in body and any(line.lstrip().startswith(">") for line in body.split("\n")[1:]):
        for line in range(first, last):
            yield from _trimmed(text, starts, line, line + 1, kind, level)
        return
    marker = _MARKER.match(body.replace("\ufeff", " "))
    start += marker.end() if marker else 0
    stripped = text[start:end]
    if body.lstrip().startswith("|"):
        inner = stripped.strip().strip("|").strip()
        start += stripped.find(inner) if inner else 0
        stripped = inner
    end = start + len(stripped.rstrip())
    if end > start:
        yield _Block(kind, start, end, level)


def _plain_blocks(text: str) -> Iterator[_Block]:
    starts = _line_starts(text)
    lines = text.split("\n")
    n = 0
    while n < len(lines):
        if not lines[n].strip("\ufeff \t\r"):
            n += 1
            continue
        if _is_heading(lines, n):
            lead = len(lines[n]) - len(lines[n].lstrip("\ufeff \t"))
            yield _Block("heading", starts[n] + lead, starts[n] + len(lines[n].rstrip()), 2)
            n += 1
            continue
        kind: Literal["text", "item"] = "item" if _BULLET.match(lines[n]) else "text"
        m = n + 1
        while m < len(lines) and lines[m].strip() and not _starts_block(lines, m):
            m += 1
        yield from _trimmed(text, starts, n, m, kind, 0)
        n = m


def _starts_block(lines: list[str], n: int) -> bool:
    if _BULLET.match(lines[n]) or _is_heading(lines, n):
        return True
    ended = re.search(r"[.!?:;”\"')\]]\s*$", lines[n - 1]) is not None
    unwrapped = len(lines[n - 1]) > 120 or _BULLET.match(lines[n - 1]) is not None
    return ended and unwrapped and not lines[n][:1].isspace()


def _is_heading(lines: list[str], n: int) -> bool:
    """A short line without a full stop that stands between paragraphs, as in plain text files."""
    line = lines[n].strip("\ufeff \t\r")
    if not line or len(line) > 80 or len(line.split()) > 12 or _BULLET.match(lines[n]):
        return False
    if not (line[0].isupper() or line[0].isdigit()) or line[-1] in '.!?,;”"' or _DANGLING.search(line.lower()):
        return False
    before = lines[n - 1].strip() if n else ""
    if before and before[-1] not in '.!?”")' and not _BULLET.match(lines[n - 1]):
        return False
    after = next((other.strip() for other in lines[n + 1 :] if other.strip()), "")
    blank_after = n + 1 < len(lines) and not lines[n + 1].strip()
    return bool(after) and (blank_after or after[0].isupper() or not after[0].isalpha())
