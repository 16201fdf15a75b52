"""Writing receipts: what is signed, what may be left out, and what is never issued."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.authentication.proofs.world import AT, NG, OTHER_TRANSACTION, TEXT, Maker
from tests.authentication.receipt.world import (
    APPROVED,
    LEAF_SECRET,
    REFUSED,
    binding,
    confirmation_leaf,
    contents,
    endorsed_contents,
    inclusion,
    pending,
    publishing,
    receipt,
)
from tests.support import misuse, refused
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf
from warifu.authentication.receipt import rules
from warifu.authentication.receipt.parts import WITHHOLDABLE, Part, Proof
from warifu.authentication.receipt.receipt import (
    Contents,
    Receipt,
    include,
    read_receipt,
    withhold,
    write_receipt,
)
from warifu.authentication.receipt.view import view
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.secret import Secret

WHOLE = receipt(contents(), publishing())
NOT_A_CONFIRMATION = encode_leaf(
    make_leaf(
        LeafKind.LATE_ANSWER,
        at=AT,
        values=dict.fromkeys(("user", "transaction", "proof"), b""),
        secret=LEAF_SECRET,
    )
)


def test_a_receipt_is_pending_until_its_leaf_is_included() -> None:
    assert view(pending())["pending"] is True
    shown = view(WHOLE)
    assert shown["pending"] is False
    assert shown["inclusion"]["place"]["index"] == 3


def test_a_later_checkpoint_takes_an_earlier_one_s_place() -> None:
    later = inclusion(contents(), publishing(), publishing(b"other"))
    assert read_receipt(include(WHOLE, later)).inclusion == later


def test_a_receipt_is_shown_as_json() -> None:
    shown = json.loads(json.dumps(view(WHOLE)))
    assert shown["statement"]["verifier"] == "bank.example"
    assert shown["parts"]["transaction"]["text"] == TEXT
    assert shown["parts"]["outcome"]["state"] == "approved"
    assert shown["parts"]["key"]["kind"] == "trusted-ui"
    assert shown["parts"]["leaf"]["kind"] == "confirmation"
    assert shown["withheld"] == []


def test_what_is_withheld_is_named_and_gone() -> None:
    whole = receipt(endorsed_contents())
    bare = withhold(whole)
    assert set(view(bare)["withheld"]) == {part.name.lower() for part in WITHHOLDABLE}
    for secret in (b"customer-1", b"device-1", b"TANAKA", b"1234567", b"Kaede Mobile"):
        assert secret in whole
        assert secret not in bare


def test_two_receipts_of_one_person_cannot_be_joined_when_withheld() -> None:
    other = contents(structs.replace(APPROVED, at=AT + timedelta(seconds=1)))
    secret = Secret(bytes(range(32)))
    bare = [withhold(data) for data in (pending(), pending(other, secret=secret))]
    digests = [set(view(each)["statement"]["parts"].values()) for each in bare]
    assert not digests[0] & digests[1]


def test_the_place_of_an_enrolment_goes_with_the_binding() -> None:
    kept = read_receipt(withhold(WHOLE, [Part.PROOF])).inclusion
    gone = read_receipt(withhold(WHOLE, [Part.BINDING])).inclusion
    assert kept is not None
    assert gone is not None
    assert kept.binding is not None
    assert gone.binding is None


@pytest.mark.parametrize("part", [Part.OUTCOME, Part.LEAF])
def test_outcome_and_leaf_are_not_withheld(part: Part) -> None:
    with misuse(rules.WITHHOLDABLE):
        withhold(WHOLE, [part])


@pytest.mark.parametrize(
    "wrong",
    [
        structs.replace(contents(), transaction=OTHER_TRANSACTION),
        structs.replace(contents(), outcome=REFUSED),
        structs.replace(
            contents(), proof=Proof(kind=ProofKind.TRUSTED_UI, data=Maker(ProofKind.WEBAUTHN)(NG))
        ),
        structs.replace(contents(), binding=binding(user="customer-2")),
        structs.replace(contents(), leaf=NOT_A_CONFIRMATION),
        structs.replace(contents(), leaf=b"no leaf"),
        structs.replace(
            contents(), leaf=confirmation_leaf(contents(), secret=Secret(b"another" * 5))
        ),
    ],
)
def test_a_receipt_that_its_leaf_does_not_bear_out_is_not_issued(wrong: Contents) -> None:
    with misuse(rules.CONTENTS):
        pending(wrong)


def test_an_expired_transaction_has_a_receipt_too() -> None:
    outcome = structs.replace(APPROVED, state="expired", verdict=None, decision="none")
    bare: dict[str, Any] = {"proof": None, "key": None, "evidence": None, "binding": None}
    made = structs.replace(contents(), outcome=outcome, **bare)
    shown = view(pending(structs.replace(made, leaf=confirmation_leaf(made))))
    assert "verdict" not in shown["parts"]["outcome"]
    assert set(shown["parts"]) == {"outcome", "leaf", "transaction"}


def changed(number: int, value: Any) -> bytes:
    item = cbor.decode(WHOLE, max_bytes=1 << 18)
    item[number] = value
    return cbor.encode_deterministic(item)


def changed_inclusion(number: int, value: Any) -> bytes:
    item = cbor.decode(WHOLE, max_bytes=1 << 18)
    item[4][number] = value
    return cbor.encode_deterministic(item)


@pytest.mark.parametrize(
    "data",
    [
        cbor.encode_deterministic([]),
        WHOLE[:1] + WHOLE[1:].replace(b"\x01\x01", b"\x01\x02", 1),
        changed(3, {9: b"part"}),
        changed(3, {1: "part"}),
        changed(5, 0),
        changed_inclusion(2, 7),
        changed_inclusion(2, ["index", []]),
        changed_inclusion(2, [0, ["hash"]]),
        changed_inclusion(4, [[b"leaf"]]),
        changed_inclusion(4, [["leaf", [0, []]]]),
    ],
)
def test_a_file_with_other_members_is_refused(data: bytes) -> None:
    with refused(rules.FORM):
        read_receipt(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_receipt_or_an_error_of_the_tree(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        read_receipt(data)


@pytest.mark.parametrize(
    "part",
    [
        b"\x80",
        cbor.encode_deterministic([b"", {}, b"\xa1\x01\xf7"]),
        cbor.encode_deterministic([b"", {}, b"\xa1\x01\xe0"]),
    ],
)
def test_a_part_that_json_cannot_show_is_refused(part: bytes) -> None:
    made = read_receipt(WHOLE)
    with refused(rules.FORM):
        view(write_receipt(Receipt(signed=made.signed, parts={1: part})))


def test_a_part_that_is_no_map_is_shown_as_it_is() -> None:
    made = read_receipt(WHOLE)
    part = cbor.encode_deterministic([b"", {}, b"\x01"])
    shown = view(write_receipt(Receipt(signed=made.signed, parts={1: part})))
    assert shown["parts"] == {"outcome": 1}
