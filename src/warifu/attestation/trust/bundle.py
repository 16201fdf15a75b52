"""The whole history as one signed file, for places that reach no publisher.

A bundle is an untagged COSE_Sign1 (RFC 9052 §4.2) in deterministic CBOR. Its payload is a map::

    {"format": "warifu-trust-bundle", "version": 1, "realm": "production",
     "records": [{"kind": "anchors", "sha256": "...", ...}, ...],
     "objects": {"<sha256 in hex>": h'...', ...}}

The importer names the key: a bundle neither brings nor names it. A history is only ever continued.
What a bundle adds was not believed here before it was imported, whenever its maker learned it; a
place that holds nothing yet may instead restore a history as its maker recorded it, for audits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from msgspec.structs import replace

from warifu.attestation.claims import Realm
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.rules import (
    BUNDLE_CONTINUES,
    BUNDLE_ROLLBACK,
    BUNDLE_SIGNATURE,
    BUNDLE_WELL_FORMED,
    REALM,
)
from warifu.attestation.trust.snapshot import (
    MAX_SNAPSHOT_BYTES,
    SnapshotRecord,
    require_intact,
    to_record,
)
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse, RejectedTrust
from warifu.base.pki import signature
from warifu.base.pki.sign1 import ALGORITHM, COORDINATE_OCTETS, TYPE, to_be_signed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

SigningKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

MAX_BYTES = 1 << 30
MAX_RECORDS = 1_000_000
MAX_OBJECTS = 10_000

FORMAT = "warifu-trust-bundle"
VERSION = 1
CONTENT_TYPE = "application/vnd.warifu.trust-bundle+cbor"

_ED25519, _ESP256 = -19, -9
"""RFC 9864 §2: algorithms that leave nothing open."""


def export_bundle(history: TrustHistory, *, key: SigningKey) -> bytes:
    """Sign a whole history.

    Args:
        history: What to carry.
        key: Ed25519, or ECDSA on P-256.

    Raises:
        Misuse: ``bundle/signature`` where the key is of another kind.
        RejectedTrust: A snapshot of the history is damaged.
    """
    names = sorted({record.sha256 for record in history.records})
    payload = cbor.encode_deterministic(
        {
            "format": FORMAT,
            "version": VERSION,
            "realm": history.realm.value,
            "records": [msgspec.to_builtins(record) for record in history.records],
            "objects": {name: history.snapshot(name) for name in names},
        }
    )
    algorithm = _algorithm_of(key.public_key())
    if algorithm is None:
        raise Misuse(BUNDLE_SIGNATURE, f"cannot sign with {type(key).__name__}")
    protected = _protected(algorithm)
    proof = _sign(key, to_be_signed(protected, payload))
    return cbor.encode_deterministic([protected, {}, payload, proof])


def read_bundle(data: bytes, *, key: signature.PublicKey, realm: Realm) -> TrustHistory:
    """Verify a bundle and open the history that it carries.

    Args:
        data: The file.
        key: Whose signature counts, known to the importer beforehand.
        realm: The realm of the importer.

    Raises:
        RejectedTrust: ``bundle/well-formed``, ``bundle/signature``, ``trust/realm``,
            ``trust/snapshot-intact``, ``trust/history-well-formed``.
        Misuse: ``bundle/signature`` where the key is of a kind that signs no bundles.
    """
    algorithm = _algorithm_of(key)
    if algorithm is None:
        raise Misuse(BUNDLE_SIGNATURE, f"{type(key).__name__} signs no bundles")
    protected, payload, proof = _open(data)
    # The key decides the algorithm; the header must agree, byte for byte.
    if protected != _protected(algorithm):
        raise RejectedTrust(BUNDLE_SIGNATURE, "signed with another algorithm or for another use")
    _check(key, proof, to_be_signed(protected, payload))
    return _read_payload(payload, realm)


def continue_history(
    held: TrustHistory, offered: TrustHistory, *, imported_at: datetime
) -> tuple[SnapshotRecord, ...]:
    """The records by which a bundle's history goes beyond the one held, as learned now.

    Raises:
        RejectedTrust: ``bundle/no-rollback`` where the bundle ends before what is held does,
            ``bundle/continues`` where the two disagree about what came before.
    """
    common = min(len(held.records), len(offered.records))
    for position in range(common):
        if not held.records[position].same_fact(offered.records[position]):
            raise RejectedTrust(BUNDLE_CONTINUES, f"record {position} differs")
    if len(offered.records) < len(held.records):
        raise RejectedTrust(
            BUNDLE_ROLLBACK, f"{len(offered.records)} records, {len(held.records)} held"
        )
    added = tuple(replace(record, learned_at=imported_at) for record in offered.records[common:])
    for record in added:
        if record.confirmed_at > imported_at:
            raise RejectedTrust(BUNDLE_CONTINUES, "made later than it was imported")
    return added


def _read_payload(payload: bytes, realm: Realm) -> TrustHistory:
    try:
        members = cbor.decode(payload, max_bytes=MAX_BYTES)
    except MalformedEvidence as error:
        raise RejectedTrust(BUNDLE_WELL_FORMED, error.detail) from error
    if type(members) is not dict or members.keys() != _MEMBERS.keys():
        raise RejectedTrust(BUNDLE_WELL_FORMED, "members")
    wrong = [name for name, kind in _MEMBERS.items() if type(members[name]) is not kind]
    if wrong or members["format"] != FORMAT or members["version"] != VERSION:
        raise RejectedTrust(BUNDLE_WELL_FORMED, f"{wrong or 'format or version'}")
    if members["realm"] != realm.value:
        raise RejectedTrust(REALM, f"bundle of realm {members['realm']!r:.40}")
    objects = _read_objects(members["objects"])
    records = _read_records(members["records"])
    if {record.sha256 for record in records} != objects.keys():
        raise RejectedTrust(BUNDLE_WELL_FORMED, "records and snapshots do not match")
    return TrustHistory(realm=realm, records=records, find=objects.__getitem__)


def _read_objects(objects: dict[Any, Any]) -> dict[str, bytes]:
    if len(objects) > MAX_OBJECTS:
        raise RejectedTrust(BUNDLE_WELL_FORMED, f"more than {MAX_OBJECTS} snapshots")
    for name, data in objects.items():
        if type(name) is not str or type(data) is not bytes or len(data) > MAX_SNAPSHOT_BYTES:
            raise RejectedTrust(BUNDLE_WELL_FORMED, "snapshot")
        require_intact(name, data)
    return objects


def _read_records(records: Sequence[Any]) -> list[SnapshotRecord]:
    if len(records) > MAX_RECORDS:
        raise RejectedTrust(BUNDLE_WELL_FORMED, f"more than {MAX_RECORDS} records")
    return [to_record(members) for members in records]


def _open(data: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        item = cbor.decode(data, max_bytes=MAX_BYTES)
    except MalformedEvidence as error:
        raise RejectedTrust(BUNDLE_WELL_FORMED, error.detail) from error
    match item:
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(proof)] if not unprotected:
            return protected, payload, proof
        case _:
            raise RejectedTrust(BUNDLE_WELL_FORMED, "no COSE_Sign1 without unprotected headers")


def _protected(algorithm: int) -> bytes:
    """The type (RFC 9596 §2) is signed, so that a bundle cannot be shown as something else."""
    return cbor.encode_deterministic({ALGORITHM: algorithm, TYPE: CONTENT_TYPE})


def _algorithm_of(key: object) -> int | None:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _ED25519
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return _ESP256
    return None


def _sign(key: SigningKey, message: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    halves = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return b"".join(half.to_bytes(COORDINATE_OCTETS, "big") for half in halves)


def _check(key: signature.PublicKey, proof: bytes, message: bytes) -> None:
    scheme = signature.ED25519
    if isinstance(key, ec.EllipticCurvePublicKey):
        scheme = signature.ECDSA_SHA256
    try:
        if scheme is signature.ECDSA_SHA256:
            proof = signature.ecdsa_from_halves(proof, COORDINATE_OCTETS)
        signature.check_signature(scheme, key, proof, message)
    except BadEvidence as error:
        raise RejectedTrust(BUNDLE_SIGNATURE, error.detail) from error


_MEMBERS: dict[str, type] = {
    "format": str,
    "version": int,
    "realm": str,
    "records": list,
    "objects": dict,
}
