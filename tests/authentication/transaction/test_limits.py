"""Limits: what is reserved, and what new devices and new payees may not do yet."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.authentication.ceremony.support import denied
from tests.authentication.transaction.cases import ABROAD, ONE_OF_EACH, TRANSFER, changed, paid_to
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.limits import (
    WIDENING,
    Ceilings,
    Reservation,
    Scope,
    Terms,
    reservations,
)
from warifu.authentication.transaction.value import AccountType, Amount, Kind, Payee, Transaction

LONG_AGO = timedelta(days=365)
HOURS = timedelta(hours=1)
TERMS = Terms(
    currency="JPY",
    ordinary=Ceilings(per_operation=2_000_000, per_day=3_000_000, per_payee=2_500_000),
    cooling_off=Ceilings(per_operation=100_000, per_day=200_000, per_payee=150_000),
    device_cooling_off=timedelta(days=1),
    payee_cooling_off=timedelta(days=3),
)


def reserve(
    transaction: Transaction = TRANSFER,
    terms: Terms = TERMS,
    *,
    device: timedelta = LONG_AGO,
    payee: timedelta | None = LONG_AGO,
) -> tuple[Reservation, ...]:
    return reservations(transaction, terms, device_age=device, payee_age=payee)


def of(minor: int, currency: str = "JPY") -> Transaction:
    return changed(amount=Amount(minor=minor, currency=currency))


def buckets(transaction: Transaction) -> list[bytes]:
    return [each.bucket for each in reserve(transaction)]


def test_a_transfer_is_reserved_for_its_day_and_its_payee() -> None:
    day, payee = reserve()
    assert (day.scope, day.day, day.amount, day.ceiling) == (
        Scope.DAY,
        "20261122",
        1_234_567,
        3_000_000,
    )
    assert (payee.scope, payee.day, payee.amount, payee.ceiling) == (
        Scope.PAYEE,
        "20261122",
        1_234_567,
        2_500_000,
    )
    assert len({day.bucket, payee.bucket}) == 2
    assert {len(day.bucket), len(payee.bucket)} == {32}


def test_days_begin_at_midnight_in_japan() -> None:
    before = datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC)
    days = [reserve(changed(at=at))[0] for at in (before, before + timedelta(seconds=1))]
    assert [day.day for day in days] == ["20261122", "20261123"]
    assert days[0].bucket != days[1].bucket
    utc = msgspec.structs.replace(TERMS, day_offset_minutes=0)
    assert reserve(changed(at=before + timedelta(seconds=1)), utc)[0].day == "20261122"


def test_another_person_has_other_buckets() -> None:
    assert not set(buckets(TRANSFER)) & set(buckets(changed(user="customer-8")))


@pytest.mark.parametrize(
    "spelling",
    [
        {"name": "A"},
        {"account_type": None},
        {"account_type": AccountType.CURRENT},
        {"bank_name": None},
    ],
    ids=repr,
)
def test_one_account_under_two_spellings_is_one_payee(spelling: dict[str, object]) -> None:
    assert buckets(paid_to(**spelling)) == buckets(TRANSFER)


@pytest.mark.parametrize("other", [{"account": "0123457"}, {"branch": "013"}, {"bank": "0005"}])
def test_another_account_is_another_payee(other: dict[str, object]) -> None:
    day, payee = buckets(paid_to(**other))
    assert day == buckets(TRANSFER)[0]
    assert payee != buckets(TRANSFER)[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"bank": "COBADEFFXXX"}, {"bank": "COBADEFF370"}),
        ({"bank": "CHASUS33", "account": "000123"}, {"bank": "CHASUS33XXX", "account": "123"}),
    ],
    ids=["branches of one IBAN", "leading zeros"],
)
def test_one_account_abroad_is_one_payee(one: dict[str, str], other: dict[str, str]) -> None:
    def bucket(fields: dict[str, str]) -> bytes:
        payee: Payee = msgspec.structs.replace(ABROAD, **fields)
        return buckets(changed(payee=payee))[1]

    assert bucket(one) == bucket(other)


@pytest.mark.parametrize(
    "ceilings",
    [
        Ceilings(per_operation=999, per_day=9_999, per_payee=9_999),
        Ceilings(per_operation=9_999, per_day=999, per_payee=9_999),
        Ceilings(per_operation=9_999, per_day=9_999, per_payee=999),
    ],
)
def test_more_than_any_ceiling_is_refused_at_once(ceilings: Ceilings) -> None:
    terms = msgspec.structs.replace(TERMS, ordinary=ceilings)
    assert reserve(of(999), terms)
    with denied(rules.LIMIT):
        reserve(of(1000), terms)


@pytest.mark.parametrize(
    ("device", "payee"),
    [(HOURS, LONG_AGO), (LONG_AGO, HOURS), (LONG_AGO, None), (-HOURS, LONG_AGO)],
    ids=["new device", "new payee", "payee never seen", "device of tomorrow"],
)
def test_what_is_new_moves_little(device: timedelta, payee: timedelta | None) -> None:
    day, to_payee = reserve(of(100_000), device=device, payee=payee)
    assert (day.ceiling, to_payee.ceiling) == (200_000, 150_000)
    with denied(rules.LIMIT):
        reserve(of(100_001), device=device, payee=payee)


def test_cooling_off_ends_when_its_time_is_over() -> None:
    assert reserve(device=TERMS.device_cooling_off, payee=TERMS.payee_cooling_off)


def test_a_cooling_off_ceiling_above_the_ordinary_one_does_not_widen_it() -> None:
    wide = Ceilings(per_operation=1 << 50, per_day=1 << 50, per_payee=1 << 50)
    terms = msgspec.structs.replace(TERMS, cooling_off=wide)
    assert [each.ceiling for each in reserve(terms=terms, payee=None)] == [3_000_000, 2_500_000]


@pytest.mark.parametrize("kind", sorted(WIDENING))
def test_a_new_device_may_not_widen_what_can_be_done(kind: Kind) -> None:
    with denied(rules.COOLING_OFF):
        reserve(ONE_OF_EACH[kind], device=HOURS)
    assert reserve(ONE_OF_EACH[kind]) == ()


def test_a_signature_moves_no_money() -> None:
    assert reserve(ONE_OF_EACH[Kind.SIGN_DOCUMENT], device=HOURS) == ()


def test_a_currency_without_limits_is_refused() -> None:
    with denied(rules.LIMIT_CURRENCY):
        reserve(of(1, "USD"))
