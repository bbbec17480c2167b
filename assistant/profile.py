"""data/PROFILE.toml, data/regions.toml -> the wording, notices and thresholds of a profile."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import DataError
from assistant.records import Document, Verdict
from assistant.rules import KINDS, LANES

DATA = Path(__file__).parent / "data"
_TABLES = {
    "notice": ("answered", "abstained", "declined", "injection", "emergency", "smalltalk"),
    "text": ("abstained", "off_topic", "missing", "decision", "injection", "empty", "unsure", "unverified"),
    "emergency": ("call", "crisis", "poison", "wait"),
    "smalltalk": KINDS["smalltalk"],
    "thresholds": LANES,
}
_NUMBERS = ("emergency", "crisis", "crisis_name", "poison")
_FILLED = {"text": ("things",), "emergency": _NUMBERS, "smalltalk": ("titles", "sections")}
"""What stands in braces in the wordings of a table."""


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

    def disclaimer(self, verdict: Verdict, reason: str = "") -> str:
        """The notice of a reply; stands beside the answer, never inside a quote."""
        return self.notice["injection" if reason.startswith("injection") else verdict]

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

    def broken_text(self) -> str:
        """What is said where something broke; it names a number only where emergencies are looked for."""
        return f"{self.text['unsure']} {self.if_urgent()}" if "emergency" in self.lanes else self.text["unsure"]

    def missing_text(self, things: Sequence[str]) -> str:
        """What the source does not mention, "" where nothing is known to be missing."""
        return self.text["missing"].format(things=" or ".join(things)) if things else ""

    def smalltalk_text(self, kind: str) -> str:
        """A short reply that names this source."""
        wording = self.smalltalk.get(kind, self.smalltalk["other"])
        return wording.format(titles=self.titles, sections=self.sections)


def load_profile(name: str, region: str, documents: Sequence[Document] = ()) -> Profile:
    """Raises DataError listing every key that is missing or wrong, with the file."""
    path = DATA / f"{name}.toml"
    table = _read(path)
    regions = {k: v for k, v in _read(DATA / "regions.toml").items() if isinstance(v, dict)}
    region = next((k for k, v in regions.items() if region in v.get("also", ())), region)
    numbers = {k: v for k, v in regions.get(region, {}).items() if isinstance(v, str)}
    faults = [f"{path.name}: {fault}" for fault in _profile_faults(table)]
    if region not in regions:
        faults.append(f"Unknown region {region!r}. Set FOOTNOTE_REGION to one of: {', '.join(regions)}.")
    else:
        faults += [f"regions.toml: [{region}] lacks {key!r}" for key in _NUMBERS if not numbers.get(key)]
        if not regions[region].get("sources"):
            faults.append(f"regions.toml: [{region}] lacks 'sources'")
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
        numbers=numbers,
        titles="”, “".join(shown),
        sections="; ".join(headings[:8]),
    )


def _profile_faults(table: dict[str, Any]) -> list[str]:
    """What a profile's file lacks, or has wrong: a lane misspelt would be a lane switched off."""
    faults = [f"lacks {key!r}" for key in ("version", "reviewed_by") if not isinstance(table.get(key), str)]
    lanes = table.get("lanes")
    if not isinstance(lanes, list) or any(lane not in LANES for lane in lanes):
        faults.append(f"lanes {lanes!r} is not a list of {', '.join(LANES)}")
    urgent = isinstance(lanes, list) and "emergency" in lanes
    for head, keys in _TABLES.items():
        row = table.get(head)
        if head == "thresholds" and isinstance(lanes, list):
            keys = tuple(key for key in keys if key in lanes)
        for key in keys:
            value = row.get(key) if isinstance(row, dict) else None
            if value is None:
                faults.append(f"[{head}] lacks {key!r}")
            elif head == "thresholds":
                if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                    faults.append(f"[{head}] {key} = {value!r} is not a number above 0 and up to 1")
            elif not isinstance(value, str):
                faults.append(f"[{head}] {key} = {value!r} is not text")
            elif not value and urgent and (head == "emergency" or (head == "notice" and key != "smalltalk")):
                faults.append(f"[{head}] {key} is empty")
            elif head in _FILLED:
                faults += _wording_faults(head, key, value)
    return faults


def _wording_faults(head: str, key: str, wording: str) -> list[str]:
    try:
        wording.format(**dict.fromkeys(_FILLED[head], ""))
    except (KeyError, IndexError, ValueError, AttributeError):
        names = ", ".join(f"{{{name}}}" for name in _FILLED[head])
        return [f"[{head}] {key} has braces other than {names}"]
    return []


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
