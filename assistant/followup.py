"""question, history -> a question that stands alone.

Deterministic, and it only ever carries a topic over: the earlier question itself is never
appended, so that an answerable earlier turn cannot open a gate for this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_CONNECTIVE = re.compile(
    r"^(?:(?:ok(?:ay)?|so|and|but|also|then|or|well|oh|hmm|thanks|yes|sure)(?:[ ,.!]+|$)|"
    r"(?:right|great|no|cool)(?: ?[,.!]+ *|$| (?=(?:ok(?:ay)?|so|and|but|then|what|how|why|thanks)\b)))+",
    re.I,
)
"""Words that only join; "right", "great", "no" and "cool" may belong to the question ("right hip")."""
_ABOUT = re.compile(r"^(?:what|how) about\s+(?P<new>.+?)[?.! ]*$|^(?:same (?:for|with))\s+(?P<same>.+?)[?.! ]*$", re.I)
_PRONOUN = re.compile(
    r"\b(?:it|they|them|those|these|this|that(?= (?:one|kind|sort|type|pain|drug|medicine|treatment)\b)|"
    r"that(?=[?.! ]*$)|the (?:thing|first|second|other) one)\b(?!'s (?:ok|fine))",
    re.I,
)
_WHY = re.compile(
    r"^(?:but )?(?:why|how come|how so|why not|why is (?:that|this|it)(?: so)?|what for|"
    r"what makes (?:you|it) say (?:that|so))[?.! ]*$",
    re.I,
)
_WHY_ABOUT = re.compile(r"^(?:\w+ )?(?:why|how come|what(?:'s| is) the reason)\b", re.I)
_ARTICLE = r"(?:an?|the|my|your|some|any) "
_YES_NO = re.compile(r"^(?:is|are|was|were|does|do|did|can|could|will|would|should|has|have)\b", re.I)
_JOINING = frozenset(["a", "an", "the", "my", "your", "some", "any", "and", "or"])
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+|\d+")
STOP_WORDS = frozenset(
    """a about after again all also am an and any are around as at be because been before being but by
    can cannot come could did do does doing done down each even ever every few for from further get
    getting give given go going good got had has have having he help helps her here hers him his how i
    if in into is it its just keep kind know less let like long look make many may me might mine more
    most much must my need never no not now of off often ok on once one only or other our out over own
    part people per please put really right said same say see she should so some someone sort still such
    sure take tell than that the their them then there these they thing things think this those through
    to too try two under until up us use used useful uses using usually very want was way we well were
    what when where which while who whom whose why will with work works would yes yet you your point
    person doctor doctors mean means happen happens somebody anybody everybody keeps""".split()  # noqa: SIM905  a wall of quotes reads worse
)
_OPEN = frozenset(
    """alternative alternatives amount benefit benefits cause causes common cost danger dangers difference
    dosage dose downside downsides drawback drawbacks effect effects evidence example examples exception
    exceptions first kinds last limit limits main name names option options price problem problems purpose
    reason reasons risk risks rule rules safe safety side sign signs step steps symptom symptoms treatment
    treatments type types usual warning warnings""".split()  # noqa: SIM905
)
"""Words that ask something of a topic and name none."""


def resolve(question: str, history: Sequence[str], knows: Callable[[str], bool]) -> str:
    """The question, or what it stands for after the earlier ones.

    `knows(word)` says whether the source uses the word; it helps to find the topic.

    >>> resolve("and what about honey?", ["Does sugar spoil green tea?"], {"sugar", "honey"}.__contains__)
    'Does honey spoil green tea?'
    >>> resolve("any drawbacks?", ["What is matcha?"], {"matcha"}.__contains__)
    'any drawbacks? (matcha)'
    """
    question = question.strip()
    history = [h for h in history if h.strip()]
    if not history:
        return question
    core = _CONNECTIVE.sub("", question).strip() or question
    connected = core != question
    previous = _last_subject(history, knows)
    topic = topic_of(previous, knows)
    if _WHY.match(core):
        return f"Why: {previous}"
    new = _new_topic(core, connected, knows)
    if new and not _ABOUT.match(core) and _WHY_ABOUT.match(previous):
        return core  # the reason for one thing is seldom asked of another: "and ice?" after "why does heat help?"
    if new:
        if topic and _mentions(previous, topic) and len(new.split()) <= 5:
            # "black tea" takes the place of "green tea", not of what follows it.
            shared = re.match(rf".*(?<!\w){re.escape(new.split()[-1])}(?!\w)", topic, re.I)
            topic = shared.group() if shared else topic
            article = _ARTICLE if re.match(_ARTICLE, new, re.I) else ""
            return _whole(topic, article).sub(lambda _: new, previous, count=1)
        return f"{core} ({topic})" if topic and _ABOUT.match(core) else core
    if not topic or _mentions(core, topic):
        return core
    pronoun = _PRONOUN.search(core)
    if pronoun:
        return core[: pronoun.start()] + topic + core[pronoun.end() :]
    length = len(core.split())
    content = [w.lower() for w in _words(core) if w.lower() not in STOP_WORDS]
    own = [w for w in content if knows(w)]
    if own and connected and _YES_NO.match(core):  # "and does milk help?" names its own topic
        return core
    foreign = [w for w in content if w not in own and w not in _OPEN]
    if len(foreign) > (1 if connected or length <= 3 else 0):  # about something else: nothing is carried over
        return core
    return f"{core} ({topic})" if (connected and length <= 9) or (length <= 6 and not own) else core


def _new_topic(core: str, connected: bool, knows: Callable[[str], bool]) -> str:
    """What "what about X", "same for X" or a bare "and X?" puts in the old topic's place, or ""."""
    about = _ABOUT.match(core)
    if about:
        return about.group("new") or about.group("same")
    bare = core.rstrip("?.! ")
    words = [w.lower() for w in _words(bare) if w.lower() not in _JOINING]
    named = all(w not in STOP_WORDS and w not in _OPEN and knows(w) for w in words)
    return bare if connected and words and named and len(words) <= 4 else ""


def topic_of(question: str, knows: Callable[[str], bool]) -> str:
    """The run of content words that the source uses, longest first, else the last content run.

    >>> topic_of("Which farmers tried crop rotation?", {"crop", "rotation"}.__contains__)
    'crop rotation'
    """
    runs: list[list[str]] = [[]]
    for word in _words(question):
        if word.lower() in STOP_WORDS:
            runs.append([])
        else:
            runs[-1].append(word)
    known = [[w for w in run if knows(w.lower())] for run in runs]
    best = max(known, key=len, default=[])
    if best:
        run = runs[known.index(best)]
        first, last = run.index(best[0]), len(run) - 1 - run[::-1].index(best[-1])
        return " ".join(run[first : last + 1])
    filled = [run for run in runs if run]
    return " ".join(filled[-1]) if filled else ""


def _last_subject(history: Sequence[str], knows: Callable[[str], bool]) -> str:
    """The last earlier question, itself resolved against those before it where it is short and has no topic."""
    last = history[-1].strip()
    own = any(knows(w.lower()) for w in _words(last) if w.lower() not in STOP_WORDS)
    if len(history) > 1 and len(last.split()) <= 5 and not own:
        return resolve(last, history[:-1], knows)
    return last


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _mentions(text: str, topic: str) -> bool:
    return _whole(topic).search(text) is not None


def _whole(words: str, before: str = "") -> re.Pattern[str]:
    """The words where they stand alone, in the plural too: "ice" is not in "device"."""
    return re.compile(rf"(?<!\w)(?:{before})?{re.escape(words)}(?:e?s)?(?!\w)", re.I)
