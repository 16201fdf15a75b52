"""Certification paths (RFC 5280 §6), from received certificates up to a given anchor.

Who is an anchor is an argument. Signatures are checked from the anchor downwards, so that nothing
below an unproved issuer is ever computed or remembered.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.codec import der
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki import memory
from warifu.base.pki.certificate import (
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME,
    Certificate,
)
from warifu.base.pki.signature import check_issued, load_public_key
from warifu.base.rule import Leniency, Rule, Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MAX_PATH = 10
MAX_ROLE_BYTES = 32
"""Most that basicConstraints or keyUsage can take."""
MAX_REMEMBERED = 256

ANCHORED = Rule(
    code="pki/anchored",
    clause="RFC 5280 §6.1.1 (d)",
    requires=Text(
        ja="証明書チェーンは、名前と鍵の両方で信頼の起点につながっていなければなりません。",
        en="The chain ends at an anchor we trust, by name and by key.",
    ),
    stops="chains of an attacker's own authority",
)
NAMES_CHAIN = Rule(
    code="pki/names-chain",
    clause="RFC 5280 §6.1.3 (a)(4)",
    requires=Text(
        ja="各証明書の発行者名は、一つ上の証明書の主体者名と一致していなければなりません。",
        en="Each certificate's issuer is the subject of the one above it.",
    ),
    stops="joining unrelated certificates",
)
VALID_AT = Rule(
    code="pki/valid-at",
    clause="RFC 5280 §6.1.3 (a)(2)",
    requires=Text(
        ja="証明書は、判定の基準時点で有効期間内でなければなりません。",
        en="Each certificate is within its validity at the time judged for.",
    ),
    stops="use of expired or not yet valid certificates",
)
ISSUER_IS_AUTHORITY = Rule(
    code="pki/issuer-is-authority",
    clause="RFC 5280 §6.1.4 (k)-(n)",
    requires=Text(
        ja="証明書の発行者は、発行権限を持つ認証局であり、許された階層数以内でなければなりません。",
        en="Each issuer's certificate is that of an authority and within its path length.",
    ),
    stops="a leaf that signs further certificates",
)
CRITICAL_UNDERSTOOD = Rule(
    code="pki/critical-understood",
    clause="RFC 5280 §6.1.4 (o), §6.1.5 (f)",
    requires=Text(
        ja="クリティカルと指定された証明書拡張は、すべて解釈できなければなりません。",
        en="Every critical extension is understood.",
    ),
    stops="ignoring a restriction",
)
LENGTH = Rule(
    code="pki/path-length",
    clause="RFC 5280 §6.1",
    requires=Text(
        ja="証明書チェーンの枚数は、定められた範囲内でなければなりません。",
        en="The number of certificates is within its limit.",
    ),
    stops="resource exhaustion",
)

ORDER_REPAIRED = Leniency(
    name="pki/order-repaired",
    departs_from="RFC 8446 §4.4.2: each certificate certifies the one before it",
    seen_on="vendors' apps that sort, reverse or shuffle the chain they were given",
)

_KEY_CERT_SIGN = 0x04
_UNDERSTOOD = frozenset(
    {BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME}
)


class TrustPoint(Struct, frozen=True, kw_only=True):
    """An anchor as a path sees it: a name, a key, and until when it counts."""

    name: str
    """Our name for it, shown to people."""
    subject: bytes
    public_key: bytes
    not_before: datetime | None = None
    not_after: datetime | None = None
    """None where the key outlives its certificate."""
    leaf: bytes | None = None
    """DER of the anchor's certificate, only where it may itself be the leaf (FIDO metadata)."""


class Path(Struct, frozen=True, kw_only=True):
    """A proved path: certificates leaf first, without the anchor, and the anchor above them."""

    certificates: tuple[Certificate, ...]
    """Empty only where the leaf is, byte for byte, the anchor's `TrustPoint.leaf`."""
    anchor: TrustPoint


