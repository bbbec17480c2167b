"""What is timed is timed whole and bare, and nothing stays replaced."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from assistant.settings import from_environment
from eval import bench_door
from eval.bench import bare_passes, recorded, timed
from eval.bench_parts import Part, instead, lines, reading, screening
from eval.cases import Case
from tests.fakes import assistant, says

CASES = [Case("a", "Is green tea hot?"), Case("b", "thanks!"), Case("c", "black?", ("Is green tea hot?",))]


class Network:
    """Reads two pairs a pass, and is asked for a whole reading by `ready`."""

    def run(self, count: int) -> int:
        time.sleep(0.001)
        return count

    def ready(self) -> Network:
        return self

    def __call__(self, _: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        for at in range(0, len(texts), 2):
            self.run(len(texts[at : at + 2]))
        return np.zeros(len(texts))


def test_the_reader_is_timed_with_and_without_what_is_ours() -> None:
    made = assistant(says(s3=0.9))
    network = made.gatherer.score = Network()
    part = reading(made, CASES)
    assert part is not None
    assert (len(part.whole), len(part.bare)) == (2, 2)
    assert min(part.bare) >= 3.0
    assert made.gatherer.score is network
    assert vars(network) == {}
    assert next(lines(made, CASES)).startswith("reading  ")


def test_what_has_no_network_of_its_own_has_no_line() -> None:
    assert reading(assistant(says()), CASES) is None
    assert screening(assistant(says()), CASES) is None
    assert list(lines(assistant(says()), CASES)) == []


def test_what_the_api_adds_is_asked_over_a_real_socket() -> None:
    over = bench_door.door(assistant(says(s3=0.9)), CASES)
    assert len(over) == len(CASES)
    assert min(over) > 0
    assert bench_door.line(assistant(says(s3=0.9)), CASES).startswith("/api/ask over Assistant.ask")


def test_a_line() -> None:
    assert Part((10.0, 30.0, 20.0), (10.0, 20.0, 10.0)).line("reading") == (
        "reading                            20.0 ms  (10.0 ms the bare forward passes; 1.50 times these, medians of 3)"
    )
    assert Part((), ()).line("reading") == "reading                          no question reached it"


def test_what_was_replaced_comes_back() -> None:
    network = Network()
    with pytest.raises(ZeroDivisionError), instead(network, "run", 1):
        raise ZeroDivisionError
    assert vars(network) == {}
    with instead(network, "run", 1):
        assert vars(network) == {"run": 1}


def test_all_work_is_done_once_and_the_first_error_is_told() -> None:
    done: list[int] = []
    found = timed([lambda n=n: done.append(n) for n in range(20)], 3)  # type: ignore[misc]
    assert sorted(done) == list(range(20))
    assert 0 <= found.p50 <= found.p95 <= found.p99
    with pytest.raises(ZeroDivisionError):
        timed([lambda: 1 // 0], 2)


def test_bare_passes_are_the_calls_that_answering_makes() -> None:
    made = assistant(says(s3=0.9))
    with recorded(made) as calls:
        made.ask("Is green tea hot?")
    assert len(calls) == 3  # the screen's classifier, the embedder and the matcher; this assistant has no reader
    pieces = bare_passes(made, CASES)
    assert [len(piece()) for piece in pieces] == [3, 1, 3]  # type: ignore[arg-type]


def test_settings_reach_a_process_of_its_own() -> None:
    assert pickle.loads(pickle.dumps(from_environment())) == from_environment()
