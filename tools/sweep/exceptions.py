"""The bytes that may change although the evidence is accepted: by name, by place, with the reason.

Places are computed from the structure of each piece of evidence. `may_change` names the claims that
may then differ: only claims that say of themselves that nobody vouches for them. Where it is empty,
the facts are exactly the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import cbor2
from msgspec import Struct

from tools.sweep.surfaces import CERTIFICATES, RESPONSE_PARTS, WHOLE, Surface, surfaces, value_span
from warifu.attestation.claims import Claims, Endorsement, Format
from warifu.attestation.evidence.readers.app_attest import read_attestation

if TYPE_CHECKING:
    from tests.corpus.accepted import Accepted


class Exemption(Struct, frozen=True, kw_only=True):
    """One kind of bytes outside what is signed."""

    name: str
    formats: tuple[Format, ...]
    reason: str
    may_change: frozenset[str] = frozenset()


class Region(Struct, frozen=True):
    """Bytes of one surface, from `start` up to but not including `stop`."""

    exemption: Exemption
    start: int
    stop: int


ROOT_AS_SENT = Exemption(
    name="root-as-sent",
    formats=(Format.APP_ATTEST_RECEIPT, Format.WEBAUTHN),
    reason="A certificate at or above the anchor: only its name and key are compared with ours, and"
    " nothing else is read from it.",
)
ANDROID_ROOT_AS_SENT = Exemption(
    name="android-root-as-sent",
    formats=(Format.ANDROID_KEY,),
    reason="As root-as-sent. Google certified one root key several times: which of our own"
    " certificates of that key is named follows the one that was sent.",
    may_change=frozenset({"anchor", "chain"}),
)
PEM_LAYOUT = Exemption(
    name="pem-layout",
    formats=(Format.ANDROID_KEY,),
    reason="White space inside a PEM block, and everything between the blocks (RFC 7468 §2).",
)
RECEIPT = Exemption(
    name="receipt-inside",
    formats=(Format.APP_ATTEST,),
    reason="The receipt has a signature of its own and is evidence of its own; the attestation does"
    " not sign it, and nothing is read from it.",
)
JSON_LAYOUT = Exemption(
    name="json-layout",
    formats=(Format.WEBAUTHN,),
    reason="White space, names, and members that no authenticator signs (WebAuthn L3 §5.1.8):"
    " attachment, transports, client extension outputs, user handle. Claims call them unsigned.",
    may_change=frozenset({"detail", "leniencies", "proved", "unchecked"}),
)
NOTHING_SIGNED = Exemption(
    name="statement-none",
    formats=(Format.WEBAUTHN,),
    reason="A statement of format none signs nothing (WebAuthn L3 §8.7): only challenge, origin, RP"
    " ID and form can be checked, and the endorsement is none.",
    may_change=frozenset({"detail", "freshness", "key", "leniencies", "proved", "unchecked"}),
)
NOT_IN_U2F = Exemption(
    name="outside-u2f-signature",
    formats=(Format.WEBAUTHN,),
    reason="A fido-u2f statement signs RP ID, challenge, credential id and key, but not the flags,"
    " the counter and the AAGUID (WebAuthn L3 §8.6).",
    may_change=frozenset({"detail", "freshness"}),
)
UNANCHORED = Exemption(
    name="unanchored-certificates",
    formats=(Format.WEBAUTHN,),
    reason="Certificates of a chain that reaches no anchor: shown as received, endorsement is"
    " unanchored, and the rule stands in unchecked.",
    may_change=frozenset({"chain", "detail", "leniencies"}),
)
STATEMENT_VERSION = Exemption(
    name="statement-version",
    formats=(Format.WEBAUTHN,),
    reason="The version beside a tpm or android-safetynet statement: not signed. A tpm statement"
    " that lacks it is accepted with a leniency.",
    may_change=frozenset({"detail", "leniencies"}),
)

APPLE_ALGORITHM = Exemption(
    name="apple-algorithm",
    formats=(Format.WEBAUTHN,),
    reason="Early apple statements name an algorithm; the format has no such member (WebAuthn L3"
    " §8.8) and nothing is read from it.",
)

EXEMPTIONS = (
    *(ROOT_AS_SENT, ANDROID_ROOT_AS_SENT, PEM_LAYOUT, RECEIPT, JSON_LAYOUT, NOTHING_SIGNED),
    *(NOT_IN_U2F, UNANCHORED, STATEMENT_VERSION, APPLE_ALGORITHM),
)

_PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")
_FLAGS_AND_COUNTER = (32, 37)
_AAGUID = (37, 53)


def regions(item: Accepted, claims: Claims, surface: Surface) -> list[Region]:
    """The exempt regions of one surface of one piece of evidence."""
    find = _FINDERS.get(item.format)
    return list(find(item, claims, surface)) if find else []


def _android(item: Accepted, claims: Claims, surface: Surface) -> Iterator[Region]:
    binary = next((s for s in surfaces(item) if s.name == CERTIFICATES), None)
    data = surface.data
    if binary is None or surface.name == CERTIFICATES:
        for certificate in _unproved(data, claims):
            yield from _spans(data, certificate, ANDROID_ROOT_AS_SENT)
        return
    blocks = list(_PEM_BLOCK.finditer(data))
    edges = [0, *(edge for block in blocks for edge in block.span()), len(data)]
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield Region(PEM_LAYOUT, start, stop)
    for block in blocks:
        for space in re.finditer(rb"\s+", block[1]):
            yield Region(PEM_LAYOUT, block.start(1) + space.start(), block.start(1) + space.end())
    proved = len(claims.chain) - 1
    for block in blocks[proved:]:
        yield Region(ANDROID_ROOT_AS_SENT, *block.span())


def _attestation(_: Accepted, __: Claims, surface: Surface) -> Iterator[Region]:
    yield from _spans(surface.data, read_attestation(surface.data).receipt, RECEIPT)


def _receipt(_: Accepted, claims: Claims, surface: Surface) -> Iterator[Region]:
    for certificate in _unproved(surface.data, claims):
        yield from _spans(surface.data, certificate, ROOT_AS_SENT)


def _webauthn(item: Accepted, claims: Claims, surface: Surface) -> Iterator[Region]:
    if surface.name != WHOLE:
        yield from _response_part(item, claims, surface)
        return
    data = surface.data
    values = sorted(value_span(data, name) for name in ("id", "rawId", "type", *RESPONSE_PARTS))
    edges = [0, *(edge for span in values for edge in span), len(data)]
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield Region(JSON_LAYOUT, start, stop)
    for part in surfaces(item)[1:]:
        first, _ = value_span(data, part.name)
        for region in _response_part(item, claims, part):
            # A character of base64 holds six bits.
            start, stop = region.start * 8 // 6, -(-region.stop * 8 // 6)
            yield Region(region.exemption, first + start, first + stop)


def _response_part(item: Accepted, claims: Claims, surface: Surface) -> Iterator[Region]:
    encoded = next((s.data for s in surfaces(item) if s.name == "attestationObject"), None)
    if encoded is None:
        return
    document = cbor2.loads(encoded)
    if document["fmt"] == "none":
        yield Region(NOTHING_SIGNED, 0, len(surface.data))
    if surface.name != "attestationObject":
        return
    if document["fmt"] == "fido-u2f":
        at = surface.data.index(document["authData"])
        for start, stop in (_FLAGS_AND_COUNTER, _AAGUID):
            yield Region(NOT_IN_U2F, at + start, at + stop)
    if "ver" in document["attStmt"]:
        name, value = b"\x63ver", cbor2.dumps(document["attStmt"]["ver"])
        yield from _spans(surface.data, name + value, STATEMENT_VERSION)
    if document["fmt"] == "apple" and "alg" in document["attStmt"]:
        member = b"\x63alg" + cbor2.dumps(document["attStmt"]["alg"])
        yield from _spans(surface.data, member, APPLE_ALGORITHM)
    unanchored = claims.key is not None and claims.key.endorsement is Endorsement.UNANCHORED
    for certificate in document["attStmt"].get("x5c", ()):
        if unanchored:
            yield from _spans(surface.data, certificate, UNANCHORED)
        elif certificate not in _proved(claims):
            yield from _spans(surface.data, certificate, ROOT_AS_SENT)


def _proved(claims: Claims) -> set[bytes]:
    """The certificates whose signature was checked: all but the anchor's."""
    return {certificate.der for certificate in claims.chain[:-1]}


def _unproved(data: bytes, claims: Claims) -> Iterator[bytes]:
    """DER of the certificates in `data` that are not of the proved path."""
    proved = _proved(claims)
    for match in re.finditer(rb"\x30\x82..\x30\x82..\xa0\x03\x02\x01\x02", data, re.DOTALL):
        length = 4 + int.from_bytes(data[match.start() + 2 : match.start() + 4], "big")
        certificate = data[match.start() : match.start() + length]
        if certificate not in proved:
            yield certificate


def _spans(data: bytes, wanted: bytes, exemption: Exemption) -> Iterator[Region]:
    at = data.find(wanted)
    while wanted and at >= 0:
        yield Region(exemption, at, at + len(wanted))
        at = data.find(wanted, at + 1)


_FINDERS: dict[Format, Callable[[Accepted, Claims, Surface], Iterator[Region]]] = {
    Format.ANDROID_KEY: _android,
    Format.APP_ATTEST: _attestation,
    Format.APP_ATTEST_RECEIPT: _receipt,
    Format.WEBAUTHN: _webauthn,
}
