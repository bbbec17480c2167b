"""question -> the same question with brand and common names of medicines beside what the source calls them.

Names come from data/medicines.csv (public facts, editable). A name is only ever explained by
words that this source uses: "Advil" becomes "Advil (ibuprofen, an NSAID)" for a text on NSAIDs.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DataError

MEDICINES = Path(__file__).parent / "data" / "medicines.csv"
COLUMNS = ("generic", "brands", "classes", "common")


@dataclass(frozen=True)
class Medicine:
    """A row of the file; `classes` most specific first."""

    generic: str
    brands: tuple[str, ...]
    classes: tuple[str, ...]
    common: tuple[str, ...]


def load_medicines(path: Path = MEDICINES) -> tuple[Medicine, ...]:
    """Raises DataError listing every row that is wrong, with its line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise DataError(f"{path}: the header is {reader.fieldnames}, expected {','.join(COLUMNS)}")
            rows, faults = [], []
            for row in reader:
                if not row["generic"] or None in row or not row["classes"]:
                    faults.append(f"{path.name}:{reader.line_num}: needs a generic name and a class: {row}")
                    continue
                rows.append(Medicine(row["generic"], *(_split(row[c]) for c in COLUMNS[1:])))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    if faults:
        raise DataError("\n".join(faults))
    return tuple(rows)


def _split(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in (cell or "").split("|") if part.strip())


class Names:
    """Finds medicines in a question. `uses(phrase)` says whether the source uses a phrase."""

    def __init__(self, medicines: tuple[Medicine, ...], uses: Callable[[str], bool]) -> None:
        self.uses = uses
        self._by_name: dict[str, Medicine] = {}
        for medicine in medicines:
            for name in (medicine.generic, *medicine.brands, *medicine.common):
                self._by_name.setdefault(name, medicine)
        longest_first = sorted(self._by_name, key=lambda n: (-len(n), n))
        names = "|".join(re.escape(name) for name in longest_first)
        self._pattern = re.compile(rf"\b(?:{names})s?\b", re.IGNORECASE) if names else None

    @property
    def words(self) -> frozenset[str]:
        """Every single-word name, for the speller."""
        return frozenset(n for n in self._by_name if n.isalpha())

    def matches(self, question: str) -> Iterator[tuple[re.Match[str], Medicine]]:
        """Every name in the question, with its medicine."""
        for match in self._pattern.finditer(question) if self._pattern else ():
            name = match.group().lower()
            yield match, self._by_name.get(name) or self._by_name[name.removesuffix("s")]

    def explain(self, question: str) -> tuple[str, tuple[str, ...]]:
        """(question with explanations, one note a medicine that was explained).

        A name that the source itself uses is left alone.
        """
        notes: dict[str, str] = {}

        def beside(match: re.Match[str]) -> str:
            name = match.group()
            medicine = self._by_name.get(name.lower()) or self._by_name.get(name.lower().removesuffix("s"))
            if medicine is None or self.uses(name):
                return name
            meaning = self._meaning(medicine, name)
            if not meaning:
                return name
            notes.setdefault(name.lower(), f"{name}: {meaning}")
            return f"{name} ({meaning})"

        if self._pattern is None:
            return question, ()
        explained = self._pattern.sub(beside, question)
        return explained, tuple(notes.values())

    def _meaning(self, medicine: Medicine, name: str) -> str:
        """What the source would call it: its generic or another common name, else its classes, else nothing."""
        generic = "" if medicine.generic == name.lower() else medicine.generic
        for other in (generic, *medicine.common):
            if other and other != name.lower() and self.uses(other):
                return other
        used = [c for c in medicine.classes if self.uses(c)][:2]
        return ", ".join(part for part in (generic, *used) if part) if used else ""
