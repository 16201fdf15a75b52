"""Attacks on confirmations, by name."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.conduct.denials import denied
from tests.service.confirming.counter import (
    CHANGED_MIND,
    NG,
    NOT_ME,
    OK,
    PHONE,
    TABLET,
    Counter,
    bytes_of,
    display_phone,
    payee,
)
from tests.service.house import TENANT, caller, settle, wallet
from tests.service.phones import Android
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.transaction.states import State
from warifu.base.codec.text import from_base64url
from warifu.base.errors import BadEvidence, Denied, Misuse
from warifu.handset import confirmation as device
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.challenges.challenge import ChallengeRequest, issue_challenge
from warifu.service.conduct.challenges.rules import CONTEXT
from warifu.service.conduct.confirming import asked, asking, rules
from warifu.service.conduct.confirming.acceptance import operation_of
from warifu.service.conduct.decisions.rules import APPRAISAL_CONTEXT, STALE, USED
from warifu.service.conduct.evidence.evidence import EvidenceRequest, submit_evidence
from warifu.service.conduct.rules import KNOWN, SAME_REQUEST
from warifu.service.conduct.work import Once

if TYPE_CHECKING:
    from tests.service.house import Hands
    from warifu.base.rule import Rule
    from warifu.service.conduct.confirming.told import TransactionTold
    from warifu.service.conduct.evidence.expectations import SubmittedEvidence


def refused(counter: Counter, told: TransactionTold, proof: asked.Proof, rule: Rule) -> None:
    """The proof is refused by exactly this rule, and nothing came of it."""
    with pytest.raises((BadEvidence, Denied)) as caught:
        counter.send(told, proof)
    assert caught.value.code == rule.code
    assert counter.see(told).state is State.ASKED
    assert counter.due() == []


def test_text_swapped_after_approval(counter: Counter) -> None:
    """The phone showed a smaller amount than the bank would have carried out."""
    told = counter.ask(amount=asked.AskedAmount(minor=90_000, currency="JPY"))
    small = counter.ask()
    shown = counter.proof(told, prompt=small.text)
    refused(counter, told, shown, proof_rules.CONFIRMATION_PROMPT)
    assert counter.see(told).tries == 0


def test_what_is_handed_off_is_what_was_approved_to_the_letter(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    handed = counter.carry_out(told)
    assert handed.transaction == told.transaction
    assert handed.digest == told.digest
    assert sha256(from_base64url(handed.transaction)).digest() == from_base64url(handed.digest)


def test_ng_replayed_as_ok(counter: Counter) -> None:
    told = counter.ask()
    ng = counter.proof(told, NG, CHANGED_MIND)
    for kind in (ProofKind.PROTECTED_CONFIRMATION, ProofKind.TRUSTED_UI):
        refused_kind = replace(ng, kind=kind)
        with pytest.raises(BadEvidence):
            counter.send(told, refused_kind)
    assert counter.see(told).state is State.ASKED
    assert counter.send(told, ng).state is State.REFUSED


def test_an_ok_by_the_device_key_alone_approves_nothing(counter: Counter) -> None:
    """Malware that can use the key, and not the display."""
    told = counter.ask()
    answer = device.answer_to(bytes_of(told), OK)
    draft = device.EnvelopeDraft(
        answer=answer, key=counter.phone.key, type=device.DEVICE_KEY_TYPE, headers={}
    )
    proof = asked.Proof(kind=ProofKind.DEVICE_KEY, data=draft.encode())
    refused(counter, told, proof, proof_rules.CAN_APPROVE)


def test_downgrade_of_proof_kind(counter: Counter) -> None:
    """An envelope of a trusted application by a key that was bound for a display."""
    told = counter.ask()
    answer = device.answer_to(bytes_of(told), OK)
    data = device.EnvelopeDraft(answer=answer, key=counter.phone.key).encode()
    for kind in (ProofKind.TRUSTED_UI, ProofKind.WEBAUTHN, ProofKind.APP_ATTEST):
        refused(counter, told, asked.Proof(kind=kind, data=data), proof_rules.KIND)


def test_tenant_crossing(counter: Counter) -> None:
    settle(counter.house, "matsu-bank", app=wallet("portal"))
    told = counter.ask()
    proof = counter.proof(told)
    neighbour = Counter(house=counter.house, caller=caller("matsu-bank"), phone=counter.phone)
    for attempt in (
        lambda: neighbour.see(told),
        lambda: neighbour.send(told, proof),
        lambda: neighbour.cancel(told),
        lambda: neighbour.carry_out(told),
    ):
        with pytest.raises(Misuse) as caught:
            attempt()
        assert caught.value.code == KNOWN.code
    assert counter.send(told, proof).state is State.APPROVED
    assert neighbour.due() == []


def test_proof_for_another_transaction(counter: Counter) -> None:
    told, other = counter.ask(), counter.ask()
    proof = counter.proof(other, NG, CHANGED_MIND)
    refused(counter, told, proof, proof_rules.TRANSACTION)
    assert counter.see(told).tries == 0


def test_the_same_transfer_asked_twice_is_answered_twice(counter: Counter) -> None:
    first, second = counter.ask(), counter.ask()
    assert first.digest != second.digest
    proof = counter.proof(first)
    counter.send(first, proof)
    with pytest.raises(BadEvidence):
        counter.send(second, proof)


def test_idempotency_key_reuse(counter: Counter) -> None:
    """Another transfer under the key of the first: the commit itself refuses it."""
    keyed = [Once(key="k-1", request=secrets.token_bytes(32)) for _ in range(2)]
    asks = [counter.work(once=each) for each in keyed]
    made = counter.count("transactions")
    asking.ask(asks[0], counter.request())
    with denied(SAME_REQUEST):
        asking.ask(asks[1], counter.request(amount=asked.AskedAmount(minor=1, currency="JPY")))
    assert counter.count("transactions") == made + 1


def about(
    counter: Counter, told: TransactionTold, request: asked.TransactionRequest | None = None
) -> dict[str, Any]:
    """What a challenge for evidence with an answer is issued for."""
    return {
        "app": told.app,
        "operation": operation_of(counter.work(), request or counter.request()),
        "user": told.user,
        "device": told.device,
        "context": {"transaction": told.digest or ""},
    }


def answered(counter: Counter, what: dict[str, Any]) -> tuple[str, SubmittedEvidence]:
    """A challenge, and fresh evidence of the phone."""
    challenge = issue_challenge(counter.work(), ChallengeRequest(**what))
    value = from_base64url(challenge.challenge)
    return challenge.id, Android().evidence(value, counter.house.clock())


def appraisal_for(
    counter: Counter, told: TransactionTold, request: asked.TransactionRequest | None = None
) -> str:
    """Of fresh evidence, submitted apart from the answer."""
    what = about(counter, told, request)
    challenge, evidence = answered(counter, what)
    request_for = EvidenceRequest(challenge=challenge, evidence=evidence, **what)
    return submit_evidence(counter.work(), request_for).appraisal.id


def test_an_appraisal_of_fresh_evidence_serves_the_transaction_it_was_made_for(
    counter: Counter,
) -> None:
    told = counter.ask()
    outcome = counter.send(told, appraisal=appraisal_for(counter, told))
    assert outcome.state is State.APPROVED


def test_stale_appraisal(counter: Counter, clock: Hands) -> None:
    request = counter.request(kind="sign-document", **DOCUMENT)
    told = asking.ask(counter.work(), request)
    appraisal = appraisal_for(counter, told, request)
    clock.forward(minutes=11)
    with denied(STALE):
        counter.send(told, appraisal=appraisal)
    assert counter.see(told).state is State.ASKED


def test_an_appraisal_for_another_transaction_is_no_basis(counter: Counter) -> None:
    told, other = counter.ask(), counter.ask()
    appraisal = appraisal_for(counter, other)
    with denied(APPRAISAL_CONTEXT):
        counter.send(told, appraisal=appraisal)
    assert counter.send(other, appraisal=appraisal).state is State.APPROVED


def test_an_appraisal_that_was_used_is_no_basis(counter: Counter) -> None:
    told = counter.ask()
    appraisal = appraisal_for(counter, told)
    counter.send(told, appraisal=appraisal)
    again = counter.ask()
    with pytest.raises(Denied) as caught:
        counter.send(again, appraisal=appraisal)
    assert caught.value.code in {APPRAISAL_CONTEXT.code, USED.code}


def test_evidence_may_come_with_the_answer(counter: Counter) -> None:
    told = counter.ask()
    challenge, evidence = answered(counter, about(counter, told))
    outcome = counter.send(told, challenge=challenge, evidence=evidence)
    assert outcome.state is State.APPROVED


def test_evidence_that_answers_a_challenge_for_another_transaction(counter: Counter) -> None:
    told, other = counter.ask(), counter.ask()
    challenge, evidence = answered(counter, about(counter, other))
    with denied(CONTEXT):
        counter.send(told, challenge=challenge, evidence=evidence)
    assert counter.see(told).state is State.ASKED


def test_tries_burnt_by_a_stranger(counter: Counter) -> None:
    """Whoever has no bound key cannot spend the owner's tries, and neither can a replay."""
    told, other = counter.ask(), counter.ask()
    stranger = display_phone()
    for proof in (
        counter.proof(told, phone=stranger),
        counter.proof(told, NG, NOT_ME, phone=stranger),
        counter.proof(other),
        counter.proof(other, NG, NOT_ME),
        asked.Proof(kind=ProofKind.PROTECTED_CONFIRMATION, data=b"\xa0"),
        asked.Proof(kind=ProofKind.DEVICE_KEY, data=secrets.token_bytes(200)),
        asked.Proof(kind=ProofKind.TRUSTED_UI, data=counter.proof(told).data),
    ):
        for _ in range(4):
            with pytest.raises(BadEvidence):
                counter.send(told, proof)
    assert counter.see(told).tries == 0
    assert counter.send(told).state is State.APPROVED


