"""One entry of FIDO metadata: an authenticator model, its roots, and its statuses over time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import Struct

from warifu.base.codec.text import from_base64
from warifu.base.errors import MalformedEvidence
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import TrustPoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warifu.attestation.trust.unknown import Unknown

MAX_ROOTS = 256
MAX_REPORTS = 256
MAX_KEY_IDENTIFIERS = 256
MAX_WORDS = 64

COMPROMISED = frozenset(
    {
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "REVOKED",
    }
)
"""Statuses that say that the model's statements or keys cannot be relied on (MDS 3.1.1 §3.1.4)."""
STATUSES = COMPROMISED | {
    "NOT_FIDO_CERTIFIED",
    "SELF_ASSERTION_SUBMITTED",
    "UPDATE_AVAILABLE",
    "RETIRED",
    "FIDO_CERTIFIED",
    *(f"FIDO_CERTIFIED_L{level}{plus}" for level in "123" for plus in ("", "plus")),
    *(f"FIPS140_CERTIFIED_L{level}" for level in "1234"),
}
"""Every status of MDS 3.1.1 §3.1.4. Others are kept as they are written, and reported."""


class StatusReport(Struct, frozen=True, kw_only=True):
    """One status of a model and from when to when it is in effect (MDS 3.1.1 §3.1.3)."""

    status: str
    effective_date: date | None = None
    """None where it has been in effect from the start."""
    sunset_date: date | None = None
    """The day from which the report no longer applies; None where it applies until removed."""
    authenticator_version: int | None = None
    certificate: bytes | None = None
    """DER of the attestation certificate that a compromise is about, where it is only one."""
    certificate_number: str | None = None
    certification_descriptor: str | None = None
    url: str | None = None

    def in_effect(self, at: datetime) -> bool:
        """Whether the report applies on the day (UTC) of a time."""
        day = at.astimezone(UTC).date()
        return (self.effective_date is None or self.effective_date <= day) and (
            self.sunset_date is None or day < self.sunset_date
        )

    @property
    def compromises(self) -> bool:
        """Whether the status is one of `COMPROMISED`."""
        return self.status in COMPROMISED


class MetadataEntry(Struct, frozen=True, kw_only=True):
    """One authenticator model."""

    aaguid: bytes | None = None
    aaid: str | None = None
    key_identifiers: tuple[str, ...] = ()
    description: str | None = None
    protocol_family: str | None = None
    attestation_types: tuple[str, ...] = ()
    key_protection: tuple[str, ...] = ()
    authenticator_version: int | None = None
    last_status_change: date | None = None
    roots: tuple[TrustPoint, ...] = ()
    """Whom an attestation of this model may chain to: authorities, or single batch certificates."""
    status_reports: tuple[StatusReport, ...] = ()
    """In the order of the BLOB."""
    problems: tuple[str, ...] = ()
    """What could not be read and was left out; such a model never looks better for it."""

    def statuses_in_effect(self, at: datetime) -> tuple[StatusReport, ...]:
        """The reports that apply at a time, in the order of the BLOB."""
        return tuple(report for report in self.status_reports if report.in_effect(at))

    def status_at(self, at: datetime) -> StatusReport | None:
        """The report that is the current one at a time; None where none is in effect.

        The last report is the current one (MDS 3.1.1 §3.1.1); where dates say otherwise, the report
        that took effect last.
        """
        current: StatusReport | None = None
        for report in self.statuses_in_effect(at):
            later = current is None or (report.effective_date or date.max) >= (
                current.effective_date or date.min
            )
            current = report if later else current
        return current

    def compromised_at(self, at: datetime) -> StatusReport | None:
        """The first report in effect at a time that says the model cannot be relied on, or None.

        A later report of another kind takes nothing back: only a sunset date does. A report about
        one batch certificate counts for the model, because no statement proves another batch.
        """
        return next((report for report in self.statuses_in_effect(at) if report.compromises), None)

    @property
    def name(self) -> str:
        """The identifier by which the model is known, for people."""
        if self.aaguid is not None:
            return str(UUID(bytes=self.aaguid))
        return self.aaid or self.key_identifiers[0]


