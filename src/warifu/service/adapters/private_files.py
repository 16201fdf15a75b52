"""Files that are nobody else's: read only if they are private, replaced whole or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from warifu.base.errors import Misuse
from warifu.service.adapters.whole_files import replace_whole
from warifu.service.key_rules import KEY_FILE, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
ROOT = 0
OWNER_ONLY = 0o600


def read_private(path: Path, *, max_bytes: int) -> bytes:
    """The content of a file that only its owner, who is us or root, may read or write.

    Raises:
        Misuse: ``keys/file`` where it cannot be read, is no regular file or is too large;
            ``keys/file-private``.
    """
    with usable(path):
        # Judged after opening, so that nothing else can be put in its place; no pipe is awaited.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise Misuse(KEY_FILE, f"{path} is no regular file")
            if found.st_mode & OTHERS:
                raise Misuse(PRIVATE, f"{path} has mode {stat.S_IMODE(found.st_mode):04o}")
            _require_owner(path, found)
            data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Misuse(KEY_FILE, f"{path}: more than {max_bytes} bytes")
    return data


def require_private_folder(folder: Path) -> None:
    """Others must not be able to put another file in the place of ours.

    Raises:
        Misuse: ``keys/file`` where there is no folder, ``keys/file-private``.
    """
    with usable(folder):
        found = folder.stat()
    if found.st_mode & OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
        raise Misuse(PRIVATE, f"{folder} has mode {stat.S_IMODE(found.st_mode):04o}")
    _require_owner(folder, found)


def write_private(place: Path, data: bytes) -> None:
    """Put `data` in a file of mode 0600. After a crash the old file or the new one is there.

    Raises:
        Misuse: ``keys/file``.
    """
    with usable(place):
        replace_whole(place, data, mode=OWNER_ONLY)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time, in any process of this machine.

    Raises:
        Misuse: ``keys/file``.
    """
    with usable(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """What the file system refuses is the operator's to mend.

    Raises:
        Misuse: ``keys/file``.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        raise Misuse(KEY_FILE, f"{path}: {getattr(error, 'strerror', error)}") from error


def _require_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in {os.geteuid(), ROOT}:
        raise Misuse(PRIVATE, f"{path} belongs to user {found.st_uid}")
