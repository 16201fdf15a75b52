"""Looking up: devices, the certificates they carried, and what has been revoked of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from warifu.attestation.trust.revocation import (
    MAX_HEX_DIGITS,
    RevocationEntry,
    RevocationList,
    RevocationStatus,
    bearers,
)
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.base.errors import Denied, MissingTrust, Misuse, StaleTrust
from warifu.service.conduct.looking_up import rules
from warifu.service.conduct.rules import KNOWN
from warifu.service.settings import Keeping
from warifu.service.store import lookup as store
from warifu.service.store.database import moment
from warifu.service.vault.identifiers import IdentifierKind, serial_octets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Row, Transaction

MAX_SERIALS = 1000
MAX_SERIAL_LENGTH = 2 + 3 * MAX_HEX_DIGITS // 2
"""``0x``, and the longest serial with a colon between its octets."""
MAX_BEARERS = 50
"""Devices shown for one serial."""
MAX_KEYS = 50
MAX_APPRAISALS = 20

SerialText = Annotated[str, Meta(min_length=1, max_length=MAX_SERIAL_LENGTH)]


class Listed(Struct, frozen=True, kw_only=True):
    """An entry of the revocation list."""

    key: str
    """As the publisher wrote it."""
    status: RevocationStatus
    reason: str | None = None
    comment: str | None = None
    expires: date | None = None


class ListSeen(Struct, frozen=True, kw_only=True):
    """Which revocation list was looked into."""

    sha256: str | None
    known_at: datetime
    confirmed_at: datetime
    stale: bool
    """Older than its limit: who is not listed may be by now."""
    entries: int


class SerialNumber(Struct, frozen=True, kw_only=True):
    """One number that a serial may mean."""

    read_as: Literal["hex", "decimal"]
    hex: str
    decimal: str
    listed: Listed | None
    """Whether a certificate that bears it is refused, in any spelling it may have."""


class Bearer(Struct, frozen=True, kw_only=True):
    """A device that showed a certificate with such a serial."""

    device: str | None
    """None where evidence named no device."""
    evidence: str
    """The latest."""
    serial: str
    """In hex, as it stands in the certificate."""


class SerialAnswer(Struct, frozen=True, kw_only=True):
    """What is known of one serial."""

    serial: str
    """As it was asked for."""
    numbers: tuple[SerialNumber, ...]
    bearers: tuple[Bearer, ...]
    more: bool
    """There are more bearers than are shown."""


class SerialsRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many serials at once."""

    serials: Annotated[tuple[SerialText, ...], Meta(min_length=1, max_length=MAX_SERIALS)]
    """Hex, with or without ``0x`` or colons, or decimal. Digits alone are read as both."""


class SerialsAnswer(Struct, frozen=True, kw_only=True):
    """What is known of each, in the order asked."""

    revocation: ListSeen
    kept: Keeping
    """How serials of devices are kept. Where they are dropped, nobody's are found."""
    items: tuple[SerialAnswer, ...]


class DeviceKey(Struct, frozen=True, kw_only=True):
    """A key that a device registered."""

    id: str
    app: str
    format: str
    counter: int
    evidence: str
    registered_at: datetime


class DeviceAppraisal(Struct, frozen=True, kw_only=True):
    """How evidence of a device was appraised."""

    id: str
    evidence: str
    policy: str
    basis: str
    status: str
    known_at: datetime
    appraised_at: datetime


class DeviceSummary(Struct, frozen=True, kw_only=True):
    """One device in a list."""

    id: str
    app: str
    platform: str | None
    model: str | None
    first_seen: datetime
    last_seen: datetime
    erased_at: datetime | None
    listed: tuple[Listed, ...] | None = None
    """Entries of the present revocation list that it carried; null where it was not asked."""


class DeviceAnswer(Struct, frozen=True, kw_only=True):
    """One device. Serial numbers, IMEI and MEID are not shown."""

    device: DeviceSummary
    keys: tuple[DeviceKey, ...]
    appraisals: tuple[DeviceAppraisal, ...]
    """The latest, newest first."""


class DevicesRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which devices."""

    app: str | None = None
    platform: str | None = None
    model: str | None = None
    revoked: bool = False
    """Only those that carried a certificate which the present revocation list names."""
    after: str | None = None
    limit: int = 50


def list_devices(work: Work, asked: DevicesRequest) -> list[DeviceSummary]:
    """Devices by descending id: one more than the limit where there are more.

    Raises:
        Denied: ``lookup/serials-kept`` where revoked ones are asked for and no serials are kept.
        MissingTrust: ``lookup/revocation-known``.
    """
    wanted = store.DeviceFilter(app=asked.app, platform=asked.platform, model=asked.model)
    if asked.revoked:
        return _revoked_devices(work, asked, wanted)
    with work.house.database.read() as transaction:
        rows = store.devices_page(
            transaction,
            tenant=work.tenant,
            wanted=wanted,
            after=asked.after,
            limit=asked.limit + 1,
        )
    return [_summary(row) for row in rows]


def see_device(work: Work, device: str) -> DeviceAnswer:
    """One device with its keys and its last appraisals.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        row = store.device_row(transaction, tenant=work.tenant, device=device)
        if row is None:
            raise Misuse(KNOWN, "device")
        keys = store.keys_of(transaction, tenant=work.tenant, device=device, limit=MAX_KEYS)
        appraisals = store.appraisals_of(
            transaction, tenant=work.tenant, device=device, limit=MAX_APPRAISALS
        )
    return DeviceAnswer(
        device=_summary(row),
        keys=tuple(_key(each) for each in keys),
        appraisals=tuple(_appraisal(each) for each in appraisals),
    )


def look_up(work: Work, asked: SerialsRequest) -> SerialsAnswer:
    """What the present revocation list says of serials, and which devices carried them.

    Raises:
        Misuse: ``lookup/serial``.
        MissingTrust: ``lookup/revocation-known``.
    """
    revocation, seen = _present_list(work)
    read = {serial: _numbers(serial, revocation) for serial in asked.serials}
    carried = {
        form: serial
        for numbers in read.values()
        for number in numbers
        for serial in bearers(int(number.decimal))
        for form in _forms(work, serial)
    }
    with work.house.database.read() as transaction:
        found = _bearers(work, transaction, carried)
    return SerialsAnswer(
        revocation=seen,
        kept=work.house.settings.retention.identifiers,
        items=tuple(_answer(serial, read[serial], found) for serial in asked.serials),
    )


def read_serial(serial: str) -> Iterator[tuple[Literal["hex", "decimal"], int]]:
    """The numbers that a serial may mean.

    Digits alone are decimal in the list and hex in most tools: both are meant. Nothing is refused
    by a look-up, so a number too many costs nothing.

    Raises:
        Misuse: ``lookup/serial``.
    """
    digits = serial.replace(":", "").lower()
    bare = digits.removeprefix("0x")
    if not 0 < len(bare) <= MAX_HEX_DIGITS or not _HEX.issuperset(bare):
        raise Misuse(rules.SERIAL)
    if serial == bare and bare.isdecimal():
        yield "decimal", int(bare)
    yield "hex", int(bare, 16)


def _numbers(serial: str, revocation: RevocationList) -> tuple[SerialNumber, ...]:
    return tuple(
        SerialNumber(
            read_as=spelling,
            hex=f"{number:x}",
            decimal=f"{number:d}",
            listed=_listed(revocation.find_certificate(number)),
        )
        for spelling, number in read_serial(serial)
    )


def _bearers(
    work: Work, transaction: Transaction, carried: dict[bytes, int]
) -> dict[int, list[Bearer]]:
    """Who carried each serial, by the number in the certificate."""
    found: dict[int, list[Bearer]] = {}
    rows = store.bearers_of(
        transaction,
        tenant=work.tenant,
        kind=_KIND,
        serials=carried,
        limit=MAX_BEARERS + 1,
    )
    for form, device, evidence in rows:
        serial = carried[form]
        bearer = Bearer(device=device, evidence=evidence, serial=f"{serial:x}")
        found.setdefault(serial, []).append(bearer)
    return found


