"""Many at once: one outcome, exact sums, whoever is faster."""

from __future__ import annotations

from collections import Counter as Count
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.confirming.counter import NG, NOT_ME, PHONE, USER, Counter, bytes_of, payee
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.transaction.states import State
from warifu.base.errors import WarifuError
from warifu.handset import confirmation as device
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.confirming import asked, rules
from warifu.service.conduct.confirming.kept import held_bucket
from warifu.service.store.transactions import reserved_total

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.service.house import Hands

    Attempt = Callable[[], Any]

AT_ONCE = 64


def all_at_once(attempts: Sequence[Callable[[], Any]]) -> Count[str]:
    """How each ended: the state that it came to, or the code of the rule that denied it."""
    start = Barrier(len(attempts))

    def one(attempt: Callable[[], Any]) -> str:
        start.wait()
        try:
            ended = attempt()
        except WarifuError as error:
            return error.code
        return str(ended.code or ended.state) if hasattr(ended, "code") else str(ended.state)

    with ThreadPoolExecutor(len(attempts)) as pool:
        return Count(pool.map(one, attempts))


def sums(counter: Counter) -> list[int]:
    """All sums but those of cases and devices, smallest first."""
    apart = {held_bucket(counter.work(), USER)}
    apart.add(counter.house.vault.index(counter.caller.tenant, "devices-of", USER.encode()))
    rows = counter.rows("SELECT bucket, total FROM reserved WHERE tenant = :tenant")
    return sorted(total for bucket, total in rows if bytes(bucket) not in apart)


@pytest.mark.parametrize("scope", ["per_day", "per_payee"])
def test_64_transfers_at_the_limit_at_once_never_exceed_it(counter: Counter, scope: str) -> None:
    limits = asked.AskedLimits(**{scope: 105_000})
    told = [
        counter.ask(limits=limits, payee=payee(account=f"{number:07}"))
        if scope == "per_day"
        else counter.ask(limits=limits)
        for number in range(1, AT_ONCE + 1)
    ]
    ended = all_at_once([partial(counter.send, each, counter.proof(each)) for each in told])
    assert ended == {"approved": 10, rules.LIMIT.code: AT_ONCE - 10}
    assert len(counter.due()) == 10
    assert max(sums(counter)) == 100_000
    assert sum(sums(counter)) == 2 * 100_000


def test_one_answer_sent_64_times_at_once_counts_once(counter: Counter) -> None:
    told = counter.ask()
    proof = counter.proof(told)
    ended = all_at_once([lambda: counter.send(told, proof)] * AT_ONCE)
    assert ended == {"approved": AT_ONCE}
    assert sums(counter) == [10_000, 10_000]
    assert counter.count("decisions") == 1
    assert counter.count("late_answers") == 0


