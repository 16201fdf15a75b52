"""A simulated WebAuthn authenticator and its browser: registrations and authentications as JSON.

Honest by default. Change any field of a ceremony, then ask for its `evidence`: everything that
depends on the field is computed and signed again. The statements of registrations are in
`webauthn_statements`.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from warifu.base.codec.cbor import encode_deterministic

USER_PRESENT = 0x01
USER_VERIFIED = 0x04
BACKUP_ELIGIBLE = 0x08
BACKED_UP = 0x10
ATTESTED = 0x40
EXTENDED = 0x80

RP_ID = "bank.example"
ORIGIN = "https://login.bank.example"
MODEL = bytes.fromhex("7a5f8f5e61f14a1c9f0f2b7d5a0c4e31")


class Statement(Protocol):
    """What a registration asks of the maker of its attestation statement."""

    format: str

    def build(self, registration: Registration, authenticator_data: bytes) -> Any:  # noqa: ANN401 - CBOR
        """The attStmt for this authenticator data."""


@dataclass(kw_only=True)
class NoStatement:
    """The none format; `members` lets it say something all the same."""

    format: str = "none"
    members: Any = field(default_factory=dict)

    def build(self, registration: Registration, authenticator_data: bytes) -> Any:  # noqa: ANN401, ARG002
        """The attStmt: nothing."""
        return self.members


class CredentialKey:
    """A credential's key pair of any COSE algorithm."""

    def __init__(self, algorithm: int = -7, private: Any = None) -> None:  # noqa: ANN401 - any key
        """Make a fresh key for a COSE algorithm, or take one."""
        self.algorithm = algorithm
        self.private = private or _GENERATORS[algorithm]()

    def public_map(self) -> dict[Any, Any]:
        """The COSE_Key map."""
        return _public_map(self.private, self.algorithm)

    def public_key(self) -> bytes:
        """The COSE_Key, deterministic."""
        return encode_deterministic(self.public_map())

    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        public: bytes = self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return public

    def sign(self, message: bytes) -> bytes:
        """Sign as the algorithm demands."""
        arguments = _SIGNING.get(self.algorithm, ())
        signature: bytes = self.private.sign(message, *arguments)
        return signature


@dataclass(kw_only=True)
class Ceremony:
    """What both ceremonies have: the browser's and the authenticator's words."""

    challenge: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: CredentialKey = field(default_factory=CredentialKey)
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    type: str = ""
    origin: str = ORIGIN
    client: dict[str, Any] = field(default_factory=lambda: {"crossOrigin": False})
    """Further members of client data; None takes a member out."""
    client_data: bytes | None = None
    """Other bytes for the whole of client data."""
    rp_id: str = RP_ID
    flags: int = USER_PRESENT | USER_VERIFIED
    counter: int = 1
    extensions: dict[Any, Any] | None = None
    """Authenticator extension outputs."""
    tail: bytes = b""
    """Bytes after authenticator data."""
    raw_id: bytes | None = None
    """Another id for the JSON than the authenticator's."""
    credential: dict[str, Any] = field(default_factory=dict)
    """Other members for the outer JSON; None takes a member out."""
    response: dict[str, Any] = field(default_factory=dict)
    """Other members for `response`; None takes a member out."""

    def client_data_json(self) -> bytes:
        """What the browser says."""
        if self.client_data is not None:
            return self.client_data
        members = {
            "type": self.type,
            "challenge": base64url(self.challenge),
            "origin": self.origin,
            **self.client,
        }
        return json.dumps({k: v for k, v in members.items() if v is not None}).encode()

    def client_data_hash(self) -> bytes:
        """SHA-256 of `client_data_json`."""
        return sha256(self.client_data_json()).digest()

    def _authenticator_data(self, flags: int, credential: bytes) -> bytes:
        flags |= EXTENDED if self.extensions is not None else 0
        extensions = b"" if self.extensions is None else encode_deterministic(self.extensions)
        return b"".join(
            (
                sha256(self.rp_id.encode()).digest(),
                bytes([flags]),
                self.counter.to_bytes(4, "big"),
                credential,
                extensions,
                self.tail,
            )
        )

    def _evidence(self, response: dict[str, Any]) -> bytes:
        identifier = base64url(self.credential_id if self.raw_id is None else self.raw_id)
        outer = {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            **self.credential,
        }
        inner = {
            "clientDataJSON": base64url(self.client_data_json()),
            **response,
            **self.response,
        }
        outer["response"] = {k: v for k, v in inner.items() if v is not None}
        return json.dumps({k: v for k, v in outer.items() if v is not None}).encode()


