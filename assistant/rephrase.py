"""an answered Reply -> the same in plainer words where a language model has them, each statement verified.

It may rephrase, it may never add: it sees the sentences that were chosen after every gate had
passed, and what it says is shown only where the sentences that it cites support it. Whatever goes
wrong, the reply stays as it was: word for word.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from assistant.claims import hardly_differs
from assistant.compose import in_reading_order
from assistant.errors import DataError
from assistant.llm import LanguageModel
from assistant.llm_faults import LLMError
from assistant.llm_settings import LLMSettings
from assistant.provider import connect, json_form
from assistant.records import Reply, Statement
from assistant.support import Support, shipped

log = logging.getLogger("footnote")
PROMPT = Path(__file__).parent / "data" / "rephrase.toml"


class Drafted(BaseModel):
    """One statement as a model writes it."""

    text: Annotated[str, Field(min_length=1)]
    citations: list[int]


class Draft(BaseModel):
    """What a model is asked for."""

    statements: Annotated[list[Drafted], Field(min_length=1, max_length=12)]


@dataclass(frozen=True)
class Prompt:
    """The instructions, with {nonce} and the rules of one profile in them."""

    system: str

    def messages(self, question: str, evidence: Sequence[str]) -> tuple[str, str]:
        """(instructions, data). The data is JSON without a "<", between marks that it cannot hold: they are
        its own hash."""
        sentences = [{"number": n, "text": text} for n, text in enumerate(evidence, start=1)]
        data = json.dumps({"question": question, "sentences": sentences}, ensure_ascii=False, indent=1)
        data = data.replace("<", "\\u003c").encode(errors="backslashreplace").decode()
        nonce = hashlib.sha256(data.encode()).hexdigest()[:16]
        return self.system.replace("{nonce}", nonce), f"<data-{nonce}>\n{data}\n</data-{nonce}>"


def load_prompt(profile: str, path: Path = PROMPT) -> Prompt:
    """Raises DataError when the file is unusable or has no rules for the profile."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return Prompt(table["system"].format(nonce="{nonce}", rules=table["rules"][profile].strip()).strip())
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: the prompt for the profile {profile!r} cannot be read ({error!r}).") from error


def parse(text: str) -> Draft:
    """A model's reply -> its statements, whatever stands around the JSON: thoughts, a fence, a preamble.

    Raises ValueError where there are none.
    """
    text = text[text.rfind("</think>") + 1 :]
    start, end = text.find("{"), text.rfind("}")
    return Draft.model_validate_json(text[start : end + 1] if start >= 0 else "")


class Rephraser:
    """Holds no state between replies but the model's counts; shared by threads."""

    def __init__(self, llm: LanguageModel, support: Support, prompt: Prompt) -> None:
        self.llm = llm
        self.support = support
        self.prompt = prompt

    def __call__(self, reply: Reply) -> Reply:
        """The reply with `statements`, or as it was. Raises nothing."""
        try:
            return self._rephrased(reply)
        except LLMError:  # counted and logged where it arose
            return reply
        except Exception as error:
            self.llm.count("error")
            log.error("rephrasing failed: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            return reply

    def _rephrased(self, reply: Reply) -> Reply:
        evidence = [c.quote for c in in_reading_order(reply.citations)]
        system, user = self.prompt.messages(reply.standalone_question or reply.question, evidence)
        draft = self.llm(system, user, parse)
        judged = [self._judged(d, evidence) for d in draft.statements]
        kept = sum(not reason for _, reason in judged)
        self.llm.count("statements", len(judged))
        self.llm.count("supported", kept)
        for statement, reason in judged:
            if reason:
                self.llm.count("replaced" if statement.citations else "dropped")
                self.llm.count(f"fault.{reason}")
        if 2 * kept < len(judged):
            self.llm.count("unsupported")
            log.warning("language model: unsupported (%d of %d statements)", len(judged) - kept, len(judged))
            return reply
        self.llm.count("answered")
        statements = assembled(judged, evidence)
        return replace(reply, statements=statements, text=" ".join(s.text for s in statements))

    def _judged(self, drafted: Drafted, evidence: Sequence[str]) -> tuple[Statement, str]:
        """A statement with those of its citations that exist, and why it cannot be shown, "" where it can.

        One that hardly differs from a sentence that it cites gains nothing: it is that sentence.
        """
        cited = tuple(sorted({n for n in drafted.citations if 1 <= n <= len(evidence)}))
        statement = Statement(" ".join(drafted.text.split()), "rephrased", cited)
        if len(cited) < len(set(drafted.citations)):
            return statement, "citation"
        for number in cited:
            if hardly_differs(statement.text, evidence[number - 1]):
                self.llm.count("near", statement.text != evidence[number - 1])
                return Statement(evidence[number - 1], "quoted", (number,)), ""
        return statement, self.support(statement.text, [evidence[n - 1] for n in cited])


def assembled(judged: Sequence[tuple[Statement, str]], evidence: Sequence[str]) -> tuple[Statement, ...]:
    """Statements and their faults -> what is shown: a statement at fault is replaced by the sentences that it
    cites, a sentence that no statement carries stands at the end. Nothing is shown twice."""
    shown: dict[str, Statement] = {}

    def quote(number: int) -> None:
        text = evidence[number - 1]
        shown.setdefault(text, Statement(text, "quoted", (number,)))

    for statement, reason in judged:
        if not reason and statement.text not in evidence:
            shown.setdefault(statement.text, statement)
        else:
            for number in statement.citations:
                if reason or statement.text == evidence[number - 1]:
                    quote(number)
    carried = {n for s in shown.values() for n in s.citations}
    for number in range(1, len(evidence) + 1):
        if number not in carried:
            quote(number)
    return tuple(shown.values())


def rephraser(settings: LLMSettings, profile: str) -> Rephraser | None:
    """With the model that the settings name, the shipped verifier and the profile's rules; None without a model.

    Raises ModelError or DataError with the cure.
    """
    if not settings.model:
        return None
    return Rephraser(connect(settings, json_form("answer", Draft.model_json_schema())), shipped(), load_prompt(profile))
