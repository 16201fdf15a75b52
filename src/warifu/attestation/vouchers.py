"""A proved path as people want to see it: who vouches for whom, and until when."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims

_LABELS = {
    der.from_oid_text(dotted): label
    for dotted, label in {
        "2.5.4.3": "CN",
        "2.5.4.5": "serialNumber",
        "2.5.4.6": "C",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.10": "O",
        "2.5.4.11": "OU",
        "2.5.4.12": "title",
        "0.9.2342.19200300.100.1.25": "DC",
    }.items()
}


class Voucher(Struct, frozen=True, kw_only=True):
    """One certificate of a chain: who it is, until when, and who vouches for it."""

    subject: str
    issuer: str
    serial: str
    """Lower-case hex without leading zeros."""
    not_before: datetime
    not_after: datetime
    sha256: bytes
    role: str
    """``leaf``, ``intermediate`` or ``anchor``."""


def vouchers(claims: Claims) -> tuple[Voucher, ...]:
    """Describe the chain of proved claims, leaf first."""
    last = len(claims.chain) - 1
    return tuple(
        Voucher(
            subject=name_text(certificate.subject),
            issuer=name_text(certificate.issuer),
            serial=certificate.serial_hex,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            sha256=certificate.fingerprint,
            role="anchor"
            if claims.anchor is not None and position == last
            else ("leaf" if position == 0 else "intermediate"),
        )
        for position, certificate in enumerate(claims.chain)
    )


@lru_cache(maxsize=1024)
def name_text(name: bytes) -> str:
    """A distinguished name's DER as ``CN=..., O=...``; hex where it does not decode.

    Only for display: names are compared as DER.
    """
    try:
        return ", ".join(_attributes(name)) or "(empty)"
    except MalformedEvidence:
        return name[:64].hex()


def _attributes(name: bytes) -> list[str]:
    start, stop = der.read_whole(name, der.SEQUENCE)
    found = []
    for _, set_start, set_stop in der.children(name, start, stop):
        for _, at, end in der.children(name, set_start, set_stop):
            oid_start, oid_stop = der.read_expected(name, at, end, der.OID)
            _, text_start, text_stop = der.read_header(name, oid_stop, end)
            oid = name[oid_start:oid_stop]
            label = _LABELS.get(oid) or der.to_oid_text(oid)
            text = name[text_start:text_stop].decode("utf-8", "replace")
            found.append(f"{label}={''.join(c if c.isprintable() else '?' for c in text)}")
    return found
