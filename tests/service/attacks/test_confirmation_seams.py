"""What falls between the rooms of confirmation: rows, sums, answers and books seen together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from tests.service.conduct.denials import denied
from tests.service.confirming.counter import PHONE, TABLET, USER, Counter, display_phone
from tests.service.house import Hands, HeldTrust, caller, make_house, settle
from tests.service.verifying.customers import Customer, android
from warifu.authentication.transaction.proximity import proximity_code
from warifu.authentication.transaction.rules import PROXIMITY
from warifu.authentication.transaction.states import State
from warifu.base.codec.text import from_base64url
from warifu.base.errors import VerifierFault
from warifu.base.secret import Secret
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.committing import earlier_answer
from warifu.service.conduct.confirming import asked, asking, claiming, handing_off
from warifu.service.conduct.verifying.rules import TOKEN_AFTER
from warifu.service.conduct.work import Once
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.service.conduct.confirming.told import TransactionTold
    from warifu.service.store.database import Database

THIEF = "taro"
THIEFS_PHONE = "taros-phone"


@pytest.fixture
def counter(database: Database, clock: Hands, trust: HeldTrust) -> Counter:
    """A bank, and Hanako's phone, bound two days ago."""
    house = make_house(database, clock=clock, trust=trust)
    settle(house)
    bank = Counter(house=house, caller=caller())
    bank.enrol()
    clock.forward(days=2)
    return bank


def approved(counter: Counter) -> TransactionTold:
    told = counter.ask()
    assert counter.send(told).state is State.APPROVED
    return told


def compared(counter: Counter, *entries: tuple[str, str]) -> handing_off.Differences:
    """With the books of today."""
    now = counter.house.clock()
    wanted = handing_off.ReconcileRequest(
        since=now - timedelta(hours=12),
        until=now + timedelta(hours=12),
        entries=tuple(handing_off.Entry(id=name, reference=each) for name, each in entries),
    )
    return handing_off.reconcile(counter.work(), wanted)


def change(counter: Counter, sql: str, **values: object) -> None:
    """What somebody does who can write to the database, and has no key."""
    with counter.house.database.write() as transaction:
        transaction.rows(f"{sql} RETURNING 1", **values)  # type: ignore[arg-type]


# Core banking's books


@pytest.mark.parametrize("order", [("core-1", "core-2"), ("core-2", "core-1")])
def test_one_approval_that_is_booked_twice_is_told(
    counter: Counter, order: tuple[str, str]
) -> None:
    told = approved(counter)
    counter.carry_out(told)
    counter.acknowledge(told, "core-1")
    assert compared(counter, *((told.id, each) for each in order)).other_reference == (told.id,)
    assert counter.see(told).state is State.ACKNOWLEDGED


def test_what_is_missing_from_the_books_is_told_however_much_was_settled(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_off, "MAX_ENTRIES", 2)
    done = [approved(counter) for _ in range(4)]
    for number, told in enumerate(done):
        counter.carry_out(told)
        counter.acknowledge(told, f"core-{number}")
    first, second, *missing = [each.id for each in done]
    books = compared(counter, (first, "core-0"), (second, "core-1"))
    assert sorted(books.not_booked) == sorted(missing)


def test_a_span_without_offset_is_refused_and_not_misread() -> None:
    body = b'{"since":"2026-11-21T00:00:00","until":"2026-11-22T00:00:00Z","entries":[]}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=handing_off.ReconcileRequest)


# Tries


def test_wrong_codes_before_the_claim_leave_the_answers_their_tries(counter: Counter) -> None:
    """A stranger who photographed the screen spends tries of the claim, and none of the answer."""
    told = counter.ask(device=None)
    assert told.claim is not None
    link = told.claim.link.rpartition("claim=")[2]
    for _ in range(counter.house.settings.confirmation.claim_tries - 1):
        with denied(PROXIMITY):
            claiming.claim(
                counter.work(),
                told.id,
                asked.ClaimRequest(user=USER, device=PHONE, claim=link, code="0"),
            )
    claimed = _claimed(counter, told, link)
    assert claimed.tries == 0
    assert counter.see(told).tries == 0


def _claimed(counter: Counter, told: TransactionTold, link: str) -> TransactionTold:
    assert told.claim is not None
    secret = Secret(from_base64url(told.claim.secret))
    code = proximity_code(secret, UUID(told.id).bytes, counter.house.clock())
    request = asked.ClaimRequest(user=USER, device=PHONE, claim=link, code=code)
    return claiming.claim(counter.work(), told.id, request)


