"""Registrations stand as long as what is believed today says so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.service.phones import Bank, IPhone, Passkey, the_bytes
from tests.support import no_statement
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.service.conduct.evidence.rules import KEPT
from warifu.service.conduct.evidence.standing import recall
from warifu.service.store.database import Statement
from warifu.service.store.evidence import read_kept

if TYPE_CHECKING:
    from tests.service.house import Hands, HeldTrust
    from warifu.service.conduct.decisions.deciding import DecisionAnswer
    from warifu.service.store.database import Row


def signed(bank: Bank, phone: IPhone | Passkey) -> DecisionAnswer:
    """A transfer signed by a registered phone."""
    challenge = bank.challenge()
    return bank.decide(challenge, phone.assertion(the_bytes(challenge)))


def standing_of(answer: DecisionAnswer) -> str | None:
    assert answer.appraisal is not None
    return answer.appraisal.standing


def test_registration_is_judged_once_under_one_policy_and_trust(
    bank: Bank, iphone: IPhone, clock: Hands
) -> None:
    bank.register(iphone)
    first = signed(bank, iphone)
    clock.forward(hours=23)
    assert standing_of(signed(bank, iphone)) == standing_of(first)


def test_registration_is_judged_again_after_a_day(bank: Bank, iphone: IPhone, clock: Hands) -> None:
    bank.register(iphone)
    first = signed(bank, iphone)
    clock.forward(hours=25)
    again = signed(bank, iphone)
    assert again.outcome == "serve"
    assert standing_of(again) not in {None, standing_of(first)}


def test_registration_is_judged_again_when_trust_changes(
    bank: Bank, iphone: IPhone, trust: HeldTrust
) -> None:
    bank.register(iphone)
    first = signed(bank, iphone)
    trust.revoked = (0xBAD,)
    again = signed(bank, iphone)
    assert again.outcome == "serve"
    assert standing_of(again) not in {None, standing_of(first)}


def test_registration_made_long_ago_is_not_too_old_to_stand(
    bank: Bank, iphone: IPhone, clock: Hands
) -> None:
    bank.register(iphone)
    clock.forward(days=400)
    assert signed(bank, iphone).outcome == "serve"


def test_registration_falls_with_the_root_it_rested_on(
    bank: Bank, iphone: IPhone, trust: HeldTrust
) -> None:
    bank.register(iphone)
    assert signed(bank, iphone).outcome == "serve"
    trust.without = frozenset({"test-apple"})
    answer = signed(bank, iphone)
    assert answer.outcome == "refuse"
    assert answer.evidence is not None
    assert answer.evidence.verdict == "accepted"
    assert {"device-trusted", "key-trusted"} <= {
        reason.rule or reason.code for reason in answer.reasons
    }


def test_passkey_falls_with_its_model(bank: Bank, passkey: Passkey, trust: HeldTrust) -> None:
    bank.register(passkey)
    assert signed(bank, passkey).outcome == "serve"
    trust.fallen = "ATTESTATION_KEY_COMPROMISE"
    assert signed(bank, passkey).outcome == "refuse"


def test_registration_whose_bytes_are_gone_does_not_stand_for_longer_than_its_appraisal(
    bank: Bank, iphone: IPhone, clock: Hands
) -> None:
    bank.register(iphone)
    assert signed(bank, iphone).outcome == "serve"
    forget_bytes(bank)
    assert signed(bank, iphone).outcome == "serve"
    clock.forward(hours=25)
    answer = signed(bank, iphone)
    assert answer.outcome == "refuse"
    assert standing_of(answer) is None


def test_what_a_registration_does_not_rest_on_may_grow_stale(
    bank: Bank, passkey: Passkey, trust: HeldTrust
) -> None:
    bank.register(passkey)
    first = signed(bank, passkey)
    trust.list_age = timedelta(days=3)
    again = signed(bank, passkey)
    assert again.outcome == "serve"
    assert standing_of(again) != standing_of(first)


def test_kept_evidence_is_recalled_as_it_was_received(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    sent = iphone.assertion(the_bytes(challenge), payee="0009-123-7654321")
    answer = bank.decide(challenge, sent)
    assert answer.evidence is not None
    recalled = recall(bank.house, bank.caller.tenant, kept(bank, answer.evidence.id))
    assert recalled.verdict.request.evidence == sent.data
    expected = recalled.expectations()
    assert isinstance(expected, AppAttestAssertionExpectations)
    assert expected.client_data == sent.client_data
    assert expected.challenge == the_bytes(challenge)


def test_evidence_whose_bytes_are_gone_cannot_be_recalled(bank: Bank, iphone: IPhone) -> None:
    made = bank.register(iphone)
    forget_bytes(bank)
    with no_statement(KEPT):
        recall(bank.house, bank.caller.tenant, kept(bank, made.id))


def test_client_data_stands_in_no_row_in_clear(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    answer = bank.decide(challenge, iphone.assertion(the_bytes(challenge), payee="0009-1234567"))
    assert answer.evidence is not None
    assert not any(
        b"0009-1234567" in bytes(each)
        for each in kept(bank, answer.evidence.id)
        if isinstance(each, bytes)
    )


def kept(bank: Bank, evidence: str) -> Row:
    with bank.house.database.read() as transaction:
        row = read_kept(transaction, bank.caller.tenant, evidence)
    assert row is not None
    return row


def forget_bytes(bank: Bank) -> None:
    forget = Statement(
        sql="DELETE FROM evidence_bytes WHERE tenant = :tenant",
        values={"tenant": bank.caller.tenant},
    )
    with bank.house.database.write() as transaction:
        transaction.apply([forget])
