"""The subjectAltName extension (RFC 5280 §4.2.1.6), as far as attestation certificates use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.base.pki.certificate import SUBJECT_ALTERNATIVE_NAME

if TYPE_CHECKING:
    from warifu.base.pki.certificate import Certificate

_DNS_NAME = 0x82
_DIRECTORY_NAME = 0xA4


def dns_names(value: bytes) -> tuple[str, ...]:
    """Every dNSName, in order.

    Args:
        value: The extension's value.

    Raises:
        MalformedEvidence: Not GeneralNames, or a name that is no text.
    """
    start, stop = der.read_whole(value, der.SEQUENCE)
    return tuple(
        der.to_text(value[at:end])
        for tag, at, end in der.children(value, start, stop)
        if tag == _DNS_NAME
    )


def certified_dns_names(certificate: Certificate) -> tuple[str, ...]:
    """Every dNSName of a certificate in lower case; none where the extension is absent.

    Raises:
        MalformedEvidence: The extension does not decode.
    """
    extension = certificate.extensions.get(SUBJECT_ALTERNATIVE_NAME)
    return () if extension is None else tuple(map(str.lower, dns_names(extension.value)))


def directory_attributes(value: bytes) -> dict[bytes, str]:
    """The attributes of every directoryName: content octets of the identifier to text.

    Raises:
        MalformedEvidence: Not GeneralNames, a value that is no text, or one attribute twice: two
            readers could then see two makers.
    """
    found: dict[bytes, str] = {}
    start, stop = der.read_whole(value, der.SEQUENCE)
    for tag, at, end in der.children(value, start, stop):
        if tag == _DIRECTORY_NAME:
            _read_name(value, at, end, found)
    return found


def _read_name(data: bytes, at: int, end: int, found: dict[bytes, str]) -> None:
    """RFC 5280 §4.1.2.4: a Name is a SEQUENCE of SETs of attributes; some makers put all in one."""
    start, stop = der.read_expected(data, at, end, der.SEQUENCE)
    for tag, set_start, set_stop in der.children(data, start, stop):
        if tag != der.SET:
            raise MalformedEvidence(der.EXPECTED_TYPE, "name without sets")
        for pair_tag, pair_start, pair_stop in der.children(data, set_start, set_stop):
            if pair_tag != der.SEQUENCE:
                raise MalformedEvidence(der.EXPECTED_TYPE, "name attribute")
            oid_start, oid_stop = der.read_expected(data, pair_start, pair_stop, der.OID)
            _, text_start, text_stop = der.read_header(data, oid_stop, pair_stop)
            oid = data[oid_start:oid_stop]
            if oid in found:
                raise MalformedEvidence(der.WELL_FORMED, "name attribute twice")
            found[oid] = der.to_text(data[text_start:text_stop])
