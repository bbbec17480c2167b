"""data/guard_rules.toml -> rules, each with a row that fires it and a near miss that must not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import DataError
from assistant.negation import asserted
from assistant.normalise import normalise

RULES = Path(__file__).parent / "data" / "guard_rules.toml"
LANES = ("emergency", "injection", "decision", "smalltalk")
KINDS = {
    "emergency": ("medical", "poison", "crisis"),
    "smalltalk": ("greeting", "thanks", "goodbye", "identity", "capability", "other"),
}
"""Kinds of reply a lane has; each has its wording in the profile."""
Span = tuple[int, int]
NEAR = 120
"""Characters within which the parts of a pattern begin."""
_END = re.compile(r"[.!?]+ ")
_PART = re.compile(r"\{([a-z_]+)\}")
_TOP = {"version", "reviewed_by", "parts", "kinds", "rule"}
_HEADER = re.compile(r"\s*\[\[\s*rule\s*\]\]\s*(?:#.*)?$")
_WANTED = {"id": str, "lane": str, "patterns": list, "fires": str, "spares": str}


@dataclass(frozen=True)
class Rule:
    """Fires where all parts of one of `patterns` are found together and none of `unless` is in the same sentence."""

    id: str
    lane: str
    kind: str
    patterns: tuple[tuple[re.Pattern[str], ...], ...]
    unless: tuple[re.Pattern[str], ...]

    def fires(self, text: str) -> bool:
        """Whether anything in the normalised `text` matches. A red flag that is denied does not count.

        `unless` counts in the sentences of the match: a harmless question does not excuse the
        red flag after it.
        """
        text = text.lower()
        alone = (match for parts in self.patterns if len(parts) == 1 for match in _matches(parts[0], text))
        if any(True for _ in self._counted((m for m in alone if not self._excused(text, m.span())), text)):
            return True
        several = (parts for parts in self.patterns if len(parts) > 1)
        return any(not self._excused(text, place) for parts in several for place in self._together(parts, text))

    def _counted(self, matches: Iterable[re.Match[str]], text: str) -> Iterable[re.Match[str]]:
        return asserted(matches, text) if self.lane == "emergency" else matches

    def _excused(self, text: str, place: Span) -> bool:
        sentences = _sentences_around(text, *place)
        return any(excuse.search(sentences) for excuse in self.unless)

    def _together(self, parts: Sequence[re.Pattern[str]], text: str) -> Iterator[Span]:
        """Where every other part stands near a match of the first, each of them counted."""
        first, *others = ([m.span() for m in self._counted(_matches(part, text), text)] for part in parts)
        for place in first:
            if all(any(_near(text, place, other) for other in found) for found in others):
                yield place


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
    parts = _parts(table.get("parts", {}), path.name, faults)
    rules = [rule for row, place in zip(rows, places, strict=True) if (rule := _rule(row, place, parts, faults))]
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
        kinds += [(kind, p) for p in _compiled([pattern], place, parts, faults)]
    if faults:
        raise DataError("\n".join(faults))
    return RuleBook(tuple(rules), tuple(kinds))


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every match, overlapping ones too: the first may be one that is denied."""
    found = pattern.search(text)
    while found and found.group():
        yield found
        found = pattern.search(text, found.start() + 1)


def _near(text: str, place: Span, other: Span) -> bool:
    """Whether both begin within NEAR characters, with no end of a sentence between them."""
    (_, end), (start, _) = sorted((place, other))
    return abs(place[0] - other[0]) <= NEAR and not _END.search(text, end, max(start, end))


def _sentences_around(text: str, start: int, end: int) -> str:
    """The sentences that text[start:end] touches."""
    first = max((m.end() for m in _END.finditer(text, 0, start)), default=0)
    last = _END.search(text, end)
    return text[first : last.start() if last else len(text)]


def _tables(value: Any) -> list[dict[str, Any]]:
    """`value` where it is a list of tables; what is no table is an empty one, whose faults are told."""
    return [row if isinstance(row, dict) else {} for row in value] if isinstance(value, list) else []


def _parts(table: Any, name: str, faults: list[str]) -> dict[str, str]:
    """Name -> pattern, those that a part above names put in."""
    parts: dict[str, str] = {}
    for part, pattern in (_tables([table]) or [{}])[0].items():
        for compiled in _compiled([pattern], f"{name}: parts.{part}", parts, faults):
            parts[part] = compiled.pattern
    return parts


def _rule(row: dict[str, Any], place: str, parts: Mapping[str, str], faults: list[str]) -> Rule | None:
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
        patterns=tuple(
            _compiled(p if isinstance(p, list) and p else [p], place, parts, faults) for p in row["patterns"]
        ),
        unless=_compiled(unless, place, parts, faults),
    )
    if len(faults) == before:
        if not rule.fires(normalise(row["fires"])):
            faults.append(f"{place}: {rule.id} is not fired by its own example {row['fires']!r}")
        if rule.fires(normalise(row["spares"])):
            faults.append(f"{place}: {rule.id} is fired by its near miss {row['spares']!r}")
    return rule if len(faults) == before else None


def _compiled(
    patterns: list[Any], place: str, parts: Mapping[str, str], faults: list[str]
) -> tuple[re.Pattern[str], ...]:
    """With each {name} replaced by the part of that name."""
    compiled = []
    for pattern in patterns:
        try:
            unknown = sorted(set(_PART.findall(pattern)) - set(parts))
            if unknown:
                faults.append(f"{place}: {pattern!r} names {unknown}, which [parts] does not hold above it")
                continue
            compiled.append(re.compile(_PART.sub(lambda found: f"(?:{parts[found[1]]})", pattern)))
        except (re.error, TypeError, OverflowError) as error:
            faults.append(f"{place}: {pattern!r} is not a pattern: {error}")
    return tuple(compiled)
