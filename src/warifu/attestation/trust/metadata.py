"""FIDO metadata (MDS 3.1.1): which authenticator models exist, who roots them, what befell them.

The BLOB is a signed list that many hands fill, and some entries are always wrong. A wrong entry is
left out and reported; it never takes the others with it, and it never leaves a model looking better
than its publisher meant, because a model that is left out has no roots.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from warifu.attestation.trust.metadata_entry import MetadataEntry, merge, read_entry
from warifu.attestation.trust.rules import (
    MDS_FRESH,
    MDS_NO_ROLLBACK,
    MDS_SIGNER,
    MDS_WELL_FORMED,
)
from warifu.attestation.trust.unknown import Unknown
from warifu.base.codec import jose, json
from warifu.base.errors import BadEvidence, MalformedEvidence, RejectedTrust, StaleTrust
from warifu.base.pki.alternative_names import certified_dns_names
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import Path, verify_path
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from warifu.base.codec.jose import Jws
    from warifu.base.pki.path import TrustPoint

Identifier = TypeVar("Identifier", bytes, str)

MAX_BYTES = 32 << 20
MAX_ENTRIES = 20_000
MAX_NUMBER = (1 << 53) - 1
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) | frozenset(
    {"ES256", "ES384", "ES512"}
)
SERVICE_NAME = "mds.fidoalliance.org"
"""Whom the signer's certificate must name: FIDO's root is a public authority's, for anyone."""


class Metadata(Struct, frozen=True, kw_only=True):
    """One verified BLOB."""

    number: int
    """`no`: counts up with every BLOB."""
    next_update: date
    legal_header: str | None
    entries: tuple[MetadataEntry, ...]
    path: Path
    """The proved chain of its signer."""
    algorithm: str
    unknown: tuple[str, ...]
    """Fields and statuses that this version does not know, and entries that were left out with the
    reason. Bounded."""
    left_out: int
    """How many entries could not be read."""
    by_aaguid: dict[bytes, MetadataEntry]
    by_aaid: dict[str, MetadataEntry]
    by_key_identifier: dict[str, MetadataEntry]

    def find_aaguid(self, aaguid: bytes) -> MetadataEntry | None:
        """The model of a FIDO2 authenticator, by the 16 bytes in its authenticator data."""
        return self.by_aaguid.get(aaguid)

    def find_aaid(self, aaid: str) -> MetadataEntry | None:
        """The model of a UAF authenticator, such as ``1234#5678``."""
        return self.by_aaid.get(aaid.lower())

    def find_key_identifier(self, identifier: str) -> MetadataEntry | None:
        """The model of a U2F authenticator, by its attestation certificate's key.

        Args:
            identifier: SHA-1 of the certificate's subject public key bits in hex
                (RFC 5280 §4.2.1.2 method 1).
        """
        return self.by_key_identifier.get(identifier.lower())

    def require_fresh(self, known_at: datetime) -> None:
        """Refuse to conclude anything after the day of the promised next update has passed.

        Raises:
            StaleTrust: ``mds/fresh``.
        """
        if known_at.astimezone(UTC).date() > self.next_update:
            raise StaleTrust(MDS_FRESH, f"next update {self.next_update}, number {self.number}")

    def require_not_before(self, earlier: Metadata) -> None:
        """Refuse a BLOB whose number is below that of the one held.

        Raises:
            RejectedTrust: ``mds/no-rollback``.
        """
        if self.number < earlier.number:
            raise RejectedTrust(MDS_NO_ROLLBACK, f"number {self.number} after {earlier.number}")


