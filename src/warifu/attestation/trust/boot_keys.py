"""Verified-boot keys of operating systems that a maker did not ship, as data with provenance.

A locked device that runs another system than its maker's reports the boot state *self-signed* and
the digest of that system's key. Which of them are anyone's choice to accept is policy; this list
only says whose a key is.

The document is JSON: ``{"keys": [{"key": "<SHA-256 in hex>", "os": "...", "device": "...",
"provenance": {...}}, ...]}``, with ``"realm": "test"`` beside ``keys`` for a test world.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.attestation.trust.rules import BOOT_KEYS_WELL_FORMED, REALM
from warifu.base.codec import json
from warifu.base.errors import MalformedEvidence, RejectedTrust

MAX_BYTES = 4 << 20
MAX_KEYS = 10_000
KEY_BYTES = 32


class BootKeyEntry(Struct, frozen=True, kw_only=True):
    """One key: whose it is, and where that was read."""

    key: bytes
    """The digest as devices report it, 32 bytes."""
    os: str
    """Name of the operating system."""
    device: str | None
    """The model it is used on; None where it is used on any."""
    provenance: dict[str, object]


class BootKeys(Struct, frozen=True, kw_only=True):
    """The keys known, by the digest that devices report."""

    entries: dict[bytes, BootKeyEntry]

    def find(self, key: bytes) -> BootKeyEntry | None:
        """Whose key a reported digest is; None where nobody's known to us."""
        return self.entries.get(key)


def load_boot_keys(data: bytes, *, realm: Realm) -> BootKeys:
    """Read a list of boot keys.

    Args:
        data: The JSON document.
        realm: The realm it is read for.

    Raises:
        RejectedTrust: ``trust/boot-keys-well-formed``, ``trust/realm``.
    """
    try:
        document = json.decode_object(data, max_bytes=MAX_BYTES)
    except MalformedEvidence as error:
        raise RejectedTrust(BOOT_KEYS_WELL_FORMED, error.detail) from error
    if document.get("realm", Realm.PRODUCTION) != Realm.PRODUCTION and realm is Realm.PRODUCTION:
        raise RejectedTrust(REALM, "boot keys of a test realm")
    listed = document.get("keys")
    if type(listed) is not list or len(listed) > MAX_KEYS:
        raise RejectedTrust(BOOT_KEYS_WELL_FORMED, "no keys, or too many")
    entries: dict[bytes, BootKeyEntry] = {}
    for number, value in enumerate(listed):
        entry = _read_entry(value)
        if entry is None or entry.key in entries:
            raise RejectedTrust(BOOT_KEYS_WELL_FORMED, f"keys[{number}]")
        entries[entry.key] = entry
    return BootKeys(entries=entries)


def _read_entry(value: Any) -> BootKeyEntry | None:  # noqa: ANN401 - JSON
    if type(value) is not dict or not value.keys() <= _MEMBERS:
        return None
    digits, name, device = value.get("key"), value.get("os"), value.get("device")
    provenance = value.get("provenance")
    if (
        type(digits) is not str
        or len(digits) != 2 * KEY_BYTES
        or not _HEX.issuperset(digits)
        or type(name) is not str
        or not name
        or (device is not None and type(device) is not str)
        or type(provenance) is not dict
    ):
        return None
    return BootKeyEntry(key=bytes.fromhex(digits), os=name, device=device, provenance=provenance)


_HEX = frozenset("0123456789abcdef")
_MEMBERS = frozenset({"key", "os", "device", "provenance"})
