"""question -> what it asks about and the source nowhere mentions; a claim must never be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.errors import DataError
from assistant.mentions import Mentions
from assistant.missing import CONCEPTS, Concept, Concepts, Missing, load_concepts
from assistant.names import Names, load_medicines
from assistant.profile import load_profile
from assistant.settings import ROOT
from assistant.source import parse, read_source
from tests.fakes import assistant, says

SHIPPED = load_concepts()
MEDICINES = load_medicines()
NOTHING = Missing(SHIPPED, Names(MEDICINES, lambda _: False), lambda _: False)
"""For a source that mentions nothing."""


def missing(source: str, question: str, concepts: Concepts = SHIPPED) -> tuple[str, ...]:
    uses = Mentions([parse(source, "source.md")])
    return Missing(concepts, Names(MEDICINES, uses), uses)(question)


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("Can I take it while pregnant?", ("pregnancy",)),
        ("We are having a baby, is that a problem?", ("pregnancy",)),
        ("what about my baby", ("babies",)),
        ("Is it all right for my kid's knees?", ("children", "knees")),
        ("is it ok with a BEER", ("alcohol",)),
        ("breast-feeding and breast feeding", ("breastfeeding",)),
        ("How do I book a parking space?", ("parking",)),
        ("Is overtime paid?", ("overtime",)),
        ("can I get my money back", ("refunds",)),
        ("What is the deadline for my expense report?", ("expenses", "deadlines")),
        ("how much does it cost?", ("prices",)),
        ("How long until it works, and how often do I take it?", ("durations", "how often")),
        ("who invented it?", ("inventors",)),
        ("Is it safe for people with kidney disease?", ("kidneys", "safety")),
        ("side effects in pregnancy, for smokers and drivers of heavy machinery", ("pregnancy", "smoking")),
        ("does a heart attack raise blood pressure?", ("the heart", "blood pressure")),
        ("tizanidine?", ("tizanidine",)),
        ("can i mix zanaflexs and advil", ("Zanaflex (tizanidine)", "Advil (ibuprofen)")),
        ("Zanaflex (tizanidine) and wine", ("Zanaflex (tizanidine)", "alcohol")),
        ("an epsom salt bath", ("epsom salt",)),
        ("is coffee or caffeine better?", ("caffeine",)),
        ("insulin", ("diabetes",)),
    ],
)
def test_what_a_text_on_tea_pots_does_not_mention(question: str, things: tuple[str, ...]) -> None:
    assert missing("# Pots\n\nAn iron pot is black.\n", question) == things


@pytest.mark.parametrize(
    "question",
    [
        "",
        "What is a pot?",
        "Why does my back hurt so much at work?",
        "does heat travel through iron?",
        "what is the cost of ignoring it?",
        "What is driving the pain?",
        "I know it by heart",
        "may I exercise caution?",
        "is it a grace period",
        "do you have ice cream",
        "I exhausted my options",
        "what should I be expecting?",
        "Does it skid, or is it priceless?",
        "how does it compensate",
        "who mentions it?",
        "the rest of the pot",
    ],
)
def test_a_phrase_with_another_meaning_names_nothing(question: str) -> None:
    assert missing("# Pots\n\nAn iron pot is black.\n", question) == ()


@pytest.mark.parametrize(
    ("source", "question"),
    [
        ("Pregnant women ask first.", "Is it fine in the third trimester?"),
        ("Do not take it if you could conceive.", "Can I take it in pregnancy?"),
        ("Paediatric use is limited.", "Can kids have it?"),
        ("Over-dosing is rare.", "What dose?"),
        ("Adverse reactions are few.", "Any side effects?"),
        ("Side and after effects are few.", "Any side effects?"),
        ("Drivers need a permit.", "Can I drive to work?"),
        ("Breast and bottle feeding.", "Is it safe when breastfeeding, or unsafe? Safety!"),
        ("Extra time is paid: claim over-time weekly.", "Is overtime paid?"),
        ("| item | fee |\n|---|---|\n| pot | 3 |", "What is the price?"),
        ("It is $3.", "What is the price?"),
        ("## Car parks\n\nTwo.", "Where is parking?"),
        ("Ask your supervisor.", "Does my boss know?"),
        ("Take it twice a day for two weeks.", "How long, and how often?"),
        ("About 4% of people.", "What percentage?"),
        ("Zanaflex is one.", "tizanidine?"),
        ("Tizanidine’s use is old.", "What about Zanaflex?"),
        ("Paracetamol helps.", "What about Tylenol?"),
        ("Vitamins D and C.", "Does vitamin C help?"),
        ("A hepatic illness.", "Is my liver all right?"),
    ],
)
def test_nothing_is_claimed_missing_that_the_source_mentions_in_any_form(source: str, question: str) -> None:
    things = missing(f"# Title\n\n{source}\n", question)
    assert set(things) <= {"breastfeeding", "safety"} if "bottle" in source else things == ()


def test_the_class_of_a_medicine_is_not_missing_with_it() -> None:
    source = "# On NSAIDs\n\nNonsteroidal anti-inflammatory drugs such as naproxen.\n"
    assert missing(source, "Is Advil (ibuprofen, nsaid) a painkiller?") == ("Advil (ibuprofen)",)


@pytest.mark.parametrize(
    ("phrase", "used"),
    [
        ("dose", True),
        ("doses", True),
        ("effective dose", False),
        ("side effects", True),
        ("driving", True),
        ("over time", True),
        ("overtime", True),
        ("liver", False),
        ("age", False),
        ("kidney disease", True),
        ("out of", False),
        ("one in", True),
        ("e-mail", True),
        ("£", False),
        ("$", True),
        ("?", True),
    ],
)
def test_what_a_source_uses(phrase: str, used: bool) -> None:
    text = "Overdosing on massage. Side- and other effects. A driver delivers over-time: kidney or skin disease."
    uses = Mentions([parse("# A\n\nOne in four, $3, email.\n", "a.md"), parse(text, "b.md")])
    assert uses(phrase) is used


def test_words_of_two_documents_make_no_phrase() -> None:
    assert not Mentions([parse("The kidney", "a.md"), parse("Disease", "b.md")])("kidney disease")


# The shipped file ------------------------------------------------------------------------------


def test_the_shipped_concepts() -> None:
    assert len(SHIPPED.concepts) >= 150
    assert all(concept is None or concept.asks for concept in SHIPPED.by_form.values())


@pytest.mark.parametrize("concept", SHIPPED.concepts, ids=lambda c: c.name)
def test_a_concept_is_named_by_each_of_its_forms_and_missing_nowhere_that_uses_one(concept: Concept) -> None:
    for form in concept.asks:
        assert NOTHING(f"so, {form}?") == (concept.name,), form
    for form in (*concept.asks, *concept.uses):
        uses = Mentions([parse(f"# Zzz\n\nQqq {form} qqq.\n", "z.md")])
        assert uses(form), form


def test_what_is_claimed_missing_from_the_shipped_source_has_no_form_in_it() -> None:
    """Looked up without the stemmer: short forms as words with an ending, longer ones at either end of a word too."""
    documents = read_source(ROOT / "corpus")
    text = " ".join(re.sub(r"[-\s]+", " ", d.text.lower().replace("’", "'")) for d in documents)
    uses = Mentions(documents)
    claimed = [c for c in SHIPPED.concepts if not any(map(uses, (c.name, *c.asks, *c.uses)))]
    assert 100 <= len(claimed) < len(SHIPPED.concepts)
    for concept in claimed:
        for form in (concept.name.lower(), *concept.asks, *concept.uses):
            word = re.escape(form)
            long = rf"\b{word}|\w\w\w{word}\b"
            pattern = long if len(form) >= 6 else rf"(?<!\w){word}(?:s|es|ed|d|ing|ly|er|ers)?(?!\w)"
            assert not re.search(pattern, text), (concept.name, form)


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("What does it cost, and what percentage get better?", ("prices", "statistics")),
        ("Where can I park at the office?", ("parking",)),
        ("Does it interact with alcohol?", ("alcohol", "interactions")),
        ("Can I take cyclobenzaprine or Flexeril when pregnant?", ("pregnancy",)),
        ("Is tizanidine better than baclofen?", ("tizanidine",)),
        ("Is there a risk of addiction at a low dose?", ()),
        ("Do massage, heat, ice, exercise or an MRI help?", ()),
        ("How much water should I drink?", ()),
    ],
)
def test_the_shipped_source(question: str, things: tuple[str, ...]) -> None:
    uses = Mentions(read_source(ROOT / "corpus"))
    assert Missing(SHIPPED, Names(MEDICINES, uses), uses)(question) == things


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reviewed_by = ''\nignore = ''\n[things]\nx = {asks = 'x'}", "c.toml: lacks 'version'"),
        ("version = '1'\nreviewed_by = ''\nignore = 7\n[things]\nx = {asks = 'x'}", "c.toml: lacks 'ignore'"),
        ("version = '1'\nreviewed_by = ''\nignore = ''", "c.toml: holds no concepts"),
        (
            "version = '1'\nreviewed_by = ''\nignore = ''\n[things]\nx = {uses = 'x'}\ny = 7",
            "c.toml: [things] 'x' needs asks, may have uses, both text: {'uses': 'x'}\n"
            "c.toml: [things] 'y' needs asks, may have uses, both text: 7",
        ),
        (
            "version = '1'\nreviewed_by = ''\nignore = 'a b'\n[things]\nx = {asks = 'a-b | c'}\ny = {asks = 'C'}",
            "c.toml: 'c' stands for both 'x' and 'y'\nc.toml: 'a b' stands for both 'x' and 'ignore'",
        ),
    ],
)
def test_every_fault_of_the_file_is_told_at_once(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_concepts(path)
    assert str(caught.value) == fault


@pytest.mark.parametrize("content", [b"\xff", b"[things", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / CONCEPTS.name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(str(path))):
        load_concepts(path)


# In a reply ------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["health", "general"])
@pytest.mark.parametrize(
    ("share", "reason", "key"), [(0.3, "not_in_source", "abstained"), (0.02, "off_topic", "off_topic")]
)
def test_an_abstention_says_what_is_missing(profile: str, share: float, reason: str, key: str) -> None:
    text = load_profile(profile, "UK").text[key]
    asked = assistant(says(s3=share), profile)
    reply = asked.ask("Is green tea served at the parking garage to visitors of my boss?")
    assert (reply.reason, reply.text) == (reason, f"{text} The source does not mention parking or visitors.")
    assert asked.ask("Who painted it?").text == text
