"""Vectors of transactions and of answers to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import cbor2
from msgspec import structs

from tools.vectors.keys import octets
from tools.vectors.vector import Vector
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
from warifu.handset.confirmation import CHANGED_MIND, DETAILS_WRONG, NG, NOT_ME, OK, answer_to

AT: Final = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
VERIFIER: Final = "confirm.bank.example"
USER: Final = "customer-7"
DEVICE: Final = "device-3"

_PAYEE = Payee(
    name="ニシムラ タロウ",
    name_check=NameCheck.MATCHES,
    bank="0001",
    bank_name="さくら銀行",
    branch="012",
    branch_name="本店営業部",
    account_type=AccountType.ORDINARY,
    account="0123456",
)
TRANSFER: Final = Transaction(
    verifier=VERIFIER,
    operation=bytes.fromhex("0193870f5e6b7c3a9f210c4d5e6f7081"),
    kind=Kind.TRANSFER,
    user=USER,
    device=DEVICE,
    amount=Amount(minor=1_234_567, currency="JPY"),
    payee=_PAYEE,
    purpose="12月分家賃",
    at=AT,
    expires_at=AT + timedelta(minutes=5),
    nonce=octets("nonce", 16),
    language=Language.JA,
)
ABROAD: Final = structs.replace(
    TRANSFER,
    amount=Amount(minor=123_450, currency="USD"),
    payee=Payee(
        name="TANAKA TARO",
        name_check=NameCheck.NOT_POSSIBLE,
        bank="EXMPGB2L",
        account="GB82WEST12345698765432",
    ),
    purpose="Rent of December",
    language=Language.EN,
)
LINK: Final = structs.replace(TRANSFER, kind=Kind.LINK_ACCOUNT, purpose=None)
RAISE: Final = structs.replace(TRANSFER, kind=Kind.RAISE_LIMIT, payee=None, purpose=None)
REGISTER: Final = structs.replace(TRANSFER, kind=Kind.REGISTER_PAYEE, amount=None, purpose=None)
DOCUMENT: Final = structs.replace(
    TRANSFER,
    kind=Kind.SIGN_DOCUMENT,
    amount=None,
    payee=None,
    purpose=None,
    document=Document(
        sha256=octets("contract"),
        title="住宅ローン契約書",
        pages=(octets("page 1"), octets("page 2")),
    ),
)
TRANSFER_BYTES: Final = encode(TRANSFER)
ABROAD_BYTES: Final = encode(ABROAD)
CHEAPER: Final = structs.replace(ABROAD, amount=Amount(minor=100, currency="USD"))
LINK_ABROAD: Final = structs.replace(ABROAD, kind=Kind.LINK_ACCOUNT)

_FORM, _FIELDS, _TIMES = "transaction/form", "transaction/fields", "transaction/times"
_AMOUNT, _ACCOUNT, _TEXT = "transaction/amount", "transaction/account", "transaction/text"
_CHARACTERS, _TYPE = "transaction/characters", "cbor/expected-type"
_WELL_FORMED = "cbor/well-formed"

_NAME, _ACCOUNT_KEY = 1, 8
_CHANGED: tuple[tuple[str, str, dict[int, Any]], ...] = (
    ("later-version", "transaction/version", {1: 2}),
    ("unknown-rendering", "transaction/version", {22: 2}),
    ("text-swapped", _TEXT, {23: "【お振込みの確認】\nお振込金額\n  1円"}),
    ("text-of-another-amount", _TEXT, {11: [1_234_568, "JPY"]}),
    ("text-of-another-payee", _TEXT, {12: {_NAME: "ニシムラ ジロウ"}}),
    ("text-is-bytes", _TYPE, {23: b"text"}),
    ("verifier-with-space", "transaction/identifier", {2: "confirm bank"}),
    ("user-is-empty", "transaction/identifier", {5: ""}),
    ("operation-too-short", "transaction/identifier", {3: bytes(15)}),
    ("nonce-too-long", "transaction/identifier", {9: bytes(17)}),
    ("kind-unknown", _FORM, {4: 6}),
    ("language-unknown", _FORM, {10: 3}),
    ("kind-without-its-fields", _FIELDS, {4: 5}),
    ("transfer-without-payee", _FIELDS, {12: None}),
    ("transfer-with-document", _FIELDS, {14: [bytes(32), "契約書", [bytes(32)]]}),
    ("expires-before-asked", _TIMES, {8: int(AT.timestamp()) - 1}),
    ("expires-after-two-days", _TIMES, {8: int(AT.timestamp()) + 172_800}),
    ("asked-in-1970", _TIMES, {7: 0}),
    ("asked-beyond-all-dates", _TIMES, {7: 1 << 62}),
    ("amount-is-zero", _AMOUNT, {11: [0, "JPY"]}),
    ("amount-is-negative", _AMOUNT, {11: [-1, "JPY"]}),
    ("amount-is-a-float", _AMOUNT, {11: [1234567.0, "JPY"]}),
    ("amount-is-true", _AMOUNT, {11: [True, "JPY"]}),
    ("amount-beyond-2-53", _AMOUNT, {11: [1 << 53, "JPY"]}),
    ("amount-without-currency", _FORM, {11: [1_234_567]}),
    ("currency-unknown", "transaction/currency", {11: [1_234_567, "XXX"]}),
    ("payee-right-to-left-override", _CHARACTERS, {12: {_NAME: "ニシムラ\u202e ウロタ"}}),
    ("payee-zero-width-space", _CHARACTERS, {12: {_NAME: "ニシムラ\u200b タロウ"}}),
    ("payee-line-feed", _CHARACTERS, {12: {_NAME: "ニシムラ\nタロウ"}}),
    ("payee-heading-bracket", _CHARACTERS, {12: {_NAME: "【確認済】ニシムラ"}}),
    ("payee-half-width", "transaction/normalised", {12: {_NAME: "ﾆｼﾑﾗ ﾀﾛｳ"}}),
    ("payee-cyrillic-letter", "transaction/payee-script", {12: {_NAME: "TАNAKA TARO"}}),
    ("payee-two-spaces", "transaction/spaces", {12: {_NAME: "ニシムラ  タロウ"}}),
    ("payee-too-long", "transaction/length", {12: {_NAME: "ア" * 141}}),
    ("account-of-six-digits", _ACCOUNT, {12: {_ACCOUNT_KEY: "012345"}}),
    ("bank-neither-code-nor-bic", _ACCOUNT, {12: {3: "12345"}}),
    ("purpose-mixes-scripts", "transaction/scripts", {13: "pаypal"}),
    ("unknown-key", _FORM, {20: 1}),
)
"""Name, verdict, and the members that are changed; None takes one out."""


def vectors() -> list[Vector]:
    """All of both formats."""
    return [*_accepted(), *_changed(), *_encodings(), *_documents(), *_answers()]


def changed(transaction: bytes, members: dict[int, Any]) -> bytes:
    """A transaction with other members, written as honestly as possible; text as it was."""
    item = cbor2.loads(transaction)
    for key, value in members.items():
        item[key] = item[key] | value if isinstance(value, dict) else value
    kept = {key: value for key, value in item.items() if value is not None}
    return cbor2.dumps(kept, canonical=True)


def _accepted() -> list[Vector]:
    named = {
        "transfer-ja": TRANSFER,
        "transfer-en": ABROAD,
        "transfer-name-differs": structs.replace(
            TRANSFER, payee=structs.replace(_PAYEE, name_check=NameCheck.DIFFERS)
        ),
        "transfer-largest-amount": structs.replace(
            TRANSFER, amount=Amount(minor=(1 << 53) - 1, currency="JPY"), purpose=None
        ),
        "transfer-three-decimals": structs.replace(
            ABROAD, amount=Amount(minor=1_234_567, currency="KWD")
        ),
        "transfer-en-cheaper": CHEAPER,
        "link-account": LINK,
        "link-account-en": LINK_ABROAD,
        "raise-limit": RAISE,
        "register-payee": REGISTER,
        "sign-document": DOCUMENT,
    }
    return [_vector(name, encode(value)) for name, value in named.items()]


def _vector(name: str, data: bytes) -> Vector:
    headers = {"sha256": sha256(data).digest()}
    return Vector(name=name, format="transaction", headers=headers, body=data)


def _changed() -> list[Vector]:
    return [
        Vector(name=name, format="transaction", expect=code, body=changed(TRANSFER_BYTES, members))
        for name, code, members in _CHANGED
    ]


def _encodings() -> list[Vector]:
    """One transaction written in other ways."""
    item = cbor2.loads(TRANSFER_BYTES)
    reversed_map = cbor2.dumps(dict(reversed(item.items())))
    long_head = TRANSFER_BYTES.replace(b"\x01\x01\x02", b"\x01\x18\x01\x02", 1)
    twice = bytes([TRANSFER_BYTES[0] + 1]) + TRANSFER_BYTES[1:3] + TRANSFER_BYTES[1:]
    indefinite = b"\xbf" + TRANSFER_BYTES[1:] + b"\xff"
    cases = (
        ("wrong-order-map", _FORM, reversed_map),
        ("number-longer-than-necessary", _FORM, long_head),
        ("key-twice", _WELL_FORMED, twice),
        ("indefinite-map", _WELL_FORMED, indefinite),
        ("tagged", _WELL_FORMED, b"\xd9\xd9\xf7" + TRANSFER_BYTES),
        ("bytes-behind", _WELL_FORMED, TRANSFER_BYTES + b"\x00"),
        ("cut-short", _WELL_FORMED, TRANSFER_BYTES[:-1]),
        ("empty", _WELL_FORMED, b""),
        ("an-array", _TYPE, cbor2.dumps(list(item.values()))),
        ("verifier-missing", _TYPE, changed(TRANSFER_BYTES, {2: None})),
    )
    return [
        Vector(name=name, format="transaction", expect=code, body=body)
        for name, code, body in cases
    ]


def _documents() -> list[Vector]:
    data, code = encode(DOCUMENT), "transaction/document"
    cases = (
        ("document-without-pages", code, [octets("contract"), "住宅ローン契約書", []]),
        ("document-page-digest-cut", code, [octets("contract"), "住宅ローン契約書", [bytes(31)]]),
        ("document-another-file", _TEXT, [octets("another"), "住宅ローン契約書", [bytes(32)]]),
    )
    return [
        Vector(name=name, format="transaction", expect=code, body=changed(data, {14: document}))
        for name, code, document in cases
    ]


def _answers() -> list[Vector]:
    digest = sha256(TRANSFER_BYTES).digest()
    verdicts: dict[str, tuple[int, int | None, str | None]] = {
        "ok": (OK, None, None),
        "ng-changed-mind": (NG, CHANGED_MIND, "changed-mind"),
        "ng-details-wrong": (NG, DETAILS_WRONG, "details-wrong"),
        "ng-not-me": (NG, NOT_ME, "not-me"),
    }
    accepted = [
        Vector(
            name=name,
            format="answer",
            headers={"digest": digest, "verdict": name.partition("-")[0], "reason": named},
            body=answer_to(TRANSFER_BYTES, verdict, reason),
        )
        for name, (verdict, reason, named) in verdicts.items()
    ]
    form = "answer/form"
    honest = {1: 1, 2: digest, 3: NG, 4: NOT_ME}
    refused: tuple[tuple[str, str, dict[Any, Any]], ...] = (
        ("ok-with-reason", form, {**honest, 3: OK}),
        ("ng-without-reason", form, {1: 1, 2: digest, 3: NG}),
        ("verdict-unknown", form, {**honest, 3: 3}),
        ("verdict-missing", _TYPE, {1: 1, 2: digest}),
        ("verdict-is-true", _TYPE, {1: 1, 2: digest, 3: True}),
        ("verdict-is-text", _TYPE, {1: 1, 2: digest, 3: "OK"}),
        ("reason-unknown", form, {**honest, 4: 4}),
        ("digest-too-short", form, {**honest, 2: digest[:31]}),
        ("later-version", form, {**honest, 1: 2}),
        ("more-members", form, {**honest, 5: 0}),
    )
    bad = [
        Vector(name=n, format="answer", expect=code, body=cbor2.dumps(item, canonical=True))
        for n, code, item in refused
    ]
    ok, ng = answer_to(TRANSFER_BYTES), answer_to(TRANSFER_BYTES, NG, NOT_ME)
    other = (
        ("ng-and-ok-in-one-map", _WELL_FORMED, b"\xa4" + ok[1:] + b"\x03\x02"),
        ("ng-then-ok", _WELL_FORMED, ng + ok),
        ("wrong-order-map", form, cbor2.dumps(dict(reversed(honest.items())))),
        ("verdict-longer-than-necessary", form, ok[:-1] + b"\x18\x01"),
    )
    return [
        *accepted,
        *bad,
        *(Vector(name=n, format="answer", expect=code, body=body) for n, code, body in other),
    ]
