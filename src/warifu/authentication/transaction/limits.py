"""Limits on money that leaves: which sums a transaction adds to, and how far each may go.

This is arithmetic. Whoever stores adds each reservation to its bucket under the condition that the
sum stays within the ceiling, in the commit of the outcome, so that transfers side by side never
exceed together what none exceeds alone.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from warifu.authentication.transaction import rules
from warifu.authentication.transaction.fields import IBAN
from warifu.authentication.transaction.value import Kind, Payee, Transaction
from warifu.base.codec import cbor
from warifu.base.errors import Denied

DAY_OFFSET_MINUTES = 9 * 60
"""Days begin at midnight in Japan."""

SPENDING = frozenset({Kind.TRANSFER})
"""Kinds whose amount leaves the account."""
WIDENING = frozenset({Kind.LINK_ACCOUNT, Kind.RAISE_LIMIT, Kind.REGISTER_PAYEE})
"""Kinds after which more can be done than before."""

_INSTITUTION = 8
"""Characters of a BIC before its branch."""


class Ceilings(Struct, frozen=True, kw_only=True):
    """How much may leave, in minor units."""

    per_operation: int
    per_day: int
    """By one person, to anybody."""
    per_payee: int
    """By one person, to one account, in a day."""


class Terms(Struct, frozen=True, kw_only=True):
    """What holds for one person in one currency."""

    currency: str
    ordinary: Ceilings
    cooling_off: Ceilings
    """While the device or the payee is new; the lower of the two counts."""
    device_cooling_off: timedelta
    payee_cooling_off: timedelta
    day_offset_minutes: int = DAY_OFFSET_MINUTES
    """East of UTC: when a day begins."""


class Scope(StrEnum):
    """What a bucket sums up."""

    DAY = "day"
    PAYEE = "payee"


class Reservation(Struct, frozen=True, kw_only=True):
    """An amount to be added to the sum of a bucket, if the sum then is at most the ceiling."""

    scope: Scope
    bucket: bytes
    """32 bytes, the same for all transactions that are summed up together. A pseudonym of the
    person and the payee: whoever knows both can make it."""
    day: str
    """YYYYMMDD. Buckets of days gone by may be deleted."""
    amount: int
    ceiling: int


def reservations(
    transaction: Transaction,
    terms: Terms,
    *,
    device_age: timedelta,
    payee_age: timedelta | None,
) -> tuple[Reservation, ...]:
    """What must be reserved for a transaction to be approved, in the order to do it.

    The day is that on which it was asked, so that a repeated attempt meets the same buckets.

    Args:
        transaction: The one that is approved.
        terms: Of the person, in the transaction's currency.
        device_age: Since the device was bound.
        payee_age: Since the person first registered or paid the payee; None for never.

    Raises:
        Denied: ``transaction/cooling-off``, ``transaction/limit-currency``,
            ``transaction/limit``.
    """
    is_new_device = device_age < terms.device_cooling_off
    if is_new_device and transaction.kind in WIDENING:
        raise Denied(rules.COOLING_OFF, transaction.kind)
    amount, payee = transaction.amount, transaction.payee
    if transaction.kind not in SPENDING or amount is None or payee is None:
        return ()
    if amount.currency != terms.currency:
        raise Denied(rules.LIMIT_CURRENCY, amount.currency)
    is_new_payee = payee_age is None or payee_age < terms.payee_cooling_off
    ceilings = _ceilings(terms, is_new=is_new_device or is_new_payee)
    if amount.minor > min(ceilings.per_operation, ceilings.per_day, ceilings.per_payee):
        raise Denied(rules.LIMIT, "more than one operation may move")
    day = day_of(transaction, terms)
    whose = [transaction.user, terms.currency, day]
    return (
        Reservation(
            scope=Scope.DAY,
            bucket=_bucket(Scope.DAY.value, *whose),
            day=day,
            amount=amount.minor,
            ceiling=ceilings.per_day,
        ),
        Reservation(
            scope=Scope.PAYEE,
            bucket=_bucket(Scope.PAYEE.value, *whose, *_account(payee)),
            day=day,
            amount=amount.minor,
            ceiling=ceilings.per_payee,
        ),
    )


def day_of(transaction: Transaction, terms: Terms) -> str:
    """The day that a transaction counts for, ``YYYYMMDD``."""
    zone = timezone(timedelta(minutes=terms.day_offset_minutes))
    return f"{transaction.at.astimezone(zone):%Y%m%d}"


def _ceilings(terms: Terms, *, is_new: bool) -> Ceilings:
    """A cooling-off ceiling that somebody set above the ordinary one does not widen it."""
    if not is_new:
        return terms.ordinary
    ordinary, cooling = terms.ordinary, terms.cooling_off
    return Ceilings(
        per_operation=min(ordinary.per_operation, cooling.per_operation),
        per_day=min(ordinary.per_day, cooling.per_day),
        per_payee=min(ordinary.per_payee, cooling.per_payee),
    )


def _account(payee: Payee) -> tuple[str, ...]:
    """What is the same for all spellings of one account; two accounts may share it.

    Names, kinds of account, leading zeros and branches of a BIC are left out, and everything but
    the number where that is an IBAN: whoever varies them must not find an empty bucket.
    """
    if IBAN.fullmatch(payee.account):
        return (payee.account,)
    return payee.bank[:_INSTITUTION], payee.branch or "", payee.account.lstrip("0")


def _bucket(*parts: str) -> bytes:
    return sha256(cbor.encode_deterministic(["warifu limit 1", *parts])).digest()
