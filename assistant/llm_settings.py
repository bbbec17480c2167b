"""FOOTNOTE_LLM* variables -> a frozen LLMSettings; `assistant.settings` hands it the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.errors import FootnoteError


@dataclass(frozen=True)
class LLMSettings:
    """The language model that may rephrase, if any.

    model: provider:model, empty for none. url: of a server of one's own. key: for it; empty leaves
    it to the provider's own variable. timeout: seconds for one answer, retries included. tokens:
    read and written in a day, by one process.
    """

    model: str = ""
    url: str = ""
    key: str = field(default="", repr=False)
    timeout: float = 20.0
    tokens: int = 1_000_000


def llm_settings(env: Mapping[str, str], model: str | None = None) -> LLMSettings:
    """`model` wins over FOOTNOTE_LLM. Raises FootnoteError that lists every variable that is wrong."""
    plain = LLMSettings()
    name = model if model is not None else env.get("FOOTNOTE_LLM", "").strip()
    url = env.get("FOOTNOTE_LLM_URL", "").strip()
    timeout = env.get("FOOTNOTE_LLM_TIMEOUT", "").strip() or str(int(plain.timeout))
    tokens = env.get("FOOTNOTE_LLM_TOKENS", "").strip() or str(plain.tokens)
    provider, _, rest = name.partition(":")
    checks = {
        f"FOOTNOTE_LLM={name!r} is not provider:model, as in openai:gpt-5-mini.": not name or (provider and rest),
        f"FOOTNOTE_LLM_URL={url!r} is no address. Write it as http://host:port/v1.": not url
        or url.startswith(("http://", "https://")),
        f"FOOTNOTE_LLM_TIMEOUT={timeout!r} is not a whole number of seconds from 1 to 600.": _whole(timeout, 600),
        f"FOOTNOTE_LLM_TOKENS={tokens!r} is not a whole number from 1 to 1,000,000,000.": _whole(tokens, 10**9),
    }
    if faults := [fault for fault, right in checks.items() if not right]:
        raise FootnoteError("\n".join(faults))
    return LLMSettings(name, url, env.get("FOOTNOTE_LLM_KEY", "").strip(), float(timeout), int(tokens))


def _whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text) <= most
