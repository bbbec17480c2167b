"""text -> the numbers in it, with their units: in digits or in words, shares in per cent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

_SMALL = """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_ONES = {word: float(n) for n, word in enumerate(_SMALL.split(), 1)}
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORTH = {
    **_ONES,
    **{w: 10.0 * n for n, w in enumerate(_TENS, 2)},
    **{"half": 0.5, "twice": 2.0, "double": 2.0, "triple": 3.0, "dozen": 12.0, "zero": 0.0},
    **{"both": 2.0, "couple": 2.0},
}
_ORDINAL = {"first": 1.0, "second": 2.0, "third": 3.0, "fifth": 5.0, "eighth": 8.0, "ninth": 9.0, "twelfth": 12.0} | {
    f"{word}th": value for word, value in _WORTH.items() if word[-1] not in "ety"
}
_TIMES = {"hundred": 100.0, "thousand": 1_000.0, "million": 1_000_000.0}
_HOURS = {"second": 1 / 3600, "minute": 1 / 60, "hour": 1.0, "day": 24.0, "week": 168.0, "fortnight": 336.0,
          "month": 730.5, "year": 8766.0, "decade": 87660.0}  # fmt: skip
_UNITS = {
    "mg": "mg milligram milligramme", "mcg": "mcg microgram microgramme µg μg ug", "g": "g gram gramme",
    "kg": "kg kilogram kilo", "ml": "ml millilitre milliliter", "l": "l litre liter", "%": "% percent pct",
    "degree": "degree °c °f °", "cm": "cm centimetre centimeter", "mm": "mm millimetre millimeter",
    "m": "m metre meter", "km": "km kilometre kilometer", "iu": "iu", "mmol": "mmol", "euro": "euro €",
    "pound": "pound £", "dollar": "dollar $", "second": "second sec", "minute": "minute min",
    "hour": "hour hr hourly", "day": "day daily night", "week": "week wk weekly", "fortnight": "fortnight",
    "month": "month monthly", "year": "year yr yearly", "decade": "decade",
}  # fmt: skip
_UNIT = {name: unit for unit, names in _UNITS.items() for name in names.split()}
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|°[cf]?|[%€£$]", re.IGNORECASE)
_PARTS = {"half": 2.0, "third": 3.0, "quarter": 4.0, "fifth": 5.0, "tenth": 10.0}
_SUPPLIED = ("a", "an", "one", "each", "every", "per")
"""Before a unit these count as one of it."""
_AND_A_HALF = ["and", "a", "half"]
_HALF_DAY = re.compile(r"\b[ap]\.?m\b\.?", re.IGNORECASE)
_NEAR = 2
"""Words that may stand between a number and its unit: "five paid days", "fifteen or more days"."""


@dataclass(frozen=True)
class Number:
    """value of a unit, "" for none. named: written as a number, not as in "a week" or "the third"."""

    value: float
    unit: str = ""
    named: bool = True

    def is_in(self, others: Iterable[Number]) -> bool:
        """Whether one of them says as much: a duration in other units (within 1.5 %, as months and weeks
        differ), a share in per cent or as a fraction, a plain number where one of both has no unit."""
        return any(self._is(other) for other in others)

    def _is(self, other: Number) -> bool:
        if {self.unit, other.unit} == {"", "%"}:
            plain, share = (self, other) if other.unit else (other, self)
            return share.value in (plain.value, 100 * plain.value)
        if not (self.unit and other.unit) or self.unit == other.unit:
            return self.value == other.value
        mine, theirs = _HOURS.get(self.unit), _HOURS.get(other.unit)
        return bool(mine and theirs) and math.isclose(
            self.value * (mine or 0), other.value * (theirs or 0), rel_tol=0.015
        )


def numbers(text: str) -> list[Number]:
    """Every number of a text, in order; of "2 to 4 weeks" both are weeks, "three in ten" is 30 %.

    >>> [(n.value, n.unit) for n in numbers("2.5 mg for two or three days, in 3 out of 10 people")]
    [(2.5, 'mg'), (2.0, 'day'), (3.0, 'day'), (30.0, '%')]
    """
    tokens = [t.lower() for t in _TOKEN.findall(_HALF_DAY.sub(" ", re.sub(r"\bper cent\b", "percent", text)))]
    found = []
    at = 0
    while at < len(tokens):
        if part := _fraction(tokens, at):
            found.append(part[0])
            at = part[1]
            continue
        read = _number(tokens, at)
        if read is None:
            at += 1
            continue
        value, named, after = read
        unit, share = _unit_of(tokens, at, after), _share(tokens, after)
        end = after + bool(_unit("".join(tokens[after : after + 1])))
        if tokens[end : end + 3] == _AND_A_HALF:
            value, after = value + 0.5, end + 3
            unit = unit or _near(tokens, after)
        if share:
            value, unit, after = 100 * value / share[0], "%", share[1]
        if named or unit or tokens[at] in (*_ORDINAL, "both"):
            found.append(Number(value, unit, named))
        at = after
    return found


