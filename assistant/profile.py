"""data/PROFILE.toml, data/regions.toml -> the wording, notices and thresholds of a profile."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DataError
from assistant.records import Document, Verdict

DATA = Path(__file__).parent / "data"
_TABLES = {
    "notice": ("answered", "abstained", "declined", "emergency", "smalltalk"),
    "text": ("abstained", "off_topic", "related", "decision", "injection", "empty", "unsure", "unverified"),
    "emergency": ("call", "crisis", "poison", "wait"),
    "smalltalk": ("greeting", "thanks", "goodbye", "identity", "capability", "other"),
    "thresholds": ("emergency", "injection", "decision", "smalltalk"),
}
_NUMBERS = ("emergency", "crisis", "crisis_name", "poison", "sources")


@dataclass(frozen=True)
class Profile:
    """Everything that is said and not quoted, with the numbers of one region filled in."""

    name: str
    lanes: tuple[str, ...]
    notice: dict[str, str]
    text: dict[str, str]
    emergency: dict[str, str]
    smalltalk: dict[str, str]
    thresholds: dict[str, float]
    numbers: dict[str, str]
    titles: str = ""
    sections: str = ""

    def disclaimer(self, verdict: Verdict) -> str:
        """The notice of a verdict; stands beside the answer, never inside a quote."""
        return self.notice[verdict]

    def emergency_text(self, kind: str) -> str:
        """What to do now, first things first."""
        lines = {
            "crisis": ("crisis",),
            "poison": ("poison",),
        }.get(kind, ("call", "wait"))
        return " ".join(self.emergency[line].format(**self.numbers) for line in lines)

    def if_urgent(self) -> str:
        """Where help is, for a reply that could not be checked."""
        return f"If this is urgent, call {self.numbers['emergency']}."

    def smalltalk_text(self, kind: str) -> str:
        """A short reply that names this source."""
        wording = self.smalltalk.get(kind, self.smalltalk["other"])
        return wording.format(titles=self.titles, sections=self.sections)


def load_profile(name: str, region: str, documents: Sequence[Document] = ()) -> Profile:
    """Raises DataError listing every key that is missing, with the file."""
    path = DATA / f"{name}.toml"
    table = _read(path)
    faults = [
        f"{path.name}: [{head}] lacks {key!r}"
        for head, keys in _TABLES.items()
        for key in keys
        if key not in table.get(head, {})
    ]
    regions = {k: v for k, v in _read(DATA / "regions.toml").items() if isinstance(v, dict)}
    if region not in regions:
        faults.append(f"Unknown region {region!r}. Set FOOTNOTE_REGION to one of: {', '.join(regions)}.")
    else:
        faults += [f"regions.toml: [{region}] lacks {key!r}" for key in _NUMBERS if key not in regions[region]]
    if faults:
        raise DataError("\n".join(faults))
    titles = [d.title for d in documents]
    shown = titles[:3] + (["…"] if len(titles) > 3 else [])
    headings = list(dict.fromkeys(s.heading for d in documents for s in d.sections))
    return Profile(
        name=name,
        lanes=tuple(table["lanes"]),
        notice=table["notice"],
        text=table["text"],
        emergency=table["emergency"],
        smalltalk=table["smalltalk"],
        thresholds={k: float(v) for k, v in table["thresholds"].items()},
        numbers={k: v for k, v in regions[region].items() if isinstance(v, str)},
        titles="”, “".join(shown),
        sections="; ".join(headings[:8]),
    )


def _read(path: Path) -> dict[str, object] | dict[str, dict[str, object]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
