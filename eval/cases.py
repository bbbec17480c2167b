"""question files (JSONL or CSV) -> cases; every bad row is reported at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class CasesError(Exception):
    """A question file cannot be used; the text lists every bad row with its line."""


@dataclass(frozen=True)
class Case:
    """One question of a set. expect: answer, abstain, emergency, refuse or chitchat; empty where
    the set carries no judgement. gold: sentences that answer, best first; also_ok: may be cited."""

    id: str
    question: str
    history: tuple[str, ...] = ()
    category: str = ""
    expect: str = ""
    gold: tuple[str, ...] = ()
    also_ok: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


EXPECTATIONS = ("", "answer", "abstain", "emergency", "refuse", "chitchat")


def read_cases(path: Path) -> tuple[list[Case], list[str]]:
    """The good rows in file order, and a message for each bad one.

    Raises CasesError when the file cannot be read at all or lacks a column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CasesError(f"{path}: no such file. Name one with --questions FILE.") from error
    except UnicodeDecodeError as error:
        raise CasesError(f"{path}: not UTF-8. Convert it, for example with `iconv -f latin1 -t utf-8`.") from error
    except OSError as error:
        raise CasesError(f"{path}: cannot be read ({error.strerror}).") from error
    rows = _csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_rows(text)
    cases: list[Case] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for line, row, fault in rows:
        found = [fault] if fault else _faults(row)
        name = row.get("id") if isinstance(row, dict) else None
        if not found and str(name) in seen:
            found = [f"the id {name!r} was used in line {seen[str(name)]}"]
        if found:
            faults += [f"{path.name}:{line}: {f}" for f in found]
            continue
        seen[str(name)] = line
        cases.append(
            Case(
                id=str(row["id"]),
                question=row["question"],
                history=tuple(row.get("history") or ()),
                category=row.get("category") or "",
                expect=row.get("expect") or "",
                gold=tuple(row.get("gold") or ()),
                also_ok=tuple(row.get("also_ok") or ()),
                line=line,
            )
        )
    if not cases and not faults:
        raise CasesError(f"{path}: holds no question.")
    return cases, faults


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError) as error:
            yield line, {}, f"not JSON ({error}): {raw[:60]!r}"
            continue
        if isinstance(row, dict):
            yield line, row, ""
        else:
            yield line, {}, f"not a JSON object: {raw[:60]!r}"


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    lines = text.split("\n")
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = {"id", "question"} - set(reader.fieldnames or ())
    except csv.Error as error:
        raise CasesError(f"{path}:1: not CSV ({error}).") from error
    if missing:
        raise CasesError(
            f"{path}: the header lacks {', '.join(sorted(missing))}; it reads "
            f"{','.join(reader.fieldnames or ())!r}. Write a first line `id,question`."
        )
    while True:
        line = next((n for n in range(reader.line_num, len(lines)) if lines[n].strip()), len(lines)) + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield line, {}, f"not CSV ({error})"
            continue
        if row is None:
            return
        if None in row:
            yield line, {}, f"more values than columns, from {row[None][0]!r} on. Put a value with a comma in quotes"
            continue
        values: dict[str, Any] = {k: v for k, v in row.items() if k and v}
        for key in ("history", "gold", "also_ok"):
            if key in values:
                values[key] = [part.strip() for part in values[key].split("|") if part.strip()]
        yield line, values, ""


def _faults(row: dict[str, Any]) -> list[str]:
    found = []
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool) or row["id"] == "":
        found.append(f"'id' is missing or not text: {row.get('id')!r}")
    if not isinstance(row.get("question"), str):
        found.append(f"'question' is missing or not text: {row.get('question')!r}")
    if not isinstance(row.get("category", ""), str | None):
        found.append(f"'category' is not text: {row['category']!r}")
    for key in ("history", "gold", "also_ok"):
        value = row.get(key)
        if value is not None and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            found.append(f"{key!r} is not a list of texts: {value!r}")
    if row.get("expect") not in (None, *EXPECTATIONS):
        found.append(f"'expect' is {row['expect']!r}, not one of {', '.join(EXPECTATIONS[1:])}")
    return found
