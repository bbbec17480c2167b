"""Parts switched off, and questions mistyped: what is off is off, and the same rows come out each time."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from assistant.settings import Settings
from eval import ablate, corrupt
from eval.ablate import SHIPPED, SHOWN, VARIANTS, Variant, figures, remembering, wired
from eval.cases import Case
from tests.fakes import GREEN, assistant, says

CASES = [
    Case("a", "Is green tea hot?", (), "lay", "answer", (GREEN.quote,)),
    Case("b", "Is red tea hot?", (), "near_miss", "abstain"),
    Case("c", "Who won?", (), "far", "abstain"),
]


def test_what_is_off_is_off() -> None:
    whole = assistant(says(s3=0.9))
    made = wired(whole, Variant("", "dense", reader=False, spelling=False, names=False), remembering(lambda *_: None))  # type: ignore[arg-type]
    assert (made.gatherer.score, made.index.known) == (None, ())
    assert made.understand("is geren tea like Advil?", []).question == "is geren tea like Advil?"
    on = wired(whole, Variant(""), lambda _, texts: np.zeros(len(texts)))
    assert on.understand("is geren tea hot?", []).question == "is green tea hot?"
    assert on.gatherer.score is not None


def test_a_pair_is_read_once() -> None:
    read: list[str] = []

    def score(question: str, texts: object) -> object:
        read.append(question)
        return texts

    once = remembering(score)  # type: ignore[arg-type]
    assert once("a", ["x"]) == once("a", ["x"]) == ["x"]
    assert once("a", ["y"]) == ["y"]
    assert read == ["a", "a"]


def test_every_variant_has_weights_that_were_fitted_for_it() -> None:
    from assistant.read import load_reader

    for variant in VARIANTS:
        other, covered = load_reader(variant.other).sentence, load_reader(variant.covered).sentence
        assert ("reader" in other) == variant.reader, variant.name
        assert ("reader" in covered) == variant.reader or not variant.known, variant.name
        assert ("known" in covered, "known" in other) == (True, False), variant.name
    assert SHIPPED in VARIANTS


def test_figures() -> None:
    green = [s.text for s in assistant(says()).gatherer.sentences].index(GREEN.quote)
    assert figures(assistant(says(**{f"s{green}": 0.9})), CASES, "all") == {
        "right_behaviour": pytest.approx(1 / 3),
        "answer_hit@1": 1.0,
        "lay": 1.0,
        "false_answer_near_miss": 1.0,
        "false_answer_far": 1.0,
        "auroc_answer_vs_near_miss": 0.5,
    }


@pytest.mark.parametrize("kind", sorted(corrupt.SLIPS))
def test_slips_come_out_alike_and_leave_the_rest_of_the_case(kind: str) -> None:
    case = Case("a", "Does moist heat really help a tense muscle?", ("Before?",), "lay", "answer", ("Yes.",))
    made = corrupt.corrupted(case, kind)
    assert made == corrupt.corrupted(case, kind)
    assert made.question != case.question
    assert replace(made, question=case.question) == case


def test_one_word_in_four_has_a_slip_and_keeps_its_first_letter() -> None:
    text = "Does moist heat really help tense muscles relax?"
    for seed in range(50):
        made = corrupt.typos(text, random.Random(seed))
        pairs = list(zip(text.split(), made.split(), strict=True))
        assert sum(a != b for a, b in pairs) <= 2
        assert all(a[0] == b[0] for a, b in pairs)
    assert corrupt.typos("to be?", random.Random(1)) == "to be?"


@pytest.mark.parametrize(
    ("kind", "text", "made"),
    [
        ("no marks, no capitals", "Well, what's 50% of Advil (the brand)?", "well what's 50% of advil the brand"),
        ("shouted", "What helps?", "WHAT HELPS?!!"),
        ("shouted", "What helps ", "WHAT HELPS"),
    ],
)
def test_marks_and_capitals(kind: str, text: str, made: str) -> None:
    assert corrupt.SLIPS[kind](text, random.Random(1)) == made


def test_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = assistant(says(s3=0.9))
    whole.gatherer.score = lambda _, texts: np.zeros(len(texts))
    monkeypatch.setattr(ablate, "build", lambda _: whole)
    lines = list(ablate.ablate(Settings(), {"tea.jsonl": CASES}))
    heads = [f"{head:>10}" for head in SHOWN.values()]
    assert lines[:2] == ["tea.jsonl: 3 questions", " " * 32 + "".join(heads)]
    assert [line[:32].strip() for line in lines[2:8]] == [
        "matcher",
        "+ lexical",
        "+ reader",
        "+ spelling",
        "+ names",
        "",
    ]
    assert lines[8] == "tea.jsonl, mistyped"
    assert [line[:32].strip() for line in lines[10:]] == ["as written", *corrupt.SLIPS, ""]
    assert lines[10].endswith("+0.0")
