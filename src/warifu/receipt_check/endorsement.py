"""A key that answered in the bound one's place: why it counted, from the raw bytes.

Written again from docs/formats/endorsement.md. The chain is: the evidence is about the bound key,
which signed the endorsement, which names the key, which signed the same bytes; a provider warranted
that the key lives behind a display of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.pki import cose
from warifu.receipt_check import proofs, reading, rules
from warifu.receipt_check.proofs import Key

if TYPE_CHECKING:
    from warifu.base.rule import Rule

LEAF_KIND = "endorsement"
TRUSTED_UI = "trusted-ui"
_USE = 2
_DOMAIN = "warifu-device-v1"
_ENDORSEMENT = "application/vnd.warifu.endorsement+cbor"
_POSSESSION = "application/vnd.warifu.key-possession+cbor"
_WARRANT = "application/vnd.warifu.component-warrant+cbor"
_PASSKEYS = frozenset({"webauthn", "secure-payment"})
_COMPONENTS = frozenset({1, 2})
_MEMBERS = {1: bytes, 2: bytes, 3: bytes, 4: bytes, 5: str, 6: bytes, 7: bytes, 8: dict}
_STATEMENT = {1: int, 2: str, 3: str, 4: bytes, 5: int, 6: dict, 7: bytes, 8: int}
_SAID = {1: int, 2: int, 3: str, 4: str, 5: int, 6: dict, 7: bytes, 8: int, 9: int}


class Endorsed(Struct, frozen=True, kw_only=True):
    """A key that the bound key endorsed for answering behind a trusted display."""

    key: Key
    """In the form that answers are verified with."""
    leaf: bytes
    """That recorded it; its place is still to be checked."""
    provider: str
    """Who warranted the component, as the server calls them."""
    provider_key: bytes
    """Under which the warrant verified."""


class Recorded(Struct, frozen=True, kw_only=True):
    """What the leaf of an endorsement must open to; None where it is withheld."""

    user: str | None
    device: str | None


def check_endorsement(
    content: bytes, bound: Key, *, verifier: str, at: datetime, recorded: Recorded
) -> Endorsed:
    """Check an endorsement from end to end, but for the place of its leaf.

    Args:
        content: The part of the receipt.
        bound: The bound key, which the evidence and the binding are about.
        verifier: Who asked, as the receipt says.
        at: When the answer was taken.
        recorded: Person and device of the binding.

    Raises:
        BadEvidence: ``receipt-check/endorsement``, ``receipt-check/warrant``,
            ``receipt-check/opening``, ``receipt-check/leaf``, ``receipt-check/form``.
    """
    item = reading.read_map(content, _MEMBERS)
    endorsed = _signer(item[1], bound)
    with _only(rules.ENDORSEMENT):
        # 1. The bound key signed the statement, in the way of its kind.
        payload = _signed_by(bound, item[2])
        _check_statement(payload, item[1], verifier=verifier, at=at)
        # 2. The endorsed key signed the same bytes.
        shown = proofs.read_cose(item[3], endorsed, {16: _POSSESSION})
        _require(shown.payload == payload, rules.ENDORSEMENT, "possession of something else")
        _require(item[1] != bound.public_key, rules.ENDORSEMENT, "the bound key itself")
    # 3. The provider warranted this key on the device of the bound key, then.
    with _only(rules.WARRANT):
        _check_warrant(item[4], item[6], endorsed=item[1], bound=bound, at=at)
    # 4. The leaf says so, and is no later than the answer.
    leaf = reading.read_leaf(item[7], LEAF_KIND)
    _check_leaf(leaf, item, bound, recorded)
    _require(leaf.at <= at, rules.ENDORSEMENT, "endorsed later")
    return Endorsed(key=endorsed, leaf=item[7], provider=item[5], provider_key=item[6])


def _signer(public_key: bytes, bound: Key) -> Key:
    return Key(
        kind=TRUSTED_UI,
        public_key=public_key,
        app=bound.app,
        confirmation_required=False,
        user_verification_required=False,
    )


def _signed_by(bound: Key, data: bytes) -> bytes:
    if bound.kind == "device-key":
        return proofs.read_cose(data, bound, {16: _ENDORSEMENT}).payload
    if bound.kind == "app-attest":
        match cbor.decode(data):
            case [bytes(payload), bytes(assertion)]:
                proofs.check_app_attested(_typed(payload), assertion, bound)
                return payload
    if bound.kind in _PASSKEYS:
        signed = proofs.read_assertion(data, bound)
        match cbor.decode(signed.answer):
            case [_, _, bytes(payload)] if _typed(payload) == signed.answer:
                _require(signed.user_verified, rules.ENDORSEMENT, "nobody was verified")
                return payload
    raise BadEvidence(rules.ENDORSEMENT, f"not as a key for {bound.kind[:40]} signs it")


def _typed(payload: bytes) -> bytes:
    return cbor.encode_deterministic([_DOMAIN, _ENDORSEMENT, payload])


def _check_statement(payload: bytes, key: bytes, *, verifier: str, at: datetime) -> None:
    item = reading.read_map(payload, _STATEMENT)
    said = (item[1], item[2], item[5], cose.key_from_map(item[6]).spki)
    _require(said == (1, verifier, _USE, key), rules.ENDORSEMENT, "for something else")
    _require(at < reading.moment(item[8]), rules.ENDORSEMENT, "at its end before the answer")


def _check_warrant(
    data: bytes, provider_key: bytes, *, endorsed: bytes, bound: Key, at: datetime
) -> None:
    provider = _signer(provider_key, bound)
    header = {4: sha256(provider_key).digest(), 16: _WARRANT}
    item = reading.read_map(proofs.read_cose(data, provider, header).payload, _SAID)
    device = sha256(bound.public_key).digest()
    said = (item[1], item[2] in _COMPONENTS, item[5], item[7])
    _require(said == (1, True, 1, device), rules.WARRANT, "for another device")
    _require(cose.key_from_map(item[6]).spki == endorsed, rules.WARRANT, "for another key")
    in_time = reading.moment(item[8]) <= at < reading.moment(item[9])
    _require(in_time, rules.WARRANT, "not in its time")


def _check_leaf(
    leaf: reading.Leaf, item: Mapping[int, Any], bound: Key, recorded: Recorded
) -> None:
    values = {
        "user": None if recorded.user is None else recorded.user.encode(),
        "device": None if recorded.device is None else recorded.device.encode(),
        "key": sha256(bound.public_key).digest(),
        "endorsed-key": sha256(item[1]).digest(),
        "endorsement": sha256(item[2]).digest(),
        "warrant": sha256(item[4]).digest(),
    }
    for name, value in values.items():
        if value is not None:
            reading.open_value(leaf, name, value, item[8])


def _require(holds: bool, rule: Rule, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise BadEvidence(rule, otherwise)


@contextmanager
def _only(rule: Rule) -> Iterator[None]:
    """Whatever of it is wrong is told as this rule."""
    try:
        yield
    except BadEvidence as error:
        if error.rule == rule:
            raise
        raise BadEvidence(rule, f"{error.code} {error.detail}") from error
