"""LLMSettings -> a language model: the one file that knows LangChain's providers."""

from __future__ import annotations

from typing import Any

from assistant.errors import ModelError
from assistant.limits import Limits
from assistant.llm import LanguageModel
from assistant.llm_settings import LLMSettings

EXTRAS = {"openai": "openai", "anthropic": "anthropic", "google_genai": "google", "ollama": "ollama"}
"""provider -> the extra of this package that brings it."""


def connect(settings: LLMSettings, form: dict[str, Any] | None = None) -> LanguageModel:
    """The model that the settings name, not yet asked anything. Raises ModelError with the cure.

    form: a JSON schema for its replies, asked of servers that speak OpenAI's protocol.
    """
    from langchain.chat_models import init_chat_model

    provider, _, name = settings.model.partition(":")
    limits = Limits(seconds=settings.timeout, day_tokens=settings.tokens)
    given: dict[str, Any] = {"base_url": settings.url, "api_key": settings.key}
    try:
        model = init_chat_model(
            name,
            model_provider=provider,
            temperature=0,
            max_tokens=limits.answer_tokens,
            timeout=limits.seconds,
            max_retries=0,
            **{option: value for option, value in given.items() if value},
        )
    except ImportError as error:
        package = f"'footnote[{EXTRAS[provider]}]'" if provider in EXTRAS else f"langchain-{provider}"
        raise ModelError(
            f"The language model {settings.model!r} needs a package that is not installed. Run `pip install {package}`."
        ) from error
    except Exception as error:
        raise ModelError(
            f"The language model {settings.model!r} cannot be set up ({error}). Its key goes into FOOTNOTE_LLM_KEY "
            "or the provider's own variable, the address of a server of your own into FOOTNOTE_LLM_URL."
        ) from error
    return LanguageModel(model, limits, form if provider == "openai" else None)


def json_form(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema as OpenAI's protocol asks for it."""
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}
