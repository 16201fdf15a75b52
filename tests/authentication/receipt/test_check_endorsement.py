"""Receipts of answers by endorsed keys: from the evidence to the display, and every lie between."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from msgspec import structs

from tests.authentication.proofs.world import AT, CREDENTIAL, OK, PHONE, bound_key, envelope
from tests.authentication.receipt.world import (
    COMPONENT,
    DEVICE,
    ENDORSED_AT,
    KNOWN,
    PROVIDER,
    check,
    confirmation_leaf,
    contents,
    endorsed_contents,
    endorsement,
    endorsement_leaf,
    inclusion,
    pending,
    receipt,
    warrant,
)
from tests.support import misuse, refused
from warifu.authentication.receipt.parts import EndorsementCopy, Part
from warifu.authentication.receipt.receipt import include, withhold
from warifu.authentication.receipt.rules import CONTENTS
from warifu.authentication.receipt.view import view
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.errors import BadEvidence
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key, spki
from warifu.handset.confirmation import BrowserDraft
from warifu.handset.webauthn import USER_PRESENT, Authentication
from warifu.receipt_check import rules
from warifu.receipt_check.findings import Check, CheckedReceipt, Why

BELIEVED = structs.replace(KNOWN, provider_keys=frozenset({spki(PROVIDER)}))


def judged(copy: EndorsementCopy | None = None, **changed: Any) -> CheckedReceipt:
    """A receipt with this endorsement, checked by somebody who believes the provider."""
    return check(receipt(endorsed_contents(copy, **changed)), BELIEVED)


def why(found: CheckedReceipt, wanted: Check) -> Why | None:
    return next(each.why for each in found.findings if each.check is wanted)


def test_the_chain_is_checked_from_the_evidence_to_the_display() -> None:
    found = judged()
    assert found.whole
    assert all(
        found.was_checked(each)
        for each in (
            Check.EVIDENCE,
            Check.EVIDENCE_KEY,
            Check.ENDORSEMENT,
            Check.ENDORSEMENT_RECORDED,
            Check.WARRANT,
            Check.USER_SIGNATURE,
        )
    )
    assert (found.kind, found.display) == ("trusted-ui", "trusted-environment")
    assert found.warranted_by == "Kaede Mobile"
    assert found.key == sha256(DEVICE.public_key).digest()
    assert found.endorsed_key == sha256(spki(COMPONENT)).digest()


def test_whose_word_the_display_is_stands_open_without_a_providers_key() -> None:
    found = check(receipt(endorsed_contents()))
    assert found.whole
    assert why(found, Check.WARRANT) is Why.NO_PROVIDER_KEY
    assert found.warranted_by == "Kaede Mobile"


def test_a_receipt_without_endorsement_says_nothing_of_one() -> None:
    found = check(receipt(contents()), BELIEVED)
    checks = {each.check for each in found.findings}
    assert not checks & {Check.ENDORSEMENT, Check.ENDORSEMENT_RECORDED, Check.WARRANT}
    assert (found.endorsed_key, found.warranted_by) == (None, None)


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        (ProofKind.APP_ATTEST, AppAttestDevice(apple=PHONE.apple, key=PHONE.key)),
        (ProofKind.WEBAUTHN, Authentication(key=CREDENTIAL)),
    ],
    ids=["app-attest", "passkey"],
)
def test_bound_keys_of_other_kinds_endorse_too(kind: ProofKind, bound: Any) -> None:
    key = bound_key(kind)
    own = {"bound": bound, "warrant": warrant(device_key=key.public_key)}
    copy = endorsement(**own)
    values = {
        "public_key": copy.public_key,
        "endorsement": copy.endorsement,
        "warrant": copy.warrant,
    }
    leaf = endorsement_leaf(values, key=key.public_key)
    found = judged(structs.replace(copy, leaf=leaf), key=key, evidence=None)
    assert found.was_checked(Check.ENDORSEMENT)
    assert found.was_checked(Check.WARRANT)


def test_what_no_app_attest_key_signs_endorses_nothing() -> None:
    key = bound_key(ProofKind.APP_ATTEST)
    with refused(rules.ENDORSEMENT):
        judged(endorsement(endorsement=b"\x01"), key=key, evidence=None)


def test_a_passkeys_answer_to_something_else_endorses_nothing() -> None:
    key = bound_key(ProofKind.WEBAUTHN)
    other = BrowserDraft(answer=b"\x01", authentication=Authentication(key=CREDENTIAL))
    with refused(rules.ENDORSEMENT):
        judged(endorsement(endorsement=other.encode()), key=key, evidence=None)


def test_a_passkey_that_verified_nobody_endorsed_nothing() -> None:
    key = bound_key(ProofKind.WEBAUTHN)
    ceremony = Authentication(key=CREDENTIAL, flags=USER_PRESENT)
    with refused(rules.ENDORSEMENT):
        judged(endorsement(bound=ceremony), key=key, evidence=None)


@pytest.mark.parametrize(
    "changed",
    [
        {"bound": new_key()},
        {"verifier": "evil.example"},
        {"use": 1},
        {"expires_at": int(AT.timestamp())},
        {"possession": b"\xd2"},
        {"endorsement": b""},
    ],
    ids=["stranger", "verifier", "session", "ended", "no possession", "none"],
)
def test_an_endorsement_of_something_else_is_refused(changed: dict[str, Any]) -> None:
    with refused(rules.ENDORSEMENT):
        judged(endorsement(**changed))


def test_substitution_of_the_endorsed_key_is_refused() -> None:
    thief = new_key()
    other = endorsement(public_key=spki(thief), warrant=warrant(key=spki(thief)))
    with refused(rules.ENDORSEMENT):
        judged(other, proof=envelope(OK, key=thief).encode())


def test_an_answer_by_another_key_than_the_endorsed_one_is_refused() -> None:
    with refused(rules.PROOF):
        judged(proof=envelope(OK, key=new_key()).encode())
    with refused(rules.PROOF):
        judged(proof=envelope(OK).encode())


@pytest.mark.parametrize(
    "changed",
    [
        {"device_key": spki(new_key())},
        {"key": spki(new_key())},
        {"provider": new_key()},
        {"valid_until": int(AT.timestamp())},
        {"valid_from": int((AT + timedelta(seconds=1)).timestamp())},
        {"members": {5: 0}},
        {"members": {2: 3}},
        {"type": "application/vnd.warifu.call+cbor"},
    ],
    ids=["device", "key", "provider", "ended", "early", "display", "kind", "type"],
)
def test_a_warrant_of_something_else_is_refused(changed: dict[str, Any]) -> None:
    with refused(rules.WARRANT):
        judged(endorsement(warrant=warrant(**changed)))


def test_a_warrant_by_a_provider_who_is_not_believed_is_refused() -> None:
    known = structs.replace(KNOWN, provider_keys=frozenset({spki(new_key())}))
    with refused(rules.WARRANT):
        check(receipt(endorsed_contents()), known)


def test_a_key_endorsed_after_the_answer_is_refused() -> None:
    copy = endorsement()
    made = structs.asdict(copy)
    late = endorsement_leaf(made, at=AT + timedelta(seconds=1))
    with refused(rules.ENDORSEMENT):
        judged(structs.replace(copy, leaf=late))


def test_a_leaf_of_another_endorsement_is_refused() -> None:
    copy = endorsement()
    other = {**structs.asdict(copy), "endorsement": b"other"}
    with refused(rules.OPENING):
        judged(structs.replace(copy, leaf=endorsement_leaf(other, at=ENDORSED_AT)))


@pytest.mark.parametrize("whose", [{"user": b"taro"}, {"device": b"taros-phone"}])
def test_an_endorsement_recorded_for_another_binding_is_refused(whose: dict[str, bytes]) -> None:
    copy = endorsement()
    mixed = endorsement_leaf(structs.asdict(copy), whose=whose)
    with refused(rules.OPENING):
        judged(structs.replace(copy, leaf=mixed))


def test_an_endorsement_by_the_bound_key_of_another_binding_is_refused() -> None:
    other = new_key()
    copy = endorsement(bound=other, warrant=warrant(device_key=spki(other)))
    mixed = endorsement_leaf(structs.asdict(copy), key=spki(other))
    with refused(rules.ENDORSEMENT):
        judged(structs.replace(copy, leaf=mixed))


def test_an_endorsement_added_to_a_receipt_of_another_leaf_is_refused() -> None:
    found = endorsed_contents()
    without = structs.replace(found, endorsement=None)
    bare = structs.replace(found, leaf=confirmation_leaf(without))
    with misuse(CONTENTS):
        pending(bare)


def test_an_endorsement_that_is_not_in_the_log_is_refused() -> None:
    found = endorsed_contents()
    places = inclusion(found)
    elsewhere = structs.replace(places, endorsement=places.place)
    with refused(rules.INCLUSION):
        check(include(pending(found), elsewhere), BELIEVED)


def test_a_pending_receipt_says_so_of_its_endorsement_too() -> None:
    found = check(pending(endorsed_contents()), BELIEVED)
    assert found.was_checked(Check.ENDORSEMENT)
    assert why(found, Check.ENDORSEMENT_RECORDED) is Why.PENDING


def test_without_personal_data_the_endorsement_is_withheld_and_its_place_too() -> None:
    whole = receipt(endorsed_contents())
    bare = check(withhold(whole), BELIEVED)
    assert not bare.whole
    assert why(bare, Check.ENDORSEMENT) is Why.WITHHELD
    assert why(bare, Check.USER_SIGNATURE) is Why.WITHHELD
    alone = check(withhold(whole, [Part.ENDORSEMENT]), BELIEVED)
    assert why(alone, Check.USER_SIGNATURE) is Why.WITHHELD
    assert why(alone, Check.WARRANT) is Why.NEEDS_ANOTHER
    anonymous = check(withhold(whole, [Part.BINDING]), BELIEVED)
    assert anonymous.was_checked(Check.ENDORSEMENT)


def test_an_endorsement_is_shown_in_json() -> None:
    shown = view(receipt(endorsed_contents()))
    assert shown["parts"]["endorsement"]["provider"] == "Kaede Mobile"
    assert shown["inclusion"]["endorsement"]["index"] == 2


@pytest.mark.parametrize("cut", range(0, 400, 23))
def test_bytes_of_an_endorsement_that_are_damaged_end_in_one_error(cut: int) -> None:
    copy = endorsement()
    for name in ("endorsement", "possession", "warrant"):
        octets = bytearray(getattr(copy, name))
        octets[cut % len(octets)] ^= 0x41
        with pytest.raises(BadEvidence):
            judged(endorsement(**{name: bytes(octets)}))