def test_tries_are_spent_by_the_bound_key_alone_and_end_in_failure(counter: Counter) -> None:
    told = counter.ask()
    answer = device.answer_to(bytes_of(told), OK)
    draft = device.EnvelopeDraft(
        answer=answer, key=counter.phone.key, type=device.DEVICE_KEY_TYPE, headers={}
    )
    proof = asked.Proof(kind=ProofKind.DEVICE_KEY, data=draft.encode())
    for spent in range(1, 4):
        with pytest.raises(BadEvidence):
            counter.send(told, proof)
        assert counter.see(told).tries == spent
    assert counter.see(told).state is State.FAILED
    with denied(transaction_rules.DECIDED):
        counter.send(told)


def test_weak_answers_cannot_fail_what_is_approved_and_held(counter: Counter) -> None:
    told = counter.ask(kind="link-account", amount=None)
    counter.send(told)
    answer = device.answer_to(bytes_of(told), OK)
    draft = device.EnvelopeDraft(
        answer=answer, key=counter.phone.key, type=device.DEVICE_KEY_TYPE, headers={}
    )
    for _ in range(4):
        with pytest.raises(BadEvidence):
            counter.send(told, asked.Proof(kind=ProofKind.DEVICE_KEY, data=draft.encode()))
    assert counter.see(told).state is State.HELD


