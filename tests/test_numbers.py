"""text -> the numbers in it, with their units."""

from __future__ import annotations

import pytest

from assistant.numbers import first_missing, numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("no number here", []),
        ("one of them", []),
        ("2.5 mg", [(2.5, "mg")]),
        ("2,5 mg", [(2.5, "mg")]),
        ("1,000 steps", [(1000.0, "")]),
        ("1.2.3", [(123.0, "")]),
        ("two or three days", [(2.0, "day"), (3.0, "day")]),
        ("15 to 20 cm", [(15.0, "cm"), (20.0, "cm")]),
        ("fifteen or more days", [(15.0, "day")]),
        ("five paid days", [(5.0, "day")]),
        ("thirty-five", [(35.0, "")]),
        ("three hundred", [(300.0, "")]),
        ("the sixty-sixth birthday", [(66.0, "")]),
        ("£25 a night", [(25.0, "pound"), (1.0, "day")]),
        ("a week or two", [(1.0, "week"), (2.0, "week")]),
        ("half an hour", [(0.5, "hour"), (1.0, "hour")]),
        ("three in ten people", [(30.0, "%")]),
        ("9 out of 10", [(90.0, "%")]),
        ("20 per cent", [(20.0, "%")]),
        ("38 °C", [(38.0, "degree")]),
        ("one in twenty", [(5.0, "%")]),
        ("two thirds of them", [(200 / 3, "%")]),
        ("a third of them", [(100 / 3, "%")]),
        ("before 6 a.m. or after 10 pm", [(6.0, ""), (10.0, "")]),
        ("on the third day", [(3.0, "day")]),
        ("an hour and a half", [(1.5, "hour")]),
        ("one and a half litres", [(1.5, "l")]),
        ("a quarter of an hour", [(0.25, "hour")]),
        ("one pregnant woman in five", [(20.0, "%")]),
        ("two tablets in 24 hours", [(2.0, ""), (24.0, "hour")]),
        ("for a decade", [(1.0, "decade")]),
        ("500 micrograms twice", [(500.0, "mcg"), (2.0, "")]),
    ],
)
def test_what_is_a_number(text: str, found: list[tuple[float, str]]) -> None:
    assert [(n.value, n.unit) for n in numbers(text)] == found


@pytest.mark.parametrize(
    ("statement", "evidence", "missing"),
    [
        ("It takes six weeks.", "It takes 6 weeks.", None),
        ("It takes half a year.", "It takes six months.", None),
        ("It takes a day.", "It takes 24 hours.", None),
        ("Wait 24 hours.", "Wait a day.", None),
        ("About 30% do.", "About three in ten do.", None),
        ("Up to 4 kilograms.", "Up to 9 kilograms of cotton or 4 of wool.", None),
        ("It takes an hour and a half.", "It takes 90 minutes.", None),
        ("Two legs.", "Both legs.", None),
        ("About half do.", "About 50% do.", None),
        ("A third of them do.", "One in three does.", None),
        ("Day two or three.", "The second or third day.", None),
        ("For ten years.", "For a decade.", None),
        ("A quarter of them do.", "One in three does.", (25.0, "%")),
        ("Two thirds do.", "A third of them do.", (200 / 3, "%")),
        ("It takes seven weeks.", "It takes 6 weeks.", (7.0, "week")),
        ("It takes one week.", "It takes 6 weeks.", (1.0, "week")),
        ("Take 5 mg.", "Take 5 g.", (5.0, "mg")),
        ("Three weeks or two days.", "Two weeks or three days.", (3.0, "week")),
        ("Take 400 mg.", "Take it.", (400.0, "mg")),
        ("Twice as many.", "As many.", (2.0, "")),
    ],
)
def test_a_number_that_the_evidence_does_not_hold(
    statement: str, evidence: str, missing: tuple[float, str] | None
) -> None:
    found = first_missing(statement, evidence)
    assert (found and (found.value, found.unit)) == missing
