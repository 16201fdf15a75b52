"""The three digests of an enrolment, which device and server both compute.

Each is SHA-256 over an array in deterministic CBOR that begins with its own name, so that none can
stand for another. In CDDL::

    challenge = [ "warifu-context-v1", verifier: name, "app", "enrol", null, null, null,
                  activation: bstr .size 16 ]
    commitment = [ "warifu-activation-commitment-v1", activation: bstr .size 16,
                   public-key: bstr, device-nonce: bstr .size 32 ]
    fingerprint = [ "warifu-activation-fingerprint-v1", activation: bstr .size 16,
                    verifier-key: bstr .size 32, public-key: bstr,
                    server-nonce: bstr .size 32, device-nonce: bstr .size 32 ]

The device commits before it knows the server's nonce, and the server fixes its nonce before it
knows the device's: neither can choose what the digits become.
"""

from __future__ import annotations

from hashlib import sha256

from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.base.codec import cbor

CHANNEL = "app"
PURPOSE = "enrol"
DIGITS = 8
NONCE_OCTETS = 32
COMMITMENT_OCTETS = 32
_COMMITMENT_DOMAIN = "warifu-activation-commitment-v1"
_FINGERPRINT_DOMAIN = "warifu-activation-fingerprint-v1"


def challenge_of(*, activation: bytes, verifier: str) -> bytes:
    """The challenge that the device's evidence is made for, 32 octets.

    It is known from the code on, because Android and WebAuthn attest a key only while making it.

    Args:
        activation: Its id: 16 random octets, never used before.
        verifier: The name that is in the code.

    Raises:
        Misuse: ``ceremony/context-form``.
    """
    context = Context(verifier=verifier, channel=CHANNEL, purpose=PURPOSE)
    return sha256(context_bytes(context, activation)).digest()


def commitment_of(*, activation: bytes, public_key: bytes, device_nonce: bytes) -> bytes:
    """What the device sends first, 32 octets.

    Args:
        activation: Its id.
        public_key: The key to be bound, DER of SubjectPublicKeyInfo.
        device_nonce: 32 random octets, which hide the key until it is opened.
    """
    return _digest(_COMMITMENT_DOMAIN, activation, public_key, device_nonce)


def fingerprint_of(
    *,
    activation: bytes,
    verifier_key: bytes,
    public_key: bytes,
    server_nonce: bytes,
    device_nonce: bytes,
    digits: int = DIGITS,
) -> str:
    """The digits that a person compares, with leading zeros.

    Args:
        activation: Its id.
        verifier_key: SHA-256 of the SubjectPublicKeyInfo that the code was verified with.
        public_key: The key to be bound, DER of SubjectPublicKeyInfo.
        server_nonce: As revealed.
        device_nonce: As opened.
        digits: How many; other numbers than `DIGITS` are for experiments.
    """
    digest = _digest(
        _FINGERPRINT_DOMAIN, activation, verifier_key, public_key, server_nonce, device_nonce
    )
    # 2^256 is no multiple of 10^8; what that favours is less than one part in 10^69.
    return str(int.from_bytes(digest, "big") % 10**digits).zfill(digits)


def _digest(domain: str, *parts: bytes) -> bytes:
    return sha256(cbor.encode_deterministic([domain, *parts])).digest()
