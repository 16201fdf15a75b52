"""Encryption keys for PINs: certified, changed every few hours, and then forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec.structs import replace

from tests.service.house import caller, settle, wallet
from tests.service.verifying.customers import PIN, Customer
from tests.support import refused
from warifu.authentication.user import rules as pure
from warifu.authentication.user.hpke_keys import own_hpke_key, read_hpke_certificate
from warifu.authentication.user.pin import GRACE
from warifu.base.errors import MalformedEvidence, VerifierFault
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import NO_SIGNER, KeyRing
from warifu.service.composition import Owner
from warifu.service.conduct.verifying import pins
from warifu.service.conduct.verifying.hpke_keys import KIND, current_pin_key
from warifu.service.conduct.work import Work

if TYPE_CHECKING:
    from datetime import datetime

    from tests.service.binding.customers import Desk
    from tests.service.house import Hands


class NoKeysAtAll:
    """A service that was started without signing keys."""

    def ring(self, now: datetime) -> KeyRing:
        del now
        return KeyRing()


def test_the_certificate_is_by_the_pinned_key_and_names_the_tenant(
    desk: Desk, clock: Hands
) -> None:
    answer = current_pin_key(desk.work())
    pinned = desk.house.keys.ring(clock.now).signer(KeyPurpose.HPKE_CERTIFICATION, clock.now)
    key = read_hpke_certificate(
        answer.certificate,
        keys={pinned.key_id: pinned.public_key},
        verifier="warifu/kaede-bank",
        now=clock.now,
    )
    assert key.id.hex() == answer.id
    assert key.not_after == answer.not_after == clock.now + timedelta(hours=8)


def test_a_key_is_handed_out_for_the_first_half_of_its_life(desk: Desk, clock: Hands) -> None:
    first = current_pin_key(desk.work())
    clock.forward(hours=4, seconds=-1)
    assert current_pin_key(desk.work()).id == first.id
    clock.forward(seconds=1)
    second = current_pin_key(desk.work())
    assert second.id != first.id
    assert current_pin_key(desk.work()).id == second.id


def test_a_key_decrypts_to_the_end_of_its_life_and_is_then_deleted(
    hanako: Customer, clock: Hands
) -> None:
    hanako.set_pin()
    key = hanako.server_key()
    clock.forward(hours=8)
    clock.now += GRACE - timedelta(seconds=1)
    hanako.server_key()
    asked = hanako.ask()
    late = asked.request(pins.PinRequest, envelope=hanako.envelope(asked, PIN, server_key=key))
    assert pins.verify_pin(hanako.desk.work(), late).verified is not None
    clock.forward(seconds=1)
    asked = hanako.ask()
    late = asked.request(pins.PinRequest, envelope=hanako.envelope(asked, PIN, server_key=key))
    with refused(pure.ENVELOPE_KEY):
        pins.verify_pin(hanako.desk.work(), late)
    clock.forward(hours=4)
    hanako.server_key()
    assert len(hanako.desk.rows("SELECT id FROM hpke_keys WHERE tenant = :tenant")) == 2


def test_a_clock_that_was_set_back_hands_out_no_key_of_the_future(desk: Desk, clock: Hands) -> None:
    first = current_pin_key(desk.work())
    clock.forward(minutes=-10)
    assert current_pin_key(desk.work()).id != first.id


def test_tenants_have_keys_of_their_own(hanako: Customer, desk: Desk) -> None:
    hanako.set_pin()
    settle(desk.house, "matsu-bank", app=wallet())
    work = Work(house=desk.house, caller=caller("matsu-bank"), now=desk.house.clock())
    theirs = own_hpke_key(current_pin_key(work).certificate)
    asked = hanako.ask()
    envelope = hanako.envelope(asked, PIN, server_key=theirs.public_key)
    with refused(pure.ENVELOPE_KEY):
        pins.verify_pin(desk.work(), asked.request(pins.PinRequest, envelope=envelope))
    assert hanako.pin().tries_left == 6


def test_private_keys_are_sealed(desk: Desk) -> None:
    answer = current_pin_key(desk.work())
    ((sealed, data_key),) = desk.rows(
        "SELECT k.sealed, t.data_key FROM hpke_keys k"
        " JOIN tenants t ON t.tenant = k.tenant WHERE k.tenant = :tenant"
    )
    owner = Owner(tenant="kaede-bank", name="", wrapped=bytes(data_key))
    raw = desk.house.vault.unseal(owner, KIND, bytes(sealed))
    assert raw not in bytes(sealed)
    public = X25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    assert own_hpke_key(answer.certificate).public_key == public


def test_without_signing_keys_no_key_is_made(desk: Desk) -> None:
    house = replace(desk.house, keys=NoKeysAtAll())
    with pytest.raises(VerifierFault) as lacking:
        current_pin_key(replace(desk.work(), house=house))
    assert lacking.value.rule is NO_SIGNER
    assert desk.rows("SELECT id FROM hpke_keys WHERE tenant = :tenant") == []


def test_what_is_no_certificate_of_ours_is_not_read() -> None:
    with pytest.raises(MalformedEvidence):
        own_hpke_key(b"\xd2\x84")
