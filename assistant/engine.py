"""The chain: question, history -> Reply. Everything else in this package is one of its steps."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from assistant import compose, further, verify
from assistant.cross import CrossReader
from assistant.embed import Embedder
from assistant.errors import QuestionError
from assistant.evidence import Encode, Gatherer, Scorer
from assistant.further import Choice
from assistant.guardrails import EARLIER, Guardrails
from assistant.index import Index, Progress, open_index
from assistant.known import read_known
from assistant.match import Matcher
from assistant.mentions import Mentions
from assistant.missing import Missing, load_concepts
from assistant.normalise import normalise
from assistant.profile import Profile, load_profile
from assistant.read import Reader, Reading, is_foreign, is_off_topic, load_by_document, nearest
from assistant.records import Citation, Document, Reply, Sentence
from assistant.rephrase import Rephraser, rephraser
from assistant.retrieve import Retriever
from assistant.rules import load_rules
from assistant.settings import Settings
from assistant.source import read_source
from assistant.suggest import suggested
from assistant.understand import Understanding

log = logging.getLogger("footnote")

LONGEST_QUESTION = 2_000
"""Characters; a longer question is refused, never cut in silence."""


@dataclass(frozen=True)
class Gates:
    """Operating point (training/RESULTS.md).

    answer: least probability that is answered; covered: the same where the document of the best sentence is
    covered by known questions. topic: below this probability a question most of whose words are foreign to
    the source counts as off topic rather than unanswered. cited, related: how many sentences at most.
    """

    answer: float = 0.7
    covered: float = 0.75
    topic: float = 0.05
    cited: int = 6
    related: int = 3


class Assistant:
    """One engine behind every door; holds no state between questions, safe to share."""

    def __init__(
        self,
        documents: Sequence[Document],
        index: Index,
        embedder: Embedder,
        profile: Profile,
        guardrails: Guardrails,
        reader: Reader,
        choose: Choice,
        match: Encode | None = None,
        score: Scorer | None = None,
        gates: Gates | None = None,
        rephrase: Rephraser | None = None,
    ) -> None:
        self.documents = {d.id: d for d in documents}
        self.index = index
        self.embedder = embedder
        self.profile = profile
        self.guardrails = guardrails
        self.reader = reader
        self.choose = choose
        self.gates = gates or Gates()
        self.rephrase = rephrase
        self.retriever = Retriever(index)
        self.gatherer = Gatherer(index, match or embedder.encode, score)
        self.understand = Understanding(self.gatherer, embedder.vocabulary)
        self.missing = Missing(load_concepts(), self.understand.names, Mentions(documents))

    def ask(self, question: str, history: Sequence[str] = ()) -> Reply:
        """question, earlier questions (oldest first; the last EARLIER count) -> Reply.

        Raises QuestionError for what is not a question at all: not text, or over 2,000
        characters. Anything that breaks on the way is a refusal with a reason code.
        """
        began = time.perf_counter()
        check_question(question)
        try:
            reply = self._chain(question, [h for h in history if h.strip()][-EARLIER:])
        except Exception as error:
            log.error("answering failed: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            reply = Reply(question, "abstained", "error", self.profile.broken_text())
        return replace(
            reply,
            disclaimer=self.profile.disclaimer(reply.verdict, reply.reason),
            latency_ms=round((time.perf_counter() - began) * 1000, 3),
        )

    def _chain(self, question: str, history: Sequence[str]) -> Reply:
        text = normalise(question)
        screened = self.guardrails.screen(question, history)
        if screened and screened.verdict == "emergency":
            return screened
        if not any(c.isalnum() for c in text):
            return Reply(question, "abstained", "empty", self.profile.text["empty"], suggestions=self.suggestions)
        if screened and screened.verdict == "smalltalk":
            return replace(screened, suggestions=self.suggestions)
        if screened and not screened.reason.startswith("decision"):
            return screened
        understood = self.understand(text, [normalise(h) for h in history])
        candidates, reading = self.read(understood.question)
        related = verify.verified(self._cite(nearest(reading, self.gates.related), candidates, reading), self.documents)
        if screened:
            return replace(screened, related=related)
        found = Reply(
            question,
            "abstained",
            "",
            "",
            standalone_question=understood.question,
            confidence=round(reading.probability, 4),
            notes=understood.notes,
        )
        if reading.probability < self.gate(candidates, reading):
            off_topic = reading.off_topic
            missing = self.profile.missing_text(self.missing(understood.question))
            return replace(
                found,
                reason="off_topic" if off_topic else "not_in_source",
                text=" ".join(filter(None, (self.profile.text["off_topic" if off_topic else "abstained"], missing))),
                related=() if off_topic else related,
                suggestions=self.suggestions,
            )
        picked = self.choose(understood.question, candidates, reading, self.gates.cited)
        citations = verify.verified(self._cite(picked, candidates, reading), self.documents)
        if not citations:
            return replace(found, reason="unverified", text=self.profile.text["unverified"])
        text = compose.answer_text(citations)
        answered = replace(found, verdict="answered", reason="answered", text=text, citations=citations)
        return self.rephrase(answered) if self.rephrase else answered

    def warm(self) -> None:
        """Loads all that is loaded at first use, so that the first question waits no longer than the second.

        Raises FootnoteError where a model cannot be loaded.
        """
        question = f"What is {next(iter(self.documents.values())).title}?"
        self.guardrails.find(question, [question])
        self.understand(question, [question])
        self.read(question)
        _ = self.suggestions

    def read(self, question: str) -> tuple[list[Sentence], Reading]:
        """A question that stands alone -> the sentences read, and what they are worth."""
        vector = self.embedder.encode([question])[0]
        hits = self.retriever(question, vector)
        candidates, evidence = self.gatherer(question, hits)
        reading = self.reader(evidence)
        if not (math.isfinite(reading.probability) and math.isfinite(reading.none)):
            raise ValueError("the evidence holds values that are not numbers")
        if self._covered(candidates, reading) and is_off_topic(evidence):
            reading = replace(reading, probability=min(reading.probability, self.gates.topic / 2), off_topic=True)
        elif reading.probability < self.gates.topic and is_foreign(evidence):
            reading = replace(reading, off_topic=True)
        return candidates, reading

    def gate(self, candidates: Sequence[Sentence], reading: Reading) -> float:
        """Least probability that is answered here."""
        return self.gates.covered if self._covered(candidates, reading) else self.gates.answer

    def _covered(self, candidates: Sequence[Sentence], reading: Reading) -> bool:
        return candidates[int(reading.utilities.argmax())].document in self.index.covered

    def _cite(self, picked: Sequence[int], candidates: list[Sentence], reading: Reading) -> tuple[Citation, ...]:
        return tuple(
            compose.cite(s, self.documents[s.document], float(reading.shares[i]))
            for i, s in ((int(i), candidates[int(i)]) for i in picked)
        )

    @cached_property
    def suggestions(self) -> tuple[str, ...]:
        """Up to three questions that this source does answer, spread over its sections."""
        return suggested(self.index)


def check_question(question: object) -> None:
    """Raises QuestionError unless it is text of at most 2,000 characters."""
    if not isinstance(question, str):
        raise QuestionError(f"A question is text, not {type(question).__name__}.")
    if len(question) > LONGEST_QUESTION:
        raise QuestionError(
            f"The question has {len(question):,} characters, at most {LONGEST_QUESTION:,} are read. "
            f"It begins {question[:40]!r}. Shorten it, or ask its parts one by one."
        )


def build(settings: Settings, progress: Progress | None = None) -> Assistant:
    """Settings -> an assistant that is ready to answer: the one function that wires.

    Raises FootnoteError (source, model, index or data file) with the cure.
    """
    documents = read_source(Path(settings.corpus))
    profile = load_profile(settings.profile, settings.region, documents)
    embedder = Embedder(settings.embedder, settings.threads)
    known, lost = read_known(Path(settings.corpus), documents)
    if lost:
        log.warning(
            "%d gold sentences of known questions are no longer in the source; see `questions check`", len(lost)
        )
    matcher = Matcher(threads=settings.threads)
    index = open_index(documents, embedder, Path(settings.data), Path(settings.corpus), progress, known, matcher)
    return Assistant(
        documents,
        index,
        embedder,
        profile,
        Guardrails(profile, load_rules()),
        load_by_document(settings.evidence),
        further.load_by_document(index.covered, settings.evidence),
        matcher.encode,
        CrossReader(settings.reader, threads=settings.threads),
        rephrase=rephraser(settings.llm, settings.profile),
    )