def test_what_a_suspended_key_verified_does_not_count_by_another_key_of_the_device(
    counter: Counter, clock: Hands
) -> None:
    first = Customer(desk=counter, user=USER, device=PHONE, phone=android()).enrol()
    clock.forward(seconds=1)
    second = Customer(desk=counter, user=USER, device=PHONE, phone=android()).enrol()
    second.verify()
    assert first.token()
    reported = bindings.SuspendRequest(by=bindings.WhoAsks.USER, reason="not mine")
    bindings.suspend_binding(counter.work(), second.binding, reported)
    with denied(TOKEN_AFTER):
        first.token()


# What is kept


@pytest.mark.parametrize("device", [PHONE, None])
def test_kept_answers_name_nobody_and_open_nothing(counter: Counter, device: str | None) -> None:
    """A copy of the database holds neither payees nor what claims an operation."""
    work = replace(counter.work(), once=Once(key="once", request=bytes(32)))
    told = asking.ask(work, counter.request(device=device, user=USER))
    (body,) = counter.rows("SELECT body FROM idempotency WHERE tenant = :tenant")[0]
    kept = bytes(body)
    secret = told.claim.secret if told.claim else told.digest
    assert secret
    for clear in (USER, "タナカ", "7654321", secret, told.id):
        assert clear.encode() not in kept
    with counter.house.database.read() as transaction:
        found = earlier_answer(work, transaction, key="once")
    assert found == (bytes(32), 201, msgspec.json.encode(told))


def test_a_kept_answer_that_was_put_under_another_callers_key_is_not_told(
    counter: Counter,
) -> None:
    work = replace(counter.work(), once=Once(key="once", request=bytes(32)))
    asking.ask(work, counter.request())
    change(counter, "UPDATE idempotency SET caller = 'other' WHERE id = 'once'")
    other = replace(work, caller=caller(name="other"))
    with counter.house.database.read() as transaction, pytest.raises(VerifierFault) as caught:
        earlier_answer(other, transaction, key="once")
    assert caught.value.code == OPENS.code


def test_a_thiefs_binding_in_the_place_of_hers_approves_nothing(
    counter: Counter, clock: Hands
) -> None:
    phone = display_phone()
    his = counter.enrol(phone, user=THIEF, name=THIEFS_PHONE)
    clock.forward(days=2)
    told = counter.ask()
    change(
        counter,
        "UPDATE bindings SET sealed = (SELECT sealed FROM bindings WHERE id = :his)"
        " WHERE device = :hers",
        his=his.id,
        hers=PHONE,
    )
    with pytest.raises(VerifierFault) as caught:
        counter.send(told, counter.proof(told, phone=phone))
    assert caught.value.code == OPENS.code
    assert counter.see(told).state is State.ASKED


def test_a_thiefs_binding_under_her_index_approves_nothing(counter: Counter, clock: Hands) -> None:
    phone = display_phone()
    his = counter.enrol(phone, user=THIEF, name=THIEFS_PHONE)
    clock.forward(days=2)
    told = counter.ask()
    change(
        counter,
        "UPDATE bindings SET is_primary = 0, device = :device, user_index ="
        " (SELECT user_index FROM transactions WHERE id = :wanted) WHERE id = :his",
        his=his.id,
        device=PHONE,
        wanted=told.id,
    )
    with pytest.raises(VerifierFault) as caught:
        counter.send(told, counter.proof(told, phone=phone))
    assert caught.value.code == OPENS.code
    assert counter.see(told).state is State.ASKED


@pytest.mark.parametrize(
    "altered",
    [{"device": TABLET}, {"expires_at": 1 << 52}, {"digest": bytes(32)}],
    ids=["device", "time", "digest"],
)
def test_a_question_whose_row_was_altered_is_answered_by_nobody(
    counter: Counter, altered: dict[str, object]
) -> None:
    """Whoever writes to the database alone points it to his own device, or gives himself time."""
    tablet = display_phone()
    counter.enrol(tablet, name=TABLET)
    told = counter.ask()
    ((column, value),) = altered.items()
    change(
        counter,
        f"UPDATE transactions SET {column} = :value WHERE tenant = :tenant AND id = :id",  # noqa: S608
        tenant=counter.caller.tenant,
        id=told.id,
        value=value,
    )
    phone, device = (tablet, TABLET) if column == "device" else (counter.phone, PHONE)
    with pytest.raises(VerifierFault) as caught:
        counter.send(told, counter.proof(told, phone=phone), device=device)
    assert caught.value.rule == OPENS


def test_another_transaction_in_the_place_of_an_approved_one_is_not_handed_off(
    counter: Counter,
) -> None:
    good, bad = approved(counter), counter.ask()
    change(
        counter,
        "UPDATE transactions SET sealed = (SELECT sealed FROM transactions WHERE id = :bad),"
        " digest = (SELECT digest FROM transactions WHERE id = :bad) WHERE id = :good",
        good=good.id,
        bad=bad.id,
    )
    with pytest.raises(VerifierFault) as caught:
        counter.carry_out(good)
    assert caught.value.code == OPENS.code
