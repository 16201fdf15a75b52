"""Appraisal as a whole: whose fault it is, what severities do, and what never affirms."""

from datetime import timedelta

import pytest

from tests.attestation.android_key.world import AT as MADE
from tests.attestation.android_key.world import evidence_of, judge, trust_in
from tests.attestation.appraisal.worlds import (
    AT,
    HONEST,
    NOW,
    changed,
    finding,
    judged,
    policy,
    trust,
)
from tests.support import misuse
from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.policy import load_policy
from warifu.attestation.appraisal.result import Basis, Severity
from warifu.attestation.appraisal.vector import Entry, Tier
from warifu.attestation.claims import Format, Realm
from warifu.attestation.evidence.facts.mds import MDSFacts
from warifu.attestation.evidence.rules import android_key as android_rules
from warifu.attestation.examination import AWARE_TIME
from warifu.base.errors import BadEvidence, MalformedEvidence, StaleTrust, Unchecked
from warifu.handset.android_key import PACKAGE, SIGNER, AndroidPhone

UNLOCKED = {"boot": {"locked": False}}


@pytest.mark.parametrize("error", [BadEvidence, MalformedEvidence])
def test_a_device_fault_is_99_everywhere(error: type[BadEvidence]) -> None:
    broken = error(android_rules.CHALLENGE, "another value")
    result = appraise(
        broken,
        policy=policy(),
        trust=trust(),
        now=NOW,
        evidence_format=Format.ANDROID_KEY,
        made_at=AT,
    )
    assert result.basis is Basis.BAD_EVIDENCE
    assert (result.format, result.evidence_made_at) == (Format.ANDROID_KEY, AT)
    assert result.submodules.keys() == {"device", "app", "key"}
    for part in result.submodules.values():
        assert part.vector.claims() == dict.fromkeys(Entry, 99)
        assert part.status is Tier.CONTRAINDICATED
    (found,) = result.findings()
    assert (found.requirement, found.holds) == (android_rules.CHALLENGE.code, False)


@pytest.mark.parametrize("error", [Unchecked, StaleTrust])
def test_our_own_fault_is_minus_one_everywhere_and_no_statement(
    error: type[Unchecked | StaleTrust],
) -> None:
    fault = error(android_rules.NOT_REVOKED, "no list")
    result = appraise(fault, policy=policy(), trust=trust(), now=NOW)
    assert result.basis is Basis.VERIFIER_FAULT
    for part in result.submodules.values():
        assert part.vector.claims() == dict.fromkeys(Entry, -1)
        assert part.status is Tier.NONE
    (found,) = result.findings()
    assert found.holds is None
    assert found.stands_against
    assert (result.format, result.evidence_made_at) == (None, None)


def test_an_unlocked_phone_is_contraindicated_by_default() -> None:
    part = judged(HONEST["android-key"](**UNLOCKED)).submodules["device"]
    assert part.status is Tier.CONTRAINDICATED
    assert part.vector.configuration == 96
    assert part.vector.executables == 3


def test_a_requirement_relaxed_to_a_warning_warns_and_is_visible() -> None:
    result = judged(HONEST["android-key"](**UNLOCKED), "[severity]\n'device.boot-locked'='warn'\n")
    part = result.submodules["device"]
    assert (part.status, part.vector.configuration) == (Tier.WARNING, 32)
    assert [each.setting for each in result.relaxations] == ["device.boot-locked"]


def test_a_requirement_relaxed_to_a_note_claims_nothing_in_its_place() -> None:
    result = judged(HONEST["android-key"](**UNLOCKED), "[severity]\n'device.boot-locked'='note'\n")
    part = result.submodules["device"]
    assert part.status is Tier.AFFIRMING
    assert part.vector.configuration is None
    found = finding(result, "device.boot-locked")
    assert found is not None
    assert (found.holds, found.severity, found.stands_against) == (False, Severity.NOTE, False)
    assert result.relaxations


def test_a_requirement_tightened_to_refuse_refuses() -> None:
    claims = HONEST["play-integrity"](detail={"play_protect": "HIGH_RISK"})
    assert judged(claims).submodules["device"].status is Tier.WARNING
    strict = judged(claims, "[severity]\n'device.play-protect'='refuse'\n")
    assert strict.submodules["device"].status is Tier.CONTRAINDICATED
    assert strict.relaxations == ()


def test_one_bad_fact_is_not_outvoted_by_good_ones_of_the_same_entry() -> None:
    claims = HONEST["android-key"](operating_system={"patch_level": "2020-01"})
    assert judged(claims).submodules["device"].vector.executables == 96


def test_an_assertion_alone_says_nothing_of_the_device() -> None:
    result = judged(HONEST["app-attest-assertion"]())
    assert result.submodules["key"].status is Tier.AFFIRMING
    assert result.submodules["device"].vector.claims() == {}
    assert result.submodules["device"].status is Tier.NONE
    assert result.status is Tier.NONE


def test_both_times_are_kept_apart() -> None:
    later = trust(known_at=NOW + timedelta(minutes=1))
    result = judged(HONEST["app-attest"](), believed=later, now=NOW + timedelta(minutes=2))
    assert result.evidence_made_at == AT
    assert result.known_at == NOW + timedelta(minutes=1)
    assert result.issued_at == NOW + timedelta(minutes=2)


def test_a_list_of_models_is_no_device() -> None:
    claims = HONEST["app-attest"]()
    facts = MDSFacts(
        number=1,
        next_update=NOW.date(),
        legal_header=None,
        signer=(),
        algorithm="ES256",
        models=0,
        left_out=0,
        roots=0,
        statuses={},
        compromised=(),
        unknown=(),
    )
    with misuse(rules.DEVICE_EVIDENCE):
        judged(changed(claims, detail=facts))


def test_claims_of_another_realm_are_not_judged_by_this_trust() -> None:
    with misuse(rules.SAME_REALM):
        judged(HONEST["app-attest"](), believed=trust(realm=Realm.TEST))


def test_a_time_without_an_offset_is_refused() -> None:
    with misuse(AWARE_TIME):
        judged(HONEST["app-attest"](), now=NOW.replace(tzinfo=None))


def test_a_real_phone_of_the_test_realm_is_appraised_end_to_end() -> None:
    phone = AndroidPhone.remote(made_at=MADE)
    claims = judge(evidence_of(phone), phone)
    own = load_policy(
        f"""
id = "test/android"
[app]
identifiers = ["{PACKAGE}"]
signers = ["{SIGNER.hex()}"]
[evidence]
realms = ["test"]
[device]
patch-max-age-days = 3650
""".encode(),
        profiles={},
    )
    result = appraise(claims, policy=own, trust=trust_in(phone), now=MADE + timedelta(seconds=1))
    against = [(each.requirement, each.seen) for each in result.findings() if each.stands_against]
    assert against == []
    assert result.status is Tier.AFFIRMING


def test_an_appraisal_does_not_name_the_certificate_that_was_revoked() -> None:
    error = BadEvidence(android_rules.NOT_REVOKED, "a1b2c3d4e5f60718: REVOKED")
    (finding,) = appraise(error, policy=policy(), trust=trust(), now=NOW).findings()
    assert finding.seen == "***: REVOKED"
