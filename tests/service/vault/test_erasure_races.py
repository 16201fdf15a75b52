"""Erasures while something is under way about the device: nothing of it comes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.conduct.denials import denied
from tests.service.house import Hands, make_house, settle
from tests.service.phones import LOGIN, Bank, IPhone, the_bytes
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.decisions.rules import USED
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase
from warifu.service.conduct.evidence.reappraisal import (
    ReappraisalRequest,
    ReappraisalsRequest,
    reappraise,
    reappraise_many,
)
from warifu.service.conduct.evidence.rules import COUNTER_MOVED
from warifu.service.conduct.work import Once, Work
from warifu.service.store.database import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from warifu.service.composition import Composition
    from warifu.service.store.database import Database, Transaction

DEVICE = "phone-of-kaede-0001"
TABLES = (
    "devices",
    "device_keys",
    "evidence",
    "evidence_bytes",
    "serials",
    "appraisals",
    "decisions",
    "audit",
    "idempotency",
)


class Interrupted:
    """A database on which something happens once between a request's reading and its writing."""

    def __init__(self, database: Database, meanwhile: Callable[[], object]) -> None:
        self._database = database
        self._meanwhile = [meanwhile]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def write(self) -> AbstractContextManager[Transaction]:
        self._let_happen()
        return self._database.write()

    def apply(self, statements: Sequence[Statement]) -> None:
        self._let_happen()
        self._database.apply(statements)

    def _let_happen(self) -> None:
        while self._meanwhile:
            self._meanwhile.pop()()


@pytest.fixture
def bank(database: Database) -> Bank:
    house = make_house(database, clock=Hands())
    return Bank(house=house, caller=settle(house))


@pytest.fixture
def iphone(bank: Bank) -> IPhone:
    return IPhone(made_at=bank.house.clock())


@pytest.fixture
def slow(bank: Bank) -> Bank:
    """The same bank, during whose next request the device is erased."""

    def meanwhile() -> None:
        erase(bank.work(), ErasureRequest(device=DEVICE))

    database: Any = Interrupted(bank.house.database, meanwhile)
    house: Composition = msgspec.structs.replace(bank.house, database=database)
    return Bank(house=house, caller=bank.caller)


def rows_with(bank: Bank, *names: str) -> list[str]:
    """Tables in which any of the names stands."""
    with bank.house.database.read() as transaction:
        stored = {table: repr(transaction.rows(f"SELECT * FROM {table}")) for table in TABLES}  # noqa: S608
    return [table for table, text in stored.items() if any(name in text for name in names)]


def sealed_of_known_devices(bank: Bank) -> Iterator[tuple[str, bytes, bytes]]:
    with bank.house.database.read() as transaction:
        yield from transaction.rows(
            "SELECT d.id, d.data_key, b.sealed FROM devices d JOIN evidence_bytes b"
            " ON b.tenant = d.tenant AND b.owner = d.id"
        )


def test_a_registration_under_way_is_of_a_new_device(
    bank: Bank, slow: Bank, iphone: IPhone
) -> None:
    bank.register(IPhone(made_at=bank.house.clock()), device=DEVICE)
    challenge = bank.challenge(operation=LOGIN, device=DEVICE)
    evidence = iphone.registration(the_bytes(challenge))
    slow.submit(challenge, evidence, operation=LOGIN, device=DEVICE)
    found = list(sealed_of_known_devices(bank))
    assert [name for name, _, _ in found] == [DEVICE]
    assert bank.count("devices") == 2
    after = bank.challenge(device=DEVICE)
    assert bank.decide(after, iphone.assertion(the_bytes(after)), device=DEVICE).outcome == "serve"


def test_what_is_refused_under_way_is_sealed_under_no_erased_key(
    bank: Bank, slow: Bank, iphone: IPhone
) -> None:
    bank.register(iphone, device=DEVICE)
    challenge = bank.challenge(operation=LOGIN, device=DEVICE)
    wrong = iphone.registration(b"another challenge")
    assert slow.submit(challenge, wrong, operation=LOGIN, device=DEVICE).verdict == "refused"
    found = list(sealed_of_known_devices(bank))
    assert [name for name, _, _ in found] == [DEVICE]
    for name, wrapped, sealed in found:
        owner = bank.house.vault.new_owner(bank.caller.tenant, name)
        owner = msgspec.structs.replace(owner, wrapped=wrapped)
        assert bank.house.vault.unseal(owner, "evidence", sealed)


def test_an_assertion_under_way_is_refused(bank: Bank, slow: Bank, iphone: IPhone) -> None:
    bank.register(iphone, device=DEVICE)
    challenge = bank.challenge(device=DEVICE)
    with denied(COUNTER_MOVED):
        slow.decide(challenge, iphone.assertion(the_bytes(challenge)), device=DEVICE)
    assert rows_with(bank, DEVICE) == []


