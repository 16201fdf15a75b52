"""After an erasure nothing tells which device it was, and nothing that was sealed can be read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest

from tests.service.house import START, Hands, caller, make_house, settle
from tests.support import misuse, no_statement
from warifu.base.errors import Denied
from warifu.service.composition import Composition, Owner
from warifu.service.conduct.committing import AuditEntry, audit_row
from warifu.service.conduct.erasing.erasure import (
    ErasureAnswer,
    ErasureRequest,
    erase,
    list_erasures,
    require_not_erased,
    see_erasure,
)
from warifu.service.conduct.erasing.rules import AT_REST, ERASED
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.work import Work
from warifu.service.identifiers import new_id
from warifu.service.store.database import Database, Statement, Transaction, Value, micros
from warifu.service.store.serials import insert_serials
from warifu.service.vault.rules import OPENS

DEVICE = "phone-of-kaede-0001"
KEY = "Kx0KsomethingLikeAThumbprint0000000000000001"
IMEI = "490154203237518"
SERIAL = "a1b2c3d4e5f60718"
EVIDENCE = b"certificates and all: " + IMEI.encode()
NAMES = (DEVICE, KEY, IMEI, SERIAL)
TABLES = (
    "challenges",
    "devices",
    "device_keys",
    "evidence",
    "evidence_bytes",
    "serials",
    "appraisals",
    "decisions",
    "audit",
    "erasures",
)


class World:
    """A tenant with one device that registered and was decided about."""

    def __init__(self, database: Database) -> None:
        self.clock = Hands()
        self.house = make_house(database, clock=self.clock)
        self.tenant = settle(self.house).tenant
        self.owner = self.register(DEVICE)

    @property
    def work(self) -> Work:
        return Work(house=self.house, caller=caller(self.tenant), now=self.clock())

    def register(self, device: str, key: str = KEY) -> Owner:
        now = self.clock()
        owner = self.house.vault.new_owner(self.tenant, device)
        evidence, appraisal = new_id(now), new_id(now)
        digest = sha256(device.encode()).digest()
        claims = {
            "device": {"imei": [IMEI], "serial": None},
            "key": {"public_key": "3059" * 20, "identifier": None},
            "chain": [{"serial": SERIAL, "subject": f"CN={SERIAL}"}],
        }
        at = micros(now)
        self.insert(
            "devices", id=device, app="wallet", data_key=owner.wrapped, first_seen=at, last_seen=at
        )
        self.insert(
            "device_keys",
            id=key,
            device=device,
            app="wallet",
            format="android-key",
            credential=b"",
            counter=0,
            evidence=evidence,
            registered_at=at,
        )
        self.insert(
            "evidence",
            id=evidence,
            app="wallet",
            device=device,
            device_key=key,
            format="android-key",
            digest=digest,
            made_at=at,
            received_at=at,
            verdict="accepted",
            document=msgspec.json.encode({"claims": claims}),
        )
        self.insert(
            "evidence_bytes",
            owner=device,
            digest=digest,
            stored_at=at,
            sealed=self.house.vault.seal(owner, "evidence", EVIDENCE),
        )
        self.insert(
            "evidence_bytes",
            owner="",
            digest=digest,
            stored_at=at,
            sealed=b"under the tenant's own key",
        )
        self.apply(
            insert_serials(
                tenant=self.tenant,
                evidence=evidence,
                device=device,
                serials=[("imei", IMEI.encode()), ("certificate-serial", b"\x01")],
                now=now,
            )
        )
        self.insert(
            "appraisals",
            id=appraisal,
            evidence=evidence,
            app="wallet",
            device=device,
            policy="p",
            trust="t",
            known_at=at,
            appraised_at=at,
            basis="claims",
            status="affirming",
            context=b"context",
            document=msgspec.json.encode(
                {"findings": [{"seen": f"serial {SERIAL}: ok", "requirement": "k"}]}
            ),
        )
        self.decide(device, key, appraisal)
        self.apply(
            [
                audit_row(
                    AuditEntry(action="device/registered", subject=subject),
                    tenant=self.tenant,
                    caller="backend",
                    now=now,
                )
                for subject in (device, key)
            ]
        )
        return owner

    def decide(self, device: str | None = DEVICE, key: str = KEY, appraisal: str = "") -> None:
        now = self.clock()
        document = {"outcome": "serve", "device": device, "reasons": [f"key {key} is known"]}
        self.insert(
            "decisions",
            id=new_id(now),
            app="wallet",
            device=device,
            device_key=key,
            user_index=b"u",
            operation="transfer",
            outcome="serve",
            outage=0,
            appraisal=appraisal,
            decided_at=micros(now),
            document=msgspec.json.encode(document),
        )

    def refuse(self, key: str = KEY) -> None:
        """Evidence that names no device, and a key."""
        now = self.clock()
        evidence, digest = new_id(now), sha256(key.encode()).digest()
        self.insert(
            "evidence",
            id=evidence,
            app="wallet",
            device_key=key,
            format="app-attest-assertion",
            digest=digest,
            made_at=micros(now),
            received_at=micros(now),
            verdict="refused",
            document=msgspec.json.encode({"reasons": [{"detail": key}]}),
        )
        self.insert(
            "evidence_bytes", owner="", digest=digest, stored_at=micros(now), sealed=b"refused"
        )
        self.insert(
            "appraisals",
            id=new_id(now),
            evidence=evidence,
            app="wallet",
            policy="p",
            trust="t",
            known_at=micros(now),
            appraised_at=micros(now),
            basis="bad-evidence",
            status="contraindicated",
            document=msgspec.json.encode({"seen": key}),
        )
        self.decide(None, key)

    def insert(self, table: str, **values: Value) -> None:
        values = {"tenant": self.tenant, **values}
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
        self.apply([Statement(sql=sql, values=values)])

    def apply(self, statements: list[Statement]) -> None:
        with self.house.database.write() as transaction:
            transaction.apply(statements)

    def column(self, table: str, name: str) -> list[object]:
        with self.house.database.read() as transaction:
            found = transaction.rows(
                f"SELECT {name} FROM {table} WHERE tenant = :tenant ORDER BY 1",  # noqa: S608
                tenant=self.tenant,
            )
        return [row[0] for row in found]

    def all_that_is_stored(self) -> str:
        with self.house.database.read() as transaction:
            return repr([transaction.rows(f"SELECT * FROM {table}") for table in TABLES])  # noqa: S608

    def erase(self, device: str = DEVICE) -> ErasureAnswer:
        return erase(self.work, ErasureRequest(device=device))


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_no_row_names_the_device_its_key_or_its_identifiers_any_more(world: World) -> None:
    assert all(name in world.all_that_is_stored() for name in NAMES)
    answer = world.erase()
    stored = world.all_that_is_stored()
    assert [name for name in NAMES if name in stored] == []
    assert "3059" * 20 not in stored
    assert (answer.keys, answer.evidence, answer.accounts, answer.already) == (1, 1, 2, False)


def test_what_was_sealed_is_gone_and_a_copy_of_it_opens_no_more(world: World) -> None:
    sealed = world.column("evidence_bytes", "sealed")
    world.erase()
    assert world.column("evidence_bytes", "sealed") == []
    assert world.column("devices", "data_key") == [None]
    anew = world.house.vault.new_owner(world.tenant, DEVICE)
    for copy in sealed:
        assert isinstance(copy, bytes)
        with no_statement(OPENS):
            world.house.vault.unseal(anew, "evidence", copy)


def test_keys_and_serials_are_gone(world: World) -> None:
    world.erase()
    assert world.column("device_keys", "id") == []
    assert world.column("serials", "serial") == []


def test_decisions_remain_as_accounts_that_name_the_erasure(world: World) -> None:
    answer = world.erase()
    (document,) = world.column("decisions", "document")
    assert isinstance(document, bytes)
    assert msgspec.json.decode(document) == {
        "outcome": "serve",
        "device": answer.id,
        "reasons": ["key *** is known"],
    }
    assert world.column("decisions", "device") == [answer.id]
    assert world.column("decisions", "outcome") == ["serve"]
    assert world.column("appraisals", "status") == ["affirming"]


def test_the_erasure_is_audited_without_the_name(world: World) -> None:
    answer = world.erase()
    assert set(world.column("audit", "subject")) == {answer.id}
    assert "device/erased" in world.column("audit", "action")


def test_erasing_again_says_that_it_was_done(world: World) -> None:
    first = world.erase()
    world.clock.forward(days=1)
    again = world.erase()
    assert again.already
    assert (again.id, again.erased_at) == (first.id, first.erased_at)
    assert world.column("audit", "action").count("device/erased") == 1


def test_a_device_that_never_was_is_not_known(world: World) -> None:
    with misuse(KNOWN):
        world.erase("another")


def test_a_device_of_another_tenant_is_not_known(world: World) -> None:
    stranger = settle(world.house, "other-bank")
    work = Work(house=world.house, caller=stranger, now=START)
    with misuse(KNOWN):
        erase(work, ErasureRequest(device=DEVICE))
    world.erase()
    with misuse(KNOWN):
        erase(work, ErasureRequest(device=DEVICE))
    assert list_erasures(work, after=None, limit=10) == []


def test_other_devices_keep_everything(world: World) -> None:
    other = world.register("phone-of-momiji", key="another-key-00000000000001")
    world.erase()
    (sealed, *_) = world.column("evidence_bytes", "sealed")
    assert isinstance(sealed, bytes)
    assert world.house.vault.unseal(other, "evidence", sealed) == EVIDENCE
    assert world.column("device_keys", "device") == ["phone-of-momiji"]


def test_evidence_of_an_erased_device_is_never_judged_again(world: World) -> None:
    world.erase()
    (device,) = world.column("evidence", "device")
    assert isinstance(device, str)
    with (
        world.house.database.read() as transaction,
        pytest.raises(Denied) as caught,
    ):
        require_not_erased(transaction, tenant=world.tenant, device=device)
    assert caught.value.code == ERASED.code
    with world.house.database.read() as transaction:
        require_not_erased(transaction, tenant=world.tenant, device=None)
        require_not_erased(transaction, tenant=world.tenant, device="phone-of-momiji")


def test_a_device_that_registers_under_the_same_name_starts_anew(world: World) -> None:
    first = world.erase()
    world.clock.forward(days=1)
    owner = world.register(DEVICE)
    assert owner.wrapped != world.owner.wrapped
    assert len(world.column("devices", "id")) == 2
    second = world.erase()
    assert second.id != first.id
    assert not second.already
    assert world.erase().id == second.id


def test_erasures_are_listed_without_names(world: World) -> None:
    first = world.erase()
    world.clock.forward(days=1)
    world.register(DEVICE)
    second = world.erase()
    seen = list_erasures(world.work, after=None, limit=10)
    assert [each.id for each in seen] == [second.id, first.id]
    assert list_erasures(world.work, after=second.id, limit=10) == seen[1:]
    assert see_erasure(world.work, first.id) == seen[1]
    with misuse(KNOWN):
        see_erasure(world.work, DEVICE)


class Busy:
    """A database on which something is decided about the device after each reading."""

    def __init__(self, world: World, times: int) -> None:
        self._world = world
        self._times = times
        self._database = world.house.database

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def write(self) -> AbstractContextManager[Transaction]:
        self._decide()
        return self._database.write()

    def apply(self, statements: Sequence[Statement]) -> None:
        self._decide()
        self._database.apply(statements)

    def _decide(self) -> None:
        if self._times:
            self._times -= 1
            self._world.decide()


@pytest.fixture
def busy(world: World) -> Work:
    house: Composition = msgspec.structs.replace(world.house, database=Busy(world, 99))
    return msgspec.structs.replace(world.work, house=house)


def test_a_device_in_use_at_that_moment_is_not_half_erased(world: World, busy: Work) -> None:
    with pytest.raises(Denied) as caught:
        erase(busy, ErasureRequest(device=DEVICE))
    assert caught.value.code == AT_REST.code
    assert world.column("devices", "id") == [DEVICE]
    assert len(world.column("evidence_bytes", "sealed")) == 2


def test_an_erasure_begins_again_where_the_device_was_used_meanwhile(world: World) -> None:
    house: Composition = msgspec.structs.replace(world.house, database=Busy(world, 2))
    work = msgspec.structs.replace(world.work, house=house)
    assert not erase(work, ErasureRequest(device=DEVICE)).already
    assert world.column("device_keys", "id") == []


def test_what_was_refused_under_its_key_is_erased_too(world: World) -> None:
    world.refuse()
    world.refuse(key="another-key-000000000000000002")
    answer = world.erase()
    assert (answer.evidence, answer.accounts) == (2, 4)
    assert KEY not in world.all_that_is_stored()
    assert world.column("evidence", "device_key").count(None) == 2
    assert world.column("evidence_bytes", "sealed") == [b"refused"]


def test_what_was_written_in_that_very_moment_goes_when_asked_again(world: World) -> None:
    first = world.erase()
    world.decide()
    again = world.erase()
    assert (again.id, again.already, again.accounts) == (first.id, True, 1)
    assert DEVICE not in world.all_that_is_stored()
    assert world.erase().accounts == 0


def test_names_shorter_than_words_do_not_garble_accounts(world: World) -> None:
    world.register("serve", key="key-of-a-strange-name-1")
    answer = world.erase("serve")
    documents = [
        msgspec.json.decode(each)
        for each in world.column("decisions", "document")
        if isinstance(each, bytes)
    ]
    assert {"outcome": "serve", "device": answer.id, "reasons": ["key *** is known"]} in documents


def test_an_erasure_from_long_ago_still_answers(world: World) -> None:
    first = world.erase()
    world.clock.forward(days=timedelta(days=3000).days)
    assert world.erase().id == first.id