def test_a_stranger_cannot_report_that_it_was_not_her(counter: Counter) -> None:
    told = counter.ask()
    refused(
        counter,
        told,
        counter.proof(told, NG, NOT_ME, phone=display_phone()),
        proof_rules.SIGNATURE,
    )
    assert counter.cases() == []


def test_another_device_of_hers_does_not_answer_what_this_one_was_asked(
    counter: Counter, clock: Hands
) -> None:
    tablet = display_phone()
    counter.enrol(tablet, name=TABLET)
    clock.forward(days=2)
    told = counter.ask()
    with denied(USABLE):
        counter.send(told, counter.proof(told, phone=tablet), device=TABLET)
    refused(counter, told, counter.proof(told, phone=tablet), proof_rules.SIGNATURE)


def test_a_suspended_or_revoked_device_answers_nothing(counter: Counter) -> None:
    told = counter.ask()
    (bound,) = counter.bindings()
    asked_for = bindings.SuspendRequest(by=bindings.WhoAsks.CLERK, reason="lost")
    bindings.suspend_binding(counter.work(), bound.id, asked_for)
    for proof in (counter.proof(told), counter.proof(told, NG, NOT_ME)):
        with denied(USABLE):
            counter.send(told, proof)
    ended = bindings.ChangeRequest(by=bindings.WhoAsks.CLERK, reason="lost")
    bindings.revoke_binding(counter.work(), bound.id, ended)
    with denied(USABLE):
        counter.send(told)
    assert counter.cases() == []


