"""data/PROFILE.toml, data/regions.toml -> wording: every region is whole, every fault is told at once."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from assistant import profile
from assistant.errors import DataError
from assistant.profile import DATA, load_profile
from assistant.records import Verdict
from assistant.source import parse

REGIONS = [name for name, row in tomllib.loads((DATA / "regions.toml").read_text()).items() if isinstance(row, dict)]
TEXTS = [parse(f"# {name}\n\n## On {name}\n\nIt is.", f"{name}.md") for name in ("Tea", "Rice", "Salt", "Bread")]


def test_the_regions() -> None:
    assert {"US", "CA", "UK", "IE", "AU", "NZ", "EU", "IN"} <= set(REGIONS)


@pytest.mark.parametrize(
    ("region", "emergency", "crisis", "poison"),
    [
        ("US", "911", "988", "1-800-222-1222"),
        ("CA", "911", "988", "1-844-764-7669"),
        ("UK", "999", "116 123", "111"),
        ("IE", "112 or 999", "116 123", "01 809 2166"),
        ("AU", "000", "13 11 14", "13 11 26"),
        ("NZ", "111", "1737", "0800 764 766"),
        ("EU", "112", "112", "112"),
        ("IN", "112", "14416", "1800 116 117"),
    ],
)
def test_what_an_emergency_reply_says_first(region: str, emergency: str, crisis: str, poison: str) -> None:
    loaded = load_profile("health", region)
    assert loaded.emergency_text("medical") == (
        f"Call {emergency} now, or go to the nearest emergency department. What you describe can be serious and "
        "needs help at once. Do not drive yourself, and do not wait for it to pass."
    )
    assert loaded.emergency_text("crisis") == (
        f"Please talk to someone now: {loaded.numbers['crisis_name']}, {crisis}. If you or someone else is in "
        f"immediate danger, call {emergency}. You matter, and people are ready to listen."
    )
    assert loaded.emergency_text("poison") == (
        f"Call {emergency} now if the person is drowsy, not breathing well, fitting or has collapsed; otherwise "
        f"call poison control on {poison} at once. Do not wait for symptoms."
    )
    assert loaded.emergency_text("anything else") == loaded.emergency_text("medical")
    assert loaded.broken_text() == f"{loaded.text['unsure']} If this is urgent, call {emergency}."
    general = load_profile("general", region)
    assert general.broken_text() == general.text["unsure"]


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_has_its_sources_and_every_wording_can_be_filled_in(region: str) -> None:
    sources = tomllib.loads((DATA / "regions.toml").read_text())[region]["sources"]
    assert sources
    assert all(source.startswith("https://") for source in sources)
    for kind in ("medical", "crisis", "poison"):
        text = load_profile("health", region).emergency_text(kind)
        assert load_profile("health", region).numbers["emergency"] in text
        assert "{" not in text


@pytest.mark.parametrize("name", ["health", "general"])
def test_every_verdict_has_its_notice(name: str) -> None:
    loaded = load_profile(name, "US")
    silent = {verdict for verdict in get_args(Verdict) if not loaded.disclaimer(verdict)}
    assert silent == ({"smalltalk"} if name == "health" else {"smalltalk", "emergency"})
    assert loaded.lanes == (
        ("emergency", "injection", "decision", "smalltalk") if name == "health" else ("injection", "smalltalk")
    )


def test_small_talk_names_this_source() -> None:
    three = load_profile("general", "US", TEXTS[:3])
    assert three.smalltalk_text("capability") == (
        "I can tell you what “Tea”, “Rice”, “Salt” says about: Tea; On Tea; Rice; On Rice; Salt; On Salt."
    )
    assert load_profile("general", "US", TEXTS).titles == "Tea”, “Rice”, “Salt”, “…"
    assert three.smalltalk_text("unheard of") == three.smalltalk_text("other")
    odd = parse("# {Braces} and {0}\n\nIt is.", "odd.md")
    assert "{Braces} and {0}" in load_profile("general", "US", [odd]).smalltalk_text("greeting")


def test_an_unknown_region_is_answered_with_the_list() -> None:
    with pytest.raises(DataError) as caught:
        load_profile("health", "ATLANTIS")
    listed = ", ".join(REGIONS)
    assert str(caught.value) == f"Unknown region 'ATLANTIS'. Set FOOTNOTE_REGION to one of: {listed}."


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data files that a test may spoil."""
    for name in ("health.toml", "general.toml", "regions.toml"):
        shutil.copy(DATA / name, tmp_path)
    monkeypatch.setattr(profile, "DATA", tmp_path)
    return tmp_path


