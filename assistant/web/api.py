"""/api: ask, whole or as events; the documents; sessions, suggestions and thumbs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from assistant.compose import in_reading_order
from assistant.records import Document, Reply
from assistant.web.access import LASTS
from assistant.web.errors import POSTED, Refused, errors
from assistant.web.models import Answer, Asked, Given, Kept, Listing, Minted, Nothing, Offered, Whole
from assistant.web.origins import address_of
from assistant.web.parts import Parts, attended, begun

ASKING = errors(*POSTED, 503)
READING = errors(401, 403)
EVENTS = """Server-sent events. Nothing of the answer is sent before all of it is verified.

- `status`: `{"state": "reading"}`, at once
- `citation`: `{"number", "citation"}`, in reading order
- `sentence`: `{"text", "citations": [number], "provenance"}`: `quoted` from the source, `rephrased` by a language
  model where the operator has set one up, or `wording` of Footnote itself
- `done`: the whole reply, as POST /api/ask gives it
- `error`: `{"error": {"code", "message"}}` instead, where there was no answer"""


def api(parts: Parts) -> APIRouter:
    """The routes of one application."""
    access, assistant = parts.access, parts.assistant
    router = APIRouter(prefix="/api", tags=["Footnote"])
    reading, answering = [Depends(access.caller)], [Depends(access.answering)]

    @router.post("/ask", response_model=Answer, responses=ASKING, dependencies=answering)
    async def ask(asked: Asked, request: Request) -> dict[str, Any]:
        """One question, one verified reply; a refusal is a reply as well, with its reason code."""
        reply = await attended(request, parts.pool(asked.question, asked.history))
        return whole(parts, reply)

    @router.post(
        "/ask/stream",
        responses={**ASKING, 200: {"content": {"text/event-stream": {}}, "description": EVENTS}},
        response_class=StreamingResponse,
        dependencies=answering,
    )
    async def stream(asked: Asked, request: Request) -> StreamingResponse:
        """The same as server-sent events: status, citation, sentence, done; or error."""
        parts.pool.check()
        work = begun(attended(request, parts.pool(asked.question, asked.history)))

        async def sent() -> AsyncIterator[str]:
            try:
                yield event("status", {"state": "reading"})
                for name, data in events(parts, await work):
                    yield event(name, data)
            except Refused as refused:
                parts.metrics.refuse(refused.code)
                yield event("error", {"error": {"code": refused.code, "message": refused.message}})
            finally:
                work.cancel()

        return StreamingResponse(sent(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @router.get("/documents", responses=READING, dependencies=reading)
    async def documents() -> Listing:
        """The documents of the source."""
        return Listing.model_validate({"documents": [listed(d) for d in assistant.documents.values()]})

    @router.get("/documents/{id:path}", responses=READING | errors(404, 422), dependencies=reading)
    async def document(id: str) -> Whole:
        """One document: its text, to which the offsets of citations refer, and its sections."""
        if id not in assistant.documents:
            raise Refused(404, "not_found", "There is no such document. GET /api/documents lists them.")
        found = assistant.documents[id]
        sections = [{"heading": s.heading, "level": s.level, "start": s.start, "end": s.end} for s in found.sections]
        return Whole.model_validate({**listed(found), "text": found.text, "sections": sections})

    @router.get("/suggestions", responses=READING, dependencies=reading)
    async def suggestions() -> Offered:
        """Up to three questions that the source answers."""
        return Offered(suggestions=list(assistant.suggestions))

    @router.post("/session", responses=errors(*POSTED))
    async def session(_: Nothing, request: Request) -> Minted:
        """A token for the page that asks, bound to its origin."""
        await access.limits.spend("session", address=address_of(request))
        return Minted(token=access.mint(request), expires_in=LASTS, feedback=parts.feedback is not None)

    @router.post("/feedback", responses=errors(*POSTED, 404, 503))
    async def feedback(given: Given, request: Request) -> Kept:
        """A thumb for an answer. 404 where the operator keeps none; a second thumb for the same answer is ignored."""
        caller = access.caller(request)
        kept = parts.feedback
        if kept is None:
            raise Refused(404, "feedback_off", "Feedback is not kept here.")
        name, verdict, reason = parts.named(given.answer)
        await access.limits.spend("feedback", address=caller.address)
        stored = await parts.keep(name, verdict, reason, given)
        return Kept(stored=stored, text_stored=stored and kept.keep_text)

    return router


def whole(parts: Parts, reply: Reply) -> dict[str, Any]:
    """A reply as JSON, with its id."""
    return {"id": parts.answer_id(reply), **reply.as_dict()}


def listed(document: Document) -> dict[str, Any]:
    """What a list says of a document."""
    text = document.text
    return {"id": document.id, "title": document.title, "characters": len(text), "sha256": document.sha256}


def events(parts: Parts, reply: Reply) -> Iterator[tuple[str, Any]]:
    """A verified reply in pieces, in reading order."""
    made = whole(parts, reply)
    for number, citation in enumerate(in_reading_order(reply.citations), start=1):
        yield "citation", {"number": number, "citation": made["citations"][reply.citations.index(citation)]}
        if not reply.statements:
            yield "sentence", {"text": citation.quote, "citations": [number], "provenance": "quoted"}
    for statement in made["statements"]:
        yield "sentence", statement
    if not reply.citations:
        yield "sentence", {"text": reply.text, "citations": [], "provenance": "wording"}
    yield "done", made


def event(name: str, data: Any) -> str:
    """One server-sent event; JSON has no line breaks of its own."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
