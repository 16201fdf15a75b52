"""The keys that whoever checks receipts was given beforehand: of logs, of witnesses, of servers."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from msgspec import Struct

from warifu.base.codec import json as strict_json
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.signature import load_public_key
from warifu.receipt_check import rules

MAX_KEY_FILE_BYTES = 1 << 18
MAX_KEYS = 1024
FOR_RECEIPTS = "receipt"
LOG_TYPE, WITNESS_TYPE = 1, 4
"""Types of signatures of notes: Ed25519, and Ed25519 of a witness with its time."""

_ED25519 = bytes.fromhex("302a300506032b6570032100")
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_COORDINATE = 32


class NoteKey(Struct, frozen=True, kw_only=True):
    """A key of a log or of a witness."""

    name: str
    type: int
    public_key: bytes
    """32 bytes of Ed25519."""

    @property
    def key_id(self) -> bytes:
        """Four bytes by which signature lines name it."""
        named = f"{self.name}\n".encode() + bytes([self.type]) + self.public_key
        return sha256(named).digest()[:4]


class ServerKey(Struct, frozen=True, kw_only=True):
    """A signing key of a server, and what it is for."""

    key_id: str
    """Thumbprint (RFC 7638 with SHA-256), base64url."""
    purpose: str
    public_key: bytes
    """DER of SubjectPublicKeyInfo."""


def read_note_keys(data: bytes) -> tuple[NoteKey, ...]:
    """Verifier keys of logs and witnesses, one on a line; empty lines and ``#`` lines are skipped.

    Raises:
        MalformedEvidence: ``receipt-check/key-file``.
    """
    try:
        lines = _sized(data).decode().splitlines()
    except UnicodeDecodeError as error:
        raise MalformedEvidence(rules.KEY_FILE, "not UTF-8") from error
    wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not 0 < len(wanted) <= MAX_KEYS:
        raise MalformedEvidence(rules.KEY_FILE, f"{len(wanted)} keys")
    return tuple(_note_key(line) for line in wanted)


def read_server_keys(data: bytes) -> tuple[ServerKey, ...]:
    """The keys of a JWK set, as ``warifu keys publish`` writes it. Old sets are kept and given too.

    Raises:
        MalformedEvidence: ``receipt-check/key-file``, ``json/*``.
    """
    listed: Any = strict_json.decode_object(_sized(data)).get("keys")
    if type(listed) is not list or len(listed) > MAX_KEYS:
        raise MalformedEvidence(rules.KEY_FILE, "no list of keys")
    return tuple(_server_key(each) for each in listed)


def server_key(purpose: str, public_key: bytes) -> ServerKey:
    """A key from SubjectPublicKeyInfo, such as a leaf of the log publishes.

    Raises:
        MalformedEvidence: ``receipt-check/key-file`` for a key that is no server's.
    """
    for prefix, kind, curve, names in (
        (_ED25519, "OKP", "Ed25519", ("x",)),
        (_P256, "EC", "P-256", ("x", "y")),
    ):
        body = public_key.removeprefix(prefix)
        if len(public_key) - len(body) == len(prefix) and len(body) == _COORDINATE * len(names):
            halves = (body[n : n + _COORDINATE] for n in range(0, len(body), _COORDINATE))
            coordinates = dict(zip(names, map(text.to_base64url, halves), strict=True))
            return ServerKey(
                key_id=_thumbprint({"kty": kind, "crv": curve, **coordinates}),
                purpose=purpose,
                public_key=_sound(public_key),
            )
    raise MalformedEvidence(rules.KEY_FILE, "a key that is neither P-256 nor Ed25519")


def _note_key(line: str) -> NoteKey:
    match line.split("+", 2):
        case [name, key_id, encoded] if name and not any(each.isspace() for each in name):
            value = _base64(encoded)
        case _:
            raise MalformedEvidence(rules.KEY_FILE, "not name, key ID and key")
    if len(value) != 1 + _COORDINATE or value[0] not in {LOG_TYPE, WITNESS_TYPE}:
        raise MalformedEvidence(rules.KEY_FILE, "not an Ed25519 key of a log or a witness")
    key = NoteKey(name=name, type=value[0], public_key=value[1:])
    if key.key_id.hex() != key_id:
        raise MalformedEvidence(rules.KEY_FILE, "a key ID that is not the key's")
    return key


def _server_key(jwk: object) -> ServerKey:
    match jwk:
        case {"kty": "OKP", "crv": "Ed25519", "x": str(x), "purpose": str(purpose)}:
            public_key = _ED25519 + _base64url(x)
        case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y), "purpose": str(purpose)}:
            public_key = _P256 + _base64url(x) + _base64url(y)
        case _:
            raise MalformedEvidence(rules.KEY_FILE, "a key of another kind, or without purpose")
    return server_key(purpose, public_key)


def _sound(public_key: bytes) -> bytes:
    try:
        load_public_key(public_key)
    except BadEvidence as error:
        raise MalformedEvidence(rules.KEY_FILE, error.detail) from error
    return public_key


def _thumbprint(members: dict[str, str]) -> str:
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return text.to_base64url(sha256(canonical.encode()).digest())


def _base64url(value: str) -> bytes:
    try:
        found = text.from_base64url(value)
    except MalformedEvidence as error:
        raise MalformedEvidence(rules.KEY_FILE, "not base64url") from error
    return found if len(found) == _COORDINATE else b""


def _base64(value: str) -> bytes:
    try:
        return text.from_base64(value)
    except MalformedEvidence as error:
        raise MalformedEvidence(rules.KEY_FILE, "not base64") from error


def _sized(data: bytes) -> bytes:
    if len(data) > MAX_KEY_FILE_BYTES:
        raise MalformedEvidence(rules.KEY_FILE, f"more than {MAX_KEY_FILE_BYTES} bytes")
    return data
