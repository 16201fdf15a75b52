"""A device that enrols, written from docs/formats/activation.md and nothing else of the project."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

PREFIX = "WARIFU1:"
HALF = 32


def digest(*array: Any) -> bytes:
    """SHA-256 of an array in deterministic CBOR."""
    return sha256(cbor2.dumps(list(array), canonical=True)).digest()


@dataclass
class Device:
    """An app instance that has pinned one bank."""

    pinned: bytes
    verifier: str
    nonce: bytes
    activation: bytes = b""
    said: list[Any] = field(default_factory=list)

    def scan(self, text: str) -> None:
        """Verify a code before anything is sent; `ValueError` for any other."""
        if not text.startswith(PREFIX):
            raise ValueError("no code")
        body = text.removeprefix(PREFIX)
        tagged = cbor2.loads(base64.b32decode(body + "=" * (-len(body) % 8)))
        protected, unprotected, payload, proof = tagged.value
        header = cbor2.loads(protected)
        if tagged.tag != 18 or unprotected or header[4] != sha256(self.pinned).digest()[:8]:
            raise ValueError("not of the pinned key")
        signed = cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
        self._verify(proof, signed)
        domain, activation, verifier, _ = self.said = cbor2.loads(payload)
        if domain != "warifu-activation-code-v1" or verifier != self.verifier:
            raise ValueError("for another verifier")
        self.activation = activation

    def challenge(self) -> bytes:
        """What the evidence is made for."""
        nothing = (None, None, None)
        return digest("warifu-context-v1", self.verifier, "app", "enrol", *nothing, self.activation)

    def commitment(self, public_key: bytes) -> bytes:
        """What is sent first."""
        return digest("warifu-activation-commitment-v1", self.activation, public_key, self.nonce)

    def digits(self, public_key: bytes, server_nonce: bytes) -> str:
        """What is shown."""
        whole = digest(
            *("warifu-activation-fingerprint-v1", self.activation),
            *(sha256(self.pinned).digest(), public_key, server_nonce, self.nonce),
        )
        return f"{int.from_bytes(whole, 'big') % 10**8:08}"

    def _verify(self, proof: bytes, signed: bytes) -> None:
        key = load_der_public_key(self.pinned)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(proof, signed)
            return
        assert isinstance(key, ec.EllipticCurvePublicKey)
        halves = (int.from_bytes(proof[:HALF], "big"), int.from_bytes(proof[HALF:], "big"))
        key.verify(encode_dss_signature(*halves), signed, ec.ECDSA(hashes.SHA256()))
