"""Google's list of revoked Android attestation certificates, read as it is really written.

The schema promises serial numbers in lower-case hex. The real list mixes two spellings, and a
look-up by ``hex(serial)`` alone misses a third of it:

==========  =======  ======================  =========================  =======
list of     entries  decimal, 17-20 digits   hex, 30-32 digits          repeats
==========  =======  ======================  =========================  =======
2021-10-10       15                      11                          4        0
2023-05-28       46                      25                         21        4
2025-01-08      467                     161                        306        0
==========  =======  ======================  =========================  =======

A key of digits alone below 2**64 is therefore decimal and never hex; a key with a letter is hex.
Digits alone of 2**64 or more, which no real list has yet, could be either and are listed as both:
missing a revoked key is the worse error. No key of the three lists could be meant otherwise: no
decimal one has fewer than 17 digits, which is more than a 64-bit serial has in hex, and no hex one
happens to have no letter.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from warifu.attestation.trust.rules import (
    REVOCATION_FRESH,
    REVOCATION_KEEPS,
    REVOCATION_WELL_FORMED,
)
from warifu.attestation.trust.unknown import Unknown
from warifu.base.codec import json
from warifu.base.errors import MalformedEvidence, RejectedTrust, StaleTrust

MAX_BYTES = 16 << 20
MAX_ENTRIES = 200_000
MAX_UNREADABLE = 16
MAX_HEX_DIGITS = 128
MIN_FACTORY_DIGITS = 16
MAX_AGE = timedelta(hours=24)
"""How long after its last confirmation a list is believed.

The publisher states no limit; this one is our choice. An attacker with a leaked key gains what we
allow, and whoever refreshes hourly stays up with one good answer in twenty-four.
"""
MIN_KEPT = 0.5
"""Share of the entries of the list before that a new one must keep."""


class RevocationStatus(StrEnum):
    """What a listed certificate is. Whatever it is, it is not to be trusted."""

    REVOKED = "REVOKED"
    SUSPENDED = "SUSPENDED"
    UNKNOWN = "UNKNOWN"
    """A word this version does not know: counts as revoked, and is reported."""


class RevocationEntry(Struct, frozen=True, kw_only=True):
    """One listed serial number."""

    key: str
    """As listed."""
    status: RevocationStatus
    reason: str | None = None
    comment: str | None = None
    expires: date | None = None
    """When the certificate expires, after which the publisher may drop the entry."""


class RevocationList(Struct, frozen=True, kw_only=True):
    """One list, and when it was last confirmed to be the publisher's current one."""

    entries: dict[int, RevocationEntry]
    """By serial number."""
    confirmed_at: datetime
    unknown: tuple[str, ...] = ()
    """What was not understood: statuses, fields, keys. For operators; bounded."""

    def find(self, serial: int) -> RevocationEntry | None:
        """The entry for a certificate's serial number; None where it is not listed."""
        return self.entries.get(serial)

    def find_certificate(self, serial: int) -> RevocationEntry | None:
        """The entry for the certificate that bears a serial number, in any spelling it may have.

        Factory attestation keys of 2016 to 2018 have 64-bit numbers whose *decimal* digits were
        written into the certificate as if they were hex: the Xperia 10 III has the serial
        0x16580768335559031605, and its distribution point ends in ``/crl/16580768335559031605``.
        A list names such a certificate by these digits, which `find` takes for decimal. A serial
        whose hex has digits only, and enough of them not to meet another by chance, is therefore
        looked up under both numbers.
        """
        entry = self.entries.get(serial)
        if entry is not None:
            return entry
        digits = f"{serial:x}"
        if len(digits) < MIN_FACTORY_DIGITS or not digits.isdecimal():
            return None
        return self.entries.get(int(digits))

    def require_fresh(self, known_at: datetime, *, limit: timedelta = MAX_AGE) -> None:
        """Refuse to conclude anything from a list that was confirmed too long ago.

        Raises:
            StaleTrust: ``revocation/fresh``; also where the list is younger than `known_at`, which
                means that it was not yet known then.
        """
        age = known_at - self.confirmed_at
        if not timedelta(0) <= age <= limit:
            raise StaleTrust(REVOCATION_FRESH, f"confirmed {age} before, limit {limit}")

    def require_keeps(self, earlier: RevocationList) -> None:
        """Refuse a list that forgets most of what the one before it listed.

        Raises:
            RejectedTrust: ``revocation/keeps-entries``.
        """
        kept = len(self.entries.keys() & earlier.entries.keys())
        if kept < MIN_KEPT * len(earlier.entries):
            raise RejectedTrust(REVOCATION_KEEPS, f"{kept} of {len(earlier.entries)} kept")