def order_chain(received: Sequence[Certificate]) -> tuple[tuple[Certificate, ...], bool]:
    """Put certificates in order, leaf first, by issuer and subject names.

    Returns:
        The same certificates in order, and whether the received order had to be repaired.

    Raises:
        BadEvidence: ``pki/path-length``; ``pki/names-chain`` when no single order exists.
    """
    if not 0 < len(received) <= MAX_PATH:
        raise BadEvidence(LENGTH, f"{len(received)} certificates")
    if all(low.issuer == high.subject for low, high in pairwise(received)):
        return tuple(received), False
    # Root first is the commonest disorder, and the only one that names alone cannot repair where
    # two keys of one app bear the same name.
    if all(low.issuer == high.subject for high, low in pairwise(received)):
        return tuple(reversed(received)), True
    by_subject = {certificate.subject: certificate for certificate in received}
    issuers = {c.issuer for c in received if c.issuer != c.subject}
    leaves = [c for c in received if c.subject not in issuers]
    if len(by_subject) != len(received) or len(leaves) != 1:
        raise BadEvidence(NAMES_CHAIN, "certificates form no single chain")
    ordered = [leaves[0]]
    while len(ordered) < len(received):
        above = by_subject.get(ordered[-1].issuer)
        if above is None or above in ordered:
            raise BadEvidence(NAMES_CHAIN, "certificates form no single chain")
        ordered.append(above)
    return tuple(ordered), True


def find_anchor(chain: Sequence[Certificate], anchors: Sequence[TrustPoint]) -> Path:
    """Find the anchor of an ordered chain; what lies at or above the anchor is left out.

    A certificate above the leaf that bears an anchor's name and key *is* that anchor, whatever else
    it says. The lowest such certificate wins. Otherwise the topmost certificate must name an anchor
    as issuer. Name and key never make a leaf an anchor: nobody would have vouched for the rest.

    Raises:
        BadEvidence: ``pki/anchored``.
    """
    for anchor in anchors:
        if anchor.leaf == chain[0].der:
            return Path(certificates=(), anchor=anchor)
    for position, certificate in enumerate(chain[1:], 1):
        for anchor in anchors:
            if certificate.public_key == anchor.public_key and (
                certificate.subject == anchor.subject
            ):
                return Path(certificates=tuple(chain[:position]), anchor=anchor)
    # Several certificates of one root key are one anchor here: no signature need tell them apart.
    named = list(
        {
            anchor.public_key: anchor
            for anchor in reversed(anchors)
            if anchor.subject == chain[-1].issuer
        }.values()
    )
    for anchor in named:
        if len(named) == 1 or _is_issued_by(chain[-1], anchor):
            return Path(certificates=tuple(chain), anchor=anchor)
    raise BadEvidence(ANCHORED, f"top of chain: {chain[-1].fingerprint.hex()}")


def check_signatures(path: Path, *, remember_from: int) -> None:
    """Check names and signatures of a path, from the anchor downwards.

    Args:
        path: Ordered certificates and their anchor.
        remember_from: Lowest position whose signature may be remembered, 0 being the leaf.
            Leaves and batch certificates, new for every device, stay below it, and so do their
            keys.

    Raises:
        BadEvidence: ``pki/names-chain``, ``pki/signature``, ``pki/signature-algorithm``.
    """
    subject, key = path.anchor.subject, path.anchor.public_key
    for position in range(len(path.certificates) - 1, -1, -1):
        child = path.certificates[position]
        if child.issuer != subject:
            raise BadEvidence(NAMES_CHAIN, f"certificate {position}")
        if position >= remember_from:
            memory.check_authority_issued(child, key)
        elif position + 1 >= remember_from or child is path.certificates[-1]:
            check_issued(child, memory.load_authority_key(key))
        else:
            check_issued(child, load_public_key(key))
        subject, key = child.subject, child.public_key


def check_validity(path: Path, at: datetime) -> None:
    """Check the dates of every certificate of a path, and of its anchor, at a time.

    Raises:
        BadEvidence: ``pki/valid-at``.
    """
    for position, certificate in enumerate(path.certificates):
        if not certificate.not_before <= at <= certificate.not_after:
            raise BadEvidence(
                VALID_AT,
                f"certificate {position}: {certificate.not_before:%Y-%m-%dT%H:%M:%SZ} to "
                f"{certificate.not_after:%Y-%m-%dT%H:%M:%SZ}",
            )
    anchor = path.anchor
    if (anchor.not_before is not None and at < anchor.not_before) or (
        anchor.not_after is not None and at > anchor.not_after
    ):
        raise BadEvidence(VALID_AT, f"anchor {anchor.name}")


