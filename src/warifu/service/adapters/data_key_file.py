"""The master keys of what is kept encrypted: one private file of mode 0600.

Deterministic CBOR::

    {"format": "warifu-data-keys", "version": 1, "index": h'...',
     "generations": [{"number": 1, "made_at": 1795000000, "key": h'...'}, ...]}

Every process of a service needs the same file. Without it, nothing that is sealed can be read again
by anybody: keep a copy apart from the backups of the database, because both together are the data.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence, Misuse
from warifu.base.secret import Secret
from warifu.service.adapters.private_files import (
    locked,
    read_private,
    require_private_folder,
    write_private,
)
from warifu.service.key_rules import KEY_FILE_NEW
from warifu.service.vault.rules import DATA_KEYS, IN_USE
from warifu.service.vault.vault import KEY_OCTETS, MasterKeys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_NAME = "warifu-data.key"
FORMAT = "warifu-data-keys"
VERSION = 1
MAX_BYTES = 16 << 10
LAST_MOMENT = 7_258_118_400
"""The year 2200: a date beyond it was made by no honest clock."""


class Generation(Struct, frozen=True, kw_only=True):
    """One master key."""

    number: int
    made_at: datetime
    key: Secret


class DataKeys(Struct, frozen=True, kw_only=True):
    """What the file holds."""

    generations: tuple[Generation, ...]
    """Oldest first."""
    index: Secret

    def masters(self) -> MasterKeys:
        """As the vault takes them.

        Raises:
            Misuse: ``vault/data-keys``.
        """
        keys = {generation.number: generation.key for generation in self.generations}
        return MasterKeys(generations=keys, index=self.index)


class DataKeyFile:
    """One file of master keys."""

    def __init__(self, path: Path) -> None:
        """Name a file; nothing is read yet."""
        self.path = path

    def read(self) -> DataKeys:
        """The keys.

        Raises:
            Misuse: ``keys/file``, ``keys/file-private``, ``vault/data-keys``.
        """
        require_private_folder(self.path.parent)
        try:
            return _read(read_private(self.path, max_bytes=MAX_BYTES))
        except MalformedEvidence as error:
            # A file of our own is no evidence, whatever is wrong with it.
            raise Misuse(DATA_KEYS, error.detail) from error

    def create(self, *, now: datetime) -> DataKeys:
        """Make the file with a first generation.

        Raises:
            Misuse: ``keys/file-new`` where there is one, ``keys/file``, ``keys/file-private``.
        """
        require_private_folder(self.path.parent)
        with locked(self._lock()):
            if self.path.exists():
                raise Misuse(KEY_FILE_NEW, str(self.path))
            keys = DataKeys(generations=(_new(1, now),), index=_random())
            return self._write(keys)

    def rotate(self, *, now: datetime) -> DataKeys:
        """Add a generation, which wraps from the next start of each process on.

        Raises:
            Misuse: As `read`; ``vault/data-keys`` where there are too many.
        """
        with locked(self._lock()):
            held = self.read()
            number = held.generations[-1].number + 1
            return self._write(
                DataKeys(generations=(*held.generations, _new(number, now)), index=held.index)
            )

    def remove(self, number: int) -> DataKeys:
        """Take an older generation out. The caller made sure that nothing is sealed under it.

        Raises:
            Misuse: As `read`; ``vault/key-in-use`` for the newest; ``vault/data-keys`` where there
                is no such generation.
        """
        with locked(self._lock()):
            held = self.read()
            if number == held.generations[-1].number:
                raise Misuse(IN_USE, f"{number} is the newest")
            kept = tuple(each for each in held.generations if each.number != number)
            if len(kept) == len(held.generations):
                raise Misuse(DATA_KEYS, f"there is no generation {number}")
            return self._write(DataKeys(generations=kept, index=held.index))

    def _write(self, keys: DataKeys) -> DataKeys:
        keys.masters()
        write_private(self.path, _encode(keys))
        return keys

    def _lock(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")


def _new(number: int, now: datetime) -> Generation:
    return Generation(number=number, made_at=now.replace(microsecond=0), key=_random())


def _random() -> Secret:
    return Secret(os.urandom(KEY_OCTETS))


def _encode(keys: DataKeys) -> bytes:
    return cbor.encode_deterministic(
        {
            "format": FORMAT,
            "version": VERSION,
            "index": keys.index.reveal(),
            "generations": [
                {
                    "number": each.number,
                    "made_at": int(each.made_at.timestamp()),
                    "key": each.key.reveal(),
                }
                for each in keys.generations
            ],
        }
    )


def _read(data: bytes) -> DataKeys:
    fields = cbor.decode_map(data)
    if fields.get("format") != FORMAT or cbor.member(fields, "version", int) != VERSION:
        raise MalformedEvidence(DATA_KEYS, "of another format or version")
    keys = DataKeys(
        generations=tuple(_generation(item) for item in cbor.member(fields, "generations", list)),
        index=Secret(cbor.member(fields, "index", bytes)),
    )
    numbers = [each.number for each in keys.generations]
    if sorted(set(numbers)) != numbers or _encode(keys) != data:
        raise MalformedEvidence(DATA_KEYS, "not in its one form")
    keys.masters()
    return keys


def _generation(item: object) -> Generation:
    if type(item) is not dict:
        raise MalformedEvidence(DATA_KEYS, "a generation that is no map")
    return Generation(
        number=cbor.member(item, "number", int),
        made_at=_moment(item),
        key=Secret(cbor.member(item, "key", bytes)),
    )


def _moment(item: Mapping[Any, Any]) -> datetime:
    seconds = cbor.member(item, "made_at", int)
    if not 0 <= seconds <= LAST_MOMENT:
        raise MalformedEvidence(DATA_KEYS, "made_at out of range")
    return datetime.fromtimestamp(seconds, UTC)