def verify_blob(
    data: bytes,
    *,
    anchors: Sequence[TrustPoint],
    at: datetime,
    signer: str | None = SERVICE_NAME,
) -> Metadata:
    """Verify a metadata BLOB and read what it holds (MDS 3.1.1 §3.2).

    Freshness and rollback depend on what else is known: see `Metadata.require_fresh` and
    `Metadata.require_not_before`.

    Args:
        data: The compact JWS as published, in ASCII; white space around it is ignored.
        anchors: Roots of the metadata service. An empty sequence trusts nothing.
        at: When the BLOB was received: its signer's certificates must have been valid then.
        signer: The DNS name that the signer's certificate must bear; None only where the root
            certifies nobody else, as test roots do.

    Raises:
        BadEvidence: ``jose/*``, ``pki/*``, ``text/*``, ``mds/well-formed``, ``mds/signer``.
    """
    # Steps 4 and 5: certificates come in x5c; nothing is fetched from an x5u of a sender's choice.
    jws = jose.read_jws(
        data.strip(),
        algorithms=ALGORITHMS,
        key_headers=frozenset({"x5c"}),
        max_bytes=MAX_BYTES,
    )
    chain = [read_certificate(certificate) for certificate in jose.certificates(jws)]
    # Step 6: the chain ends at the metadata service's root, its leaf is the service's ...
    path = verify_path(chain, anchors, at)
    if signer is not None and signer not in certified_dns_names(chain[0]):
        raise BadEvidence(MDS_SIGNER, f"leaf does not name {signer}")
    # ... and the signature is the leaf's.
    jose.check_jws(jws, load_public_key(chain[0].public_key))
    return _read_payload(jws, path)


def _read_payload(jws: Jws, path: Path) -> Metadata:
    payload = json.decode_object(jws.payload, max_bytes=MAX_BYTES)
    number, listed = payload.get("no"), payload.get("entries")
    if type(number) is not int or number < 0 or number > MAX_NUMBER:
        raise MalformedEvidence(MDS_WELL_FORMED, "no")
    if type(listed) is not list or len(listed) > MAX_ENTRIES:
        raise MalformedEvidence(MDS_WELL_FORMED, "entries")
    try:
        next_update = date.fromisoformat(payload.get("nextUpdate", ""))
    except (TypeError, ValueError) as error:
        raise MalformedEvidence(MDS_WELL_FORMED, "nextUpdate") from error
    unknown = Unknown()
    unknown.members("", payload, _PAYLOAD_MEMBERS)
    entries = _read_entries(listed, unknown)
    legal = payload.get("legalHeader")
    return Metadata(
        number=number,
        next_update=next_update,
        legal_header=legal if type(legal) is str else None,
        entries=entries,
        path=path,
        algorithm=jws.algorithm,
        left_out=len(listed) - len(entries),
        by_aaguid=_index(((e.aaguid, e) for e in entries if e.aaguid is not None), unknown),
        by_aaid=_index(((e.aaid, e) for e in entries if e.aaid is not None), unknown),
        by_key_identifier=_index(((k, e) for e in entries for k in e.key_identifiers), unknown),
        unknown=unknown.notes(),
    )


def _read_entries(listed: list[Any], unknown: Unknown) -> tuple[MetadataEntry, ...]:
    entries: list[MetadataEntry] = []
    for number, value in enumerate(listed):
        entry = read_entry(value, unknown, f"entries[{number}]")
        if entry is None:
            unknown.add(f"entries[{number}]: identifies no model")
            continue
        for problem in entry.problems:
            unknown.add(f"{entry.name}: {problem}")
        entries.append(entry)
    return tuple(entries)


def _index(
    pairs: Iterable[tuple[Identifier, MetadataEntry]], unknown: Unknown
) -> dict[Identifier, MetadataEntry]:
    """By identifier. Where two entries claim one, a compromise of either is one of the model."""
    claimed: dict[Identifier, list[MetadataEntry]] = {}
    for identifier, entry in pairs:
        claims = claimed.setdefault(identifier, [])
        if claims:
            unknown.add(f"{entry.name}: listed more than once")
        if not claims or claims[-1] is not entry:
            claims.append(entry)
    return {identifier: merge(claims) for identifier, claims in claimed.items()}


_PAYLOAD_MEMBERS = frozenset({"legalHeader", "no", "nextUpdate", "entries"})
