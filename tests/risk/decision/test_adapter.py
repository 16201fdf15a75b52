"""From an appraisal to facts: what it does not say stays unknown."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.attestation.appraisal import worlds
from tests.risk.decision.cases import AT, NOW, honest, standard, values_of
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.result import (
    AttestationResult,
    Basis,
    Submodule,
    SubmoduleResult,
)
from warifu.attestation.appraisal.vector import Tier, TrustVector
from warifu.attestation.claims import (
    App,
    Boot,
    BootState,
    Claims,
    Device,
    Format,
    Freshness,
    Key,
    OperatingSystem,
    Realm,
    SecurityLevel,
)
from warifu.attestation.trust.rules import REVOCATION_FRESH
from warifu.base.errors import MissingTrust, StaleTrust
from warifu.risk.decision.adapter import facts_from, join_registration
from warifu.risk.decision.decide import Limit, Refuse, Serve, decide
from warifu.risk.decision.facts import (
    AppFacts,
    DeviceFacts,
    EvidenceFacts,
    Facts,
    KeyFacts,
    Operation,
    OperationFacts,
    ServiceFacts,
)

LOGIN = OperationFacts(kind=Operation.LOGIN)
RESULT = AttestationResult(
    basis=Basis.CLAIMS,
    format=Format.ANDROID_KEY,
    issued_at=AT,
    evidence_made_at=AT - timedelta(seconds=7),
    known_at=AT,
    policy_id="login",
    policy_digest="00",
    realm=Realm.PRODUCTION,
    submodules={
        "device": SubmoduleResult(vector=TrustVector(), status=Tier.AFFIRMING, findings=()),
        "app": SubmoduleResult(vector=TrustVector(), status=Tier.WARNING, findings=()),
        "key": SubmoduleResult(vector=TrustVector(), status=Tier.CONTRAINDICATED, findings=()),
    },
    relaxations=(),
)
CLAIMS = Claims(
    format=Format.ANDROID_KEY,
    at=AT,
    known_at=AT,
    realm=Realm.PRODUCTION,
    device=Device(platform="android", model="Pixel 8a"),
    boot=Boot(locked=True, state=BootState.VERIFIED),
    operating_system=OperatingSystem(patch_level="2026-10-05"),
    app=App(identifier="jp.example.bank", environment="production"),
    key=Key(
        security_level=SecurityLevel.SECURE_ELEMENT,
        user_authentication="biometric",
        confirmation_required=True,
    ),
    freshness=Freshness(),
    detail=Freshness(),
)


def test_appraisal_and_claims_become_facts() -> None:
    facts = facts_from(RESULT, operation=LOGIN, claims=CLAIMS, powers=("rw:display",))
    assert facts.evidence == EvidenceFacts(
        outcome="proved", format="android-key", realm="production", age_seconds=7
    )
    assert facts.device == DeviceFacts(
        status="affirming",
        platform="android",
        model="Pixel 8a",
        boot_locked=True,
        boot_state="verified",
        patch_level="2026-10-05",
    )
    assert facts.app == AppFacts(
        status="warning", identifier="jp.example.bank", environment="production"
    )
    assert facts.key == KeyFacts(
        status="contraindicated",
        security_level="secure-element",
        user_authentication="biometric",
        confirmation_required=True,
    )
    assert facts.threat.powers == ("rw:display",)


def test_facts_of_an_appraisal_have_their_registered_types() -> None:
    facts = facts_from(RESULT, operation=LOGIN, claims=CLAIMS, powers=())
    for rule in standard().rules:
        finding = rule.condition.find(values_of(rule.condition, facts))
        assert finding.state.value != "error", rule.id


def test_appraisal_without_claims_gives_tiers_only() -> None:
    facts = facts_from(RESULT, operation=LOGIN)
    assert facts.device == DeviceFacts(status="affirming")
    assert facts.threat.powers is None


@pytest.mark.parametrize("part", ["device", "boot", "operating_system", "app", "key"])
def test_claims_without_a_part_leave_its_facts_unknown(part: str) -> None:
    claims = msgspec.structs.replace(CLAIMS, **{part: None})
    facts = facts_from(RESULT, operation=LOGIN, claims=claims)
    seen: dict[str, Any] = {
        "device": facts.device.model,
        "boot": facts.device.boot_locked,
        "operating_system": facts.device.patch_level,
        "app": facts.app.identifier,
        "key": facts.key.security_level,
    }
    assert {name for name, value in seen.items() if value is None} == {part}


def test_our_own_fault_says_nothing_about_the_device() -> None:
    result = msgspec.structs.replace(RESULT, basis=Basis.VERIFIER_FAULT, evidence_made_at=None)
    facts = facts_from(result, operation=LOGIN, claims=CLAIMS)
    assert facts.evidence.outcome == "no-statement"
    assert facts.evidence.age_seconds is None
    assert facts.device == DeviceFacts()
    assert facts.key.status is None


def test_refused_evidence_is_held_against_the_device() -> None:
    broken = {
        name: SubmoduleResult(vector=TrustVector(), status=Tier.CONTRAINDICATED, findings=())
        for name in Submodule
    }
    result = msgspec.structs.replace(RESULT, basis=Basis.BAD_EVIDENCE, submodules=broken)
    facts = facts_from(result, operation=LOGIN)
    assert facts.evidence.outcome == "refused"
    assert facts.device.status == "contraindicated"


def test_submodule_that_was_not_appraised_is_unknown() -> None:
    result = msgspec.structs.replace(RESULT, submodules={})
    assert facts_from(result, operation=LOGIN).device.status is None


def test_request_without_evidence_is_refused() -> None:
    facts = facts_from(None, operation=LOGIN)
    assert facts.evidence.outcome == "absent"
    assert decide(facts, standard(), NOW).outcome == Refuse()


def test_stale_trust_is_an_outage_and_an_unknown_authority_is_not() -> None:
    result = msgspec.structs.replace(RESULT, basis=Basis.VERIFIER_FAULT)
    for fault, stale in (
        (StaleTrust(REVOCATION_FRESH), True),
        (MissingTrust(REVOCATION_FRESH), False),
        (None, None),
    ):
        facts = facts_from(result, operation=LOGIN, fault=fault, vendor_down=False)
        assert facts.service == ServiceFacts(trust_stale=stale, vendor_down=False)


def bank_knows(facts: Facts) -> Facts:
    """What the bank adds for a customer in order."""
    known = honest(Operation.TRANSFER)
    return msgspec.structs.replace(
        facts,
        operation=known.operation,
        user=known.user,
        binding=known.binding,
        account=known.account,
        history=known.history,
    )


def test_appraisal_of_an_honest_device_is_served_and_of_an_unlocked_one_is_not() -> None:
    operation = OperationFacts(kind=Operation.TRANSFER)
    for claims, outcome in (
        (worlds.android(), Serve()),
        (worlds.android(boot={"locked": False}), Refuse()),
    ):
        result = appraise(claims, policy=worlds.policy(), trust=worlds.trust(), now=worlds.NOW)
        facts = facts_from(result, operation=operation, claims=claims, vendor_down=False, powers=())
        decision = decide(bank_knows(facts), standard(), NOW)
        assert decision.outcome == outcome


def test_forged_chain_to_an_unknown_authority_is_not_excused_by_an_outage_elsewhere() -> None:
    fault = MissingTrust(REVOCATION_FRESH)
    result = appraise(fault, policy=worlds.policy(), trust=worlds.trust(), now=worlds.NOW)
    facts = facts_from(result, operation=LOGIN, fault=fault, vendor_down=False, powers=())
    assert decide(bank_knows(facts), standard(), NOW).outcome == Refuse()
    stale = StaleTrust(REVOCATION_FRESH)
    facts = facts_from(result, operation=LOGIN, fault=stale, vendor_down=False, powers=())
    assert decide(bank_knows(facts), standard(), NOW).outcome == Limit(10_000, "JPY")


REGISTERED = Facts(
    operation=LOGIN,
    evidence=EvidenceFacts(outcome="proved", format="app-attest", age_seconds=86_400),
    device=DeviceFacts(status="affirming", platform="apple", model="Tally 1"),
    app=AppFacts(status="affirming", identifier="TEAM.bank", environment="production"),
    key=KeyFacts(
        status="affirming", security_level="secure-element", user_authentication="verified"
    ),
    service=ServiceFacts(trust_stale=False, vendor_down=False),
)
ASSERTED = Facts(
    operation=OperationFacts(kind=Operation.TRANSFER, amount=1, currency="JPY"),
    evidence=EvidenceFacts(outcome="proved", format="app-attest-assertion", age_seconds=0),
    device=DeviceFacts(status="none", platform="apple"),
    app=AppFacts(status="affirming", identifier="TEAM.bank"),
    key=KeyFacts(status="affirming"),
    service=ServiceFacts(trust_stale=False, vendor_down=False),
)


def changed(facts: Facts, **parts: dict[str, Any]) -> Facts:
    """Facts with some of them changed."""
    return msgspec.structs.replace(
        facts,
        **{
            name: msgspec.structs.replace(getattr(facts, name), **values)
            for name, values in parts.items()
        },
    )


def test_assertion_is_about_the_device_of_its_registration() -> None:
    joined = join_registration(ASSERTED, REGISTERED)
    assert joined.operation == ASSERTED.operation
    assert joined.evidence == ASSERTED.evidence
    assert joined.device == REGISTERED.device
    assert joined.app == REGISTERED.app
    assert joined.key == KeyFacts(status="affirming", security_level="secure-element")


def test_what_the_holder_did_at_registration_is_not_said_of_a_later_signature() -> None:
    assert join_registration(ASSERTED, REGISTERED).key.user_authentication is None
    signed = changed(ASSERTED, key={"user_authentication": "verified"})
    assert join_registration(signed, REGISTERED).key.user_authentication == "verified"


@pytest.mark.parametrize("part", ["device", "app", "key"])
def test_registration_that_fell_counts_against_a_good_assertion(part: str) -> None:
    fallen = changed(REGISTERED, **{part: {"status": "contraindicated"}})
    assert getattr(join_registration(ASSERTED, fallen), part).status == "contraindicated"


@pytest.mark.parametrize("part", ["device", "app", "key"])
def test_bad_assertion_counts_against_a_good_registration(part: str) -> None:
    bad = changed(ASSERTED, **{part: {"status": "warning"}})
    assert getattr(join_registration(bad, REGISTERED), part).status == "warning"


def test_registration_that_nobody_could_judge_leaves_the_device_unknown() -> None:
    unjudged = msgspec.structs.replace(
        REGISTERED,
        device=DeviceFacts(),
        app=AppFacts(),
        key=KeyFacts(),
        service=ServiceFacts(trust_stale=True, vendor_down=False),
    )
    joined = join_registration(ASSERTED, unjudged)
    assert (joined.device.status, joined.app.status, joined.key.status) == (None, None, None)
    assert joined.service.trust_stale is True


@pytest.mark.parametrize("known", [True, False])
def test_trust_of_which_it_is_not_known_whether_it_is_stale_is_not_taken_for_current(
    *, known: bool
) -> None:
    unknown = changed(REGISTERED, service={"trust_stale": None})
    stated = changed(ASSERTED, service={"trust_stale": known})
    assert join_registration(stated, unknown).service.trust_stale is None


def test_assertion_that_was_refused_borrows_nothing_from_a_registration() -> None:
    refused = changed(
        ASSERTED, evidence={"outcome": "refused"}, device={"status": "contraindicated"}
    )
    assert join_registration(refused, REGISTERED) is refused