def test_an_appraisal_of_an_erased_device_decides_nothing(
    bank: Bank, slow: Bank, iphone: IPhone
) -> None:
    bank.register(iphone, device=DEVICE)
    challenge = bank.challenge(device=DEVICE)
    made = bank.submit(challenge, iphone.assertion(the_bytes(challenge)), device=DEVICE)
    with denied(USED):
        slow.decide(appraisal=made.appraisal.id, device=DEVICE)
    assert rows_with(bank, DEVICE) == []


@pytest.mark.parametrize("column", ["data_key", "counter"])
def test_what_is_written_but_not_committed_is_waited_for(
    bank: Bank, iphone: IPhone, column: str
) -> None:
    """It is counted then, and its documents are written anew."""
    bank.register(iphone, device=DEVICE)
    written, commit = Event(), Event()
    table, key = ("devices", "id") if column == "data_key" else ("device_keys", "device")
    hold = f"UPDATE {table} SET {column} = {column} WHERE tenant = :tenant AND {key} = :device"  # noqa: S608

    def decide() -> None:
        with bank.house.database.write() as transaction:
            named = {"tenant": bank.caller.tenant, "device": DEVICE}
            transaction.apply(
                [
                    Statement(sql=hold, values={**named}),
                    Statement(
                        sql="INSERT INTO decisions (tenant, id, app, device, operation, outcome,"
                        " outage, decided_at, document) VALUES (:tenant, '0', 'wallet', :device,"
                        " 'transfer', 'serve', 0, 0, :document)",
                        values={**named, "document": msgspec.json.encode({"device": DEVICE})},
                    ),
                ]
            )
            written.set()
            commit.wait(1)

    with ThreadPoolExecutor(2) as threads:
        deciding = threads.submit(decide)
        written.wait(5)
        erasing = threads.submit(erase, bank.work(), ErasureRequest(device=DEVICE))
        commit.wait(0.3)
        commit.set()
        deciding.result()
        assert erasing.result().accounts == 2
    assert rows_with(bank, DEVICE) == []


def test_a_device_that_was_only_asked_about_is_erased_too(bank: Bank) -> None:
    bank.decide(device=DEVICE)
    assert "decisions" in rows_with(bank, DEVICE)
    answer = erase(bank.work(), ErasureRequest(device=DEVICE))
    assert (answer.accounts, answer.already) == (1, False)
    assert rows_with(bank, DEVICE) == []
    assert erase(bank.work(), ErasureRequest(device=DEVICE)).id == answer.id


def test_what_a_key_signed_in_anothers_name_is_erased_with_the_key(
    bank: Bank, iphone: IPhone
) -> None:
    """Else the name of one device, and the key of another, stay behind with the other."""
    bank.register(iphone, device=DEVICE)
    bank.register(IPhone(made_at=bank.house.clock()), device="momijis-phone-0002")
    challenge = bank.challenge(device="momijis-phone-0002")
    answer = bank.decide(
        challenge, iphone.assertion(the_bytes(challenge)), device="momijis-phone-0002"
    )
    assert answer.outcome == "refuse"
    key = _key_of(bank)
    erase(bank.work(), ErasureRequest(device=DEVICE))
    assert rows_with(bank, DEVICE, key) == []


def test_answers_kept_for_repeated_requests_are_erased(bank: Bank, iphone: IPhone) -> None:
    """They tell the device's name, and whoever repeats a request would be told it again."""
    plain = bank.work
    keys = iter(range(100))

    def once() -> Work:
        key = Once(key=f"key-{next(keys)}", request=b"")
        return msgspec.structs.replace(plain(), once=key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bank, "work", once)
        made = bank.register(iphone, device=DEVICE)
        challenge = bank.challenge(device=DEVICE)
        bank.decide(challenge, iphone.assertion(the_bytes(challenge)), device=DEVICE)
        reappraise(once(), made.id, ReappraisalRequest(operation=Operation.LOGIN))
        reappraise_many(once(), ReappraisalsRequest(operation=Operation.LOGIN))
        bank.register(IPhone(made_at=bank.house.clock()), device="momijis-phone-0002")
    assert "idempotency" in rows_with(bank, DEVICE)
    kept = bank.count("idempotency")
    erase(bank.work(), ErasureRequest(device=DEVICE))
    assert rows_with(bank, DEVICE) == []
    assert bank.count("idempotency") == kept - 4


def _key_of(bank: Bank) -> str:
    with bank.house.database.read() as transaction:
        row = transaction.row("SELECT id FROM device_keys WHERE device = :device", device=DEVICE)
    assert row is not None
    return str(row[0])
