"""an assistant, questions -> what the reader and the screen take, beside the forward passes of their networks alone.

Both are taken in turn, question by question, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assistant.engine import Assistant
from assistant.tuned import Tuned
from eval.cases import Case
from eval.score import quantile


@dataclass(frozen=True)
class Part:
    """Milliseconds of each question: of the part as a whole, and of its networks' forward passes alone."""

    whole: tuple[float, ...]
    bare: tuple[float, ...]

    def line(self, name: str) -> str:
        """Medians, and how often the whole fits the bare passes."""
        if not self.whole:
            return f"{name:32} no question reached it"
        whole, bare = quantile(self.whole, 0.5) or 0.0, quantile(self.bare, 0.5) or 0.0
        ratio = sum(self.whole) / max(sum(self.bare), 1e-9)
        return (
            f"{name:32} {whole:6.1f} ms  ({bare:.1f} ms the bare forward passes; {ratio:.2f} times these, "
            f"medians of {len(self.whole)})"
        )


def lines(assistant: Assistant, cases: Sequence[Case]) -> Iterator[str]:
    """A line a part that has a network of its own."""
    if (read := reading(assistant, cases)) is not None:
        yield read.line("reading")
    if (screened := screening(assistant, cases)) is not None:
        yield screened.line("screening")


def reading(assistant: Assistant, cases: Sequence[Case]) -> Part | None:
    """The reader on the pairs that each question gives it; None of one whose passes cannot be told apart."""
    reader: Any = assistant.gatherer.score
    network: Any = reader.ready() if hasattr(reader, "ready") else None
    if not hasattr(network, "run"):
        return None
    pairs: list[tuple[Any, ...]] = []

    def noted(*given: Any) -> Any:
        pairs.append(given)
        return reader(*given)

    with instead(assistant.gatherer, "score", noted):
        for case in cases:
            assistant.ask(case.question, case.history)
    return _part(network, "run", [lambda given=given: reader(*given) for given in pairs])  # type: ignore[misc]


def screening(assistant: Assistant, cases: Sequence[Case]) -> Part | None:
    """The screen on each question that no rule decides before its classifier; None without that."""
    import torch

    tuned = getattr(assistant.guardrails.classify, "__self__", None)
    if not isinstance(tuned, Tuned):
        return None
    work = [lambda c=case: assistant.guardrails.screen(c.question, c.history) for case in cases]
    with torch.inference_mode():
        return _part(tuned.ready()[1], "forward", work)


def _part(network: Any, name: str, work: Sequence[Callable[[], object]]) -> Part:
    """Times each piece of work, then once more the passes that it made; work without any is left out."""
    run = getattr(network, name)
    passes: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def record(*args: Any, **options: Any) -> Any:
        passes.append((args, options))
        return run(*args, **options)

    whole, bare = [], []
    with instead(network, name, record):
        for piece in work:
            passes.clear()
            piece()  # warm, and recorded
            made = list(passes)
            with instead(network, name, run):
                began = time.perf_counter()
                piece()
                spent = time.perf_counter() - began
            if made:
                began = time.perf_counter()
                for args, options in made:
                    run(*args, **options)
                whole.append(1000 * spent)
                bare.append(1000 * (time.perf_counter() - began))
    return Part(tuple(whole), tuple(bare))


@contextmanager
def instead(owner: Any, name: str, value: Any) -> Iterator[None]:
    """`owner.name` is `value` while the block runs."""
    had = vars(owner).get(name, instead)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if had is instead:
            delattr(owner, name)
        else:
            setattr(owner, name, had)
