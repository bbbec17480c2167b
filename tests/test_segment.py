"""text -> sentence spans."""

from __future__ import annotations

import random
import time

import pytest

from assistant.segment import LONGEST, split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "One.|Two?|Three!|Four",
        # abbreviations
        "Take 2.5 mg, e.g. at night.|Why?",
        "Dr. Smith saw Mrs. Jones.|She left.",
        "Use approx. 5 mL, i.e. one spoon.|Stop.",
        "See Fig. 3 and No. 5.|Done.",
        "Paracetamol (max. 4 g/day) helps.|Ask first.",
        "See vol. 2, pp. 3 and Eq. 2 now.|Then rest.",
        "The U.S. Army came.|The U.S. is big.",
        "Take it b.i.d. or t.i.d. as told.|Or p.r.n. only.",
        "Give p.o. or i.v. infusion daily.|Stop.",
        "Ms. Green, M.D. and Ph.D. students met.|They left.",
        "S. aureus is common (E. coli too).|Wash.",
        "Born on Jan. 5.|Died on Feb. 6.",
        "Smith et al. found it.|Others did not.",
        "Open at 5 p.m. on Monday.|Closed on Sunday.",
        "Take 5 mg. daily with food.|Rest.",
        "Ends with vitamin A.|Next one.",
        # numbers, addresses
        "It was 37.5 °C.|That costs $3.50.|Ratio 1:2.",
        "Visit www.nhs.uk or write to a.b@c.org.|Then call 1.800.555.|Ok.",
        "Dose: 5 mg.|Next.",
        # quotes and brackets
        "He said “Stop it.”|Then he left.",
        '"Is it safe?" she asked.|Yes.',
        "They said ‘no.’|We left.",
        "He (she too.) went.|They (all of them) left.",
        "Stop!)|Then go.",
        "It's the patients' choice.|Ok.",
        # notes
        "Text.[1]|More text.[2]|End.",
        "Text.¹|More text.²|End.",
        # lead-ins stay with what they lead in
        "1. First step.|2. Second step.",
        "a) Alpha.",
        # other scripts, emoji
        "第一句。|第二句！|第三",
        "Rest 😀 first.|Second 👩‍👩‍👧 one.|Third.",
        "El niño duerme.|¿Por qué?|Está cansado.",
        # odd ends
        "Wait... what?|No.",
        "e.g. this",
        "No end",
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str) -> None:
    assert sentences(text.replace("|", " ")) == text.split("|")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("  One. \n\n Two.\t", ["One.", "Two."]),
        ("Line one\ngoes on. Next\nline.", ["Line one\ngoes on.", "Next\nline."]),
        ("Pain\u2028stays. Next\x85line.", ["Pain\u2028stays.", "Next\x85line."]),
        ("1.\n2.", ["1.\n2."]),
        ("mg. 5", ["mg. 5"]),
    ],
)
def test_white_space_and_line_ends(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_run_without_an_end_is_cut_at_spaces() -> None:
    assert [len(s) for s in sentences("word " * 500)] == [999, 994, 504]
    assert [len(s) for s in sentences("x" * 2_500)] == [1_000, 1_000, 500]


PIECES = [
    *("Pain. ", "Dr. ", "2.5 ", "e.g. ", "mg. ", "5", "“Yes.” ", "‘no.’ ", "(see. ", ") ", "? ", "! ", "…", ".", ","),
    *("1. ", "a) ", "[1]", "²", "。", "؟", "شكرا ", "é", "e\u0301", "😀", "👩‍👩‍👧", "x" * 1_200),
    *("\n", "\n\n", "\r\n", "\t", "\u2028", "\x85", "\xa0", "\u200b", "\ufeff", "\x00"),
]


@pytest.mark.parametrize("seed", range(20))
def test_spans_are_ordered_trimmed_and_lose_nothing(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(50):
        text = "".join(draw.choice(PIECES) for _ in range(draw.randint(0, 30)))
        spans = split_sentences(text)
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
        assert all(b - a <= LONGEST for a, b in spans)
        kept = {n for a, b in spans for n in range(a, b)}
        assert all(c.isspace() for n, c in enumerate(text) if n not in kept)


def test_time_grows_with_length_even_where_quotes_stay_open() -> None:
    began = time.perf_counter()
    assert len(split_sentences("“ Hello there. " * 60_000)) == 60_000
    assert time.perf_counter() - began < 5
