"""What evidence is held against: the challenge, the app as registered, the key as stored."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.facts.app_attest_assertion import (
    AppAttestAssertionExpectations,
    ChallengePlace,
)
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
from warifu.attestation.evidence.readers.webauthn_response import (
    AssertionResponse,
    read_response,
)
from warifu.attestation.evidence.rules import play_integrity
from warifu.attestation.verifier import Evidence, format_of, unwrap
from warifu.base.codec.text import to_base64url
from warifu.base.errors import BadEvidence, Misuse
from warifu.service.conduct.evidence.rules import FORM, KNOWN_KEY, PLATFORM

if TYPE_CHECKING:
    from warifu.attestation.expectations import Expectations
    from warifu.service.conduct.registrations.registration import RegisteredApp

MAX_OCTETS = 1 << 19
"""Of any one member; the body has a limit of its own."""

Platform = TypeVar("Platform")
Octets = Annotated[bytes, Meta(min_length=1, max_length=MAX_OCTETS)]


class SubmittedEvidence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evidence as the bank's app sent it. All bytes are standard base64 with padding."""

    media_type: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    data: Octets | None = None
    """The evidence in the form that its media type has."""
    cmw: Octets | None = None
    """In place of both: a CMW record (RFC 9999), JSON or CBOR."""
    key: Annotated[bytes, Meta(min_length=1, max_length=1024)] | None = None
    """App Attest: the key identifier, as `DCAppAttestService.generateKey` names it."""
    client_data: Octets | None = None
    """App Attest assertions: the request as the app hashed it. A JSON object whose member
    ``challenge`` is the challenge as base64url, or the challenge's bytes themselves."""
    user_handle: Annotated[bytes, Meta(min_length=1, max_length=64)] | None = None
    """WebAuthn: the user handle that the bank gave the account (WebAuthn L3 §5.4.3)."""


class StoredKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a key to check its signatures."""

    identifier: bytes
    public_key: bytes
    """COSE_Key for WebAuthn, DER of SubjectPublicKeyInfo else."""
    backup_eligible: bool | None = None
    user_handle: bytes | None = None


class Question(Struct, frozen=True, kw_only=True):
    """Evidence as received, and which key it says it is of; nothing of it is proved."""

    format: Format
    data: bytes
    submitted: SubmittedEvidence
    identifier: bytes | None
    """Of the key that asserts; None for evidence that stands by itself."""

    @property
    def key_name(self) -> str | None:
        """The name of that key, see `key_name`."""
        return None if self.identifier is None else key_name(self.identifier)

    @property
    def asserts(self) -> bool:
        """Whether it is an assertion by a key that must be registered."""
        return self.identifier is not None


class Against(Struct, frozen=True, kw_only=True):
    """All that evidence can be held against."""

    app: RegisteredApp
    challenge: bytes
    question: Question
    key: StoredKey | None
    counter: int


def receive(submitted: SubmittedEvidence) -> Question:
    """Find out what was sent.

    Raises:
        Misuse: ``evidence/form``, ``evidence/platform``.
        BadEvidence: A wrapper that does not unwrap, or an unknown media type.
    """
    evidence = _unwrapped(submitted)
    name = format_of(evidence.media_type).format
    if name not in _EXPECTING:
        raise Misuse(PLATFORM, name)
    return Question(
        format=name,
        data=evidence.data,
        submitted=submitted,
        identifier=_claimed_key(name, evidence.data, submitted),
    )


def expect(against: Against) -> Expectations:
    """What this evidence is held against.

    Raises:
        Misuse: ``evidence/platform``.
        BadEvidence: ``evidence/known-key``, ``play-integrity/encryption``.
    """
    if against.question.asserts and against.key is None:
        raise BadEvidence(KNOWN_KEY)
    return _EXPECTING[against.question.format](against)


def key_name(identifier: bytes) -> str:
    """The name of a key: SHA-256 of the identifier that its platform gave it, base64url."""
    return to_base64url(sha256(identifier).digest())


def read_stored_key(credential: bytes) -> StoredKey:
    """From what is stored."""
    return _STORED.decode(credential)


def write_stored_key(key: StoredKey) -> bytes:
    """As it is stored."""
    return msgspec.msgpack.encode(key)


def _unwrapped(submitted: SubmittedEvidence) -> Evidence:
    if submitted.cmw is not None:
        if submitted.data is not None or submitted.media_type is not None:
            raise Misuse(FORM, "cmw beside data or media_type")
        return unwrap(submitted.cmw)
    if submitted.data is None or submitted.media_type is None:
        raise Misuse(FORM, "no data, or no media_type")
    return Evidence(media_type=submitted.media_type, data=submitted.data)


def _claimed_key(name: Format, data: bytes, submitted: SubmittedEvidence) -> bytes | None:
    if name is Format.APP_ATTEST_ASSERTION:
        if submitted.key is None or submitted.client_data is None:
            raise Misuse(FORM, "an assertion comes with key and client_data")
        return submitted.key
    if name is Format.WEBAUTHN:
        try:
            response = read_response(data)
        except BadEvidence:
            return None  # verification says what is wrong with it
        return response.credential_id if isinstance(response, AssertionResponse) else None
    return None


def _android_key(against: Against) -> Expectations:
    # Who signs the app is for the policy: the claims say it, and appraisal compares.
    return AndroidKeyExpectations(challenge=against.challenge, app=_package(against))


def _app_attest(against: Against) -> Expectations:
    apple = _platform(against.app.registration.apple)
    return AppAttestExpectations(
        challenge=against.challenge,
        app=apple.app_id,
        key_identifier=against.question.submitted.key,
        environment=Environment(apple.environment.value),
    )


def _assertion(against: Against) -> Expectations:
    return AppAttestAssertionExpectations(
        challenge=against.challenge,
        app=_platform(against.app.registration.apple).app_id,
        public_key=_platform(against.key).public_key,
        client_data=against.question.submitted.client_data,
        counter=against.counter,
        challenge_place=ChallengePlace.STRUCTURED,
    )


def _webauthn(against: Against) -> Expectations:
    web = _platform(against.app.registration.webauthn)
    key = against.key
    return WebAuthnExpectations(
        challenge=against.challenge,
        app=web.rp_id,
        origins=web.origins,
        credential=None
        if key is None
        else StoredCredential(
            identifier=key.identifier,
            public_key=key.public_key,
            counter=against.counter,
            backup_eligible=key.backup_eligible,
            user_handle=against.question.submitted.user_handle or key.user_handle,
        ),
    )


def _play_integrity(against: Against) -> Expectations:
    keys = against.app.play_integrity_keys()
    if keys and against.question.data[:1] == b"{":
        # Anyone can write down a verdict in clear; with the keys at hand, none is taken.
        raise BadEvidence(play_integrity.ENCRYPTION, "in clear, though its keys are registered")
    verification = keys.get("verification_key")
    return PlayIntegrityExpectations(
        challenge=against.challenge,
        app=_package(against),
        decryption_key=keys.get("decryption_key"),
        verification_key=verification.reveal() if verification else None,
    )


def _safetynet(against: Against) -> Expectations:
    return SafetyNetExpectations(challenge=against.challenge, app=_package(against))


def _package(against: Against) -> str:
    return _platform(against.app.registration.android).package


def _platform(stated: Platform | None) -> Platform:
    if stated is None:
        raise Misuse(PLATFORM, "the app registration does not name this platform")
    return stated


_STORED = msgspec.msgpack.Decoder(StoredKey)
_EXPECTING: dict[Format, Callable[[Against], Expectations]] = {
    Format.ANDROID_KEY: _android_key,
    Format.APP_ATTEST: _app_attest,
    Format.APP_ATTEST_ASSERTION: _assertion,
    Format.WEBAUTHN: _webauthn,
    Format.PLAY_INTEGRITY: _play_integrity,
    Format.SAFETYNET: _safetynet,
}
"""Evidence about a device that answers a challenge; receipts and metadata do not."""
