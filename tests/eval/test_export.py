"""a run -> the input files of ragas and promptfoo."""

from __future__ import annotations

import json
from pathlib import Path

from eval.export import export
from tests.eval.runs import BAD, GOOD, QUESTIONS


def test_ragas_has_a_sample_an_answer(tmp_path: Path) -> None:
    path = export("ragas", QUESTIONS, BAD, tmp_path)
    assert path.name == "ragas.jsonl"
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {
            "user_input": "How hot is green tea?",
            "response": "Black tea needs boiling water. Green tea is brewed at 80 degrees.",
            "retrieved_contexts": ["Black tea needs boiling water.", "Green tea is brewed at 80 degrees."],
            "reference": "Green tea is brewed at 80 degrees.",
            "reference_contexts": ["Green tea is brewed at 80 degrees."],
        },
        {
            "user_input": "How hot is <b>red</b> tea?",
            "response": "Green tea is brewed at 80 degrees.",
            "retrieved_contexts": ["Green tea is brewed at 80 degrees."],
            "reference": "The source does not answer this question.",
        },
    ]


def test_promptfoo_has_a_test_a_question(tmp_path: Path) -> None:
    config = json.loads(export("promptfoo", QUESTIONS, GOOD, tmp_path).read_text(encoding="utf-8"))
    assert (config["providers"], config["prompts"]) == (["echo"], ["{{output}}"])
    assert [(t["description"], [a["metric"] for a in t["assert"]]) for t in config["tests"]] == [
        ("hot direct", ["verdict", "answer_hit@1"]),
        ("keep list", ["verdict", "answer_hit@1"]),
        ("red near_miss", ["verdict"]),
        ("moon far", ["verdict"]),
        ("help emergency", ["verdict"]),
        ("hi chitchat", ["verdict"]),
    ]
    assert json.loads(config["tests"][0]["vars"]["output"]) == {
        "verdict": "answered",
        "quote": "Green tea is brewed at 80 degrees.",
        "answer": "Green tea is brewed at 80 degrees.",
    }
