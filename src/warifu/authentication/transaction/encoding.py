"""The bytes of a transaction, which contain the text as it is shown.

Deterministic CBOR, the text last, so that an applet with little memory hashes and displays it as
it comes in. The form in CDDL is docs/formats/transaction.md §2. There is one encoding of one
transaction: what `encode` would not have written is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any, TypeVar

from warifu.authentication.transaction import rendering, rules
from warifu.authentication.transaction.fields import EARLIEST, LATEST, check_fields
from warifu.authentication.transaction.rendering import RENDERERS, Shown
from warifu.authentication.transaction.value import (
    AccountType,
    Amount,
    Document,
    Kind,
    Language,
    NameCheck,
    Payee,
    Transaction,
)
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse

VERSION = 1
MAX_BYTES = 16 << 10
"""More than the longest document takes."""

_VERSION, _VERIFIER, _OPERATION, _KIND, _USER, _DEVICE = 1, 2, 3, 4, 5, 6
_AT, _EXPIRES, _NONCE, _LANGUAGE = 7, 8, 9, 10
_AMOUNT, _PAYEE, _PURPOSE, _DOCUMENT = 11, 12, 13, 14
_RENDERING, _TEXT = 22, 23
"""The two largest keys of one byte: later fields find a place before the text."""
_NAME, _NAME_CHECK, _BANK, _BANK_NAME, _BRANCH, _BRANCH_NAME, _TYPE, _ACCOUNT = range(1, 9)

_KINDS = {
    Kind.TRANSFER: 1,
    Kind.LINK_ACCOUNT: 2,
    Kind.RAISE_LIMIT: 3,
    Kind.REGISTER_PAYEE: 4,
    Kind.SIGN_DOCUMENT: 5,
}
_LANGUAGES = {Language.JA: 1, Language.EN: 2}
_NAME_CHECKS = {
    NameCheck.MATCHES: 1,
    NameCheck.CLOSE: 2,
    NameCheck.DIFFERS: 3,
    NameCheck.NOT_POSSIBLE: 4,
    NameCheck.NOT_MADE: 5,
}
_ACCOUNT_TYPES = {AccountType.ORDINARY: 1, AccountType.CURRENT: 2, AccountType.SAVINGS: 4}
"""As the Zengin formats number them."""

E = TypeVar("E", bound=Enum)
T = TypeVar("T")


def encode(transaction: Transaction) -> bytes:
    """Render and write a transaction.

    Raises:
        Misuse: A field breaks one of the rules of the room.
    """
    return encode_shown(transaction)[0]


def encode_shown(transaction: Transaction) -> tuple[bytes, Shown]:
    """As `encode`, with what is shown."""
    check_fields(transaction, Misuse)
    shown = RENDERERS[rendering.VERSION](transaction)
    return _write(transaction, rendering.VERSION, shown.text), shown


def decode(data: bytes) -> Transaction:
    """Read a transaction, and render it again.

    Raises:
        MalformedEvidence: ``cbor/...``, ``transaction/form``: not as `encode` writes it.
        BadEvidence: ``transaction/version``, a field breaks its rule, or ``transaction/text``.
    """
    return decode_shown(data)[0]


def decode_shown(data: bytes) -> tuple[Transaction, Shown]:
    """As `decode`, with what was shown."""
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(rules.FORM, f"more than {MAX_BYTES} bytes")
    item = cbor.decode_map(data)
    version = cbor.member(item, _VERSION, int)
    rendered_by = cbor.member(item, _RENDERING, int)
    if version != VERSION or rendered_by not in RENDERERS:
        raise BadEvidence(rules.VERSION, f"{version}, rendering {rendered_by}"[:80])
    transaction = check_fields(_read(item), BadEvidence)
    shown = RENDERERS[rendered_by](transaction)
    if cbor.member(item, _TEXT, str) != shown.text:
        raise BadEvidence(rules.TEXT)
    # Unknown keys, another order, longer forms of numbers: one transaction has one encoding.
    if _write(transaction, rendered_by, shown.text) != data:
        raise MalformedEvidence(rules.FORM, "not as it would be written")
    return transaction, shown


def digest(data: bytes) -> bytes:
    """SHA-256 of a transaction's bytes, which an answer names. The bytes are not looked at."""
    return sha256(data).digest()