def spoil(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text, count=1, flags=re.M)
        assert count == 1, pattern
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "changes", "faults"),
    [
        (
            "health",
            [(r"^reviewed_by.*\n", ""), (r"^declined.*\n", ""), (r"^call.*\n", ""), (r"^empty.*\n", "")],
            [
                "health.toml: lacks 'reviewed_by'",
                "health.toml: [notice] lacks 'declined'",
                "health.toml: [text] lacks 'empty'",
                "health.toml: [emergency] lacks 'call'",
            ],
        ),
        (
            "health",
            [(r'"emergency", "inj', '"emergncy", "inj')],
            [
                "health.toml: lanes ['emergncy', 'injection', 'decision', 'smalltalk'] is not a list of "
                "emergency, injection, decision, smalltalk"
            ],
        ),
        (
            "health",
            [(r"^lanes.*\n", ""), (r"^\[smalltalk\]", "[chat]")],
            [
                "health.toml: lanes None is not a list of emergency, injection, decision, smalltalk",
                *(
                    f"health.toml: [smalltalk] lacks {key!r}"
                    for key in ("greeting", "thanks", "goodbye", "identity", "capability", "other")
                ),
            ],
        ),
        (
            "health",
            [
                (r"^emergency = [0-9.]+", "emergency = nan"),
                (r"^injection = [0-9.]+", "injection = 1.5"),
                (r"^decision = [0-9.]+", 'decision = "0.5"'),
                (r"^smalltalk = [0-9.]+", "smalltalk = true"),
            ],
            [
                "health.toml: [thresholds] emergency = nan is not a number above 0 and up to 1",
                "health.toml: [thresholds] injection = 1.5 is not a number above 0 and up to 1",
                "health.toml: [thresholds] decision = '0.5' is not a number above 0 and up to 1",
                "health.toml: [thresholds] smalltalk = True is not a number above 0 and up to 1",
            ],
        ),
        (
            "health",
            [
                (r"^answered = .*", 'answered = ""'),
                (r"^unsure = .*", "unsure = 7"),
                (r"^wait = .*", 'wait = ""'),
                (r"call poison control on \{poison\}", "call {posion}"),
                (r"^thanks = .*", 'thanks = "Fine {"'),
            ],
            [
                "health.toml: [notice] answered is empty",
                "health.toml: [text] unsure = 7 is not text",
                "health.toml: [emergency] poison has braces other than {emergency}, {crisis}, {crisis_name}, {poison}",
                "health.toml: [emergency] wait is empty",
                "health.toml: [smalltalk] thanks has braces other than {titles}, {sections}",
            ],
        ),
        (
            "regions",
            [(r'^crisis = "988"\n', ""), (r'^poison = "1-800-222-1222"', "poison = 18002221222")],
            ["regions.toml: [US] lacks 'crisis'", "regions.toml: [US] lacks 'poison'"],
        ),
        (
            "regions",
            [(r"^sources = .*", "sources = []")],
            ["regions.toml: [US] lacks 'sources'"],
        ),
    ],
    ids=["missing", "lane misspelt", "table missing", "thresholds", "wordings", "numbers", "sources"],
)
def test_every_fault_is_told_at_once(data: Path, name: str, changes: list[tuple[str, str]], faults: list[str]) -> None:
    spoil(data / f"{name}.toml", *changes)
    with pytest.raises(DataError) as caught:
        load_profile("health", "US")
    assert sorted(str(caught.value).split("\n")) == sorted(faults)


def test_faults_of_both_files_come_together(data: Path) -> None:
    spoil(data / "health.toml", (r"^thanks.*\n", ""))
    with pytest.raises(DataError) as caught:
        load_profile("health", "XX")
    assert str(caught.value).split("\n")[0] == "health.toml: [smalltalk] lacks 'thanks'"
    assert str(caught.value).split("\n")[1].startswith("Unknown region 'XX'.")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[notice", None])
def test_a_file_that_cannot_be_read_is_named(data: Path, content: bytes | None) -> None:
    path = data / "general.toml"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(str(path))):
        load_profile("general", "US")


@pytest.mark.parametrize(("code", "region"), [("GB", "UK"), ("DE", "EU"), ("US", "US")])
def test_a_country_that_uses_the_numbers_of_another(code: str, region: str) -> None:
    assert load_profile("health", code).numbers == load_profile("health", region).numbers


def test_a_refused_attack_is_not_told_that_a_clinician_decides_it() -> None:
    profile = load_profile("health", "US")
    assert profile.disclaimer("declined", "injection.override") == profile.notice["injection"]
    assert profile.disclaimer("declined", "decision.dose") == profile.notice["declined"]
