"""From asking to the books: the usual ways of a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.conduct.denials import denied
from tests.service.confirming.counter import (
    DETAILS_WRONG,
    PHONE,
    Counter,
    payee,
)
from tests.service.house import TENANT
from tests.service.phones import IN_ORDER
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.answer import DIGEST_OCTETS
from warifu.authentication.transaction.confirmation import Display
from warifu.authentication.transaction.encoding import decode
from warifu.authentication.transaction.proximity import proximity_code
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.value import Kind, Language, NameCheck
from warifu.base.codec.text import from_base64url
from warifu.base.errors import Misuse
from warifu.base.secret import Secret
from warifu.service.conduct.confirming import asked, claiming, rules
from warifu.service.conduct.confirming.told import Said, Why
from warifu.service.conduct.decisions.deciding import UserKnown
from warifu.service.conduct.decisions.rules import BASIS
from warifu.service.conduct.rules import KNOWN

if TYPE_CHECKING:
    from tests.service.house import Hands
    from warifu.service.conduct.confirming.told import TransactionTold

HOUR = 3_600


def test_a_transfer_that_was_approved_is_handed_off_once(counter: Counter) -> None:
    told = counter.ask()
    assert told.state is State.ASKED
    assert told.text is not None
    assert "10,000円" in told.text
    assert "タナカ タロウ" in told.text
    outcome = counter.send(told)
    assert (outcome.state, outcome.code, outcome.reasons) == (State.APPROVED, None, ())
    assert counter.due() == [told.id]
    assert counter.carry_out(told).state is State.HANDED_OFF
    assert counter.acknowledge(told, "core-1").reference == "core-1"
    assert counter.due() == []


def test_what_is_told_of_an_outcome_names_its_proof_and_its_decision(counter: Counter) -> None:
    told = counter.ask()
    outcome = counter.send(told)
    seen = counter.see(told)
    assert seen.answer is not None
    assert (seen.answer.verdict, seen.answer.reason) == (Said.OK, None)
    assert seen.answer.display is Display.TRUSTED_ENVIRONMENT
    assert seen.answer.user_verified is True
    assert seen.decision == outcome.decision
    assert counter.count("decisions") == 1
    assert counter.count("ledger_leaves") >= 2


def test_the_bytes_name_the_bank_and_not_only_the_service(counter: Counter) -> None:
    told = counter.ask()
    transaction = decode(from_base64url(told.transaction or ""))
    assert transaction.verifier == f"warifu/{TENANT}"
    assert transaction.device == PHONE
    assert len(from_base64url(told.digest or "")) == DIGEST_OCTETS


def test_a_refusal_needs_the_device_key_alone_and_no_decision(counter: Counter) -> None:
    told = counter.ask()
    outcome = counter.refuse(told, DETAILS_WRONG)
    seen = counter.see(told)
    assert outcome.state is State.REFUSED
    assert seen.answer is not None
    assert (seen.answer.verdict, seen.answer.reason) == (Said.NG, Why.DETAILS_WRONG)
    assert counter.count("decisions") == 0
    assert counter.due() == []
    assert counter.cases() == []


def test_the_same_answer_sent_again_is_told_the_same_outcome(counter: Counter) -> None:
    told = counter.ask()
    proof = counter.proof(told)
    first = counter.send(told, proof)
    assert counter.send(told, proof) == first
    assert counter.count("late_answers") == 0


def test_another_answer_after_the_outcome_is_recorded_and_refused(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    with denied(transaction_rules.DECIDED):
        counter.refuse(told)
    assert [each.code for each in counter.see(told).late] == [transaction_rules.DECIDED.code]
    assert counter.see(told).state is State.APPROVED


def test_a_late_answer_expires_the_transaction_and_is_recorded(
    counter: Counter, clock: Hands
) -> None:
    told = counter.ask()
    clock.forward(seconds=300)
    assert counter.see(told).state is State.EXPIRED
    with denied(transaction_rules.LATE):
        counter.send(told)
    seen = counter.see(told)
    assert seen.state is State.EXPIRED
    assert [each.code for each in seen.late] == [transaction_rules.LATE.code]
    assert counter.due() == []


def test_late_answers_are_recorded_only_so_often(counter: Counter) -> None:
    told = counter.ask()
    counter.cancel(told)
    for _ in range(22):
        with denied(transaction_rules.DECIDED):
            counter.refuse(told)
    assert len(counter.see(told).late) == 20


def test_a_cancelled_transaction_cannot_be_approved(counter: Counter) -> None:
    told = counter.ask()
    assert counter.cancel(told).state is State.CANCELLED
    assert counter.cancel(told).state is State.CANCELLED
    with denied(transaction_rules.DECIDED):
        counter.send(told)
    assert counter.due() == []


def test_what_was_handed_off_cannot_be_cancelled(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    counter.carry_out(told)
    with denied(transaction_rules.STATE):
        counter.cancel(told)


def test_a_decision_that_refuses_is_the_outcome_with_its_reasons(counter: Counter) -> None:
    account = replace(IN_ORDER.account, limit_left=1)
    told = counter.ask(bank=replace(IN_ORDER, account=account))
    outcome = counter.send(told)
    assert outcome.state is State.FAILED
    assert [each.code for each in outcome.reasons] == ["within-todays-limit"]
    assert counter.see(told).state is State.FAILED
    assert counter.see(told).decision == outcome.decision


def test_a_large_transfer_is_decided_as_one(counter: Counter) -> None:
    told = counter.ask(amount=asked.AskedAmount(minor=100_001, currency="JPY"))
    assert counter.send(told).state is State.APPROVED
    operation = counter.rows("SELECT operation FROM decisions WHERE tenant = :tenant")[0][0]
    assert operation == "high-value-transfer"


def test_what_the_bank_knows_now_goes_before_what_it_knew(counter: Counter) -> None:
    told = counter.ask(bank=replace(IN_ORDER, account=replace(IN_ORDER.account, limit_left=1)))
    assert counter.send(told, bank=IN_ORDER).state is State.APPROVED


def test_the_proof_verifies_the_user_whatever_the_bank_says(counter: Counter) -> None:
    unknown = replace(IN_ORDER, user=UserKnown())
    assert counter.send(counter.ask(bank=unknown)).state is State.APPROVED


def test_evidence_without_its_challenge_is_no_basis(counter: Counter) -> None:
    told = counter.ask()
    with pytest.raises(Misuse) as caught:
        counter.send(told, challenge="0" * 36)
    assert caught.value.code == BASIS.code


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.LINK_ACCOUNT, {"amount": None}),
        (Kind.RAISE_LIMIT, {"payee": None}),
        (Kind.REGISTER_PAYEE, {"amount": None}),
        (
            Kind.SIGN_DOCUMENT,
            {
                "amount": None,
                "payee": None,
                "document": asked.AskedDocument(
                    sha256=b"d" * 32, title="Loan agreement", pages=(b"p" * 32,)
                ),
            },
        ),
    ],
)
def test_every_kind_can_be_confirmed(
    counter: Counter, clock: Hands, kind: Kind, fields: dict[str, Any]
) -> None:
    told = counter.ask(kind=kind, language=Language.EN, **fields)
    outcome = counter.send(told)
    assert outcome.state in {State.APPROVED, State.HELD}, outcome
    assert (outcome.state is State.HELD) == (told.flags.hold_seconds > 0)
    clock.forward(seconds=told.flags.hold_seconds)
    assert counter.due() == [told.id]
    assert counter.carry_out(told).state is State.HANDED_OFF


def test_what_is_held_is_not_handed_off_before_its_time(counter: Counter, clock: Hands) -> None:
    told = counter.ask(kind=Kind.LINK_ACCOUNT, amount=None)
    outcome = counter.send(told)
    assert outcome.state is State.HELD
    assert outcome.hold_until is not None
    assert counter.due() == []
    with denied(rules.DUE):
        counter.carry_out(told)
    clock.forward(seconds=told.flags.hold_seconds - 1)
    with denied(rules.DUE):
        counter.carry_out(told)


def test_a_payees_look_alikes_are_told_and_not_refused(counter: Counter) -> None:
    told = counter.ask(payee=payee(name="ニシムラ エ業"))
    assert [(each.character, each.twin) for each in told.look_alikes] == [("エ", "工")]
    assert counter.ask(payee=payee(name="ニシムラ 工藤")).look_alikes == ()


def test_a_payee_in_two_scripts_is_refused(counter: Counter) -> None:
    with pytest.raises(Misuse) as caught:
        counter.ask(payee=payee(name="Tаnaka Taro"))
    assert caught.value.code == transaction_rules.PAYEE_SCRIPT.code


def test_a_name_that_does_not_match_is_shown_with_a_warning(counter: Counter) -> None:
    told = counter.ask(payee=payee(name_check=NameCheck.DIFFERS))
    assert "詐欺" in (told.text or "")


def test_a_device_that_is_not_bound_is_not_asked(counter: Counter) -> None:
    for changed in ({"device": "somebody-elses"}, {"user": "taro"}):
        with denied(USABLE):
            counter.ask(**changed)


def test_an_app_that_is_not_there_is_not_asked_for(counter: Counter) -> None:
    with pytest.raises(Misuse) as caught:
        counter.ask(app="nowhere")
    assert caught.value.code == KNOWN.code


def test_a_kind_that_is_only_pushed_cannot_be_left_to_be_claimed(counter: Counter) -> None:
    with pytest.raises(Misuse) as caught:
        counter.ask(kind=Kind.RAISE_LIMIT, payee=None, device=None)
    assert caught.value.code == rules.WAY.code


def claim_of(counter: Counter, told: TransactionTold, **changed: Any) -> asked.ClaimRequest:
    """What a phone beside the screen sends."""
    assert told.claim is not None
    secret = Secret(from_base64url(told.claim.secret))
    operation = bytes.fromhex(told.id.replace("-", ""))
    members: dict[str, Any] = {
        "user": told.user,
        "device": PHONE,
        "claim": told.claim.link.rpartition("=")[2],
        "code": proximity_code(secret, operation, counter.house.clock()),
        **changed,
    }
    return asked.ClaimRequest(**members)


def test_a_claimed_transaction_is_answered_like_a_pushed_one(counter: Counter) -> None:
    asked_for = counter.ask(device=None)
    assert (asked_for.state, asked_for.transaction) == (State.UNCLAIMED, None)
    told = claiming.claim(counter.work(), asked_for.id, claim_of(counter, asked_for))
    assert (told.state, told.device, told.claim) == (State.ASKED, PHONE, None)
    assert counter.send(told).state is State.APPROVED


def test_nobody_answers_what_nobody_claimed(counter: Counter) -> None:
    told = counter.ask()
    unclaimed = counter.ask(device=None)
    with denied(USABLE):
        counter.send(unclaimed, counter.proof(told), device=PHONE)


def test_a_wrong_code_costs_a_try_and_a_wrong_link_none(counter: Counter) -> None:
    told = counter.ask(device=None)
    right = claim_of(counter, told)
    wrong = replace(right, code=str((int(right.code) + 1) % 10**6).zfill(6))
    with denied(rules.CLAIM):
        claiming.claim(counter.work(), told.id, replace(right, claim="A" * 43))
    assert counter.see(told).tries == 0
    for spent in range(1, 6):
        with denied(transaction_rules.PROXIMITY):
            claiming.claim(counter.work(), told.id, wrong)
        assert counter.see(told).tries == spent
    assert counter.see(told).state is State.FAILED
    with denied(transaction_rules.STATE):
        claiming.claim(counter.work(), told.id, right)


def test_a_photographed_code_is_of_no_use_a_minute_later(counter: Counter, clock: Hands) -> None:
    told = counter.ask(device=None)
    photographed = claim_of(counter, told)
    clock.forward(seconds=61)
    with denied(transaction_rules.PROXIMITY):
        claiming.claim(counter.work(), told.id, photographed)


def test_a_link_is_claimed_by_a_device_of_its_user_only(counter: Counter) -> None:
    told = counter.ask(device=None)
    counter.enrol(phone=type(counter.phone)(), user="taro", name="taros-phone")
    with denied(rules.CLAIM):
        claiming.claim(
            counter.work(), told.id, claim_of(counter, told, user="taro", device="taros-phone")
        )
    with denied(USABLE):
        claiming.claim(counter.work(), told.id, claim_of(counter, told, device="taros-phone"))


def test_nothing_about_the_person_stands_in_the_rows(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    for table in ("transactions", "reserved", "ledger_leaves", "audit", "decisions"):
        for row in counter.rows(f"SELECT * FROM {table} WHERE tenant = :tenant"):  # noqa: S608
            shown = repr(row)
            assert "hanako'" not in shown, table
            assert "タナカ" not in shown, table
            assert "7654321" not in shown, table
