"""What the reference client verifies before it sends anything: its bank's codes, keys, questions.

Written from ``docs/formats/activation.md`` §3, ``transaction.md`` §2 and ``user-authentication.md``
§5 alone. Nothing here obeys what a message says of its own key or algorithm: both are the pinned
ones, and a message that is not written in its one encoding is not read.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence
from warifu.handset.activation import CODE_DOMAIN, KEY_ID_OCTETS, PREFIX
from warifu.handset.endorsement import SESSION, TRUSTED_UI
from warifu.handset.transaction_display import (
    PIECE_BYTES,
    CannotDisplayError,
    TransactionDisplay,
)
from warifu.handset.user_authentication import HPKE_KEY_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.handset.endorsement import EndorsementQuestion

MOST_CODE_CHARACTERS = 1024
LONGEST_KEY_LIFE = 24 * 60 * 60
LATEST = 253_402_300_799
"""Seconds since 1970 at the end of the year 9999."""
_ES256, _EDDSA = -7, -8
_ALGORITHM, _KEY_ID, _TYPE = 1, 4, 16
_SIGN1 = b"\xd2"
_HALF = 32
_CHALLENGE_OCTETS = range(16, 65)
_ACTIVATION_OCTETS, _X25519_OCTETS, _MOST_NAME = 16, 32, 255


class NotForUsError(ValueError):
    """Not from the bank that this app has pinned, or not for this app: nothing is sent."""


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """What is compiled into an app."""

    verifier: str
    """The bank's name for itself, which is in everything that is signed."""
    code_keys: tuple[bytes, ...]
    """For activation codes, DER of SubjectPublicKeyInfo."""
    hpke_keys: Mapping[str, bytes]
    """Long-term keys that certify encryption keys, by key id."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """A verified activation code."""

    activation: bytes
    verifier_key: bytes
    """SHA-256 of the key that verified it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A transaction that was received whole and shown."""

    octets: bytes
    digest: bytes
    """Computed here while the text was shown, never told by anybody."""
    text: str
    expires_at: int


def read_code(text: str, pinned: Pinned, now: int | None) -> Code:
    """Verify an activation code.

    Args:
        text: As scanned.
        pinned: The bank.
        now: Seconds since 1970; None on a device that does not trust its clock.

    Raises:
        NotForUsError: Anything else than a code of this bank, in its time.
    """
    with _nothing_else("activation code"):
        body = text.removeprefix(PREFIX)
        _require(body != text and len(text) <= MOST_CODE_CHARACTERS, "no code")
        message = base64.b32decode(body + "=" * (-len(body) % 8))
        _require(base64.b32encode(message).rstrip(b"=") == body.encode(), "stray bits")
        named = {sha256(key).digest()[:KEY_ID_OCTETS]: key for key in pinned.code_keys}
        header, payload, key = _open(message, named.get)
        _require(set(header) == {_ALGORITHM, _KEY_ID}, "other headers")
        domain, activation, verifier, expires_at = cbor.decode(payload)
        _require(domain == CODE_DOMAIN and verifier == pinned.verifier, "of another bank")
        _require(type(activation) is bytes and len(activation) == _ACTIVATION_OCTETS, "no id")
        _require(type(expires_at) is int and 0 <= expires_at <= LATEST, "no time")
        _require(now is None or now < expires_at, "too late")
        return Code(activation=activation, verifier_key=sha256(key).digest())


def read_hpke_key(certificate: bytes, pinned: Pinned, now: int) -> bytes:
    """The X25519 key of the server, out of a certificate by a pinned long-term key.

    Raises:
        NotForUsError: Not by a pinned key, for another service, or not in its time.
    """
    with _nothing_else("certificate"):
        named = {name.encode(): key for name, key in pinned.hpke_keys.items()}
        header, payload, _ = _open(certificate, named.get)
        _require(header[_TYPE] == HPKE_KEY_TYPE, "another type of document")
        said = cbor.decode_map(payload)
        _require(set(said) == {1, 2, 3, 4, 5} and said[1] == 1, "other members")
        _require(cbor.encode_deterministic(said) == payload, "another encoding")
        _, key, verifier, begins, ends = (said[label] for label in range(1, 6))
        _require(type(key) is bytes and len(key) == _X25519_OCTETS, "no key")
        _require(verifier == pinned.verifier, "of another bank")
        _require(0 <= ends - begins <= LONGEST_KEY_LIFE and begins <= now <= ends, "out of time")
        public_key: bytes = key
        return public_key


def receive(
    octets: bytes,
    pinned: Pinned,
    *,
    user: str,
    device: str,
    now: int,
    show: Callable[[str], None],
) -> Asked:
    """Take a transaction in pieces, show its text, and check that it is asked of this device.

    Args:
        octets: As sent.
        pinned: The bank.
        user: Whom this app is bound to.
        device: The id of the binding.
        now: Seconds since 1970.
        show: Takes the text as it comes in.

    Raises:
        NotForUsError: Not as the format says, from another service, for somebody else, or late.
    """
    with _nothing_else("transaction"):
        item = cbor.decode_map(octets)
        _require(cbor.encode_deterministic(item) == octets, "another encoding")
        _require(item[2] == pinned.verifier, "of another bank")
        _require((item[5], item[6]) == (user, device), "for somebody else")
        expires_at = cbor.member(item, 8, int)
        _require(now < expires_at, "too late")
        display, shown = TransactionDisplay(), []
        for piece in pieces_of(octets):
            shown.append(display.feed(piece))
            show(shown[-1])
        digest = display.finish()
        return Asked(octets=octets, digest=digest, text="".join(shown), expires_at=expires_at)


def check_endorsement_question(
    question: EndorsementQuestion, pinned: Pinned, *, binding: bytes, now: int
) -> None:
    """Refuse to endorse a key for another bank or binding.

    Raises:
        NotForUsError: Not by the pinned bank, not of this binding, or late.
    """
    with _nothing_else("endorsement"):
        _require(question.verifier == pinned.verifier, "of another bank")
        _require(question.binding == binding, "of another binding")
        _require(question.use in {SESSION, TRUSTED_UI}, "another use")
        _require(len(question.challenge) in _CHALLENGE_OCTETS, "no challenge")
        _require(now < question.expires_at <= LATEST, "too late")


def pieces_of(octets: bytes) -> Iterator[bytes]:
    """What short command APDUs carry."""
    return (octets[at : at + PIECE_BYTES] for at in range(0, len(octets), PIECE_BYTES))


def _open(
    message: bytes, find: Callable[[bytes], bytes | None]
) -> tuple[dict[Any, Any], bytes, bytes]:
    """Headers, payload and key of a tagged COSE_Sign1 in its one encoding."""
    _require(message[:1] == _SIGN1, "no COSE_Sign1")
    protected, unprotected, payload, proof = cbor.decode(message[1:])
    header = cbor.decode_map(protected)
    whole = [cbor.encode_deterministic(header), {}, payload, proof]
    _require(_SIGN1 + cbor.encode_deterministic(whole) == message, "another encoding")
    _require(unprotected == {}, "unprotected headers")
    key = find(header[_KEY_ID])
    if key is None:
        raise NotForUsError("not by a pinned key")
    signed = cbor.encode_deterministic(["Signature1", protected, b"", payload])
    _verify(key, header[_ALGORITHM], proof, signed)
    return header, payload, key


def _verify(spki: bytes, algorithm: object, proof: bytes, signed: bytes) -> None:
    key = load_der_public_key(spki)
    _require(len(proof) == 2 * _HALF, "no signature")
    if isinstance(key, ed25519.Ed25519PublicKey):
        _require(algorithm == _EDDSA, "another algorithm than its key's")
        key.verify(proof, signed)
        return
    if not isinstance(key, ec.EllipticCurvePublicKey) or algorithm != _ES256:
        raise NotForUsError("another algorithm than its key's")
    r, s = (int.from_bytes(half, "big") for half in (proof[:_HALF], proof[_HALF:]))
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise NotForUsError(otherwise)


_FAULTS: tuple[type[Exception], ...] = (
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError),
    *(InvalidSignature, CannotDisplayError, cbor2.CBORError, MalformedEvidence),
)


@contextmanager
def _nothing_else(what: str) -> Iterator[None]:
    """Hostile bytes end in one error, whatever of them is wrong."""
    try:
        yield
    except NotForUsError:
        raise
    except _FAULTS as error:
        raise NotForUsError(f"{what}: {type(error).__name__}") from error
