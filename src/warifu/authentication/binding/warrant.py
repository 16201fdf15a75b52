"""A component's warrant: its provider says that a key lives behind a display of its own.

No platform attests that. Whoever put the trusted application or the applet on the phone knows it,
and signs it for one key on one device. A COSE_Sign1 (RFC 9052 §4.2), in CDDL::

    protected = { 1: -7 / -8, 4: bstr .size 32,       ; SHA-256 of the provider's SPKI
                  16: "application/vnd.warifu.component-warrant+cbor" }
    warrant = { 1: 1, 2: 1 / 2, 3: name, 4: name, 5: 1, 6: COSE_Key, 7: bstr .size 32,
                8: uint, 9: uint }

2 is the kind (trusted application, applet), 3 and 4 name and version of the component, 5 says that
its display is trusted, 7 is SHA-256 of the bound key's SubjectPublicKeyInfo, 8 and 9 are from and
until, in seconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.authentication.binding import rules
from warifu.authentication.binding.new_key import new_key_map, read_new_key
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, Denied, MalformedEvidence
from warifu.base.keys.jwks import algorithm_of
from warifu.base.pki import sign1
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.authentication.transaction.confirmation import BoundKey

TYPE = "application/vnd.warifu.component-warrant+cbor"
VERSION = 1
TRUSTED_DISPLAY = 1
MAX_BYTES = 4096
MAX_NAME_OCTETS = 255
LATEST = 253_402_300_799
"""Seconds since 1970 at the end of the year 9999."""
_VERSION, _KIND, _COMPONENT, _RELEASE, _DISPLAY, _KEY, _DEVICE, _FROM, _UNTIL = range(1, 10)
_TAG = b"\xd2"
_COSE_NAMES = {"ES256": -7, "EdDSA": -8}
_FIRST_PRINTABLE, _DELETE = " ", "\x7f"


class ComponentKind(StrEnum):
    """What displays and signs."""

    TRUSTED_APPLICATION = "trusted-application"
    APPLET = "applet"
    """Of a secure element, with a path to a display that the operating system cannot reach."""


KINDS = {1: ComponentKind.TRUSTED_APPLICATION, 2: ComponentKind.APPLET}
"""By their numbers on the wire."""


class Provider(Struct, frozen=True, kw_only=True):
    """Who puts components on phones, and is believed about them."""

    name: str
    public_key: bytes
    """DER of SubjectPublicKeyInfo, P-256 or Ed25519."""


class Warrant(Struct, frozen=True, kw_only=True):
    """What a provider says of a key, verified."""

    provider: str
    provider_key: bytes
    """DER of SubjectPublicKeyInfo."""
    kind: ComponentKind
    component: str
    release: str
    """Its version."""
    public_key: bytes
    """Of the component, DER of SubjectPublicKeyInfo."""
    device_key: bytes
    """SHA-256 of the bound key's SubjectPublicKeyInfo."""
    valid_from: datetime
    valid_until: datetime


def verify_warrant(
    data: bytes,
    *,
    providers: Iterable[Provider],
    public_key: bytes,
    bound: BoundKey,
    now: datetime,
) -> Warrant:
    """Verify that a provider warrants this key on this device, now.

    Args:
        data: Tagged COSE_Sign1 in deterministic CBOR.
        providers: Those whose word counts at this moment.
        public_key: The endorsed key, DER of SubjectPublicKeyInfo.
        bound: The key that endorses it.
        now: The present time.

    Raises:
        BadEvidence: ``warrant/form``, ``warrant/provider``, ``warrant/device``, ``warrant/key``,
            ``cbor/*``, ``cose/*``, ``pki/*``.
        Denied: ``warrant/time``.
        Misuse: ``keys/public-key`` where a provider's key is none.
    """
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(rules.WARRANT_FORM, f"{len(data)} octets")
    # 1. Signed by a provider who is registered now; the message only chooses among them.
    message = sign1.read_sign1(data)
    known = {sha256(each.public_key).digest(): each for each in providers}
    provider = known.get(message.key_id or b"")
    if provider is None or message.algorithm != algorithm_of(provider.public_key):
        raise BadEvidence(rules.WARRANT_PROVIDER, (message.key_id or b"").hex()[:64])
    header = {
        sign1.ALGORITHM: _COSE_NAMES[message.algorithm],
        sign1.KEY_ID: message.key_id,
        sign1.TYPE: TYPE,
    }
    # 2. One encoding, exactly these headers: no other document of the provider is a warrant.
    parts = [cbor.encode_deterministic(header), {}, message.payload, message.signature]
    if _TAG + cbor.encode_deterministic(parts) != data:
        raise MalformedEvidence(rules.WARRANT_FORM, f"{message.header.get(sign1.TYPE)!r:.60}")
    sign1.check_sign1(message, load_public_key(provider.public_key))
    warrant = _read(message.payload, provider)
    # 3. About this key, on the device of the bound key, now.
    if not compare_digest(warrant.device_key, sha256(bound.public_key).digest()):
        raise BadEvidence(rules.WARRANT_DEVICE, warrant.device_key.hex())
    if not compare_digest(warrant.public_key, public_key):
        raise BadEvidence(rules.WARRANT_KEY)
    if not warrant.valid_from <= now < warrant.valid_until:
        raise Denied(rules.WARRANT_TIME, f"{warrant.valid_from} to {warrant.valid_until}")
    return warrant


def _read(payload: bytes, provider: Provider) -> Warrant:
    item = cbor.decode_map(payload)
    kind = KINDS.get(cbor.member(item, _KIND, int))
    if kind is None:
        raise MalformedEvidence(rules.WARRANT_FORM, "another kind of component")
    warrant = Warrant(
        provider=provider.name,
        provider_key=provider.public_key,
        kind=kind,
        component=_name(item, _COMPONENT),
        release=_name(item, _RELEASE),
        public_key=read_new_key(item.get(_KEY)),
        device_key=cbor.member(item, _DEVICE, bytes),
        valid_from=_moment(item, _FROM),
        valid_until=_moment(item, _UNTIL),
    )
    if payload != _written(warrant):
        raise MalformedEvidence(rules.WARRANT_FORM, "not as it would be written")
    return warrant


def _written(warrant: Warrant) -> bytes:
    number = next(number for number, kind in KINDS.items() if kind is warrant.kind)
    return cbor.encode_deterministic(
        {
            _VERSION: VERSION,
            _KIND: number,
            _COMPONENT: warrant.component,
            _RELEASE: warrant.release,
            _DISPLAY: TRUSTED_DISPLAY,
            _KEY: new_key_map(warrant.public_key),
            _DEVICE: warrant.device_key,
            _FROM: int(warrant.valid_from.timestamp()),
            _UNTIL: int(warrant.valid_until.timestamp()),
        }
    )


def _name(item: dict[Any, Any], label: int) -> str:
    name = cbor.member(item, label, str)
    is_plain = all(each >= _FIRST_PRINTABLE and each != _DELETE for each in name)
    if not 1 <= len(name.encode("utf-8", "replace")) <= MAX_NAME_OCTETS or not is_plain:
        raise MalformedEvidence(rules.WARRANT_FORM, f"a name of {len(name)} characters")
    return name


def _moment(item: dict[Any, Any], label: int) -> datetime:
    seconds = cbor.member(item, label, int)
    if not 0 <= seconds <= LATEST:
        raise MalformedEvidence(rules.WARRANT_FORM, "a time that no date has")
    return datetime.fromtimestamp(seconds, UTC)
