"""Refreshing trust: ask the publishers, judge what they send, append what is accepted.

A job of its own, run by `warifu trust refresh` from a timer. It fetches nothing for a verification
and a verification waits for nothing from it. What does not verify is never stored, and the snapshot
before it stays; how long that one may still be believed is a rule of the verification.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord, Told, digest
from warifu.base.errors import RejectedTrust, VerifierFault, WarifuError
from warifu.service.adapters.bundled_trust import (
    SOURCE_PREFIX,
    bundled_snapshots,
    bundled_source,
)
from warifu.service.adapters.http_fetch import Answer, Unreachable, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warifu.service.adapters.bundled_trust import Source
    from warifu.service.adapters.trust_directory import TrustDirectory

MAX_ATTEMPTS = 4
FIRST_WAIT = timedelta(seconds=2)
"""Doubled with each attempt, and spread by up to half, so that many hosts do not knock at once."""
MAX_WAIT = timedelta(minutes=2)


class Outcome(StrEnum):
    """What became of one source."""

    UPDATED = "updated"
    """New data was accepted."""
    CONFIRMED = "confirmed"
    """The publisher says that what is held is current."""
    NOT_DUE = "not-due"
    """The publisher asked not to be asked again yet."""
    REJECTED = "rejected"
    """The publisher's answer is not acceptable; what is held stays."""
    UNREACHABLE = "unreachable"
    """No answer, after all attempts; what is held stays."""


class SourceOutcome(Struct, frozen=True, kw_only=True):
    """What became of one source, and why."""

    kind: SnapshotKind
    source: str
    outcome: Outcome
    sha256: str | None = None
    """The snapshot now believed."""
    code: str | None = None
    """The rule that was not met."""
    detail: str = ""
    attempts: int = 0
    ask_again_at: datetime | None = None


class RefreshReport(Struct, frozen=True, kw_only=True):
    """What became of all sources."""

    outcomes: tuple[SourceOutcome, ...]

    @property
    def failed(self) -> tuple[SourceOutcome, ...]:
        """Sources whose data could not be confirmed or accepted."""
        return tuple(
            o for o in self.outcomes if o.outcome in {Outcome.REJECTED, Outcome.UNREACHABLE}
        )


class World(Struct, frozen=True, kw_only=True):
    """The clock, the patience, the dice and the network that a refresh uses."""

    now: Callable[[], datetime]
    sleep: Callable[[float], object]
    random: Callable[[], float]
    """Uniform in [0, 1)."""
    fetch: Callable[..., Answer] = fetch


def refresh(directory: TrustDirectory, sources: Sequence[Source], *, world: World) -> RefreshReport:
    """Refresh a trust directory once.

    Args:
        directory: Where to append.
        sources: Whom to ask.
        world: Clock, patience, dice and network.

    Raises:
        Misuse: ``refresh/source-address``.
        RejectedTrust: What is already held is damaged.
    """
    job = _Refresh(directory, world)
    outcomes = [*job.learn_bundled(), *map(job.ask, sources)]
    return RefreshReport(outcomes=tuple(outcomes))


class _Offer(Struct, frozen=True):
    body: bytes
    told: Told = Told()
    attempts: int = 0


class _Refresh:
    """One run over one directory."""

    def __init__(self, directory: TrustDirectory, world: World) -> None:
        self._directory = directory
        self._world = world

    def learn_bundled(self) -> list[SourceOutcome]:
        """A newer package may bundle newer anchors; an operator's own are left alone."""
        if self._directory.realm is not Realm.PRODUCTION:
            return []
        learned = []
        for kind, data in bundled_snapshots().items():
            held = self._directory.history().latest(kind)
            ours = held is None or held.source.startswith(SOURCE_PREFIX)
            if ours and (held is None or held.sha256 != digest(data)):
                learned.append(self._accept(kind, bundled_source(), _Offer(data)))
        return learned

    def ask(self, source: Source) -> SourceOutcome:
        """Ask one source, unless it asked not to be asked yet."""
        held = self._intact(source)
        due = held.told.expires_at if held is not None else None
        if held is not None and due is not None and self._world.now() < due:
            return SourceOutcome(
                kind=source.kind,
                source=source.url,
                outcome=Outcome.NOT_DUE,
                sha256=held.sha256,
                ask_again_at=due,
            )
        try:
            answer, attempts = _ask(source, held.told if held is not None else None, self._world)
        except Unreachable as error:
            return self._failure(source.kind, source.url, error, attempts=MAX_ATTEMPTS)
        if answer.body is None:
            return self._confirm(source, answer.told, attempts)
        return self._accept(source.kind, source.url, _Offer(answer.body, answer.told, attempts))

    def _intact(self, source: Source) -> SnapshotRecord | None:
        """What is held from this address; nothing where it is damaged, so that it comes anew."""
        history = self._directory.history()
        held = history.latest(source.kind)
        if held is None or held.source != source.url:
            return None
        try:
            history.snapshot(held.sha256)
        except RejectedTrust:
            return None
        return held

    def _accept(self, kind: SnapshotKind, source: str, offer: _Offer) -> SourceOutcome:
        history = self._directory.history()
        held = history.latest(kind)
        name = digest(offer.body)
        now = self._world.now()
        try:
            if held is not None and held.sha256 == name and held.source == source:
                record = history.confirm(kind, at=now, told=offer.told)
                outcome = Outcome.CONFIRMED
            else:
                record = history.admit(
                    kind, offer.body, learned_at=now, source=source, told=offer.told
                )
                outcome = Outcome.UPDATED
            self._directory.append([record], {name: offer.body})
        except VerifierFault as error:
            return self._failure(kind, source, error, attempts=offer.attempts)
        return _success(record, outcome, offer.attempts)

    def _confirm(self, source: Source, told: Told, attempts: int) -> SourceOutcome:
        try:
            record = self._directory.history().confirm(source.kind, at=self._world.now(), told=told)
            self._directory.append([record], {})
        except VerifierFault as error:
            return self._failure(source.kind, source.url, error, attempts=attempts)
        return _success(record, Outcome.CONFIRMED, attempts)

    def _failure(
        self, kind: SnapshotKind, source: str, error: WarifuError, *, attempts: int
    ) -> SourceOutcome:
        held = self._directory.history().latest(kind)
        unreachable = isinstance(error, Unreachable)
        return SourceOutcome(
            kind=kind,
            source=source,
            outcome=Outcome.UNREACHABLE if unreachable else Outcome.REJECTED,
            sha256=held.sha256 if held is not None else None,
            code=error.code,
            detail=error.detail,
            attempts=attempts,
        )


def _success(record: SnapshotRecord, outcome: Outcome, attempts: int) -> SourceOutcome:
    return SourceOutcome(
        kind=record.kind,
        source=record.source,
        outcome=outcome,
        sha256=record.sha256,
        attempts=attempts,
        ask_again_at=record.told.expires_at,
    )


def _ask(source: Source, earlier: Told | None, world: World) -> tuple[Answer, int]:
    """Ask until answered, waiting longer each time, or as long as the publisher says."""
    wait = FIRST_WAIT
    attempt = 1
    while True:
        try:
            return world.fetch(source.url, earlier=earlier, now=world.now), attempt
        except Unreachable as error:
            if attempt == MAX_ATTEMPTS:
                raise
            pause = max(wait * (1 + world.random() / 2), error.retry_after or timedelta(0))
            world.sleep(min(pause, MAX_WAIT).total_seconds())
        attempt += 1
        wait *= 2
