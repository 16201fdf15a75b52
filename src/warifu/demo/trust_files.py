"""What the test world's makers publish, as files that a trust directory takes in."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from warifu.attestation.document import rfc3339
from warifu.attestation.trust.anchors import Anchor, AnchorUse, make_anchor
from warifu.base.pki.certificate import read_certificate
from warifu.handset.metadata_service import AAGUID, model

if TYPE_CHECKING:
    from warifu.demo.world import World


def anchors_document(world: World) -> bytes:
    """The roots of the world's makers, in the form of the bundled anchors."""
    service = make_anchor(
        read_certificate(world.metadata.root.certificate),
        name="test-metadata",
        uses=[AnchorUse.FIDO_METADATA],
    )
    entries = [_entry(anchor) for anchor in (*world.trust().anchors, service)]
    return json.dumps({"realm": "test", "anchors": entries}).encode()


def metadata_blob(world: World) -> bytes:
    """FIDO's metadata about the one authenticator model of this world."""
    maker = world.security_key.authority.certificate
    world.metadata.payload["entries"] = [model(AAGUID, roots=(maker,))]
    world.metadata.payload["nextUpdate"] = "2099-12-31"
    return world.metadata.blob


def revocation_list(serials: tuple[int, ...]) -> bytes:
    """Google's list in its own form, with these serials of certificates revoked."""
    revoked = {"status": "REVOKED", "reason": "KEY_COMPROMISE"}
    return json.dumps({"entries": {f"{serial:x}": revoked for serial in serials}}).encode()


def _entry(anchor: Anchor) -> dict[str, object]:
    certificate = anchor.certificate
    return {
        "name": anchor.name,
        "uses": sorted(anchor.uses),
        "sha256": sha256(certificate.der).hexdigest(),
        "spki_sha256": sha256(certificate.public_key).hexdigest(),
        "not_before": rfc3339(certificate.not_before),
        "not_after": rfc3339(certificate.not_after),
        "validity": anchor.validity,
        "provenance": {"publisher": "warifu demo"},
        "certificate": b64encode(certificate.der).decode(),
    }
