"""A bank that signs lies: what its own signature does not make true."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from msgspec import structs

from tests.authentication.proofs.world import (
    AT,
    NG,
    OTHER_TRANSACTION,
    Maker,
)
from tests.authentication.receipt.world import (
    APPROVED,
    LEAF_SECRET,
    REFUSED,
    SIGNER,
    check,
    contents,
    enrolment,
    inclusion,
    pending,
    receipt,
)
from tests.support import refused
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf
from warifu.authentication.receipt.parts import Part, outcome_bytes, part_bytes
from warifu.authentication.receipt.receipt import (
    Contents,
    include,
    read_receipt,
    withhold,
    write_receipt,
)
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.codec import cbor
from warifu.base.pki import sign1
from warifu.receipt_check import rules
from warifu.receipt_check.findings import Check

ALWAYS_OPEN = {Check.COUNTER, Check.DECISION}
WHOLE = receipt()
SAID = outcome_bytes(APPROVED)


def forged(**changes: Any) -> bytes:
    """Parts signed by the server whatever its own writer thinks of them: a bank that lies."""
    found = contents()
    parts = {number: cbor.decode(part) for number, part in _parts(found).items()}
    for name, value in changes.items():
        number = Part[name.upper()].value
        parts[number] = value(*parts[number])
    made = {number: part_bytes(*part) for number, part in parts.items()}
    recorded = structs.replace(found, leaf=parts[Part.LEAF.value][2])
    return include(_signed(found, made), inclusion(recorded))


def _parts(found: Contents) -> dict[int, bytes]:
    return dict(read_receipt(pending(found)).parts)


def _signed(found: Contents, parts: dict[int, bytes], **statement: Any) -> bytes:
    item = {
        1: 1,
        2: found.verifier,
        3: int(found.issued_at.timestamp()),
        4: found.log,
        5: {number: sha256(part).digest() for number, part in parts.items()},
    }
    signed = sign1.write_sign1(
        cbor.encode_deterministic(item | statement.get("statement", {})),
        algorithm=statement.get("by", SIGNER).algorithm,
        header={
            sign1.KEY_ID: statement.get("by", SIGNER).key_id.encode(),
            sign1.TYPE: statement.get("typ", "application/vnd.warifu.receipt+cose"),
        },
        sign=statement.get("by", SIGNER).sign,
    )
    return write_receipt(structs.replace(read_receipt(pending()), signed=signed, parts=parts))


def content(value: bytes) -> Any:
    """Another content for a part."""
    return lambda salt, openings, _: [salt, openings, value]


def test_another_kind_of_document_is_no_receipt() -> None:
    with refused(rules.FORM):
        check(_signed(contents(), _parts(contents()), typ="application/vnd.warifu.ear+cose"))


@pytest.mark.parametrize("statement", [{1: 2}, {6: 0}, {3: -1}, {3: 1 << 62}])
def test_a_statement_of_another_form_is_refused(statement: dict[int, Any]) -> None:
    with refused(rules.FORM):
        check(_signed(contents(), _parts(contents()), statement=statement))


def test_a_swapped_transaction_is_refused() -> None:
    swapped = dict(read_receipt(WHOLE).parts)
    swapped[3] = part_bytes(bytes(32), {}, OTHER_TRANSACTION)
    with refused(rules.PARTS):
        check(write_receipt(structs.replace(read_receipt(WHOLE), parts=swapped)))
    with refused(rules.TRANSACTION):
        check(forged(transaction=content(OTHER_TRANSACTION)))


def test_a_stripped_reason_of_a_refusal_is_refused() -> None:
    bare = outcome_bytes(structs.replace(REFUSED, reason=None))
    with refused(rules.ANSWER):
        check(forged(outcome=content(bare), proof=_refusal()))


def _refusal() -> Any:
    item = cbor.encode_deterministic({1: "trusted-ui", 2: Maker(ProofKind.TRUSTED_UI)(NG)})
    return content(item)


def test_a_refusal_said_to_be_an_approval_is_refused() -> None:
    with refused(rules.ANSWER):
        check(forged(proof=_refusal()))
    said = outcome_bytes(structs.replace(REFUSED, state="approved"))
    with refused(rules.ANSWER):
        check(forged(outcome=content(said)))


@pytest.mark.parametrize(("verdict", "reason"), [(7, None), (2, 9)])
def test_a_verdict_that_there_is_not_is_refused(verdict: int, reason: int | None) -> None:
    item = cbor.decode_map(outcome_bytes(REFUSED)) | {4: verdict, 5: reason or 1}
    with refused(rules.ANSWER):
        check(forged(outcome=content(cbor.encode_deterministic(item))))


def test_an_outcome_that_the_leaf_does_not_say_is_refused() -> None:
    said = outcome_bytes(structs.replace(APPROVED, decision="limit"))
    with refused(rules.OPENING):
        check(forged(outcome=content(said)))


def test_salts_that_open_nothing_are_refused() -> None:
    with refused(rules.OPENING):
        check(forged(outcome=lambda salt, _, value: [salt, {}, value]))
    with refused(rules.OPENING):
        short = {"outcome": b"salt"}
        check(forged(outcome=lambda salt, _, value: [salt, short, value]))


@pytest.mark.parametrize("part", [Part.OUTCOME, Part.LEAF])
def test_a_receipt_without_outcome_or_leaf_is_refused(part: Part) -> None:
    parts = _parts(contents())
    del parts[part.value]
    with refused(rules.PARTS):
        check(_signed(contents(), parts))


def test_a_part_that_the_server_did_not_sign_is_refused() -> None:
    made = read_receipt(withhold(WHOLE))
    unsigned = _signed(contents(), dict(made.parts))
    more = read_receipt(unsigned)
    stray = dict(more.parts) | {3: read_receipt(WHOLE).parts[3]}
    with refused(rules.PARTS):
        check(write_receipt(structs.replace(more, parts=stray)))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("outcome", cbor.encode_deterministic({1: 1})),
        ("outcome", cbor.encode_deterministic(cbor.decode_map(outcome_bytes(APPROVED)) | {7: [1]})),
        (
            "outcome",
            outcome_bytes(APPROVED)[:-5] + b"\x1b" + bytes(4) + outcome_bytes(APPROVED)[-4:],
        ),
        ("key", cbor.encode_deterministic([])),
    ],
)
def test_a_part_of_another_form_is_refused(part: str, value: bytes) -> None:
    with refused(rules.FORM):
        check(forged(**{part: content(value)}))


def test_a_part_that_is_not_salt_openings_and_content_is_refused() -> None:
    parts = _parts(contents()) | {3: cbor.encode_deterministic([1])}
    with refused(rules.FORM):
        check(_signed(contents(), parts))


@pytest.mark.parametrize(
    "leaf",
    [
        enrolment(),
        encode_leaf(
            make_leaf(
                LeafKind.CONFIRMATION,
                at=AT,
                values=dict.fromkeys(("user", "transaction", "outcome"), b""),
                secret=LEAF_SECRET,
            )
        ).replace(b"\x01\x01", b"\x01\x02", 1),
    ],
)
def test_a_leaf_of_another_kind_or_version_is_refused(leaf: bytes) -> None:
    with refused(rules.LEAF):
        check(forged(leaf=content(leaf)))
