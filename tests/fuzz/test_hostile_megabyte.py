"""A hostile mebibyte for every decoder, reader and verifier: well under a second, and linear."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tests.timing import MAX_GROWTH, MAX_SECONDS, best_seconds, heap_set_aside
from tools.fuzz.mutate import saved
from tools.fuzz.targets import TARGETS, signatures_assumed

if TYPE_CHECKING:
    from tools.fuzz.targets import Target

pytestmark = pytest.mark.slow

MEBIBYTE = 1 << 20
NEGLIGIBLE_SECONDS = 0.02

UNITS = (
    *(b"\x00", b"\xff", b"\x30\x80", b"\x05\x00", b"\x81", b"\xa1\x01", b"\xd8\x62", b"\x40"),
    *(b"[", b'{"a":', b'"\\u00e9', b"[],", b'"a":1,', b"A", b"=", b".", b"e30.", b" ", b"\n"),
    *(b"-----BEGIN CERTIFICATE-----", b"-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----"),
)


def inputs(name: str, size: int) -> list[bytes]:
    """One unit again and again; each seed again and again, and with a long tail."""
    seeds = [seed for seed in saved(name) if seed]
    repeated = [unit * (size // len(unit)) for unit in (*UNITS, *seeds[:2])]
    tails = [seed + bytes(size - len(seed)) for seed in seeds[:2]]
    return repeated + tails + [_stretched(seed, size) for seed in seeds[:2]]


def _stretched(seed: bytes, size: int) -> bytes:
    """The middle of a seed again and again, between its beginning and its end."""
    third = max(len(seed) // 3, 1)
    start, middle, end = seed[:third], seed[third : 2 * third], seed[2 * third :]
    return start + (middle or b"x") * (size // max(len(middle), 1)) + end


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_mebibyte_takes_little_time_and_no_square_of_it(name: str) -> None:
    target: Target = TARGETS[name]
    with signatures_assumed() if target.assumes_signatures else nullcontext(), heap_set_aside():
        for quarter, full in zip(inputs(name, MEBIBYTE // 4), inputs(name, MEBIBYTE), strict=True):
            spent = best_seconds(target.run, full, 1)
            if spent > NEGLIGIBLE_SECONDS:
                base = max(best_seconds(target.run, quarter, 3), NEGLIGIBLE_SECONDS)
                if spent >= MAX_SECONDS or spent > MAX_GROWTH * base:
                    spent = best_seconds(target.run, full, 3)  # the machine may have been busy
                assert spent < MAX_SECONDS, full[:60]
                assert spent <= MAX_GROWTH * base, full[:60]
