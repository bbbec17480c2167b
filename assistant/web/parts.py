"""What the routes share, made once an application."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from assistant.engine import Assistant
from assistant.records import Reply
from assistant.web.access import Access
from assistant.web.errors import Refused
from assistant.web.feedback import Feedback
from assistant.web.keys import Keys
from assistant.web.limits import Limits
from assistant.web.metrics import Metrics
from assistant.web.models import Given
from assistant.web.pool import Pool
from assistant.web.settings import WebSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """feedback is None where it is not kept."""

    assistant: Assistant
    pool: Pool
    access: Access
    metrics: Metrics
    feedback: Feedback | None
    settings: WebSettings
    seal: URLSafeSerializer

    @classmethod
    def of(cls, assistant: Assistant, settings: WebSettings, data: Path | None = None) -> Parts:
        """Everything, made. data: the folder with the keys; without it there are none.

        Raises FootnoteError where the feedback's database cannot be opened.
        """
        pool = Pool(assistant.ask, settings.workers, settings.queue, settings.timeout)
        return cls(
            assistant=assistant,
            pool=pool,
            access=Access(settings, Keys(data), Limits(settings)),
            metrics=Metrics(pool, assistant.rephrase.llm.counts if assistant.rephrase else None),
            feedback=Feedback(settings.feedback, settings.feedback_text) if settings.feedback else None,
            settings=settings,
            seal=URLSafeSerializer(settings.secret or secrets.token_hex(32), salt="footnote-answer"),
        )

    def answer_id(self, reply: Reply) -> str:
        """Names a reply; it holds verdict and reason, signed, so that feedback needs no list of what was answered."""
        return str(self.seal.dumps([secrets.token_urlsafe(9), reply.verdict, reply.reason]))

    def named(self, answer: str) -> tuple[str, str, str]:
        """The name, verdict and reason of an answer's id. Raises Refused, 422, for one that is not ours."""
        try:
            name, verdict, reason = self.seal.loads(answer)
        except (BadSignature, ValueError, TypeError):
            raise Refused(422, "unknown_answer", "answer: not the id of an answer of this server.") from None
        return str(name), str(verdict), str(reason)

    async def close(self) -> None:
        """Gives back what was opened."""
        await self.access.limits.close()
        if self.feedback:
            self.feedback.close()

    async def keep(self, name: str, verdict: str, reason: str, given: Given) -> bool:
        """Writes a thumb beside the event loop; whether it was stored. Raises Refused where the database fails."""
        if self.feedback is None:
            raise Refused(404, "feedback_off", "Feedback is not kept here.")
        row = (name, verdict, reason, given.vote, given.reason, given.text, given.question)
        try:
            stored = await asyncio.to_thread(self.feedback.keep, *row)
        except SQLAlchemyError:
            raise Refused(503, "feedback_failed", "The feedback could not be stored.", 30) from None
        if stored:
            self.metrics.feedback.labels(given.vote).inc()
        return stored


async def attended(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives, as long as the client is there; it is cancelled when the client leaves.

    Raises Refused, 499, which nobody will read.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused(499, "client_gone", "The client has left.")
        return task.result()
    finally:
        for left in (task, gone):
            left.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await left


def begun(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """The work as a task; nobody may be left to look at how it ended."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return task


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
