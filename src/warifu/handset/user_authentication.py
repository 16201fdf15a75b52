"""The device's side of user authentication: statements, encrypted PINs, signed calls, DPoP proofs.

Written from ``docs/formats/user-authentication.md`` alone. Change any field of a draft before
`encode`: what depends on it is computed and signed then.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_der_public_key

from warifu.base.codec.cbor import encode_deterministic
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import PrivateKey, new_key, spki
from warifu.handset.confirmation import raw_signature
from warifu.handset.jose_writer import encoded, json_bytes, make_jws

TERMINAL_PIN, BIOMETRIC, DEVICE_CREDENTIAL = 1, 2, 3

STATEMENT_TYPE = "application/vnd.warifu.user-statement+cbor"
CALL_TYPE = "application/vnd.warifu.call+cbor"
HPKE_KEY_TYPE = "application/vnd.warifu.hpke-key+cbor"
DEVICE_DOMAIN = "warifu-device-v1"
PIN_DOMAIN = "warifu-pin-v1"
HPKE_KEY_DOMAIN = b"warifu-hpke-key-v1\0"
PADDED_OCTETS = 16

_ALGORITHM, _KEY_ID, _TYPE = 1, 4, 16
_ES256, _EDDSA = -7, -8
_SIGN1_TAG = 18
_HALF = 32
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


@dataclass(kw_only=True)
class SignedDraft:
    """A document that a device key signs, before signing."""

    type: str
    payload: bytes
    key: PrivateKey | AppAttestDevice = field(default_factory=new_key)
    headers: dict[Any, Any] = field(default_factory=dict)
    """Further protected headers; a value here goes before the draft's own."""
    unprotected: dict[Any, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """COSE_Sign1, or for App Attest payload and assertion."""
        if isinstance(self.key, AppAttestDevice):
            signed = encode_deterministic([DEVICE_DOMAIN, self.type, self.payload])
            return encode_deterministic([self.payload, self.key.assertion(signed).encode()])
        algorithm = _EDDSA if isinstance(self.key, ed25519.Ed25519PrivateKey) else _ES256
        header = {_ALGORITHM: algorithm, _TYPE: self.type, **self.headers}
        protected = encode_deterministic(header)
        signature = raw_signature(
            self.key, encode_deterministic(["Signature1", protected, b"", self.payload])
        )
        parts = [protected, self.unprotected, self.payload, signature]
        return encode_deterministic(cbor2.CBORTag(_SIGN1_TAG, parts))


def statement(context: bytes, method: int, checked_at: int, **others: Any) -> bytes:  # noqa: ANN401 - hostile members too
    """What was checked for a question, to be signed.

    Args:
        context: The context with its challenge, as received.
        method: `TERMINAL_PIN`, `BIOMETRIC` or `DEVICE_CREDENTIAL`.
        checked_at: Seconds since 1970.
        others: Other values for members, by their number after ``m``, such as ``m1``.
    """
    members: dict[Any, Any] = {1: 1, 2: sha256(context).digest(), 3: method, 4: checked_at}
    members |= {int(name.removeprefix("m")): value for name, value in others.items()}
    return encode_deterministic(members)


def call(context: bytes, method: str, path: str, *, body: bytes, sequence: int) -> bytes:
    """One call of a session, to be signed."""
    return encode_deterministic(
        {
            1: 1,
            2: method,
            3: path,
            4: sha256(body).digest(),
            5: sha256(context).digest(),
            6: sequence,
        }
    )


def padded_pin(pin: str) -> bytes:
    """One octet of length, the digits, and zeros."""
    return (bytes([len(pin)]) + pin.encode()).ljust(PADDED_OCTETS, b"\0")


@dataclass(kw_only=True)
class PinDraft:
    """A PIN on its way to the server, before encryption."""

    pin: str
    context: bytes
    """The context with its challenge, as received."""
    server_key: bytes
    """X25519 public key, from a certificate that was checked."""
    key: PrivateKey | AppAttestDevice = field(default_factory=new_key)
    padded: bytes | None = None
    """Other octets than the honest ones."""
    info: bytes | None = None
    """Another `info` in the envelope than the one encrypted under."""
    sealed: bytes | None = None
    """Other ciphertext than the honest one."""
    members: dict[Any, Any] = field(default_factory=dict)
    """Other members for the envelope."""

    def hpke_info(self) -> bytes:
        """What the PIN is encrypted under."""
        key_id = sha256(HPKE_KEY_DOMAIN + self.server_key).digest()
        return encode_deterministic([PIN_DOMAIN, key_id, self.context])

    def encode(self) -> bytes:
        """The envelope."""
        plain = padded_pin(self.pin) if self.padded is None else self.padded
        public_key = X25519PublicKey.from_public_bytes(self.server_key)
        sealed = self.sealed or _SUITE.encrypt(plain, public_key, info=self.hpke_info())
        info = self.hpke_info() if self.info is None else self.info
        signed = PIN_DOMAIN.encode() + b"\0" + sealed + info
        if isinstance(self.key, AppAttestDevice):
            proof = self.key.assertion(signed).encode()
        else:
            proof = raw_signature(self.key, signed)
        return encode_deterministic({1: 1, 2: sealed, 3: info, 4: proof, **self.members})


def checked_server_key(certificate: bytes, *, pinned: bytes, verifier: str, now: int) -> bytes:
    """The server's encryption key, out of a certificate by the long-term key that the app pins.

    Args:
        certificate: As the server sent it.
        pinned: DER of SubjectPublicKeyInfo.
        verifier: Name of the service that the app was made for.
        now: Seconds since 1970.

    Raises:
        ValueError: The certificate is not for us, now, by that key: nothing is to be encrypted.
    """
    tag = cbor2.loads(certificate)
    protected, _, payload, signature = tag.value
    _check_raw(pinned, signature, encode_deterministic(["Signature1", protected, b"", payload]))
    item = cbor2.loads(payload)
    is_ours = cbor2.loads(protected)[_TYPE] == HPKE_KEY_TYPE and item[3] == verifier
    if not is_ours or not item[4] <= now <= item[5]:
        raise ValueError("another service's key, or not in its time")
    key: bytes = item[2]
    return key


@dataclass(kw_only=True)
class DpopDraft:
    """A proof for one request, before signing."""

    token: str
    method: str = "GET"
    url: str = "https://api.bank.example/v1/balance"
    issued_at: int = 0
    key: PrivateKey = field(default_factory=new_key)
    signing_key: PrivateKey | None = None
    """Another key than the one in the header."""
    nonce: str | None = None
    header: dict[str, Any] = field(default_factory=dict)
    """Other members for the header; None takes a member out."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Other members for the payload; None takes a member out."""

    def encode(self) -> bytes:
        """The value of the DPoP header."""
        algorithm = "EdDSA" if isinstance(self.key, ed25519.Ed25519PrivateKey) else "ES256"
        header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk(self.key), **self.header}
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": self.method,
            "htu": self.url,
            "iat": self.issued_at,
            "ath": encoded(sha256(self.token.encode()).digest()).decode(),
            "nonce": self.nonce,
            **self.claims,
        }
        return make_jws(
            {name: value for name, value in header.items() if value is not None},
            json_bytes({name: value for name, value in claims.items() if value is not None}),
            self.signing_key or self.key,
        )


def jwk(key: PrivateKey) -> dict[str, str]:
    """The public half of a key as JWK."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw).decode()}
    point = spki(key)[-2 * _HALF :]
    x, y = (encoded(half).decode() for half in (point[:_HALF], point[_HALF:]))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _check_raw(pinned: bytes, signature: bytes, signed: bytes) -> None:
    key = load_der_public_key(pinned)
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            key = cast("ec.EllipticCurvePublicKey", key)
            r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise ValueError("not signed by the pinned key") from error
