"""Many at once: no PIN is looked at beyond the tries there are, and no call is taken twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.verifying.customers import PIN, WRONG, Customer
from warifu.authentication.user import rules as pure
from warifu.authentication.user.pin_record import check_pin
from warifu.authentication.user.tries import PACE, State
from warifu.base.errors import VerifierFault, WarifuError
from warifu.service.conduct.challenges.rules import UNUSED
from warifu.service.conduct.verifying import pins, rules
from warifu.service.limits.rules import BUSY
from warifu.service.limits.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.house import Hands

AT_ONCE = 64
FREE = sum(1 for wait in PACE if not wait) + 1
"""Tries that may follow at once."""


def all_at_once(*attempts: Callable[[], Any]) -> Counter[str]:
    """How each ended: ``right``, or a code."""
    start = Barrier(len(attempts))

    def one(attempt: Callable[[], Any]) -> str:
        start.wait()
        try:
            answer = attempt()
        except WarifuError as error:
            return error.code
        return getattr(answer, "code", None) or "right"

    with ThreadPoolExecutor(len(attempts)) as pool:
        return Counter(pool.map(one, attempts))


def prepared(customer: Customer, pin: str, count: int) -> list[Callable[[], Any]]:
    work = customer.desk.work()
    return [partial(pins.verify_pin, work, customer.pin_request(pin)) for _ in range(count)]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each PIN that is compared."""
    seen: list[int] = []
    compare = check_pin

    def counted(*given: Any, **named: Any) -> Any:
        seen.append(1)
        return compare(*given, **named)

    monkeypatch.setattr(pins, "check_pin", counted)
    return seen


def test_64_wrong_pins_at_once_spend_exactly_the_tries_there_are(
    hanako: Customer, clock: Hands, judged: list[int]
) -> None:
    hanako.set_pin()
    spent = 0
    for _ in range(len(PACE) + 2 - FREE):
        ended = all_at_once(*prepared(hanako, WRONG, AT_ONCE))
        now = len(judged) - spent
        spent = len(judged)
        assert now == ended[pure.WRONG.code] == (FREE if spent == FREE else 1)
        assert ended[pure.WRONG.code] + ended[pure.PACED.code] + ended[pure.LOCKED.code] == AT_ONCE
        clock.forward(hours=1)
    assert len(judged) == len(PACE) + 1
    assert hanako.pin().state is State.LOCKED
    assert all_at_once(*prepared(hanako, PIN, 8)) == {pure.LOCKED.code: 8}
    assert len(judged) == len(PACE) + 1


def test_the_right_pin_among_wrong_ones_forgives_none_spent_after_it(
    hanako: Customer, judged: list[int]
) -> None:
    hanako.set_pin()
    attempts = [*prepared(hanako, WRONG, AT_ONCE - 4), *prepared(hanako, PIN, 4)]
    ended = all_at_once(*attempts)
    assert sum(ended.values()) == AT_ONCE
    # Each right PIN gives back what was spent up to its own try, and no more.
    assert len(judged) <= FREE * (1 + ended["right"])
    assert ended[pure.WRONG.code] <= FREE * (1 + ended["right"])
    assert hanako.pin().tries_left >= len(PACE) + 1 - FREE


def test_one_envelope_64_times_at_once_is_looked_at_once(
    hanako: Customer, judged: list[int]
) -> None:
    hanako.set_pin()
    request = hanako.pin_request(WRONG)
    work = hanako.desk.work()
    ended = all_at_once(*[lambda: pins.verify_pin(work, request)] * AT_ONCE)
    assert ended == {pure.WRONG.code: 1, UNUSED.code: AT_ONCE - 1}
    assert len(judged) == 1
    assert hanako.pin().tries_left == len(PACE)


def test_one_ordered_call_64_times_at_once_is_taken_once(hanako: Customer) -> None:
    call = hanako.call(hanako.ask("session"))
    ended = all_at_once(*[lambda: hanako.check(call)] * AT_ONCE)
    assert ended == {"right": 1, pure.CALL_SEQUENCE.code: AT_ONCE - 1}


def test_one_proof_64_times_at_once_is_taken_once(hanako: Customer) -> None:
    hanako.verify()
    read = hanako.read(hanako.token())
    ended = all_at_once(*[lambda: hanako.check(read)] * AT_ONCE)
    assert ended == {"right": 1, rules.REPLAYED.code: AT_ONCE - 1}


def test_64_first_pins_at_once_leave_one(hanako: Customer) -> None:
    ended = all_at_once(*[hanako.set_pin] * 8)
    assert ended["right"] == 1
    assert set(ended) <= {"right", rules.RACED.code, rules.OLD_PIN.code}
    assert hanako.try_pin().verified is not None


class Died(BaseException):
    """The process was killed."""


@pytest.mark.parametrize("pin", [PIN, WRONG])
def test_killed_between_spending_and_judging_the_try_stays_spent(
    hanako: Customer, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    hanako.set_pin()
    request = hanako.pin_request(pin)

    def die(*_: Any, **__: Any) -> None:
        raise Died

    for where in ("open_pin", "check_pin", "settle"):
        with monkeypatch.context() as patched:
            patched.setattr(pins, where, die)
            request = hanako.pin_request(PIN if where == "settle" else pin)
            with pytest.raises(Died):
                pins.verify_pin(hanako.desk.work(), request)
        with pytest.raises(WarifuError) as again:
            pins.verify_pin(hanako.desk.work(), request)
        assert again.value.rule is UNUSED
    assert hanako.pin().tries_left == len(PACE) + 1 - 3
    assert hanako.pin().state is State.PACED


def test_where_there_is_no_room_nothing_is_begun(
    hanako: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanako.set_pin()
    with hanako.desk.house.turns.take(at_once=1, waiting=0, seconds=1):
        settings = hanako.desk.house.settings.pins
        monkeypatch.setattr(
            pins,
            "turn",
            lambda work: work.house.turns.take(at_once=1, waiting=0, seconds=settings.wait_seconds),
        )
        with pytest.raises(VerifierFault) as busy:
            hanako.try_pin(WRONG)
    assert busy.value.rule is BUSY
    assert hanako.pin().tries_left == len(PACE) + 1


def test_turns_are_bounded_and_given_back() -> None:
    turns = Turns()
    most: list[int] = []
    working: list[int] = []

    def one(_: int) -> str:
        try:
            with turns.take(at_once=2, waiting=3, seconds=10):
                working.append(1)
                most.append(len(working))
                Barrier(1).wait()
                working.pop()
                return "done"
        except VerifierFault as error:
            return error.code

    with ThreadPoolExecutor(32) as pool:
        ended = Counter(pool.map(one, range(500)))
    assert max(most) <= 2
    assert set(ended) <= {"done", BUSY.code}
    with turns.take(at_once=1, waiting=0, seconds=1):
        assert one(0) == "done"
        with pytest.raises(VerifierFault), turns.take(at_once=1, waiting=1, seconds=0.01):
            pass
