"""statement, the sentences that it cites -> the first of its claims that can be looked up in them and is not there.

Length, addresses, script, numbers with their units, medicines, negations, comparisons, hedges: what a
rewording must carry over. These checks only ever speak against a statement, some of them (TELLING) as one voice
among others (`support.py`); what passes them is not yet supported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from assistant.names import Medicine, Names
from assistant.numbers import first_missing
from assistant.spelling import english

Check = Callable[[str, str], bool]
"""statement, evidence -> whether the statement is at fault."""
TELLING = ("negation", "comparison", "strength")
"""Checks that speak against a statement; a rewording may trip them too. The others decide."""

_LONGER, _SLACK, _LONGEST = 2.0, 60, 400
"""A rewording is at most so many times as long as what it rewords, and so many characters more; and no longer
than the verifier reads beside its evidence."""
_MARKUP = re.compile(r"https?:|www\.|\w@\w|[<>{}\[\]`|\\]|\*\*|^\s*#|[\x00-\x1f\x7f]|\b\w+\.(?:com|org|net|io)\b", re.I)
_WORD = re.compile(r"[^\W_]+")
_NOT = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|nowhere)\b|n['’]t\b", re.I)
_DENIAL = re.compile(
    _NOT.pattern + r"|\b(?:"
    r"rarely|seldom|hardly|barely|scarcely|instead|rather|only|alone|too|unless|otherwise|although|though|but|"
    r"however|while|whether|yet|despite|except|few|fewer|little|less|low|poor|bad|worse|free|gone|opposite|false|"
    r"(?:avoid|stop|lack|fail|prevent|prohibit|forbid|refus|declin|skip|miss|exclud|wrong|reject|absen|harm|end|quit|"
    r"differ|invalid|wast|block|ban|drop|leav|left)\w*|"
    r"un[a-z]{4,}|(?:in|im)[a-z]+[ai]ble|dis[a-z]{3,}|non-?[a-z]+|[a-z]{3,}less|[a-z]+-free|"
    r"(?:keep|kept|hold|stay)s? (?:off|out|away)|give up|out of)\b",
    re.I,
)
"""What may stand for a "not" in other words."""
_OPPOSITES = (
    (r"more|increas\w+|higher|greater|rais\w+|ris(?:e|es|ing)|bigger|larger|extra",
     r"less|fewer|decreas\w+|lower\w*|reduc\w+|drop\w*|fall\w*|smaller|shrink\w*|cut\w*"),
    ("before|earlier", "after|later|following|once"), ("above|over", "below|under"),
    (r"better|improv\w+", r"wors\w+"), ("longer", "shorter"), (r"faster|sooner|quick\w*", r"slow\w*"),
    ("left", "right"), ("inside|inner|inwards?", "outside|outer|outwards?"), ("early", "late"),
    ("maximum|most", "minimum|least"), ("upper", "lower"), (r"strong\w*", r"weak\w*"), ("safe", "unsafe|dangerous"),
    ("paid", "unpaid"), ("full", "empty"), ("high", "low"), ("wet|damp|moist", "dry"), ("often", "seldom|rarely"),
    (r"loosen\w*", r"tighten\w*"), ("internal", "external"), ("acute", "chronic"), ("front", "back"),
)  # fmt: skip
_PAIRS = tuple((re.compile(rf"\b(?:{a})\b", re.I), re.compile(rf"\b(?:{b})\b", re.I)) for a, b in _OPPOSITES)


_STRONG = re.compile(
    r"\b(?:all|every|everyone|everybody|everything|always|anyone|anybody|completely|entirely|totally|whatever|"
    r"never|none|nobody|no one|impossible|permanent\w*|certain(?:ly)?|definite\w*|cure[sd]?|guarantee\w*|"
    r"prov(?:e|es|ed))\b",
    re.I,
)
_WHOLE = re.compile(_STRONG.pattern + r"|\b(?:any|each|both|no|not|nothing|cannot|without|only|whole|full\w*)\b", re.I)
"""What may stand for a strong word in other words."""
_HEDGE = re.compile(
    r"\b(?:may|might|could|can|sometimes|often|usual\w*|some|many|most|mostly|likely|tends?|general\w*|"
    r"probably|perhaps|common\w*|typical\w*|possib\w+|rare\w*|occasional\w*|seems?|appears?|suggest\w*|linked|"
    r"associated|mainly|about|nearly|almost|few)\b",
    re.I,
)
_MILD = re.compile(
    _HEDGE.pattern
    + r"|\b(?:should|roughly|appear\w*|normally|largely|little|up to|at times|frequent\w*|chance|risk|partly|"
    r"thought|believed|several|around|plenty|lots?|as a rule|now and then|tied|prone|unlikely|hardly|seldom|half|if|"
    r"per ?cent|majority|among|not|no|never|have to|good|better|help\w*|let|allow\w*|fine|points? to)\b|n['’]t\b|%",
    re.I,
)
"""What may stand for a hedge in other words."""


_NEAR = 0.7
"""Share of a statement's words, from which on, standing in the same order in a sentence, they give way to it."""


