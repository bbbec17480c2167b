"""question, whether the source uses a phrase -> what the question asks about and the source nowhere mentions.

Concepts come from data/concepts.toml, medicines from data/medicines.csv; both may be edited.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assistant.errors import DataError
from assistant.names import Medicine, Names

CONCEPTS = Path(__file__).parent / "data" / "concepts.toml"
MOST = 2
"""At most so many things are named."""


@dataclass(frozen=True)
class Concept:
    """`asks`: forms that name it in a question; `uses`: further forms that count in a source."""

    name: str
    asks: tuple[str, ...]
    uses: tuple[str, ...] = ()
    attribute: bool = False


@dataclass(frozen=True)
class Concepts:
    """The file: concepts, and phrases that hold one of their forms and mean something else."""

    concepts: tuple[Concept, ...]
    ignore: tuple[str, ...] = ()

    @cached_property
    def by_form(self) -> dict[str, Concept | None]:
        """form -> its concept, None for a phrase that means something else."""
        forms: dict[str, Concept | None] = {form: c for c in self.concepts for form in c.asks}
        return forms | dict.fromkeys(self.ignore)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Any form as whole words, the longest first, with a plural or possessive -s."""
        forms = sorted(self.by_form, key=lambda f: (-len(f), f))
        either = "|".join(r"[\s-]+".join(map(re.escape, form.split())) for form in forms)
        return re.compile(rf"(?<!\w)(?P<form>{either})(?:'?s)?(?!\w)", re.I)


def load_concepts(path: Path = CONCEPTS) -> Concepts:
    """Raises DataError listing every entry that is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    faults = [f"lacks {key!r}" for key in ("version", "reviewed_by", "ignore") if not isinstance(table.get(key), str)]
    concepts = []
    for head in ("things", "attributes"):
        rows = table.get(head)
        for name, row in rows.items() if isinstance(rows, dict) else ():
            texts = isinstance(row, dict) and all(isinstance(v, str) for v in row.values())
            if not texts or not set(row) <= {"asks", "uses"} or not _forms(row.get("asks", "")):
                faults.append(f"[{head}] {name!r} needs asks, may have uses, both text: {row}")
                continue
            concepts.append(Concept(name, _forms(row["asks"]), _forms(row.get("uses", "")), head == "attributes"))
    ignore = _forms(table["ignore"]) if isinstance(table.get("ignore"), str) else ()
    seen: dict[str, str] = {}
    for form, name in [(f, c.name) for c in concepts for f in c.asks] + [(f, "ignore") for f in ignore]:
        if form in seen:
            faults.append(f"{form!r} stands for both {seen[form]!r} and {name!r}")
        seen[form] = name
    if faults or not concepts:
        raise DataError("\n".join(f"{path.name}: {fault}" for fault in faults or ["holds no concepts"]))
    return Concepts(tuple(concepts), ignore)


def _forms(cell: str) -> tuple[str, ...]:
    """Lower case, spaces for hyphens: "side-effect" and "side effect" are one form."""
    return tuple(dict.fromkeys(_plain(form) for form in cell.split("|") if form.strip()))


def _plain(form: str) -> str:
    return " ".join(form.lower().replace("-", " ").split())


class Missing:
    """`uses(phrase)` says whether the source uses a phrase in any form; `names` finds medicines."""

    def __init__(self, concepts: Concepts, names: Names, uses: Callable[[str], bool]) -> None:
        self.concepts = concepts
        self.names = names
        self.uses = uses

    def __call__(self, question: str) -> tuple[str, ...]:
        """At most two names, in the question's order, things before attributes."""
        found = sorted(self._missing(question))
        return tuple(dict.fromkeys(name for _, _, name in found))[:MOST]

    def _missing(self, question: str) -> Iterator[tuple[bool, int, str]]:
        """(whether an attribute, place in the question, name), of what the source nowhere mentions."""
        taken: list[tuple[int, int]] = []
        seen: set[str] = set()
        for match, medicine in self.names.matches(question):
            name = match.group().lower()
            if _plain(name) in self.concepts.by_form:
                continue
            taken.append(match.span())
            unused = not any(map(self.uses, (name, medicine.generic, *medicine.brands, *medicine.common)))
            if unused and medicine.generic not in seen:
                yield False, match.start(), _shown(medicine, name)
            seen.add(medicine.generic)
        for match in self.concepts.pattern.finditer(question):
            concept = self.concepts.by_form[_plain(match.group("form"))]
            if concept is None or any(start < match.end() and match.start() < end for start, end in taken):
                continue
            if not any(map(self.uses, (concept.name, *concept.asks, *concept.uses))):
                yield concept.attribute, match.start(), concept.name


def _shown(medicine: Medicine, name: str) -> str:
    """A brand in capitals with its generic name: "Zanaflex (tizanidine)"."""
    brand = next((b for b in medicine.brands if name in (b, f"{b}s")), None)
    return f"{brand.title()} ({medicine.generic})" if brand else name
