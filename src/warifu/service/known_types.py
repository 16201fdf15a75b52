"""What msgspec must know of our types before a process has threads.

It looks into a type where values of it are first read, and keeps what it found with the type. Two
threads that come to one type for the first time at the same moment see it half done, which ends the
process (msgspec 0.22: a segmentation fault).
"""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "warifu."


def prepare_types() -> int:
    """Let msgspec look into every type of ours that is loaded; how many it can read."""
    prepared = 0
    for kind in {*_below(msgspec.Struct), *_below(Enum)}:
        if kind.__module__.startswith(OURS):
            # Of a type that cannot be read from anything, nothing is ever read.
            with suppress(NameError, TypeError, AttributeError):
                msgspec.json.Decoder(kind)
                prepared += 1
    return prepared


def _below(kind: type[object]) -> Iterator[type[object]]:
    below: list[type[object]] = type.__subclasses__(kind)
    for each in below:
        yield each
        yield from _below(each)
