"""Warrants, by those who would like to have a display of their own believed in."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.authentication.proofs.world import AT, bound_key
from tests.support import refused
from warifu.authentication.binding import rules
from warifu.authentication.binding.warrant import ComponentKind, Provider, Warrant, verify_warrant
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.errors import BadEvidence, Denied
from warifu.base.pki import signature
from warifu.handset.authority import new_key, spki
from warifu.handset.endorsement import APPLET, WarrantDraft

MAKER = new_key()
PROVIDER = Provider(name="Kaede Mobile", public_key=spki(MAKER))
COMPONENT = new_key()
BOUND = bound_key(ProofKind.DEVICE_KEY)


def draft(**changed: Any) -> WarrantDraft:
    """An honest warrant for this phone's component."""
    members = {
        "key": spki(COMPONENT),
        "device_key": BOUND.public_key,
        "provider": MAKER,
        "valid_from": int((AT - timedelta(days=1)).timestamp()),
        "valid_until": int((AT + timedelta(days=365)).timestamp()),
        **changed,
    }
    return WarrantDraft(**members)


def verify(data: bytes, **changed: Any) -> Warrant:
    """As the service does."""
    members = {
        "providers": (PROVIDER,),
        "public_key": spki(COMPONENT),
        "bound": BOUND,
        "now": AT,
        **changed,
    }
    return verify_warrant(data, **members)


def test_a_provider_warrants_a_component_on_one_device() -> None:
    warrant = verify(draft(kind=APPLET).encode())
    assert (warrant.provider, warrant.kind) == ("Kaede Mobile", ComponentKind.APPLET)
    assert (warrant.component, warrant.release) == ("jp.example.display", "3.1")
    assert warrant.public_key == spki(COMPONENT)


def test_a_provider_may_sign_with_ed25519() -> None:
    maker = ed25519.Ed25519PrivateKey.generate()
    provider = Provider(name="Kaede Mobile", public_key=spki(maker))
    assert verify(draft(provider=maker).encode(), providers=(PROVIDER, provider)).provider_key == (
        spki(maker)
    )


def test_a_warrant_for_another_devices_key_is_refused() -> None:
    with refused(rules.WARRANT_DEVICE):
        verify(draft(device_key=spki(new_key())).encode())


def test_a_warrant_for_another_component_is_refused() -> None:
    with refused(rules.WARRANT_KEY):
        verify(draft(key=spki(new_key())).encode())


def test_a_warrant_by_an_unknown_provider_is_refused() -> None:
    with refused(rules.WARRANT_PROVIDER):
        verify(draft(provider=new_key()).encode())


def test_a_warrant_by_a_provider_who_was_taken_away_is_refused() -> None:
    with refused(rules.WARRANT_PROVIDER):
        verify(draft().encode(), providers=())


def test_a_warrant_that_names_a_provider_and_is_signed_by_another_is_refused() -> None:
    thief = draft(provider=new_key(), headers={4: sha256(spki(MAKER)).digest()})
    with refused(signature.SIGNATURE):
        verify(thief.encode())


@pytest.mark.parametrize("late", [timedelta(days=365), -timedelta(days=2)])
def test_an_expired_warrant_or_one_that_is_not_yet_is_refused(late: timedelta) -> None:
    with pytest.raises(Denied) as caught:
        verify(draft().encode(), now=AT + late)
    assert caught.value.rule is rules.WARRANT_TIME


def test_another_document_of_the_provider_is_no_warrant() -> None:
    for other in (
        draft(type="application/vnd.warifu.call+cbor"),
        draft(headers={5: b"more"}),
        draft(headers={16: "text"}),
    ):
        with refused(rules.WARRANT_FORM):
            verify(other.encode())


@pytest.mark.parametrize(
    "members",
    [
        {1: 2},
        {2: 3},
        {5: 0},
        {5: True},
        {3: ""},
        {3: "a\nb"},
        {4: "x" * 256},
        {6: {}},
        {7: b""},
        {8: -1},
        {9: 1 << 62},
        {10: 1},
    ],
    ids=repr,
)
def test_other_members_than_documented_are_refused(members: dict[Any, Any]) -> None:
    with pytest.raises(BadEvidence) as caught:
        verify(draft(members=members).encode())
    codes = {rules.WARRANT_FORM.code, rules.WARRANT_DEVICE.code, rules.NEW_KEY.code}
    assert caught.value.code in codes


def test_bytes_that_are_none_end_in_one_error() -> None:
    whole = draft().encode()
    for nothing in (b"", whole[:-1], whole + b"\0", bytes(5000), whole.replace(b"3.1", b"3.2")):
        with pytest.raises(BadEvidence):
            verify(nothing)
