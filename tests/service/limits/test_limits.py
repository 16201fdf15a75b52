"""How often: for each caller, for each address that fails, and when counting itself fails."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.service.callers.calling import (
    OTHER_TENANT,
    PROXY,
    REQUEST,
    TENANT,
    Bench,
    denied,
    key_of,
    sending,
)
from tests.support import no_statement
from warifu.service.caller import Caller
from warifu.service.callers.rules import UNAUTHENTICATED
from warifu.service.conduct.registrations import registering
from warifu.service.limits import counts, rules
from warifu.service.limits.limits import Limits, TooMany, neighbourhood
from warifu.service.settings import LimitSettings, ProxySettings, Settings
from warifu.service.store.database import Database

FEW = LimitSettings(requests_per_minute=3, failed_logins_per_minute=2)
CALLER = Caller(tenant=TENANT, id="i", name="backend", scopes=frozenset())


@pytest.fixture
def strict(database: Database) -> Bench:
    """A service that lets few requests in."""
    proxy = ProxySettings(trusted=("10.0.0.0/8",))
    return Bench(database, Settings(limits=FEW, proxy=proxy))


class Watch:
    """A monotonic clock whose hands a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def test_a_caller_that_asks_too_often_is_told_when_to_come_back(strict: Bench) -> None:
    key = key_of(strict.register())
    for _ in range(3):
        strict.with_key(key)
    with pytest.raises(TooMany) as caught:
        strict.with_key(key)
    assert caught.value.code == rules.TOO_MANY.code
    assert 1 <= caught.value.seconds <= 60


def test_one_caller_does_not_use_up_what_another_has(strict: Bench) -> None:
    first, second = strict.register("one"), strict.register("one", tenant=OTHER_TENANT)
    for _ in range(3):
        strict.with_key(key_of(first))
    assert strict.with_key(key_of(second)).tenant == OTHER_TENANT


def test_a_second_key_does_not_double_what_a_caller_may_ask(strict: Bench) -> None:
    first = strict.register("one")
    second = registering.rotate_caller(
        strict.operator, tenant=TENANT, caller=first.caller.id, overlap=timedelta(days=7)
    )
    for each in (first, second, first):
        strict.with_key(key_of(each))
    with denied(rules.TOO_MANY):
        strict.with_key(key_of(second))


def test_an_address_that_keeps_guessing_is_shut_out(strict: Bench) -> None:
    key = key_of(strict.register())
    for _ in range(2):
        with denied(UNAUTHENTICATED):
            strict.with_key("warifu_x")
    with denied(rules.TOO_MANY):
        strict.with_key("warifu_x")
    with denied(rules.TOO_MANY):
        strict.with_key(key)
    elsewhere = sending(REQUEST, ("Authorization", f"Bearer {key}"), peer="198.51.100.4")
    assert strict.call(elsewhere).tenant == TENANT


def test_guessing_through_the_proxy_shuts_out_the_guesser_only(strict: Bench) -> None:
    key = ("Authorization", f"Bearer {key_of(strict.register())}")
    for _ in range(2):
        with denied(UNAUTHENTICATED):
            strict.call(sending(REQUEST, ("X-Forwarded-For", "203.0.113.9"), peer=PROXY))
    with denied(rules.TOO_MANY):
        strict.call(sending(REQUEST, key, ("X-Forwarded-For", "203.0.113.9"), peer=PROXY))
    strict.call(sending(REQUEST, key, ("X-Forwarded-For", "203.0.113.10"), peer=PROXY))


def test_a_proxy_that_does_not_tell_addresses_is_not_shut_out_itself(strict: Bench) -> None:
    for _ in range(5):
        with denied(UNAUTHENTICATED):
            strict.call(sending(REQUEST, peer=PROXY))