def read_entry(
    value: Any,  # noqa: ANN401 - JSON
    unknown: Unknown,
    where: str = "entry",
) -> MetadataEntry | None:
    """Read one element of `entries`.

    Args:
        value: The element as decoded JSON.
        unknown: Collects fields and statuses that this version does not know.
        where: The element's place, for what is reported of it.

    Returns:
        The entry; None where nothing identifies a model.
    """
    if type(value) is not dict:
        return None
    problems: list[str] = []
    identifiers: dict[str, Any] = {
        "aaguid": _aaguid(value.get("aaguid"), problems),
        "aaid": _aaid(value.get("aaid"), problems),
        "key_identifiers": tuple(
            _key_identifiers(value.get("attestationCertificateKeyIdentifiers", []), problems)
        ),
    }
    if not any(identifiers.values()):
        for problem in problems:
            unknown.add(f"{where}: {problem}")
        return None
    statement = value.get("metadataStatement", {})
    if type(statement) is not dict:
        problems.append("metadataStatement")
        statement = {}
    unknown.members("entries.", value, _ENTRY_MEMBERS)
    unknown.members("metadataStatement.", statement, _STATEMENT_MEMBERS)
    entry = MetadataEntry(
        **identifiers,
        description=_text(statement.get("description")),
        protocol_family=_text(statement.get("protocolFamily")),
        attestation_types=_words(statement.get("attestationTypes")),
        key_protection=_words(statement.get("keyProtection")),
        authenticator_version=_number(statement.get("authenticatorVersion")),
        last_status_change=_date(value, "timeOfLastStatusChange", problems),
        status_reports=tuple(_status_reports(value.get("statusReports"), unknown, problems)),
    )
    roots = _roots(entry.name, statement.get("attestationRootCertificates", []), problems)
    # Without a readable history nothing says that the model is not compromised: it roots nothing.
    readable = bool(entry.status_reports) and "statusReports" not in problems
    return _replace(entry, roots=tuple(roots) if readable else (), problems=tuple(problems))


def merge(entries: Sequence[MetadataEntry]) -> MetadataEntry:
    """One model that several entries claim: the roots of all, and the statuses of all."""
    if len(entries) == 1:
        return entries[0]
    return _replace(
        entries[0],
        roots=tuple(root for entry in entries for root in entry.roots),
        status_reports=tuple(report for entry in entries for report in entry.status_reports),
    )


def _replace(entry: MetadataEntry, **changes: Any) -> MetadataEntry:  # noqa: ANN401 - by field
    kept = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return MetadataEntry(**{**kept, **changes})


def _aaguid(value: object, problems: list[str]) -> bytes | None:
    if value is None:
        return None
    digits = value.replace("-", "") if type(value) is str else ""
    if len(digits) != 32 or not _HEX.issuperset(digits):
        problems.append("aaguid")
        return None
    return bytes.fromhex(digits)


def _aaid(value: object, problems: list[str]) -> str | None:
    if value is None:
        return None
    vendor, _, model = value.partition("#") if type(value) is str else ("", "", "")
    if (len(vendor), len(model)) != (4, 4) or not _HEX.issuperset(vendor + model):
        problems.append("aaid")
        return None
    return f"{vendor}#{model}".lower()


def _key_identifiers(values: object, problems: list[str]) -> Iterator[str]:
    for value in _list(values, "attestationCertificateKeyIdentifiers", problems)[
        :MAX_KEY_IDENTIFIERS
    ]:
        if type(value) is str and len(value) == 40 and _HEX.issuperset(value):
            yield value.lower()
        else:
            problems.append("attestationCertificateKeyIdentifiers")


def _roots(name: str, values: object, problems: list[str]) -> Iterator[TrustPoint]:
    for number, value in enumerate(
        _list(values, "attestationRootCertificates", problems)[:MAX_ROOTS]
    ):
        try:
            certificate = read_certificate(from_base64(value if type(value) is str else "?"))
        except MalformedEvidence as error:
            problems.append(f"attestationRootCertificates[{number}]: {error.detail}")
            continue
        # Its dates are left aside: the publisher lists it anew with every BLOB, and seven of 217
        # real roots of January 2023 were listed past their dates.
        yield TrustPoint(
            name=f"mds {name} root {number}",
            subject=certificate.subject,
            public_key=certificate.public_key,
            leaf=certificate.der,
        )


