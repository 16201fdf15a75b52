"""How often a confirmation goes to the database: what grows here is waited for in every call."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.confirming.counter import NG, NOT_ME, OK, TABLET, Counter, bytes_of
from tools.bench.counting import CountingDatabase
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.transaction.states import State
from warifu.base.errors import BadEvidence, Denied, WarifuError
from warifu.handset import confirmation as device
from warifu.service.conduct.confirming import asked, reading, rules
from warifu.service.conduct.confirming.shown import read_shown
from warifu.service.conduct.memory import Memory
from warifu.service.conduct.work import Once
from warifu.service.store import transactions as store
from warifu.service.store.database import Dialect
from warifu.service.store.postgres_wire import WireConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.conduct.work import Work


@pytest.fixture
def counting(counter: Counter) -> CountingDatabase:
    """What was asked of the counter's database since its process has seen one of each call."""
    database = CountingDatabase(counter.house.database)
    counter.house = replace(counter.house, database=database)
    warm = counter.ask()
    counter.send(warm)
    forget(database)
    return database


def forget(database: CountingDatabase) -> None:
    database.reads.clear()
    database.commits.clear()


def trips(database: CountingDatabase, call: Callable[[], Any]) -> tuple[int, int]:
    """How many reads and commits a call makes, whatever comes of it."""
    forget(database)
    with suppress(WarifuError):
        call()
    return len(database.reads), len(database.commits)


def test_asking_reads_once_and_commits_once(counter: Counter, counting: CountingDatabase) -> None:
    assert trips(counting, counter.ask) == (1, 1)
    assert trips(counting, partial(counter.ask, device=None)) == (1, 1)


def test_an_answer_reads_once_and_commits_once(
    counter: Counter, counting: CountingDatabase
) -> None:
    told = counter.ask()
    assert trips(counting, partial(counter.send, told)) == (1, 1)
    assert counter.see(told).state is State.APPROVED


def test_a_refusal_reads_once_and_commits_once(
    counter: Counter, counting: CountingDatabase
) -> None:
    told = counter.ask()
    proof = counter.proof(told, NG)
    assert trips(counting, partial(counter.send, told, proof)) == (1, 1)
    assert counter.see(told).state is State.REFUSED


def test_not_me_reads_once_and_once_more_for_the_device_that_created_it(
    counter: Counter, counting: CountingDatabase
) -> None:
    told = counter.ask()
    assert trips(counting, partial(counter.send, told, counter.proof(told, NG, NOT_ME))) == (1, 1)
    created = counter.ask(created_by=asked.CreatedBy(device=TABLET))
    proof = counter.proof(created, NG, NOT_ME)
    assert trips(counting, partial(counter.send, created, proof)) == (2, 1)


def test_a_late_answer_reads_once_and_commits_once(
    counter: Counter, counting: CountingDatabase
) -> None:
    told = counter.ask()
    counter.send(told)
    proof = counter.proof(told, NG)
    assert trips(counting, partial(counter.send, told, proof)) == (1, 1)
    assert len(counter.see(told).late) == 1


def test_a_wrong_answer_of_the_owner_pays_its_try_in_one_commit(
    counter: Counter, counting: CountingDatabase
) -> None:
    told = counter.ask()
    draft = device.EnvelopeDraft(
        answer=device.answer_to(bytes_of(told), OK),
        key=counter.phone.key,
        type=device.DEVICE_KEY_TYPE,
        headers={},
    )
    proof = asked.Proof(kind=ProofKind.DEVICE_KEY, data=draft.encode())
    assert trips(counting, partial(counter.send, told, proof)) == (1, 1)
    assert counter.see(told).tries == 1
    with pytest.raises(BadEvidence) as caught:
        counter.send(told, proof)
    assert caught.value.code == proof_rules.CAN_APPROVE.code


def test_each_step_of_a_hand_off_reads_once_and_commits_once(
    counter: Counter, counting: CountingDatabase
) -> None:
    told = counter.ask()
    counter.send(told)
    assert trips(counting, partial(counter.carry_out, told)) == (1, 1)
    assert trips(counting, partial(counter.acknowledge, told, "core-1")) == (1, 1)


