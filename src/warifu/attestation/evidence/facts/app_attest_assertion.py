"""What an App Attest assertion proves beyond the common facts, and what it is held against."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.attestation.expectations import Expectations


class ChallengePlace(StrEnum):
    """Where the app puts the challenge in its client data, which is the app's own format."""

    STRUCTURED = "structured"
    """The client data is the challenge, or a JSON object whose top-level member ``challenge`` is
    the challenge as UTF-8 text, base64, base64url (padded or not) or lower-case hex."""
    CONTAINED = "contained"
    """The bytes of the challenge occur somewhere in the client data. Only for long random
    challenges: where other parts are chosen by the caller they must not be able to hold it."""


class AppAttestAssertionExpectations(Expectations, frozen=True, kw_only=True):
    """What the relying party expected of an assertion. `app` is ``<team>.<bundle>``."""

    public_key: bytes | None = None
    """The key stored at attestation: DER SubjectPublicKeyInfo, or X9.62 uncompressed point. Without
    it there is no statement at all."""
    client_data: bytes | None = None
    """The request as the app hashed it. Without it there is no statement at all."""
    counter: int | None = None
    """The counter stored last, 0 before the first assertion. None leaves a gap: replays pass."""
    challenge_place: ChallengePlace = ChallengePlace.STRUCTURED


class AppAttestAssertionFacts(Struct, frozen=True, kw_only=True, tag="app-attest-assertion"):
    """Facts of an App Attest assertion."""

    app_id_hash: bytes
    """SHA-256 of ``<team>.<bundle>``, 32 bytes."""
    client_data_hash: bytes
    """SHA-256 of the client data that was signed, 32 bytes."""
    flags: int
    """Flags octet of the authenticator data as signed."""
