"""Decisions: about honest phones with every kind of evidence, and about what stands beside them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.house import POLICIES, Hands, HeldTrust, rules_for_tests
from tests.service.phones import (
    IN_ORDER,
    LOGIN,
    Android,
    Bank,
    IPhone,
    Passkey,
    play_integrity_token,
    the_bytes,
)
from tests.support import misuse
from warifu.base.codec.text import to_base64url
from warifu.risk.decision.exemption import Exemption, Subject
from warifu.risk.decision.facts import NEVER, Operation
from warifu.risk.decision.life_cycle import Governance, Stage, Version
from warifu.risk.decision.rules import load_rules
from warifu.service.conduct.challenges.asking import AskedOperation
from warifu.service.conduct.challenges.challenge import ChallengeState, see_challenge
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN
from warifu.service.conduct.decisions.deciding import (
    BankKnown,
    BindingKnown,
    DecisionDocument,
    UserKnown,
)
from warifu.service.conduct.decisions.decision import list_decisions, see_decision
from warifu.service.conduct.evidence.evidence import list_evidence, see_evidence
from warifu.service.conduct.evidence.expectations import SubmittedEvidence
from warifu.service.conduct.rules import KNOWN
from warifu.service.store.database import Statement
from warifu.service.store.decisions import DecisionFilter
from warifu.service.store.evidence import EvidenceFilter

if TYPE_CHECKING:
    from warifu.service.conduct.decisions.deciding import DecisionAnswer


def by_android(
    bank: Bank, clock: Hands, *, known: BankKnown = IN_ORDER, **about: Any
) -> DecisionAnswer:
    """A decision about an honest phone."""
    challenge = bank.challenge(**about)
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    return bank.decide(challenge, evidence, bank=known, **about)


def document(bank: Bank, decision: str) -> DecisionDocument:
    """All that is kept of a decision."""
    with bank.house.database.read() as transaction:
        row = transaction.row(
            "SELECT document FROM decisions WHERE tenant = :tenant AND id = :id",
            tenant=bank.caller.tenant,
            id=decision,
        )
    assert row is not None
    return msgspec.json.decode(row[0], type=DecisionDocument)


def govern(bank: Bank, *, observed: bytes | None = None, **changed: Any) -> None:
    """Other governance, as commands would make it; a rule set that is observed beside it."""
    tenant = bank.caller.tenant
    active = load_rules(rules_for_tests())
    versions = [Version(digest=active.digest, name=active.id, author="t", stage=Stage.ACTIVE)]
    statements = []
    if observed is not None:
        shadow = load_rules(observed)
        versions.append(
            Version(digest=shadow.digest, name=shadow.id, author="t", stage=Stage.SHADOW)
        )
        statements.append(
            Statement(
                sql="INSERT INTO rule_sets (tenant, digest, name, source, created_at, created_by)"
                " VALUES (:tenant, :digest, 'shadow', :source, 0, 't')",
                values={"tenant": tenant, "digest": shadow.digest, "source": observed},
            )
        )
    governance = Governance(**{"revision": 7, "versions": tuple(versions), **changed})
    statements.append(
        Statement(
            sql="UPDATE governance SET revision = 7, document = :document WHERE tenant = :tenant",
            values={"tenant": tenant, "document": msgspec.json.encode(governance)},
        )
    )
    with bank.house.database.write() as transaction:
        transaction.apply(statements)


def test_transfer_with_android_evidence_is_served_in_one_round_trip(
    bank: Bank, clock: Hands
) -> None:
    answer = by_android(bank, clock)
    assert (answer.outcome, answer.reasons) == ("serve", ())
    assert answer.evidence is not None
    assert answer.evidence.verdict == "accepted"
    assert answer.appraisal is not None
    assert answer.appraisal.status == dict.fromkeys(("device", "app", "key"), "affirming")


def test_transfer_signed_by_a_registered_iphone_is_served(bank: Bank, iphone: IPhone) -> None:
    registered = bank.register(iphone)
    challenge = bank.challenge()
    answer = bank.decide(challenge, iphone.assertion(the_bytes(challenge)))
    assert answer.outcome == "serve"
    assert answer.device == registered.device
    assert answer.appraisal is not None
    assert answer.appraisal.standing is not None


def test_transfer_signed_by_a_registered_passkey_is_served(bank: Bank, passkey: Passkey) -> None:
    bank.register(passkey, device="hanakos-key")
    challenge = bank.challenge()
    answer = bank.decide(challenge, passkey.assertion(the_bytes(challenge)))
    assert (answer.outcome, answer.device) == ("serve", "hanakos-key")


def test_play_integrity_proves_device_and_app_but_no_key(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    answer = bank.decide(challenge, play_integrity_token(the_bytes(challenge), clock.now))
    assert answer.evidence is not None
    assert answer.evidence.verdict == "accepted"
    assert answer.outcome == "refuse"
    assert [reason.code for reason in answer.reasons] == ["key-trusted"]


def test_evidence_in_a_cmw_record_is_the_same_evidence(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    plain = Android().evidence(the_bytes(challenge), clock.now)
    assert plain.data is not None
    record = json.dumps([plain.media_type, to_base64url(plain.data)]).encode()
    assert bank.decide(challenge, SubmittedEvidence(cmw=record)).outcome == "serve"


@pytest.mark.parametrize("kind", ["android", "iphone", "passkey"])
def test_step_by_step_comes_out_as_in_one_round_trip(
    bank: Bank, clock: Hands, iphone: IPhone, passkey: Passkey, kind: str
) -> None:
    for phone in (iphone, passkey):
        bank.register(phone)
    challenge = bank.challenge()
    value = the_bytes(challenge)
    evidence = {
        "android": lambda: Android().evidence(value, clock.now),
        "iphone": lambda: iphone.assertion(value),
        "passkey": lambda: passkey.assertion(value),
    }[kind]()
    made = bank.submit(challenge, evidence)
    assert made.verdict == "accepted"
    clock.forward(seconds=90)
    answer = bank.decide(appraisal=made.appraisal.id)
    assert answer.outcome == "serve"
    assert answer.device == made.device
    assert document(bank, answer.id).facts.evidence.age_seconds == 90


def test_appraisal_that_is_usable_may_still_be_too_old_for_the_rules(
    bank: Bank, clock: Hands
) -> None:
    challenge = bank.challenge()
    made = bank.submit(challenge, Android().evidence(the_bytes(challenge), clock.now))
    clock.forward(seconds=301)
    answer = bank.decide(appraisal=made.appraisal.id)
    assert [reason.code for reason in answer.reasons] == ["evidence-fresh"]


def test_without_evidence_the_facts_say_so(bank: Bank) -> None:
    answer = bank.decide()
    assert answer.outcome == "refuse"
    assert document(bank, answer.id).facts.evidence.outcome == "absent"


def test_what_the_bank_does_not_say_is_not_known_and_refuses(bank: Bank, clock: Hands) -> None:
    answer = by_android(bank, clock, known=BankKnown())
    assert answer.outcome == "refuse"
    unknown = {fact for reason in answer.reasons for fact in reason.facts}
    assert {"user.verified", "binding.bound", "account.limit_left"} <= unknown


def test_user_who_did_not_authenticate_is_asked_to(bank: Bank, clock: Hands) -> None:
    known = msgspec.structs.replace(
        IN_ORDER, user=UserKnown(verified=False, methods=(), confirmed=False)
    )
    answer = by_android(bank, clock, known=known)
    assert (answer.outcome, answer.methods) == ("step-up", ("passkey",))
    assert document(bank, answer.id).facts.user.verified_seconds == NEVER


def test_amount_above_the_limit_is_limited(bank: Bank, clock: Hands) -> None:
    much = AskedOperation(kind=Operation.TRANSFER, amount=200_000, currency="JPY", payee_known=True)
    answer = by_android(bank, clock, operation=much)
    assert answer.outcome == "limit"
    assert answer.limit is not None
    assert (answer.limit.amount, answer.limit.currency) == (100_000, "JPY")


def test_high_value_transfer_needs_to_know_what_advisories_say(bank: Bank, clock: Hands) -> None:
    much = AskedOperation(
        kind=Operation.HIGH_VALUE_TRANSFER, amount=300_000, currency="JPY", payee_known=True
    )
    assert by_android(bank, clock, operation=much).outcome == "serve"
    unknown = msgspec.structs.replace(IN_ORDER, powers=None)
    assert by_android(bank, clock, operation=much, known=unknown).outcome == "refuse"


def test_history_counts_what_was_served_and_refused(bank: Bank, clock: Hands) -> None:
    device = "hanakos-phone"
    first = by_android(bank, clock, device=device)
    assert document(bank, first.id).facts.history.served_seconds == NEVER
    clock.forward(minutes=5)
    bank.decide(device=device)
    again = by_android(bank, clock, device=device)
    history = document(bank, again.id).facts.history
    assert (history.served_seconds, history.served_amount, history.failures) == (300, 10_000, 1)
    clock.forward(hours=25)
    later = document(bank, by_android(bank, clock, device=device).id).facts.history
    assert later.failures == 0


def test_history_is_of_one_user_and_one_device(bank: Bank, clock: Hands) -> None:
    by_android(bank, clock, device="hanakos-phone")
    elsewhere = by_android(bank, clock, device="hanakos-other-phone")
    assert document(bank, elsewhere.id).facts.history.served_seconds == NEVER
    nobody = by_android(bank, clock, user=None)
    assert document(bank, nobody.id).facts.history.failures is None


def test_clock_that_was_set_back_makes_history_unknown(bank: Bank, clock: Hands) -> None:
    by_android(bank, clock, device="hanakos-phone")
    clock.forward(hours=-1)
    answer = by_android(bank, clock, device="hanakos-phone")
    assert document(bank, answer.id).facts.history.served_seconds is None


def test_stale_list_is_an_outage_and_its_service_does_not_count_as_served(
    bank: Bank, clock: Hands, trust: HeldTrust
) -> None:
    device = "hanakos-phone"
    trust.list_age = timedelta(days=3)
    limited = by_android(bank, clock, device=device)
    assert limited.evidence is not None
    assert (limited.evidence.verdict, limited.outcome) == ("no-statement", "serve")
    trust.list_age = timedelta(0)
    again = by_android(bank, clock, device=device)
    assert document(bank, again.id).facts.history.served_seconds == NEVER


def test_kill_switch_stops_at_once(bank: Bank, clock: Hands) -> None:
    govern(bank, stopped=frozenset({Operation.TRANSFER}))
    answer = by_android(bank, clock)
    assert answer.outcome == "refuse"
    assert [reason.code for reason in answer.reasons] == ["decision/stopped"]
    assert by_android(bank, clock, operation=LOGIN).outcome == "serve"


def test_without_an_active_rule_set_everything_is_refused(bank: Bank, clock: Hands) -> None:
    govern(bank, versions=())
    answer = by_android(bank, clock)
    assert answer.outcome == "refuse"
    assert [reason.code for reason in answer.reasons] == ["decision/no-rules"]
    assert answer.rule_set_digest is None


def test_shadow_decides_and_is_recorded_but_not_answered(bank: Bank, clock: Hands) -> None:
    strict = rules_for_tests()
    for usual, less in ((b"amount <= 100000", b"amount <= 5000"), (b"= 100_000 }", b"= 5_000 }")):
        strict = strict.replace(usual, less)
    govern(bank, observed=strict)
    answer = by_android(bank, clock)
    assert (answer.outcome, answer.reasons) == ("serve", ())
    (shadow,) = document(bank, answer.id).shadows
    assert shadow.rule_set_digest == load_rules(strict).digest
    assert (shadow.outcome, shadow.codes) == ("limit", ("small-amount",))
    assert not hasattr(see_decision(bank.work(), answer.id), "shadows")


@pytest.mark.parametrize("bound", [True, False])
def test_exemption_of_a_device_needs_the_device_to_be_recognised(
    bank: Bank, clock: Hands, *, bound: bool
) -> None:
    much = AskedOperation(kind=Operation.TRANSFER, amount=200_000, currency="JPY", payee_known=True)
    govern(
        bank,
        exemptions=(
            Exemption(
                id="e1",
                subject=Subject.DEVICE,
                name="hanakos-phone",
                operation=Operation.TRANSFER,
                rule="small-amount",
                until=clock.now + timedelta(days=1),
                why="a test",
            ),
        ),
    )
    known = msgspec.structs.replace(IN_ORDER, binding=BindingKnown(bound=bound, age_seconds=1))
    answer = by_android(bank, clock, operation=much, device="hanakos-phone", known=known)
    assert ("e1" in {reason.passed_over for reason in answer.reasons}) is bound
    assert answer.outcome == ("serve" if bound else "refuse")


def test_decision_is_seen_and_listed_as_it_was_answered(bank: Bank, clock: Hands) -> None:
    served = by_android(bank, clock, device="hanakos-phone")
    refused = bank.decide(operation=LOGIN)
    work = bank.work()
    assert see_decision(work, served.id) == served
    listed = list_decisions(work, DecisionFilter(), after=None, limit=10)
    assert {each.id for each in listed} == {served.id, refused.id}
    for wanted in (
        DecisionFilter(outcome="serve"),
        DecisionFilter(device="hanakos-phone"),
        DecisionFilter(operation=Operation.TRANSFER),
    ):
        assert list_decisions(work, wanted, after=None, limit=10) == [served]
    assert list_decisions(work, DecisionFilter(app="other"), after=None, limit=10) == []
    with misuse(KNOWN):
        see_decision(work, refused.id[::-1])


def test_pages_of_decisions_hold_each_once(bank: Bank, clock: Hands) -> None:
    made = []
    for _ in range(5):
        clock.forward(seconds=1)
        made.append(bank.decide().id)
    work, seen, after = bank.work(), [], None
    while found := list_decisions(work, DecisionFilter(), after=after, limit=2):
        seen += [each.id for each in found]
        after = seen[-1]
    assert seen == made[::-1]


def test_evidence_is_seen_without_its_identifiers(bank: Bank, clock: Hands) -> None:
    answer = by_android(bank, clock, device="hanakos-phone")
    assert answer.evidence is not None
    work = bank.work()
    seen = see_evidence(work, answer.evidence.id)
    assert seen.claims is not None
    assert seen.claims["device"]["model"] == "Tally 1"
    assert {each["serial"] for each in seen.claims["chain"]} == {"***"}
    assert list_evidence(work, EvidenceFilter(verdict="accepted"), after=None, limit=9) == [seen]
    assert list_evidence(work, EvidenceFilter(), after=seen.id, limit=9) == []
    with misuse(KNOWN):
        see_evidence(work, "01a1fd55-0000-7000-8000-000000000000")


def test_refused_evidence_says_why(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    made = bank.submit(challenge, Android().evidence(b"another", clock.now))
    assert (made.verdict, made.device) == ("refused", None)
    assert [reason.code for reason in made.reasons] == ["android-key/challenge"]
    assert see_evidence(bank.work(), made.id).reasons == made.reasons


def test_challenge_is_open_then_used_or_expired_and_never_told_again(
    bank: Bank, clock: Hands
) -> None:
    used, left = bank.challenge(), bank.challenge()
    assert see_challenge(bank.work(), used.id).state is ChallengeState.OPEN
    bank.decide(used, Android().evidence(the_bytes(used), clock.now))
    seen = see_challenge(bank.work(), used.id)
    assert (seen.state, seen.used_at) == (ChallengeState.USED, clock.now)
    assert used.challenge not in repr(seen)
    clock.forward(seconds=300)
    assert see_challenge(bank.work(), left.id).state is ChallengeState.EXPIRED
    with misuse(CHALLENGE_KNOWN):
        see_challenge(bank.work(), "another")


@pytest.mark.parametrize("tolerated", [True, False])
def test_gap_that_a_policy_tolerates_is_left_to_its_appraisal(
    bank: Bank, passkey: Passkey, *, tolerated: bool
) -> None:
    passkey.told_handle = None
    bank.register(passkey)
    if tolerated:
        gaps = b'tolerated-gaps = ["webauthn/user-handle"]\n'
        bank.put_policies({Operation.TRANSFER: POLICIES[Operation.TRANSFER] + gaps})
    challenge = bank.challenge()
    answer = bank.decide(challenge, passkey.assertion(the_bytes(challenge)))
    assert answer.evidence is not None
    assert answer.evidence.verdict == ("accepted" if tolerated else "no-statement")
    assert answer.outcome == ("serve" if tolerated else "refuse")
