"""What the ledger says of late answers, disowned and cancelled transactions; each about nobody."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.books.bank import extend
from tests.service.conduct.denials import denied
from tests.service.confirming.counter import NG, NOT_ME, PHONE, USER, Counter
from warifu.authentication.ledger.leaf import Leaf, LeafKind, decode_leaf, open_commitment, salt_for
from warifu.authentication.receipt.parts import Outcome, outcome_bytes
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.answer import Verdict
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.template import template_digest
from warifu.base.codec.text import from_base64url
from warifu.base.errors import BadEvidence
from warifu.base.secret import Secret
from warifu.service.conduct.confirming.cases import KeptCase
from warifu.service.conduct.confirming.kept import KeptAnswer, load
from warifu.service.conduct.confirming.told import Said, Why
from warifu.service.conduct.sealing import of_row, tenant_owner

if TYPE_CHECKING:
    from tests.service.house import Hands
    from warifu.service.conduct.books.leaves import LeafOpening
    from warifu.service.conduct.confirming.told import TransactionTold


def leaves(counter: Counter, told: TransactionTold) -> list[tuple[str, Leaf]]:
    """Ids and leaves about a transaction, oldest first."""
    rows = counter.rows(
        "SELECT id, leaf, subject FROM ledger_leaves WHERE tenant = :tenant ORDER BY id"
    )
    return [(row[0], decode_leaf(bytes(row[1]))) for row in rows if row[2] == told.id]


def kinds(counter: Counter, told: TransactionTold) -> list[LeafKind]:
    return sorted(leaf.kind for _, leaf in leaves(counter, told))


def unsealed(counter: Counter, kind: str, row: str, sealed: bytes, as_type: type[Any]) -> Any:
    work = counter.work()
    plain = work.house.vault.unseal(tenant_owner(work), of_row(kind, row), bytes(sealed))
    return msgspec.msgpack.decode(plain, type=as_type)


def opens(counter: Counter, told: TransactionTold, opening: LeafOpening, **values: bytes) -> Leaf:
    """What is kept opens the leaf, and the leaf commits to these values and to nothing else."""
    found = dict(leaves(counter, told))[opening.id]
    about = {"user": USER.encode(), "transaction": from_base64url(told.digest or ""), **values}
    assert found.commitments.keys() == about.keys()
    for name, value in about.items():
        salt = salt_for(Secret(opening.secret), name)
        assert open_commitment(found, name, value=value, salt=salt) == value
    return found


def outcome(counter: Counter, told: TransactionTold, **members: Any) -> bytes:
    held = load(counter.work(), counter.house.database, told.id)
    return outcome_bytes(
        Outcome(
            transaction=from_base64url(told.digest or ""),
            template=template_digest(held.kept.template),
            decision="none",
            rule_set=sha256(b"").digest(),
            **members,
        )
    )


def kept_answer(counter: Counter, told: TransactionTold) -> KeptAnswer:
    answer = load(counter.work(), counter.house.database, told.id).answer
    assert answer is not None
    return answer


def test_a_late_answer_has_a_leaf_that_its_record_opens(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    proof = counter.proof(told, NG)
    with denied(transaction_rules.DECIDED):
        counter.send(told, proof)
    assert kinds(counter, told) == [LeafKind.CONFIRMATION, LeafKind.LATE_ANSWER]
    ((name, sealed),) = counter.rows("SELECT id, sealed FROM late_answers WHERE tenant = :tenant")
    late = unsealed(counter, "transaction-answer", told.id, sealed, KeptAnswer)
    assert late.apart.id == name
    opens(counter, told, late.apart, proof=sha256(proof.data).digest())


def test_an_answer_after_the_time_is_over_has_a_leaf_and_the_expiry_another(
    counter: Counter, clock: Hands
) -> None:
    told = counter.ask()
    clock.forward(seconds=300)
    for rule in (transaction_rules.LATE, transaction_rules.DECIDED):
        with denied(rule):
            counter.send(told)
    assert kinds(counter, told) == [
        LeafKind.CONFIRMATION,
        LeafKind.LATE_ANSWER,
        LeafKind.LATE_ANSWER,
    ]
    opening = kept_answer(counter, told).apart
    assert opening is not None
    code = transaction_rules.LATE.code
    ended = outcome(counter, told, state=State.EXPIRED, verdict=None, reasons=(code,), at=clock.now)
    opens(counter, told, opening, outcome=ended, device=PHONE.encode())


def test_a_late_answer_that_is_not_recorded_any_more_has_no_leaf(counter: Counter) -> None:
    told = counter.ask()
    counter.cancel(told)
    for _ in range(22):
        with denied(transaction_rules.DECIDED):
            counter.refuse(told)
    assert kinds(counter, told).count(LeafKind.LATE_ANSWER) == 20


def test_a_late_answer_sent_again_takes_no_place_from_another(
    counter: Counter, clock: Hands
) -> None:
    told = counter.ask()
    counter.cancel(told)
    late = counter.proof(told, NG)
    for proof in [late] * 25 + [counter.proof(told, NG, NOT_ME)]:
        clock.forward(seconds=1)
        with denied(transaction_rules.DECIDED):
            counter.send(told, proof)
    assert kinds(counter, told).count(LeafKind.LATE_ANSWER) == 2
    said = [(each.verdict, each.reason) for each in counter.see(told).late]
    assert said == [(Said.NG, Why.CHANGED_MIND), (Said.NG, Why.NOT_ME)]


def test_an_answer_that_does_not_verify_leaves_nothing_in_the_ledger(counter: Counter) -> None:
    told, other = counter.ask(), counter.ask()
    counter.cancel(told)
    before = counter.count("ledger_leaves")
    with pytest.raises(BadEvidence) as caught:
        counter.send(told, counter.proof(other))
    assert caught.value.code == proof_rules.CONFIRMATION_PROMPT.code
    assert counter.count("ledger_leaves") == before


def test_not_me_has_a_leaf_beside_the_outcomes_that_the_case_opens(counter: Counter) -> None:
    told = counter.ask()
    reported = counter.send(told, counter.proof(told, NG, NOT_ME))
    assert kinds(counter, told) == [LeafKind.CONFIRMATION, LeafKind.NOT_ME]
    ((name, sealed),) = counter.rows("SELECT id, sealed FROM cases WHERE tenant = :tenant")
    assert reported.case == name
    case = unsealed(counter, "case", name, sealed, KeptCase)
    opens(counter, told, case.leaf, case=name.encode())
    counter.close(name)
    ((_, closed),) = counter.rows("SELECT id, sealed FROM cases WHERE tenant = :tenant")
    assert unsealed(counter, "case", name, closed, KeptCase).leaf == case.leaf


def test_a_refusal_for_another_reason_says_nothing_of_not_me(counter: Counter) -> None:
    told = counter.ask()
    counter.refuse(told)
    assert kinds(counter, told) == [LeafKind.CONFIRMATION]


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_cancellation_has_a_leaf_beside_that_of_an_approval(
    counter: Counter, clock: Hands, *, is_approved: bool
) -> None:
    told = counter.ask()
    if is_approved:
        counter.send(told)
    counter.cancel(told)
    counter.cancel(told)
    assert kinds(counter, told) == [LeafKind.CONFIRMATION] * (1 + is_approved)
    opening = kept_answer(counter, told).apart
    assert opening is not None
    verdict = Verdict.OK if is_approved else None
    ended = outcome(counter, told, state=State.CANCELLED, verdict=verdict, at=clock.now)
    opens(counter, told, opening, outcome=ended, device=PHONE.encode())


def test_what_no_device_ever_had_is_cancelled_without_a_leaf(counter: Counter) -> None:
    told = counter.ask(device=None)
    counter.cancel(told)
    assert leaves(counter, told) == []


def test_the_sequencer_places_them_like_all_others(counter: Counter) -> None:
    told = counter.ask()
    counter.cancel(told)
    with denied(transaction_rules.DECIDED):
        counter.refuse(told)
    stolen = counter.ask()
    counter.send(stolen, counter.proof(stolen, NG, NOT_ME))
    extend(counter.house)
    waiting = counter.rows(
        "SELECT COUNT(*) FROM ledger_leaves WHERE tenant = :tenant AND place IS NULL"
    )
    assert waiting == [(0,)]
