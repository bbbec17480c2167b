"""citations -> those that are really there: exact, or it does not count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.records import Citation
from assistant.verify import is_real, verified
from tests.fakes import citation, documents

TEXTS = {d.id: d for d in documents()}
GREEN = citation("Green")
TIN = citation("Keep")
BLACK = citation("Black")


@pytest.mark.parametrize("found", [GREEN, TIN, BLACK, citation("Light"), citation("Light", "pots.md")])
def test_a_sentence_and_a_list_item_are_real(found: Citation) -> None:
    assert is_real(found, TEXTS)


@pytest.mark.parametrize(
    "false",
    [
        replace(GREEN, quote="Green tea is brewed at 90 degrees."),
        replace(GREEN, quote="Green tea is brewed at 80 degrees"),
        replace(GREEN, quote="green tea is brewed at 80 degrees."),
        replace(GREEN, quote="Green tea is brewed at\u00a080 degrees."),
        replace(GREEN, quote="Green tea is not brewed at 80 degrees."),
        replace(GREEN, start=GREEN.start + 1),
        replace(GREEN, end=GREEN.end - 1),
        replace(GREEN, start=GREEN.start + 1, end=GREEN.end + 1),
        replace(GREEN, start=GREEN.start - len(TEXTS["tea.md"].text), end=GREEN.end - len(TEXTS["tea.md"].text)),
        replace(GREEN, document="pots.md"),
        replace(GREEN, document="nowhere.md"),
        replace(GREEN, quote=GREEN.quote[:12], end=GREEN.start + 12),
        replace(GREEN, quote=GREEN.quote[6:], start=GREEN.start + 6),
        replace(GREEN, quote=f"{GREEN.quote} {BLACK.quote}", end=BLACK.end),
        replace(TIN, quote=f"- {TIN.quote}", start=TIN.start - 2),
        replace(GREEN, quote="", start=0, end=0),
        replace(GREEN, quote="Brewing", start=TEXTS["tea.md"].text.index("Brewing"), end=GREEN.start - 2),
        replace(GREEN, section="Storing"),
        replace(GREEN, title="Pots"),
    ],
    ids=[
        "one digit",
        "no full stop",
        "case",
        "another space",
        "not",
        "begins late",
        "ends early",
        "shifted",
        "counted from the end",
        "other document",
        "no document",
        "first half",
        "second half",
        "two at once",
        "the bullet too",
        "nothing",
        "a heading",
        "other section",
        "other title",
    ],
)
def test_what_is_not_exactly_there_is_refused(false: Citation) -> None:
    assert not is_real(false, TEXTS)
    assert verified([false], TEXTS) == ()
    assert verified([BLACK, false, TIN], TEXTS) == (BLACK, TIN)


def test_the_same_words_elsewhere_do_not_help() -> None:
    here, there = citation("Light"), citation("Light", "pots.md")
    assert here.quote == there.quote
    assert not is_real(replace(here, start=there.start, end=there.end), TEXTS)
    assert not is_real(here, {"pots.md": TEXTS["pots.md"]})


def test_nothing_is_verified_against_nothing() -> None:
    assert verified([GREEN, TIN], {}) == ()
    assert verified([], TEXTS) == ()
