"""Apple App Attest: an assertion, by which an attested key signs one request.

The evidence is the CBOR assertion object ``{signature, authenticatorData}`` exactly as
``DCAppAttestService.generateAssertion`` returned it. The comments number the steps of *Verify the
assertion* in Apple's article *Validating apps that connect to your server*.

The caller stores `Claims.freshness.counter` with the key, in one conditional update, before it acts
on the request: two copies of one assertion may arrive at the same time.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from warifu.attestation.claims import App, Claims, Device, Format, Freshness, Key
from warifu.attestation.evidence.facts.app_attest_assertion import (
    AppAttestAssertionExpectations,
    AppAttestAssertionFacts,
    ChallengePlace,
)
from warifu.attestation.evidence.readers import app_attest as reader
from warifu.attestation.evidence.rules import app_attest_assertion as rules
from warifu.attestation.examination import Examination, Gaps
from warifu.base.codec import json
from warifu.base.errors import BadEvidence, Misuse, Unchecked
from warifu.base.pki.signature import ECDSA_SHA256, check_signature, load_public_key

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView

MAX_JSON_BYTES = 1 << 20

_ATTESTED_OR_EXTENDED = 0xC0


def verify(
    evidence: bytes,
    *,
    expected: AppAttestAssertionExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify an App Attest assertion under a stored key.

    Args:
        evidence: The CBOR assertion object.
        expected: The stored key and counter, the client data, the challenge, the app.
        trust: Named in the claims; no anchor is needed, the key was proved when it was stored.
        at: When the evidence was made.
        gaps: What to do where app, counter or challenge are not stated.

    Raises:
        BadEvidence: ``app-attest-assertion/*``, ``cbor/*``.
        VerifierFault: `Unchecked` for a gap, and always without public key or client data.
        Misuse: The stored key is no P-256 key, the challenge is empty, or `at` has no offset.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    assertion = reader.read_assertion(evidence)
    spki, client_data = _stated(expected)

    # Steps 1 and 2: what was signed. The nonce is hashed once more by the signature scheme.
    client_data_hash = sha256(client_data).digest()
    nonce = sha256(assertion.authenticator_data + client_data_hash).digest()

    # Step 3: by the stored key. From here on everything is the app's word.
    _check_signature(spki, assertion.signature, nonce)
    if assertion.flags & _ATTESTED_OR_EXTENDED:
        exam.allow(rules.ATTESTED_FLAG_WITHOUT_DATA)

    _check_app(expected.app, assertion.app_id_hash, exam)  # step 4
    _check_counter(expected.counter, assertion.counter, exam)  # step 5
    _check_challenge(expected, client_data, exam)  # step 6

    return Claims(
        format=Format.APP_ATTEST_ASSERTION,
        at=exam.at,
        known_at=trust.known_at,
        realm=trust.realm,
        device=Device(platform="apple"),
        app=App(identifier=expected.app),
        key=Key(
            public_key=spki,
            algorithm="ES256",
            identifier=reader.identifier_of(spki[-reader.POINT_BYTES :]),
        ),
        freshness=Freshness(
            challenge=expected.challenge,
            challenge_matches=None if expected.challenge is None else True,
            counter=assertion.counter,
        ),
        detail=AppAttestAssertionFacts(
            app_id_hash=assertion.app_id_hash,
            client_data_hash=client_data_hash,
            flags=assertion.flags,
        ),
        proved=exam.proved(rules.RULES),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def _stated(expected: AppAttestAssertionExpectations) -> tuple[bytes, bytes]:
    """SubjectPublicKeyInfo and client data, without which a signature says nothing."""
    if expected.public_key is None:
        raise Unchecked(rules.SIGNATURE, "no stored public key was stated")
    if expected.client_data is None:
        raise Unchecked(rules.SIGNATURE, "no client data was stated")
    if expected.challenge == b"":
        raise Misuse(rules.CHALLENGE_NOT_EMPTY)
    spki = reader.spki_of(expected.public_key)
    if reader.point_of(spki) is None:
        raise Misuse(rules.STORED_KEY, f"{len(expected.public_key)} bytes")
    return spki, expected.client_data


def _check_signature(spki: bytes, signature: bytes, nonce: bytes) -> None:
    try:
        key = load_public_key(spki)
    except BadEvidence as error:
        raise Misuse(rules.STORED_KEY, error.detail) from error
    try:
        check_signature(ECDSA_SHA256, key, signature, nonce)
    except BadEvidence as error:
        raise BadEvidence(rules.SIGNATURE, error.detail) from error


def _check_app(wanted: str | None, app_id_hash: bytes, exam: Examination) -> None:
    """Step 4: in our app."""
    if wanted is None:
        exam.leave_open(rules.APP, "no app was stated")
    elif not compare_digest(sha256(wanted.encode("utf-8", "replace")).digest(), app_id_hash):
        raise BadEvidence(rules.APP, app_id_hash.hex())


def _check_counter(stored: int | None, counter: int, exam: Examination) -> None:
    """Step 5: newer than what was seen last."""
    if stored is None:
        exam.leave_open(rules.COUNTER, "no stored counter was stated: it may be a replay")
    if counter <= (stored or 0):
        raise BadEvidence(rules.COUNTER, str(counter))


def _check_challenge(
    expected: AppAttestAssertionExpectations, client_data: bytes, exam: Examination
) -> None:
    """Step 6. Every accepted text is made from the challenge; nothing received is decoded."""
    challenge = expected.challenge
    if challenge is None:
        exam.leave_open(rules.CHALLENGE, "no challenge was stated")
        return
    if expected.challenge_place is ChallengePlace.CONTAINED:
        found = challenge in client_data
    else:
        found = compare_digest(client_data, challenge) or _member_matches(client_data, challenge)
    if not found:
        raise BadEvidence(rules.CHALLENGE, client_data[:200].decode("utf-8", "replace"))


def _member_matches(client_data: bytes, challenge: bytes) -> bool:
    try:
        member = json.decode_object(client_data, max_bytes=MAX_JSON_BYTES).get("challenge")
    except BadEvidence:
        return False
    if type(member) is not str:
        return False
    text = member.encode("utf-8", "replace")
    stripped = text.rstrip(b"=")
    return (
        compare_digest(text, challenge)
        or compare_digest(stripped, b64encode(challenge).rstrip(b"="))
        or compare_digest(stripped, urlsafe_b64encode(challenge).rstrip(b"="))
        or compare_digest(text, challenge.hex().encode())
    )
