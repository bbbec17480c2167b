"""sentences, supported statements -> further rows for the verifier, made by rule: kept meanings and changed ones.

What is changed is changed in one place: a number, a "not", a comparison, a hedge, a word of the
document for another, a clause that another sentence ends with. What is kept is reworded: clauses
change places, numbers are written the other way, a word becomes its like.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Change = Callable[[str, Sequence[str], random.Random], str]
"""text, the sentences of its document -> the text changed, or as it was where nothing can be."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SMALL = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty sixty"
_WORDS = _SMALL.split()
_DIGITS = {word: n for n, word in enumerate(_WORDS[:11], start=2)}
_TURNS = """
more/less higher/lower before/after above/below better/worse longer/shorter faster/slower left/right too/never
increase/reduce increases/reduces raise/lower raises/lowers early/late always/never first/last inside/outside
start/stop starts/stops starting/stopping upper/lower most/least stronger/weaker safe/dangerous hot/cold warm/cold
night/day morning/evening daily/weekly weekly/monthly with/without allowed/forbidden can/cannot may/cannot
often/rarely usually/rarely common/rare sooner/later many/few older/younger adults/children women/men only/also
full/part-time paid/unpaid acute/chronic mild/severe front/back help/harm helps/harms improve/worsen lose/gain
improves/worsens easier/harder same/different loses/gains
"""
_OPPOSITES = [turn.split("/") for turn in _TURNS.split()]
_HEDGES = (
    (r"\b(?:may|might|can|could)\b(?! not)", ("will", "always", "must")),
    (r"\busually\b|\boften\b|\bsometimes\b", ("always",)),
    (r"\b[Mm]ost\b", ("all",)),
    (r"\b[Ss]ome\b|\b[Mm]any\b", ("all", "most")),
    (r"\blinked (?:to|with)\b", ("the cause of",)),
    (r"\babout\b|\baround\b|\broughly\b", ("exactly",)),
    (r"\bunlikely\b", ("unable",)),
    (r"\brarely\b", ("never",)),
    (r"\bhelps?\b", ("cures",)),
    (r"\beases?\b|\brelieves?\b", ("removes", "cures")),
    (r"\breduces?\b", ("ends",)),
    (r"\bshould\b", ("must",)),
    (r"\bmost people\b", ("everyone",)),
    (r"\bfor (?:some|most|many)\b", ("for all",)),
)
_LIKES = """
begin/start, often/frequently, usually/normally, usually/mostly, may/might, about/roughly, about/around,
more than/over, less than/under, because/since, although/though, buy/purchase, large/big, small/little,
quickly/fast, for example/such as, helps/is useful, tell/inform, show/reveal, shows/reveals, need/require,
needs/requires, do not/don't, does not/doesn't, is not/isn't, are not/aren't, cannot/can't, should not/shouldn't,
medicine/drug, medicines/drugs, doctor/physician, stop/quit, keep/go on, children/kids, illness/disease, pain/ache,
before/ahead of, as well/too, at once/immediately, straight away/immediately, several/a number of, must/have to,
lasts/goes on, every day/daily, per cent/%, people/persons, given/offered
"""
_ALIKE = [tuple(pair.strip().split("/")) for pair in _LIKES.split(",")]
_COMMON = "there their these those which while where would should could about after before because every other"
_STOP = set(_COMMON.split())
_CLAUSE = re.compile(
    r"^(?P<main>[A-Z][^,;:]+?),? (?P<join>because|if|when|unless|although|while|since) (?P<sub>[^,;:]+)\.$"
)
_TAIL = re.compile(r",? (?:because|so that|which|such as|unless|if|when|especially|to) [^,;:]{8,}(?=\.$)")


def number_changed(text: str, _: Sequence[str], rng: random.Random) -> str:
    """One number, in digits or words, is another."""
    spots = [m.span() for m in _NUMBER.finditer(text)]
    spots += [m.span() for m in re.finditer(rf"\b(?:{'|'.join(_WORDS)})\b", text)]
    if not spots:
        return text
    a, b = rng.choice(spots)
    old = text[a:b]
    if old[0].isdigit():
        value = float(old)
        new = f"{value * rng.choice((0.5, 2, 3, 1.5)):g}" if value > 9 else str(int(value) + rng.choice((1, 2, 3)))
    else:
        new = rng.choice([w for w in _WORDS if w != old])
    return text[:a] + new + text[b:]


