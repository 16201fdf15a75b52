"""What an App Attest receipt proves beyond the common facts, and what it is held against."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.attestation.evidence.facts.app_attest import Environment
from warifu.attestation.expectations import Expectations

APPLE_MAX_AGE_SECONDS = 300


class ReceiptKind(StrEnum):
    """Where a receipt came from."""

    ATTEST = "ATTEST"
    """Out of an attestation; it has no risk metric."""
    RECEIPT = "RECEIPT"
    """From Apple's server, in exchange for an earlier receipt."""


class AppAttestReceiptExpectations(Expectations, frozen=True, kw_only=True):
    """What the relying party expected of a receipt.

    `challenge` is the one of the attestation; its SHA-256 is the client hash. Apple's steps do not
    demand it, so None leaves no gap. `app` is ``<team>.<bundle>``.
    """

    client_data_hash: bytes | None = None
    """As in `AppAttestExpectations`; never together with `challenge`."""
    public_key: bytes | None = None
    """The key stored at attestation: DER SubjectPublicKeyInfo, or X9.62 uncompressed point."""
    key_identifier: bytes | None = None
    """The key identifier instead of, or beside, the public key: 32 bytes."""
    max_age_seconds: int | None = APPLE_MAX_AGE_SECONDS
    """How old the receipt may be at the time judged for. None leaves a gap."""
    environment: Environment | None = None
    """None accepts production, and leaves a gap where the receipt is of development."""


class AppAttestReceiptFacts(Struct, frozen=True, kw_only=True, tag="app-attest-receipt"):
    """Facts of an App Attest receipt."""

    kind: ReceiptKind
    risk_metric: int | None
    """How many keys Apple counts for this device and app in the last 30 days, roughly; None in
    receipts out of an attestation."""
    client_hash: bytes
    """As received: 32 bytes, or what refreshing at Apple made of them (see the leniencies)."""
    token: str
    not_before: datetime | None
    """When Apple will first give a newer receipt for this one; None out of an attestation."""
    expires_at: datetime
    other_fields: dict[str, bytes]
    """Fields Apple does not document and we do not know, raw, by type."""
