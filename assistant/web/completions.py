"""/v1: the chat-completions door, for any client that speaks OpenAI's protocol.

The last user message is the question, the earlier ones are the history; what the assistant or a system
message said is not read. The content is Markdown with footnotes; `citations` beside it is exact.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from assistant.compose import in_reading_order
from assistant.engine import LONGEST_QUESTION
from assistant.records import Reply
from assistant.render import footnoted
from assistant.web.errors import POSTED, Refused, errors, problem
from assistant.web.parts import Parts, attended, begun

MODEL = "footnote"


class Piece(BaseModel):
    """A part of a message; only text is read."""

    model_config = ConfigDict(extra="ignore")
    type: str
    text: str = ""


class Message(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Piece] | None = None

    def said(self) -> str:
        """Its text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(p.text for p in self.content or () if p.type in ("text", "input_text"))


class Options(BaseModel):
    """stream_options."""

    model_config = ConfigDict(extra="ignore")
    include_usage: bool = False


class Completion(BaseModel):
    """What a client sends. Other parameters of OpenAI's (temperature, max_tokens, ...) are accepted and have no
    effect: an answer is the source's own words."""

    model_config = ConfigDict(extra="ignore")
    model: Annotated[str, StringConstraints(max_length=200)] = MODEL
    messages: list[Message]
    stream: bool | None = False
    stream_options: Options | None = None
    n: Literal[1] | None = 1


class Completed(BaseModel):
    """As OpenAI's; a message has `citations` and `footnote` as well: verdict, reason, confidence, notice, related."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, int]


SAID = "A chat completion; with `stream`, text/event-stream with chunks of it."


def completions(parts: Parts) -> APIRouter:
    """The routes of one application."""
    access = parts.access
    router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

    @router.get("/models", responses=errors(401, 403), dependencies=[Depends(access.caller)])
    async def models() -> dict[str, Any]:
        """The one model."""
        return {"object": "list", "data": [model()]}

    @router.get("/models/{id}", responses=errors(401, 403, 404, 422), dependencies=[Depends(access.caller)])
    async def one_model(id: str) -> dict[str, Any]:
        """The one model."""
        if id != MODEL:
            raise Refused(404, "model_not_found", f"There is one model here: {MODEL}.")
        return model()

    @router.post(
        "/chat/completions",
        responses={
            **errors(*POSTED, 404, 503),
            200: {"model": Completed, "description": SAID},
        },
        dependencies=[Depends(access.answering)],
    )
    async def complete(sent: Completion, request: Request) -> Response:
        """A chat completion; with `stream`, as chunks, none before the whole answer is verified."""
        question, history = asked(sent)
        parts.pool.check()
        work = attended(request, parts.pool(question, history))
        made = uuid.uuid4().hex
        if not sent.stream:
            return JSONResponse(completion(await work, made))
        usage = bool(sent.stream_options and sent.stream_options.include_usage)
        return StreamingResponse(chunks(begun(work), made, usage, parts.metrics.refuse), media_type="text/event-stream")

    return router


def asked(sent: Completion) -> tuple[str, list[str]]:
    """The question and the earlier ones. Raises Refused with what is wrong."""
    if sent.model != MODEL:
        raise Refused(404, "model_not_found", f"There is one model here: {MODEL}.")
    said = [m.said() for m in sent.messages if m.role == "user"]
    if not said:
        raise Refused(400, "no_question", "The messages hold none with the role user.")
    if any(len(text) > LONGEST_QUESTION for text in said):
        raise Refused(400, "too_long", f"A user message has at most {LONGEST_QUESTION:,} characters.")
    return said[-1], said[:-1]


def completion(reply: Reply, made: str) -> dict[str, Any]:
    """A reply as a chat completion."""
    message = {"role": "assistant", "content": footnoted(reply), "refusal": None, **beside(reply)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**head(made, "chat.completion"), "choices": [choice], "usage": usage()}


async def chunks(
    work: asyncio.Task[Reply], made: str, with_usage: bool, refused_with: Callable[[str], None]
) -> AsyncIterator[str]:
    """A reply as server-sent chunks; the last one carries the citations. An error ends it in OpenAI's shape, and its
    code is told to `refused_with`."""
    try:
        reply = await work
        yield chunk(made, {"role": "assistant", "content": ""})
        for line in footnoted(reply).splitlines(keepends=True):
            yield chunk(made, {"content": line})
        yield chunk(made, beside(reply), "stop")
        if with_usage:
            yield data({**head(made, "chat.completion.chunk"), "choices": [], "usage": usage()})
        yield "data: [DONE]\n\n"
    except Refused as refused:
        refused_with(refused.code)
        yield f"data: {bytes(problem('/v1/', refused).body).decode()}\n\n"
    finally:
        work.cancel()


def chunk(made: str, delta: dict[str, Any], finish: str | None = None) -> str:
    """One piece."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return data({**head(made, "chat.completion.chunk"), "choices": [choice]})


def beside(reply: Reply) -> dict[str, Any]:
    """What the protocol has no place for: numbered citations, the verdict, the notice."""
    made = reply.as_dict()
    best = [made["citations"][reply.citations.index(c)] for c in in_reading_order(reply.citations)]
    return {
        "citations": [{"number": n, **c} for n, c in enumerate(best, start=1)],
        "footnote": {key: made[key] for key in ("verdict", "reason", "confidence", "disclaimer", "related")},
    }


def head(made: str, kind: str) -> dict[str, Any]:
    """What every object of one completion begins with."""
    return {"id": f"chatcmpl-{made}", "object": kind, "created": int(time.time()), "model": MODEL}


def usage() -> dict[str, int]:
    """Nothing is generated, and nothing is charged."""
    return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def model() -> dict[str, Any]:
    """As OpenAI lists one."""
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "footnote"}


def data(row: dict[str, Any]) -> str:
    """One event."""
    return f"data: {json.dumps(row)}\n\n"
