"""What a SafetyNet response claims: every field, compared with what Google was told to say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.attestation.safetynet.test_safetynet import AT, ROOT, judge, server
from tests.support import make_test_anchor, refused, test_trust
from warifu.attestation.claims import App, Claims, Device, Format, Freshness, Package, Realm
from warifu.attestation.evidence.facts.safetynet import CLOCK_SKEW, MAX_AGE, SafetyNetFacts
from warifu.attestation.evidence.readers.safetynet import MAX_SIGNERS
from warifu.attestation.evidence.rules import safetynet as rules
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec.text import to_base64
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import ANCHORED
from warifu.handset.jose_writer import json_bytes, make_jws
from warifu.handset.safetynet import APK, CHALLENGE, MADE_AT, PACKAGE, SIGNER

ASKED = {
    "certificate_digests": rules.SIGNER,
    "apk_digests": rules.APK,
    "cts_profile_match": rules.PROFILE_MATCH,
    "basic_integrity": rules.BASIC_INTEGRITY,
}


def test_claims_are_what_google_was_told_and_nothing_else() -> None:
    known_at = MADE_AT + timedelta(days=3)
    trust = test_trust(
        make_test_anchor(ROOT.certificate, AnchorUse.SAFETYNET, name="old google"),
        known_at=known_at,
    )
    made = server(
        advice="LOCK_BOOTLOADER,RESTORE_TO_FACTORY_ROM",
        error="internal_error",
        deprecationInformation="old",
    )
    x5c = made.chain()
    assert isinstance(made.payload, dict)
    header = {"alg": "ES256", "x5c": [to_base64(each) for each in x5c]}
    evidence = make_jws(header, json_bytes(made.payload), made.signing_key)
    claims = judge(evidence, trust=trust)
    assert claims == Claims(
        format=Format.SAFETYNET,
        at=AT,
        known_at=known_at,
        realm=Realm.TEST,
        device=Device(platform="android"),
        app=App(identifier=PACKAGE, packages=(Package(PACKAGE),), signers=(SIGNER,)),
        freshness=Freshness(challenge=CHALLENGE, challenge_matches=True, made_at=MADE_AT),
        chain=tuple(map(read_certificate, (*x5c, ROOT.certificate))),
        anchor="old google",
        detail=SafetyNetFacts(
            cts_profile_match=True,
            basic_integrity=True,
            apk_digest=APK,
            evaluation_types=("BASIC", "HARDWARE_BACKED"),
            advice=("LOCK_BOOTLOADER", "RESTORE_TO_FACTORY_ROM"),
            error="internal_error",
            unlisted={"deprecationInformation": "old"},
        ),
        proved=(ANCHORED.code, *(rule.code for rule in rules.RULES)),
    )


@pytest.mark.parametrize("asked", sorted(ASKED))
def test_what_was_not_asked_is_not_proved(asked: str) -> None:
    nothing: dict[str, Any] = {asked: None}
    unasked = judge(server(), **nothing)
    assert ASKED[asked].code not in unasked.proved
    assert {rule.code for name, rule in ASKED.items() if name != asked} <= set(unasked.proved)


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (MADE_AT + MAX_AGE, True),
        (MADE_AT + MAX_AGE + timedelta(milliseconds=1), False),
        (MADE_AT - CLOCK_SKEW, True),
        (MADE_AT - CLOCK_SKEW - timedelta(milliseconds=1), False),
    ],
)
def test_a_response_is_taken_at_the_last_moment_of_its_age_and_no_later(
    at: Any, *, taken: bool
) -> None:
    if taken:
        assert judge(server(), at=at).at == at
    else:
        with refused(rules.TIMESTAMP):
            judge(server(), at=at)


@pytest.mark.parametrize("signers", [MAX_SIGNERS, MAX_SIGNERS + 1])
def test_an_app_may_have_as_many_signers_as_the_limit_and_no_more(signers: int) -> None:
    made = server(apkCertificateDigestSha256=[to_base64(SIGNER)] * signers)
    if signers == MAX_SIGNERS:
        claims = judge(made)
        assert claims.app is not None
        assert len(claims.app.signers) == signers
    else:
        with refused(rules.PAYLOAD):
            judge(made)


def test_a_response_without_an_app_names_none() -> None:
    claims = judge(
        server(apkPackageName=None, apkDigestSha256=None, apkCertificateDigestSha256=None),
        app=None,
        certificate_digests=None,
        apk_digests=None,
        gaps=Gaps.REPORT,
    )
    assert claims.app == App()
