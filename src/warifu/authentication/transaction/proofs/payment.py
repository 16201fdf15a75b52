"""The signed member `payment` of Secure Payment Confirmation: read, then compared whole.

A member that is not known here was shown or stated by the browser and cannot be compared: it is
refused rather than passed over.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from warifu.authentication.transaction import currency
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.value import Kind
from warifu.base.codec import json
from warifu.base.errors import BadEvidence, MalformedEvidence

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.expectations import (
        Instrument,
        Logo,
        PaymentExpectations,
    )
    from warifu.authentication.transaction.value import Amount, Payee, Transaction

MAX_LOGOS = 16


class Total(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PaymentCurrencyAmount."""

    value: str
    currency: str


class ShownInstrument(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """PaymentCredentialInstrument, as it was displayed."""

    display_name: str
    icon: str
    icon_must_be_shown: bool | msgspec.UnsetType = msgspec.UNSET
    details: str | None = None


class ShownLogo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PaymentEntityLogo, as it was displayed; without a URL where the picture was not."""

    url: str
    label: str


class Payment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """CollectedClientAdditionalPaymentData."""

    rp_id: str
    rp: str | None = None
    """What `rp_id` was called first; some browsers write both."""
    top_origin: str
    payee_name: str | None = None
    payee_origin: str | None = None
    payment_entities_logos: tuple[ShownLogo, ...] = ()
    total: Total
    instrument: ShownInstrument
    browser_bound_key: str | None = msgspec.field(name="browserBoundPublicKey", default=None)
    """COSE_Key in base64url."""


def read_payment(client_data: bytes) -> Payment:
    """Read the payment out of client data.

    Raises:
        MalformedEvidence: ``secure-payment/form`` or a rule of JSON.
    """
    member: Any = json.decode_object(client_data).get("payment")
    try:
        payment = msgspec.convert(member, Payment)
    except msgspec.ValidationError as error:
        raise MalformedEvidence(rules.PAYMENT_FORM, str(error)) from error
    if len(payment.payment_entities_logos) > MAX_LOGOS:
        raise MalformedEvidence(rules.PAYMENT_FORM, "too many logos")
    return payment


def check_payment(
    payment: Payment, transaction: Transaction, rp_id: str, expected: PaymentExpectations
) -> None:
    """Compare everything that the browser displayed and signed.

    Raises:
        BadEvidence: ``secure-payment/*``: the first member that differs.
    """
    amount, payee = transaction.amount, transaction.payee
    # A sheet that says "pay" stands for nothing but a payment, whatever else has an amount.
    if transaction.kind is not Kind.TRANSFER or amount is None or payee is None:
        raise BadEvidence(rules.PAYMENT_TRANSACTION, transaction.kind.value)
    # "Verifying an Authentication Assertion", the steps after the one on the origin, in order.
    if payment.rp_id != rp_id or payment.rp not in {None, rp_id}:
        raise BadEvidence(rules.PAYMENT_RP_ID, f"{payment.rp_id:.200}")
    if payment.top_origin != expected.top_origin:
        raise BadEvidence(rules.PAYMENT_TOP_ORIGIN, f"{payment.top_origin:.200}")
    _check_payee(payment, payee, expected)
    _check_total(payment.total, amount)
    _check_instrument(payment.instrument, expected.instrument)
    _check_logos(payment.payment_entities_logos, expected.logos)


def _check_payee(payment: Payment, payee: Payee, expected: PaymentExpectations) -> None:
    if payment.payee_name != payee.name:
        raise BadEvidence(rules.PAYMENT_PAYEE, "name")
    if payment.payee_origin != expected.payee_origin:
        raise BadEvidence(rules.PAYMENT_PAYEE, "origin")


def _check_total(total: Total, amount: Amount) -> None:
    """As exact decimals: ``1000`` and ``1000.00`` are one amount, ``1e3`` is none."""
    if total.currency != amount.currency:
        raise BadEvidence(rules.PAYMENT_TOTAL, f"{total.currency:.10}")
    if _DECIMAL.fullmatch(total.value) is None:
        raise BadEvidence(rules.PAYMENT_TOTAL, f"no plain decimal: {total.value:.40}")
    if Decimal(total.value) != Decimal(currency.decimal(amount)):
        raise BadEvidence(rules.PAYMENT_TOTAL, total.value)


def _check_instrument(shown: ShownInstrument, asked: Instrument) -> None:
    if (shown.display_name, shown.details) != (asked.display_name, asked.details):
        raise BadEvidence(rules.PAYMENT_INSTRUMENT, f"{shown.display_name:.200}")
    # Browsers repeat the wish for an icon, or leave it out.
    if shown.icon_must_be_shown not in {msgspec.UNSET, asked.icon_must_be_shown}:
        raise BadEvidence(rules.PAYMENT_INSTRUMENT, "another wish for the icon")
    could_not_fetch = not shown.icon and not asked.icon_must_be_shown
    if shown.icon != asked.icon and not could_not_fetch:
        raise BadEvidence(rules.PAYMENT_INSTRUMENT, f"icon {shown.icon:.200}")


def _check_logos(shown: tuple[ShownLogo, ...], asked: tuple[Logo, ...]) -> None:
    """An ordered part of what was asked: a browser leaves out what it could not fetch."""
    left = iter(asked)
    for logo in shown:
        if not any(logo.label == wanted.label and logo.url in {"", wanted.url} for wanted in left):
            raise BadEvidence(rules.PAYMENT_LOGOS, f"{logo.label:.200}")


_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,4})?")
