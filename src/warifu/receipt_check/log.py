"""The log as a third party sees it: signed heads, where a leaf is, and whether history was changed.

Proofs are followed from the root downwards here, by the definition of the tree, and not upwards
from the leaf by its bits, as RFC 9162 also gives it and as our log does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from warifu.base.codec import text
from warifu.base.errors import BadEvidence, MalformedEvidence, MissingTrust
from warifu.receipt_check import rules
from warifu.receipt_check.keys import LOG_TYPE, WITNESS_TYPE, NoteKey

SKEW = timedelta(minutes=5)
"""How far the clocks of who signs and who checks may be apart."""
MAX_NOTE_BYTES = 1 << 16
MAX_SIGNATURE_LINES = 64
MAX_SIZE = (1 << 63) - 1
_HASH = 32
_LAST_SECOND = 253_402_300_799
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_HEAD = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)")


class Witness(Struct, frozen=True, kw_only=True):
    """A witness that cosigned, and when it says it did."""

    name: str
    at: datetime


class Head(Struct, frozen=True, kw_only=True):
    """A checkpoint."""

    origin: str
    size: int
    root: bytes
    signed: bool
    """Whether a known key of the log signed it; False only where no key was given."""
    witnesses: tuple[Witness, ...] = ()


class _Line(Struct, frozen=True):
    name: str
    key_id: bytes
    value: bytes


def read_head(
    data: bytes, *, origin: str, keys: Iterable[NoteKey], threshold: int = 0, at: datetime
) -> Head:
    """Read a checkpoint and verify the signatures of known keys; unknown ones are passed over.

    Args:
        data: The signed note.
        origin: The log that it must be of.
        keys: Of logs and witnesses. Where none is of a log, the signature is not checked, and the
            head says so.
        threshold: How many witnesses must have cosigned.
        at: The time judged for, with a UTC offset: no cosignature is later.

    Raises:
        BadEvidence: ``receipt-check/checkpoint``, ``receipt-check/log``,
            ``receipt-check/log-signature``, ``receipt-check/witnesses``, ``text/well-formed``.
        MissingTrust: ``receipt-check/log-key``: keys of logs were given, and none signed.
    """
    body, lines = _split(data)
    found = _HEAD.fullmatch(body)
    if found is None or int(found[2]) > MAX_SIZE:
        raise MalformedEvidence(rules.CHECKPOINT, "not origin, size and root hash")
    if found[1] != origin:
        raise BadEvidence(rules.LOG, found[1][:200])
    known = tuple(keys)
    of_logs = [key for key in known if key.type == LOG_TYPE]
    signed = [_signed(key, lines, body) for key in of_logs if key.name == origin]
    if of_logs and not any(signed):
        raise MissingTrust(rules.LOG_KEY, origin[:200])
    cosigners = {key.public_key: key for key in known if key.type == WITNESS_TYPE}
    seen = tuple(_cosigned(cosigners.values(), lines, body, at))
    if len(seen) < threshold:
        raise BadEvidence(rules.WITNESSES, f"{len(seen)} of {threshold}")
    return Head(
        origin=origin,
        size=int(found[2]),
        root=text.from_base64(found[3]),
        signed=bool(of_logs),
        witnesses=seen,
    )


def read_consistency_proof(data: bytes) -> tuple[bytes, ...]:
    """A consistency proof from a file: its hashes in base64, in order, one on a line.

    Raises:
        MalformedEvidence: ``receipt-check/consistency``, ``text/well-formed``.
    """
    lines = data.split()
    if len(lines) > MAX_SIGNATURE_LINES:
        raise MalformedEvidence(rules.CONSISTENCY, f"{len(lines)} hashes")
    return tuple(text.from_base64(each) for each in lines)


def check_included(leaf: bytes, *, index: int, path: tuple[bytes, ...], head: Head) -> None:
    """Check that a leaf is at a place of the log.

    Args:
        leaf: Its bytes.
        index: Its place, from 0.
        path: The proof, from the leaf upwards.
        head: Of the log.

    Raises:
        BadEvidence: ``receipt-check/inclusion``.
    """
    if not 0 <= index < head.size:
        raise BadEvidence(rules.INCLUSION, f"leaf {index} of {head.size}")
    found = _root_over(index, head.size, list(path), sha256(b"\x00" + leaf).digest())
    if not compare_digest(found, head.root):
        raise BadEvidence(rules.INCLUSION, f"leaf {index} of {head.size}")


def follow(previous: Head, following: Head, proof: tuple[bytes, ...]) -> Head:
    """The later head, if the log only grew from the earlier one to it.

    Args:
        previous: The head that was believed last.
        following: Another head of the same log.
        proof: The consistency proof between their sizes.

    Raises:
        BadEvidence: ``receipt-check/log``, ``receipt-check/consistency``: both signed heads
            together prove to anyone what the log did.
    """
    if previous.origin != following.origin:
        raise BadEvidence(rules.LOG, following.origin[:200])
    if following.size < previous.size:
        raise BadEvidence(rules.CONSISTENCY, f"{following.size} leaves after {previous.size}")
    if previous.size in {0, following.size}:
        same = compare_digest(previous.root, following.root)
        empty = compare_digest(previous.root, sha256(b"").digest())
        fits = same if previous.size == following.size else empty
        if proof or not fits:
            raise BadEvidence(rules.CONSISTENCY, f"two heads of {previous.size} leaves")
        return following
    hashes = list(proof)
    old, new = _roots_over(previous.size, following.size, hashes, previous.root, whole=True)
    if hashes or not (compare_digest(old, previous.root) and compare_digest(new, following.root)):
        raise BadEvidence(rules.CONSISTENCY, f"from {previous.size} to {following.size}")
    return following


def _split(data: bytes) -> tuple[str, tuple[_Line, ...]]:
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedEvidence(rules.CHECKPOINT, f"more than {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedEvidence(rules.CHECKPOINT, "not UTF-8") from error
    body, gap, tail = whole.rpartition("\n\n")
    controls = any(each < " " and each != "\n" for each in whole)
    if not gap or not tail.endswith("\n") or controls:
        raise MalformedEvidence(rules.CHECKPOINT, "no signed note")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURE_LINES:
        raise MalformedEvidence(rules.CHECKPOINT, f"more than {MAX_SIGNATURE_LINES} signatures")
    return f"{body}\n", tuple(_line(each) for each in lines)


def _line(line: str) -> _Line:
    found = _LINE.fullmatch(line)
    if found is None:
        raise MalformedEvidence(rules.CHECKPOINT, "a line that is no signature")
    try:
        value = text.from_base64(found[2])
    except MalformedEvidence as error:
        raise MalformedEvidence(rules.CHECKPOINT, "not base64") from error
    if len(value) <= 4 or text.to_base64(value) != found[2]:
        raise MalformedEvidence(rules.CHECKPOINT, "a signature of two spellings")
    return _Line(found[1], value[:4], value[4:])


def _named(key: NoteKey, lines: tuple[_Line, ...]) -> Iterator[bytes]:
    return (each.value for each in lines if each.name == key.name and each.key_id == key.key_id)


def _signed(key: NoteKey, lines: tuple[_Line, ...], body: str) -> bool:
    values = tuple(_named(key, lines))
    for value in values:
        _check(key, value, body.encode())
    return bool(values)


def _cosigned(
    keys: Iterable[NoteKey], lines: tuple[_Line, ...], body: str, at: datetime
) -> Iterator[Witness]:
    for key in keys:
        times = [_time(key, value, body, at) for value in _named(key, lines)]
        if times:
            yield Witness(name=key.name, at=times[0])


def _time(key: NoteKey, value: bytes, body: str, at: datetime) -> datetime:
    seconds = int.from_bytes(value[:8], "big")
    _check(key, value[8:], f"cosignature/v1\ntime {seconds}\n{body}".encode())
    if seconds > _LAST_SECOND or (seen := datetime.fromtimestamp(seconds, UTC)) - at > SKEW:
        raise BadEvidence(rules.LOG_SIGNATURE, f"{key.name[:200]} in the future")
    return seen


def _check(key: NoteKey, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise BadEvidence(rules.LOG_SIGNATURE, key.name[:200]) from error


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _left(size: int) -> int:
    """Leaves of the left subtree: the largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def _take(hashes: list[bytes]) -> bytes:
    """The outermost hash that is left of a proof."""
    if not hashes or len(hashes[-1]) != _HASH:
        raise MalformedEvidence(rules.CONSISTENCY, "a proof that is too short")
    return hashes.pop()


