"""Reading what is known of devices: their rows, their keys, and who carries which certificate."""

from __future__ import annotations

from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from warifu.service.store.database import Dialect
from warifu.service.store.pages import matching, newest_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warifu.service.store.database import Row, Transaction, Value

AT_ONCE = 200
"""Serial numbers asked for in one statement; every statement has as many, so its text is one."""

_BY_BYTES = {Dialect.SQLITE: "", Dialect.POSTGRESQL: ' COLLATE "C"'}
_DEVICE = "id, app, platform, model, first_seen, last_seen, erased_at"
_ASKED = ", ".join(f":serial_{number}" for number in range(AT_ONCE))


class DeviceFilter(Struct, frozen=True, kw_only=True):
    """Which devices; None leaves it open."""

    app: str | None = None
    platform: str | None = None
    model: str | None = None


def devices_page(
    transaction: Transaction,
    *,
    tenant: str,
    wanted: DeviceFilter,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Devices by descending id, from below `after`.

    Each row: id, app, platform, model, first seen, last seen, when erased.
    """
    return newest_first(
        transaction,
        f"SELECT {_DEVICE} FROM devices WHERE tenant = :tenant",  # noqa: S608 - names of ours only
        tenant=tenant,
        given=structs.asdict(wanted),
        after=after,
        limit=limit,
    )


def device_row(transaction: Transaction, *, tenant: str, device: str) -> Row | None:
    """One device, as `devices_page` has it."""
    return transaction.row(
        f"SELECT {_DEVICE} FROM devices WHERE tenant = :tenant AND id = :id",  # noqa: S608 - as above
        tenant=tenant,
        id=device,
    )


def keys_of(transaction: Transaction, *, tenant: str, device: str, limit: int) -> list[Row]:
    """A device's keys, newest first: id, app, format, counter, evidence, when registered."""
    return transaction.rows(
        "SELECT id, app, format, counter, evidence, registered_at FROM device_keys"
        " WHERE tenant = :tenant AND device = :device"
        " ORDER BY registered_at DESC, id DESC LIMIT :limit",
        tenant=tenant,
        device=device,
        limit=limit,
    )


def appraisals_of(transaction: Transaction, *, tenant: str, device: str, limit: int) -> list[Row]:
    """A device's last appraisals: id, evidence, policy, basis, status, known at, appraised at."""
    return transaction.rows(
        "SELECT id, evidence, policy, basis, status, known_at, appraised_at FROM appraisals"
        " WHERE tenant = :tenant AND device = :device ORDER BY id DESC LIMIT :limit",
        tenant=tenant,
        device=device,
        limit=limit,
    )


def bearers_of(
    transaction: Transaction, *, tenant: str, kind: str, serials: Iterable[bytes], limit: int
) -> list[Row]:
    """Who carried any of some serials: serial as stored, device, its latest evidence.

    At most `limit` devices for each serial, so that one that many carry hides no other.
    """
    found: list[Row] = []
    for some in _chunks(serials):
        found += transaction.rows(
            "SELECT serial, device, evidence FROM ("  # noqa: S608 - names of ours only
            " SELECT serial, device, MAX(evidence) AS evidence, ROW_NUMBER() OVER"
            " (PARTITION BY serial ORDER BY MAX(evidence) DESC) AS place"
            " FROM serials WHERE tenant = :tenant AND kind = :kind"
            f" AND serial IN ({_ASKED}) GROUP BY serial, device"
            ") AS ranked WHERE place <= :limit",
            tenant=tenant,
            kind=kind,
            limit=limit,
            **some,
        )
    return found


def devices_bearing(
    transaction: Transaction,
    dialect: Dialect,
    *,
    tenant: str,
    kind: str,
    serials: Iterable[bytes],
    wanted: DeviceFilter,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Devices that carried any of some serials, otherwise as `devices_page`.

    Ids are in the order of their bytes on every database, as they are here, where the answers to
    several statements become one.
    """
    order = _BY_BYTES[dialect]
    conditions, bound = matching(structs.asdict(wanted))
    if after is not None:
        bound["after"] = after
        conditions += f" AND id{order} < :after"
    found: dict[str, Row] = {}
    for some in _chunks(serials):
        rows = transaction.rows(
            f"SELECT {_DEVICE} FROM devices WHERE tenant = :tenant"  # noqa: S608 - as above
            " AND id IN (SELECT device FROM serials"
            f" WHERE tenant = :tenant AND kind = :kind AND serial IN ({_ASKED})){conditions}"
            f" ORDER BY id{order} DESC LIMIT :limit",
            tenant=tenant,
            kind=kind,
            limit=limit,
            **bound,
            **some,
        )
        found |= {row[0]: row for row in rows}
        found = {each: found[each] for each in nlargest(limit, found)}
    return list(found.values())


def serials_of(
    transaction: Transaction, *, tenant: str, kind: str, devices: Sequence[str]
) -> list[Row]:
    """What some devices carried: device, serial as stored. At most `AT_ONCE` devices."""
    if not devices:
        return []
    some: dict[str, Value] = {f"serial_{n}": each for n, each in enumerate(_padded(devices))}
    return transaction.rows(
        "SELECT DISTINCT device, serial FROM serials"  # noqa: S608 - as above
        f" WHERE tenant = :tenant AND kind = :kind AND device IN ({_ASKED})",
        tenant=tenant,
        kind=kind,
        **some,
    )


def _chunks(serials: Iterable[bytes]) -> Iterator[dict[str, Value]]:
    left = iter(serials)
    while some := list(islice(left, AT_ONCE)):
        yield {f"serial_{number}": each for number, each in enumerate(_padded(some))}


def _padded(some: Sequence[Value]) -> list[Value]:
    return [*some, *[some[-1]] * (AT_ONCE - len(some))]
