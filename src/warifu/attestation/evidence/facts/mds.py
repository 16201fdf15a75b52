"""What a FIDO metadata BLOB proves, and what it can be held against."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from warifu.attestation.expectations import Expectations


class MDSExpectations(Expectations, frozen=True, kw_only=True):
    """`app` is the DNS name that the signer's certificate must bear.

    Left out, it is FIDO's own in production; a BLOB of the test realm may then have any signer.
    """

    number: int | None = None
    """The number of the newest BLOB held, where it is not the one in the trust view."""


class CompromisedModel(Struct, frozen=True, kw_only=True):
    """One model that is not to be relied on at the time judged for."""

    model: str
    """AAGUID, AAID or key identifier."""
    description: str | None
    status: str
    since: date | None


class MDSFacts(Struct, frozen=True, kw_only=True, tag="mds"):
    """What the BLOB says as a whole."""

    number: int
    next_update: date
    legal_header: str | None
    signer: tuple[str, ...]
    """DNS names in the signer's certificate."""
    algorithm: str
    models: int
    """Entries that were read."""
    left_out: int
    """Entries that identify no model."""
    roots: int
    statuses: dict[str, int]
    """How many models have each status at the time judged for."""
    compromised: tuple[CompromisedModel, ...]
    unknown: tuple[str, ...]
    """Fields and statuses not known to this version, and what could not be read."""
