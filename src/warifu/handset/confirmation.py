"""The device's side of confirmations: answers and the proof of every kind, honest by default.

Written from ``docs/formats/confirmation.md`` alone. Change any field of a draft before `encode`:
what depends on it is computed and signed then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from warifu.base.codec.cbor import encode_deterministic
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import PrivateKey, new_key, sign, spki
from warifu.handset.webauthn import Authentication

OK, NG = 1, 2
CHANGED_MIND, DETAILS_WRONG, NOT_ME = 1, 2, 3

ANSWER_TYPE = "application/vnd.warifu.answer+cbor"
TRUSTED_UI_TYPE = "application/vnd.warifu.trusted-ui+cose"
DEVICE_KEY_TYPE = "application/vnd.warifu.device-key+cose"

USER_VERIFIED = -65537
_ALGORITHM, _CONTENT_TYPE, _TYPE = 1, 3, 16
_ES256, _EDDSA = -7, -8
_SIGN1_TAG = 18
_COORDINATE_OCTETS = 32


def answer_to(transaction: bytes, verdict: int = OK, reason: int | None = None) -> bytes:
    """The bytes of an answer to the transaction that was received.

    Args:
        transaction: As received.
        verdict: `OK` or `NG`.
        reason: Of an `NG`.
    """
    item = {1: 1, 2: sha256(transaction).digest(), 3: verdict}
    return encode_deterministic(item if reason is None else {**item, 4: reason})


@dataclass(kw_only=True)
class EnvelopeDraft:
    """A COSE_Sign1 over an answer, before signing."""

    answer: bytes
    key: PrivateKey
    type: str = TRUSTED_UI_TYPE
    content_type: str = ANSWER_TYPE
    headers: dict[Any, Any] = field(default_factory=lambda: {USER_VERIFIED: True})
    """Further protected headers; a value here goes before the draft's own."""
    unprotected: dict[Any, Any] = field(default_factory=dict)
    signature: bytes | None = None
    """Another signature than the honest one."""

    def encode(self) -> bytes:
        """The tagged envelope."""
        algorithm = _EDDSA if isinstance(self.key, ed25519.Ed25519PrivateKey) else _ES256
        header = {_ALGORITHM: algorithm, _CONTENT_TYPE: self.content_type, _TYPE: self.type}
        protected = encode_deterministic({**header, **self.headers})
        signed = encode_deterministic(["Signature1", protected, b"", self.answer])
        signature = self.signature or raw_signature(self.key, signed)
        parts = [protected, self.unprotected, self.answer, signature]
        return encode_deterministic(cbor2.CBORTag(_SIGN1_TAG, parts))


@dataclass(kw_only=True)
class ProtectedConfirmationDraft:
    """What a phone's trusted display confirmed, before signing."""

    prompt: str
    extra: bytes
    """The answer."""
    key: PrivateKey
    members: dict[str, Any] | None = None
    """Other members than prompt and extra, in the order written."""
    message: bytes | None = None
    """Other bytes for the whole message."""

    def formatted_message(self) -> bytes:
        """CBOR in the platform's member order."""
        if self.message is not None:
            return self.message
        return cbor2.dumps(self.members or {"prompt": self.prompt, "extra": self.extra})

    def encode(self) -> bytes:
        """Message and signature."""
        message = self.formatted_message()
        return encode_deterministic({1: message, 2: sign(self.key, message)})


@dataclass(kw_only=True)
class BrowserDraft:
    """An assertion over an answer, by a page on any browser."""

    answer: bytes
    authentication: Authentication = field(default_factory=Authentication)
    challenge: bytes | None = None
    """Another challenge than the SHA-256 of the answer."""
    browser_key: PrivateKey | None = None
    """The browser's own key, which then signs client data as well."""

    def encode(self) -> bytes:
        """The parts that were signed, and the signatures."""
        made = self.authentication
        made.challenge = self.challenge or sha256(self.answer).digest()
        client_data, data = made.client_data_json(), made.authenticator_data()
        signature = (made.signing_key or made.key).sign(data + sha256(client_data).digest())
        parts = {1: self.answer, 2: client_data, 3: data, 4: signature}
        if self.browser_key is not None:
            parts[5] = sign(self.browser_key, client_data)
        return encode_deterministic(parts)


def payment_authentication(payment: dict[str, Any], **fields: Any) -> Authentication:  # noqa: ANN401 - any field of the ceremony
    """What a browser makes of Secure Payment Confirmation.

    Args:
        payment: The member `payment` of client data, as displayed.
        fields: Of the ceremony.
    """
    client = {"crossOrigin": False, "payment": payment}
    return Authentication(type="payment.get", client=client, **fields)


def app_attest_proof(answer: bytes, device: AppAttestDevice) -> bytes:
    """An assertion whose client data is the answer; the device's counter goes up."""
    return encode_deterministic({1: answer, 2: device.assertion(answer).encode()})


@dataclass(kw_only=True)
class TrustedDisplay:
    """A trusted application or an applet with its key: shows, then signs."""

    key: PrivateKey = field(default_factory=new_key)

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return spki(self.key)

    def confirm(
        self,
        transaction: bytes,
        verdict: int = OK,
        reason: int | None = None,
        *,
        user_verified: bool = True,
    ) -> bytes:
        """The proof of an answer that was given on this display."""
        answer = answer_to(transaction, verdict, reason)
        headers: dict[Any, Any] = {USER_VERIFIED: user_verified}
        return EnvelopeDraft(answer=answer, key=self.key, headers=headers).encode()


def refuse(transaction: bytes, reason: int, key: PrivateKey) -> bytes:
    """The proof of a refusal by the bound device key alone, without PIN or biometrics."""
    answer = answer_to(transaction, NG, reason)
    return EnvelopeDraft(answer=answer, key=key, type=DEVICE_KEY_TYPE, headers={}).encode()


def raw_signature(key: PrivateKey, message: bytes) -> bytes:
    """A signature as COSE writes it: R and S side by side for ECDSA (RFC 9053 §2.1)."""
    signature = sign(key, message)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return signature
    return b"".join(
        half.to_bytes(_COORDINATE_OCTETS, "big") for half in decode_dss_signature(signature)
    )
