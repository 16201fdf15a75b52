"""Transactions to change one thing in, and ways to write them wrongly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from warifu.authentication.transaction.encoding import encode
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

ASKED = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
PAYEE = Payee(
    name="ニシムラ タロウ",
    name_check=NameCheck.MATCHES,
    bank="0001",
    bank_name="さくら銀行",
    branch="012",
    branch_name="本店営業部",
    account_type=AccountType.ORDINARY,
    account="0123456",
)
ABROAD = Payee(
    name="Erika Mustermann",
    name_check=NameCheck.NOT_POSSIBLE,
    bank="COBADEFFXXX",
    account="DE89370400440532013000",
)
TRANSFER = Transaction(
    verifier="confirm.bank.example",
    operation=bytes(range(16)),
    kind=Kind.TRANSFER,
    user="customer-7",
    device="device-3",
    amount=Amount(minor=1_234_567, currency="JPY"),
    payee=PAYEE,
    purpose="11月分家賃",
    at=ASKED,
    expires_at=ASKED + timedelta(minutes=5),
    nonce=bytes(range(100, 116)),
    language=Language.JA,
)
DOCUMENT = Document(
    sha256=bytes(range(32)),
    title="住宅ローン契約書(2026年)",
    pages=(bytes(32), b"\x01" * 32, b"\x02" * 32),
)
SIGNATURE = msgspec.structs.replace(
    TRANSFER, kind=Kind.SIGN_DOCUMENT, amount=None, payee=None, purpose=None, document=DOCUMENT
)
ONE_OF_EACH: dict[Kind, Transaction] = {
    Kind.TRANSFER: TRANSFER,
    Kind.LINK_ACCOUNT: msgspec.structs.replace(TRANSFER, kind=Kind.LINK_ACCOUNT),
    Kind.RAISE_LIMIT: msgspec.structs.replace(TRANSFER, kind=Kind.RAISE_LIMIT, payee=None),
    Kind.REGISTER_PAYEE: msgspec.structs.replace(TRANSFER, kind=Kind.REGISTER_PAYEE, amount=None),
    Kind.SIGN_DOCUMENT: SIGNATURE,
}


def changed(transaction: Transaction = TRANSFER, **fields: Any) -> Transaction:
    """The transaction with some fields replaced."""
    return msgspec.structs.replace(transaction, **fields)


def paid_to(**fields: Any) -> Transaction:
    """The transfer with some fields of its payee replaced."""
    return changed(payee=msgspec.structs.replace(PAYEE, **fields))


def rewritten(change: dict[int, Any], transaction: Transaction = TRANSFER) -> bytes:
    """A transaction's bytes with members replaced, or left out where the new value is None."""
    item = cbor.decode_map(encode(transaction)) | change
    return cbor.encode_deterministic(
        {key: value for key, value in item.items() if value is not None}
    )