def test_a_guesser_does_not_escape_by_writing_addresses(strict: Bench) -> None:
    for number in range(2):
        with denied(UNAUTHENTICATED):
            strict.call(sending(REQUEST, ("X-Forwarded-For", f"1.1.1.{number}")))
    with denied(rules.TOO_MANY):
        strict.call(sending(REQUEST, ("X-Forwarded-For", "1.1.1.9")))


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff:1"), ("::ffff:192.0.2.7", "192.0.2.7")],
)
def test_addresses_of_one_customer_count_together(one: str, other: str) -> None:
    assert neighbourhood(one) == neighbourhood(other)


def test_neighbours_count_apart() -> None:
    assert neighbourhood("2001:db8:0:1::1") != neighbourhood("2001:db8:0:2::1")
    assert neighbourhood("192.0.2.7") != neighbourhood("192.0.2.8")


def test_after_a_minute_a_caller_may_ask_again(watch: Watch) -> None:
    limits = Limits()
    for _ in range(3):
        limits.take_request(FEW, CALLER)
    watch.now += 59
    with denied(rules.TOO_MANY):
        limits.take_request(FEW, CALLER)
    watch.now += 1
    limits.take_request(FEW, CALLER)


def test_what_is_said_of_the_time_to_wait_is_true(watch: Watch) -> None:
    limits = Limits()
    watch.now += 5
    for _ in range(3):
        limits.take_request(FEW, CALLER)
    watch.now += 50
    with pytest.raises(TooMany) as caught:
        limits.take_request(FEW, CALLER)
    assert caught.value.seconds == 10


def test_a_clock_that_is_set_lifts_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()
    for _ in range(3):
        limits.take_request(FEW, CALLER)
    for jump in (-1e9, 1e9):
        now = time.time()
        monkeypatch.setattr(time, "time", lambda at=now + jump: at)
        with denied(rules.TOO_MANY):
            limits.take_request(FEW, CALLER)


def test_many_threads_are_counted_one_by_one() -> None:
    limits = Limits()
    settings = LimitSettings(requests_per_minute=500)

    def ask(_: int) -> bool:
        try:
            limits.take_request(settings, CALLER)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(2000))) == 500


def test_a_flood_of_addresses_does_not_fill_the_memory(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MAX_KEYS", 10)
    kept = counts.ProcessCounts()
    for number in range(100):
        kept.incr(f"key {number}", 60)
    assert kept.reset() <= 10
    kept.incr("old", 60)
    watch.now += 60
    kept.incr("new", 60)
    assert kept.reset() == 1


def test_a_flood_of_failures_forgets_no_callers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MAX_KEYS", 10)
    limits = Limits()
    for _ in range(3):
        limits.take_request(FEW, CALLER)
    for number in range(100):
        limits.count_failure(FEW, f"203.0.113.{number}")
    with denied(rules.TOO_MANY):
        limits.take_request(FEW, CALLER)


@pytest.mark.parametrize("storage", ["redis://127.0.0.1:1", "nonsense://", "async+memory://", ""])
def test_where_nothing_can_be_counted_nothing_is_served(database: Database, storage: str) -> None:
    bench = Bench(database, Settings(limits=LimitSettings(storage=storage)))
    key = key_of(bench.register())
    with no_statement(rules.COUNTED):
        bench.with_key(key)
    assert rules.STATUS[rules.COUNTED.code] == 503


def test_where_counting_breaks_later_nothing_is_served(
    strict: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(strict.register())
    strict.with_key(key)

    def broken(*_: object) -> bool:
        raise ConnectionError

    monkeypatch.setattr(counts.Counter, "hit", broken)
    with no_statement(rules.COUNTED):
        strict.with_key(key)
    with no_statement(rules.COUNTED):
        strict.with_key("warifu_x")


def test_the_error_crosses_to_another_process_whole() -> None:
    error = pickle.loads(pickle.dumps(TooMany(rules.TOO_MANY, "x", 7)))  # noqa: S301 - our own
    assert isinstance(error, TooMany)
    assert (error.code, error.detail, error.seconds) == (rules.TOO_MANY.code, "x", 7)