def _status_reports(
    values: object, unknown: Unknown, problems: list[str]
) -> Iterator[StatusReport]:
    listed = _list(values, "statusReports", problems)
    if len(listed) > MAX_REPORTS:
        # The newest come last: what is cut off could be the compromise.
        problems.append("statusReports")
    for value in listed[:MAX_REPORTS]:
        status = value.get("status") if type(value) is dict else None
        if type(status) is not str:
            problems.append("statusReports")
            continue
        unknown.members("statusReports.", value, _REPORT_MEMBERS)
        if status not in STATUSES:
            unknown.add(f"status {status}")
        yield StatusReport(
            status=status,
            effective_date=_date(value, "effectiveDate", problems),
            sunset_date=_date(value, "sunsetDate", problems),
            authenticator_version=_number(value.get("authenticatorVersion")),
            certificate=_certificate(value, problems),
            certificate_number=_text(value.get("certificateNumber")),
            certification_descriptor=_text(value.get("certificationDescriptor")),
            url=_text(value.get("url")),
        )


def _certificate(report: dict[str, Any], problems: list[str]) -> bytes | None:
    value = report.get("certificate") or report.get("batchCertificate")
    if not value:
        return None
    try:
        return from_base64(value if type(value) is str else "?")
    except MalformedEvidence:
        problems.append("statusReports.certificate")
        return None


def _date(members: dict[str, Any], name: str, problems: list[str]) -> date | None:
    """A date that does not decode counts as absent: a report then applies from ever, for ever."""
    value = members.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        problems.append(name)
        return None


def _list(value: object, name: str, problems: list[str]) -> list[Any]:
    if type(value) is list:
        return value
    problems.append(name)
    return []


def _text(value: object) -> str | None:
    return value if type(value) is str else None


def _number(value: object) -> int | None:
    return value if type(value) is int else None


def _words(value: object) -> tuple[str, ...]:
    listed = value[:MAX_WORDS] if type(value) is list else []
    return tuple(word for word in listed if type(word) is str)


_HEX = frozenset("0123456789abcdefABCDEF")
_ENTRY_MEMBERS = frozenset(
    {
        *("aaid", "aaguid", "attestationCertificateKeyIdentifiers", "metadataStatement"),
        *("biometricStatusReports", "statusReports", "timeOfLastStatusChange"),
        *("rogueListURL", "rogueListHash"),
    }
)
_STATEMENT_MEMBERS = frozenset(
    {
        *("legalHeader", "aaid", "aaguid", "attestationCertificateKeyIdentifiers", "description"),
        *("alternativeDescriptions", "authenticatorVersion", "protocolFamily", "schema", "upv"),
        *("authenticationAlgorithms", "publicKeyAlgAndEncodings", "attestationTypes"),
        *("userVerificationDetails", "keyProtection", "isKeyRestricted"),
        *("isFreshUserVerificationRequired", "matcherProtection", "cryptoStrength"),
        *("attachmentHint", "tcDisplay", "tcDisplayContentType", "tcDisplayPNGCharacteristics"),
        *("attestationRootCertificates", "ecdaaTrustAnchors", "icon", "iconDark"),
        *("providerLogoLight", "providerLogoDark", "supportedExtensions", "authenticatorGetInfo"),
        *("friendlyNames", "keyScope", "multiDeviceCredentialSupport", "cxpConfigURL"),
        *("cxConfigURL",),
    }
)
_REPORT_MEMBERS = frozenset(
    {
        *("status", "effectiveDate", "sunsetDate", "authenticatorVersion", "certificate"),
        *("batchCertificate", "url", "certificationDescriptor", "certificateNumber"),
        *("certificationPolicyVersion", "certificationRequirementsVersion"),
        *("certificationProfiles", "fipsRevision", "fipsPhysicalSecurityLevel"),
    }
)
