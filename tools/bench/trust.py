"""What is believed while measuring: what production believes, as of the time of the evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from warifu.attestation.claims import Realm
from warifu.attestation.trust import revocation
from warifu.attestation.trust.anchors import Anchor, AnchorUse, load_anchors, make_anchor
from warifu.attestation.trust.metadata import verify_blob
from warifu.attestation.trust.view import TrustView
from warifu.base.pki.certificate import read_certificate

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "tweag-webauthn/golden-metadata/big/blob.jwt"
METADATA_AT = datetime(2023, 1, 25, tzinfo=UTC)
REVOCATION_LIST = "google-revocation-status/status-2025-01-08.json"


def production(at: datetime, vectors: Path) -> TrustView:
    """All bundled anchors, and a list of revoked certificates of real size taken for current."""
    listed = vectors / REVOCATION_LIST
    return TrustView(
        known_at=at,
        anchors=bundled(),
        revocation=revocation.parse(listed.read_bytes(), confirmed_at=at),
    )


def with_metadata(vectors: Path) -> TrustView:
    """The bundled anchors, and a recorded list of FIDO with 148 models, when it was current."""
    points = TrustView(known_at=METADATA_AT, anchors=bundled()).points(AnchorUse.FIDO_METADATA)
    blob = (vectors / METADATA).read_bytes()
    return TrustView(
        known_at=METADATA_AT,
        anchors=bundled(),
        metadata=verify_blob(blob, anchors=points, at=METADATA_AT),
    )


def with_root(at: datetime, root: bytes, *uses: AnchorUse) -> TrustView:
    """The bundled anchors and one more, for evidence of a test authority."""
    anchor = make_anchor(read_certificate(root), name="test-root", uses=uses)
    return TrustView(known_at=at, realm=Realm.TEST, anchors=(*bundled(), anchor))


@cache
def bundled() -> tuple[Anchor, ...]:
    """The anchors that come with the package."""
    source = files("warifu.attestation.trust") / "bundled" / "anchors.json"
    return load_anchors(source.read_bytes(), realm=Realm.PRODUCTION)
