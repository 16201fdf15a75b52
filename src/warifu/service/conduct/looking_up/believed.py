"""What is believed now, or was earlier: which snapshots, how old, and whether stale."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.attestation.examination import AWARE_TIME
from warifu.attestation.trust.revocation import MAX_AGE
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord
from warifu.base.errors import Misuse, StaleTrust
from warifu.service.conduct.looking_up.rules import PAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.attestation.trust.view import TrustView
    from warifu.service.conduct.work import Work


@runtime_checkable
class Remembering(Protocol):
    """A source of trust that can also say when it learned what it believes."""

    def latest(self, kind: SnapshotKind, known_at: datetime) -> SnapshotRecord | None:
        """The record of a kind believed at a time; None where none was."""


class Believed(Struct, frozen=True, kw_only=True):
    """One kind of trust data."""

    kind: SnapshotKind
    sha256: str
    """Of the snapshot as published, in hex."""
    entries: int
    """Anchors, listed certificates, models, or boot keys in it."""
    learned_at: datetime | None = None
    """When we came to know it, or were last told that it is current."""
    confirmed_at: datetime | None = None
    """When its publisher last said that it is current."""
    source: str | None = None
    age_seconds: int | None = None
    """Since it was confirmed, at `known_at`."""
    limit_seconds: int | None = None
    """How old it may become; None where its publisher names a date, or where it does not age."""
    number: int | None = None
    """Of FIDO metadata."""
    next_update: str | None = None
    """Of FIDO metadata: the date after which it is stale."""
    stale: bool
    """Nothing is concluded from what is stale: evidence that needs it is not judged."""
    not_understood: tuple[str, ...] = ()
    """What this version could not read in it."""


class TrustAnswer(Struct, frozen=True, kw_only=True):
    """All that is believed."""

    known_at: datetime
    realm: Realm
    usable: bool
    """Nothing that is known is stale."""
    missing: tuple[SnapshotKind, ...]
    """Kinds of which nothing is known: evidence that needs them is not judged."""
    believed: tuple[Believed, ...]


def see_trust(work: Work, known_at: datetime | None = None) -> TrustAnswer:
    """What is believed.

    Args:
        work: The request.
        known_at: An earlier moment, with a UTC offset; now unless given.

    Raises:
        Misuse: ``usage/aware-time``, ``lookup/past``.
        VerifierFault: Nothing usable is, or was, believed.
    """
    trust = work.house.trust
    if known_at is not None and known_at.tzinfo is None:
        raise Misuse(AWARE_TIME, "known_at")
    if known_at is not None and known_at > work.now:
        raise Misuse(PAST, known_at.isoformat())
    view = trust.now(work.now) if known_at is None else trust.as_of(known_at)
    believed = []
    for kind in SnapshotKind:
        if kind.value in view.snapshots:
            record = trust.latest(kind, view.known_at) if isinstance(trust, Remembering) else None
            believed.append(_believed(kind, view, record))
    return TrustAnswer(
        known_at=view.known_at,
        realm=view.realm,
        usable=not any(each.stale for each in believed),
        missing=tuple(kind for kind in SnapshotKind if kind.value not in view.snapshots),
        believed=tuple(believed),
    )


def _believed(kind: SnapshotKind, view: TrustView, record: SnapshotRecord | None) -> Believed:
    confirmed_at = record.confirmed_at if record else None
    if kind is SnapshotKind.REVOCATION and view.revocation:
        confirmed_at = view.revocation.confirmed_at
    metadata = view.metadata if kind is SnapshotKind.METADATA else None
    return Believed(
        kind=kind,
        sha256=view.snapshots[kind.value],
        entries=_ENTRIES[kind](view),
        learned_at=record.learned_at if record else None,
        confirmed_at=confirmed_at,
        source=record.source if record else None,
        age_seconds=int((view.known_at - confirmed_at).total_seconds()) if confirmed_at else None,
        limit_seconds=int(MAX_AGE.total_seconds()) if kind is SnapshotKind.REVOCATION else None,
        number=metadata.number if metadata else None,
        next_update=metadata.next_update.isoformat() if metadata else None,
        stale=_stale(kind, view),
        not_understood=_not_understood(kind, view),
    )


def _stale(kind: SnapshotKind, view: TrustView) -> bool:
    try:
        if kind is SnapshotKind.REVOCATION and view.revocation:
            view.revocation.require_fresh(view.known_at)
        if kind is SnapshotKind.METADATA and view.metadata:
            view.metadata.require_fresh(view.known_at)
    except StaleTrust:
        return True
    return False


def _not_understood(kind: SnapshotKind, view: TrustView) -> tuple[str, ...]:
    if kind is SnapshotKind.REVOCATION and view.revocation:
        return view.revocation.unknown
    if kind is SnapshotKind.METADATA and view.metadata:
        return view.metadata.unknown
    return ()


_ENTRIES: dict[SnapshotKind, Callable[[TrustView], int]] = {
    SnapshotKind.ANCHORS: lambda view: len(view.anchors),
    SnapshotKind.REVOCATION: lambda view: len(view.revocation.entries) if view.revocation else 0,
    SnapshotKind.METADATA: lambda view: len(view.metadata.entries) if view.metadata else 0,
    SnapshotKind.BOOT_KEYS: lambda view: len(view.boot_keys.entries) if view.boot_keys else 0,
}
