"""What was erased does not come back with an older backup."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from tests.service.house import START, TENANT, Hands, caller, make_house, settle
from tests.support import misuse
from warifu.service.composition import Composition
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase
from warifu.service.conduct.work import Work
from warifu.service.store.database import Database, Statement, micros
from warifu.service.vault.rules import LISTED
from warifu.service.workers.erase_again import ErasureList, erase_again, read_list, take_list


@pytest.fixture
def house(database: Database) -> Composition:
    made = make_house(database, clock=Hands())
    settle(made)
    return made


def put(house: Composition, device: str, first_seen: timedelta = timedelta()) -> None:
    with house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="INSERT INTO devices (tenant, id, app, data_key, first_seen, last_seen)"
                    " VALUES (:tenant, :id, 'wallet', :data_key, :now, :now)",
                    values={
                        "tenant": TENANT,
                        "id": device,
                        "data_key": house.vault.new_owner(TENANT, device).wrapped,
                        "now": micros(START + first_seen),
                    },
                )
            ]
        )


def devices(house: Composition) -> list[str]:
    with house.database.read() as transaction:
        return [
            row[0]
            for row in transaction.rows(
                "SELECT id FROM devices WHERE tenant = :t AND erased_at IS NULL ORDER BY id",
                t=TENANT,
            )
        ]


@pytest.fixture
def listed(house: Composition) -> bytes:
    """Two of three devices were erased; then the backup from before was restored."""
    settled = Work(house=house, caller=caller(TENANT), now=START + timedelta(days=1))
    for device in ("phone-1", "phone-2", "phone-3"):
        put(house, device)
    for device in ("phone-1", "phone-2"):
        erase(settled, ErasureRequest(device=device))
    data = msgspec.json.encode(take_list(house.database))
    with house.database.write() as transaction:
        transaction.rows("DELETE FROM erasures WHERE tenant = :t RETURNING 1", t=TENANT)
        transaction.rows("DELETE FROM devices WHERE tenant = :t RETURNING 1", t=TENANT)
    for device in ("phone-1", "phone-3"):
        put(house, device)
    put(house, "phone-2", timedelta(days=2))
    return data


def test_devices_on_the_list_are_erased_again_and_no_others(
    house: Composition, listed: bytes
) -> None:
    assert b"phone" not in listed
    reports: list[tuple[int, int]] = []
    count = erase_again(
        house, read_list(listed), by="cli:root", report=lambda *told: reports.append(told)
    )
    assert count == 1
    assert reports == [(1, 1)]
    # The second was registered anew after its erasure: another device of the same name.
    assert devices(house) == ["phone-2", "phone-3"]
    assert erase_again(house, read_list(listed), by="cli:root") == 0


def test_an_empty_list_erases_nothing(house: Composition) -> None:
    assert take_list(house.database) == ErasureList(erasures=())
    put(house, "phone-1")
    assert erase_again(house, ErasureList(erasures=()), by="cli:root") == 0
    assert devices(house) == ["phone-1"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        json.dumps({"document": "warifu-erasures/2", "erasures": []}).encode(),
        json.dumps({"document": "warifu-erasures/1", "erasures": [{"tenant": "bank"}]}).encode(),
        json.dumps({"document": "warifu-erasures/1", "erasures": [], "more": 1}).encode(),
        b"[" * 100_000,
    ],
    ids=["empty", "no-object", "no-list", "version", "incomplete", "more", "deep"],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with misuse(LISTED):
        read_list(data)
