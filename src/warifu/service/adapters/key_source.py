"""Our signing keys as they stand on disk, or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from warifu.base.errors import Misuse
from warifu.service.adapters.reloading import Reloading
from warifu.service.key_rules import CONFIGURED

if TYPE_CHECKING:
    from warifu.base.errors import WarifuError
    from warifu.base.keys.ring import KeyRing
    from warifu.service.adapters.key_directory import KeyDirectory


class DirectoryKeys:
    """`KeySource` over a key file that `warifu keys` changes meanwhile.

    Opening the file takes Argon2id a quarter of a second, so it is opened on a change only. Keys
    take turns by the clock, for which nothing needs to be read again.
    """

    def __init__(
        self,
        directory: KeyDirectory,
        clock: Callable[[], datetime],
        *,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Open the file for the first time.

        Raises:
            WarifuError: What `KeyDirectory.ring` raises.
        """
        self._ring = Reloading(directory.path, lambda: directory.ring(now=clock()), clock=seconds)

    def ring(self, now: datetime) -> KeyRing:  # noqa: ARG002 - the ring knows all its times
        """The ring as it stands."""
        return self._ring.now()

    def trouble(self) -> WarifuError | None:
        """Why the file as it stands cannot be opened; the ring from before is then used."""
        return self._ring.trouble()


class NoKeys:
    """`KeySource` of a service that signs nothing."""

    def ring(self, now: datetime) -> KeyRing:  # noqa: ARG002
        """There is none.

        Raises:
            Misuse: ``keys/configured``.
        """
        raise Misuse(CONFIGURED)

    @staticmethod
    def trouble() -> WarifuError | None:
        """Nothing can break."""
        return None
