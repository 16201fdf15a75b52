"""Everything we ever believed, in order, so that "what did we believe on 3 March" is a query.

A history only grows. Its records name snapshots by digest; the bytes are looked up where they are
kept, by a function that the caller gives. Nothing is believed before it was learned, and nothing
enters that would take back what is known: lower numbers, emptied lists, test roots in production.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from warifu.attestation.claims import Realm
from warifu.attestation.trust.anchors import Anchor, AnchorUse, load_anchors
from warifu.attestation.trust.boot_keys import BootKeys, load_boot_keys
from warifu.attestation.trust.metadata import SERVICE_NAME, Metadata, verify_blob
from warifu.attestation.trust.revocation import RevocationList, parse
from warifu.attestation.trust.rules import HISTORY_WELL_FORMED, KNOWN_THEN
from warifu.attestation.trust.snapshot import (
    SnapshotKind,
    SnapshotRecord,
    Told,
    digest,
    require_intact,
)
from warifu.attestation.trust.view import TrustView
from warifu.base.errors import BadEvidence, MissingTrust, RejectedTrust

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from warifu.base.pki.path import TrustPoint

Snapshot = TypeVar("Snapshot", RevocationList, Metadata)

NOTHING_TOLD = Told()
MAX_REMEMBERED = 4
"""Parsed snapshots of each kind that are kept: the current one and a few before it."""


class TrustHistory:
    """Records in the order in which they were learned, and how to find their snapshots."""

    def __init__(
        self,
        *,
        realm: Realm,
        records: Sequence[SnapshotRecord],
        find: Callable[[str], bytes],
    ) -> None:
        """Hold a history.

        Args:
            realm: The world it belongs to.
            records: In the order learned.
            find: Gives the bytes of a snapshot by its digest in hex, or raises a `VerifierFault`.

        Raises:
            RejectedTrust: ``trust/history-well-formed`` where time runs backwards.
        """
        _require_order(records)
        self.realm = realm
        self.records = tuple(records)
        self._find = find
        self._by_kind: dict[SnapshotKind, list[SnapshotRecord]] = {
            kind: [] for kind in SnapshotKind
        }
        self._first_confirmed: dict[str, datetime] = {}
        for record in records:
            self._by_kind[record.kind].append(record)
            self._first_confirmed.setdefault(record.sha256, record.confirmed_at)
        remember = lru_cache(maxsize=MAX_REMEMBERED)
        self._anchors = remember(self._load_anchors)
        self._revocation = remember(self._load_revocation)
        self._metadata = remember(self._load_metadata)
        self._boot_keys = remember(self._load_boot_keys)

    def latest(self, kind: SnapshotKind, known_at: datetime | None = None) -> SnapshotRecord | None:
        """The record of a kind believed at a time, or now; None where none was."""
        records = self._by_kind[kind]
        end = (
            len(records)
            if known_at is None
            else bisect_right(records, known_at, key=attrgetter("learned_at"))
        )
        return records[end - 1] if end else None

    def as_of(self, known_at: datetime) -> TrustView:
        """What was believed at a time.

        Raises:
            MissingTrust: ``trust/known-then`` where not even anchors were known.
            RejectedTrust: A snapshot is damaged, or does not verify under the anchors of that time.
        """
        believed = {
            kind: record
            for kind in SnapshotKind
            if (record := self.latest(kind, known_at)) is not None
        }
        anchors = believed.get(SnapshotKind.ANCHORS)
        if anchors is None:
            raise MissingTrust(KNOWN_THEN, f"no anchors at {known_at.isoformat()}")
        revocation = believed.get(SnapshotKind.REVOCATION)
        metadata = believed.get(SnapshotKind.METADATA)
        boot_keys = believed.get(SnapshotKind.BOOT_KEYS)
        return TrustView(
            known_at=known_at,
            realm=self.realm,
            anchors=self._anchors(anchors.sha256),
            revocation=self._list_of(revocation) if revocation else None,
            metadata=self._metadata(metadata.sha256, anchors.sha256) if metadata else None,
            boot_keys=self._boot_keys(boot_keys.sha256) if boot_keys else None,
            snapshots={kind.value: record.sha256 for kind, record in believed.items()},
        )

    def admit(
        self,
        kind: SnapshotKind,
        data: bytes,
        *,
        learned_at: datetime,
        source: str,
        told: Told = NOTHING_TOLD,
    ) -> SnapshotRecord:
        """Judge a snapshot that was offered, and return the record that would add it.

        Args:
            kind: What it is said to be.
            data: The bytes as published.
            learned_at: Now; they count as confirmed now, too.
            source: Where they came from.
            told: What the publisher told beside them.

        Raises:
            RejectedTrust: The first rule of the snapshot's kind that is not met.
            MissingTrust: Metadata is offered before anchors that could judge it.
        """
        _JUDGES[kind](self, data, learned_at)
        record = SnapshotRecord(
            kind=kind,
            sha256=digest(data),
            learned_at=learned_at,
            confirmed_at=learned_at,
            source=source,
            told=told,
        )
        _require_order((*self.records[-1:], record))
        return record

    def confirm(
        self, kind: SnapshotKind, *, at: datetime, told: Told = NOTHING_TOLD
    ) -> SnapshotRecord:
        """The record that the publisher has said again that its latest snapshot is current.

        Raises:
            MissingTrust: ``trust/known-then`` where there is no snapshot of this kind.
        """
        latest = self.latest(kind)
        if latest is None:
            raise MissingTrust(KNOWN_THEN, f"no {kind.value} to confirm")
        record = replace(latest, learned_at=at, confirmed_at=at, told=told)
        _require_order((*self.records[-1:], record))
        return record

    def snapshot(self, name: str) -> bytes:
        """The bytes of a snapshot, proved to be what their name says.

        Raises:
            RejectedTrust: ``trust/snapshot-intact``.
        """
        return require_intact(name, self._find(name))

    def _load_anchors(self, name: str) -> tuple[Anchor, ...]:
        return load_anchors(self.snapshot(name), realm=self.realm)

    def _list_of(self, record: SnapshotRecord) -> RevocationList:
        # One list is confirmed many times; it is read once.
        return replace(self._revocation(record.sha256), confirmed_at=record.confirmed_at)

    def _load_revocation(self, name: str) -> RevocationList:
        return parse(self.snapshot(name), confirmed_at=self._first_confirmed[name])

    def _load_metadata(self, name: str, anchors: str) -> Metadata:
        points = _metadata_points(self._anchors(anchors))
        # The signer was valid when the BLOB reached us first, and need not be later.
        return self._verify(self.snapshot(name), points, self._first_confirmed[name])

    def _load_boot_keys(self, name: str) -> BootKeys:
        return load_boot_keys(self.snapshot(name), realm=self.realm)

    def _verify(self, data: bytes, points: Sequence[TrustPoint], at: datetime) -> Metadata:
        signer = SERVICE_NAME if self.realm is Realm.PRODUCTION else None
        try:
            return verify_blob(data, anchors=points, at=at, signer=signer)
        except BadEvidence as error:
            raise RejectedTrust(error.rule, error.detail) from error

    def _judge_anchors(self, data: bytes, _: datetime) -> None:
        load_anchors(data, realm=self.realm)

    def _judge_revocation(self, data: bytes, at: datetime) -> None:
        offered = parse(data, confirmed_at=at)
        held = self._last_readable(SnapshotKind.REVOCATION, self._revocation)
        if held is not None:
            offered.require_keeps(held)

    def _judge_metadata(self, data: bytes, at: datetime) -> None:
        anchors = self.latest(SnapshotKind.ANCHORS)
        if anchors is None:
            raise MissingTrust(KNOWN_THEN, "no anchors to judge metadata by")
        name = anchors.sha256
        offered = self._verify(data, _metadata_points(self._anchors(name)), at)
        held = self._last_readable(SnapshotKind.METADATA, lambda each: self._metadata(each, name))
        if held is not None:
            offered.require_not_before(held)

    def _last_readable(
        self, kind: SnapshotKind, load: Callable[[str], Snapshot]
    ) -> Snapshot | None:
        """What a new snapshot is compared with.

        A damaged one, or one of a root that has been given up, must not keep the new one out: the
        one before it counts.
        """
        names = dict.fromkeys(record.sha256 for record in reversed(self._by_kind[kind]))
        for name in islice(names, MAX_REMEMBERED):
            with suppress(RejectedTrust):
                return load(name)
        return None

    def _judge_boot_keys(self, data: bytes, _: datetime) -> None:
        load_boot_keys(data, realm=self.realm)


def _metadata_points(anchors: tuple[Anchor, ...]) -> tuple[TrustPoint, ...]:
    return tuple(anchor.point for anchor in anchors if AnchorUse.FIDO_METADATA in anchor.uses)


def _require_order(records: Sequence[SnapshotRecord]) -> None:
    for position, record in enumerate(records):
        if record.confirmed_at > record.learned_at:
            raise RejectedTrust(HISTORY_WELL_FORMED, f"record {position}: learned before confirmed")
        if position and record.learned_at < records[position - 1].learned_at:
            raise RejectedTrust(HISTORY_WELL_FORMED, f"record {position}: time runs backwards")


_JUDGES: dict[SnapshotKind, Callable[[TrustHistory, bytes, datetime], None]] = {
    SnapshotKind.ANCHORS: TrustHistory._judge_anchors,  # noqa: SLF001 - its own table
    SnapshotKind.REVOCATION: TrustHistory._judge_revocation,  # noqa: SLF001 - as above
    SnapshotKind.METADATA: TrustHistory._judge_metadata,  # noqa: SLF001 - as above
    SnapshotKind.BOOT_KEYS: TrustHistory._judge_boot_keys,  # noqa: SLF001 - as above
}
