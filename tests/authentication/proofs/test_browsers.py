"""WebAuthn over an answer: the answer is the challenge, the page was the bank's."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from msgspec import structs

from tests.authentication.proofs.world import (
    CREDENTIAL,
    EXPECTED,
    NG,
    OK,
    TRANSACTION,
    bound_key,
    judge,
    passkey,
    payment,
    shown_payment,
    taken,
)
from tests.support import refused
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.assertion import scheme_of
from warifu.authentication.transaction.proofs.browser_response import container_of
from warifu.base.codec import cbor
from warifu.base.pki import cose
from warifu.handset.authority import new_key, sign
from warifu.handset.confirmation import BrowserDraft, payment_authentication
from warifu.handset.webauthn import (
    ORIGIN,
    RP_ID,
    USER_VERIFIED,
    Authentication,
    CredentialKey,
    Registration,
    base64url,
)

WEBAUTHN, SECURE_PAYMENT = ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT


@pytest.mark.parametrize("algorithm", [-7, -35, -36, -8, -257, -53, -48])
def test_keys_of_authenticators_are_taken(algorithm: int) -> None:
    key = CredentialKey(algorithm)
    bound = bound_key(WEBAUTHN, public_key=key.spki())
    assert judge(passkey(OK, key=key).encode(), WEBAUTHN, bound=bound).counter == 1


@pytest.mark.parametrize("algorithm", cose.ALGORITHMS)
def test_the_scheme_of_a_credential_follows_from_its_public_key(algorithm: int) -> None:
    usual = cose.ALGORITHMS[algorithm].scheme
    if CredentialKey(algorithm).public_map()[1] == 3:
        usual = cose.ALGORITHMS[-257].scheme
    assert scheme_of(CredentialKey(algorithm).spki()) == usual


def test_answer_on_a_phishing_page_is_refused() -> None:
    with refused(webauthn_rules.ORIGIN):
        judge(passkey(OK, origin="https://login.bank.example.evil.example").encode(), WEBAUTHN)


def test_answer_on_another_page_of_the_bank_is_refused_where_pages_are_listed() -> None:
    expected = structs.replace(EXPECTED, origins=(ORIGIN,))
    taken(passkey(OK).encode(), WEBAUTHN, expected=expected)
    with refused(webauthn_rules.ORIGIN):
        draft = passkey(OK, origin="https://blog.bank.example")
        judge(draft.encode(), WEBAUTHN, expected=expected)


def test_credential_of_another_bank_is_refused() -> None:
    with refused(webauthn_rules.RP_ID):
        judge(passkey(OK, rp_id="other-bank.example").encode(), WEBAUTHN)


def test_answer_in_a_frame_is_refused() -> None:
    with refused(webauthn_rules.CROSS_ORIGIN):
        judge(passkey(OK, client={"crossOrigin": True}).encode(), WEBAUTHN)


def test_login_relayed_as_an_approval_is_refused() -> None:
    """A challenge of another ceremony, which the person signed for another purpose."""
    draft = passkey(OK)
    draft.challenge = sha256(b"challenge of a login").digest()
    with refused(webauthn_rules.CHALLENGE):
        judge(draft.encode(), WEBAUTHN)


def test_digest_of_the_transaction_alone_is_no_answer() -> None:
    """It would be the same for OK and NG."""
    draft = passkey(OK)
    draft.challenge = sha256(TRANSACTION).digest()
    with refused(webauthn_rules.CHALLENGE):
        judge(draft.encode(), WEBAUTHN)


def test_assertion_without_a_person_present_is_refused() -> None:
    with refused(webauthn_rules.USER_PRESENT):
        judge(passkey(NG, flags=USER_VERIFIED).encode(), WEBAUTHN)


@pytest.mark.parametrize(("now", "before"), [(5, 5), (4, 5), (0, 5)])
def test_counter_that_goes_back_is_refused(now: int, before: int) -> None:
    with refused(webauthn_rules.COUNTER):
        bound = bound_key(WEBAUTHN, counter=before)
        judge(passkey(OK, counter=now).encode(), WEBAUTHN, bound=bound)


@pytest.mark.parametrize("before", [0, None])
def test_authenticator_that_does_not_count_is_taken(before: int | None) -> None:
    bound = bound_key(WEBAUTHN, counter=before)
    assert judge(passkey(OK, counter=0).encode(), WEBAUTHN, bound=bound).counter == 0


def test_webauthn_assertion_is_no_payment() -> None:
    with refused(webauthn_rules.TYPE):
        judge(passkey(OK).encode(), SECURE_PAYMENT)


def test_webauthn_assertion_with_a_payment_beside_it_is_no_payment() -> None:
    """A page may write any member into a challenge's neighbourhood, but never the type."""
    client = {"crossOrigin": False, "payment": shown_payment()}
    with refused(webauthn_rules.TYPE):
        judge(passkey(OK, client=client).encode(), SECURE_PAYMENT)


def test_payment_is_no_webauthn_assertion() -> None:
    with refused(webauthn_rules.TYPE):
        judge(payment(OK), WEBAUTHN)


def test_browser_signature_has_no_place_in_a_webauthn_proof() -> None:
    item = {**cbor.decode_map(passkey(OK).encode()), 5: b"signature"}
    with refused(rules.CONTAINER):
        judge(cbor.encode_deterministic(item), WEBAUTHN)


def test_retired_member_of_old_browsers_is_counted() -> None:
    client = {"tokenBinding": {"status": "supported"}}
    found = judge(passkey(OK, client=client).encode(), WEBAUTHN)
    assert [used.name for used in found.leniencies] == [webauthn_rules.TOKEN_BINDING.name]


def response_of(**fields: Any) -> bytes:
    ceremony = Authentication(key=CREDENTIAL, challenge=sha256(OK).digest(), **fields)
    return ceremony.evidence()


def test_response_of_a_browser_becomes_a_proof() -> None:
    proof = container_of(OK, response_of())
    assert judge(proof, WEBAUTHN).display == "application"


@pytest.mark.parametrize(
    "extensions",
    [
        {"payment": None},
        {"payment": {}},
        {"payment": {"browserBoundSignature": []}},
        {"payment": {"browserBoundSignature": {"signature": 1}}},
        {"payment": {"browserBoundSignature": {}}},
    ],
)
def test_response_without_a_signature_of_the_browser_becomes_a_proof(
    extensions: dict[str, Any],
) -> None:
    response = response_of(credential={"clientExtensionResults": extensions})
    taken(container_of(OK, response), WEBAUTHN)


def test_response_with_a_signature_of_the_browser_becomes_a_proof() -> None:
    key = new_key()
    bound_public = base64url(_cose_of(key))
    ceremony = payment_authentication(
        shown_payment(browserBoundPublicKey=bound_public), key=CREDENTIAL
    )
    ceremony.challenge = sha256(OK).digest()
    signature = base64url(sign(key, ceremony.client_data_json()))
    outputs = {"payment": {"browserBoundSignature": {"signature": signature}}}
    ceremony.credential = {"clientExtensionResults": outputs}
    taken(container_of(OK, ceremony.evidence()), SECURE_PAYMENT)


def test_registration_becomes_no_proof() -> None:
    with refused(webauthn_rules.RESPONSE_FORM):
        container_of(OK, Registration().evidence())


def _cose_of(key: Any) -> bytes:
    return CredentialKey(-7, key).public_key()


def test_honest_drafts_are_of_this_bank() -> None:
    draft = BrowserDraft(answer=OK)
    assert (draft.authentication.rp_id, draft.authentication.origin) == (RP_ID, ORIGIN)
