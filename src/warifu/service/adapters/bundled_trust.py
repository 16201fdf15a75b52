"""The trust data that comes with the package, and the addresses of its publishers."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files

import msgspec
from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord, digest

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
SOURCE_PREFIX = "bundled with warifu "

_FILES = {
    SnapshotKind.ANCHORS: "anchors.json",
    SnapshotKind.BOOT_KEYS: "boot_keys.json",
}


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a publisher serves its data."""

    kind: SnapshotKind
    url: str
    publisher: str = ""


class _Sources(Struct, frozen=True):
    sources: tuple[Source, ...]


def bundled_snapshots() -> dict[SnapshotKind, bytes]:
    """Anchors and boot keys as bundled, by kind."""
    folder = files("warifu.attestation.trust") / "bundled"
    return {kind: (folder / name).read_bytes() for kind, name in _FILES.items()}


def bundled_source() -> str:
    """What records say of snapshots that came with this version."""
    return SOURCE_PREFIX + version("warifu")


def bundled_sources() -> tuple[Source, ...]:
    """The publishers that `warifu trust refresh` asks unless told otherwise."""
    data = (files("warifu.service") / "sources.json").read_bytes()
    return msgspec.json.decode(data, type=_Sources).sources


def bundled_history() -> TrustHistory:
    """A history of the bundled data alone, for use without a trust directory.

    Nobody recorded when it was learned, so it counts for every `known_at`. It knows no revocation
    list and no metadata: what needs them is left open or refused.
    """
    snapshots = bundled_snapshots()
    source = bundled_source()
    return TrustHistory(
        realm=Realm.PRODUCTION,
        records=[
            SnapshotRecord(
                kind=kind,
                sha256=digest(data),
                learned_at=SINCE_EVER,
                confirmed_at=SINCE_EVER,
                source=source,
            )
            for kind, data in snapshots.items()
        ],
        find={digest(data): data for data in snapshots.values()}.__getitem__,
    )
