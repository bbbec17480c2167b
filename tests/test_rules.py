"""data/guard_rules.toml -> rules: each fires on its row and spares its near miss; a bad file tells all its faults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import DataError
from assistant.normalise import normalise
from assistant.rules import KINDS, LANES, RULES, Rule, load_rules

ROWS: list[dict[str, Any]] = tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"]
BOOK = load_rules()

HEAD = 'version = "1"\nreviewed_by = ""\n'
GOOD = '[[rule]]\nid = "a"\nlane = "injection"\npatterns = ["zap"]\nfires = "zap it"\nspares = "zip it"\n'


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_rule_fires_on_its_row_and_spares_its_near_miss(row: dict[str, Any]) -> None:
    rule = next(rule for rule in BOOK.rules if rule.id == row["id"])
    assert rule.fires(normalise(row["fires"]))
    assert not rule.fires(normalise(row["spares"]))


def test_the_shipped_file_names_its_version_and_reviewer_and_has_rules_in_every_lane() -> None:
    table = tomllib.loads(RULES.read_text(encoding="utf-8"))
    assert isinstance(table["version"], str)
    assert isinstance(table["reviewed_by"], str)
    assert {rule.lane for rule in BOOK.rules} == set(LANES)
    assert all(rule.kind in KINDS[rule.lane] for rule in BOOK.rules if rule.lane in KINDS)
    assert all(rule.id.startswith(f"{rule.lane}.") for rule in BOOK.rules)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("i want to kill myself", "crisis"),
        ("he has written goodbye letters", "crisis"),
        ("the baby has swallowed a pill", "poison"),
        ("she drank bleach", "poison"),
        ("my chest is tight", "medical"),
        ("", "medical"),
    ],
)
def test_the_words_of_an_emergency_tell_its_kind(said: str, kind: str) -> None:
    assert BOOK.kind_of(said) == kind


def rule(*patterns: tuple[str, ...], unless: tuple[str, ...] = (), lane: str = "emergency") -> Rule:
    compiled = tuple(tuple(re.compile(part) for part in parts) for parts in patterns)
    return Rule("a", lane, "medical", compiled, tuple(re.compile(excuse) for excuse in unless))


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("a zap", True),
        ("ZAP", True),
        ("zap in a film", False),
        ("what does the film say? zap", True),
        ("zap! then came the film", True),
        ("zap in a film. zap", True),
        ("nothing", False),
    ],
)
def test_an_excuse_counts_in_the_sentence_of_the_match_alone(text: str, fires: bool) -> None:
    assert rule(("zap",), unless=("film",)).fires(text) is fires


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("heat and pain", True),
        ("pain and heat", True),
        ("heat alone", False),
        ("no heat but pain", False),
        ("pain with no heat", False),
        ("no heat at first, then heat and pain", True),
        ("heat. pain", False),
        ("heat of 38.5 and pain", True),
        ("heat " + "la " * 30 + "pain", True),
        ("heat " + "la " * 60 + "pain", False),
        ("heat in a film and pain", False),
        ("heat in a film and pain. heat, pain", True),
    ],
)
def test_parts_fire_together_in_one_sentence_and_none_of_them_denied(text: str, fires: bool) -> None:
    assert rule(("heat", "pain"), unless=("film",)).fires(text) is fires


def test_a_denial_counts_for_red_flags_alone() -> None:
    assert not rule(("zap",)).fires("no zap")
    assert rule(("zap",), lane="injection").fires("no zap")
    assert rule(("zap", "zip"), lane="injection").fires("no zap, no zip")


def test_a_pattern_that_matches_nothing_at_all_ends() -> None:
    assert not rule(("z*",)).fires("abc")
    assert not rule(("z*", "a")).fires("abc")


def test_a_part_stands_for_its_pattern_and_for_the_parts_above_it(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    parts = "[parts]\nz = 'z|q'\nzap = '{z}a{1,2}p'\n"
    path.write_text(HEAD + parts + GOOD.replace('["zap"]', '["{zap}!", ["{z}oom", "up"]]'), encoding="utf-8")
    with pytest.raises(DataError, match="a is not fired by its own example"):
        load_rules(path)
    path.write_text(HEAD + parts + GOOD.replace('["zap"]', '["^{zap}", ["{z}oom", "up"]]'), encoding="utf-8")
    (only,) = load_rules(path).rules
    assert [only.fires(text) for text in ("qaap", "qp", "zaaap", "up qoom", "qoom")] == [
        True,
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[[rule]]\nid = ]", ["RULES: Invalid value (at line 2, column 6)"]),
        ("", ["r.toml: 'version' is missing", "r.toml: 'reviewed_by' is missing", "r.toml: holds no [[rule]]"]),
        (HEAD + "rule = 5\nrules = 1\n", ["r.toml: unknown key 'rules'", "r.toml: holds no [[rule]]"]),
        (
            HEAD + GOOD + "\n[[ rule ]]  # second\n" + GOOD.removeprefix("[[rule]]\n"),
            ["r.toml:10: the id 'a' is used by an earlier rule"],
        ),
        (
            HEAD + '[[rule]]\nid = ""\nlane = "emergncy"\npatterns = "zap"\nspare = "x"\n' + GOOD,
            [
                "r.toml:3: 'id' is missing or is not a str",
                "r.toml:3: 'patterns' is missing or is not a list",
                "r.toml:3: 'fires' is missing or is not a str",
                "r.toml:3: 'spares' is missing or is not a str",
                "r.toml:3: unknown keys ['spare']",
                "r.toml:3: lane 'emergncy' is not one of emergency, injection, decision, smalltalk",
            ],
        ),
        (
            HEAD + GOOD.replace('"zap"]', '"z(", 7, "z{99999999999}", [], ["zip", "{heat}"]]'),
            [
                "r.toml:3: 'z(' is not a pattern: missing ), unterminated subpattern at position 1",
                "r.toml:3: 7 is not a pattern: expected string or bytes-like object, got 'int'",
                "r.toml:3: 'z{99999999999}' is not a pattern: the repetition number is too large",
                "r.toml:3: [] is not a pattern: expected string or bytes-like object, got 'list'",
                "r.toml:3: '{heat}' names ['heat'], which [parts] does not hold above it",
            ],
        ),
        (HEAD + GOOD + 'unless = "it"\n', ["r.toml:3: 'unless' is not a list"]),
        (
            HEAD + GOOD.replace("injection", "emergency") + 'kind = "crysis"\n',
            ["r.toml:3: kind 'crysis' is not one of medical, poison, crisis"],
        ),
        (HEAD + GOOD.replace("zap it", "hop it"), ["r.toml:3: a is not fired by its own example 'hop it'"]),
        (HEAD + GOOD.replace("zip it", "ZAP it"), ["r.toml:3: a is fired by its near miss 'ZAP it'"]),
        (HEAD + GOOD + 'unless = ["it"]\n', ["r.toml:3: a is not fired by its own example 'zap it'"]),
        (
            HEAD + "[kinds]\ncrisis = '('\npanic = 'x'\n" + GOOD,
            [
                "r.toml: kinds.crisis: '(' is not a pattern: missing ), unterminated subpattern at position 0",
                "r.toml: kinds.panic is not one of medical, poison, crisis",
            ],
        ),
        (
            HEAD + "[parts]\nheat = '{cold}'\ncold = 'c('\n" + GOOD,
            [
                "r.toml: parts.heat: '{cold}' names ['cold'], which [parts] does not hold above it",
                "r.toml: parts.cold: 'c(' is not a pattern: missing ), unterminated subpattern at position 1",
            ],
        ),
    ],
    ids=[
        "broken TOML",
        "empty",
        "no tables",
        "used twice",
        "six at once",
        "patterns",
        "unless",
        "kind",
        "fires",
        "spares",
        "excused",
        "kinds",
        "parts",
    ],
)
def test_every_fault_of_a_file_is_told_at_once_with_its_line(tmp_path: Path, text: str, faults: list[str]) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_rules(path)
    assert str(caught.value).replace(str(path), "RULES").split("\n") == faults


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"version = '\xe9'")
    for path in (tmp_path / "absent.toml", tmp_path, latin):
        with pytest.raises(DataError, match=re.escape(str(path))):
            load_rules(path)


def test_no_rule_is_dropped_however_its_table_is_written(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    other = GOOD.replace('"a"', '"b"').removeprefix("[[rule]]\n")
    path.write_text(HEAD + GOOD + "  [[ rule ]] # with a note\n" + other, encoding="utf-8")
    assert [rule.id for rule in load_rules(path).rules] == ["a", "b"]
    inline = '{id = "c", lane = "decision", patterns = ["zap"], fires = "zap", spares = "zip"}'
    path.write_text(f"{HEAD}rule = [{inline}]\n", encoding="utf-8")
    assert [rule.id for rule in load_rules(path).rules] == ["c"]
