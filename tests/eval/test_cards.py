"""Every question set has a card, and the card counts what is in the file."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from eval.__main__ import QUESTIONS

SETS = sorted(QUESTIONS.parent.glob("*.jsonl"))
README = QUESTIONS.parents[1] / "README.md"


def card(path: Path) -> str:
    return path.with_suffix(".md").read_text(encoding="utf-8")


def counted(text: str) -> dict[str, int]:
    """The table of a card whose second column is called questions or messages: kind -> how many."""
    table = re.search(r"^\| (?:kind|label) \| (?:questions|messages) \|.*\n\|[- |]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = [line.split("|")[1:3] for line in table.group(1).splitlines()] if table else []
    return {kind.strip(): int(count) for kind, count in rows}


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_a_card_counts_what_is_there(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert counted(card(path)) == Counter(row.get("category") or row["label"] for row in rows)
    assert re.search(rf"\| file \| `{path.name}`, {len(rows):,} (?:questions|messages),", card(path))


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
@pytest.mark.parametrize("answers", ["file", "source", "written by", "for", "never for", "licence"])
def test_a_card_says_where_a_set_is_from_and_what_it_is_for(path: Path, answers: str) -> None:
    assert re.search(rf"^\| {answers} \| \S", card(path), re.MULTILINE)


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_what_a_kind_mixes_is_counted_too(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for kind, answers, abstentions in re.findall(r"^\| (\w+) \| \d+ \| (\d+) answers, (\d+) abst", card(path), re.M):
        found = Counter(row["expect"] for row in rows if row["category"] == kind)
        assert found == {"answer": int(answers), "abstain": int(abstentions)}, kind


def test_the_readme_names_every_card_and_every_card_has_its_set() -> None:
    named = set(re.findall(r"\(questions/([\w-]+)\.md\)", README.read_text(encoding="utf-8")))
    assert named == {path.stem for path in SETS} == {path.stem for path in QUESTIONS.parent.glob("*.md")}
