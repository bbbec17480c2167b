"""data/guard_rules.toml -> rules, each with a row that fires it and a near miss that must not."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import DataError

RULES = Path(__file__).parent / "data" / "guard_rules.toml"
LANES = ("emergency", "injection", "decision", "smalltalk")
_WANTED = {"id": str, "lane": str, "patterns": list, "fires": str, "spares": str}


@dataclass(frozen=True)
class Rule:
    """Fires where one of `patterns` is found and none of `unless` is."""

    id: str
    lane: str
    kind: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]

    def match(self, text: str) -> re.Match[str] | None:
        """The first match in lower-case `text`, or None."""
        if any(pattern.search(text) for pattern in self.unless):
            return None
        for pattern in self.patterns:
            found = pattern.search(text)
            if found:
                return found
        return None


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
    faults: list[str] = []
    rules = []
    lines = [n for n, line in enumerate(source.split("\n"), start=1) if line.strip() == "[[rule]]"]
    for line, row in zip(lines, table.get("rule", []), strict=False):
        rule = _rule(row, f"{path.name}:{line}", faults)
        if rule:
            rules.append(rule)
    ids = [rule.id for rule in rules]
    faults += [f"{path.name}: the id {i!r} is used twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    kinds = []
    for kind, pattern in table.get("kinds", {}).items():
        compiled = _compiled([pattern], f"{path.name}: kinds.{kind}", faults)
        kinds += [(kind, p) for p in compiled]
    if not rules and not faults:
        faults.append(f"{path.name}: holds no [[rule]]")
    if faults:
        raise DataError("\n".join(faults))
    return RuleBook(tuple(rules), tuple(kinds))


def _rule(row: dict[str, Any], place: str, faults: list[str]) -> Rule | None:
    before = len(faults)
    for key, kind in _WANTED.items():
        if not isinstance(row.get(key), kind) or not row[key]:
            faults.append(f"{place}: {key!r} is missing or is not a {kind.__name__}")
    unknown = set(row) - set(_WANTED) - {"unless", "kind"}
    if unknown:
        faults.append(f"{place}: unknown keys {sorted(unknown)}")
    if row.get("lane") not in LANES:
        faults.append(f"{place}: lane {row.get('lane')!r} is not one of {', '.join(LANES)}")
    if len(faults) > before:
        return None
    rule = Rule(
        id=row["id"],
        lane=row["lane"],
        kind=row.get("kind", ""),
        patterns=_compiled(row["patterns"], place, faults),
        unless=_compiled(row.get("unless", []), place, faults),
    )
    if len(faults) == before:
        if rule.match(row["fires"].lower()) is None:
            faults.append(f"{place}: {rule.id} is not fired by its own example {row['fires']!r}")
        if rule.match(row["spares"].lower()) is not None:
            faults.append(f"{place}: {rule.id} is fired by its near miss {row['spares']!r}")
    return rule if len(faults) == before else None


def _compiled(patterns: list[Any], place: str, faults: list[str]) -> tuple[re.Pattern[str], ...]:
    compiled = []
    for pattern in patterns:
        try:
            compiled.append(re.compile(pattern))
        except (re.error, TypeError) as error:
            faults.append(f"{place}: {pattern!r} is not a pattern: {error}")
    return tuple(compiled)
