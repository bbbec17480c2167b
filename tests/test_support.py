"""statement, the sentences that it cites -> why they do not support it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from assistant.claims import TELLING, hardly_differs
from assistant.errors import DataError, ModelError
from assistant.names import Medicine
from assistant.support import WEIGHTS, Judgement, Supported, Verifier, load_judgement, shipped

MEDICINES = (
    Medicine("ibuprofen", ("advil",), ("nsaid", "painkiller"), ()),
    Medicine("baclofen", ("lioresal",), ("muscle relaxant",), ()),
    Medicine("diazepam", ("valium",), ("benzodiazepine", "muscle relaxant"), ()),
)
HEAT = "Moist heat may ease a tight muscle within 20 minutes."
PILL = "Baclofen should not be stopped at once."


def judge(probability: float = 1.0, telling: float = -40.0) -> Supported:
    """The checks with a model that has made up its mind. telling: what a telling check weighs."""
    return Supported(lambda *_: probability, MEDICINES, Judgement(0.0, 1.0, dict.fromkeys(TELLING, telling)))


@pytest.mark.parametrize(
    ("statement", "evidence", "reason"),
    [
        ("A tight muscle may be eased by moist heat in 20 minutes.", [HEAT], ""),
        ("Stopping baclofen at once is wrong.", [PILL], ""),
        ("Do not stop Lioresal at once.", [PILL], ""),
        ("A muscle relaxant should not be stopped at once.", [PILL], ""),
        ("Moist heat may ease it, and baclofen is not to be stopped.", [HEAT, PILL], ""),
        ("Anything.", [], "uncited"),
        ("Moist heat may ease a muscle. " * 14, [HEAT * 20], "length"),
        (
            "Moist heat eases a tight muscle, and so do a long bath, rest, sleep and a good book at night. " * 2,
            [HEAT],
            "length",
        ),
        ("See www.example.com about moist heat.", [HEAT], "markup"),
        ("Heat <b>may</b> ease a muscle.", [HEAT], "markup"),
        ("Heat [may](x) ease a muscle.", [HEAT], "markup"),
        ("Heat may ease a muscle\x1b[2J.", [HEAT], "markup"),
        ("Тепло may ease a muscle.", [HEAT], "language"),
        ("Feuchte Wärme lockert verspannte Muskeln sofort.", [HEAT], "language"),
        ("Moist heat may ease a muscle in 25 minutes.", [HEAT], "number"),
        ("Moist heat may ease a muscle in 20 hours.", [HEAT], "number"),
        ("Ibuprofen should not be stopped at once.", [PILL], "medicine"),
        ("A benzodiazepine should not be stopped at once.", [PILL], "medicine"),
        ("Advil may ease a muscle.", [HEAT], "medicine"),
        ("Moist heat may not ease a muscle.", [HEAT], "negation"),
        ("Baclofen should be stopped at once.", [PILL], "negation"),
        ("Rest after heat.", ["Rest before heat."], "comparison"),
        ("It lasts longer.", ["It lasts a shorter time."], "comparison"),
        ("Moist heat always eases a muscle.", [HEAT], "strength"),
        ("Moist heat eases a tight muscle.", [HEAT], "strength"),
        ("All take it.", ["People take it."], "strength"),
        ("Everybody takes it.", ["Everyone takes it."], ""),
        ("Nearly everyone takes it.", ["Any of them takes it."], ""),
    ],
)
def test_what_can_be_looked_up(statement: str, evidence: list[str], reason: str) -> None:
    assert judge()(statement, evidence) == reason


@pytest.mark.parametrize(
    ("statement", "same"),
    [
        (HEAT, True),
        ("Moist heat may ease a tight bone within 20 minutes.", True),
        ("Moist heat may never ease a tight muscle within 20 minutes.", True),
        ("Dry heat may ease a muscle within 20 minutes.", True),
        ("A tight muscle may be eased by moist heat in 20 minutes.", False),
        ("Heat takes 20 minutes to ease a muscle.", False),
        ("", False),
    ],
)
def test_what_hardly_differs(statement: str, same: bool) -> None:
    assert hardly_differs(statement, HEAT) == same


def test_either_judge_may_reject() -> None:
    assert judge(0.4)("A tight muscle may be eased by moist heat.", [HEAT]) == "unsupported"
    assert judge(0.9)("Ibuprofen may ease a muscle.", [HEAT]) == "medicine"


def test_a_check_that_only_tells_is_weighed_with_what_the_model_says() -> None:
    turned, even = "Moist heat eases a tight muscle.", 0.0
    assert judge(0.9, telling=even)(turned, [HEAT]) == ""
    assert judge(0.9, telling=-2.0)(turned, [HEAT]) == "strength"
    assert judge(0.999, telling=-2.0)(turned, [HEAT]) == ""
    assert judge(0.0, telling=even)(turned, [HEAT]) == "strength"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bias": 0, "verifier": 1, "checks": {"negation": 1}}'])
def test_a_spoilt_judgement_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "support.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"support\.json: the weights .*fit_support"):
        load_judgement(path)


def test_a_sentence_supports_itself_whatever_a_model_thinks() -> None:
    assert judge(0.0)(HEAT, [PILL, HEAT]) == ""


def test_the_model_is_asked_once_about_the_statement_and_all_that_it_cites() -> None:
    seen: list[tuple[str, str]] = []

    def score(statement: str, evidence: str) -> float:
        seen.append((statement, evidence))
        return 1.0

    judged = Supported(score, (), Judgement(0.0, 1.0, dict.fromkeys(TELLING, 0.0)))
    assert judged("Heat may ease it; baclofen is not to be stopped.", [HEAT, PILL]) == ""
    assert seen == [("Heat may ease it; baclofen is not to be stopped.", f"{HEAT} {PILL}")]


# The shipped verifier --------------------------------------------------------------------------


def test_the_shipped_verifier_is_small() -> None:
    assert WEIGHTS.stat().st_size <= 11_000_000


@pytest.mark.parametrize(
    ("statement", "evidence", "supported"),
    [
        ("A tight muscle can loosen in moist heat.", "Moist heat can help a tight muscle to loosen.", True),
        (
            "Gentle stretching every day keeps the muscle supple.",
            "Stretch gently each day to keep the muscle supple.",
            True,
        ),
        ("The office opens at nine.", "Moist heat can help a tight muscle to loosen.", False),
        ("A tight muscle can loosen in sea water.", "Moist heat can help a tight muscle to loosen.", False),
    ],
)
def test_the_shipped_verifier(statement: str, evidence: str, supported: bool) -> None:
    judged = shipped()
    assert (judged(statement, [evidence]) == "") == supported
    assert judged(statement, [evidence]) == judged(statement, [evidence])


def weights(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    """A weights file of the right shape, spoilt."""
    tensors = {"head.weight": torch.zeros(1, 384), "head.bias": torch.zeros(1)}
    tensors |= {
        k: v.clone() for k, v in load_file(str(WEIGHTS.with_name("guard.safetensors"))).items() if "layer.5." in k
    }
    change(tensors)
    save_file(tensors, str(path))
    return path


def test_a_statement_is_supported_when_none_of_its_pieces_is_at_fault(tmp_path: Path) -> None:
    """Without weights each piece is as likely at fault as not: "heat", ".", and the one before them."""
    verifier = Verifier(weights(tmp_path / "w", lambda _: None))
    assert verifier("Heat.", "Heat helps, and so does rest.") == pytest.approx(0.5**3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("head.bias"), "cannot be loaded"),
        (lambda t: t.update({"head.bias": torch.zeros(5)}), "size mismatch"),
        (lambda t: t.update({"more": torch.zeros(1)}), "unknown tensors"),
        (lambda t: t["head.weight"].fill_(float("nan")), "not finite"),
    ],
)
def test_a_spoilt_verifier_is_told_at_once(
    tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], object], message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        Verifier(weights(tmp_path / "w", change)).ready()
    assert str(caught.value).startswith(f"The verifier {tmp_path / 'w'}")


def test_what_does_not_fit_beside_a_statement_is_not_read(tmp_path: Path) -> None:
    verifier = Verifier(weights(tmp_path / "w", lambda t: t["head.weight"].fill_(0.1)))
    assert verifier("Heat.", "heat " * 300) == verifier("Heat.", "heat " * 300 + "is not good")
