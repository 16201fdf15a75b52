"""What an App Attest attestation proves beyond the common facts, and what it is held against."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.attestation.expectations import Expectations


class Environment(StrEnum):
    """Where an app was allowed to run when the key was attested."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class AppAttestExpectations(Expectations, frozen=True, kw_only=True):
    """What the relying party expected of an attestation.

    `challenge` is the one-time challenge; its SHA-256 is the client data hash, as Apple's text
    demands. `app` is ``<team>.<bundle>``.
    """

    client_data_hash: bytes | None = None
    """For apps that passed something else than SHA-256 of the challenge to `attestKey`: exactly
    those bytes. Apple's own sample passes the challenge unhashed. Never together with
    `challenge`."""
    key_identifier: bytes | None = None
    """The key identifier the app sent, 32 bytes. Without it nothing is left open: the identifier
    that is proved is in `Claims.key.identifier`."""
    environment: Environment | None = None
    """None accepts production, and leaves a gap where the evidence is of development."""


class AppAttestFacts(Struct, frozen=True, kw_only=True, tag="app-attest"):
    """Facts of an App Attest attestation."""

    app_id_hash: bytes
    """SHA-256 of ``<team>.<bundle>``, 32 bytes."""
    extensions: dict[str, bytes]
    """Apple's own extensions of the credential certificate (1.2.840.113635.100.8.x), raw, by dotted
    identifier. Apple documents only the nonce, 8.2."""
