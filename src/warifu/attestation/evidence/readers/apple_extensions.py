"""Apple's extensions in App Attest credential certificates, 1.2.840.113635.100.8.x.

Only the nonce is documented. The others are read where they are as we know them and passed over
where they are not: what Apple may change without notice must not refuse a phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warifu.base.pki.certificate import Extension

FAMILY = der.from_oid_text("1.2.840.113635.100.8")
NONCE = der.from_oid_text("1.2.840.113635.100.8.2")
KEY_DESCRIPTION = der.from_oid_text("1.2.840.113635.100.8.5")
OPERATING_SYSTEM = der.from_oid_text("1.2.840.113635.100.8.7")

MAX_TEXT_BYTES = 256

_NAMES = {oid: der.to_oid_text(oid) for oid in (NONCE, KEY_DESCRIPTION, OPERATING_SYSTEM)}
_NONCE_TAG = 0xA1
_APP_IDENTIFIER = der.high_tag(1204)
_SYSTEM_VERSION = der.high_tag(1400)
_SYSTEM_BUILD = der.high_tag(1403)


def read_nonce(value: bytes) -> bytes:
    """The one octet string of the nonce extension: ``SEQUENCE { [1] { OCTET STRING } }``.

    Raises:
        MalformedEvidence: Anything else.
    """
    start, stop = der.read_whole(value, der.SEQUENCE)
    inner, end = der.read_expected(value, start, stop, _NONCE_TAG)
    text, last = der.read_expected(value, inner, end, der.OCTET_STRING)
    if not last == end == stop:
        raise MalformedEvidence(der.WELL_FORMED, "more than one element in the nonce extension")
    return value[text:last]


def read_app_identifier(extensions: Mapping[bytes, Extension]) -> str | None:
    """``<team>.<bundle>`` as the undocumented key description names it."""
    return _text(_entries(extensions.get(KEY_DESCRIPTION)).get(_APP_IDENTIFIER))


def read_system(extensions: Mapping[bytes, Extension]) -> tuple[str | None, str | None]:
    """Version and build of the operating system, undocumented too."""
    entries = _entries(extensions.get(OPERATING_SYSTEM))
    return _text(entries.get(_SYSTEM_VERSION)), _text(entries.get(_SYSTEM_BUILD))


def raw_extensions(extensions: Mapping[bytes, Extension]) -> dict[str, bytes]:
    """Every extension of Apple's attestation family, raw, by dotted identifier."""
    return {
        _NAMES.get(oid) or der.to_oid_text(oid): extension.value
        for oid, extension in extensions.items()
        if oid.startswith(FAMILY)
    }


def _entries(extension: Extension | None) -> dict[int, bytes]:
    """``SEQUENCE OF [n] ...`` as content octets by tag; empty where it is something else."""
    if extension is None:
        return {}
    value = extension.value
    try:
        start, stop = der.read_whole(value, der.SEQUENCE)
        return {tag: value[at:end] for tag, at, end in der.children(value, start, stop)}
    except MalformedEvidence:
        return {}


def _text(entry: bytes | None) -> str | None:
    """The text of an OCTET STRING; None where there is none."""
    if entry is None:
        return None
    try:
        start, stop = der.read_whole(entry, der.OCTET_STRING)
        text = der.to_text(entry[start:stop])
    except MalformedEvidence:
        return None
    return text if len(text) <= MAX_TEXT_BYTES and text.isprintable() else None
