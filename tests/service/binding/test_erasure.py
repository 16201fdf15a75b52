"""An erasure takes a device's bindings with it; what users did with it stays, without its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.service.binding.customers import USER, Desk
from tests.service.conduct.denials import denied
from warifu.authentication.binding.activation import Side
from warifu.authentication.binding.rules import USABLE
from warifu.base.errors import Denied
from warifu.service.conduct.binding.bindings import bound_device
from warifu.service.conduct.binding.ledger import leaf_of
from warifu.service.conduct.binding.rules import MOVED
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase
from warifu.service.store.database import Statement
from warifu.service.store.tables import tables_of

if TYPE_CHECKING:
    from warifu.service.store.database import Value

DEVICE = "hanakos-old-phone-0001"


def insert(desk: Desk, table: str, **values: Value) -> None:
    named = {"tenant": desk.caller.tenant, **values}
    columns, marks = ", ".join(named), ", ".join(f":{name}" for name in named)
    sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - a test's own
    desk.house.database.apply([Statement(sql=sql, values=named)])


def everything(desk: Desk) -> dict[str, str]:
    """All rows of the tenant, by table."""
    with desk.house.database.read() as transaction:
        names = [each.name for each in tables_of(transaction, desk.house.database.dialect)]
    return {name: repr(desk.rows(f"SELECT * FROM {name} WHERE tenant = :tenant")) for name in names}  # noqa: S608


def use_it(desk: Desk, binding: str) -> None:
    """Rows about the device, as authentications and confirmations write them."""
    insert(
        desk,
        "access_tokens",
        digest=bytes(32),
        binding=binding,
        thumbprint="t",
        expires_at=1,
    )
    insert(
        desk,
        "endorsed_keys",
        id="key-1",
        binding=binding,
        purpose="session",
        thumbprint="t",
        state="active",
        endorsed_at=0,
        expires_at=1,
        sealed=b"",
    )
    insert(
        desk, "verifications", user_index=b"u", device=DEVICE, **{"class": "c"}, method="m", at=1
    )
    insert(
        desk,
        "transactions",
        id="transfer-1",
        user_index=b"u",
        device=DEVICE,
        kind="transfer",
        state="asked",
        revision=0,
        created_by=DEVICE,
        tries=0,
        asked_at=1,
        expires_at=2,
        hand_offs=0,
        sealed=b"",
    )


def test_nothing_names_an_erased_device_and_it_acts_no_more(desk: Desk) -> None:
    bound = desk.enrolment(device=DEVICE).finish()
    use_it(desk, bound.id)
    assert DEVICE in repr(everything(desk))
    erased = erase(desk.work(), ErasureRequest(device=DEVICE))
    left = everything(desk)
    assert [name for name, rows in left.items() if DEVICE in rows] == []
    for table in (
        *("bindings", "activations", "endorsed_keys", "access_tokens"),
        *("verifications", "device_keys"),
    ):
        assert left[table] == "[]", table
    assert left["transactions"].count(erased.id) == 2
    # The ledger is append-only, and names nobody.
    assert "hanako" not in left["ledger_leaves"]
    assert left["ledger_leaves"] != "[]"
    with desk.house.database.read() as transaction, denied(USABLE):
        bound_device(desk.work(), transaction, user=USER, device=DEVICE)


def test_a_device_that_was_only_to_be_activated_can_be_erased(desk: Desk) -> None:
    desk.begin(device=DEVICE)
    erased = erase(desk.work(), ErasureRequest(device=DEVICE))
    assert not erased.already
    assert DEVICE not in repr(everything(desk))
    assert erase(desk.work(), ErasureRequest(device=DEVICE)).already


def test_an_enrolment_under_way_in_the_moment_of_an_erasure_binds_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolment = desk.enrolment(device=DEVICE).ready()

    def erased_meanwhile(*given: Any, **named: Any) -> Any:
        erase(desk.work(), ErasureRequest(device=DEVICE))
        return leaf_of(*given, **named)

    monkeypatch.setattr("warifu.service.conduct.binding.confirming.leaf_of", erased_meanwhile)
    with pytest.raises(Denied) as caught:
        enrolment.confirm(Side.BANK)
    assert caught.value.rule in {MOVED, USABLE}
    assert DEVICE not in repr(everything(desk))


def test_an_erased_device_makes_room_for_another(desk: Desk) -> None:
    for number in range(desk.house.settings.binding.devices_per_user):
        desk.enrolment(device=f"{DEVICE}-{number}").finish()
    erase(desk.work(), ErasureRequest(device=f"{DEVICE}-0"))
    assert desk.enrolment().finish().state == "active"