@dataclass(kw_only=True)
class Registration(Ceremony):
    """One registration."""

    type: str = "webauthn.create"
    aaguid: bytes = MODEL
    statement: Statement = field(default_factory=NoStatement)
    transports: list[Any] | None = field(default_factory=lambda: ["internal"])
    public_map: dict[Any, Any] | None = None
    """Another COSE_Key than the key's own."""
    attestation_members: dict[str, Any] = field(default_factory=dict)
    """Other members for the attestation object."""

    def authenticator_data(self) -> bytes:
        """What the authenticator says and the statement signs."""
        key = self.key.public_map() if self.public_map is None else self.public_map
        credential = b"".join(
            (
                self.aaguid,
                len(self.credential_id).to_bytes(2, "big"),
                self.credential_id,
                encode_deterministic(key),
            )
        )
        return self._authenticator_data(self.flags | ATTESTED, credential)

    def attestation_object(self) -> bytes:
        """The CBOR of format, statement and authenticator data."""
        data = self.authenticator_data()
        members = {
            "fmt": self.statement.format,
            "attStmt": self.statement.build(self, data),
            "authData": data,
            **self.attestation_members,
        }
        return encode_deterministic(members)

    def evidence(self) -> bytes:
        """The RegistrationResponseJSON."""
        return self._evidence(
            {
                "attestationObject": base64url(self.attestation_object()),
                "transports": self.transports,
            }
        )


@dataclass(kw_only=True)
class Authentication(Ceremony):
    """One authentication."""

    type: str = "webauthn.get"
    user_handle: bytes | None = None
    signing_key: CredentialKey | None = None
    """Another key than the credential's."""

    def authenticator_data(self) -> bytes:
        """What the authenticator signs, before the hash of client data."""
        return self._authenticator_data(self.flags, b"")

    def evidence(self) -> bytes:
        """The AuthenticationResponseJSON."""
        data = self.authenticator_data()
        signature = (self.signing_key or self.key).sign(data + self.client_data_hash())
        handle = self.user_handle
        return self._evidence(
            {
                "authenticatorData": base64url(data),
                "signature": base64url(signature),
                "userHandle": None if handle is None else base64url(handle),
            }
        )


def base64url(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _public_map(private: Any, algorithm: int) -> dict[Any, Any]:  # noqa: ANN401 - any key
    public = private.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        numbers, size = public.public_numbers(), (public.curve.key_size + 7) // 8
        x, y = (number.to_bytes(size, "big") for number in (numbers.x, numbers.y))
        return {1: 2, 3: algorithm, -1: _CURVES[public.curve.name], -2: x, -3: y}
    if isinstance(public, rsa.RSAPublicKey):
        rsa_numbers = public.public_numbers()
        modulus = rsa_numbers.n.to_bytes(public.key_size // 8, "big")
        return {1: 3, 3: algorithm, -1: modulus, -2: rsa_numbers.e.to_bytes(3, "big")}
    raw = public.public_bytes_raw()
    if isinstance(public, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        curve = 6 if isinstance(public, ed25519.Ed25519PublicKey) else 7
        return {1: 1, 3: algorithm, -1: curve, -2: raw}
    return {1: 7, 3: algorithm, -1: raw}


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _pss(digest: hashes.HashAlgorithm) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    return padding.PSS(padding.MGF1(digest), digest.digest_size), digest


_CURVES = {"secp256r1": 1, "secp384r1": 2, "secp521r1": 3}
_GENERATORS: dict[int, Any] = {
    **dict.fromkeys((-7, -9), lambda: ec.generate_private_key(ec.SECP256R1())),
    **dict.fromkeys((-35, -51), lambda: ec.generate_private_key(ec.SECP384R1())),
    **dict.fromkeys((-36, -52), lambda: ec.generate_private_key(ec.SECP521R1())),
    **dict.fromkeys((-8, -19), ed25519.Ed25519PrivateKey.generate),
    -53: ed448.Ed448PrivateKey.generate,
    **dict.fromkeys((-257, -258, -259, -37, -38, -39), _rsa_key),
    -48: mldsa.MLDSA44PrivateKey.generate,
    -49: mldsa.MLDSA65PrivateKey.generate,
    -50: mldsa.MLDSA87PrivateKey.generate,
}
_SIGNING: dict[int, tuple[Any, ...]] = {
    **dict.fromkeys((-7, -9), (ec.ECDSA(hashes.SHA256()),)),
    **dict.fromkeys((-35, -51), (ec.ECDSA(hashes.SHA384()),)),
    **dict.fromkeys((-36, -52), (ec.ECDSA(hashes.SHA512()),)),
    -257: (padding.PKCS1v15(), hashes.SHA256()),
    -258: (padding.PKCS1v15(), hashes.SHA384()),
    -259: (padding.PKCS1v15(), hashes.SHA512()),
    -37: _pss(hashes.SHA256()),
    -38: _pss(hashes.SHA384()),
    -39: _pss(hashes.SHA512()),
}
