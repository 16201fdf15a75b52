"""What a process believes: a trust directory as others change it, or the bundled data alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from warifu.service.adapters.bundled_trust import bundled_history
from warifu.service.adapters.reloading import Reloading

if TYPE_CHECKING:
    from warifu.attestation.trust.history import TrustHistory
    from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord
    from warifu.attestation.trust.view import TrustView
    from warifu.base.errors import WarifuError
    from warifu.service.adapters.trust_directory import TrustDirectory


class DirectoryTrust:
    """`TrustSource` over a directory that `warifu trust refresh` changes meanwhile."""

    def __init__(
        self,
        directory: TrustDirectory,
        clock: Callable[[], datetime],
        *,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Read the directory for the first time.

        Args:
            directory: Where trust is kept.
            clock: The present time: what is believed now is verified before it is relied on.
            seconds: Seconds that never run backwards.

        Raises:
            WarifuError: Nothing usable is believed.
        """

        def read() -> TrustHistory:
            history = directory.history()
            history.as_of(clock())
            return history

        self._history = Reloading(directory.path / "index.jsonl", read, clock=seconds)

    def now(self, now: datetime) -> TrustView:
        """What is believed at this moment."""
        return self._history.now().as_of(now)

    def as_of(self, known_at: datetime) -> TrustView:
        """What was believed at an earlier moment."""
        return self._history.now().as_of(known_at)

    def latest(self, kind: SnapshotKind, known_at: datetime) -> SnapshotRecord | None:
        """When we learned what was believed of a kind, and from whom; None where nothing was."""
        return self._history.now().latest(kind, known_at)

    def trouble(self) -> WarifuError | None:
        """Why the directory as it stands cannot be used; an earlier state of it then is."""
        return self._history.trouble()


class BundledTrust:
    """`TrustSource` over what comes with the package: no revocation list, no metadata."""

    def __init__(self) -> None:
        """Nothing on disk is looked at."""
        self._history = bundled_history()

    def now(self, now: datetime) -> TrustView:
        """The bundled data."""
        return self._history.as_of(now)

    def as_of(self, known_at: datetime) -> TrustView:
        """The bundled data, which counts for every moment."""
        return self._history.as_of(known_at)

    def latest(self, kind: SnapshotKind, known_at: datetime) -> SnapshotRecord | None:
        """With which version of the package it came."""
        return self._history.latest(kind, known_at)

    @staticmethod
    def trouble() -> WarifuError | None:
        """Nothing can break."""
        return None
