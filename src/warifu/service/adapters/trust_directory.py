"""A trust history on disk: written once, appended to, never changed.

::

    DIR/realm          ``production`` or ``test``
    DIR/index.jsonl    one record per line, in the order learned; only ever appended to
    DIR/objects/<sha>  snapshots, named by the SHA-256 of their bytes
    DIR/lock           held by whoever writes

A snapshot is written beside its place, flushed, and renamed into it; only then does a line of the
index name it. A reader needs no lock: it sees a line whole or not at all, because a line without
its end does not count. What a crash leaves behind is such a line or a file nobody names.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from warifu.attestation.claims import Realm
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.rules import HISTORY_WELL_FORMED, INTACT, REALM
from warifu.attestation.trust.snapshot import (
    MAX_SNAPSHOT_BYTES,
    SnapshotKind,
    SnapshotRecord,
    decode_record,
    digest,
    encode_record,
)
from warifu.base.errors import Misuse, RejectedTrust
from warifu.service.adapters.bundled_trust import bundled_snapshots, bundled_source
from warifu.service.adapters.whole_files import flush_folder, replace_whole
from warifu.service.rules import DIRECTORY, DIRECTORY_EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

MAX_INDEX_BYTES = 1 << 30
MAX_REALM_BYTES = 64
READABLE = 0o644
"""Trust is no secret: whoever verifies may read it."""


class TrustDirectory:
    """One directory, opened for one realm."""

    def __init__(self, path: Path, *, realm: Realm) -> None:
        """Open a directory that exists.

        Args:
            path: The directory.
            realm: The realm of the configuration that opens it.

        Raises:
            Misuse: ``trust/directory`` where there is none.
            RejectedTrust: ``trust/realm`` where it belongs to another realm.
        """
        self.path = path
        self.realm = realm
        with _usable(path), (path / "realm").open("rb") as file:
            stated = file.read(MAX_REALM_BYTES)
        if stated.strip() != realm.value.encode():
            raise RejectedTrust(REALM, f"{path} is of realm {stated.strip()!r}")

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        realm: Realm,
        now: datetime,
        snapshots: Mapping[SnapshotKind, bytes] | None = None,
        source: str | None = None,
    ) -> TrustDirectory:
        """Make a directory and let it learn its first snapshots.

        Args:
            path: Where; it must not exist yet, or be empty.
            realm: The realm it is for.
            now: The current time.
            snapshots: What to learn; the bundled anchors and boot keys unless given.
            source: Where those come from.

        Raises:
            Misuse: ``trust/directory-empty``.
            RejectedTrust: A snapshot is not acceptable in this realm.
        """
        directory = cls._make(path, realm)
        snapshots = bundled_snapshots() if snapshots is None else snapshots
        for kind, data in snapshots.items():
            record = directory.history().admit(
                kind, data, learned_at=now, source=source or bundled_source()
            )
            directory.append([record], {record.sha256: data})
        return directory

    @classmethod
    def restore(cls, path: Path, history: TrustHistory) -> TrustDirectory:
        """Make a directory that believes what another did, when the other did.

        For audits, replays elsewhere and moving house: nothing is stamped anew, as it is where a
        bundle continues a history.

        Args:
            path: Where; it must not exist yet, or be empty.
            history: What to take over, such as `read_bundle` gives.

        Raises:
            Misuse: ``trust/directory-empty``.
            RejectedTrust: A snapshot of the history is damaged.
        """
        objects = {record.sha256: history.snapshot(record.sha256) for record in history.records}
        directory = cls._make(path, history.realm)
        directory.append(history.records, objects)
        return directory

    @classmethod
    def _make(cls, path: Path, realm: Realm) -> TrustDirectory:
        with _usable(path):
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise Misuse(DIRECTORY_EMPTY, str(path))
            (path / "objects").mkdir()
            replace_whole(path / "realm", f"{realm.value}\n".encode(), mode=READABLE)
        return cls(path, realm=realm)

    def history(self) -> TrustHistory:
        """The history as it stands now.

        Raises:
            RejectedTrust: ``trust/history-well-formed``.
        """
        return TrustHistory(realm=self.realm, records=self._records(), find=self._find)

    def append(self, records: Iterable[SnapshotRecord], objects: Mapping[str, bytes]) -> None:
        """Add records, snapshots first.

        Args:
            records: In the order learned, each judged by `TrustHistory.admit` or its like.
            objects: Snapshots that may not be held yet, by digest.

        Raises:
            RejectedTrust: ``trust/history-well-formed`` where another writer was faster and time
                would run backwards; ``trust/snapshot-intact`` where a record names no snapshot.
        """
        added = list(records)
        with _usable(self.path), self._locked():
            held = self._records()
            TrustHistory(realm=self.realm, records=[*held[-1:], *added], find=self._find)
            for name, data in objects.items():
                self._store(name, data)
            missing = [r.sha256 for r in added if not (self._objects / r.sha256).is_file()]
            if missing:
                raise RejectedTrust(INTACT, f"no snapshot {missing[0]}")
            self._append_lines(b"".join(encode_record(record) + b"\n" for record in added))

    @property
    def _objects(self) -> Path:
        return self.path / "objects"

    @property
    def _index(self) -> Path:
        return self.path / "index.jsonl"

    def _records(self) -> list[SnapshotRecord]:
        with _usable(self.path):
            try:
                with self._index.open("rb") as file:
                    data = file.read(MAX_INDEX_BYTES + 1)
            except FileNotFoundError:
                return []
        if len(data) > MAX_INDEX_BYTES:
            raise RejectedTrust(HISTORY_WELL_FORMED, f"index of more than {MAX_INDEX_BYTES} bytes")
        *lines, _unfinished = data.split(b"\n")
        return [decode_record(line) for line in lines]

    def _find(self, name: str) -> bytes:
        try:
            with (self._objects / name).open("rb") as file:
                return file.read(MAX_SNAPSHOT_BYTES + 1)
        except OSError as error:
            raise RejectedTrust(INTACT, f"{name}: {error.strerror}") from error

    def _store(self, name: str, data: bytes) -> None:
        if digest(data) != name:
            raise RejectedTrust(INTACT, f"{name} does not name these bytes")
        place = self._objects / name
        # A damaged object of this name is mended by the right bytes.
        if not place.is_file() or digest(place.read_bytes()) != name:
            replace_whole(place, data, mode=READABLE)

    def _append_lines(self, lines: bytes) -> None:
        descriptor = os.open(self._index, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+b") as file:
            # A line that a crash cut short never counted, and must not join the next one.
            file.truncate(_whole_lines(file.read()))
            file.seek(0, os.SEEK_END)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        flush_folder(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.path / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """What the file system refuses is the operator's to mend, and says nothing of a device."""
    try:
        yield
    except OSError as error:
        raise Misuse(DIRECTORY, f"{path}: {error.strerror}") from error


def _whole_lines(data: bytes) -> int:
    return data.rfind(b"\n") + 1
