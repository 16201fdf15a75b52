"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def replace_whole(place: Path, data: bytes, *, mode: int) -> None:
    """Put `data` in a file. Readers, and whoever comes after a crash, find the old one or the new.

    Args:
        place: Where; its folder exists.
        data: The whole content.
        mode: Permission bits.

    Raises:
        OSError: What the file system refuses; the old file is untouched.
    """
    with NamedTemporaryFile(dir=place.parent, prefix=".", suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)  # made with mode 0600
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    flush_folder(place.parent)


def flush_folder(folder: Path) -> None:
    """Make names in a folder as lasting as the files they name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
