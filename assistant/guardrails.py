"""question, history -> Reply, or None: pass.

The ladder: emergency, injection, a clinician's decision, small talk; the first that fires
answers.  Rules are data (data/guard_rules.toml), beside them stands a small classifier; for
an emergency either one suffices. Any error here is a refusal, never a pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.classify import Classifier, guard_text
from assistant.errors import ModelError
from assistant.normalise import normalise
from assistant.profile import Profile
from assistant.records import Reply
from assistant.rules import LANES, Rule, RuleBook

log = logging.getLogger("footnote")

EARLIER = 3
"""Earlier questions that count; a red flag in an older one has been answered long ago."""

_WINDOW, _STEP = 600, 400
"""Characters; the classifier sees about 190 word pieces, so a longer text is shown to it in parts."""


@dataclass(frozen=True)
class Finding:
    """What fired: a lane, the id of the rule (or "classifier"), and the kind of reply."""

    lane: str
    rule: str
    kind: str = ""


class Guardrails:
    """The screen of one profile. `classify` maps texts to label probabilities."""

    def __init__(
        self,
        profile: Profile,
        rules: RuleBook,
        classify: Callable[[Sequence[str]], list[dict[str, float]]] | None = None,
    ) -> None:
        self.profile = profile
        self.rules = rules
        self._given = classify

    @cached_property
    def classify(self) -> Callable[[Sequence[str]], list[dict[str, float]]]:
        """The classifier, loaded at first use."""
        return self._given or Classifier().probabilities

    def screen(self, question: str, history: Sequence[str]) -> Reply | None:
        """The reply of the first lane that fires, or None. Fails closed: an error is a reply."""
        try:
            finding = self.find(question, history)
            return self.reply(question, finding) if finding else None
        except Exception as error:
            log.error("screen failed: %s", type(error).__name__)
            return self.failed(question)

    def find(self, question: str, history: Sequence[str]) -> Finding | None:
        """question, history -> what fires, or None."""
        text = normalise(question)
        earlier = [normalise(h) for h in history[-EARLIER:]]
        lanes = self.profile.lanes
        if "emergency" in lanes:
            for said in [text, *earlier[::-1]]:
                rule = self._fires("emergency", said)
                if rule:
                    return Finding("emergency", rule.id, rule.kind)
        views = [guard_text(text, earlier), *windows(text)] if earlier else windows(text)
        present = len(views)
        views += [view for said in earlier for view in windows(said)]
        probabilities = checked(self.classify(views), len(views))
        limit = self.profile.thresholds
        if "emergency" in lanes:
            risk = max(p["emergency"] for p in probabilities)
            if risk >= limit["emergency"]:
                said = " ".join([*earlier, text])
                return Finding("emergency", "emergency.classifier", self.rules.kind_of(said.lower()))
        for lane in ("injection", "decision", "smalltalk"):
            if lane not in lanes:
                continue
            rule = self._fires(lane, text)
            if rule:
                return Finding(lane, rule.id, rule.kind)
            over = min if lane == "smalltalk" else max
            attacked = lane == "injection" and any(p[lane] >= limit[lane] for p in probabilities[present:])
            seen = probabilities[1 if attacked else 0 : present]  # an attack before this message is not this message
            if over(p[lane] for p in seen) >= limit[lane]:
                return Finding(lane, f"{lane}.classifier", "other")
        return None

    def _fires(self, lane: str, text: str) -> Rule | None:
        return next((rule for rule in self.rules.lane(lane) if rule.fires(text)), None)

    def reply(self, question: str, finding: Finding) -> Reply:
        """The words for what fired; nothing of the message is repeated."""
        words = self.profile
        if finding.lane == "emergency":
            return Reply(question, "emergency", finding.rule, words.emergency_text(finding.kind))
        if finding.lane == "smalltalk":
            return Reply(question, "smalltalk", finding.rule, words.smalltalk_text(finding.kind))
        return Reply(question, "declined", finding.rule, words.text[finding.lane])

    def failed(self, question: str) -> Reply:
        """A refusal that says that it is a fault, and where help is."""
        return Reply(question, "declined", "screen_error", self.profile.broken_text())


def windows(text: str) -> list[str]:
    """The text in overlapping parts that the classifier sees whole; a short text as it is."""
    last = max(0, len(text) - _WINDOW)
    return [text[at : at + _WINDOW] for at in [*range(0, last, _STEP), last]]


def checked(probabilities: list[dict[str, float]], count: int) -> list[dict[str, float]]:
    """As given. Raises ModelError unless they are `count` and all in 0..1: NaN would fire nothing."""
    if len(probabilities) != count or not all(0.0 <= p[lane] <= 1.0 for p in probabilities for lane in LANES):
        raise ModelError("The screen's classifier gives values that are not probabilities.")
    return probabilities
