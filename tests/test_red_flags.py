"""The emergency rules on plain messages: what has to fire them, and what people say every day that must not.

Rules alone, without the classifier. A rule is there for what is certain; everything else is the classifier's.
"""

from __future__ import annotations

import time

import pytest

from assistant.guardrails import Guardrails
from assistant.profile import load_profile
from assistant.rules import load_rules
from tests.fakes import classify

RULES = load_rules()
GUARD = Guardrails(load_profile("health", "UK"), RULES, classify())

FLAGS = [
    ("emergency.seizure", "my boss is having a seizure right now"),
    ("emergency.seizure", "my manager just had a seizure and it stopped after two minutes"),
    ("emergency.seizure", "we're in the car she had a seizure just now"),
    ("emergency.seizure", "he was looking at a screen and had a seizure just now"),
    ("emergency.seizure", "she was on the phone having a seizure now"),
    ("emergency.seizure", "our software engineer is having a seizure now"),
    ("emergency.spinal-infection", "keep getting back pain with a fever"),
    ("emergency.spinal-infection", "i get back pain and chills every night this week"),
    ("emergency.spinal-infection", "pain on my back and fever of 39"),
    ("emergency.spinal-infection", "high temperature and severe pain in my spine"),
    ("emergency.spinal-infection", "running a temperature and my back is agony"),
    ("emergency.spinal-infection", "i have a temperature and my lower back is really painful"),
    ("emergency.spinal-infection", "fever and back pain, the painkillers i used to take do nothing"),
    ("emergency.spinal-infection", "my back can't take any more, and chills since yesterday"),
    ("emergency.spinal-infection", "no numbness, no weakness, but chills every evening and now my spine is on fire"),
    ("emergency.heart", "tearing pain in my chest and back"),
    ("emergency.tearing-pain", "all at once a ripping feeling between the shoulder blades"),
    ("emergency.tearing-pain", "my belly has a sudden tearing pain right through to the spine"),
    ("emergency.foot-drop", "sudden foot drop on the right"),
    ("emergency.foot-drop", "woke up with a dropped foot"),
    ("emergency.foot-drop", "my foot has been dragging since this morning, had back surgery two months ago"),
    ("emergency.rigid-hot-confused", "he's shivering and stiff, temperature 40, rambling"),
    ("emergency.suicide-hint", "i've been saving my pills up"),
    ("emergency.suicide-hint", "i've been putting tablets aside so i have enough"),
    ("emergency.suicide-hint", "i'm such a burden to everyone"),
    ("emergency.suicide-hint", "i keep thinking of jumping off a bridge, life is no game any more"),
    ("emergency.suicide-hint", "i'm tired of being a burden and walking the dog is all i have left"),
]
EVERYDAY = [
    "i'm 39 and my back hurts after gardening, which exercises help?",
    "back pain since i turned 39, should i try yoga?",
    "it cost me $39 for a lower back brace",
    "i weigh 103.5 lbs and my back aches when i run",
    "39.5 mg for my back",
    "the heating pad goes up to 39 degrees, is that fine for my back?",
    "does a hot bath at 40.5 degrees relax the lower back?",
    "my temperature is up and down but is that from the medicine for my back?",
    "chills run down my spine when i hear that song",
    "shivering in the cold office makes my back tense up",
    "yellow fever jab next week, can i take my pills for my back?",
    "spring fever got me into the garden and my back pays for it",
    "my dog has a fever and my back hurts from carrying him",
    "i had a fever last week with flu and now it's gone, my back is fine",
    "i'm confused: do i use hot or cold on a stiff back?",
    "stiff neck, confused about hot packs versus cold packs, which one?",
    "my muscles are stiff, the weather is hot and i'm confused about which cream to use",
    "my legs are stiff after training, sweating a lot, and i'm confused about how much to drink",
    "stiff but no fever and no confusion",
    "she isn't confused, no fever, only stiff",
    "i want to jump into the sea on holiday, is it ok with my back?",
    "i want to walk into the river to cool my legs",
    "imagine stepping off a platform at the gym: is step training good for knees?",
    "stockpiling relaxation music for evenings",
    "i'm stockpiling tablets before my trip abroad, how many can i bring?",
    "saving up painkillers for when the pain is worse, can i skip the morning dose?",
    "i feel like a burden lifted, the exercises help!",
    "i don't feel like a burden",
    "i don't want to drive into a wall",
    "my foot doesn't drag today",
    "my foot is not dragging today",
    "my foot hasn't been dropping today",
    "my foot taps and drops to the beat all of a sudden",
    "the toe of my boot drags, bought them yesterday",
    "my foot drags the clutch pedal a bit today",
    "back pain, fever free",
    "back pain, fever negative",
    "i have back pain; fever: none",
    "fever is ruled out, my back hurts",
    "my temperature is not high, my back aches",
    "my back hurts, temp 36.8, denies fever",
    "no fever, just back pain",
    "tearing pain in my calf, does it come from my back?",
    "my hamstring has a tearing feeling when i stretch, and my lower back is stiff",
    "suddenly my trousers were ripping at the back",
    "the wound plaster gave a ripping feeling when i pulled it off my chest",
    "the government had another seizure of goods today",
    "my laptop had a seizure today",
    "why is fever with back pain taken seriously?",
    "my back pain came with no temperature",
    "i had chills on sunday. the physio looked at my back today, which stretch is gentle?",
    "muscle stiffness and sweating are side effects, is confusion one too?",
    "my son has a temperature, i went back to the pharmacy",
]
HOSTILE = [
    "stiff hot confused ",
    "no fever no back pain ",
    "no stiff no fever no rambling ",
    "fever. my back ",
    "fever my back ",
    "my foot drags ",
    "temperature 39 my ",
    "woke up my foot is ",
    "a ",
]


@pytest.mark.parametrize(("rule", "message"), FLAGS)
def test_a_red_flag_is_met(rule: str, message: str) -> None:
    finding = GUARD.find(message, [])
    assert finding is not None
    assert (finding.lane, finding.rule) == ("emergency", rule)


@pytest.mark.parametrize("message", EVERYDAY)
def test_everyday_words_are_no_alarm(message: str) -> None:
    finding = GUARD.find(message, [])
    assert finding is None or finding.lane != "emergency"


@pytest.mark.parametrize("fragment", HOSTILE)
def test_the_longest_message_does_not_hold_up_the_rules(fragment: str) -> None:
    message = (fragment * 2_000)[:2_000]
    began = time.process_time()
    for rule in RULES.lane("emergency"):
        rule.fires(message)
    assert time.process_time() - began < 2.0, "a pattern that goes back over everything takes minutes"