def _root_over(index: int, size: int, path: list[bytes], leaf: bytes) -> bytes:
    """The root of a tree of `size` leaves, of which `leaf` and the path are known."""
    turns: list[tuple[bool, bytes]] = []
    while size > 1:
        if not path or len(path[-1]) != _HASH:
            raise MalformedEvidence(rules.INCLUSION, "a proof that is too short")
        half, beside = _left(size), path.pop()
        goes_left = index < half
        turns.append((goes_left, beside))
        index, size = (index, half) if goes_left else (index - half, size - half)
    if path:
        raise MalformedEvidence(rules.INCLUSION, "a proof that is too long")
    found = leaf
    for goes_left, beside in reversed(turns):
        found = _node(found, beside) if goes_left else _node(beside, found)
    return found


def _roots_over(
    first: int, second: int, hashes: list[bytes], old_root: bytes, *, whole: bool
) -> tuple[bytes, bytes]:
    """Both roots that a consistency proof leads to: SUBPROOF of RFC 9162 §2.1.4.1, backwards."""
    if first == second:
        same = old_root if whole else _take(hashes)
        return same, same
    half = _left(second)
    beside = _take(hashes)
    if first <= half:
        old, new = _roots_over(first, half, hashes, old_root, whole=whole)
        return old, _node(new, beside)
    old, new = _roots_over(first - half, second - half, hashes, old_root, whole=False)
    return _node(beside, old), _node(beside, new)
