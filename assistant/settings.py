"""The environment, read once, in this file alone; everything else gets a frozen Settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from platformdirs import user_data_path

from assistant.cross import SHIPPED
from assistant.embed import DEFAULT
from assistant.errors import FootnoteError
from assistant.llm_settings import LLMSettings, llm_settings
from assistant.read import EVIDENCE
from assistant.web.settings import WebSettings, web_settings

PROFILES = ("health", "general")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """How an assistant is wired.

    corpus: folder of the source texts. data: where the index lives. profile: health or
    general. embedder, reader: names of models. evidence: the weights fitted for that reader.
    region: ISO country of the emergency numbers.
    threads: of torch; 1 is calmest on a shared machine. web: what the server needs beside that.
    llm: the language model that may rephrase, if any.
    """

    corpus: Path = ROOT / "corpus"
    data: Path = Path()
    profile: str = "health"
    embedder: str = DEFAULT
    reader: str = SHIPPED
    evidence: Path = EVIDENCE
    region: str = "US"
    threads: int = 2
    web: WebSettings = field(default_factory=WebSettings)
    llm: LLMSettings = field(default_factory=LLMSettings)

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise FootnoteError(f"Unknown profile {self.profile!r}. Choose one of: {', '.join(PROFILES)}.")


def from_environment(llm: str | None = None, **overrides: object) -> Settings:
    """Settings from FOOTNOTE_* variables; arguments that are not None win. llm: provider:model.

    FOOTNOTE_CORPUS, FOOTNOTE_DATA, FOOTNOTE_PROFILE, FOOTNOTE_EMBEDDER, FOOTNOTE_READER,
    FOOTNOTE_EVIDENCE, FOOTNOTE_REGION, FOOTNOTE_THREADS, and those of
    assistant/llm_settings.py and assistant/web/settings.py.
    Raises FootnoteError naming the variable and the value that is wrong.
    """
    env = os.environ
    threads = env.get("FOOTNOTE_THREADS") or str(min(2, os.cpu_count() or 1))
    if not threads.isdecimal() or int(threads) < 1:
        raise FootnoteError(f"FOOTNOTE_THREADS={threads!r} is not a whole number from 1 up.")
    values: dict[str, object] = {
        "corpus": Path(env.get("FOOTNOTE_CORPUS") or ROOT / "corpus"),
        "data": Path(env.get("FOOTNOTE_DATA") or user_data_path("footnote", appauthor=False)),
        "profile": env.get("FOOTNOTE_PROFILE") or "health",
        "embedder": env.get("FOOTNOTE_EMBEDDER") or DEFAULT,
        "reader": env.get("FOOTNOTE_READER") or SHIPPED,
        "evidence": Path(env.get("FOOTNOTE_EVIDENCE") or EVIDENCE),
        "region": (env.get("FOOTNOTE_REGION") or "US").upper(),
        "threads": int(threads),
        "web": web_settings(env),
        "llm": llm_settings(env, llm),
    }
    values.update({name: value for name, value in overrides.items() if value is not None})
    made = Settings(**values)  # type: ignore[arg-type]
    if made.llm.model and not env.get("FOOTNOTE_TIMEOUT"):  # a slow model is given up before the one who asked
        return replace(made, web=replace(made.web, timeout=made.web.timeout + made.llm.timeout))
    return made


def stay_offline() -> None:
    """No telemetry and no network from the libraries; called by the entry points, before
    they import them. A variable that the operator has set is left alone."""
    for name, value in {
        "ANONYMIZED_TELEMETRY": "False",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_WAIT_POLICY": "PASSIVE",
    }.items():
        os.environ.setdefault(name, value)
