"""instructions, data -> what the operator's language model makes of them, or LLMError with a reason.

A reply is streamed, so that it can be ended when it is too long or too late; nothing of it leaves
this file before it is whole. Requests run on one event loop in a thread of their own: giving one
up closes its connection.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.limits import Breaker, Budget, Limits
from assistant.llm_faults import LLMError, check_end, may_pass, status, translated

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

log = logging.getLogger("footnote")
T = TypeVar("T")

_CHARACTERS = 12
"""Characters of a token at most; a reply longer than that for its tokens is given up."""


class LanguageModel:
    """A chat model within limits; shared by threads. `counts` says what became of its requests.

    form: a JSON schema that is asked of the server, for as long as the server knows such a thing.
    """

    def __init__(self, model: BaseChatModel, limits: Limits | None = None, form: dict[str, Any] | None = None) -> None:
        self.model = model
        self.limits = limits or Limits()
        self.form = form
        self.counts: Counter[str] = Counter()
        self.breaker = Breaker(self.limits.failures, self.limits.pause)
        self.budget = Budget(self.limits.day_tokens)
        self._lock = threading.Lock()

    def __call__(self, system: str, user: str, parse: Callable[[str], T]) -> T:
        """Instructions, data, how to read the reply (ValueError: it cannot be) -> the reply, read.

        Raises LLMError within `limits.seconds`, and logs its reason without anybody's words.
        """
        self.count("asked")
        try:
            return self._guarded(system, user, parse)
        except LLMError as error:
            self.count(error.reason)
            log.warning("language model: %s", error)
            raise

    def count(self, name: str, more: int = 1) -> None:
        """Adds to `counts`."""
        with self._lock:
            self.counts[name] += more

    def _guarded(self, system: str, user: str, parse: Callable[[str], T]) -> T:
        from langchain_core.messages import HumanMessage, SystemMessage

        if self.budget.left() < _tokens(system + user) + self.limits.answer_tokens:
            raise LLMError("budget")
        if not self.breaker.allows():
            raise LLMError("open")
        try:
            text = _run(self._answer([SystemMessage(system), HumanMessage(user)]), self.limits.seconds)
            try:
                parsed = parse(text)
            except ValueError as error:
                raise LLMError("malformed" if text.strip() else "empty", type(error).__name__) from error
        except Exception as error:
            self.breaker.failed()
            raise error if isinstance(error, LLMError) else translated(error) from error
        self.breaker.worked()
        return parsed

    async def _answer(self, messages: list[BaseMessage]) -> str:
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        retries = AsyncRetrying(
            stop=stop_after_attempt(self.limits.attempts),
            wait=wait_random_exponential(multiplier=0.25, max=4),
            retry=retry_if_exception(may_pass),
            reraise=True,
        )
        async with asyncio.timeout(self.limits.seconds):
            async for attempt in retries:
                with attempt:
                    try:
                        return await self._stream(messages)
                    except Exception as error:
                        if not self.form or status(error) not in (400, 422):
                            raise
                        log.warning("language model: the server takes no JSON schema; going on without")
                        self.form = None
                        return await self._stream(messages)
        raise LLMError("down")

    async def _stream(self, messages: list[BaseMessage]) -> str:
        """The whole text of one request, whose tokens are counted however it ends."""
        self.count("requests")
        whole: Any = None
        options: dict[str, Any] = {"response_format": self.form} if self.form else {}
        try:
            async with aclosing(self.model.astream(messages, **options)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    whole = chunk if whole is None else whole + chunk
                    if len(whole.text) > _CHARACTERS * self.limits.answer_tokens:
                        raise LLMError("cut", "longer than agreed")
        except LLMError:
            raise
        except Exception as error:
            if whole is not None and may_pass(error):
                raise LLMError("cut", type(error).__name__, again=True) from error
            raise
        finally:
            self._spend(messages, whole)
        if whole is None:
            raise LLMError("empty")
        check_end(whole)
        return str(whole.text)

    def _spend(self, messages: list[BaseMessage], whole: AIMessageChunk | None) -> None:
        usage = whole.usage_metadata if whole is not None else None
        read = usage["input_tokens"] if usage else _tokens("".join(str(m.text) for m in messages))
        written = usage["output_tokens"] if usage else _tokens(str(whole.text) if whole is not None else "")
        self.count("tokens_read", read)
        self.count("tokens_written", written)
        self.budget.spend(read + written)


def _run(work: Coroutine[Any, Any, str], seconds: float) -> str:
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result(seconds + 1)
    finally:
        future.cancel()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="footnote-llm", daemon=True).start()
    return loop


def _tokens(text: str) -> int:
    """What a text costs, roughly, where a server does not say."""
    return len(text) // 3 + 1
