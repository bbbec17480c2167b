"""question, history -> a question that stands alone; only a topic is ever carried over."""

from __future__ import annotations

import pytest

from assistant.followup import resolve, topic_of

SOURCE = {"tea", "green", "black", "tin", "tins", "kettle", "nerve", "nerves", "ice", "milk", "sugar"}


def knows(word: str) -> bool:
    return word in SOURCE


@pytest.mark.parametrize(
    ("question", "history", "alone"),
    [
        # Nothing before it: nothing is added.
        ("how long?", [], "how long?"),
        ("  and it?  ", [], "and it?"),
        ("so why", ["", "  "], "so why"),
        # "What about" puts the new thing in the old one's place.
        ("and what about black tea?", ["Is green tea bitter?"], "Is black tea bitter?"),
        ("and black tea?", ["Is green tea hot?"], "Is black tea hot?"),
        ("and milk?", ["Is sugar any good?"], "Is milk any good?"),
        ("And the kettle or a tin?", ["Is milk any good?"], "Is the kettle or a tin any good?"),
        ("and milk?", ["Why does sugar spoil tea?"], "milk?"),
        ("what about milk?", ["Why is sugar good?"], "Why is milk good?"),
        ("ok and does milk help", ["Is sugar any good?"], "does milk help"),
        ("and with milk?", ["Is sugar any good?"], "with milk? (sugar)"),
        ("and what about black tea?", ["Is green tea black milk?"], "Is black tea black milk?"),
        ("How about a tin?", ["Does the kettle keep heat?"], "Does a tin keep heat?"),
        ("same for milk?", ["Is sugar any good?"], "Is milk any good?"),
        ("ok great, what about milk?", ["Is sugar any good?"], "Is milk any good?"),
        (
            "what about a pot that my aunt left me?",
            ["Is sugar good?"],
            "what about a pot that my aunt left me? (sugar)",
        ),
        # A pronoun stands for the topic.
        ("Is it bitter?", ["What is green tea?"], "Is green tea bitter?"),
        ("and are they strong", ["What do tins cost?"], "are tins strong"),
        ("how long does that last?", ["Does a nerve ache?"], "how long does that last? (nerve)"),
        # Short and connected: the topic stands beside it.
        ("side effects?", ["What is green tea?"], "side effects? (green tea)"),
        ("but how hot?", ["What is green tea?"], "how hot? (green tea)"),
        # Why.
        ("why?", ["Does sugar help?"], "Why: Does sugar help?"),
        ("But how come?", ["Does sugar help?"], "Why: Does sugar help?"),
        # A chain of short ones reaches back to the topic.
        ("Is it bitter?", ["What is green tea?", "how hot?"], "Is green tea bitter?"),
        ("what do those cost", ["Is sugar good?", "Are tins one of them?"], "what do tins cost"),
        ("what are the main risks?", ["What is green tea?"], "what are the main risks? (green tea)"),
        ("and how bitter?", ["What is green tea?"], "how bitter? (green tea)"),
        # Nothing is carried over to a question about something else.
        ("what is the capital of Peru?", ["What is green tea?"], None),
        ("who won?", ["What is green tea?"], "who won? (green tea)"),
        ("who won the cup?", ["What is green tea?"], None),
        ("But who baked the best pancakes?", ["What is green tea?"], "who baked the best pancakes?"),
        ("how do I make pancakes?", ["What is green tea?"], None),
        # A question of its own stays as it is.
        ("Does sugar melt in a hot kettle?", ["What is green tea?"], "Does sugar melt in a hot kettle?"),
        ("How green is green tea?", ["What is green tea?"], "How green is green tea?"),
        ("Which of the many harbours in the north freeze?", ["What is green tea?"], None),
        # Words that only look like connectives.
        ("Right kettle, wrong tea?", ["Is sugar good?"], "Right kettle, wrong tea?"),
        ("Cool milk or hot milk?", ["Is sugar good?"], "Cool milk or hot milk?"),
        ("So-called green tea?", ["Is sugar good?"], "So-called green tea?"),
        ("Right, so is it sweet?", ["What is sugar?"], "is sugar sweet?"),
        ("No. What about milk?", ["Is sugar good?"], "Is milk good?"),
        # A topic is a whole word, in the plural too.
        ("any price?", ["Is ice good?"], "any price? (ice)"),
        ("what about milk?", ["Is a device for ice good?"], "Is a device for milk good?"),
        ("what do tins cost?", ["Is a tin good?"], "what do tins cost?"),
        # What is typed is text, never a pattern.
        (r"what about \1 (x)?", ["Is sugar good?"], r"Is \1 (x) good?"),
        (r"what about \d+\g<0>?", ["Is sugar good?"], r"Is \d+\g<0> good?"),
    ],
)
def test_resolve(question: str, history: list[str], alone: str | None) -> None:
    assert resolve(question, history, knows) == (question if alone is None else alone)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("When would a person drink green tea with sugar?", "green tea"),
        ("Is sugar sweet?", "sugar"),
        ("What colour are zebras?", "zebras"),
        ("What is it?", ""),
        ("", ""),
        ("?!", ""),
    ],
)
def test_topic_of(question: str, topic: str) -> None:
    assert topic_of(question, knows) == topic


def test_an_earlier_question_is_never_appended() -> None:
    earlier = "Does green tea keep in a tin over the winter?"
    for question in ("Who won the cup?", "more", "yes", "and the weather?", "tell me everything else you know"):
        assert "winter" not in resolve(question, [earlier], knows)


@pytest.mark.parametrize("question", ["so " * 600, "what about " * 180, "ok, " * 500, "it " * 660, "(" * 2000])
def test_a_long_question_takes_no_long_time(question: str) -> None:
    assert resolve(question, [question, question], knows)