def test_look_alike_payee(counter: Counter) -> None:
    """A name in Latin and Cyrillic letters is refused; kana for kanji is flagged, in full view."""
    for name in ("Bаnk of Kaede", "КАЕДЕ", "Kaede\u202eedeak", "カエデ\u200b"):
        with pytest.raises(Misuse):
            counter.ask(payee=payee(name=name))
    told = counter.ask(payee=payee(name="カ藤 太郎"))
    assert told.look_alikes
    assert "カ藤 太郎" in (told.text or "")


def test_one_account_in_other_spellings_has_one_limit(counter: Counter) -> None:
    limits = asked.AskedLimits(per_payee=15_000)
    first = counter.ask(limits=limits)
    assert counter.send(first).state is State.APPROVED
    other = counter.ask(limits=limits, payee=payee(name="TANAKA TARO", account_type="current"))
    outcome = counter.send(other)
    assert (outcome.state, outcome.code) == (State.FAILED, rules.LIMIT.code)


def test_a_caller_cannot_raise_a_limit(counter: Counter) -> None:
    limits = asked.AskedLimits(per_operation=10**12, per_day=10**12, per_payee=10**12)
    told = counter.ask(limits=limits, amount=asked.AskedAmount(minor=5_000_001, currency="JPY"))
    outcome = counter.send(told)
    assert (outcome.state, outcome.code) == (State.FAILED, transaction_rules.LIMIT.code)


def test_a_device_enrolled_by_an_attacker_widens_nothing(counter: Counter) -> None:
    tablet = display_phone()
    counter.enrol(tablet, name=TABLET)
    told = counter.ask(kind="raise-limit", payee=None, device=TABLET)
    outcome = counter.send(told, counter.proof(told, phone=tablet))
    assert (outcome.state, outcome.code) == (State.FAILED, transaction_rules.COOLING_OFF.code)
    large = counter.ask(device=TABLET, amount=asked.AskedAmount(minor=500_001, currency="JPY"))
    outcome = counter.send(large, counter.proof(large, phone=tablet))
    assert (outcome.state, outcome.code) == (State.FAILED, transaction_rules.LIMIT.code)


def test_money_in_a_currency_without_limits_does_not_leave(counter: Counter) -> None:
    told = counter.ask(
        amount=asked.AskedAmount(minor=100, currency="USD"),
        payee=payee(bank="BANKDEFF", branch=None, account="DE89370400440532013000"),
    )
    outcome = counter.send(told)
    assert (outcome.state, outcome.code) == (
        State.FAILED,
        transaction_rules.LIMIT_CURRENCY.code,
    )


def test_a_key_of_this_phone_bound_for_another_user_answers_nothing_of_hers(
    counter: Counter, clock: Hands
) -> None:
    """Two people share a phone: each has a key of their own on it."""
    taros = display_phone()
    counter.enrol(taros, user="taro", name=PHONE)
    clock.forward(days=2)
    told = counter.ask()
    refused(counter, told, counter.proof(told, phone=taros), proof_rules.SIGNATURE)


def test_a_tenant_is_in_the_bytes(counter: Counter) -> None:
    told = counter.ask()
    assert f"warifu/{TENANT}" in (told.text or "").replace("\n  ", "")


DOCUMENT = {
    "amount": None,
    "payee": None,
    "document": asked.AskedDocument(sha256=b"d" * 32, title="Loan", pages=(b"p" * 32,)),
}
