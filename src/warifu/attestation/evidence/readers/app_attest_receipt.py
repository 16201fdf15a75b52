"""The fields of an App Attest receipt: bytes to typed values, trusting nothing."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from warifu.attestation.evidence.facts.app_attest_receipt import ReceiptKind
from warifu.attestation.evidence.rules.app_attest_receipt import FIELDS_UNSORTED, STRUCTURE
from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.base.pki.certificate import Certificate, read_certificate
from warifu.base.rule import Leniency

MAX_FIELDS = 64
MAX_TEXT_BYTES = 4096
MAX_METRIC_DIGITS = 9
MAX_TIME_CHARACTERS = 30

APP_ID = 2
ATTESTED_CERTIFICATE = 3
CLIENT_HASH = 4
TOKEN = 5
KIND = 6
ENVIRONMENT = 7
CREATION_TIME = 12
RISK_METRIC = 17
NOT_BEFORE = 19
EXPIRATION_TIME = 21

_KNOWN = frozenset(
    {
        APP_ID,
        ATTESTED_CERTIFICATE,
        CLIENT_HASH,
        TOKEN,
        KIND,
        ENVIRONMENT,
        CREATION_TIME,
        RISK_METRIC,
        NOT_BEFORE,
        EXPIRATION_TIME,
    }
)


class Receipt(Struct, frozen=True, kw_only=True):
    """The content of a receipt."""

    app: str
    certificate: Certificate
    """The credential certificate of the attested key; the receipt's signature vouches for it."""
    client_hash: bytes
    token: str
    kind: ReceiptKind
    environment: str | None
    created_at: datetime
    risk_metric: int | None
    not_before: datetime | None
    expires_at: datetime
    other_fields: dict[str, bytes]
    leniencies: tuple[Leniency, ...]


def read_receipt(content: bytes) -> Receipt:
    """Read the signed content of a receipt.

    Raises:
        MalformedEvidence: ``app-attest-receipt/structure``, ``der/*``, ``pki/*``.
    """
    values, is_sorted = _read_fields(content)
    certificate = read_certificate(_required(values, ATTESTED_CERTIFICATE))
    return Receipt(
        app=_text(_required(values, APP_ID)),
        certificate=certificate,
        client_hash=_required(values, CLIENT_HASH),
        token=_text(_required(values, TOKEN)),
        kind=_kind(_text(_required(values, KIND))),
        environment=_text(values[ENVIRONMENT]) if ENVIRONMENT in values else None,
        created_at=_time(_required(values, CREATION_TIME)),
        risk_metric=_metric(values.get(RISK_METRIC, b"")),
        not_before=_time(values[NOT_BEFORE]) if values.get(NOT_BEFORE) else None,
        expires_at=_time(_required(values, EXPIRATION_TIME)),
        other_fields={str(kind): value for kind, value in values.items() if kind not in _KNOWN},
        leniencies=() if is_sorted else (FIELDS_UNSORTED,),
    )


def _read_fields(content: bytes) -> tuple[dict[int, bytes], bool]:
    """Values by type, and whether the fields are in the order of DER."""
    at, stop = der.read_whole(content, der.SET)
    values: dict[int, bytes] = {}
    encodings: list[bytes] = []
    while at < stop:
        inner, end = der.read_expected(content, at, stop, der.SEQUENCE)
        encodings.append(content[at:end])
        number, after = der.read_expected(content, inner, end, der.INTEGER)
        kind = der.to_integer(content, number, after)
        _, after = der.read_expected(content, after, end, der.INTEGER)
        value, last = der.read_expected(content, after, end, der.OCTET_STRING)
        if last != end or kind in values or len(values) == MAX_FIELDS:
            raise MalformedEvidence(STRUCTURE, f"field {kind:#x}")
        values[kind] = content[value:last]
        at = end
    return values, encodings == sorted(encodings)


def _required(values: dict[int, bytes], kind: int) -> bytes:
    value = values.get(kind)
    if value is None:
        raise MalformedEvidence(STRUCTURE, f"field {kind} is missing")
    return value


def _text(value: bytes) -> str:
    if len(value) > MAX_TEXT_BYTES:
        raise MalformedEvidence(STRUCTURE, f"text of {len(value)} bytes")
    return der.to_text(value)


def _kind(text: str) -> ReceiptKind:
    try:
        return ReceiptKind(text)
    except ValueError as error:
        raise MalformedEvidence(STRUCTURE, f"receipt type {text[:32]!r}") from error


def _metric(value: bytes) -> int | None:
    """Decimal digits; an empty value counts as none."""
    if not value:
        return None
    if not value.isdigit() or len(value) > MAX_METRIC_DIGITS:
        raise MalformedEvidence(STRUCTURE, "risk metric")
    return int(value)


def _time(value: bytes) -> datetime:
    """RFC 3339 in UTC, ``YYYY-MM-DDTHH:MM:SS[.fraction]Z``, as Apple writes it."""
    shape = value.translate(_DIGITS_TO_ZERO)
    whole, point, fraction = shape.removesuffix(b"Z").partition(b".")
    if (
        len(value) > MAX_TIME_CHARACTERS
        or not shape.endswith(b"Z")
        or whole != b"0000-00-00T00:00:00"
        or (point and not fraction)
        or fraction.strip(b"0")
    ):
        raise MalformedEvidence(STRUCTURE, "time")
    try:
        return datetime.fromisoformat(value.decode("ascii"))
    except ValueError as error:
        raise MalformedEvidence(STRUCTURE, "no such time") from error


_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