def first_missing(statement: str, evidence: str) -> Number | None:
    """The first number of the statement, with its unit, that the evidence does not hold, or None."""
    there = numbers(evidence)
    return next((n for n in numbers(statement) if n.named and not n.is_in(there)), None)


def _number(tokens: list[str], at: int) -> tuple[float, bool, int] | None:
    """(value, whether it is written as a number, where the next token stands), or None."""
    token, after = tokens[at], at + 1
    share = token == "one" and (bool(_share(tokens, after)) or tokens[after : after + 3] == _AND_A_HALF)
    named = token not in (*_SUPPLIED, *_ORDINAL, "both") or (
        token == "one" and (share or bool(_unit("".join(tokens[after : after + 1]))))
    )
    if token[0].isdigit():
        value = _digits(token)
    elif token in _TENS and tokens[after : after + 1] and tokens[after] in {**_ONES, **_ORDINAL}:
        value = _WORTH[token] + {**_ONES, **_ORDINAL}[tokens[after]]
        after += 1
    elif token in _WORTH and (token != "one" or share or _near(tokens, after)):
        value = _WORTH[token]
    elif token in _ORDINAL:
        value = _ORDINAL[token]
    elif token in _SUPPLIED and after < len(tokens) and _unit(tokens[after]) in _HOURS:
        value = 1.0
    else:
        return None
    while after < len(tokens) and tokens[after] in _TIMES:
        value *= _TIMES[tokens[after]]
        after += 1
    return value, named, after


def _digits(token: str) -> float:
    """Of "1,000" a thousand; of "2,5" and of "2.5" two and a half."""
    plain = token.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", token) else token.replace(",", ".")
    return float(plain) if plain.count(".") < 2 else float(plain.replace(".", ""))


def _unit(token: str) -> str:
    return _UNIT.get(token) or (_UNIT.get(token[:-1], "") if token.endswith("s") and len(token) > 2 else "")


def _near(tokens: list[str], at: int) -> str:
    """The first unit within reach, before any other number."""
    for token in tokens[at : at + _NEAR + 1]:
        if unit := _unit(token):
            return unit
        if token[0].isdigit() or token in _WORTH or token in ("a", "per", "in", "of", "every"):
            return unit if token != "a" else ""
    return ""


def _unit_of(tokens: list[str], at: int, after: int) -> str:
    """Beside it, before it ("£25"), behind the other end of its range, or before "or" ("a week or two")."""
    if at and tokens[at - 1] in ("€", "£", "$"):
        return _unit(tokens[at - 1])
    rest = tokens[after + 1 :] if tokens[at] == "half" and tokens[after : after + 1] in (["a"], ["an"]) else []
    if unit := (_near(rest, 0) if rest else _near(tokens, after)):
        return unit
    if tokens[after : after + 1] and tokens[after] in ("to", "or", "and") and after + 1 < len(tokens):
        other = _number(tokens, after + 1)
        if other and (unit := _near(tokens, other[2])):
            return unit
    joined = at > 1 and tokens[at - 1] == "or"
    return _unit(tokens[at - 2]) if joined else ""


def _fraction(tokens: list[str], at: int) -> tuple[Number, int] | None:
    """(a share in per cent, where the next token stands) of "a third of", "two thirds", "three quarters of";
    or (a part of a unit, ...) of "a quarter of an hour"."""
    over = 1.0 if tokens[at] in ("a", "one") else _ONES.get(tokens[at], 0.0)
    part = "".join(tokens[at + 1 : at + 2])
    under = _PARTS.get(part) or (_PARTS.get(part[:-1], 0.0) if over > 1 else 0.0)
    if not (over and under) or over >= under or (over == 1 and tokens[at + 2 : at + 3] != ["of"]):
        return None
    whole = tokens[at + 2 : at + 5]
    if whole[:2] in (["of", "a"], ["of", "an"]) and (unit := _unit("".join(whole[2:]))):
        return Number(over / under, unit), at + 5
    return Number(100 * over / under, "%"), at + 2


def _share(tokens: list[str], after: int) -> tuple[float, int] | None:
    """(the whole, where the next token stands) of "in ten", "out of ten", "patients in ten"; of "one" whose whole
    stands further off, too."""
    for gap in range(1 + (3 if tokens[after - 1] == "one" else 1)):
        between = tokens[after : after + gap]
        if any(word in ("in", "of", "and", "or", "to") or _unit(word) for word in between):
            return None
        for words in (["in"], ["out", "of"]):
            to = after + gap + len(words)
            if tokens[after + gap : to] == words and to < len(tokens):
                whole = _number(tokens, to)
                if whole and whole[1] and whole[0] >= 2 and not _near(tokens, whole[2]):
                    return whole[0], whole[2]
    return None