def check_authorities(
    path: Path,
    *,
    understood: frozenset[bytes] = frozenset(),
    excused: frozenset[int] = frozenset(),
) -> None:
    """Check that every issuer in the path may issue, and that critical extensions are understood.

    Args:
        path: The path.
        understood: Further extensions that the caller judges itself, by OID content octets.
        excused: Positions of issuers that are no authorities by design, and whose right to sign the
            caller judges itself; they do not count for path lengths either.

    Raises:
        BadEvidence: ``pki/issuer-is-authority``, ``pki/critical-understood``.
    """
    known = _UNDERSTOOD | understood
    below = 0
    for position, certificate in enumerate(path.certificates):
        for oid, extension in certificate.extensions.items():
            if extension.critical and oid not in known:
                raise BadEvidence(CRITICAL_UNDERSTOOD, der.to_oid_text(oid))
        if position > 0 and position not in excused:
            _check_authority(certificate, position, below)
            below += certificate.issuer != certificate.subject


def verify_path(
    chain: Sequence[Certificate],
    anchors: Sequence[TrustPoint],
    at: datetime,
    *,
    remember_from: int = 1,
    understood: frozenset[bytes] = frozenset(),
) -> Path:
    """The whole of path validation for ordinary chains: anchor, names, signatures, dates, roles.

    Args:
        chain: Ordered, leaf first; the root may be there or be left out.
        anchors: Whom to trust. An empty sequence trusts nothing.
        at: The time judged for.
        remember_from: As in `check_signatures`.
        understood: As in `check_authorities`.

    Raises:
        BadEvidence: The first rule of this module that is not met.
    """
    if not 0 < len(chain) <= MAX_PATH:
        raise BadEvidence(LENGTH, f"{len(chain)} certificates")
    path = find_anchor(chain, anchors)
    check_signatures(path, remember_from=remember_from)
    check_validity(path, at)
    check_authorities(path, understood=understood)
    return path


def read_basic_constraints(certificate: Certificate) -> tuple[bool, int | None]:
    """Whether a certificate says it is an authority's, and its path length if stated.

    Raises:
        MalformedEvidence: The extension does not decode.
    """
    extension = certificate.extensions.get(BASIC_CONSTRAINTS)
    return (False, None) if extension is None else _basic_constraints(extension.value)


@lru_cache(maxsize=MAX_REMEMBERED)
def _basic_constraints(value: bytes) -> tuple[bool, int | None]:
    """Remembered because the same few bytes stand in every authority of the world."""
    if len(value) > MAX_ROLE_BYTES:
        raise MalformedEvidence(der.WELL_FORMED, f"basicConstraints of {len(value)} bytes")
    start, stop = der.read_whole(value, der.SEQUENCE)
    fields = der.children(value, start, stop)
    authority, length = False, None
    if fields and fields[0][0] == der.BOOLEAN:
        _, at, end = fields.pop(0)
        authority, _ = der.to_boolean(value, at, end)
    if fields and fields[0][0] == der.INTEGER:
        _, at, end = fields.pop(0)
        length = der.to_integer(value, at, end)
    if fields:
        raise MalformedEvidence(der.EXPECTED_TYPE, "basicConstraints")
    return authority, length


def may_sign_certificates(certificate: Certificate) -> bool:
    """Whether keyUsage, if present, has keyCertSign (RFC 5280 §4.2.1.3).

    Raises:
        MalformedEvidence: The extension does not decode.
    """
    extension = certificate.extensions.get(KEY_USAGE)
    return extension is None or _has_certificate_signing(extension.value)


@lru_cache(maxsize=MAX_REMEMBERED)
def _has_certificate_signing(value: bytes) -> bool:
    if len(value) > MAX_ROLE_BYTES:
        raise MalformedEvidence(der.WELL_FORMED, f"keyUsage of {len(value)} bytes")
    start, stop = der.read_whole(value, der.BIT_STRING)
    bits = der.to_named_bits(value, start, stop)
    return bool(bits) and bool(bits[0] & _KEY_CERT_SIGN)


def _check_authority(certificate: Certificate, position: int, below: int) -> None:
    authority, length = read_basic_constraints(certificate)
    if not authority or not may_sign_certificates(certificate):
        raise BadEvidence(ISSUER_IS_AUTHORITY, f"certificate {position}")
    if length is not None and below > length:
        raise BadEvidence(ISSUER_IS_AUTHORITY, f"path too long below certificate {position}")


def _is_issued_by(certificate: Certificate, anchor: TrustPoint) -> bool:
    try:
        check_issued(certificate, memory.load_authority_key(anchor.public_key))
    except BadEvidence:
        return False
    return True