def negated(text: str, _: Sequence[str], rng: random.Random) -> str:
    """A "not" more or less."""
    without = re.sub(
        r"\b(do|does|did|is|are|was|were|should|must|may|can|will|need) ?(?:not|n['’]t)\b", r"\1", text, count=1
    )
    without = re.sub(r"\bcannot\b|\bcan['’]t\b", "can", without, count=1)
    if without != text:
        return without
    spots = list(re.finditer(r"\b(?:is|are|was|were|should|must|may|can|could|will|has|have)\b", text))
    if not spots:
        return text
    at = rng.choice(spots).end()
    return text[:at] + rng.choice((" not", " never")) + text[at:]


def turned(text: str, _: Sequence[str], rng: random.Random) -> str:
    """One word is its opposite."""
    found = []
    for pair in _OPPOSITES:
        for old, new in (pair, pair[::-1]):
            found += [(m.span(), new) for m in re.finditer(rf"\b{old}\b", text)]
    if not found:
        return text
    (a, b), new = rng.choice(found)
    return text[:a] + new + text[b:]


def overstated(text: str, _: Sequence[str], rng: random.Random) -> str:
    """What holds sometimes holds always."""
    found = [(m.span(), new) for old, words in _HEDGES for m in re.finditer(old, text) for new in words]
    if not found:
        return text
    (a, b), new = rng.choice(found)
    return text[:a] + new + text[b:]


def exchanged(text: str, sentences: Sequence[str], rng: random.Random) -> str:
    """A word is another of the document's, with the same ending."""
    mine = [m for m in re.finditer(r"\b[a-z]{5,}\b", text) if m.group() not in _STOP]
    if not mine:
        return text
    here = set(re.findall(r"[a-z]+", text.lower()))
    spot = rng.choice(mine)
    old = spot.group()
    words = sorted({w for s in sentences for w in re.findall(r"\b[a-z]{5,}\b", s)} - here - _STOP)
    alike = [w for w in words if w[-2:] == old[-2:] and w[:4] != old[:4]]
    return text[: spot.start()] + rng.choice(alike) + text[spot.end() :] if alike else text


def crossed(text: str, _: Sequence[str], rng: random.Random) -> str:
    """Two things change places: around "than", "and", "but", "while", or two numbers."""
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) > 1 and numbers[0].group() != numbers[1].group() and rng.random() < 0.5:
        a, b = numbers[:2]
        return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]
    words = [m for m in re.finditer(r"\b[a-z]{5,}\b", text) if m.group() not in _STOP]
    if len(words) < 4:
        return text
    a, b = sorted(rng.sample(words, 2), key=lambda m: m.start())
    if a.group()[-2:] != b.group()[-2:] and rng.random() < 0.7:
        return text
    return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]


def extended(text: str, sentences: Sequence[str], rng: random.Random) -> str:
    """A clause more, from another sentence of the document."""
    tails = [m.group() for s in sentences if s not in text for m in _TAIL.finditer(s)]
    if not tails or not text.endswith("."):
        return text
    body = _TAIL.sub("", text) if rng.random() < 0.5 else text
    return body[:-1] + rng.choice(tails) + "."


CHANGES: dict[str, Change] = {
    "number": number_changed,
    "polarity": negated,
    "comparison": turned,
    "overclaim": overstated,
    "entity": exchanged,
    "relation": crossed,
    "detail": extended,
}


def reworded(text: str, rng: random.Random) -> str:
    """The same in other words: clauses change places, numbers are written the other way, words become their likes."""
    found = _CLAUSE.match(text)
    if found and rng.random() < 0.7:
        main = found["main"]
        main = main if main.split()[0].isupper() else main[0].lower() + main[1:]
        text = f"{found['join'].capitalize()} {found['sub']}, {main}."
    if rng.random() < 0.5:
        for word, value in _DIGITS.items():
            text = re.sub(rf"\b{word}\b", str(value), text) if rng.random() < 0.7 else text
    for a, b in rng.sample(_ALIKE, len(_ALIKE)):
        if rng.random() < 0.7:
            text = re.sub(rf"\b{re.escape(a)}\b", b, text, count=1)
    return text


def shortened(text: str, _: random.Random) -> str:
    """Without what only explains at its end."""
    return re.sub(r",? (?:because|such as|which) [^,;:]{8,}(?=\.$)", "", text, count=1)
