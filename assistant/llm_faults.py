"""an exception of a chat model -> LLMError with a reason that an operator can count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk

_TRY_AGAIN = (408, 409, 425, 429)
_OURS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, NotImplementedError)
_ENDED = {"ContentFilterFinishReasonError": "refused", "LengthFinishReasonError": "cut"}
"""Names of OpenAI's exceptions for a reply that did not end of itself."""


class LLMError(Exception):
    """The model gave nothing that can be used. reason: slow, down, busy, key, rejected, refused,
    cut, empty, malformed, open (breaker), budget. detail: for the log, without anybody's words."""

    def __init__(self, reason: str, detail: str = "", again: bool = False) -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.again = again


def status(error: BaseException) -> int | None:
    """The HTTP status that an error carries, or None."""
    code = getattr(error, "status_code", None)
    return code if isinstance(code, int) else None


def may_pass(error: BaseException) -> bool:
    """Whether another try may go better."""
    if isinstance(error, LLMError):
        return error.again
    code = status(error)
    if code is None:
        return type(error).__name__ not in _ENDED and not isinstance(error, (*_OURS, TimeoutError))
    return code >= 500 or code in _TRY_AGAIN


def translated(error: BaseException) -> LLMError:
    """Any failure of a request as an LLMError."""
    name, code = type(error).__name__, status(error)
    if isinstance(error, TimeoutError) or "Timeout" in name or code in (408, 504):
        return LLMError("slow", name)
    if name in _ENDED:
        return LLMError(_ENDED[name], name)
    if code is None:
        return LLMError("malformed" if isinstance(error, _OURS) else "down", name)
    reasons = {401: "key", 403: "key", 429: "busy"}
    return LLMError(reasons.get(code, "down" if code >= 500 else "rejected"), f"{name} {code}")


def check_end(whole: AIMessageChunk) -> None:
    """Raises LLMError unless the reply ended of itself."""
    about = whole.response_metadata
    end = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
    if whole.additional_kwargs.get("refusal") or end in ("content_filter", "refusal", "SAFETY"):
        raise LLMError("refused")
    if end in ("length", "max_tokens", "MAX_TOKENS"):
        raise LLMError("cut", "out of tokens")
