"""question, history -> Reply, or None: pass.

The ladder: emergency, injection, a clinician's decision, small talk; the first that fires
answers.  Rules are data (data/guard_rules.toml), beside them stands a small classifier; for
an emergency either one suffices. Any error here is a refusal, never a pass.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.classify import Classifier, guard_text
from assistant.normalise import normalise
from assistant.profile import Profile
from assistant.records import Reply
from assistant.rules import Rule, RuleBook

log = logging.getLogger("footnote")

_NEGATED = re.compile(
    r"\b(?:no|not|never|without|denies|denied|isn'?t|wasn'?t|aren'?t|haven'?t|hasn'?t|didn'?t|"
    r"don'?t have|doesn'?t have|nor|neither)(?:\W+\w+){0,3}\W*$"
)


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
        except Exception as error:
            log.error("screen failed: %s", type(error).__name__)
            return self.failed(question)
        return self.reply(question, finding) if finding else None

    def find(self, question: str, history: Sequence[str]) -> Finding | None:
        """question, history -> what fires, or None."""
        text = normalise(question)
        earlier = [normalise(h) for h in history]
        lanes = self.profile.lanes
        if "emergency" in lanes:
            for said in [text, *earlier[::-1]]:
                rule = self._fires("emergency", said)
                if rule:
                    return Finding("emergency", rule.id, rule.kind)
        views = [guard_text(text, earlier), text] if earlier else [text]
        views += earlier[-2:]
        probabilities = self.classify(views)
        now = probabilities[0]
        alone = probabilities[1] if earlier else now
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
            likely = min(now[lane], alone[lane]) if lane == "smalltalk" else max(now[lane], alone[lane])
            if likely >= limit[lane]:
                return Finding(lane, f"{lane}.classifier", "other")
        return None

    def _fires(self, lane: str, text: str) -> Rule | None:
        for rule in self.rules.lane(lane):
            match = rule.match(text.lower())
            if match and not (lane == "emergency" and _NEGATED.search(text.lower()[: match.start()])):
                return rule
        return None

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
        text = self.profile.text["unsure"]
        if "emergency" in self.profile.lanes:
            text += " " + self.profile.if_urgent()
        return Reply(question, "declined", "screen_error", text)
