"""Attacks by name: what was answered for one thing is not taken for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.conduct.denials import denied
from tests.service.house import POLICIES, Hands, HeldTrust, put_app, settle, wallet
from tests.service.phones import (
    IN_ORDER,
    LOGIN,
    TRANSFER,
    Android,
    Bank,
    IPhone,
    Passkey,
    the_bytes,
)
from tests.support import misuse
from warifu.attestation.evidence.rules import android_key as android_rules
from warifu.attestation.evidence.rules import app_attest_assertion, webauthn
from warifu.handset import app_attest
from warifu.handset.android_key import SIGNER, UNVERIFIED, application, root_of_trust
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.challenges.asking import AskedOperation
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN, CONTEXT, IN_TIME, UNUSED
from warifu.service.conduct.decisions.rules import (
    APPRAISAL_CONTEXT,
    APPRAISAL_KNOWN,
    BASIS,
    POLICY,
    STALE,
    USED,
)
from warifu.service.conduct.evidence.expectations import SubmittedEvidence
from warifu.service.conduct.evidence.rules import FORM, KNOWN_KEY, NEW_KEY, PLATFORM, SAME_DEVICE
from warifu.service.conduct.rules import KNOWN

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.conduct.challenges.challenge import ChallengeAnswer
    from warifu.service.conduct.decisions.deciding import DecisionAnswer

MORE = AskedOperation(kind=Operation.TRANSFER, amount=90_000, currency="JPY", payee_known=True)


def refused_by(answer: DecisionAnswer, rule: Rule) -> None:
    """The evidence is refused by exactly this rule, and the decision refuses."""
    assert answer.outcome == "refuse"
    assert answer.evidence is not None
    assert (answer.evidence.verdict, answer.evidence.code) == ("refused", rule.code)


@pytest.fixture
def other(bank: Bank) -> Bank:
    """Another bank at the same service."""
    return Bank(house=bank.house, caller=settle(bank.house, "matsu-bank"))


# Challenges


@pytest.mark.parametrize(
    "changed",
    [
        {"operation": MORE},
        {"operation": msgspec.structs.replace(TRANSFER, currency="USD")},
        {"operation": msgspec.structs.replace(TRANSFER, payee_known=None)},
        {"operation": LOGIN},
        {"user": "taro"},
        {"user": None},
        {"device": "taros-phone"},
        {"context": {"payee": "9999-999-9999999"}},
        {"context": {}},
    ],
    ids=[
        "amount",
        "currency",
        "payee no longer known",
        "operation",
        "user",
        "no user",
        "device",
        "payee",
        "no payee",
    ],
)
def test_challenge_of_another_context(bank: Bank, clock: Hands, changed: dict[str, Any]) -> None:
    challenge = bank.challenge()
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    with denied(CONTEXT):
        bank.decide(challenge, evidence, **changed)
    assert bank.decide(challenge, evidence).outcome == "serve"


def test_challenge_of_another_app(bank: Bank, clock: Hands) -> None:
    with bank.house.database.write() as transaction:
        transaction.apply(put_app(bank.caller.tenant, wallet("teller"), now=clock.now))
    challenge = bank.challenge()
    with denied(CONTEXT):
        bank.decide(challenge, Android().evidence(the_bytes(challenge), clock.now), app="teller")


def test_challenge_of_another_tenant(bank: Bank, other: Bank, clock: Hands) -> None:
    challenge = other.challenge()
    with denied(CHALLENGE_KNOWN):
        bank.decide(challenge, Android().evidence(the_bytes(challenge), clock.now))
    assert bank.count("decisions") == 0


def test_evidence_for_somebody_elses_challenge(bank: Bank, clock: Hands) -> None:
    given, own = bank.challenge(user="taro"), bank.challenge()
    refused_by(
        bank.decide(own, Android().evidence(the_bytes(given), clock.now)),
        android_rules.CHALLENGE,
    )


@pytest.mark.parametrize("seconds", [300, 301, 86_400, -1, -86_400])
def test_clock_jumps_forth_and_back(bank: Bank, clock: Hands, seconds: int) -> None:
    challenge = bank.challenge()
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    clock.forward(seconds=seconds)
    with denied(IN_TIME):
        bank.decide(challenge, evidence)
    clock.forward(seconds=-seconds)
    assert bank.decide(challenge, evidence).outcome == "serve"
    clock.forward(seconds=seconds)
    with denied(UNUSED):
        bank.decide(challenge, evidence)


def test_challenge_is_used_up_by_evidence_that_was_refused(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    guess = Android().evidence(b"a guess at the challenge of 32 B.", clock.now)
    refused_by(bank.decide(challenge, guess), android_rules.CHALLENGE)
    with denied(UNUSED):
        bank.decide(challenge, Android().evidence(the_bytes(challenge), clock.now))


# Devices


def test_unlocked_phone_is_refused_with_its_reasons(bank: Bank, clock: Hands) -> None:
    rooted = root_of_trust(locked=False, state=UNVERIFIED, boot_key=bytes(32))
    phone = Android(change=lambda made: made.description.hardware.set(704, rooted))
    challenge = bank.challenge()
    answer = bank.decide(challenge, phone.evidence(the_bytes(challenge), clock.now))
    assert answer.outcome == "refuse"
    assert "device-trusted" in {reason.code for reason in answer.reasons}
    assert answer.evidence is not None
    assert answer.evidence.verdict == "accepted"


def test_repackaged_app_is_refused(bank: Bank, clock: Hands) -> None:
    forged = application(signers=(bytes(reversed(SIGNER)),))
    phone = Android(change=lambda made: made.description.software.set(709, forged))
    challenge = bank.challenge()
    answer = bank.decide(challenge, phone.evidence(the_bytes(challenge), clock.now))
    assert answer.outcome == "refuse"
    assert "app-trusted" in {reason.code for reason in answer.reasons}


def test_evidence_of_another_app_of_the_same_phone(bank: Bank, clock: Hands) -> None:
    game = application({"jp.example.game": 1})
    phone = Android(change=lambda made: made.description.software.set(709, game))
    challenge = bank.challenge()
    refused_by(
        bank.decide(challenge, phone.evidence(the_bytes(challenge), clock.now)), android_rules.APP
    )


def test_assertion_made_in_another_app_with_the_registered_key(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    iphone.device.app = "TEAM123456.jp.example.game"
    refused_by(
        bank.decide(challenge, iphone.assertion(the_bytes(challenge))), app_attest_assertion.APP
    )


def test_key_registered_with_another_app_of_the_bank(
    bank: Bank, clock: Hands, iphone: IPhone
) -> None:
    with bank.house.database.write() as transaction:
        transaction.apply(put_app(bank.caller.tenant, wallet("teller"), now=clock.now))
    bank.register(iphone, app="teller")
    challenge = bank.challenge()
    refused_by(bank.decide(challenge, iphone.assertion(the_bytes(challenge))), KNOWN_KEY)


def test_key_of_another_tenants_device(bank: Bank, other: Bank, iphone: IPhone) -> None:
    other.register(iphone)
    challenge = bank.challenge()
    refused_by(bank.decide(challenge, iphone.assertion(the_bytes(challenge))), KNOWN_KEY)
    assert bank.count("device_keys") == 0


def test_key_of_another_kind_of_evidence(bank: Bank, passkey: Passkey, iphone: IPhone) -> None:
    bank.register(passkey)
    challenge = bank.challenge()
    made = iphone.assertion(the_bytes(challenge))
    posing = msgspec.structs.replace(made, key=passkey.credential_id)
    refused_by(bank.decide(challenge, posing), KNOWN_KEY)


def test_device_that_answers_in_the_name_of_another(bank: Bank, clock: Hands) -> None:
    own, victims = IPhone(made_at=clock.now), IPhone(made_at=clock.now)
    bank.register(own, device="taros-phone")
    bank.register(victims, device="hanakos-phone")
    challenge = bank.challenge(device="hanakos-phone")
    refused_by(
        bank.decide(challenge, own.assertion(the_bytes(challenge)), device="hanakos-phone"),
        SAME_DEVICE,
    )


def test_registered_key_cannot_be_registered_again(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone, device="hanakos-phone")
    with denied(NEW_KEY):
        bank.register(iphone, device="taros-phone")


def test_amount_changed_between_app_and_bank(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    made = iphone.assertion(the_bytes(challenge), amount=10_000)
    assert made.client_data is not None
    forged = made.client_data.replace(b"10000", b"90000")
    refused_by(
        bank.decide(challenge, msgspec.structs.replace(made, client_data=forged)),
        app_attest_assertion.SIGNATURE,
    )


def test_rolled_back_counter_of_an_iphone(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    first = bank.challenge()
    assert bank.decide(first, iphone.assertion(the_bytes(first))).outcome == "serve"
    iphone.device.counter = 0
    again = bank.challenge()
    refused_by(bank.decide(again, iphone.assertion(the_bytes(again))), app_attest_assertion.COUNTER)


def test_rolled_back_counter_of_a_passkey(bank: Bank, passkey: Passkey) -> None:
    bank.register(passkey)
    first = bank.challenge()
    assert bank.decide(first, passkey.assertion(the_bytes(first))).outcome == "serve"
    passkey.counter -= 1
    again = bank.challenge()
    refused_by(bank.decide(again, passkey.assertion(the_bytes(again))), webauthn.COUNTER)


def test_registration_in_place_of_a_sign_in_registers_another_key_and_no_more(
    bank: Bank, passkey: Passkey
) -> None:
    bank.register(passkey, device="hanakos-phone")
    challenge = bank.challenge(device="hanakos-phone")
    attackers = Passkey(credential_id=passkey.credential_id)
    with denied(NEW_KEY):
        bank.decide(challenge, attackers.registration(the_bytes(challenge)), device="hanakos-phone")


# Appraisals made apart from their decision


def appraised(bank: Bank, clock: Hands, **about: Any) -> str:
    """An appraisal of an honest phone."""
    challenge = bank.challenge(**about)
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    return bank.submit(challenge, evidence, **about).appraisal.id


def test_appraisal_used_twice(bank: Bank, clock: Hands) -> None:
    made = appraised(bank, clock)
    assert bank.decide(appraisal=made).outcome == "serve"
    with denied(USED):
        bank.decide(appraisal=made)


def test_appraisal_of_a_round_trip_used_again(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    answer = bank.decide(challenge, Android().evidence(the_bytes(challenge), clock.now))
    assert answer.appraisal is not None
    with denied(USED):
        bank.decide(appraisal=answer.appraisal.id)


@pytest.mark.parametrize("seconds", [601, 86_400, -1])
def test_stale_appraisal_reused(bank: Bank, clock: Hands, seconds: int) -> None:
    made = appraised(bank, clock)
    clock.forward(seconds=seconds)
    with denied(STALE):
        bank.decide(appraisal=made)


def test_appraisal_from_before_a_key_was_revoked(
    bank: Bank, clock: Hands, trust: HeldTrust
) -> None:
    made = appraised(bank, clock)
    trust.revoked = (0xBAD,)
    with denied(STALE):
        bank.decide(appraisal=made)


@pytest.mark.parametrize(
    "changed", [{"operation": MORE}, {"user": "taro"}, {"context": {"payee": "another"}}]
)
def test_appraisal_of_another_context(bank: Bank, clock: Hands, changed: dict[str, Any]) -> None:
    made = appraised(bank, clock)
    with denied(APPRAISAL_CONTEXT):
        bank.decide(appraisal=made, **changed)


def test_appraisal_for_a_milder_operation(bank: Bank, clock: Hands) -> None:
    made = appraised(bank, clock, operation=LOGIN)
    with denied(APPRAISAL_CONTEXT):
        bank.decide(appraisal=made)


def test_appraisal_under_a_milder_policy_of_yesterday(bank: Bank, clock: Hands) -> None:
    mild = POLICIES[Operation.TRANSFER] + b"\n[device]\npatch-max-age-days = 36500\n"
    bank.put_policies({Operation.TRANSFER: mild})
    made = appraised(bank, clock)
    bank.put_policies({})
    with denied(POLICY):
        bank.decide(appraisal=made)


def test_appraisal_of_another_tenant(bank: Bank, other: Bank, clock: Hands) -> None:
    made = appraised(other, clock)
    with misuse(APPRAISAL_KNOWN):
        bank.decide(appraisal=made)


def test_appraisal_of_a_registration_that_was_only_looked_at_again(
    bank: Bank, iphone: IPhone
) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    answer = bank.decide(challenge, iphone.assertion(the_bytes(challenge)))
    assert answer.appraisal is not None
    assert answer.appraisal.standing is not None
    with denied(APPRAISAL_CONTEXT):
        bank.decide(appraisal=answer.appraisal.standing)


# Requests


def test_evidence_with_an_appraisal_beside_it(bank: Bank, clock: Hands) -> None:
    made = appraised(bank, clock)
    challenge = bank.challenge()
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    with misuse(BASIS):
        bank.decide(challenge, evidence, appraisal=made)


@pytest.mark.parametrize("without", ["challenge", "evidence"])
def test_evidence_and_challenge_come_together(bank: Bank, clock: Hands, without: str) -> None:
    challenge: ChallengeAnswer | None = bank.challenge()
    assert challenge is not None
    evidence: SubmittedEvidence | None = Android().evidence(the_bytes(challenge), clock.now)
    if without == "challenge":
        challenge = None
    else:
        evidence = None
    with misuse(BASIS):
        bank.decide(challenge, evidence)


@pytest.mark.parametrize("changed", [{"cmw": b"x"}, {"data": None}, {"media_type": None}])
def test_evidence_of_no_form(bank: Bank, clock: Hands, changed: dict[str, Any]) -> None:
    challenge = bank.challenge()
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    with misuse(FORM):
        bank.decide(challenge, msgspec.structs.replace(evidence, **changed))


@pytest.mark.parametrize("without", ["key", "client_data"])
def test_assertion_without_what_it_signs(bank: Bank, iphone: IPhone, without: str) -> None:
    challenge = bank.challenge()
    evidence = iphone.assertion(the_bytes(challenge))
    with misuse(FORM):
        bank.decide(challenge, msgspec.structs.replace(evidence, **{without: None}))


def test_receipt_in_place_of_evidence(bank: Bank, iphone: IPhone) -> None:
    challenge = bank.challenge()
    receipt = SubmittedEvidence(
        media_type="application/vnd.warifu.app-attest-receipt",
        data=iphone.device.receipt(risk_metric=0).encode(),
    )
    with misuse(PLATFORM):
        bank.decide(challenge, receipt)


def test_evidence_of_a_platform_that_the_app_does_not_have(
    bank: Bank, clock: Hands, iphone: IPhone
) -> None:
    only_android = msgspec.structs.replace(wallet("only-android"), apple=None, webauthn=None)
    with bank.house.database.write() as transaction:
        transaction.apply(put_app(bank.caller.tenant, only_android, now=clock.now))
    with misuse(PLATFORM):
        bank.register(iphone, app="only-android")


def test_app_of_another_tenant(bank: Bank, other: Bank, clock: Hands) -> None:
    with other.house.database.write() as transaction:
        transaction.apply(put_app(other.caller.tenant, wallet("their-own"), now=clock.now))
    with misuse(KNOWN):
        bank.challenge(app="their-own")


def test_development_build_is_refused_in_production(bank: Bank, clock: Hands) -> None:
    phone = IPhone(made_at=clock.now)
    phone.device.aaguid = app_attest.DEVELOPMENT
    made = bank.register(phone)
    assert made.verdict == "refused"
    assert bank.count("device_keys") == 0


def test_no_decision_without_evidence_serves_anything(bank: Bank) -> None:
    for kind in Operation:
        operation = AskedOperation(kind=kind, amount=1, currency="JPY", payee_known=True)
        assert bank.decide(operation=operation, bank=IN_ORDER).outcome == "refuse"