def test_an_answer_kept_under_an_idempotency_key_costs_no_further_read(
    counter: Counter, counting: CountingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(100))
    plain = counter.work

    def once() -> Work:
        return replace(plain(), once=Once(key=f"key-{next(numbers)}", request=bytes(32)))

    told = counter.ask()
    monkeypatch.setattr(counter, "work", once)
    assert trips(counting, counter.ask) == (1, 1)
    assert trips(counting, partial(counter.send, told)) == (1, 1)


def test_what_was_expected_wrongly_is_read_again_and_not_used(
    counter: Counter, counting: CountingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked through another process, or as another operation than the last one."""
    told = counter.ask()
    monkeypatch.setattr(reading, "_expected", Memory(4))
    reads, commits = trips(counting, partial(counter.send, told))
    assert (reads > 1, commits) == (True, 1)
    large = counter.ask(amount=asked.AskedAmount(minor=2_000_000, currency="JPY"))
    counter.ask()
    proof = counter.proof(large)
    assert trips(counting, partial(counter.send, large, proof))[0] > 1
    decided = counter.see(large).decision or ""
    operations = counter.rows("SELECT id, operation FROM decisions WHERE tenant = :tenant")
    assert dict(operations)[decided] == "high-value-transfer"


def test_both_phones_of_a_user_are_told_apart_in_one_read(
    counter: Counter, counting: CountingDatabase
) -> None:
    from tests.service.confirming.counter import display_phone  # noqa: PLC0415

    tablet = display_phone()
    counter.enrol(tablet, name=TABLET)
    told = counter.ask()
    by_tablet = counter.proof(told, phone=tablet)
    assert trips(counting, partial(counter.send, told, by_tablet)) == (1, 0)
    assert counter.send(told).state is State.APPROVED


def test_an_answer_on_postgresql_is_two_round_trips(
    counter: Counter, counting: CountingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    if counting.dialect is not Dialect.POSTGRESQL:
        return
    seen: list[int] = []
    carry_out = WireConnection.carry_out

    def counted(self: WireConnection, orders: Any) -> Any:
        seen.append(len(orders))
        return carry_out(self, orders)

    told = counter.ask()
    proof = counter.proof(told)
    monkeypatch.setattr(WireConnection, "carry_out", counted)
    counter.send(told, proof)
    assert len(seen) == 2
    seen.clear()
    counter.ask()
    assert len(seen) == 2


def test_a_transaction_whose_row_names_another_user_is_not_answered(counter: Counter) -> None:
    """By whoever can write to the database, and would have another's keys answer for her."""
    told = counter.ask()
    other = counter.house.vault.index(counter.caller.tenant, "user", b"taro")
    with counter.house.database.write() as transaction:
        transaction.rows(
            "UPDATE transactions SET user_index = :other WHERE tenant = :tenant RETURNING 1",
            tenant=counter.caller.tenant,
            other=other,
        )
    with pytest.raises(WarifuError) as caught:
        counter.send(told)
    assert caught.value.code == "vault/opens"


def test_what_is_remembered_of_bytes_is_what_they_say(counter: Counter) -> None:
    from warifu.authentication.transaction.encoding import decode_shown  # noqa: PLC0415

    data = bytes_of(counter.ask(purpose="家賃"))
    assert read_shown(data) == decode_shown(data)


def test_a_sum_takes_one_statement_and_begins_within_its_ceiling(counter: Counter) -> None:
    def add(amount: int, ceiling: int) -> None:
        counter.house.database.apply(
            store.reserve(
                counter.caller.tenant,
                b"a sum",
                amount=amount,
                ceiling=ceiling,
                expires_at=counter.house.clock(),
                otherwise=rules.LIMIT,
            )
        )

    with pytest.raises(Denied):
        add(11, ceiling=10)
    with pytest.raises(Denied):
        add(0, ceiling=-1)
    assert store.reserved_total(counter.house.database, counter.caller.tenant, b"a sum") == 0
    for amount in (10, 0):
        add(amount, ceiling=10)
    with pytest.raises(Denied):
        add(1, ceiling=10)
    with pytest.raises(Denied):
        add(0, ceiling=9)
    assert store.reserved_total(counter.house.database, counter.caller.tenant, b"a sum") == 10
