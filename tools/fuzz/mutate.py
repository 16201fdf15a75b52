"""Seeded mutations without a fuzzer: the share that runs wherever the tests run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools.fuzz.world import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

REGRESSIONS = Path(__file__).parent / "regressions"
TELLING = (b"\x00", b"\x7f", b"\x80", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"=", b'"')
"""Octets at which decoders turn."""
MAX_SEED_BYTES = 1 << 14


def saved(target: str) -> list[bytes]:
    """The saved corpus of a target and its past crashes, in a fixed order."""
    folders = (CORPUS / target, REGRESSIONS / target)
    return [path.read_bytes() for folder in folders for path in sorted(folder.glob("*"))]


def mutants(seeds: list[bytes], random: Random, count: int) -> Iterator[bytes]:
    """`count` inputs, each some steps away from a seed."""
    for _ in range(count):
        data = random.choice(seeds)
        for _ in range(random.choice((1, 1, 1, 2, 4, 8))):
            data = random.choice(_STEPS)(data, random, seeds)
        yield data[:MAX_SEED_BYTES]


def _flip(data: bytes, random: Random, _: list[bytes]) -> bytes:
    at = random.randrange(len(data) + 1)
    return (
        data[:at]
        + bytes([(data[at : at + 1] or b"\0")[0] ^ 1 << random.randrange(8)])
        + (data[at + 1 :])
    )


def _overwrite(data: bytes, random: Random, _: list[bytes]) -> bytes:
    at, octets = random.randrange(len(data) + 1), random.choice(TELLING)
    return data[:at] + octets + data[at + len(octets) :]


def _insert(data: bytes, random: Random, _: list[bytes]) -> bytes:
    at = random.randrange(len(data) + 1)
    return (
        data[:at] + random.choice((*TELLING, random.randbytes(random.randrange(1, 9)))) + data[at:]
    )


def _delete(data: bytes, random: Random, _: list[bytes]) -> bytes:
    start, stop = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[min(stop, start + random.randrange(1, 17)) :]


def _repeat(data: bytes, random: Random, _: list[bytes]) -> bytes:
    start, stop = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:stop] + data[start:stop] + data[stop:]


def _cut(data: bytes, random: Random, _: list[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _cross(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    other = random.choice(seeds)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


_STEPS: tuple[Callable[[bytes, Random, list[bytes]], bytes], ...] = (
    *(_flip, _flip, _flip, _overwrite, _overwrite, _insert),
    *(_delete, _repeat, _cut, _cross),
)
