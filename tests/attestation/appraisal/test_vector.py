"""Tiers and vectors: no claim is never a good claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warifu.attestation.appraisal.vector import (
    EVIDENCE_BROKEN,
    VERIFIER_BROKEN,
    Entry,
    Tier,
    TrustVector,
    exceeds,
    least_trusted,
    tier_of,
    uniform,
    vector_of,
)


@pytest.mark.parametrize(
    ("lowest", "highest", "tier"),
    [
        (-1, 1, Tier.NONE),
        (2, 31, Tier.AFFIRMING),
        (-32, -2, Tier.AFFIRMING),
        (32, 95, Tier.WARNING),
        (-96, -33, Tier.WARNING),
        (96, 127, Tier.CONTRAINDICATED),
        (-128, -97, Tier.CONTRAINDICATED),
    ],
)
def test_every_claim_has_the_tier_of_its_range(lowest: int, highest: int, tier: Tier) -> None:
    assert {tier_of(claim) for claim in range(lowest, highest + 1)} == {tier}


def test_a_device_fault_and_our_own_fault_are_never_of_one_tier() -> None:
    assert tier_of(EVIDENCE_BROKEN) is Tier.CONTRAINDICATED
    assert tier_of(VERIFIER_BROKEN) is Tier.NONE


def test_nothing_to_go_by_is_no_statement() -> None:
    assert least_trusted([]) is Tier.NONE
    assert TrustVector().claims() == {}
    assert not exceeds(Tier.AFFIRMING, TrustVector())


def test_what_is_not_stated_keeps_from_affirming_and_hides_no_warning() -> None:
    assert least_trusted([Tier.AFFIRMING, Tier.NONE]) is Tier.NONE
    assert least_trusted([Tier.WARNING, Tier.NONE]) is Tier.WARNING


def test_a_uniform_vector_claims_all_eight() -> None:
    assert uniform(99).claims() == dict.fromkeys(Entry, 99)


@given(st.dictionaries(st.sampled_from(list(Entry)), st.integers(-128, 127), min_size=1))
def test_a_status_exceeds_exactly_when_some_claim_is_worse(claims: dict[Entry, int]) -> None:
    vector = vector_of(claims)
    assert vector.claims() == claims
    worst = least_trusted(tier_of(claim) for claim in claims.values())
    assert not exceeds(worst, vector)
    assert not exceeds(Tier.CONTRAINDICATED, vector)
    assert exceeds(Tier.AFFIRMING, vector) is (worst is not Tier.AFFIRMING)
