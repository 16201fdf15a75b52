"""Server-judged: a PIN that is encrypted from the trusted environment to the server, end to end.

HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. In CDDL, in
deterministic CBOR::

    envelope = { 1: 1, 2: bstr .size 64, 3: bstr .cbor info, 4: bstr }
    info = [ "warifu-pin-v1", bstr .size 32, bstr .cbor context ]

2 is enc ‖ ciphertext, 3 the `info` of HPKE with the id of the encryption key and the context of
`ceremony.context`, 4 the signature of the bound device key over ``"warifu-pin-v1" ‖ 00 ‖ enc ‖
ciphertext ‖ info``. The plaintext is one octet of length, the digits, and zeros up to 16 octets.

The order is what keeps strangers and guessers out, and the caller commits in between::

    sealed = verify_envelope(...)      # signature, binding, challenge: no secret is touched
    ... spend a try, durably ...       # `tries.spend`
    opened = open_pin(sealed, key)
    matched = check_pin(opened, ...)   # or Denied pin/wrong
    ... settle the try ...             # `tries.settle`

Python cannot wipe memory: the digits live in this process until the interpreter reuses their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from msgspec import Struct

from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.user import rules
from warifu.authentication.user.device_signature import check_device_signature, key_name
from warifu.authentication.user.hpke_keys import HpkeKey, hpke_key_id
from warifu.authentication.user.pin_record import MAX_DIGITS, MIN_DIGITS, PinMatched
from warifu.authentication.user.verified import Assurance, Method, UserVerified, named
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from warifu.authentication.ceremony.context import Context
    from warifu.authentication.transaction.confirmation import BoundKey

VERSION = 1
DOMAIN = "warifu-pin-v1"
MAX_BYTES = 2048
PADDED_OCTETS = 16
SEALED_OCTETS = 32 + PADDED_OCTETS + 16
"""The encapsulated key, the padded PIN, the tag."""
GRACE = timedelta(minutes=5)
"""How much longer than its certificate says a key decrypts: for who began in time."""
_VERSION, _SEALED, _INFO, _SIGNATURE = 1, 2, 3, 4
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class SealedPin(Struct, frozen=True, kw_only=True):
    """An envelope of the bound device for this question. What is in it, nobody knows yet."""

    user: str
    device: str
    sealed: bytes
    """enc ‖ ciphertext."""
    info: bytes
    hpke_key: bytes
    """Id of the key that opens it."""
    key: bytes
    """SHA-256 of the SubjectPublicKeyInfo of the bound key that signed."""
    context: bytes
    """SHA-256 of the context with its challenge."""
    counter: int | None
    """Of the bound key, where it counts: to be stored by compare-and-set."""
    at: datetime
    """The time judged for."""


def pin_info(hpke_key: bytes, context: bytes) -> bytes:
    """The `info` of HPKE.

    Args:
        hpke_key: Id of the encryption key, 32 octets.
        context: What `context_bytes` wrote.
    """
    return cbor.encode_deterministic([DOMAIN, hpke_key, context])


def signed_octets(sealed: bytes, info: bytes) -> bytes:
    """What the device key signs; `sealed` is of one length, so nothing can move across."""
    return DOMAIN.encode() + b"\0" + sealed + info


def verify_envelope(
    data: bytes,
    *,
    bound: BoundKey,
    context: Context,
    challenge: bytes,
    keys: Mapping[bytes, HpkeKey],
    now: datetime,
) -> SealedPin:
    """Verify all of an envelope that can be verified without opening it.

    Args:
        data: The envelope.
        bound: The key bound to user and device of the context, and active.
        context: What was asked, with user and device.
        challenge: The one issued for it.
        keys: Our encryption keys by id.
        now: The present time.

    Raises:
        BadEvidence: ``pin/*``, ``user/key-kind``, ``cbor/*``, ``app-attest-assertion/*``.
        Misuse: ``user/named``, ``ceremony/context-form``, a bound key that is none.
    """
    user, device = named(context)
    asked = context_bytes(context, challenge)
    sealed, info, proof = _read_envelope(data)
    # 1. By the bound device: nobody else can have a try spent.
    try:
        counter = check_device_signature(proof, signed_octets(sealed, info), bound, now)
    except BadEvidence as error:
        if error.rule is rules.KEY_KIND:
            raise
        raise BadEvidence(rules.ENVELOPE_SIGNATURE, f"{error.code} {error.detail}") from error
    # 2. For this question, of this verifier, over this channel.
    name = _hpke_key_named(info)
    if not compare_digest(info, pin_info(name, asked)):
        raise BadEvidence(rules.ENVELOPE_CONTEXT, f"{len(info)} octets of another context")
    # 3. To a key of ours that is in its time.
    key = keys.get(name)
    if key is None or now > key.not_after + GRACE:
        raise BadEvidence(rules.ENVELOPE_KEY, "unknown" if key is None else "expired")
    return SealedPin(
        user=user,
        device=device,
        sealed=sealed,
        info=info,
        hpke_key=name,
        key=key_name(bound),
        context=sha256(asked).digest(),
        counter=counter,
        at=now,
    )


def open_pin(sealed: SealedPin, private_key: Secret) -> Secret:
    """Decrypt the PIN. A try must have been spent before, durably.

    Args:
        sealed: From `verify_envelope`.
        private_key: 32 octets of X25519, of the key that `SealedPin.hpke_key` names.

    Returns:
        The digits in ASCII.

    Raises:
        BadEvidence: ``pin/opens``; the try stays spent.
        Misuse: ``usage/hpke-private-key``.
    """
    key = _private_key(private_key)
    if key is None or hpke_key_id(key.public_key().public_bytes_raw()) != sealed.hpke_key:
        raise Misuse(rules.HPKE_PRIVATE, "another key than the envelope names")
    pin = _opened(sealed, key)
    if pin is None:
        raise BadEvidence(rules.OPENS)
    return pin


def verified_by_pin(sealed: SealedPin, matched: PinMatched) -> UserVerified:
    """The person, verified by the PIN that was in an envelope.

    Raises:
        Misuse: ``user/named`` where the PIN that matched is another person's.
    """
    if matched.user != sealed.user:
        raise Misuse(rules.NAMED, "the PIN of another user")
    return UserVerified(
        user=sealed.user,
        device=sealed.device,
        method=Method.PIN,
        assurance=Assurance.SERVER,
        at=sealed.at,
        key=sealed.key,
        context=sealed.context,
        counter=sealed.counter,
        proved=_PROVED,
    )


def _read_envelope(data: bytes) -> tuple[bytes, bytes, bytes]:
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(rules.ENVELOPE_FORM, f"{len(data)} octets")
    item = cbor.decode_map(data)
    sealed, info, proof = (cbor.member(item, name, bytes) for name in (_SEALED, _INFO, _SIGNATURE))
    written = {_VERSION: VERSION, _SEALED: sealed, _INFO: info, _SIGNATURE: proof}
    if len(sealed) != SEALED_OCTETS or cbor.encode_deterministic(written) != data:
        raise MalformedEvidence(rules.ENVELOPE_FORM, "not as it would be written")
    return sealed, info, proof


def _hpke_key_named(info: bytes) -> bytes:
    match cbor.decode(info):
        case [str(), bytes(name), bytes()]:
            return name
        case _:
            raise BadEvidence(rules.ENVELOPE_CONTEXT, "no such info")


def _private_key(private_key: Secret) -> X25519PrivateKey | None:
    try:
        return X25519PrivateKey.from_private_bytes(private_key.reveal())
    except ValueError:
        return None


def _opened(sealed: SealedPin, key: X25519PrivateKey) -> Secret | None:
    """The digits; None for everything else, so that no frame of a traceback has held them."""
    try:
        padded = _SUITE.decrypt(sealed.sealed, key, info=sealed.info)
    except InvalidTag:
        return None
    length, digits = padded[0], padded[1:]
    pin = digits[:length]
    has_form = MIN_DIGITS <= length <= MAX_DIGITS and pin.isdigit()
    return Secret(pin) if has_form and not any(digits[length:]) else None


_PROVED = tuple(
    rule.code
    for rule in (
        *(rules.ENVELOPE_FORM, rules.KEY_KIND, rules.ENVELOPE_SIGNATURE, rules.ENVELOPE_CONTEXT),
        *(rules.ENVELOPE_KEY, rules.OPENS, rules.WRONG),
    )
)