def parse(data: bytes, *, confirmed_at: datetime) -> RevocationList:
    """Read a list.

    Args:
        data: The JSON as published.
        confirmed_at: When the publisher last said that this is its list.

    Raises:
        RejectedTrust: ``revocation/well-formed``.
    """
    try:
        # The list of 2023 repeats four names with equal entries.
        document = json.decode(data, max_bytes=MAX_BYTES, decoder=json.REPEATS_ALIKE)
    except MalformedEvidence as error:
        raise RejectedTrust(REVOCATION_WELL_FORMED, error.detail) from error
    listed = document.get("entries") if type(document) is dict else None
    if type(listed) is not dict or len(listed) > MAX_ENTRIES:
        raise RejectedTrust(REVOCATION_WELL_FORMED, "no entries, or too many")
    unknown = Unknown()
    unknown.members("", document, _LIST_MEMBERS)
    entries: dict[int, RevocationEntry] = {}
    unreadable = 0
    for key, value in listed.items():
        serials = read_serials(key)
        if not serials:
            unreadable += 1
            unknown.add(f"key {key[:MAX_HEX_DIGITS]!r}")
            continue
        entry = _read_entry(key, value, unknown)
        for serial in serials:
            held = entries.get(serial)
            # Both spellings of one serial may be listed: the graver word counts.
            if held is None or held.status is not RevocationStatus.REVOKED:
                entries[serial] = entry
    if unreadable > MAX_UNREADABLE:
        raise RejectedTrust(REVOCATION_WELL_FORMED, f"{unreadable} keys are no serial numbers")
    return RevocationList(entries=entries, confirmed_at=confirmed_at, unknown=unknown.notes())


def bearers(listed: int) -> tuple[int, ...]:
    """The serials of certificates that `RevocationList.find_certificate` finds under one number.

    The number itself, and the serial whose hex has the digits that the number has in decimal.
    """
    digits = f"{listed:d}"
    return (listed,) if len(digits) < MIN_FACTORY_DIGITS else (listed, int(digits, 16))


def read_serials(key: str) -> tuple[int, ...]:
    """The serial numbers that a key of the list may mean; none where it is no number.

    Digits alone below 2^64 are decimal, as all such keys of the real lists are, and never hex.
    Longer ones could be either: both are listed, because missing a revoked key is the worse error
    and no two serial numbers of that length meet by chance.
    """
    if not 0 < len(key) <= MAX_HEX_DIGITS or not _HEX_DIGITS.issuperset(key):
        return ()
    if not _DECIMAL_DIGITS.issuperset(key):
        return (int(key, 16),)
    decimal = int(key)
    return (decimal,) if decimal < _DECIMAL_END else (decimal, int(key, 16))


def _read_entry(key: str, value: Any, unknown: Unknown) -> RevocationEntry:  # noqa: ANN401 - JSON
    """An entry that says nothing readable still lists its serial: it refuses."""
    if type(value) is not dict:
        unknown.add(f"{key}: no object")
        return RevocationEntry(key=key, status=RevocationStatus.UNKNOWN)
    unknown.members(f"{key}.", value, _ENTRY_MEMBERS)
    stated = value.get("status")
    status = _STATUSES.get(stated) if type(stated) is str else None
    if status is None:
        unknown.add(f"{key}: status {stated!r:.40}")
    return RevocationEntry(
        key=key,
        status=status or RevocationStatus.UNKNOWN,
        reason=_text(value.get("reason")),
        comment=_text(value.get("comment")),
        expires=_date(value.get("expires")),
    )


def _text(value: object) -> str | None:
    return value if type(value) is str else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if type(value) is str else None
    except ValueError:
        return None


_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_DECIMAL_DIGITS = frozenset("0123456789")
_DECIMAL_END = 1 << 64
_STATUSES = {status.value: status for status in RevocationStatus if status.value != "UNKNOWN"}
_LIST_MEMBERS = frozenset({"entries"})
_ENTRY_MEMBERS = frozenset({"status", "reason", "comment", "expires"})
