"""KeyDescription: the content of the Android attestation extension, read and not judged.

The reader is driven by the table of tags. Its loop takes the common short forms itself, because it
runs for every verification; everything else goes through `base.codec.der`, and both are equally
strict: definite minimal lengths, nothing left over, no tag twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import BootState, Package, SecurityLevel
from warifu.attestation.evidence.facts.android_key import (
    Application,
    AuthorizationList,
    RootOfTrust,
)
from warifu.attestation.evidence.readers.authorization_tags import (
    KNOWN_ATTESTATION_VERSIONS,
    KNOWN_KEYMINT_VERSIONS,
    TAGS,
    Encoding,
)
from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Leniency, Rule, Text

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DESCRIPTION_BYTES = 16 << 10
MAX_APPLICATION_BYTES = 8 << 10
MAX_SET_VALUES = 64
MAX_VERSION = 1_000_000

KEY_DESCRIPTION_OID = der.from_oid_text("1.3.6.1.4.1.11129.2.1.17")

WELL_FORMED = Rule(
    code="android-key/description",
    clause="AOSP KeyMint, KeyCreationResult.aidl: KeyDescription",
    requires=Text(
        ja="鍵の説明情報（KeyDescription）は、定められた構造に従っていなければなりません。",
        en="The key description follows its schema: eight fields, each tag once and of its type.",
    ),
    stops="parser differentials: one list read two ways",
)

UNKNOWN_VERSION = Leniency(
    name="android-key/unknown-version",
    departs_from="AOSP KeyMint: attestation versions 1 to 4, 100, 200, 300, 400 and 500",
    seen_on="nothing yet; every new KeyMint began this way",
)
UNKNOWN_TAG = Leniency(
    name="android-key/unknown-tag",
    departs_from="AOSP Tag.aidl: the list of authorization tags",
    seen_on="Pixel 9 and 9a when KeyMint 5 brought tags 11, 405 and 508 into attestations",
)
TAGS_UNORDERED = Leniency(
    name="android-key/tags-unordered",
    departs_from="X.680 §8.6, AOSP KeyMint: tags ascend within an authorization list",
    seen_on="a chain in Google's corpus of field failures",
)

_LEVELS = (
    SecurityLevel.SOFTWARE,
    SecurityLevel.TRUSTED_ENVIRONMENT,
    SecurityLevel.SECURE_ELEMENT,
)
_BOOT_STATES = (
    BootState.VERIFIED,
    BootState.SELF_SIGNED,
    BootState.UNVERIFIED,
    BootState.FAILED,
)
_HIGH_TAG_OCTET = 0xBF
_EXPLICIT = 0xA0
_EXPLICIT_MASK = 0xE0


class KeyDescription(Struct, frozen=True, kw_only=True):
    """The extension's content."""

    attestation_version: int
    attestation_level: SecurityLevel
    keymint_version: int
    keymint_level: SecurityLevel
    challenge: bytes
    unique_id: bytes
    software_enforced: AuthorizationList
    hardware_enforced: AuthorizationList
    leniencies: tuple[Leniency, ...]


def read_key_description(data: bytes) -> KeyDescription:
    """Read the DER of a KeyDescription.

    Args:
        data: Content of the extension's OCTET STRING, at most `MAX_DESCRIPTION_BYTES`.

    Raises:
        MalformedEvidence: ``android-key/description`` or a rule of ``der``.
    """
    if len(data) > MAX_DESCRIPTION_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"more than {MAX_DESCRIPTION_BYTES} bytes")
    used: list[Leniency] = []
    at, stop = der.read_whole(data, der.SEQUENCE)
    start, at = der.read_expected(data, at, stop, der.INTEGER)
    version = _version(data, start, at)
    start, at = der.read_expected(data, at, stop, der.ENUMERATED)
    level = _one_of(_LEVELS, data, start, at)
    start, at = der.read_expected(data, at, stop, der.INTEGER)
    keymint_version = _version(data, start, at)
    start, at = der.read_expected(data, at, stop, der.ENUMERATED)
    keymint_level = _one_of(_LEVELS, data, start, at)
    start, at = der.read_expected(data, at, stop, der.OCTET_STRING)
    challenge = data[start:at]
    start, at = der.read_expected(data, at, stop, der.OCTET_STRING)
    unique_id = data[start:at]
    start, at = der.read_expected(data, at, stop, der.SEQUENCE)
    software = read_authorizations(data, start, at, used)
    start, at = der.read_expected(data, at, stop, der.SEQUENCE)
    hardware = read_authorizations(data, start, at, used)
    if at != stop:
        raise MalformedEvidence(WELL_FORMED, f"{stop - at} bytes after the eighth field")
    if version not in KNOWN_ATTESTATION_VERSIONS or keymint_version not in KNOWN_KEYMINT_VERSIONS:
        used.append(UNKNOWN_VERSION)
    return KeyDescription(
        attestation_version=version,
        attestation_level=level,
        keymint_version=keymint_version,
        keymint_level=keymint_level,
        challenge=challenge,
        unique_id=unique_id,
        software_enforced=software,
        hardware_enforced=hardware,
        leniencies=tuple(used),
    )


