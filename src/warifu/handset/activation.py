"""The device's side of activation: reads a code, commits, computes challenge and digits, confirms.

Written from ``docs/formats/activation.md`` alone. Change any field before using it; what depends on
it is computed then.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from warifu.base.codec.cbor import encode_deterministic
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.confirmation import raw_signature

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

T = TypeVar("T")

PREFIX = "WARIFU1:"
CODE_DOMAIN = "warifu-activation-code-v1"
CONTEXT_DOMAIN = "warifu-context-v1"
COMMITMENT_DOMAIN = "warifu-activation-commitment-v1"
FINGERPRINT_DOMAIN = "warifu-activation-fingerprint-v1"
CONFIRMATION_DOMAIN = "warifu-activation-confirmation-v1"
NONCE_OCTETS = 32
KEY_ID_OCTETS = 8
_SIGN1_TAG = 18
_ALGORITHM, _KEY_ID = 1, 4
_HALF = 32


class NoCodeError(ValueError):
    """What was scanned is no code of the pinned bank: nothing is sent to anybody."""


@dataclass(kw_only=True)
class Activation:
    """One enrolment of one app instance that has pinned its bank."""

    pinned: tuple[bytes, ...]
    """The bank's keys for codes, DER of SubjectPublicKeyInfo."""
    verifier: str
    """The name that the app has pinned."""
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(NONCE_OCTETS))
    activation: bytes = b""
    verifier_key: bytes = b""
    """SHA-256 of the key that verified the code."""

    def scan(self, text: str, *, now: datetime | None = None) -> None:
        """Verify a code; without a clock that it trusts, a device leaves out the time.

        Raises:
            NoCodeError: Not of this bank, for another name, or too late.
        """
        protected, payload, proof = _parts(text)
        header = _read(protected, dict)
        named = {sha256(key).digest()[:KEY_ID_OCTETS]: key for key in self.pinned}
        key = named.get(header.get(_KEY_ID) or b"")
        if key is None:
            raise NoCodeError("not of a pinned key")
        signed = encode_deterministic(["Signature1", protected, b"", payload])
        _verify(key, header.get(_ALGORITHM), proof, signed)
        domain, activation, verifier, expires_at = _read(payload, list)
        if domain != CODE_DOMAIN or verifier != self.verifier:
            raise NoCodeError("for another verifier")
        if now is not None and now >= datetime.fromtimestamp(expires_at, UTC):
            raise NoCodeError("too late")
        self.activation = activation
        self.verifier_key = sha256(key).digest()

    @property
    def challenge(self) -> bytes:
        """What the evidence is made for, 32 octets."""
        nothing = (None, None, None)
        return _digest(CONTEXT_DOMAIN, self.verifier, "app", "enrol", *nothing, self.activation)

    def commitment(self, public_key: bytes) -> bytes:
        """What is sent first; `public_key` is the DER of SubjectPublicKeyInfo."""
        return _digest(COMMITMENT_DOMAIN, self.activation, public_key, self.nonce)

    def digits(self, public_key: bytes, server_nonce: bytes) -> str:
        """What the device shows, and its user types into the bank's own channel."""
        whole = _digest(
            FINGERPRINT_DOMAIN,
            self.activation,
            self.verifier_key,
            public_key,
            server_nonce,
            self.nonce,
        )
        return f"{int.from_bytes(whole, 'big') % 10**8:08}"

    def confirmation(self, digits: str) -> bytes:
        """What the key signs when its user says that the digits are the same."""
        return encode_deterministic([CONFIRMATION_DOMAIN, self.activation, digits])

    def confirmed_by(self, key: PrivateKey | AppAttestDevice, digits: str) -> bytes:
        """The confirmation, signed by a key store's key or asserted by App Attest.

        A browser makes an assertion whose challenge is the SHA-256 of `confirmation` instead.
        """
        signed = self.confirmation(digits)
        if isinstance(key, AppAttestDevice):
            return key.assertion(signed).encode()
        return raw_signature(key, signed)


def _parts(text: str) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature."""
    body = text.removeprefix(PREFIX)
    if body == text:
        raise NoCodeError("another prefix")
    try:
        octets = base64.b32decode(body + "=" * (-len(body) % 8))
    except ValueError as error:
        raise NoCodeError("no base32") from error
    # Bits that are left over would give one code several texts.
    if base64.b32encode(octets).rstrip(b"=").decode() != body:
        raise NoCodeError("stray bits")
    match _read(octets, cbor2.CBORTag):
        case cbor2.CBORTag(
            tag=tag, value=[bytes(protected), {**unprotected}, bytes(payload), bytes(proof)]
        ) if tag == _SIGN1_TAG and not unprotected:
            return protected, payload, proof
    raise NoCodeError("no COSE_Sign1")


def _read(octets: bytes, kind: type[T]) -> T:
    try:
        value = cbor2.loads(octets)
    except (ValueError, TypeError, OverflowError, RecursionError, EOFError) as error:
        raise NoCodeError("no CBOR") from error
    if not isinstance(value, kind):
        raise NoCodeError("of another type")
    return value


def _verify(key: bytes, algorithm: int | None, proof: bytes, signed: bytes) -> None:
    public = load_der_public_key(key)
    try:
        if isinstance(public, ed25519.Ed25519PublicKey) and algorithm == -8:
            public.verify(proof, signed)
        elif isinstance(public, ec.EllipticCurvePublicKey) and algorithm == -7:
            halves = (int.from_bytes(proof[:_HALF]), int.from_bytes(proof[_HALF:]))
            public.verify(encode_dss_signature(*halves), signed, ec.ECDSA(hashes.SHA256()))
        else:
            raise NoCodeError("of another algorithm than its key")
    except InvalidSignature as error:
        raise NoCodeError("its signature does not verify") from error


def _digest(*array: str | bytes | None) -> bytes:
    return sha256(encode_deterministic(list(array))).digest()
