"""Signed statements of what a terminal checked: only as good as the key's attestation."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.user.world import (
    ASKED,
    CHALLENGE,
    CONTEXT,
    DEVICE_KEY,
    NOW,
    OTHER_KEY,
    SECONDS,
    attested,
    bound_to,
)
from tests.support import misuse, refused
from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence.rules import app_attest_assertion as app_attest_rules
from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.user import rules
from warifu.authentication.user.device_signature import MAX_BYTES
from warifu.authentication.user.statement import StatementTerms, verify_statement
from warifu.authentication.user.verified import Assurance, Method, UserVerified
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.base.pki import signature
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key
from warifu.handset.user_authentication import (
    BIOMETRIC,
    CALL_TYPE,
    DEVICE_CREDENTIAL,
    STATEMENT_TYPE,
    TERMINAL_PIN,
    SignedDraft,
    statement,
)

HONEST = statement(ASKED, BIOMETRIC, SECONDS - 5)


def signed(payload: bytes = HONEST, **fields: Any) -> bytes:
    return SignedDraft(
        **{"type": STATEMENT_TYPE, "payload": payload, "key": DEVICE_KEY, **fields}
    ).encode()


def verify(data: bytes, bound: BoundKey | None = None, **changes: Any) -> UserVerified:
    bound = bound or bound_to()
    honest = {
        "attested": attested(bound),
        "context": CONTEXT,
        "challenge": CHALLENGE,
        "terms": StatementTerms(),
        "now": NOW,
    }
    return verify_statement(data, bound=bound, **{**honest, **changes})


@pytest.mark.parametrize(
    ("number", "method", "claimed"),
    [
        (BIOMETRIC, Method.BIOMETRIC, "biometric"),
        (BIOMETRIC, Method.BIOMETRIC, "password-or-biometric"),
        (DEVICE_CREDENTIAL, Method.DEVICE_CREDENTIAL, "password"),
        (DEVICE_CREDENTIAL, Method.DEVICE_CREDENTIAL, "password-or-biometric"),
    ],
)
def test_a_key_store_key_states_what_its_use_requires(
    number: int, method: Method, claimed: str
) -> None:
    data = signed(statement(ASKED, number, SECONDS))
    verified = verify(data, attested=attested(bound_to(), claimed))
    assert (verified.method, verified.assurance) == (method, Assurance.HARDWARE)
    assert (verified.user, verified.device) == ("customer-1", "device-1")


@pytest.mark.parametrize(
    ("number", "claimed"),
    [
        (BIOMETRIC, "password"),
        (BIOMETRIC, "none"),
        (BIOMETRIC, None),
        (DEVICE_CREDENTIAL, "biometric"),
        (TERMINAL_PIN, "password-or-biometric"),
    ],
)
def test_a_method_that_the_attestation_does_not_bear_out_is_refused(
    number: int, claimed: str | None
) -> None:
    with refused(rules.STATEMENT_METHOD):
        verify(signed(statement(ASKED, number, SECONDS)), attested=attested(bound_to(), claimed))


def test_a_key_that_an_earlier_unlocking_left_usable_says_nothing() -> None:
    with refused(rules.STATEMENT_METHOD):
        verify(signed(), replace(bound_to(), user_verification_required=False))


def test_a_trusted_application_states_its_own_pin_only() -> None:
    bound = bound_to(kind=ProofKind.TRUSTED_UI)
    verified = verify(signed(statement(ASKED, TERMINAL_PIN, SECONDS)), bound)
    assert (verified.method, verified.assurance) == (
        Method.TERMINAL_PIN,
        Assurance.TRUSTED_ENVIRONMENT,
    )
    with refused(rules.STATEMENT_METHOD):
        verify(signed(), bound)


def test_an_iphones_statement_is_its_apps_word_and_says_so() -> None:
    iphone = AppAttestDevice()
    bound = bound_to(iphone)
    verified = verify(signed(key=iphone), bound, attested=attested(bound, None))
    assert (verified.assurance, verified.counter) == (Assurance.APPLICATION, 1)


def test_an_apps_word_is_refused_where_hardwares_is_asked_for() -> None:
    iphone = AppAttestDevice()
    bound = bound_to(iphone)
    with refused(rules.ASSURANCE):
        verify(
            signed(key=iphone),
            bound,
            terms=StatementTerms(assurances=frozenset({Assurance.HARDWARE})),
        )


def test_an_iphones_statement_replayed_is_refused() -> None:
    iphone = AppAttestDevice()
    with refused(app_attest_rules.COUNTER):
        verify(signed(key=iphone), bound_to(iphone, counter=1))


def test_an_iphones_statement_with_another_payload_is_refused() -> None:
    iphone = AppAttestDevice()
    _, assertion = cbor.decode(signed(key=iphone))
    forged = cbor.encode_deterministic([statement(ASKED, BIOMETRIC, SECONDS), assertion])
    with refused(app_attest_rules.SIGNATURE):
        verify(forged, bound_to(iphone))


@pytest.mark.parametrize(
    "data", [b"\x80", b"\x82\x41\x00\x00", b"\x82\x58\x01\x00\x41\x00"], ids=bytes.hex
)
def test_an_iphones_statement_in_another_form_is_refused(data: bytes) -> None:
    with refused(rules.SIGNED_FORM):
        verify(data, bound_to(AppAttestDevice()))


@pytest.mark.parametrize(
    "change",
    [
        {"verifier": "phishing.example"},
        {"channel": "web"},
        {"purpose": "transfer"},
        {"user": "customer-2"},
        {"device": "device-2"},
    ],
    ids=str,
)
def test_phishing_relay_of_a_statement_is_refused(change: dict[str, Any]) -> None:
    other = context_bytes(replace(CONTEXT, **change), CHALLENGE)
    with refused(rules.STATEMENT_CONTEXT):
        verify(signed(statement(other, BIOMETRIC, SECONDS)))


def test_a_statement_replayed_to_a_later_challenge_is_refused() -> None:
    with refused(rules.STATEMENT_CONTEXT):
        verify(signed(), challenge=bytes(32))


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(-120, True), (-121, False), (30, True), (31, False)]
)
def test_a_check_counts_for_a_short_time(seconds: int, *, accepted: bool) -> None:
    data = signed(statement(ASKED, BIOMETRIC, SECONDS + seconds))
    if accepted:
        assert verify(data).method is Method.BIOMETRIC
    else:
        with refused(rules.STATEMENT_TIME):
            verify(data)


def test_a_statement_signed_by_another_devices_key_is_refused() -> None:
    with refused(signature.SIGNATURE):
        verify(signed(key=OTHER_KEY))


def test_a_signature_of_another_algorithm_is_refused() -> None:
    with refused(signature.ALGORITHM):
        verify(signed(key=new_key("ed25519")))


def test_an_ed25519_key_states_too() -> None:
    key = new_key("ed25519")
    assert verify(signed(key=key), bound_to(key)).counter is None


def test_a_signed_call_is_no_statement() -> None:
    with refused(rules.SIGNED_FORM):
        verify(signed(type=CALL_TYPE))


@pytest.mark.parametrize(
    "fields", [{"headers": {4: b"kid"}}, {"unprotected": {4: b"kid"}}], ids=str
)
def test_headers_beside_the_documented_ones_are_refused(fields: dict[str, Any]) -> None:
    with refused(rules.SIGNED_FORM):
        verify(signed(**fields))


def test_what_is_too_large_is_not_read() -> None:
    with refused(rules.SIGNED_FORM):
        verify(bytes(MAX_BYTES + 1))


def test_a_key_that_cannot_sign_statements_is_refused() -> None:
    with refused(rules.KEY_KIND):
        verify(signed(), bound_to(kind=ProofKind.WEBAUTHN))


def test_a_key_that_nobody_vouches_for_is_refused() -> None:
    bound = bound_to()
    with refused(rules.KEY_ATTESTED):
        verify(signed(), bound, attested=attested(bound, endorsement=Endorsement.SELF))


@pytest.mark.parametrize(
    "others",
    [
        {"m1": 2},
        {"m1": True},
        {"m2": b"short"},
        {"m3": 4},
        {"m4": -1},
        {"m4": 1 << 53},
        {"m5": b"more"},
    ],
    ids=str,
)
def test_a_statement_in_another_form_is_refused(others: dict[str, Any]) -> None:
    with refused(rules.STATEMENT_FORM):
        verify(signed(statement(ASKED, BIOMETRIC, SECONDS, **others)))


def test_nobody_is_verified_without_being_named() -> None:
    with misuse(rules.NAMED):
        verify(signed(), context=replace(CONTEXT, device=None))


def test_no_octet_can_be_changed() -> None:
    data = signed()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(WarifuError):
            verify(bytes(changed))


@given(st.binary(max_size=200), st.sampled_from([bound_to(), bound_to(AppAttestDevice())]))
def test_any_bytes_are_refused_by_the_tree(data: bytes, bound: BoundKey) -> None:
    with pytest.raises(WarifuError):
        verify(data, bound)


def test_terms_name_what_is_accepted() -> None:
    assert StatementTerms().longest_age == timedelta(minutes=2)