def _answer(
    serial: str, numbers: tuple[SerialNumber, ...], found: dict[int, list[Bearer]]
) -> SerialAnswer:
    meant = {each for number in numbers for each in bearers(int(number.decimal))}
    every = [bearer for each in sorted(meant) for bearer in found.get(each, ())]
    every.sort(key=lambda bearer: bearer.evidence, reverse=True)
    return SerialAnswer(
        serial=serial,
        numbers=numbers,
        bearers=tuple(every[:MAX_BEARERS]),
        more=len(every) > MAX_BEARERS,
    )


def _revoked_devices(
    work: Work, asked: DevicesRequest, wanted: store.DeviceFilter
) -> list[DeviceSummary]:
    house = work.house
    if house.settings.retention.identifiers is Keeping.DROP:
        # An empty answer would pass for "none of them is revoked".
        raise Denied(rules.SERIALS_KEPT, Keeping.DROP)
    revocation, _ = _present_list(work)
    entries = {
        form: entry
        for number, entry in revocation.entries.items()
        for serial in bearers(number)
        for form in _forms(work, serial)
    }
    with house.database.read() as transaction:
        rows = store.devices_bearing(
            transaction,
            house.database.dialect,
            tenant=work.tenant,
            kind=_KIND,
            serials=entries,
            wanted=wanted,
            after=asked.after,
            limit=asked.limit + 1,
        )
        carried = store.serials_of(
            transaction,
            tenant=work.tenant,
            kind=_KIND,
            devices=[row[0] for row in rows][: store.AT_ONCE],
        )
    listed: dict[str, dict[str, Listed]] = {}
    for device, form in carried:
        entry = _listed(entries.get(form))
        if entry is not None:
            listed.setdefault(device, {})[entry.key] = entry
    return [_summary(row, tuple(listed.get(row[0], {}).values())) for row in rows]


def _present_list(work: Work) -> tuple[RevocationList, ListSeen]:
    view = work.house.trust.now(work.now)
    revocation = view.revocation
    if revocation is None:
        raise MissingTrust(rules.REVOCATION_KNOWN)
    try:
        revocation.require_fresh(view.known_at)
        stale = False
    except StaleTrust:
        stale = True
    return revocation, ListSeen(
        sha256=view.snapshots.get(SnapshotKind.REVOCATION.value),
        known_at=view.known_at,
        confirmed_at=revocation.confirmed_at,
        stale=stale,
        entries=len(revocation.entries),
    )


def _forms(work: Work, serial: int) -> Iterable[bytes]:
    """Every form in which a serial may be stored: the setting may have changed since."""
    octets = serial_octets(serial)
    return octets, work.house.vault.index(work.tenant, _KIND, octets)


def _listed(entry: RevocationEntry | None) -> Listed | None:
    return (
        None
        if entry is None
        else Listed(
            key=entry.key,
            status=entry.status,
            reason=entry.reason,
            comment=entry.comment,
            expires=entry.expires,
        )
    )


def _summary(row: Row, listed: tuple[Listed, ...] | None = None) -> DeviceSummary:
    device, app, platform, model, first_seen, last_seen, erased_at = row
    return DeviceSummary(
        id=device,
        app=app,
        platform=platform,
        model=model,
        first_seen=moment(first_seen),
        last_seen=moment(last_seen),
        erased_at=None if erased_at is None else moment(erased_at),
        listed=listed,
    )


def _key(row: Row) -> DeviceKey:
    name, app, form, counter, evidence, registered_at = row
    return DeviceKey(
        id=name,
        app=app,
        format=form,
        counter=counter,
        evidence=evidence,
        registered_at=moment(registered_at),
    )


def _appraisal(row: Row) -> DeviceAppraisal:
    name, evidence, policy, basis, status, known_at, appraised_at = row
    return DeviceAppraisal(
        id=name,
        evidence=evidence,
        policy=policy,
        basis=basis,
        status=status,
        known_at=moment(known_at),
        appraised_at=moment(appraised_at),
    )


_HEX = frozenset("0123456789abcdef")
_KIND = IdentifierKind.CERTIFICATE_SERIAL.value