def hardly_differs(statement: str, sentence: str) -> bool:
    """Whether a statement is the sentence but for a word here and there, which is where a meaning changes unseen."""
    said, there = (_WORD.findall(text.lower()) for text in (statement, sentence))
    same = sum(block.size for block in SequenceMatcher(None, there, said, autojunk=False).get_matching_blocks())
    return bool(said) and same >= _NEAR * len(said)


def too_long(statement: str, evidence: str) -> bool:
    """Whether it says more than a rewording of the evidence would."""
    return len(statement) > min(_LONGER * len(evidence) + _SLACK, _LONGEST)


def marked_up(statement: str, evidence: str) -> bool:
    """Whether it holds an address, markup or control characters that the evidence does not."""
    return any(found.group() not in evidence for found in _MARKUP.finditer(statement))


def foreign(statement: str, evidence: str) -> bool:
    """Whether it is in another script, or in words that are not English while the evidence's are."""
    if _scripts(statement) - _scripts(evidence):
        return True
    there = set(_WORD.findall(evidence.lower()))
    return _english(statement, there) < 0.6 <= _english(evidence, set())


def number_missing(statement: str, evidence: str) -> bool:
    """Whether it names a number, or a number of a unit, that the evidence does not."""
    return first_missing(statement, evidence) is not None


def negation_changed(statement: str, evidence: str) -> bool:
    """Whether only one of both denies something, in whatever words."""
    if bool(_NOT.search(statement)) == bool(_NOT.search(evidence)):
        return False
    said, there = ({found.group().lower() for found in _DENIAL.finditer(text)} for text in (statement, evidence))
    return not (there - said if _NOT.search(statement) else said - there)


def strengthened(statement: str, evidence: str) -> bool:
    """Whether it says "all", "never", "cures" ... where the evidence has no such word or hedges, or drops the hedge."""
    hedged = bool(_HEDGE.search(evidence))
    if _STRONG.search(statement) and not _STRONG.search(evidence):
        return hedged or not _WHOLE.search(evidence)
    return hedged and not _MILD.search(statement)


def comparison_turned(statement: str, evidence: str) -> bool:
    """Whether it says "more", "before", "left" ... where the evidence says the opposite alone."""
    return any(
        there.search(evidence) and here.search(statement) and not here.search(evidence) and not there.search(statement)
        for pair in _PAIRS
        for here, there in (pair, pair[::-1])
    )


def medicine_missing(medicines: Sequence[Medicine]) -> Check:
    """The check whether a statement names a medicine, or a class of them, that the evidence does not:
    neither by another of its names, nor by a medicine of that class, nor by a class that shares one."""
    names = Names(tuple(medicines), lambda _: True)
    kinds: dict[str, set[str]] = {}
    for medicine in medicines:
        for kind in medicine.classes:
            if not kind.endswith(" medicine"):
                kinds.setdefault(kind.replace("-", " "), set()).add(medicine.generic)
    longest_first = sorted(kinds, key=lambda k: (-len(k), k))
    pattern = re.compile(
        rf"\b({'|'.join(re.escape(k).replace(chr(92) + ' ', '[ -]') for k in longest_first)})s?\b", re.I
    )

    def classes(text: str) -> list[set[str]]:
        return [kinds[found.group(1).lower().replace("-", " ")] for found in pattern.finditer(text)] if kinds else []

    def named(text: str) -> set[str]:
        return {medicine.generic for _, medicine in names.matches(text)}

    def missing(statement: str, evidence: str) -> bool:
        there = named(evidence)
        wider = there.union(*classes(evidence))
        return not named(statement) <= there or any(not kind & wider for kind in classes(statement))

    return missing


def checks(medicines: Sequence[Medicine]) -> dict[str, Check]:
    """Every check by the reason that it gives, cheapest first."""
    return {
        "length": too_long,
        "markup": marked_up,
        "language": foreign,
        "number": number_missing,
        "medicine": medicine_missing(medicines),
        "negation": negation_changed,
        "comparison": comparison_turned,
        "strength": strengthened,
    }


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(c, "?").split()[0] for c in text if c.isalpha() and c not in "µμ"}


def _english(text: str, also: set[str]) -> float:
    """Share of the words that are English, or among some others; 1 of no words."""
    words = [word for word in _WORD.findall(text.lower()) if len(word) > 1 and word.isalpha()]
    known = english()
    return sum(w in known or w in also for w in words) / len(words) if words else 1.0
