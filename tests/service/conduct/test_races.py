"""Many at once: a challenge is answered once, a counter moves once, a device is made once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

from tests.service.conduct.denials import denied
from tests.service.phones import LOGIN, Android, Bank, IPhone, the_bytes
from warifu.attestation.evidence.rules import app_attest_assertion
from warifu.base.errors import Denied, WarifuError
from warifu.service.conduct.challenges.rules import UNUSED
from warifu.service.conduct.decisions.rules import USED
from warifu.service.conduct.evidence.evidence import ATTEMPTS, again_where_new
from warifu.service.conduct.evidence.rules import COUNTER_MOVED, DEVICE_APPEARED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.house import Hands
    from warifu.service.conduct.decisions.deciding import DecisionAnswer

AT_ONCE = 64


def all_at_once(*attempts: Callable[[], DecisionAnswer]) -> Counter[str]:
    """How each ended: the outcome, or the code of the rule that denied it."""
    start = Barrier(len(attempts))

    def one(attempt: Callable[[], DecisionAnswer]) -> str:
        start.wait()
        try:
            answer = attempt()
        except WarifuError as error:
            return error.code
        refused = answer.evidence.code if answer.evidence else None
        return refused or answer.outcome

    with ThreadPoolExecutor(len(attempts)) as pool:
        return Counter(pool.map(one, attempts))


def test_one_challenge_submitted_64_times_at_once_is_answered_once(
    bank: Bank, clock: Hands
) -> None:
    challenge = bank.challenge()
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    ended = all_at_once(*[lambda: bank.decide(challenge, evidence)] * AT_ONCE)
    assert ended == {"serve": 1, UNUSED.code: AT_ONCE - 1}
    for table in ("decisions", "evidence", "evidence_bytes", "appraisals", "devices"):
        assert bank.count(table) == 1, table


def test_one_challenge_answered_by_64_different_phones_at_once_is_answered_once(
    bank: Bank, clock: Hands
) -> None:
    challenge = bank.challenge()
    answers = [Android().evidence(the_bytes(challenge), clock.now) for _ in range(AT_ONCE)]
    ended = all_at_once(*(partial(bank.decide, challenge, each) for each in answers))
    assert ended == {"serve": 1, UNUSED.code: AT_ONCE - 1}
    assert bank.count("decisions") == 1


def test_copies_of_a_key_that_sign_64_challenges_with_one_counter_are_served_once(
    bank: Bank, iphone: IPhone
) -> None:
    bank.register(iphone)
    pairs = []
    for _ in range(AT_ONCE):
        challenge = bank.challenge()
        iphone.device.counter = 0
        pairs.append((challenge, iphone.assertion(the_bytes(challenge))))
    ended = all_at_once(*(partial(bank.decide, *pair) for pair in pairs))
    assert ended.pop("serve") == 1
    # Whoever came after the commit was refused by the counter that then stood there.
    assert set(ended) <= {COUNTER_MOVED.code, app_attest_assertion.COUNTER.code}
    assert sum(ended.values()) == AT_ONCE - 1


def test_one_assertion_submitted_64_times_at_once_is_served_once(
    bank: Bank, iphone: IPhone
) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    evidence = iphone.assertion(the_bytes(challenge))
    ended = all_at_once(*[lambda: bank.decide(challenge, evidence)] * AT_ONCE)
    assert ended == {"serve": 1, UNUSED.code: AT_ONCE - 1}
    assert bank.count("decisions") == 1


def test_one_appraisal_used_64_times_at_once_is_used_once(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    made = bank.submit(challenge, Android().evidence(the_bytes(challenge), clock.now))
    ended = all_at_once(*[lambda: bank.decide(appraisal=made.appraisal.id)] * AT_ONCE)
    assert ended == {"serve": 1, USED.code: AT_ONCE - 1}
    assert bank.count("decisions") == 1


def test_a_device_that_is_new_to_many_requests_at_once_has_one_key(
    bank: Bank, clock: Hands
) -> None:
    about: dict[str, Any] = {"operation": LOGIN, "device": "hanako-1"}
    pairs = []
    for _ in range(8):
        challenge = bank.challenge(**about)
        pairs.append((challenge, Android().evidence(the_bytes(challenge), clock.now)))
    ended = all_at_once(*(partial(bank.decide, *pair, **about) for pair in pairs))
    assert ended == {"serve": 8}
    assert bank.count("devices") == 1
    assert bank.count("evidence_bytes") == 8


def test_whoever_meets_a_new_device_again_and_again_is_told(clock: Hands) -> None:
    tried = []

    def meets() -> None:
        tried.append(clock.now)
        raise Denied(DEVICE_APPEARED)

    with denied(DEVICE_APPEARED):
        again_where_new(meets)
    assert len(tried) == ATTEMPTS
