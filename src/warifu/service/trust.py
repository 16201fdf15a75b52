"""Everything people do with a trust directory, one function each: load, refresh, carry, show."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.attestation.trust import bundle
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.revocation import MAX_AGE
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord
from warifu.base.errors import BadEvidence, Misuse
from warifu.base.pki.signature import load_public_key
from warifu.service.adapters.bundled_trust import bundled_history, bundled_sources
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.rules import DIRECTORY_EMPTY, SIGNING_KEY
from warifu.service.workers.trust_refresh import RefreshReport, World
from warifu.service.workers.trust_refresh import refresh as refresh_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warifu.attestation.trust.view import TrustView
    from warifu.base.pki.signature import PublicKey
    from warifu.service.adapters.bundled_trust import Source


class ShownSnapshot(Struct, frozen=True, kw_only=True):
    """One snapshot believed at a time, for people."""

    kind: SnapshotKind
    sha256: str
    source: str
    learned_at: datetime
    confirmed_at: datetime
    entries: int
    number: int | None = None
    """The BLOB's number, for FIDO metadata."""
    good_until: datetime | None = None
    """When it becomes too old to conclude anything from; None where it does not age."""
    unknown: tuple[str, ...] = ()
    """What was not understood in it."""


def load_history(path: Path | None, *, realm: Realm = Realm.PRODUCTION) -> TrustHistory:
    """The history in a trust directory; without one, what is bundled with the package.

    Raises:
        Misuse: There is no such directory.
        RejectedTrust: The directory belongs to another realm, or is damaged.
    """
    if path is None:
        return bundled_history()
    return TrustDirectory(path, realm=realm).history()


def refresh(
    path: Path,
    *,
    realm: Realm = Realm.PRODUCTION,
    sources: Sequence[Source] | None = None,
    world: World | None = None,
) -> RefreshReport:
    """Refresh a trust directory, making it first where there is none.

    Args:
        path: The directory.
        realm: Its realm.
        sources: Whom to ask; the bundled publishers unless given.
        world: Clock, patience, dice and network; the real ones unless given.

    Raises:
        Misuse: An address that is not https; a directory that is something else.
        RejectedTrust: The directory belongs to another realm, or is damaged.
    """
    world = world or World(now=_now, sleep=time.sleep, random=random.SystemRandom().random)
    if path.is_dir() and any(path.iterdir()):
        directory = TrustDirectory(path, realm=realm)
    else:
        snapshots: dict[SnapshotKind, bytes] | None = None if realm is Realm.PRODUCTION else {}
        directory = TrustDirectory.create(path, realm=realm, now=world.now(), snapshots=snapshots)
    return refresh_once(directory, bundled_sources() if sources is None else sources, world=world)


def export_bundle(path: Path | None, *, key_pem: bytes, realm: Realm = Realm.PRODUCTION) -> bytes:
    """A whole history as one signed file.

    Args:
        path: The trust directory; None exports what is bundled with the package.
        key_pem: The private key in PEM, unencrypted: Ed25519 or P-256.
        realm: The realm of the directory.

    Raises:
        Misuse: ``bundle/signing-key``, or no such directory.
        RejectedTrust: The directory is damaged.
    """
    return bundle.export_bundle(load_history(path, realm=realm), key=_private_key(key_pem))


def import_bundle(
    path: Path,
    data: bytes,
    *,
    key_pem: bytes,
    realm: Realm = Realm.PRODUCTION,
    now: datetime | None = None,
) -> tuple[SnapshotRecord, ...]:
    """Continue a trust directory by a bundle, making it first where there is none.

    What is new counts as learned now.

    Args:
        path: The directory.
        data: The bundle.
        key_pem: Its maker's public key in PEM.
        realm: The realm of the directory.
        now: The current time; the clock's unless given.

    Returns:
        The records that were added.

    Raises:
        RejectedTrust: ``bundle/*``, ``trust/realm``, ``trust/snapshot-intact``.
        Misuse: ``bundle/signing-key``.
    """
    now = now or _now()
    offered = bundle.read_bundle(data, key=_public_key(key_pem), realm=realm)
    if path.is_dir() and any(path.iterdir()):
        directory = TrustDirectory(path, realm=realm)
        added = bundle.continue_history(directory.history(), offered, imported_at=now)
    else:
        added = bundle.continue_history(_nothing(realm), offered, imported_at=now)
        directory = TrustDirectory.create(path, realm=realm, now=now, snapshots={})
    _append(directory, added, offered)
    return added


