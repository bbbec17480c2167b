"""The bodies of /api, as OpenAPI documents them. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, StringConstraints, create_model

from assistant.engine import LONGEST_QUESTION
from assistant.records import Reply
from assistant.web.feedback import Vote, Why

Question = Annotated[str, StringConstraints(max_length=LONGEST_QUESTION)]


class Strict(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Nothing(Strict):
    """An empty object, so that a browser has to ask before another site's page may send it."""


class Asked(Strict):
    """history: earlier questions, oldest first; the last three count."""

    question: Question
    history: list[Question] = []


class Given(Strict):
    """A thumb. answer: the id of the reply. text, question: kept only where the operator has turned that on."""

    answer: Annotated[str, StringConstraints(max_length=256)]
    vote: Vote
    reason: Why | None = None
    text: Question | None = None
    question: Question | None = None


_FIELDS: dict[str, Any] = {"id": (str, ...), **{n: (kind, ...) for n, kind in get_type_hints(Reply).items()}}
Answer = create_model(
    "Answer",
    __doc__="A Reply with an id. text: what to show; citations: the evidence, best first; related: never the answer.",
    **_FIELDS,
)


class Listed(BaseModel):
    """A document of the source."""

    id: str
    title: str
    characters: int
    sha256: str


class Listing(BaseModel):
    """Every document."""

    documents: list[Listed]


class Part(BaseModel):
    """A heading and what stands under it: characters start to end of the text."""

    heading: str
    level: int
    start: int
    end: int


class Whole(Listed):
    """A document with its text."""

    text: str
    sections: list[Part]


class Minted(BaseModel):
    """token: for `Authorization: Bearer`; expires_in: seconds; feedback: whether thumbs are kept."""

    token: str
    expires_in: int
    feedback: bool


class Kept(BaseModel):
    """stored is false for a second thumb; text_stored: whether words were kept with it."""

    stored: bool
    text_stored: bool


class Offered(BaseModel):
    """Questions that the source answers."""

    suggestions: list[str]


class Health(BaseModel):
    """ok, ready, starting or stopping."""

    status: str
