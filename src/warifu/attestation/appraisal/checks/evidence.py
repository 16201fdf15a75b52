"""Requirements on the evidence as a whole: they bear on every submodule, and prove none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from warifu.attestation.appraisal.checks.case import Answer, fails, holds, listed, unknown

if TYPE_CHECKING:
    from warifu.attestation.appraisal.checks.case import Case

ANY = "*"


def realm(case: Case) -> Answer:
    """It was judged in a world whose roots are not anyone's."""
    return Answer(case.claims.realm in case.settings.evidence.realms, case.claims.realm)


def age(case: Case) -> Answer:
    """It was made not long ago, and not in the future."""
    wanted = case.settings.evidence
    found = case.now - case.claims.at
    if found < -timedelta(seconds=wanted.max_skew_seconds):
        return fails(f"made {-found} after now")
    limit = timedelta(seconds=wanted.max_age_seconds)
    return Answer(found <= limit, f"made {max(found, timedelta())} ago")


def challenge(case: Case) -> Answer:
    """It answers the challenge that was issued."""
    matches = case.claims.freshness.challenge_matches
    return Answer(matches, "matches" if matches else "no challenge was compared")


def unchecked(case: Case) -> Answer:
    """Nothing was left unchecked but what the policy tolerates."""
    left = {gap.rule for gap in case.claims.unchecked} - case.settings.evidence.tolerated_gaps
    # An open check is our want, not the device's fault.
    return unknown(listed(left)) if left else holds("everything was checked")


def leniencies(case: Case) -> Answer:
    """No departure from its format was needed that the policy does not grant."""
    used, refused = {use.name for use in case.claims.leniencies}, _refused(case)
    found = used if ANY in refused else used & refused
    return Answer(not found, listed(found))


def _refused(case: Case) -> frozenset[str]:
    return case.settings.evidence.refused_leniencies