def _write(transaction: Transaction, rendered_by: int, text: str) -> bytes:
    return cbor.encode_deterministic(
        _without_absent(
            {
                _VERSION: VERSION,
                _VERIFIER: transaction.verifier,
                _OPERATION: transaction.operation,
                _KIND: _KINDS[transaction.kind],
                _USER: transaction.user,
                _DEVICE: transaction.device,
                _AT: int(transaction.at.timestamp()),
                _EXPIRES: int(transaction.expires_at.timestamp()),
                _NONCE: transaction.nonce,
                _LANGUAGE: _LANGUAGES[transaction.language],
                _AMOUNT: _write_amount(transaction.amount),
                _PAYEE: _write_payee(transaction.payee),
                _PURPOSE: transaction.purpose,
                _DOCUMENT: _write_document(transaction.document),
                _RENDERING: rendered_by,
                _TEXT: text,
            }
        )
    )


def _write_amount(amount: Amount | None) -> list[Any] | None:
    return None if amount is None else [amount.minor, amount.currency]


def _write_payee(payee: Payee | None) -> dict[int, Any] | None:
    if payee is None:
        return None
    return _without_absent(
        {
            _NAME: payee.name,
            _NAME_CHECK: _NAME_CHECKS[payee.name_check],
            _BANK: payee.bank,
            _BANK_NAME: payee.bank_name,
            _BRANCH: payee.branch,
            _BRANCH_NAME: payee.branch_name,
            _TYPE: None if payee.account_type is None else _ACCOUNT_TYPES[payee.account_type],
            _ACCOUNT: payee.account,
        }
    )


def _write_document(document: Document | None) -> list[Any] | None:
    return None if document is None else [document.sha256, document.title, list(document.pages)]


def _without_absent(item: dict[int, Any]) -> dict[int, Any]:
    return {key: value for key, value in item.items() if value is not None}


def _read(item: Mapping[Any, Any]) -> Transaction:
    return Transaction(
        verifier=cbor.member(item, _VERIFIER, str),
        operation=cbor.member(item, _OPERATION, bytes),
        kind=_one_of(_KINDS, cbor.member(item, _KIND, int)),
        user=cbor.member(item, _USER, str),
        device=cbor.member(item, _DEVICE, str),
        at=_time(cbor.member(item, _AT, int)),
        expires_at=_time(cbor.member(item, _EXPIRES, int)),
        nonce=cbor.member(item, _NONCE, bytes),
        language=_one_of(_LANGUAGES, cbor.member(item, _LANGUAGE, int)),
        amount=_read_amount(item),
        payee=_read_payee(item),
        purpose=_optional(item, _PURPOSE, str),
        document=_read_document(item),
    )


def _read_amount(item: Mapping[Any, Any]) -> Amount | None:
    match _optional(item, _AMOUNT, list):
        case None:
            return None
        case [minor, str(currency)]:
            # What kind of number it is, the rules of the fields say.
            return Amount(minor=minor, currency=currency)
        case _:
            raise MalformedEvidence(rules.FORM, "amount")


def _read_payee(item: Mapping[Any, Any]) -> Payee | None:
    payee = _optional(item, _PAYEE, dict)
    if payee is None:
        return None
    kind = _optional(payee, _TYPE, int)
    return Payee(
        name=cbor.member(payee, _NAME, str),
        name_check=_one_of(_NAME_CHECKS, cbor.member(payee, _NAME_CHECK, int)),
        bank=cbor.member(payee, _BANK, str),
        bank_name=_optional(payee, _BANK_NAME, str),
        branch=_optional(payee, _BRANCH, str),
        branch_name=_optional(payee, _BRANCH_NAME, str),
        account_type=None if kind is None else _one_of(_ACCOUNT_TYPES, kind),
        account=cbor.member(payee, _ACCOUNT, str),
    )


def _read_document(item: Mapping[Any, Any]) -> Document | None:
    match _optional(item, _DOCUMENT, list):
        case None:
            return None
        case [bytes(whole), str(title), list(pages)] if all(type(each) is bytes for each in pages):
            return Document(sha256=whole, title=title, pages=tuple(pages))
        case _:
            raise MalformedEvidence(rules.FORM, "document")


def _optional(item: Mapping[Any, Any], key: int, kind: type[T]) -> T | None:
    return cbor.member(item, key, kind) if key in item else None


def _one_of(numbers: Mapping[E, int], number: int) -> E:
    for member, known in numbers.items():
        if known == number:
            return member
    raise MalformedEvidence(rules.FORM, f"no such value: {number}"[:80])


def _time(seconds: int) -> datetime:
    """Within what the rules of the fields admit, or the nearest to it: a year 10^12 is no date."""
    earliest, latest = int(EARLIEST.timestamp()) - 1, int(LATEST.timestamp()) << 1
    return datetime.fromtimestamp(min(max(seconds, earliest), latest), UTC)
