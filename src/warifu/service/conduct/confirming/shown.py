"""Bytes of transactions as they read, remembered: rendering them again gives the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.authentication.transaction.encoding import decode_shown, encode_shown
from warifu.service.conduct.memory import Memory

if TYPE_CHECKING:
    from warifu.authentication.transaction.rendering import Shown
    from warifu.authentication.transaction.value import Transaction

MAX_REMEMBERED = 2048
"""More than are asked and answered at any time; of some kilobytes each."""


def write_shown(transaction: Transaction) -> bytes:
    """The bytes of a transaction; what is read of them is known then.

    Raises:
        Misuse: As `encode_shown`.
    """
    data, shown = encode_shown(transaction)
    _read.keep(data, (transaction, shown))
    return data


def read_shown(data: bytes) -> tuple[Transaction, Shown]:
    """The fields of a transaction, and its text; verified to belong together when first read.

    Raises:
        BadEvidence: As `decode_shown`.
    """
    return _read.get(data) or _read.keep(data, decode_shown(data))


_read: Memory[bytes, tuple[Transaction, Shown]] = Memory(MAX_REMEMBERED)
