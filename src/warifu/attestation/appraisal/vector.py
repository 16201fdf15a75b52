"""The trustworthiness vector and its tiers (draft-ietf-rats-ar4si §2.3).

A claim that is missing says nothing. It is never counted as good.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

LOWEST, HIGHEST = -128, 127
EVIDENCE_BROKEN = 99
"""Cryptographic validation of the evidence failed: the device's fault."""
VERIFIER_BROKEN = -1
"""The verifier could not judge: our fault, and no statement about the device."""


class Tier(IntEnum):
    """How far an attester may be trusted, by the numbers that go on the wire."""

    NONE = 0
    AFFIRMING = 2
    WARNING = 32
    CONTRAINDICATED = 96

    @property
    def label(self) -> str:
        """The name that JSON carries."""
        return self.name.lower()


class Entry(StrEnum):
    """The eight entries of a vector, by their names in JSON."""

    INSTANCE_IDENTITY = "instance-identity"
    CONFIGURATION = "configuration"
    EXECUTABLES = "executables"
    FILE_SYSTEM = "file-system"
    HARDWARE = "hardware"
    RUNTIME_OPAQUE = "runtime-opaque"
    STORAGE_OPAQUE = "storage-opaque"
    SOURCED_DATA = "sourced-data"


class TrustVector(Struct, frozen=True, kw_only=True, rename="kebab", omit_defaults=True):
    """One submodule's claims, -128 to 127 each. None is no claim."""

    instance_identity: int | None = None
    configuration: int | None = None
    executables: int | None = None
    file_system: int | None = None
    hardware: int | None = None
    runtime_opaque: int | None = None
    storage_opaque: int | None = None
    sourced_data: int | None = None

    def claims(self) -> dict[Entry, int]:
        """The claims that are made, in the order of their numbers."""
        found = ((entry, getattr(self, FIELDS[entry])) for entry in Entry)
        return {entry: value for entry, value in found if value is not None}


FIELDS = {entry: entry.value.replace("-", "_") for entry in Entry}
"""Attribute of each entry."""


def vector_of(claims: dict[Entry, int]) -> TrustVector:
    """The vector that makes exactly these claims, each from `LOWEST` to `HIGHEST`."""
    return TrustVector(**{FIELDS[entry]: value for entry, value in claims.items()})


def uniform(value: int) -> TrustVector:
    """The vector whose eight claims are all the same."""
    return vector_of(dict.fromkeys(Entry, value))


def tier_of(claim: int) -> Tier:
    """The tier of one claim (draft-ietf-rats-ar4si §2.3.2)."""
    if -1 <= claim <= 1:
        return Tier.NONE
    # The negative half mirrors the positive one: -2 to -32 stand for 2 to 31, and so on.
    value = claim if claim > 0 else ~claim
    if value >= Tier.CONTRAINDICATED:
        return Tier.CONTRAINDICATED
    return Tier.WARNING if value >= Tier.WARNING else Tier.AFFIRMING


def least_trusted(tiers: Iterable[Tier]) -> Tier:
    """The tier that allows least; `NONE` where there is nothing to go by.

    A warning is a statement against the attester, so it stands below no statement at all.
    """
    return max(tiers, key=_ORDER.__getitem__, default=Tier.NONE)


def exceeds(status: Tier, vector: TrustVector) -> bool:
    """Whether a status promises more than the worst claim of its vector."""
    claims = vector.claims()
    return bool(claims) and outranks(status, least_trusted(map(tier_of, claims.values())))


def outranks(tier: Tier, other: Tier) -> bool:
    """Whether one tier promises more than another."""
    return _ORDER[tier] < _ORDER[other]


_ORDER = {
    tier: position
    for position, tier in enumerate((Tier.AFFIRMING, Tier.NONE, Tier.WARNING, Tier.CONTRAINDICATED))
}