def restore_bundle(
    path: Path, data: bytes, *, key_pem: bytes, realm: Realm = Realm.PRODUCTION
) -> tuple[SnapshotRecord, ...]:
    """Make a trust directory that believes what a bundle's maker believed, when he did.

    For audits and for moving house: nothing is stamped anew.

    Raises:
        Misuse: ``trust/directory-empty``, ``bundle/signing-key``.
        RejectedTrust: ``bundle/*``, ``trust/realm``, ``trust/snapshot-intact``.
    """
    offered = bundle.read_bundle(data, key=_public_key(key_pem), realm=realm)
    if path.is_dir() and any(path.iterdir()):
        raise Misuse(DIRECTORY_EMPTY, str(path))
    directory = TrustDirectory.create(path, realm=realm, now=_now(), snapshots={})
    _append(directory, offered.records, offered)
    return offered.records


def show(history: TrustHistory, *, known_at: datetime) -> tuple[ShownSnapshot, ...]:
    """What was believed at a time, for people.

    Raises:
        MissingTrust: Not even anchors were known.
        RejectedTrust: A snapshot is damaged.
    """
    view = history.as_of(known_at)
    return tuple(
        _shown(record, view)
        for kind in SnapshotKind
        if (record := history.latest(kind, known_at)) is not None
    )


def _shown(record: SnapshotRecord, view: TrustView) -> ShownSnapshot:
    entries, number, good_until = 0, None, None
    unknown: tuple[str, ...] = ()
    match record.kind:
        case SnapshotKind.ANCHORS:
            entries = len(view.anchors)
        case SnapshotKind.BOOT_KEYS if view.boot_keys is not None:
            entries = len(view.boot_keys.entries)
        case SnapshotKind.REVOCATION if view.revocation is not None:
            entries, unknown = len(view.revocation.entries), view.revocation.unknown
            good_until = view.revocation.confirmed_at + MAX_AGE
        case SnapshotKind.METADATA if view.metadata is not None:
            entries, unknown = len(view.metadata.entries), view.metadata.unknown
            number = view.metadata.number
            good_until = datetime.combine(view.metadata.next_update, datetime.max.time(), UTC)
    return ShownSnapshot(
        kind=record.kind,
        sha256=record.sha256,
        source=record.source,
        learned_at=record.learned_at,
        confirmed_at=record.confirmed_at,
        entries=entries,
        number=number,
        good_until=good_until,
        unknown=unknown,
    )


def _append(
    directory: TrustDirectory, added: Sequence[SnapshotRecord], offered: TrustHistory
) -> None:
    directory.append(added, {r.sha256: offered.snapshot(r.sha256) for r in added})


def _nothing(realm: Realm) -> TrustHistory:
    return TrustHistory(realm=realm, records=(), find=dict[str, bytes]().__getitem__)


def _private_key(pem: bytes) -> bundle.SigningKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misuse(SIGNING_KEY, type(error).__name__) from error
    if isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        return key
    raise Misuse(SIGNING_KEY, type(key).__name__)


def _public_key(pem: bytes) -> PublicKey:
    try:
        key = load_pem_public_key(pem)
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return load_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm, BadEvidence) as error:
        raise Misuse(SIGNING_KEY, type(error).__name__) from error


def _now() -> datetime:
    return datetime.now(UTC)