def read_authorizations(data: bytes, at: int, stop: int, used: list[Leniency]) -> AuthorizationList:
    """Read the content of one AuthorizationList; leniencies used are appended to `used`.

    Raises:
        MalformedEvidence: ``android-key/description`` or a rule of ``der``.
    """
    found: dict[str, Any] = {}
    unknown: dict[int, str] = {}
    highest, ordered = 0, True
    while at < stop:
        octets = data[at : at + 3] if data[at] == _HIGH_TAG_OCTET else data[at : at + 1]
        reading = _READINGS.get(octets)
        length_at = at + len(octets)
        if reading is None or length_at >= stop or data[length_at] > 0x7F:
            number, start, end = _read_explicit(data, at, stop)
            reading = _READINGS_BY_NUMBER.get(number)
        else:
            number, start = reading[0], length_at + 1
            end = start + data[length_at]
            if end > stop:
                raise MalformedEvidence(der.WELL_FORMED, f"content passes its end at {at}")
        if number > highest:
            highest = number
        elif number in unknown or (reading is not None and reading[1] in found):
            raise MalformedEvidence(WELL_FORMED, f"tag {number} appears twice")
        else:
            ordered = False
        at = end
        if reading is None:
            der.read_header(data, start, end)
            unknown[number] = data[start:end].hex()
            used.append(UNKNOWN_TAG)
            continue
        _, field, kind, convert = reading
        # The explicit tag holds exactly one element, nearly always of the short form.
        if end - start >= 2 and data[start] == kind and data[start + 1] == end - start - 2 < 0x80:
            found[field] = convert(data, start + 2, end, used)
        else:
            found[field] = _read_long(data, start, end, reading=reading, used=used)
    if not ordered:
        used.append(TAGS_UNORDERED)
    return AuthorizationList(**found, unknown=unknown)


_Reading = tuple[int, str, int, "Callable[[bytes, int, int, list[Leniency]], Any]"]


def _read_explicit(data: bytes, at: int, stop: int) -> tuple[int, int, int]:
    """Number, content start and stop of an explicit context tag in any of its forms."""
    tag, start, end = der.read_header(data, at, stop)
    first, number = (tag >> 24, tag & 0xFFFFFF) if tag > 0xFF else (tag, tag & 0x1F)
    if first & _EXPLICIT_MASK != _EXPLICIT or number == 0:
        raise MalformedEvidence(WELL_FORMED, f"identifier {tag:#x} at {at}")
    return number, start, end


def _read_long(
    data: bytes, start: int, end: int, *, reading: _Reading, used: list[Leniency]
) -> object:
    number, _, kind, convert = reading
    tag, first, last = der.read_header(data, start, end)
    if last != end:
        raise MalformedEvidence(WELL_FORMED, f"tag {number} holds more than one element")
    if tag == kind:
        return convert(data, first, last, used)
    if tag == der.INTEGER and kind == der.SET:
        return (der.to_integer(data, first, last),)
    raise MalformedEvidence(WELL_FORMED, f"tag {number} is of type {tag:#x}")


def _integer(data: bytes, start: int, stop: int, _: list[Leniency]) -> int:
    return (
        data[start]
        if stop - start == 1 and data[start] < 0x80
        else (der.to_integer(data, start, stop))
    )


def _integers(data: bytes, start: int, stop: int, _: list[Leniency]) -> tuple[int, ...]:
    values = []
    while start < stop:
        first, last = der.read_expected(data, start, stop, der.INTEGER)
        values.append(der.to_integer(data, first, last))
        start = last
    if len(values) > MAX_SET_VALUES:
        raise MalformedEvidence(WELL_FORMED, f"set of {len(values)} values")
    return tuple(values)


def _flag(_: bytes, start: int, stop: int, __: list[Leniency]) -> bool:
    if start != stop:
        raise MalformedEvidence(WELL_FORMED, f"NULL with content at {start}")
    return True


