"""A master key can be replaced while the service runs, and is then needed no more."""

from __future__ import annotations

import os

import pytest

from tests.service.house import START, TENANT, Hands, make_house, settle
from tests.support import no_statement
from warifu.base.secret import Secret
from warifu.service.composition import Composition, Owner
from warifu.service.conduct.registrations.registration import secret_kind
from warifu.service.store.database import Database, Statement, micros
from warifu.service.vault.rules import OPENS
from warifu.service.vault.vault import MasterKeys, SealingVault
from warifu.service.workers import rewrap as worker
from warifu.service.workers.rewrap import Rewrapped, in_use, rewrap

DEVICES = 7


def masters() -> MasterKeys:
    keys = {number: Secret(os.urandom(32)) for number in (1, 2)}
    return MasterKeys(generations=keys, index=Secret(os.urandom(32)))


def only(keys: MasterKeys, generation: int) -> SealingVault:
    return SealingVault(
        MasterKeys(generations={generation: keys.generations[generation]}, index=keys.index)
    )


@pytest.fixture
def keys() -> MasterKeys:
    return masters()


@pytest.fixture
def house(database: Database, keys: MasterKeys) -> Composition:
    """Everything in it is under the first master key."""
    made = make_house(database, clock=Hands())
    first = Composition(
        settings=made.settings,
        database=database,
        trust=made.trust,
        keys=made.keys,
        vault=only(keys, 1),
        clock=made.clock,
    )
    settle(first)
    with database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="INSERT INTO devices (tenant, id, app, data_key, first_seen, last_seen)"
                    " VALUES (:tenant, :id, 'wallet', :data_key, :now, :now)",
                    values={
                        "tenant": TENANT,
                        "id": f"phone-{number}",
                        "data_key": first.vault.new_owner(TENANT, f"phone-{number}").wrapped,
                        "now": micros(START),
                    },
                )
                for number in range(DEVICES)
            ]
        )
    return first


def device_key(database: Database, device: str) -> Owner:
    with database.read() as transaction:
        row = transaction.row(
            "SELECT data_key FROM devices WHERE tenant = :tenant AND id = :id",
            tenant=TENANT,
            id=device,
        )
    assert row is not None
    return Owner(tenant=TENANT, name=device, wrapped=row[0])


def test_afterwards_the_new_master_key_alone_opens_everything(
    house: Composition, keys: MasterKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BATCH", 3)
    database = house.database
    sealed = house.vault.seal(device_key(database, "phone-3"), "evidence", b"data")
    reports: list[int] = []
    assert in_use(database) == {1: DEVICES + 2}
    done = rewrap(database, SealingVault(keys), report=reports.append)
    assert done == Rewrapped(seen=DEVICES + 2, rewrapped=DEVICES + 2)
    assert reports == [1, 4, 7, 8, 9]
    assert in_use(database) == {2: DEVICES + 2}
    vault = only(keys, 2)
    assert vault.unseal(device_key(database, "phone-3"), "evidence", sealed) == b"data"
    with no_statement(OPENS):
        house.vault.unseal(device_key(database, "phone-3"), "evidence", sealed)
    with database.read() as transaction:
        row = transaction.row("SELECT id, secrets FROM apps WHERE tenant = :t", t=TENANT)
    assert row is not None
    assert len(vault.unseal_secret(TENANT, secret_kind(row[0]), row[1])) > 0


def test_a_second_run_has_nothing_to_do(house: Composition, keys: MasterKeys) -> None:
    rewrap(house.database, SealingVault(keys))
    assert rewrap(house.database, SealingVault(keys)).rewrapped == 0


def test_a_wrong_file_of_master_keys_changes_nothing(house: Composition) -> None:
    with no_statement(OPENS):
        rewrap(house.database, SealingVault(masters()))
    assert in_use(house.database) == {1: DEVICES + 2}
