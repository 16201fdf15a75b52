"""One bank, one authenticator maker, and the trust that a test gives to them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tests.support import make_test_anchor, test_trust
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata import Metadata
from warifu.attestation.trust.metadata_entry import MetadataEntry, StatusReport
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import Path, TrustPoint
from warifu.handset.webauthn import MODEL, RP_ID, Authentication, Registration

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims
    from warifu.attestation.trust.view import TrustView

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
EVERY_USE = (AnchorUse.WEBAUTHN, AnchorUse.WEBAUTHN_APPLE, AnchorUse.WEBAUTHN_TPM)


def metadata(*entries: MetadataEntry, next_update: date = date(2026, 12, 1)) -> Metadata:
    return Metadata(
        number=1,
        next_update=next_update,
        legal_header=None,
        entries=entries,
        path=Path(certificates=(), anchor=TrustPoint(name="mds", subject=b"", public_key=b"")),
        algorithm="ES256",
        unknown=(),
        left_out=0,
        by_aaguid={entry.aaguid: entry for entry in entries if entry.aaguid},
        by_aaid={},
        by_key_identifier={
            identifier: entry for entry in entries for identifier in entry.key_identifiers
        },
    )


def model(
    *roots: bytes, statuses: tuple[StatusReport, ...] = (), leaf: bool = False, **members: Any
) -> MetadataEntry:
    points = []
    for number, root in enumerate(roots):
        certificate = read_certificate(root)
        points.append(
            TrustPoint(
                name=f"mds root {number}",
                subject=certificate.subject,
                public_key=certificate.public_key,
                leaf=root if leaf else None,
            )
        )
    return MetadataEntry(
        **{"aaguid": MODEL, "description": "Warifu Key", **members},
        roots=tuple(points),
        status_reports=statuses or (StatusReport(status="FIDO_CERTIFIED_L1"),),
    )


def trusting(*roots: bytes, known: Metadata | None = None) -> TrustView:
    anchors = [
        make_test_anchor(root, *EVERY_USE, name=f"test-root-{number}")
        for number, root in enumerate(roots)
    ]
    return test_trust(*anchors, known_at=NOW, metadata=known or metadata())


def expecting(ceremony: Registration | Authentication, /, **others: Any) -> WebAuthnExpectations:
    if isinstance(ceremony, Authentication):
        others.setdefault("credential", stored(ceremony))
    return WebAuthnExpectations(**{"challenge": ceremony.challenge, "app": RP_ID, **others})


def stored(ceremony: Authentication | Registration, **others: Any) -> StoredCredential:
    members: dict[str, Any] = {
        "identifier": ceremony.credential_id,
        "public_key": ceremony.key.public_key(),
        "counter": 0,
        "backup_eligible": False,
        "user_handle": b"customer 4711",
    }
    return StoredCredential(**{**members, **others})


def verify(
    ceremony: Registration | Authentication,
    /,
    *,
    trust: TrustView | None = None,
    gaps: Gaps = Gaps.REFUSE,
    at: datetime = NOW,
    **expected: Any,
) -> Claims:
    return webauthn.verify(
        ceremony.evidence(),
        expected=expecting(ceremony, **expected),
        trust=trust or trusting(),
        at=at,
        gaps=gaps,
    )
