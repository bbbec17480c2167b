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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no zap", ["zap"]),
        ("a zap, then a zap", ["zap", "zap"]),
        ("zap in a film", []),
        ("what does the film say? zap", ["zap"]),
        ("zap! then came the film", ["zap"]),
        ("nothing", []),
    ],
)
def test_an_excuse_counts_in_the_sentence_of_the_match_alone(text: str, found: list[str]) -> None:
    rule = Rule("a", "emergency", "medical", (re.compile("zap"),), (re.compile("film"),))
    assert [match.group() for match in rule.matches(text)] == found


def test_a_pattern_that_matches_nothing_at_all_ends() -> None:
    assert list(Rule("a", "injection", "", (re.compile("z*"),), ()).matches("abc")) == []


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
            HEAD + GOOD.replace('"zap"]', '"z(", 7, "z{99999999999}"]'),
            [
                "r.toml:3: 'z(' is not a pattern: missing ), unterminated subpattern at position 1",
                "r.toml:3: 7 is not a pattern: first argument must be string or compiled pattern",
                "r.toml:3: 'z{99999999999}' is not a pattern: the repetition number is too large",
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
