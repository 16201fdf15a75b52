"""A ring of keys on disk: one sealed file, its predecessor, and the count of its changes.

::

    FILE           the sealed ring, mode 0600
    FILE.previous  the file before the last change, for the operator
    FILE.counter   the highest change seen here
    FILE.lock      held by whoever changes the ring

An older file put in the place of `FILE` is refused by the count. That stops a backup restored in
error, and a thief who can only reach `FILE`; whoever can write the whole folder can set the count
back too. Restoring on purpose is removing `FILE.counter`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.base.errors import Misuse
from warifu.base.keys.ring import MAY_STILL_SIGN, Custody, KeyRing
from warifu.base.keys.sealed import MAX_BYTES, USUAL, Derivation, seal, unseal
from warifu.service.adapters.private_files import (
    locked,
    read_private,
    require_private_folder,
    usable,
    write_private,
)
from warifu.service.key_rules import KEY_FILE, KEY_FILE_NEW

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from warifu.base.secret import Secret
    from warifu.service.adapters.pkcs11_keys import Token

MAX_COUNTER_OCTETS = 20


class KeyDirectory:
    """One key file and what stands beside it."""

    def __init__(
        self,
        path: Path,
        passphrase: Secret,
        *,
        token: Token | None = None,
        derivation: Derivation = USUAL,
    ) -> None:
        """Name a key file; nothing is read yet.

        Args:
            path: The file.
            passphrase: What it is sealed under.
            token: Where the keys are that are not in the file.
            derivation: The work of Argon2id whenever the file is written.
        """
        self.path = path
        self._passphrase = passphrase
        self._token = token
        self._derivation = derivation

    def create(self, fill: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Make the file.

        Args:
            fill: Gives the first ring, from an empty one.

        Raises:
            Misuse: ``keys/file-new``, ``keys/file``, ``keys/file-private``, ``keys/passphrase``,
                and what `fill` raises.
        """
        require_private_folder(self.path.parent)
        with locked(self._beside("lock")):
            if self.path.exists():
                raise Misuse(KEY_FILE_NEW, str(self.path))
            # Left behind by keys that are gone: it counts nothing any more.
            with usable(self._beside("counter")):
                self._beside("counter").unlink(missing_ok=True)
            ring = fill(KeyRing())
            self._write(ring, self._passphrase)
            return ring

    def ring(self, *, now: datetime) -> KeyRing:
        """The ring as it stands, with signers for all keys that are at hand.

        Args:
            now: The current time: of keys in the token, those that may still sign are looked up.

        Raises:
            Misuse: ``keys/file``, ``keys/file-private``, and what `unseal` raises.
            VerifierFault: ``keys/token``, ``keys/token-key``.
        """
        ring = self._read(now)
        if ring.counter > self._seen():
            # Where the folder cannot be written, nobody puts an older file there through it either.
            with suppress(Misuse), locked(self._beside("lock")):
                self._see(ring)
        return ring

    def change(self, change: Callable[[KeyRing], KeyRing], *, now: datetime) -> KeyRing:
        """Change the ring, and keep the file as it was before under another name.

        Raises:
            Misuse, VerifierFault: As `ring`, and what `change` raises; the file then stays.
        """
        with locked(self._beside("lock")):
            changed = change(self._read(now))
            previous = read_private(self.path, max_bytes=MAX_BYTES)
            write_private(self._beside("previous"), previous)
            self._write(changed, self._passphrase)
            return changed

    def reseal(self, passphrase: Secret, *, now: datetime) -> KeyRing:
        """Seal the ring under another passphrase; no copy under the old one is kept here.

        Raises:
            Misuse, VerifierFault: As `ring`, and ``keys/passphrase``.
        """
        with locked(self._beside("lock")):
            renewed = self._read(now).renew(now=now)
            self._write(renewed, passphrase)
            self._passphrase = passphrase
            with usable(self._beside("previous")):
                self._beside("previous").unlink(missing_ok=True)
            return renewed

    def _read(self, now: datetime) -> KeyRing:
        require_private_folder(self.path.parent)
        data = read_private(self.path, max_bytes=MAX_BYTES)
        ring = unseal(data, self._passphrase, at_least=self._seen())
        return self._with_token(ring, now)

    def _write(self, ring: KeyRing, passphrase: Secret) -> None:
        data = seal(ring, passphrase, random_octets=os.urandom, derivation=self._derivation)
        write_private(self.path, data)
        # After the file: a crash in between leaves a count that is too low, not a shut file.
        self._see(ring)

    def _with_token(self, ring: KeyRing, now: datetime) -> KeyRing:
        if self._token is None:
            return ring
        held = {
            record.key_id: self._token.signer(record)
            for record in ring.records
            if record.custody is Custody.TOKEN and ring.state(record, now) in MAY_STILL_SIGN
        }
        return replace(ring, signers={**ring.signers, **held})

    def _seen(self) -> int:
        place = self._beside("counter")
        if not place.exists():
            return 0
        data = read_private(place, max_bytes=MAX_COUNTER_OCTETS).strip()
        if not data.isdigit():
            raise Misuse(KEY_FILE, f"{place} holds no number")
        return int(data)

    def _see(self, ring: KeyRing) -> None:
        """Under the lock; by now another process may have seen more."""
        if ring.counter > self._seen():
            write_private(self._beside("counter"), b"%d\n" % ring.counter)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")
