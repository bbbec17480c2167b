"""raw text -> what rules and models see."""

from __future__ import annotations

import random
import time

import pytest

from assistant.normalise import normalise


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("chest pain", "chest pain"),
        ("  chest \t\n pain  ", "chest pain"),
        ("", ""),
        (" \u200b\u3164\n", ""),
        # invisible
        ("chest\u200b p\u200dain", "chest pain"),
        ("p\u00adain", "pain"),
        ("p\ufe0fa\u034fi\u180bn", "pain"),
        ("p\u3164ai\u2800n", "pain"),
        ("\u202echest\u202c pain", "chest pain"),
        ("p\U000e0041ain", "pain"),
        ("p\ue000ain", "pain"),
        # control characters, terminal codes, halves of characters
        ("ch\x00est\x07 pain", "chest pain"),
        ("\x1b[31mchest\x1b[0m \x1b[1;4mpain", "chest pain"),
        ("chest\x85pain\u2028now\rhere", "chest pain now here"),
        ("pain\ud800", "pain"),
        # one shape for one letter
        ("ｃｈｅｓｔ ｐａｉｎ", "chest pain"),
        ("𝖈𝖍𝖊𝖘𝖙 𝓹𝓪𝓲𝓷", "chest pain"),
        ("ⓒⓗⓔⓢⓣ", "chest"),
        ("cafe\u0301", "café"),
        ("cafe\u200b\u0301", "café"),
        ("naïve Ångström ß þ ø ł", "naïve Ångström ß þ ø ł"),
        # strokes through letters
        ("c̶h̶e̶s̶t̶ p̲a̲i̲n̲", "chest pain"),
        ("p⃝ain", "pain"),
        # letters that look alike
        ("\u0441h\u0435st \u0440\u0430in", "chest pain"),
        ("my chest \u0440\u0430\u0456\u043f", "my chest pain"),
        ("\u03c1ain \u03bfn breathing", "pain on breathing"),
        ("ᴄʜᴇsᴛ ᴘᴀɪɴ", "chest pain"),
        ("paın", "pain"),
        # other languages stay what they are
        ("боль в груди", "боль в груди"),
        ("что такое pain?", "что такое pain?"),
        ("हिन्दी ไทย 中文 العربية", "हिन्दी ไทย 中文 العربية"),
        ("β-lactam, 5 µg", "β-lactam, 5 μg"),
        # quotes and dashes
        ("can’t, can´t, canʼt, can`t, can′t", "can't, can't, can't, can't, can't"),
        ("“so”, „so“", '"so", "so"'),
        ("off‑label, off‐label, 5 − 3", "off-label, off-label, 5 - 3"),
        ("wait – no", "wait – no"),
        # emoji
        ("pain 😀👍🏽", "pain 😀👍🏽"),
        ("❤️", "❤"),
    ],
)
def test_normalise(raw: str, expected: str) -> None:
    assert normalise(raw) == expected
    assert normalise(expected) == expected


LETTERS_AND_MARKS = (*range(0x3100), *range(0xA640, 0xAC00), *range(0xD7B0, 0x10000), *range(0x1D400, 0x1D800))


def test_every_character_is_settled_at_once() -> None:
    settled = {n: normalise(f"ab{chr(n)}cd") for n in (*LETTERS_AND_MARKS, *range(0xE0000, 0xE0200))}
    assert [hex(n) for n, text in settled.items() if normalise(text) != text] == []


@pytest.mark.parametrize("seed", range(10))
def test_every_text_is_settled_at_once(seed: int) -> None:
    draw = random.Random(seed)
    pool = [chr(n) for n in (*range(0x600), *range(0x1D00, 0x1E00), *range(0x2000, 0x2100), 0x20DD, 0xFE0F)]
    for _ in range(500):
        text = "".join(draw.choices(["p", "a", "і", "п", "\x1b[3m", *pool], k=draw.randint(1, 14)))
        once = normalise(text)
        assert normalise(once) == once, ascii(text)


@pytest.mark.parametrize("text", ["a" * 2_000, "ра " * 667, "é😀\u0336" * 667])
def test_the_longest_question_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    normalise(text)
    assert time.perf_counter() - began < 0.5