def test_ok_against_ng_has_one_outcome(counter: Counter) -> None:
    told = counter.ask()
    proofs = [counter.proof(told), counter.proof(told, NG)]
    ended = all_at_once([partial(counter.send, told, proofs[n % 2]) for n in range(AT_ONCE)])
    state = counter.see(told).state
    assert state in {State.APPROVED, State.REFUSED}
    assert ended == {state.value: AT_ONCE // 2, transaction_rules.DECIDED.code: AT_ONCE // 2}
    assert sums(counter) == ([10_000, 10_000] if state is State.APPROVED else [])


def test_ok_against_cancel_has_one_outcome(counter: Counter) -> None:
    told = counter.ask()
    proof = counter.proof(told)
    attempts: list[Attempt] = [partial(counter.send, told, proof), partial(counter.cancel, told)]
    all_at_once(attempts * (AT_ONCE // 2))
    # What was approved is cancelled after it, and its sums are given back exactly once.
    assert counter.see(told).state is State.CANCELLED
    assert sum(sums(counter)) == 0
    assert counter.due() == []


def test_ok_against_not_me_elsewhere_leaves_nothing_on_its_way(counter: Counter) -> None:
    told, stolen = [counter.ask() for _ in range(31)], counter.ask()
    attempts = [partial(counter.send, each, counter.proof(each)) for each in told]
    report = counter.proof(stolen, NG, NOT_ME)
    ended = all_at_once([*attempts, lambda: counter.send(stolen, report)])
    assert ended["refused"] == 1
    assert ended["approved"] + ended[rules.HELD.code] == 31
    assert counter.due() == []
    taken = all_at_once([partial(counter.carry_out, each) for each in told])
    assert set(taken) <= {rules.HELD.code, rules.DUE.code}


def test_64_reports_at_once_are_one_case_each_and_all_hold(counter: Counter) -> None:
    told = [counter.ask() for _ in range(AT_ONCE)]
    proofs = [counter.proof(each, NG, NOT_ME) for each in told]
    ended = all_at_once([partial(counter.send, *each) for each in zip(told, proofs, strict=True)])
    assert ended == {"refused": AT_ONCE}
    with counter.house.database.read() as transaction:
        bucket = held_bucket(counter.work(), USER)
        held = reserved_total(transaction, counter.caller.tenant, bucket)
    assert held == len(counter.cases()) == AT_ONCE
    all_at_once([partial(counter.close, each.id) for each in counter.cases()])
    after = counter.ask()
    assert counter.send(after).state is State.APPROVED


def test_ok_against_suspension_of_the_phone(counter: Counter) -> None:
    (bound,) = counter.bindings()
    told = [counter.ask() for _ in range(32)]
    suspend = bindings.SuspendRequest(by=bindings.WhoAsks.CLERK, reason="lost")
    attempts: list[Callable[[], Any]] = [
        partial(counter.send, each, counter.proof(each)) for each in told
    ]
    attempts.append(lambda: bindings.suspend_binding(counter.work(), bound.id, suspend))
    ended = all_at_once(attempts)
    assert ended["suspended"] == 1
    assert ended["approved"] + ended[USABLE.code] + ended[rules.MOVED.code] == 32
    assert len(counter.due()) == ended["approved"]
    assert sums(counter)[-1:] in ([], [10_000 * ended["approved"]])


def test_ok_against_expiry(counter: Counter, clock: Hands) -> None:
    told = counter.ask()
    proof = counter.proof(told)

    def late() -> Any:
        clock.now = told.expires_at
        return counter.send(told, counter.proof(told, NG))

    ended = all_at_once([*[lambda: counter.send(told, proof)] * 32, *[late] * 32])
    state = counter.see(told).state
    assert state in {State.APPROVED, State.EXPIRED}
    assert ended["refused"] == 0
    assert (ended["approved"] > 0) == (state is State.APPROVED)
    assert sums(counter) == ([10_000, 10_000] if state is State.APPROVED else [])


def test_wrong_answers_of_the_owner_at_once_spend_exactly_the_tries_there_are(
    counter: Counter,
) -> None:
    told = counter.ask()
    answer = device.answer_to(bytes_of(told), device.OK)
    draft = device.EnvelopeDraft(
        answer=answer, key=counter.phone.key, type=device.DEVICE_KEY_TYPE, headers={}
    )
    proof = asked.Proof(kind=ProofKind.DEVICE_KEY, data=draft.encode())
    ended = all_at_once([lambda: counter.send(told, proof)] * AT_ONCE)
    assert ended[proof_rules.CAN_APPROVE.code] >= 3
    assert set(ended) <= {proof_rules.CAN_APPROVE.code, rules.TRIES.code}
    seen = counter.see(told)
    assert (seen.tries, seen.state) == (3, State.FAILED)


def test_one_hand_off_taken_and_acknowledged_64_times_at_once(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    taken = all_at_once([partial(counter.carry_out, told)] * AT_ONCE)
    assert set(taken) <= {"handed-off", rules.MOVED.code}
    assert counter.see(told).hand_offs == taken["handed-off"] >= 1
    ended = all_at_once(
        [partial(counter.acknowledge, told, f"core-{number % 2}") for number in range(AT_ONCE)]
    )
    assert ended["acknowledged"] == ended[rules.REFERENCE.code] == AT_ONCE // 2
    assert counter.see(told).state is State.ACKNOWLEDGED


def test_cancel_against_hand_off(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    attempts: list[Attempt] = [partial(counter.carry_out, told), partial(counter.cancel, told)]
    all_at_once(attempts * 16)
    state = counter.see(told).state
    assert state in {State.HANDED_OFF, State.CANCELLED}
    assert sums(counter) == ([10_000, 10_000] if state is State.HANDED_OFF else [0, 0])


def test_64_phones_at_once_claim_once(counter: Counter) -> None:
    from tests.service.confirming.test_confirming import claim_of  # noqa: PLC0415
    from warifu.service.conduct.confirming import claiming  # noqa: PLC0415

    told = counter.ask(device=None)
    claim = claim_of(counter, told)
    ended = all_at_once([lambda: claiming.claim(counter.work(), told.id, claim)] * AT_ONCE)
    assert ended == {"asked": 1, transaction_rules.STATE.code: AT_ONCE - 1}
    assert counter.see(told).device == PHONE
