"""X.509 certificates as phones really make them (RFC 5280 §4), read but not judged.

The strict parsers of the field refuse certificates of millions of honest phones: NULL parameters
in an ECDSA algorithm identifier, basicConstraints without cA, empty distribution points. This
reader takes the positions that verification needs and leaves extensions raw until someone asks.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Leniency, Rule, Text

if TYPE_CHECKING:
    from datetime import datetime

MAX_CERTIFICATE_BYTES = 64 << 10
MAX_EXTENSIONS = 64
MAX_SERIAL_OCTETS = 64
MAX_ALGORITHM_BYTES = 128
"""Long enough for the parameters of RSA-PSS."""
MAX_ALGORITHMS = 64
"""Algorithm identifiers remembered."""

WELL_FORMED = Rule(
    code="pki/certificate-well-formed",
    clause="RFC 5280 §4.1",
    requires=Text(
        ja="証明書は、X.509の構造に従っていなければなりません。",
        en="Each certificate has the structure of X.509.",
    ),
    stops="parser differentials",
)
ONE_ALGORITHM = Rule(
    code="pki/one-signature-algorithm",
    clause="RFC 5280 §4.1.1.2",
    requires=Text(
        ja="証明書の署名アルゴリズムは、署名対象の内側と外側で一致していなければなりません。",
        en="A certificate names the same signature algorithm inside and outside what is signed.",
    ),
    stops="swapping the algorithm outside the signature",
)
UNIQUE_EXTENSIONS = Rule(
    code="pki/unique-extensions",
    clause="RFC 5280 §4.2",
    requires=Text(
        ja="証明書には、同じ拡張が二つ以上含まれていてはなりません。",
        en="No extension appears twice in a certificate.",
    ),
    stops="showing one extension to one reader and another to the next",
)

ALGORITHM_PARAMETERS_NULL = Leniency(
    name="pki/ecdsa-parameters-null",
    departs_from="RFC 5758 §3.2: parameters of ECDSA algorithm identifiers are absent",
    seen_on="Titan M StrongBox leaves of the Pixel 3",
)

SERIAL_UNSIGNED = Leniency(
    name="pki/serial-unsigned",
    departs_from="RFC 5280 §4.1.2.2, X.690 §8.3.2: serial numbers are positive and minimal",
    seen_on="key stores that write a 64-bit serial number without a leading zero octet",
)

BASIC_CONSTRAINTS = der.from_oid_text("2.5.29.19")
KEY_USAGE = der.from_oid_text("2.5.29.15")
EXTENDED_KEY_USAGE = der.from_oid_text("2.5.29.37")
SUBJECT_ALTERNATIVE_NAME = der.from_oid_text("2.5.29.17")
_ECDSA_PREFIX = der.from_oid_text("1.2.840.10045.4")
_DER_TRUTHS = (b"\x00", b"\xff", b"")
_DER_NULL = b"\x05\x00"
_VERSION_TAG = 0xA0
_ISSUER_UNIQUE_ID = 0x81
_SUBJECT_UNIQUE_ID = 0x82
_EXTENSIONS_TAG = 0xA3


class Extension(Struct, frozen=True):
    """One raw extension: whether it is critical, and the content of its OCTET STRING."""

    critical: bool
    value: bytes


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate, read and not judged. Names and keys are kept as received DER."""

    der: bytes
    signed: bytes
    """tbsCertificate as received: what the signature covers."""
    serial: int
    version: int
    """1, 2 or 3 in sound certificates; what is written is kept."""
    signature_algorithm: bytes
    """Content octets of the algorithm's object identifier."""
    signature_parameters: bytes
    """DER of the algorithm's parameters; empty when absent."""
    signature: bytes
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    public_key: bytes
    """DER of SubjectPublicKeyInfo."""
    extensions: dict[bytes, Extension]
    """By content octets of the object identifier, in order of appearance."""
    leniencies: tuple[Leniency, ...]

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the DER, 32 bytes."""
        return sha256(self.der).digest()

    @property
    def serial_hex(self) -> str:
        """The serial number in lower-case hex without leading zeros."""
        return f"{self.serial:x}"


def read_certificate(data: bytes) -> Certificate:
    """Read one DER certificate.

    Args:
        data: The DER, at most `MAX_CERTIFICATE_BYTES`, and nothing after it.

    Raises:
        MalformedEvidence: Not a certificate, or beyond a limit.
    """
    if len(data) > MAX_CERTIFICATE_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"more than {MAX_CERTIFICATE_BYTES} bytes")
    start, stop = der.read_whole(data, der.SEQUENCE)
    tbs_start, tbs_stop = der.read_expected(data, start, stop, der.SEQUENCE)
    algorithm_start, algorithm_stop = der.read_expected(data, tbs_stop, stop, der.SEQUENCE)
    outer_algorithm = data[algorithm_start:algorithm_stop]
    signature_start, end = der.read_expected(data, algorithm_stop, stop, der.BIT_STRING)
    if end != stop:
        raise MalformedEvidence(WELL_FORMED, "bytes after the signature")
    fields = _read_fields(data, tbs_start, tbs_stop)
    if fields.algorithm != outer_algorithm:
        raise MalformedEvidence(ONE_ALGORITHM)
    oid, parameters, leniencies = _split_algorithm(outer_algorithm)
    return Certificate(
        der=data,
        signed=data[start:tbs_stop],
        serial=fields.serial,
        version=fields.version,
        signature_algorithm=oid,
        signature_parameters=parameters,
        signature=der.to_bit_string(data, signature_start, end),
        issuer=fields.issuer,
        subject=fields.subject,
        not_before=fields.not_before,
        not_after=fields.not_after,
        public_key=fields.public_key,
        extensions=fields.extensions,
        leniencies=leniencies + fields.leniencies,
    )


_Extensions: TypeAlias = tuple[dict[bytes, Extension], tuple[Leniency, ...]]


class _Fields(Struct, frozen=True):
    version: int
    serial: int
    algorithm: bytes
    issuer: bytes
    not_before: datetime
    not_after: datetime
    subject: bytes
    public_key: bytes
    extensions: dict[bytes, Extension]
    leniencies: tuple[Leniency, ...]


def _read_fields(data: bytes, start: int, stop: int) -> _Fields:
    """The fields of tbsCertificate in their fixed order (RFC 5280 §4.1.2)."""
    tag, content, at = der.read_header(data, start, stop)
    version = 1
    if tag == _VERSION_TAG:
        number, end = der.read_expected(data, content, at, der.INTEGER)
        if end != at:
            raise MalformedEvidence(WELL_FORMED, "bytes after the version")
        version += der.to_integer(data, number, end)
        tag, content, at = der.read_header(data, at, stop)
    if tag != der.INTEGER or not 0 < at - content <= MAX_SERIAL_OCTETS:
        raise MalformedEvidence(WELL_FORMED, "serial number")
    serial = int.from_bytes(data[content:at], "big")
    positive = serial.bit_length() // 8 + 1 == at - content
    algorithm_start, at = der.read_expected(data, at, stop, der.SEQUENCE)
    algorithm = data[algorithm_start:at]
    issuer_from = at
    _, at = der.read_expected(data, at, stop, der.SEQUENCE)
    issuer = data[issuer_from:at]
    validity, at = der.read_expected(data, at, stop, der.SEQUENCE)
    not_before, not_after = _read_validity(data, validity, at)
    subject_from = at
    _, at = der.read_expected(data, at, stop, der.SEQUENCE)
    subject = data[subject_from:at]
    key_from = at
    _, at = der.read_expected(data, at, stop, der.SEQUENCE)
    public_key = data[key_from:at]
    extensions, lenient = _read_optional_rest(data, at, stop)
    return _Fields(
        version,
        serial,
        algorithm,
        issuer,
        not_before,
        not_after,
        subject,
        public_key,
        extensions,
        lenient if positive else (SERIAL_UNSIGNED, *lenient),
    )


def _read_validity(data: bytes, start: int, stop: int) -> tuple[datetime, datetime]:
    tag, first, at = der.read_header(data, start, stop)
    not_before = der.to_time(data, tag, first, at)
    tag, second, end = der.read_header(data, at, stop)
    if end != stop:
        raise MalformedEvidence(WELL_FORMED, "validity has more than two times")
    return not_before, der.to_time(data, tag, second, end)


def _read_optional_rest(data: bytes, at: int, stop: int) -> _Extensions:
    """Unique identifiers are passed over; extensions must come last."""
    while at < stop:
        tag, content, at = der.read_header(data, at, stop)
        if tag == _EXTENSIONS_TAG and at == stop:
            return _read_extensions(data, content, stop)
        if tag not in {_ISSUER_UNIQUE_ID, _SUBJECT_UNIQUE_ID}:
            raise MalformedEvidence(WELL_FORMED, f"unknown field {tag:#x}")
    return {}, ()


def _read_extensions(data: bytes, start: int, stop: int) -> _Extensions:
    at, end = der.read_expected(data, start, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedEvidence(WELL_FORMED, "bytes after the extensions")
    found: dict[bytes, Extension] = {}
    leniencies: list[Leniency] = []
    while at < stop:
        inner, at = der.read_expected(data, at, stop, der.SEQUENCE)
        oid_start, oid_stop = der.read_expected(data, inner, at, der.OID)
        tag, content, end = der.read_header(data, oid_stop, at)
        critical = False
        if tag == der.BOOLEAN:
            critical, leniency = der.to_boolean(data, content, end)
            leniencies += [leniency] if leniency else []
            tag, content, end = der.read_header(data, end, at)
        if tag != der.OCTET_STRING or end != at:
            raise MalformedEvidence(WELL_FORMED, "extension without its octet string")
        oid = data[oid_start:oid_stop]
        if oid in found:
            raise MalformedEvidence(UNIQUE_EXTENSIONS, der.to_oid_text(oid))
        value = data[content:end]
        if oid == BASIC_CONSTRAINTS and value[2:4] == b"\x01\x01" and value[4:5] not in _DER_TRUTHS:
            leniencies.append(der.TRUE_NOT_FF)
        found[oid] = Extension(critical, value)
        if len(found) > MAX_EXTENSIONS:
            raise MalformedEvidence(WELL_FORMED, f"more than {MAX_EXTENSIONS} extensions")
    return found, tuple(leniencies)


@lru_cache(maxsize=MAX_ALGORITHMS)
def _split_algorithm(content: bytes) -> tuple[bytes, bytes, tuple[Leniency, ...]]:
    """Identifier, parameters, leniencies; remembered, for all the world shares a handful."""
    if len(content) > MAX_ALGORITHM_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"algorithm of {len(content)} bytes")
    start, stop = der.read_expected(content, 0, len(content), der.OID)
    oid, parameters = content[start:stop], content[stop:]
    lenient = parameters == _DER_NULL and oid.startswith(_ECDSA_PREFIX)
    return oid, parameters, (ALGORITHM_PARAMETERS_NULL,) if lenient else ()
