"""How fresh the parts of what is believed are, and until when they count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.trust.revocation import MAX_AGE
from warifu.attestation.trust.rules import KNOWN_THEN
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.base.errors import StaleTrust

if TYPE_CHECKING:
    from warifu.attestation.trust.metadata import Metadata
    from warifu.attestation.trust.revocation import RevocationList
    from warifu.attestation.trust.view import TrustView


class Freshness(Struct, frozen=True, kw_only=True):
    """How fresh one kind of trust is."""

    kind: SnapshotKind
    code: str | None
    """The rule that keeps it from being used: it is stale, or there is none."""
    age: timedelta | None = None
    """Since its publisher confirmed it, where that is known."""
    left: timedelta | None = None
    """Until it is stale; None where there is none."""


def freshness(view: TrustView) -> Iterator[Freshness]:
    """How fresh the parts of a view are that go stale."""
    revocation, metadata, now = view.revocation, view.metadata, view.known_at
    if revocation is None:
        yield Freshness(kind=SnapshotKind.REVOCATION, code=KNOWN_THEN.code)
    else:
        age = now - revocation.confirmed_at
        code = _stale(revocation, now)
        yield Freshness(kind=SnapshotKind.REVOCATION, code=code, age=age, left=MAX_AGE - age)
    if metadata is None:
        yield Freshness(kind=SnapshotKind.METADATA, code=KNOWN_THEN.code)
    else:
        until = datetime.combine(metadata.next_update, time.max, UTC)
        yield Freshness(kind=SnapshotKind.METADATA, code=_stale(metadata, now), left=until - now)


def _stale(part: RevocationList | Metadata, now: datetime) -> str | None:
    try:
        part.require_fresh(now)
    except StaleTrust as error:
        return error.code
    return None
