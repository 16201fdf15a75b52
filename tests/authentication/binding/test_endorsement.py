"""Endorsed keys, by those who would like one: nothing but the bound key's own word adds a key."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from msgspec.structs import replace

from tests.authentication.proofs.world import AT, CREDENTIAL, KEY, PHONE, bound_key
from tests.support import misuse, refused
from warifu.authentication.binding import rules
from warifu.authentication.binding.endorsement import (
    AskedEndorsement,
    Endorsed,
    Use,
    asked_digest,
    endorsed_signer,
    verify_endorsement,
)
from warifu.authentication.binding.new_key import new_key_map
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.user import rules as user_rules
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, Denied, Misuse
from warifu.base.pki import signature
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key, spki
from warifu.handset.confirmation import BrowserDraft
from warifu.handset.endorsement import SESSION, TRUSTED_UI, EndorsementDraft
from warifu.handset.user_authentication import CALL_TYPE
from warifu.handset.webauthn import USER_PRESENT, Authentication

ENDS = AT + timedelta(hours=12)
ASKED = AskedEndorsement(
    verifier="warifu/kaede-bank",
    channel="app",
    binding=bytes(range(16)),
    use=Use.SESSION,
    challenge=bytes(32),
    expires_at=ENDS,
)
KINDS = (ProofKind.DEVICE_KEY, ProofKind.APP_ATTEST, ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT)


def bound_on(kind: ProofKind) -> Any:
    """What the device signs with."""
    if kind is ProofKind.APP_ATTEST:
        return AppAttestDevice(apple=PHONE.apple, key=PHONE.key)
    if kind in {ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT}:
        return Authentication(key=CREDENTIAL)
    return KEY


def draft(kind: ProofKind = ProofKind.DEVICE_KEY, **changed: Any) -> EndorsementDraft:
    """An honest endorsement of a session key."""
    members = {
        "verifier": ASKED.verifier,
        "channel": ASKED.channel,
        "binding": ASKED.binding,
        "use": SESSION,
        "challenge": ASKED.challenge,
        "expires_at": int(ENDS.timestamp()),
        "bound": bound_on(kind),
        **changed,
    }
    return EndorsementDraft(**members)


def verify(
    made: EndorsementDraft, kind: ProofKind = ProofKind.DEVICE_KEY, **changed: Any
) -> Endorsed:
    """As the service does."""
    members = {
        "bound": bound_key(kind),
        "asked": ASKED,
        "origins": None,
        "now": AT,
        "endorsement": made.encode(),
        "possession": made.possession(),
        **changed,
    }
    return verify_endorsement(members.pop("endorsement"), members.pop("possession"), **members)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bound_key_of_every_kind_that_signs_endorses_a_session_key(kind: ProofKind) -> None:
    made = draft(kind)
    endorsed = verify(made, kind)
    assert endorsed.public_key == spki(made.key)
    assert (endorsed.use, endorsed.expires_at) == (Use.SESSION, ENDS)
    assert endorsed.counter == (None if kind is ProofKind.DEVICE_KEY else 1)


def test_a_key_that_signs_only_what_was_shown_endorses_none() -> None:
    with refused(rules.ENDORSER):
        verify(draft(), bound=bound_key(ProofKind.PROTECTED_CONFIRMATION))


@pytest.mark.parametrize(
    "changed",
    [
        {"binding": bytes(16)},
        {"verifier": "warifu/matsu-bank"},
        {"verifier": "evil/kaede-bank"},
        {"channel": "web"},
        {"use": TRUSTED_UI},
        {"challenge": bytes(31) + b"\1"},
        {"expires_at": int(ENDS.timestamp()) + 1},
    ],
    ids=["binding", "tenant", "verifier", "channel", "use", "challenge", "end"],
)
@pytest.mark.parametrize("kind", [ProofKind.DEVICE_KEY, ProofKind.WEBAUTHN])
def test_an_endorsement_is_replayed_for_nothing_else(
    kind: ProofKind, changed: dict[str, Any]
) -> None:
    with refused(rules.ENDORSEMENT_ASKED):
        verify(draft(kind, **changed), kind)


def test_substitution_of_the_new_key_is_refused() -> None:
    honest, thief = draft(), draft()
    with refused(rules.POSSESSION):
        verify(honest, possession=thief.possession())
    # He signs her endorsement with his own key: it is not the one she endorsed.
    with refused(rules.POSSESSION):
        verify(honest, possession=honest.possession(key=thief.key))
    with refused(signature.SIGNATURE):
        verify(draft(bound=thief.key, key=thief.key))


def test_without_proof_of_possession_nothing_is_endorsed() -> None:
    made = draft()
    for nothing in (b"", made.encode()):
        with pytest.raises(BadEvidence):
            verify(made, possession=nothing)
    with refused(rules.POSSESSION):
        verify(made, possession=draft(key=made.key, channel="web").possession())


def test_a_session_key_endorses_no_other() -> None:
    session = draft()
    with refused(signature.SIGNATURE):
        verify(draft(bound=session.key))


def test_the_bound_key_is_not_endorsed_itself() -> None:
    with refused(rules.NEW_KEY):
        verify(draft(key=KEY))


@pytest.mark.parametrize("kind", [ProofKind.DEVICE_KEY, ProofKind.APP_ATTEST])
def test_a_signed_call_is_no_endorsement(kind: ProofKind) -> None:
    with pytest.raises(BadEvidence):
        verify(draft(kind, type=CALL_TYPE), kind)


def test_a_passkeys_assertion_of_another_type_is_no_endorsement() -> None:
    kind = ProofKind.WEBAUTHN
    with refused(rules.ENDORSEMENT_FORM):
        verify(draft(kind, type=CALL_TYPE), kind)


@pytest.mark.parametrize("answer", [1, [1, 2], ["warifu", "type", "payload"]], ids=repr)
def test_a_passkeys_answer_to_something_else_is_no_endorsement(answer: Any) -> None:
    signed = BrowserDraft(
        answer=cbor.encode_deterministic(answer), authentication=Authentication(key=CREDENTIAL)
    )
    with refused(rules.ENDORSEMENT_FORM):
        verify(draft(), ProofKind.WEBAUTHN, endorsement=signed.encode())


def test_a_passkey_endorses_only_with_its_user_verified() -> None:
    kind = ProofKind.WEBAUTHN
    ceremony = Authentication(key=CREDENTIAL, flags=USER_PRESENT)
    with refused(proof_rules.USER_VERIFIED):
        verify(draft(kind, bound=ceremony), kind)


def test_an_endorsement_relayed_from_a_phishing_page_is_refused() -> None:
    kind = ProofKind.WEBAUTHN
    ceremony = Authentication(key=CREDENTIAL, origin="https://login.bank.example.evil.example")
    with pytest.raises(BadEvidence):
        verify(draft(kind, bound=ceremony), kind, origins=("https://login.bank.example",))


def test_an_app_attest_assertion_replayed_is_refused() -> None:
    kind = ProofKind.APP_ATTEST
    made = draft(kind)
    endorsed = verify(made, kind, endorsement=(first := made.encode()))
    with pytest.raises(BadEvidence):
        verify(
            made,
            endorsement=first,
            bound=replace(bound_key(kind), counter=endorsed.counter),
        )


def test_an_endorsed_key_ends() -> None:
    made = draft()
    with pytest.raises(Denied) as caught:
        verify(made, now=ENDS)
    assert caught.value.rule is rules.ENDORSEMENT_TIME
    endorsed = verify(made)
    bound = bound_key(ProofKind.DEVICE_KEY)
    with pytest.raises(Denied) as caught:
        endorsed_signer(endorsed, Use.SESSION, bound=bound, now=ENDS)
    assert caught.value.rule is rules.ENDORSEMENT_TIME


def test_an_endorsed_key_has_one_use() -> None:
    endorsed, bound = verify(draft()), bound_key(ProofKind.DEVICE_KEY)
    assert endorsed_signer(endorsed, Use.SESSION, bound=bound, now=AT).app == bound.app
    with pytest.raises(Denied) as caught:
        endorsed_signer(endorsed, Use.TRUSTED_UI, bound=bound, now=AT)
    assert caught.value.rule is rules.USE


@pytest.mark.parametrize(
    "members",
    [{1: 2}, {1: True}, {5: 3}, {5: True}, {8: -1}, {8: 1 << 63}, {9: 1}, {8: 1.5}, {4: "text"}],
    ids=repr,
)
def test_other_members_than_documented_are_refused(members: dict[Any, Any]) -> None:
    made = draft(members=members)
    with pytest.raises(BadEvidence) as caught:
        verify(made)
    known = {rules.ENDORSEMENT_FORM.code, "cbor/expected-type", rules.ENDORSEMENT_ASKED.code}
    assert caught.value.code in known


@pytest.mark.parametrize(
    "key",
    [
        None,
        {},
        {1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)},
        {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)},
        {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32), -4: bytes(32)},
    ],
    ids=["none", "empty", "p384", "not-on-curve", "private"],
)
def test_a_new_key_is_sound(key: Any) -> None:
    with pytest.raises(BadEvidence):
        verify(draft(members={6: key}))


def test_an_endorsement_too_long_is_not_read() -> None:
    with refused(rules.ENDORSEMENT_FORM):
        verify(draft(), endorsement=bytes(9000))
    with refused(user_rules.SIGNED_FORM):
        verify(draft(), possession=bytes(9000))


def test_what_is_asked_is_whole() -> None:
    digests = {
        asked_digest(each)
        for each in (
            ASKED,
            replace(ASKED, binding=bytes(16)),
            replace(ASKED, use=Use.TRUSTED_UI),
            replace(ASKED, expires_at=AT),
        )
    }
    assert len(digests) == 4
    for wrong in (
        {"binding": b""},
        {"verifier": ""},
        {"challenge": b""},
        {"expires_at": ENDS + timedelta(microseconds=1)},
    ):
        with pytest.raises(Misuse):
            asked_digest(replace(ASKED, **wrong))


def test_the_new_key_may_be_on_ed25519() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    endorsed = verify(draft(key=key))
    assert sha256(endorsed.public_key).digest() == sha256(spki(key)).digest()


def test_a_key_of_another_kind_is_not_written() -> None:
    with misuse(rules.NEW_KEY):
        new_key_map(spki(new_key("rsa2048")))
