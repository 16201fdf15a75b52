"""Identifiers of devices: which there are, in which form they are found, and what hides them.

Under ``[retention] identifiers = "encrypt"`` an identifier is found by its blind index, and stands
in documents as `CONCEALED`, with what stood there sealed beside it under the device's own key.
Under ``"drop"`` neither is kept, and no evidence either that has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from warifu.base.codec.text import MASK, from_base64, to_base64, without_numbers
from warifu.base.errors import VerifierFault, WarifuError
from warifu.service.settings import Keeping
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims
    from warifu.service.composition import Composition, Owner

Identifier: TypeAlias = tuple[str, bytes]
"""Kind and value."""
Path: TypeAlias = tuple[str | int, ...]

CONCEALED = MASK
"""Stands in a document where an identifier was: something was proved, and is not shown."""
SEALED = "sealed"
"""The member of a document that holds what was concealed in it: base64, sealed as `KIND`."""
KIND = "identifiers"


class IdentifierKind(StrEnum):
    """What is found again by its value."""

    CERTIFICATE_SERIAL = "certificate-serial"
    DEVICE_SERIAL = "device-serial"
    IMEI = "imei"
    MEID = "meid"


IDENTIFYING = frozenset(
    {
        "serial",
        "imei",
        "meid",
        "unique_id",
        "attestation_id_serial",
        "attestation_id_imei",
        "attestation_id_second_imei",
        "attestation_id_meid",
        "certificate_serial",
        "enterprise_serial",
    }
)
"""Members of claims that name one device, at whatever depth."""
_SPOKEN = frozenset({"detail", "seen", "subject", "issuer", "why"})
"""Members with sentences or names in which a serial number may stand."""
_LOOKED_AT = IDENTIFYING | _SPOKEN
_NESTED = (dict, list, tuple)
"""Of all else, only these can hold an identifier."""
_PASSED_OVER = frozenset({bool, int, float, type(None)})


def identifiers_of(claims: Claims) -> list[Identifier]:
    """All identifiers that evidence proved, each once.

    Certificates count from the leaf to the last below the anchor: the anchor is everybody's.
    """
    last = len(claims.chain) - (claims.anchor is not None)
    found: list[Identifier] = [
        (IdentifierKind.CERTIFICATE_SERIAL.value, serial_octets(certificate.serial))
        for certificate in claims.chain[:last]
    ]
    device = claims.device
    if device is not None:
        named = [
            (IdentifierKind.DEVICE_SERIAL, device.serial),
            *((IdentifierKind.IMEI, number) for number in device.imei),
            (IdentifierKind.MEID, device.meid),
        ]
        found += [(kind.value, text.encode()) for kind, text in named if text]
    return list(dict.fromkeys(found))


def serial_octets(serial: int) -> bytes:
    """A certificate's serial number as it is indexed: unsigned, without leading zeros."""
    return serial.to_bytes((serial.bit_length() + 7) // 8 or 1, "big")


def stored_form(house: Composition, tenant: str, kind: str, value: bytes) -> bytes | None:
    """How one identifier stands in the table of serials; None where none are kept."""
    keeping = house.settings.retention.identifiers
    if keeping is Keeping.DROP:
        return None
    return value if keeping is Keeping.CLEAR else house.vault.index(tenant, kind, value)


def stored_forms(
    house: Composition, tenant: str, identifiers: Iterable[Identifier]
) -> list[Identifier]:
    """What `insert_serials` takes."""
    return [
        (kind, form)
        for kind, value in identifiers
        if (form := stored_form(house, tenant, kind, value)) is not None
    ]


def keeps_evidence(house: Composition, claims: Claims | None) -> bool:
    """Whether the bytes of evidence may be stored at all.

    Args:
        house: Its settings decide.
        claims: What it proved; None where it was refused, so that nobody knows what is in it.
    """
    retention = house.settings.retention
    if not retention.evidence_days:
        return False
    if retention.identifiers is not Keeping.DROP:
        return True
    return claims is not None and not identifiers_of(claims)


def conceal(house: Composition, owner: Owner, document: dict[str, Any]) -> dict[str, Any]:
    """A JSON document of ours as it may be stored: identifiers as the settings say.

    Args:
        house: Its settings and vault.
        owner: Whose document it is: the device, or the tenant where no device is known yet.
        document: For example `claims_document`, or a whole verdict. It is not changed.
    """
    keeping = house.settings.retention.identifiers
    if keeping is Keeping.CLEAR:
        return document
    hidden: list[tuple[Path, str]] = []
    shown: dict[str, Any] = _hide(document, [], hidden)
    if keeping is Keeping.ENCRYPT and hidden:
        sealed = house.vault.seal(owner, KIND, msgspec.json.encode(hidden))
        shown[SEALED] = to_base64(sealed)
    return shown


def reveal(house: Composition, owner: Owner, document: dict[str, Any]) -> dict[str, Any]:
    """A stored document with what was concealed in it, where it was sealed and not dropped.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    shown = dict(document)
    sealed = shown.pop(SEALED, None)
    if sealed is None:
        return shown
    try:
        hidden = msgspec.json.decode(
            house.vault.unseal(owner, KIND, from_base64(sealed)),
            type=list[tuple[list[str | int], str]],
        )
        for path, value in hidden:
            shown = _put(shown, path, value)
    except VerifierFault:
        raise
    except (WarifuError, msgspec.MsgspecError, LookupError, TypeError, AttributeError) as error:
        raise VerifierFault(OPENS, "concealed values do not fit the document") from error
    return shown


def _hide(value: Any, path: list[str | int], hidden: list[tuple[Path, str]]) -> Any:  # noqa: ANN401 - JSON
    """The value without identifiers, itself where it has none.

    What is left out is added to `hidden`. Most members are nulls and numbers, and passed over.
    """
    shown = value
    named = isinstance(value, dict)
    for place, inner in value.items() if named else enumerate(value):
        kind = type(inner)
        if kind in _PASSED_OVER:
            continue
        is_looked_at = named and place in _LOOKED_AT
        if kind is str and not is_looked_at:
            continue
        path.append(place)
        if is_looked_at:
            masked = _mask(inner, path, hidden, whole=place in IDENTIFYING)
        else:
            masked = _hide(inner, path, hidden) if isinstance(inner, _NESTED) else inner
        path.pop()
        if masked is not inner:
            if shown is value:
                shown = dict(value) if named else list(value)
            shown[place] = masked
    return shown


def _mask(
    value: Any,  # noqa: ANN401 - JSON
    path: list[str | int],
    hidden: list[tuple[Path, str]],
    *,
    whole: bool,
) -> Any:  # noqa: ANN401 - JSON
    """What stands where an identifier may: a text, several, or members that are looked at."""
    if isinstance(value, list | tuple):
        shown = []
        for place, inner in enumerate(value):
            path.append(place)
            shown.append(_mask(inner, path, hidden, whole=whole))
            path.pop()
        return shown
    if isinstance(value, dict):
        return _hide(value, path, hidden)
    if not isinstance(value, str) or not value:
        return value
    masked = CONCEALED if whole else without_numbers(value)
    if masked != value:
        hidden.append((tuple(path), value))
        return masked
    return value


def _put(document: Any, path: list[str | int], value: str) -> Any:  # noqa: ANN401 - JSON
    """A copy with one string at `path`."""
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = _put(copy[path[0]], path[1:], value)
    return copy
