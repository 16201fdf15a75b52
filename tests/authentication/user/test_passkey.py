"""Passkeys: verified for one question of one verifier, with the user verified."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.user.world import CHALLENGE, CONTEXT, NOW
from tests.support import misuse, no_statement, refused
from warifu.attestation.claims import Endorsement, Key
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.user import rules
from warifu.authentication.user.passkey import PasskeyTerms, passkey_challenge, verify_passkey
from warifu.authentication.user.verified import Assurance, Method, UserVerified
from warifu.base.errors import WarifuError
from warifu.handset.webauthn import (
    ORIGIN,
    RP_ID,
    USER_PRESENT,
    Authentication,
    CredentialKey,
)

ASKED = passkey_challenge(CONTEXT, CHALLENGE)
CREDENTIAL = b"credential".ljust(32, b"\0")
KEY = CredentialKey()
TERMS = PasskeyTerms(origins=(ORIGIN,))


def assertion(**fields: Any) -> bytes:
    honest = {"challenge": ASKED, "key": KEY, "credential_id": CREDENTIAL, "counter": 8}
    return Authentication(**{**honest, **fields}).evidence()


def passkey(key: CredentialKey = KEY, kind: ProofKind = ProofKind.WEBAUTHN) -> BoundKey:
    return BoundKey(kind=kind, public_key=key.spki(), identifier=CREDENTIAL, app=RP_ID, counter=7)


def verify(data: bytes, bound: BoundKey | None = None, **changes: Any) -> UserVerified:
    bound = bound or passkey()
    honest = {
        "attested": Key(public_key=bound.public_key, endorsement=Endorsement.ANCHORED),
        "context": CONTEXT,
        "challenge": CHALLENGE,
        "terms": TERMS,
        "now": NOW,
    }
    return verify_passkey(data, bound=bound, **{**honest, **changes})


def test_a_passkey_verifies_its_user() -> None:
    verified = verify(assertion())
    assert (verified.user, verified.device, verified.counter) == ("customer-1", "device-1", 8)
    assert (verified.method, verified.assurance) == (Method.PASSKEY, Assurance.AUTHENTICATOR)
    assert webauthn_rules.USER_VERIFIED.code in verified.proved


@pytest.mark.parametrize("algorithm", [-7, -35, -36, -8, -257, -48])
def test_every_kind_of_credential_key_is_read_from_its_binding(algorithm: int) -> None:
    key = CredentialKey(algorithm)
    assert verify(assertion(key=key), passkey(key)).counter == 8


def test_a_credential_for_payments_is_a_passkey_too() -> None:
    assert verify(assertion(), passkey(kind=ProofKind.SECURE_PAYMENT)).method is Method.PASSKEY


def test_phishing_relay_from_another_origin_is_refused() -> None:
    with refused(webauthn_rules.ORIGIN):
        verify(assertion(origin="https://login.bank.example.phish.example"))


def test_a_subdomain_that_is_not_listed_is_refused() -> None:
    with refused(webauthn_rules.ORIGIN):
        verify(assertion(origin="https://forum.bank.example"))


def test_an_assertion_for_another_relying_party_is_refused() -> None:
    with refused(webauthn_rules.RP_ID):
        verify(assertion(rp_id="other-bank.example"))


@pytest.mark.parametrize(
    "change",
    [{"verifier": "other.example"}, {"purpose": "transfer"}, {"user": "customer-2"}],
    ids=str,
)
def test_replay_to_another_server_purpose_or_user_is_refused(change: dict[str, Any]) -> None:
    with refused(webauthn_rules.CHALLENGE):
        verify(assertion(), context=replace(CONTEXT, **change))


def test_replay_to_a_later_challenge_is_refused() -> None:
    with refused(webauthn_rules.CHALLENGE):
        verify(assertion(), challenge=bytes(32))


def test_presence_without_verification_is_refused() -> None:
    with refused(webauthn_rules.USER_VERIFIED):
        verify(assertion(flags=USER_PRESENT))


def test_a_counter_that_does_not_go_up_is_refused() -> None:
    with refused(webauthn_rules.COUNTER):
        verify(assertion(counter=7))


def test_a_signature_by_another_key_is_refused() -> None:
    with refused(webauthn_rules.ASSERTION_SIGNATURE):
        verify(assertion(signing_key=CredentialKey()))


def test_another_credential_is_refused() -> None:
    with refused(webauthn_rules.CREDENTIAL_EXPECTED):
        verify(assertion(credential_id=bytes(32)))


def test_a_key_that_is_bound_for_something_else_is_refused() -> None:
    with refused(rules.KEY_KIND):
        verify(assertion(), passkey(kind=ProofKind.DEVICE_KEY))


def test_a_passkey_that_nobody_vouches_for_counts_only_where_the_bank_says_so() -> None:
    synced = Key(public_key=KEY.spki(), endorsement=Endorsement.NONE)
    with refused(rules.KEY_ATTESTED):
        verify(assertion(), attested=synced)
    accepted = frozenset({Endorsement.NONE})
    verify(assertion(), attested=synced, terms=replace(TERMS, endorsements=accepted))


def test_claims_about_another_key_vouch_for_nothing() -> None:
    other = Key(public_key=CredentialKey().spki(), endorsement=Endorsement.ANCHORED)
    with refused(rules.KEY_ATTESTED):
        verify(assertion(), attested=other)


def test_an_account_that_is_named_must_be_the_one_registered() -> None:
    data = assertion(user_handle=b"handle-1")
    assert verify(data, user_handle=b"handle-1").counter == 8
    with refused(webauthn_rules.USER_HANDLE):
        verify(data, user_handle=b"handle-2")
    with no_statement(webauthn_rules.USER_HANDLE):
        verify(data)


def test_nobody_is_verified_without_being_named() -> None:
    with misuse(rules.NAMED):
        verify(assertion(), context=replace(CONTEXT, user=None))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_the_tree(data: bytes) -> None:
    with pytest.raises(WarifuError):
        verify(data)
