"""folder of texts -> documents, with headings, sentences and list items as spans.

Offsets are characters of the file as `Path.read_text(encoding="utf-8")` decodes it: a byte
order mark counts, a line end of two bytes is one character.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from assistant.blocks import QUOTE_MARK, Block, markdown_blocks, plain_blocks
from assistant.errors import SourceError
from assistant.records import Document, Section, Sentence
from assistant.segment import LONGEST, split_sentences

SUFFIXES = (".md", ".markdown", ".txt")
LARGEST = 50_000_000
"""Bytes; a larger file is refused with a message rather than read into memory."""

LONGEST_HEADING = 200
"""Characters; it stands before every passage and must leave the embedder room for the passage."""

_IMAGE = re.compile(r"!\[[^\[\]]*\](?:\([^()]*\)|\[[^\[\]]*\])")
_TAG = re.compile(r"<[^<>]*>")


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
        if path.exists() and not path.is_file():
            raise SourceError(f"{name}: is not a file. Rename it so that it does not end in {path.suffix}.")
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
    blocks = list(markdown_blocks(text) if markdown else plain_blocks(text))
    first = next((b for b in blocks if b.kind == "heading" and b.level == 1), None)
    named = markdown and first is not None and first is blocks[0]
    title = (_plain(text[first.start : first.end]) if named and first else "") or _title_of(name)
    sections: list[Section] = []
    sentences: list[Sentence] = []
    heading, opened, level = title, 0, 1
    for block in [*blocks, Block("heading", len(text), len(text))]:
        if block.kind == "heading":
            if sections or text[opened : block.start].strip("\ufeff# \t\n"):
                sections.append(Section(f"{name}#{len(sections)}", heading, level, opened, block.start))
            heading = _plain(text[block.start : block.end]) or title
            opened, level = block.start, block.level
            continue
        body = text[block.start : block.end]
        masked = _IMAGE.sub(lambda image: "_" * len(image.group()), body) if markdown else body
        whole = block.kind == "row" and len(body) <= LONGEST
        for start, end in [(0, len(body))] if whole else split_sentences(masked):
            mark = QUOTE_MARK.match(body, start, end) if markdown else None
            start = mark.end() if mark else start
            sentences.append(
                Sentence(
                    id=f"{name}#{block.start + start}-{block.start + end}",
                    document=name,
                    section=heading,
                    text=body[start:end],
                    start=block.start + start,
                    end=block.start + end,
                    kind="sentence" if block.kind == "text" else "item",
                )
            )
    readable = tuple(s for s in sentences if re.search(r"\w", _TAG.sub("", _IMAGE.sub("", s.text))))
    if not readable:
        raise SourceError(f"{name}: holds no sentence. Remove the file or fill it.")
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
    bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(markup[:LONGEST_HEADING].split()))
    return re.sub(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}", r"\1", bare).strip().rstrip("#").strip()
