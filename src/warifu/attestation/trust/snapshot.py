"""Snapshots: trust data as published, named by its digest, and the record of when it was learned.

Two times are kept of every record. `confirmed_at` is when the publisher last said that this is its
data; how stale it may become counts from there. `learned_at` is when *we* came to know it; what was
believed at some moment counts from there. They differ where data reaches us by way of a bundle.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.attestation.trust.rules import HISTORY_WELL_FORMED, INTACT
from warifu.base.codec import json
from warifu.base.errors import MalformedEvidence, RejectedTrust

MAX_RECORD_BYTES = 4096
MAX_SNAPSHOT_BYTES = 32 << 20


class SnapshotKind(StrEnum):
    """What a snapshot holds."""

    ANCHORS = "anchors"
    REVOCATION = "android-revocation"
    METADATA = "fido-metadata"
    BOOT_KEYS = "boot-keys"


Time = Annotated[datetime, Meta(tz=True)]
ShortText = Annotated[str, Meta(max_length=1024)]


class Told(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a publisher told beside its data."""

    etag: ShortText | None = None
    """The publisher's name for this version (RFC 9110 §8.8.3), to ask for changes only."""
    last_modified: ShortText | None = None
    expires_at: Time | None = None
    """Until when the publisher asks not to be asked again (RFC 9111 §4.2.1)."""


class SnapshotRecord(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One line of the history: at this time we learned, or were told again, this snapshot."""

    kind: SnapshotKind
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    """Of the bytes as published, in lower-case hex: the snapshot's name."""
    learned_at: Time
    confirmed_at: Time
    source: ShortText
    """Where it came from: an address, ``bundled`` with a version, or what an operator says."""
    told: Told = Told()

    def same_fact(self, other: SnapshotRecord) -> bool:
        """Whether two records say the same but for when *we* learned it."""
        return msgspec.structs.replace(self, learned_at=other.learned_at) == other


def digest(data: bytes) -> str:
    """The name of a snapshot: SHA-256 of its bytes in lower-case hex."""
    return sha256(data).hexdigest()


def require_intact(name: str, data: bytes) -> bytes:
    """Return `data` where it still is what its name says.

    Raises:
        RejectedTrust: ``trust/snapshot-intact``.
    """
    found = digest(data)
    if found != name:
        raise RejectedTrust(INTACT, f"{name} has become {found}")
    return data


def encode_record(record: SnapshotRecord) -> bytes:
    """One line of JSON, without its line end."""
    return msgspec.json.encode(record)


def decode_record(line: bytes) -> SnapshotRecord:
    """Read one line of JSON.

    Raises:
        RejectedTrust: ``trust/history-well-formed``.
    """
    try:
        members = json.decode_object(line, max_bytes=MAX_RECORD_BYTES)
    except MalformedEvidence as error:
        raise RejectedTrust(HISTORY_WELL_FORMED, error.detail) from error
    return to_record(members)


def to_record(members: object) -> SnapshotRecord:
    """A record from its members, as JSON or CBOR gives them.

    Raises:
        RejectedTrust: ``trust/history-well-formed``.
    """
    try:
        return msgspec.convert(members, SnapshotRecord)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise RejectedTrust(HISTORY_WELL_FORMED, f"{error!s:.200}") from error
