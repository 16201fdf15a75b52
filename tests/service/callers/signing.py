"""A bank backend that signs its requests, with another implementation of RFC 9421 than ours."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from tests.service.callers.calling import REQUEST, sending
from warifu.base.codec.text import to_base64
from warifu.service.callers.authenticate import RequestView
from warifu.service.conduct.registrations.registering import Credential, public_key_credential

if TYPE_CHECKING:
    from datetime import datetime

ALGORITHMS = {
    "ed25519": algorithms.ED25519,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "rsa-pss-sha512": algorithms.RSA_PSS_SHA512,
}
COVERED = ("@method", "@target-uri", "content-digest")


def new_private_key(algorithm: str) -> object:
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ecdsa-p256-sha256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def digest_field(body: bytes) -> tuple[str, str]:
    return "Content-Digest", f"sha-256=:{to_base64(sha256(body).digest())}:"


@dataclass
class _Message:
    method: str
    url: str
    headers: dict[str, str]


@dataclass
class Signer(HTTPSignatureKeyResolver):
    """One key and what is signed with it; everything an attacker varies is a field or argument."""

    algorithm: str = "ed25519"
    key_id: str = ""
    key: object = field(default=None)

    def __post_init__(self) -> None:
        self.key = self.key or new_private_key(self.algorithm)

    @property
    def credential(self) -> Credential:
        return public_key_credential(self.spki)

    @property
    def spki(self) -> bytes:
        public: bytes = self.key.public_key().public_bytes(  # type: ignore[attr-defined]
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return public

    def resolve_private_key(self, key_id: str) -> object:
        del key_id
        return self.key

    def sign(
        self,
        created: datetime,
        view: RequestView = REQUEST,
        *,
        covered: tuple[str, ...] = COVERED,
        nonce: str | None = "",
        tag: str | None = "warifu",
        label: str = "sig1",
        authority: str = "warifu.example",
        expires: datetime | None = None,
        include_alg: bool = True,
    ) -> RequestView:
        """The request with its digest, where it has a body, and its signature."""
        if view.body and not view.values("content-digest"):
            view = sending(view, digest_field(view.body))
        query = f"?{view.query}" if view.query else ""
        message = _Message(
            method=view.method,
            url=f"https://{authority}{view.path}{query}",
            headers=dict(view.headers),
        )
        before = set(message.headers)
        HTTPMessageSigner(signature_algorithm=ALGORITHMS[self.algorithm], key_resolver=self).sign(
            message,
            key_id=self.key_id,
            created=created,
            expires=expires,
            nonce=secrets.token_urlsafe(24) if nonce == "" else nonce,
            tag=tag,
            label=label,
            include_alg=include_alg,
            covered_component_ids=covered,
            use_existing_digest=bool(view.values("content-digest")),
        )
        added = [(name, message.headers[name]) for name in message.headers if name not in before]
        return sending(view, *added)
