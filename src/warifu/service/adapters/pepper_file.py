"""The peppers of PINs: a private file of text, kept where neither database nor data keys are.

One line for each pepper: its name, a space, and 16 octets or more in base64. The last one is used
for PINs that are set from now on; the others are needed while there are PINs under them. The file
is not the one with the data keys, because whoever has the data keys and the database could then
compute every PIN: there are only ten thousand of four digits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warifu.authentication.user.pin_record import MIN_PEPPER_OCTETS, Pepper
from warifu.base.codec.text import from_base64
from warifu.base.errors import MalformedEvidence, Misuse
from warifu.base.secret import Secret
from warifu.service.adapters.private_files import read_private, require_private_folder
from warifu.service.key_rules import PEPPERS

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 16 << 10
MAX_PEPPERS = 64
_LINE = re.compile(rb"([A-Za-z0-9._-]{1,64}) ([A-Za-z0-9+/=]{1,200})")


def read_peppers(path: Path) -> tuple[Pepper, ...]:
    """All of them, newest last.

    Raises:
        Misuse: ``keys/file``, ``keys/file-private``, ``keys/peppers``.
    """
    require_private_folder(path.parent)
    lines = read_private(path, max_bytes=MAX_BYTES).splitlines()
    peppers = tuple(_pepper(path, line) for line in lines)
    if not 0 < len(peppers) <= MAX_PEPPERS or len({each.name for each in peppers}) < len(peppers):
        raise Misuse(PEPPERS, f"{path}: {len(peppers)} lines, or a name twice")
    return peppers


def _pepper(path: Path, line: bytes) -> Pepper:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Misuse(PEPPERS, f"{path}: a line of {len(line)} octets")
    try:
        value = Secret(from_base64(found[2]))
    except MalformedEvidence as error:
        raise Misuse(PEPPERS, f"{path}: no base64") from error
    if len(value) < MIN_PEPPER_OCTETS:
        raise Misuse(PEPPERS, f"{path}: a pepper of {len(value)} octets")
    return Pepper(name=found[1].decode(), value=value)
