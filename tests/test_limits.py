"""A circuit breaker and a day's tokens, with a clock and a calendar of the test's own."""

from __future__ import annotations

from datetime import date

from assistant.limits import Breaker, Budget


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3, 60, Clock())
    allowed = []
    for _ in range(4):
        allowed.append(breaker.allows())
        breaker.failed()
    assert allowed == [True, True, True, False]


def test_a_success_between_them_begins_the_count_anew() -> None:
    breaker = Breaker(2, 60, Clock())
    breaker.failed()
    breaker.worked()
    breaker.failed()
    assert breaker.allows()


def test_half_open_it_lets_one_through_that_closes_it() -> None:
    clock = Clock()
    breaker = Breaker(1, 60, clock)
    breaker.failed()
    clock.now += 59
    assert not breaker.allows()
    clock.now += 1
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.worked()
    assert [breaker.allows(), breaker.allows()] == [True, True]


def test_or_opens_it_again() -> None:
    clock = Clock()
    breaker = Breaker(3, 60, clock)
    for _ in range(3):
        breaker.failed()
    clock.now += 61
    assert breaker.allows()
    breaker.failed()
    clock.now += 59
    assert not breaker.allows()
    clock.now += 2
    assert breaker.allows()


def test_a_trial_that_never_reports_is_followed_by_another() -> None:
    clock = Clock()
    breaker = Breaker(1, 60, clock)
    breaker.failed()
    clock.now += 60
    assert breaker.allows()
    clock.now += 60
    assert breaker.allows()


def test_a_new_day_brings_new_tokens() -> None:
    days = [date(2026, 11, 24)]
    budget = Budget(100, lambda: days[-1])
    budget.spend(70)
    assert budget.left() == 30
    budget.spend(70)
    assert budget.left() == -40
    days.append(date(2026, 11, 25))
    assert budget.left() == 100
