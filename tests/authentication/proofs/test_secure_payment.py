"""Secure Payment Confirmation: every member that the browser signed is compared."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.authentication.proofs.world import (
    CREDENTIAL,
    EXPECTED,
    INSTRUMENT,
    OK,
    PAYMENT,
    SHOWN_PAYMENT,
    TRANSFER,
    bound_key,
    judge,
    payment,
    shown_payment,
    taken,
)
from tests.support import misuse, refused
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.encoding import encode
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.expectations import ProofExpectations
from warifu.authentication.transaction.value import Amount, Kind, Payee
from warifu.base.codec import text
from warifu.handset.authority import PrivateKey, new_key
from warifu.handset.confirmation import BrowserDraft, answer_to, payment_authentication
from warifu.handset.webauthn import CredentialKey, base64url

KIND = ProofKind.SECURE_PAYMENT
TOTAL, SHOWN = SHOWN_PAYMENT["total"], SHOWN_PAYMENT["instrument"]
BANK_LOGO, NETWORK_LOGO = SHOWN_PAYMENT["paymentEntitiesLogos"]
TWO = 2


def expecting(**changes: Any) -> ProofExpectations:
    return structs.replace(EXPECTED, payment=structs.replace(PAYMENT, **changes))


def test_payment_is_confirmed_as_shown_by_the_browser() -> None:
    found = judge(payment(OK), KIND)
    assert found.display == "browser"
    assert {rule.code for rule in rules.SECURE_PAYMENT} <= set(found.proved)
    assert rules.BROWSER_BOUND_KEY.code not in found.proved


def test_payment_without_expectations_is_the_callers_fault() -> None:
    with misuse(rules.PAYMENT_EXPECTED):
        judge(payment(OK), KIND, expected=structs.replace(EXPECTED, payment=None))


@pytest.mark.parametrize("value", ["1234.5", "1234.50", "1234.500", "1234.5000"])
def test_amount_is_compared_as_a_decimal(value: str) -> None:
    taken(payment(OK, total={**TOTAL, "value": value}), KIND)


@pytest.mark.parametrize(
    "value",
    [
        *("1234.51", "1234.49", "1234.5001", "1234", "12345.0", "-1234.50", "+1234.50"),
        *("1.2345e3", "12345E-1", "1e3", "1,234.50", "1234.", ".5", "01234.50", " 1234.50"),
        *("1234.50\n", "１２３４.５０", "0x4d2", "NaN", "Infinity", "", "1" * 40, "1234.50000"),
    ],
)
def test_amount_that_is_not_exactly_the_transactions_is_refused(value: str) -> None:
    with refused(rules.PAYMENT_TOTAL):
        judge(payment(OK, total={**TOTAL, "value": value}), KIND)


@pytest.mark.parametrize("currency", ["JPY", "usd", "USD ", ""])
def test_another_currency_is_refused(currency: str) -> None:
    with refused(rules.PAYMENT_TOTAL):
        judge(payment(OK, total={**TOTAL, "currency": currency}), KIND)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Amount(minor=1234567, currency="JPY"), "1234567"),
        (Amount(minor=1234567, currency="JPY"), "1234567.00"),
        (Amount(minor=1500, currency="KWD"), "1.5"),
        (Amount(minor=(1 << 53) - 1, currency="JPY"), "9007199254740991"),
    ],
)
def test_minor_units_are_those_of_the_currency(amount: Amount, shown: str) -> None:
    transaction = encode(structs.replace(TRANSFER, amount=amount))
    total = {"value": shown, "currency": amount.currency}
    proof = payment(answer_to(transaction), total=total)
    taken(proof, KIND, transaction=transaction)


def test_the_neighbour_of_an_amount_that_no_float_tells_apart_is_refused() -> None:
    transaction = encode(
        structs.replace(TRANSFER, amount=Amount(minor=(1 << 53) - 1, currency="JPY"))
    )
    total = {"value": "9007199254740991.0001", "currency": "JPY"}
    with refused(rules.PAYMENT_TOTAL):
        judge(payment(answer_to(transaction), total=total), KIND, transaction=transaction)


@pytest.mark.parametrize("name", ["TANAKA JIRO", "TАNAKA TARO", "TANAKA TARO ", "", None])
def test_another_payee_is_refused(name: str | None) -> None:
    with refused(rules.PAYMENT_PAYEE):
        judge(payment(OK, payeeName=name), KIND)


def test_payee_origin_that_was_not_asked_for_is_refused() -> None:
    with refused(rules.PAYMENT_PAYEE):
        judge(payment(OK, payeeOrigin="https://shop.example"), KIND)


def test_payee_origin_is_the_one_asked_for() -> None:
    expected = expecting(payee_origin="https://shop.example")
    taken(payment(OK, payeeOrigin="https://shop.example"), KIND, expected=expected)
    with refused(rules.PAYMENT_PAYEE):
        judge(payment(OK, payeeOrigin="https://shop.evil.example"), KIND, expected=expected)
    with refused(rules.PAYMENT_PAYEE):
        judge(payment(OK), KIND, expected=expected)


def test_payment_to_another_bank_is_refused() -> None:
    with refused(rules.PAYMENT_RP_ID):
        judge(payment(OK, rpId="other-bank.example"), KIND)


def test_older_name_of_the_bank_must_agree() -> None:
    taken(payment(OK, rp="bank.example"), KIND)
    with refused(rules.PAYMENT_RP_ID):
        judge(payment(OK, rp="other-bank.example"), KIND)


def test_payment_called_from_a_phishing_page_is_refused() -> None:
    with refused(rules.PAYMENT_TOP_ORIGIN):
        judge(payment(OK, topOrigin="https://bank.evil.example"), KIND)


def test_payment_signed_for_another_rp_is_refused() -> None:
    with refused(webauthn_rules.RP_ID):
        judge(framed(rp_id="other-bank.example"), KIND)


def test_payment_on_an_origin_that_is_not_the_banks_is_refused() -> None:
    with refused(webauthn_rules.ORIGIN):
        judge(framed(origin="https://bank.evil.example"), KIND)


def framed(*, client: dict[str, Any] | None = None, **fields: Any) -> bytes:
    ceremony = payment_authentication(shown_payment(), key=CREDENTIAL, **fields)
    ceremony.client.update(client or {})
    return BrowserDraft(answer=OK, authentication=ceremony).encode()


def test_payment_framed_by_the_expected_page_is_taken() -> None:
    client = {"crossOrigin": True, "topOrigin": PAYMENT.top_origin}
    taken(framed(client=client), KIND)


def test_payment_framed_by_a_stranger_is_refused() -> None:
    client = {"crossOrigin": True, "topOrigin": "https://evil.example"}
    with refused(webauthn_rules.TOP_ORIGIN):
        judge(framed(client=client), KIND)


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": "Savings ****568"},
        {"displayName": ""},
        {"icon": "https://evil.example/icon.png"},
        {"icon": ""},
        {"details": "never asked"},
        {"iconMustBeShown": False},
    ],
)
def test_another_instrument_is_refused(change: dict[str, Any]) -> None:
    with refused(rules.PAYMENT_INSTRUMENT):
        judge(payment(OK, instrument={**SHOWN, **change}), KIND)


@pytest.mark.parametrize("change", [{}, {"iconMustBeShown": True}])
def test_wish_for_the_icon_may_be_repeated(change: dict[str, Any]) -> None:
    taken(payment(OK, instrument={**SHOWN, **change}), KIND)


def test_icon_that_could_not_be_fetched_is_empty_where_it_need_not_be_shown() -> None:
    expected = expecting(instrument=structs.replace(INSTRUMENT, icon_must_be_shown=False))
    taken(payment(OK, instrument={**SHOWN, "icon": ""}), KIND, expected=expected)
    with refused(rules.PAYMENT_INSTRUMENT):
        other = {**SHOWN, "icon": "https://evil.example/icon.png"}
        judge(payment(OK, instrument=other), KIND, expected=expected)


def test_details_of_the_instrument_are_compared() -> None:
    expected = expecting(instrument=structs.replace(INSTRUMENT, details="Branch 001"))
    shown = {**SHOWN, "details": "Branch 001"}
    taken(payment(OK, instrument=shown), KIND, expected=expected)
    with refused(rules.PAYMENT_INSTRUMENT):
        judge(payment(OK), KIND, expected=expected)


@pytest.mark.parametrize(
    "logos",
    [
        None,
        [],
        [BANK_LOGO],
        [NETWORK_LOGO],
        [BANK_LOGO, {**NETWORK_LOGO, "url": ""}],
    ],
)
def test_logos_that_a_browser_could_not_fetch_may_be_left_out(logos: list[Any] | None) -> None:
    taken(payment(OK, paymentEntitiesLogos=logos), KIND)


@pytest.mark.parametrize(
    "logos",
    [
        [NETWORK_LOGO, BANK_LOGO],
        [BANK_LOGO, BANK_LOGO],
        [{**BANK_LOGO, "label": "Another Bank"}],
        [{**BANK_LOGO, "url": "https://evil.example/logo.png"}],
        [BANK_LOGO, NETWORK_LOGO, NETWORK_LOGO],
    ],
)
def test_logos_in_another_order_or_never_asked_for_are_refused(logos: list[Any]) -> None:
    with refused(rules.PAYMENT_LOGOS):
        judge(payment(OK, paymentEntitiesLogos=logos), KIND)


@pytest.mark.parametrize(
    "change",
    [
        {"total": None},
        {"instrument": None},
        {"rpId": None},
        {"topOrigin": None},
        {"total": {**TOTAL, "value": 1234.5}},
        {"total": {**TOTAL, "tip": "1.00"}},
        {"instrument": {**SHOWN, "colour": "red"}},
        {"paymentEntitiesLogos": [{**BANK_LOGO, "size": 1}]},
        {"paymentEntitiesLogos": [BANK_LOGO] * 17},
        {"fee": "1.00"},
        {"payeeName": ["TANAKA TARO"]},
    ],
)
def test_payment_of_another_form_or_with_unknown_members_is_refused(
    change: dict[str, Any],
) -> None:
    with refused(rules.PAYMENT_FORM):
        judge(payment(OK, **change), KIND)


@pytest.mark.parametrize("member", [None, [], "payment"])
def test_client_data_without_a_payment_is_refused(member: Any) -> None:
    ceremony = payment_authentication(member, key=CREDENTIAL)
    with refused(rules.PAYMENT_FORM):
        judge(BrowserDraft(answer=OK, authentication=ceremony).encode(), KIND)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Kind.RAISE_LIMIT, {"payee": None}),
        (Kind.REGISTER_PAYEE, {"amount": None}),
        (Kind.LINK_ACCOUNT, {}),
    ],
)
def test_what_is_no_transfer_is_not_approved_on_a_payment_sheet(
    kind: Kind, change: dict[str, Amount | Payee | None]
) -> None:
    transaction = encode(structs.replace(TRANSFER, kind=kind, **change))
    with refused(rules.PAYMENT_TRANSACTION):
        judge(payment(answer_to(transaction)), KIND, transaction=transaction)


def browser_key(key: PrivateKey) -> bytes:
    return CredentialKey(-7, key).public_key()


def test_browser_that_was_enrolled_is_proved() -> None:
    key = new_key()
    named = base64url(browser_key(key))
    proof = payment(OK, browser_key=key, browserBoundPublicKey=named)
    found = judge(proof, KIND, expected=expecting(browser_bound_key=browser_key(key)))
    assert rules.BROWSER_BOUND_KEY.code in found.proved


def test_browser_that_names_a_key_nobody_stored_is_taken_and_not_proved() -> None:
    key = new_key()
    proof = payment(OK, browser_key=key, browserBoundPublicKey=base64url(browser_key(key)))
    assert rules.BROWSER_BOUND_KEY.code not in judge(proof, KIND).proved


def test_synced_passkey_in_a_browser_that_was_never_enrolled_is_refused() -> None:
    expected = expecting(browser_bound_key=browser_key(new_key()))
    other = new_key()
    with refused(rules.BROWSER_BOUND_KEY):
        judge(payment(OK), KIND, expected=expected)
    with refused(rules.BROWSER_BOUND_KEY):
        named = base64url(browser_key(other))
        proof = payment(OK, browser_key=other, browserBoundPublicKey=named)
        judge(proof, KIND, expected=expected)


def test_browser_key_that_did_not_sign_is_refused() -> None:
    key = new_key()
    named = base64url(browser_key(key))
    with refused(rules.BROWSER_BOUND_KEY):
        judge(payment(OK, browser_key=new_key(), browserBoundPublicKey=named), KIND)
    with refused(rules.BROWSER_BOUND_KEY):
        judge(payment(OK, browserBoundPublicKey=named), KIND)


def test_signature_of_a_browser_that_names_no_key_is_refused() -> None:
    with refused(rules.BROWSER_BOUND_KEY):
        judge(payment(OK, browser_key=new_key()), KIND)


def test_browser_key_in_another_alphabet_is_refused() -> None:
    with refused(text.WELL_FORMED):
        judge(payment(OK, browser_key=new_key(), browserBoundPublicKey="+/"), KIND)


def test_payment_by_a_key_bound_for_payments_only_is_counted() -> None:
    bound = bound_key(KIND, counter=1)
    with refused(webauthn_rules.COUNTER):
        judge(payment(OK), KIND, bound=bound)
