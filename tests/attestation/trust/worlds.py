"""A test world's trust: a metadata service, its root as a document, histories in memory."""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from warifu.attestation.claims import Realm
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord
from warifu.base.codec.text import to_base64
from warifu.base.pki.certificate import read_certificate
from warifu.handset.metadata_service import MetadataService

REVOKED = {"status": "REVOKED"}


def anchors_document(certificate: bytes, *uses: str, realm: str | None = "test") -> bytes:
    read = read_certificate(certificate)
    anchor = {
        "name": "a root",
        "uses": list(uses or ("fido-metadata",)),
        "sha256": sha256(certificate).hexdigest(),
        "spki_sha256": sha256(read.public_key).hexdigest(),
        "not_before": f"{read.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{read.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "validity": "enforced",
        "provenance": {},
        "certificate": to_base64(certificate),
    }
    document: Any = [anchor] if realm is None else {"realm": realm, "anchors": [anchor]}
    return json.dumps(document).encode()


def revocation_document(*serials: int) -> bytes:
    return json.dumps({"entries": {f"{serial:x}": REVOKED for serial in serials}}).encode()


class Growing:
    """A history that grows in memory."""

    def __init__(self, realm: Realm = Realm.TEST) -> None:
        self.realm = realm
        self.objects: dict[str, bytes] = {}
        self.records: list[SnapshotRecord] = []
        self.service = MetadataService()

    @property
    def history(self) -> TrustHistory:
        return self.of(self.records)

    def of(self, records: Sequence[SnapshotRecord]) -> TrustHistory:
        return TrustHistory(realm=self.realm, records=records, find=self.objects.__getitem__)

    def learn(self, kind: SnapshotKind, data: bytes, at: datetime) -> SnapshotRecord:
        record = self.history.admit(kind, data, learned_at=at, source="a test")
        self.records.append(record)
        self.objects[record.sha256] = data
        return record

    def learn_root(self, at: datetime) -> SnapshotRecord:
        return self.learn(SnapshotKind.ANCHORS, anchors_document(self.service.root.certificate), at)

    def confirm(self, kind: SnapshotKind, at: datetime) -> SnapshotRecord:
        record = self.history.confirm(kind, at=at)
        self.records.append(record)
        return record
