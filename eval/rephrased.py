"""answer rows of a run with a language model -> what became of its statements, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.engine import Assistant

Row = Mapping[str, Any]


def counted(assistant: Assistant) -> Callable[[], dict[str, int]]:
    """What the model's counters have counted since this call; nothing without a model."""
    llm = assistant.rephrase.llm if assistant.rephrase else None
    before = Counter(llm.counts) if llm else Counter[str]()
    return lambda: dict(llm.counts - before) if llm else {}


def figures(rows: Sequence[Row], lies: Collection[str] = ()) -> dict[str, float]:
    """Shares of the statements that the model wrote (supported, near: so close to a sentence that it was shown
    instead, replaced, dropped), of the answers that it was
    asked for (rephrased, word for word), tokens an answer, and how many known lies are shown."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.get("llm") or {})
    written, asked = counts["statements"], counts["asked"]
    shown = [s for row in rows for s in row.get("statements") or ()]
    per = {
        "statement_support": counts["supported"] - counts["near"],
        "near": counts["near"],
        "replaced": counts["replaced"],
        "dropped": counts["dropped"],
    }
    return {
        "asked": asked,
        "statements": written,
        **{name: n / written if written else 0.0 for name, n in per.items()},
        "answers_rephrased": counts["answered"] / asked if asked else 0.0,
        "shown_rephrased": sum(s["provenance"] == "rephrased" for s in shown),
        "shown_quoted": sum(s["provenance"] == "quoted" for s in shown),
        "lies_shown": sum(s["provenance"] == "rephrased" and s["text"] in lies for s in shown),
        "tokens_read": counts["tokens_read"],
        "tokens_written": counts["tokens_written"],
        "tokens_an_answer": (counts["tokens_read"] + counts["tokens_written"]) / asked if asked else 0.0,
        **{f"reason.{name}": n for name, n in sorted(counts.items()) if name not in _COUNTED},
    }


_COUNTED = ("asked", "requests", "statements", "supported", "near", "replaced", "dropped", "answered", "tokens_read",
            "tokens_written")  # fmt: skip


def as_text(rows: Sequence[Row], lies: Collection[str] = ()) -> str:
    """One line a figure; nothing for a run without a model."""
    found = figures(rows, lies)
    if not found["asked"]:
        return ""
    shown = (
        f"  {name:28} {value:.3f}" if isinstance(value, float) else f"  {name:28} {value}"
        for name, value in found.items()
    )
    return "\n".join(["language model:", *shown])
