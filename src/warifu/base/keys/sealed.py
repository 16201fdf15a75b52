"""A ring of keys as bytes that only a passphrase opens.

The file is deterministic CBOR: ``[header, nonce, sealed]``, three byte strings. The header is a map
in deterministic CBOR and is public, but authenticated to the last bit::

    {"format": "warifu-keys", "version": 1, "counter": 7, "changed_at": 1795000000,
     "kdf": {"name": "argon2id", "memory_kib": 65536, "iterations": 3, "lanes": 4, "salt": h'...'},
     "keys": [{"key_id": "...", "purpose": "ear", "algorithm": "ES256", "custody": "file", ...}]}

``sealed`` is AES-256-GCM over ``{key id: private value}``, with the header as associated data, and
a key that Argon2id (RFC 9106) makes from the passphrase. Each sealing takes a new salt, so a key of
AES is used once. Before the passphrase is used, a file is only judged by its form; afterwards there
is a single refusal, whether the passphrase is wrong or anything was altered.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence, Misuse
from warifu.base.keys.jwks import algorithm_of, thumbprint
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import MAX_KEYS, MAY_STILL_SIGN, Custody, KeyRecord, KeyRing
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.rule import Rule, Text
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from warifu.base.keys.signer import Signer

MAX_BYTES = cbor.MAX_BYTES
FORMAT = "warifu-keys"
VERSION = 1
MIN_PASSPHRASE_OCTETS = 12
MAX_PASSPHRASE_OCTETS = 1024
SALT_OCTETS = 16
NONCE_OCTETS = 12
KEY_OCTETS = 32
LAST_MOMENT = 7_258_118_400
"""The year 2200: a date beyond it was made by no honest clock."""

WELL_FORMED = Rule(
    code="keys/sealed-well-formed",
    clause="RFC 8949 §4.2.1; warifu key file, version 1",
    requires=Text(
        ja="鍵ファイルは、定められた形式でなければなりません。",
        en="A key file has the stated form, in deterministic CBOR.",
    ),
    stops="parser differentials, hidden bytes, work without end",
)
DERIVATION = Rule(
    code="keys/sealed-derivation",
    clause="RFC 9106 §4; OWASP Password Storage Cheat Sheet",
    requires=Text(
        ja="鍵ファイルのArgon2idのパラメーターは、定められた範囲内でなければなりません。",
        en="The parameters of Argon2id in a key file are within the stated bounds.",
    ),
    stops="a downgraded derivation, and a hostile file that takes all memory",
)
OPENS = Rule(
    code="keys/opens",
    clause="NIST SP 800-38D §7.2",
    requires=Text(
        ja="鍵ファイルは、正しいパスフレーズで開くことができ、改変されていないものが必要です。",
        en="A key file opens with the passphrase and is unaltered.",
    ),
    stops="altered headers, swapped keys, guesses that learn from the answer",
)
NO_ROLLBACK = Rule(
    code="keys/no-rollback",
    clause="warifu key file, version 1",
    requires=Text(
        ja="鍵ファイルは、これまでに使用したものより古いものであってはなりません。",
        en="A key file is not older than the one last used here.",
    ),
    stops="an old copy bringing revoked keys back",
)
PASSPHRASE = Rule(
    code="keys/passphrase",
    clause="NIST SP 800-63B §3.1.1.2",
    requires=Text(
        ja="パスフレーズは、12バイト以上1024バイト以下でなければなりません。",
        en="A passphrase has 12 to 1024 octets.",
    ),
    stops="passphrases that can be tried out",
)


class Derivation(Struct, frozen=True, kw_only=True):
    """How much work Argon2id makes of one guess."""

    memory_kib: int
    iterations: int
    lanes: int


USUAL = Derivation(memory_kib=65_536, iterations=3, lanes=4)
"""RFC 9106 §4, second recommended option."""
LEAST = Derivation(memory_kib=19_456, iterations=2, lanes=1)
MOST = Derivation(memory_kib=262_144, iterations=8, lanes=8)


def seal(
    ring: KeyRing,
    passphrase: Secret,
    *,
    random_octets: Callable[[int], bytes],
    derivation: Derivation = USUAL,
) -> bytes:
    """Write a ring down, with the private values of those keys that may still sign.

    Args:
        ring: Of its signers, those in software are sealed; those in tokens stay there.
        passphrase: Need not be the one of last time.
        random_octets: Gives that many unpredictable octets, such as ``os.urandom``.
        derivation: Between `LEAST` and `MOST`.

    Raises:
        Misuse: ``keys/passphrase``, ``keys/sealed-derivation``.
    """
    if not MIN_PASSPHRASE_OCTETS <= len(passphrase) <= MAX_PASSPHRASE_OCTETS:
        raise Misuse(PASSPHRASE, f"{len(passphrase)} octets")
    _require_bounded(derivation)
    sealing = _Sealing(derivation, random_octets(SALT_OCTETS))
    header = _write_header(ring, sealing)
    nonce = random_octets(NONCE_OCTETS)
    privates = {
        record.key_id: signer.private().reveal()
        for record in ring.records
        if isinstance(signer := ring.signers.get(record.key_id), SoftwareSigner)
        and ring.state(record, ring.changed_at) in MAY_STILL_SIGN
    }
    cipher = AESGCM(_derive(passphrase, sealing))
    sealed = cipher.encrypt(nonce, cbor.encode_deterministic(privates), header)
    return cbor.encode_deterministic([header, nonce, sealed])


def unseal(data: bytes, passphrase: Secret, *, at_least: int = 0) -> KeyRing:
    """Open what `seal` wrote.

    Args:
        data: The file.
        passphrase: As it was given to `seal`.
        at_least: The highest counter seen so far; an older file does not open.

    Returns:
        The ring, with signers for the keys whose private values are in the file.

    Raises:
        Misuse: ``keys/sealed-well-formed``, ``keys/sealed-derivation``, ``keys/passphrase``,
            ``keys/opens``, ``keys/no-rollback``, ``keys/public-key``.
    """
    if len(passphrase) > MAX_PASSPHRASE_OCTETS:
        raise Misuse(PASSPHRASE, f"{len(passphrase)} octets")
    try:
        header, nonce, sealed = _read_container(data)
        ring, sealing = _read_header(header)
    except MalformedEvidence as error:
        # A file of our own is no evidence, whatever is wrong with it.
        raise Misuse(WELL_FORMED, error.detail) from error
    try:
        plain = AESGCM(_derive(passphrase, sealing)).decrypt(nonce, sealed, header)
        signers = _read_privates(plain, ring.records)
    except (InvalidTag, MalformedEvidence, Misuse):
        raise Misuse(OPENS) from None
    if ring.counter < at_least:
        raise Misuse(NO_ROLLBACK, f"change {ring.counter}, but {at_least} was seen")
    return KeyRing(
        records=ring.records, signers=signers, changed_at=ring.changed_at, counter=ring.counter
    )


class _Sealing(Struct, frozen=True):
    derivation: Derivation
    salt: bytes


def _derive(passphrase: Secret, sealing: _Sealing) -> bytes:
    made = Argon2id(
        salt=sealing.salt,
        length=KEY_OCTETS,
        iterations=sealing.derivation.iterations,
        lanes=sealing.derivation.lanes,
        memory_cost=sealing.derivation.memory_kib,
    )
    return made.derive(passphrase.reveal())


def _require_bounded(derivation: Derivation) -> None:
    for name in Derivation.__struct_fields__:
        value = getattr(derivation, name)
        if not getattr(LEAST, name) <= value <= getattr(MOST, name):
            raise Misuse(DERIVATION, f"{name}: {value}")


def _write_header(ring: KeyRing, sealing: _Sealing) -> bytes:
    derivation = {name: getattr(sealing.derivation, name) for name in Derivation.__struct_fields__}
    return cbor.encode_deterministic(
        {
            "format": FORMAT,
            "version": VERSION,
            "counter": ring.counter,
            "changed_at": _seconds(ring.changed_at),
            "kdf": {"name": "argon2id", "salt": sealing.salt, **derivation},
            "keys": [_write_record(record) for record in ring.records],
        }
    )


def _write_record(record: KeyRecord) -> dict[str, Any]:
    dates = {name: getattr(record, name) for name in (*_DATES, *_OPTIONAL_DATES)}
    return {
        "key_id": record.key_id,
        "purpose": record.purpose.value,
        "algorithm": record.algorithm,
        "custody": record.custody.value,
        "public_key": record.public_key,
        **{name: _seconds(date) for name, date in dates.items() if date is not None},
    }


def _read_container(data: bytes) -> tuple[bytes, bytes, bytes]:
    parts = cbor.decode(data, max_bytes=MAX_BYTES)
    if type(parts) is not list or [type(part) for part in parts] != [bytes, bytes, bytes]:
        raise MalformedEvidence(WELL_FORMED, "not three byte strings")
    header, nonce, sealed = parts
    if len(nonce) != NONCE_OCTETS or cbor.encode_deterministic(parts) != data:
        raise MalformedEvidence(WELL_FORMED, "not in deterministic form")
    return header, nonce, sealed


def _read_header(header: bytes) -> tuple[KeyRing, _Sealing]:
    fields = cbor.decode_map(header)
    if fields.get("format") != FORMAT or cbor.member(fields, "version", int) != VERSION:
        raise MalformedEvidence(WELL_FORMED, "of another format or version")
    sealing = _read_sealing(cbor.member(fields, "kdf", dict))
    keys = cbor.member(fields, "keys", list)
    if len(keys) > MAX_KEYS:
        raise MalformedEvidence(WELL_FORMED, f"{len(keys)} keys")
    ring = KeyRing(
        records=tuple(_read_record(item) for item in keys),
        changed_at=_moment(fields, "changed_at"),
        counter=cbor.member(fields, "counter", int),
    )
    if len({record.key_id for record in ring.records}) != len(keys) or ring.counter < 0:
        raise MalformedEvidence(WELL_FORMED, "a key twice, or a negative counter")
    # Nothing can hide in what we would not have written: no further members, no other spelling.
    if _write_header(ring, sealing) != header:
        raise MalformedEvidence(WELL_FORMED, "header not in its one form")
    return ring, sealing


def _read_sealing(fields: Mapping[Any, Any]) -> _Sealing:
    derivation = Derivation(
        **{name: cbor.member(fields, name, int) for name in Derivation.__struct_fields__}
    )
    _require_bounded(derivation)
    salt = cbor.member(fields, "salt", bytes)
    if len(salt) != SALT_OCTETS:
        raise MalformedEvidence(WELL_FORMED, f"salt of {len(salt)} octets")
    return _Sealing(derivation, salt)


def _read_record(item: object) -> KeyRecord:
    if type(item) is not dict:
        raise MalformedEvidence(WELL_FORMED, "a key that is no map")
    try:
        purpose = KeyPurpose(cbor.member(item, "purpose", str))
        custody = Custody(cbor.member(item, "custody", str))
    except ValueError as error:
        raise MalformedEvidence(WELL_FORMED, "unknown purpose or custody") from error
    public_key = cbor.member(item, "public_key", bytes)
    return KeyRecord(
        # The names are written for whoever looks at the file; `_write_header` compares them.
        key_id=thumbprint(public_key),
        purpose=purpose,
        algorithm=algorithm_of(public_key),
        custody=custody,
        public_key=public_key,
        **{name: _moment(item, name) for name in _DATES},
        **{name: _moment(item, name) for name in _OPTIONAL_DATES if name in item},
    )


def _read_privates(plain: bytes, records: tuple[KeyRecord, ...]) -> dict[str, Signer]:
    """Signers for the private values; each must belong to the public key it stands beside."""
    privates = cbor.decode_map(plain)
    algorithms = {record.key_id: record.algorithm for record in records}
    signers: dict[str, Signer] = {}
    for key_id in privates:
        private = Secret(cbor.member(privates, key_id, bytes))
        signer = SoftwareSigner(algorithms.get(key_id, ""), private)
        if signer.key_id != key_id:
            raise Misuse(OPENS)
        signers[key_id] = signer
    return signers


def _moment(fields: Mapping[Any, Any], name: str) -> datetime:
    seconds = cbor.member(fields, name, int)
    if not 0 <= seconds <= LAST_MOMENT:
        raise MalformedEvidence(WELL_FORMED, f"{name} out of range")
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


_DATES = ("published_at", "signs_from")
_OPTIONAL_DATES = ("signs_until", "published_until", "revoked_at")