def _octets(data: bytes, start: int, stop: int, _: list[Leniency]) -> bytes:
    return data[start:stop]


def _text(data: bytes, start: int, stop: int, _: list[Leniency]) -> str:
    return der.to_text(data[start:stop])


def _root_of_trust(data: bytes, at: int, stop: int, used: list[Leniency]) -> RootOfTrust:
    start, at = der.read_expected(data, at, stop, der.OCTET_STRING)
    boot_key = data[start:at]
    start, at = der.read_expected(data, at, stop, der.BOOLEAN)
    locked, lenient = der.to_boolean(data, start, at)
    if lenient is not None:
        used.append(lenient)
    start, at = der.read_expected(data, at, stop, der.ENUMERATED)
    state = _one_of(_BOOT_STATES, data, start, at)
    boot_hash = None
    if at < stop:
        start, at = der.read_expected(data, at, stop, der.OCTET_STRING)
        boot_hash = data[start:at]
    if at != stop:
        raise MalformedEvidence(WELL_FORMED, "root of trust has more than four fields")
    return RootOfTrust(
        verified_boot_key=boot_key,
        device_locked=locked,
        verified_boot_state=state,
        verified_boot_hash=boot_hash,
    )


def _application(data: bytes, at: int, stop: int, _: list[Leniency]) -> Application:
    """AttestationApplicationId, DER inside the OCTET STRING (AOSP, Key and ID attestation)."""
    if stop - at > MAX_APPLICATION_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"application id of {stop - at} bytes")
    at, end = der.read_expected(data, at, stop, der.SEQUENCE)
    packages_at, packages_end = der.read_expected(data, at, end, der.SET)
    digests_at, digests_end = der.read_expected(data, packages_end, end, der.SET)
    if end != stop or digests_end != end:
        raise MalformedEvidence(WELL_FORMED, "application id has excess bytes")
    packages = []
    while packages_at < packages_end:
        start, packages_at = der.read_expected(data, packages_at, packages_end, der.SEQUENCE)
        name_at, name_end = der.read_expected(data, start, packages_at, der.OCTET_STRING)
        version_at, version_end = der.read_expected(data, name_end, packages_at, der.INTEGER)
        if version_end != packages_at:
            raise MalformedEvidence(WELL_FORMED, "package has excess bytes")
        packages.append(
            Package(
                der.to_text(data[name_at:name_end]), der.to_integer(data, version_at, version_end)
            )
        )
    digests = []
    while digests_at < digests_end:
        start, digests_at = der.read_expected(data, digests_at, digests_end, der.OCTET_STRING)
        digests.append(data[start:digests_at])
    return Application(packages=tuple(packages), signature_digests=tuple(digests))


def _version(data: bytes, start: int, stop: int) -> int:
    version = der.to_integer(data, start, stop)
    if not 0 <= version <= MAX_VERSION:
        raise MalformedEvidence(WELL_FORMED, "version out of range")
    return version


def _one_of(values: tuple[Any, ...], data: bytes, start: int, stop: int) -> Any:  # noqa: ANN401 - a member of `values`
    """The member of an enumeration; what is not a member has no meaning we could report."""
    if stop - start != 1 or data[start] >= len(values):
        raise MalformedEvidence(WELL_FORMED, f"enumerated value at {start}")
    return values[data[start]]


_FORMS: dict[Encoding, tuple[int, Callable[[bytes, int, int, list[Leniency]], Any]]] = {
    Encoding.INTEGER: (der.INTEGER, _integer),
    Encoding.INTEGERS: (der.SET, _integers),
    Encoding.FLAG: (der.NULL, _flag),
    Encoding.OCTETS: (der.OCTET_STRING, _octets),
    Encoding.TEXT: (der.OCTET_STRING, _text),
    Encoding.ROOT_OF_TRUST: (der.SEQUENCE, _root_of_trust),
    Encoding.APPLICATION: (der.OCTET_STRING, _application),
}
_READINGS_BY_NUMBER: dict[int, _Reading] = {
    tag.number: (tag.number, tag.field, *_FORMS[tag.encoding]) for tag in TAGS
}
_READINGS: dict[bytes, _Reading] = {
    (
        bytes((_EXPLICIT | number,))
        if number < 0x1F
        else bytes((_HIGH_TAG_OCTET, 0x80 | number >> 7, number & 0x7F))
    ): reading
    for number, reading in _READINGS_BY_NUMBER.items()
}
"""By identifier octets: all known tags are below 31 or take exactly two octets of number."""
