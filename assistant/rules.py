"""data/guard_rules.toml -> rules, each with a row that fires it and a near miss that must not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import DataError
from assistant.normalise import normalise

RULES = Path(__file__).parent / "data" / "guard_rules.toml"
LANES = ("emergency", "injection", "decision", "smalltalk")
KINDS = {
    "emergency": ("medical", "poison", "crisis"),
    "smalltalk": ("greeting", "thanks", "goodbye", "identity", "capability", "other"),
}
"""Kinds of reply a lane has; each has its wording in the profile."""
_END = re.compile(r"[.!?]+ ")
_TOP = {"version", "reviewed_by", "kinds", "rule"}
_HEADER = re.compile(r"\s*\[\[\s*rule\s*\]\]\s*(?:#.*)?$")
_WANTED = {"id": str, "lane": str, "patterns": list, "fires": str, "spares": str}


@dataclass(frozen=True)
class Rule:
    """Fires where one of `patterns` is found and none of `unless` is in the same sentence."""

    id: str
    lane: str
    kind: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Every match in lower-case `text`, overlapping ones too: the first may be a negated one.

        `unless` counts in the sentences of the match: a harmless question does not excuse the
        red flag after it.
        """
        for pattern in self.patterns:
            found = pattern.search(text)
            while found and found.group():
                sentences = _sentences_around(text, *found.span())
                if not any(excuse.search(sentences) for excuse in self.unless):
                    yield found
                found = pattern.search(text, found.start() + 1)

    def fires(self, text: str) -> bool:
        """Whether anything in the normalised `text` matches."""
        return any(True for _ in self.matches(text.lower()))


@dataclass(frozen=True)
class RuleBook:
    """All rules of a file, and the words that tell one kind of emergency from another."""

    rules: tuple[Rule, ...]
    kinds: tuple[tuple[str, re.Pattern[str]], ...]

    def lane(self, name: str) -> tuple[Rule, ...]:
        """The rules of a lane, in file order."""
        return tuple(rule for rule in self.rules if rule.lane == name)

    def kind_of(self, text: str) -> str:
        """crisis, poison, or medical."""
        return next((kind for kind, pattern in self.kinds if pattern.search(text)), "medical")


def load_rules(path: Path = RULES) -> RuleBook:
    """Raises DataError that lists every fault of the file, each with its line."""
    try:
        source = path.read_text(encoding="utf-8")
        table = tomllib.loads(source)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    faults = [f"{path.name}: {key!r} is missing" for key in ("version", "reviewed_by") if key not in table]
    faults += [f"{path.name}: unknown key {key!r}" for key in sorted(set(table) - _TOP)]
    rows = _tables(table.get("rule", []))
    lines = [n for n, line in enumerate(source.split("\n"), start=1) if _HEADER.match(line)]
    places = [f"{path.name}:{n}" for n in lines]
    if len(places) != len(rows):  # not written as [[rule]] tables: counted instead
        places = [f"{path.name}: rule {n}" for n in range(1, len(rows) + 1)]
    if not rows:
        faults.append(f"{path.name}: holds no [[rule]]")
    rules = [rule for row, place in zip(rows, places, strict=True) if (rule := _rule(row, place, faults))]
    ids = [row.get("id") for row in rows]
    faults += [
        f"{place}: the id {name!r} is used by an earlier rule"
        for n, (name, place) in enumerate(zip(ids, places, strict=True))
        if name in ids[:n]
    ]
    kinds = []
    for kind, pattern in (_tables([table.get("kinds", {})]) or [{}])[0].items():
        place = f"{path.name}: kinds.{kind}"
        if kind not in KINDS["emergency"]:
            faults.append(f"{place} is not one of {', '.join(KINDS['emergency'])}")
        kinds += [(kind, p) for p in _compiled([pattern], place, faults)]
    if faults:
        raise DataError("\n".join(faults))
    return RuleBook(tuple(rules), tuple(kinds))


def _sentences_around(text: str, start: int, end: int) -> str:
    """The sentences that text[start:end] touches."""
    first = max((m.end() for m in _END.finditer(text, 0, start)), default=0)
    last = _END.search(text, end)
    return text[first : last.start() if last else len(text)]


def _tables(value: Any) -> list[dict[str, Any]]:
    """`value` where it is a list of tables; what is no table is an empty one, whose faults are told."""
    return [row if isinstance(row, dict) else {} for row in value] if isinstance(value, list) else []


def _rule(row: dict[str, Any], place: str, faults: list[str]) -> Rule | None:
    before = len(faults)
    for key, kind in _WANTED.items():
        if not isinstance(row.get(key), kind) or not row[key]:
            faults.append(f"{place}: {key!r} is missing or is not a {kind.__name__}")
    unknown = set(row) - set(_WANTED) - {"unless", "kind"}
    if unknown:
        faults.append(f"{place}: unknown keys {sorted(unknown)}")
    lane = row.get("lane")
    if lane not in LANES:
        faults.append(f"{place}: lane {lane!r} is not one of {', '.join(LANES)}")
    elif lane in KINDS and row.get("kind") not in KINDS[lane]:
        faults.append(f"{place}: kind {row.get('kind')!r} is not one of {', '.join(KINDS[lane])}")
    unless = row.get("unless", [])
    if not isinstance(unless, list):
        faults.append(f"{place}: 'unless' is not a list")
    if len(faults) > before:
        return None
    rule = Rule(
        id=row["id"],
        lane=row["lane"],
        kind=str(row.get("kind", "")),
        patterns=_compiled(row["patterns"], place, faults),
        unless=_compiled(unless, place, faults),
    )
    if len(faults) == before:
        if not rule.fires(normalise(row["fires"])):
            faults.append(f"{place}: {rule.id} is not fired by its own example {row['fires']!r}")
        if rule.fires(normalise(row["spares"])):
            faults.append(f"{place}: {rule.id} is fired by its near miss {row['spares']!r}")
    return rule if len(faults) == before else None


def _compiled(patterns: list[Any], place: str, faults: list[str]) -> tuple[re.Pattern[str], ...]:
    compiled = []
    for pattern in patterns:
        try:
            compiled.append(re.compile(pattern))
        except (re.error, TypeError, OverflowError) as error:
            faults.append(f"{place}: {pattern!r} is not a pattern: {error}")
    return tuple(compiled)
