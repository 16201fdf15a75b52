"""Listed certificates are refused however they are spelled; nothing unchecked is called proved."""

import json
from datetime import timedelta

import pytest

from tests.attestation.android_key.world import (
    AT,
    CHALLENGE,
    EXPECTED,
    judge,
    open_rules,
    trust_in,
)
from tests.support import no_statement, refused
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.examination import Gaps
from warifu.attestation.trust import revocation
from warifu.attestation.trust.revocation import RevocationList
from warifu.attestation.trust.rules import REVOCATION_FRESH
from warifu.handset.android_key import AndroidEvidence, AndroidPhone

SERIALS = {
    0: 1,
    1: 0x0CAFE0000000001,
    2: 17471682139930361099,
    3: 0xC35747A084470C3135AEEFE2B8D40CD6,
}


@pytest.mark.parametrize("status", ["REVOKED", "SUSPENDED", "SOMETHING_NEW"])
@pytest.mark.parametrize("spelling", ["hex", "decimal"])
@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_a_listed_certificate_is_refused_in_either_spelling(
    phone: AndroidPhone, evidence: AndroidEvidence, position: int, spelling: str, status: str
) -> None:
    serial = SERIALS[position]
    evidence.links[position].draft.serial = serial
    key = f"{serial:x}" if spelling == "hex" or serial >= 1 << 64 else str(serial)
    document = {"entries": {key: {"status": status, "reason": "KEY_COMPROMISE"}}}
    listed = revocation.parse(json.dumps(document).encode(), confirmed_at=AT)
    with refused(rules.NOT_REVOKED):
        judge(evidence, phone, trust=trust_in(phone, revocation=listed))


@pytest.mark.parametrize("digits", ["6681152659205225093", "05014131950868983053"])
def test_a_factory_serial_that_writes_decimal_digits_as_hex_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, digits: str
) -> None:
    evidence.links[1].draft.serial = int(digits, 16)
    document = {"entries": {digits.lstrip("0"): {"status": "REVOKED"}}}
    listed = revocation.parse(json.dumps(document).encode(), confirmed_at=AT)
    with refused(rules.NOT_REVOKED):
        judge(evidence, phone, trust=trust_in(phone, revocation=listed))


def test_a_short_serial_is_never_read_as_decimal(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.links[1].draft.serial = 0x123456789
    listed = revocation.parse(b'{"entries": {"123456789": {"status": "REVOKED"}}}', confirmed_at=AT)
    assert judge(evidence, phone, trust=trust_in(phone, revocation=listed)).unchecked == ()


def test_without_a_revocation_list_no_statement_is_made(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    with no_statement(rules.NOT_REVOKED):
        judge(evidence, phone, trust=trust_in(phone, revocation=None))


def test_without_a_revocation_list_the_gap_is_reported(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    claims = judge(evidence, phone, trust=trust_in(phone, revocation=None), gaps=Gaps.REPORT)
    assert open_rules(claims) == {rules.NOT_REVOKED.code}
    assert rules.NOT_REVOKED.code not in claims.proved


def test_with_a_stale_revocation_list_no_statement_is_made(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    stale = RevocationList(entries={}, confirmed_at=AT - revocation.MAX_AGE - timedelta(seconds=1))
    trust = trust_in(phone, revocation=stale)
    with no_statement(REVOCATION_FRESH):
        judge(evidence, phone, trust=trust)
    assert open_rules(judge(evidence, phone, trust=trust, gaps=Gaps.REPORT)) == {
        rules.NOT_REVOKED.code
    }


@pytest.mark.parametrize("gaps", list(Gaps))
def test_a_stale_list_still_refuses_what_it_lists(
    phone: AndroidPhone, evidence: AndroidEvidence, gaps: Gaps
) -> None:
    stale = revocation.parse(
        b'{"entries": {"1000": {"status": "REVOKED"}}}', confirmed_at=AT - 9 * revocation.MAX_AGE
    )
    evidence.links[1].draft.serial = 1000
    with refused(rules.NOT_REVOKED):
        judge(evidence, phone, trust=trust_in(phone, revocation=stale), gaps=gaps)


def test_nothing_expected_leaves_gaps_that_are_named(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    nothing = AndroidKeyExpectations()
    claims = judge(evidence, phone, expected=nothing, gaps=Gaps.REPORT)
    assert open_rules(claims) == {rules.CHALLENGE.code, rules.APP.code}
    with no_statement(rules.CHALLENGE):
        judge(evidence, phone, expected=nothing)
    with no_statement(rules.APP):
        judge(evidence, phone, expected=AndroidKeyExpectations(challenge=CHALLENGE))


def test_what_was_not_asked_is_not_proved(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    assert rules.APP_SIGNERS.code in judge(evidence, phone).proved
    unsigned = AndroidKeyExpectations(challenge=CHALLENGE, app=EXPECTED.app)
    proved = judge(evidence, phone, expected=unsigned).proved
    assert rules.APP_SIGNERS.code not in proved
    assert rules.ATTEST_KEY_PURPOSE.code not in proved
