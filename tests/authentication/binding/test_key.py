"""A key is bound for what its evidence warrants, for the app and the challenge it was made for."""

import pytest
from msgspec.structs import replace

from tests.authentication.binding.world import CHALLENGE, attested, key_of
from tests.support import misuse, refused
from warifu.attestation.claims import App, Claims
from warifu.attestation.evidence.facts.android_key import AndroidKeyDetail
from warifu.attestation.evidence.facts.app_attest import AppAttestFacts
from warifu.authentication.binding import rules
from warifu.authentication.binding.key import WARRANTED, bound_key
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.handset.android_key import PACKAGE


def bind(claims: Claims, kind: ProofKind = ProofKind.DEVICE_KEY) -> BoundKey:
    return bound_key(claims, kind=kind, app=PACKAGE, challenge=CHALLENGE)


def guarded(timeout: int | None = None) -> Claims:
    """Claims about a key that needs PIN or biometrics."""
    claims = attested()
    assert isinstance(claims.detail, AndroidKeyDetail)
    assert claims.key is not None
    hardware = replace(claims.detail.hardware_enforced, auth_timeout=timeout)
    return replace(
        claims,
        key=replace(claims.key, user_authentication="biometric"),
        detail=replace(claims.detail, hardware_enforced=hardware),
    )


def of_app_attest() -> Claims:
    """Claims of a format that does not repeat the challenge."""
    claims = attested()
    assert claims.key is not None
    facts = AppAttestFacts(app_id_hash=bytes(32), extensions={})
    return replace(
        claims,
        key=replace(claims.key, identifier=b"key id"),
        freshness=replace(claims.freshness, challenge=b"digest with more in it", counter=0),
        detail=facts,
    )


def test_an_android_key_is_bound_by_its_digest() -> None:
    key = bind(attested())
    assert (key.kind, key.app, key.public_key) == (
        ProofKind.DEVICE_KEY,
        PACKAGE,
        key_of(attested()),
    )
    assert len(key.identifier) == 32
    assert not key.confirmation_required


def test_an_app_attest_key_keeps_its_name_and_counter() -> None:
    key = bind(of_app_attest(), ProofKind.APP_ATTEST)
    assert (key.identifier, key.counter, key.user_verification_required) == (b"key id", 0, False)


@pytest.mark.parametrize(("timeout", "each_time"), [(None, True), (30, False)])
def test_a_key_that_stays_unlocked_does_not_ask_each_time(
    timeout: int | None,
    each_time: bool,  # noqa: FBT001
) -> None:
    assert bind(guarded(timeout)).user_verification_required is each_time
    assert not bind(attested()).user_verification_required


def test_an_ordinary_key_is_not_bound_as_one_behind_a_trusted_display() -> None:
    with refused(rules.KIND):
        bind(attested(), ProofKind.PROTECTED_CONFIRMATION)
    claims = attested()
    assert claims.key is not None
    behind = replace(claims, key=replace(claims.key, confirmation_required=True))
    assert bind(behind, ProofKind.PROTECTED_CONFIRMATION).confirmation_required


@pytest.mark.parametrize("kind", sorted(set(ProofKind) - WARRANTED[AndroidKeyDetail]))
def test_evidence_warrants_no_kind_of_another_format(kind: ProofKind) -> None:
    with refused(rules.KIND):
        bind(attested(), kind)


def test_no_evidence_binds_a_trusted_application() -> None:
    assert all(ProofKind.TRUSTED_UI not in kinds for kinds in WARRANTED.values())


def test_evidence_without_a_key_binds_nothing() -> None:
    claims = attested()
    assert claims.key is not None
    for keyless in (None, replace(claims.key, public_key=None)):
        with refused(rules.KIND):
            bind(replace(claims, key=keyless))


@pytest.mark.parametrize("app", [None, App(), App(identifier="jp.example.bank.fake")])
def test_the_key_of_a_fake_app_is_not_bound(app: App | None) -> None:
    with refused(rules.EVIDENCE_APP):
        bind(replace(attested(), app=app))


@pytest.mark.parametrize("matches", [None, False])
def test_evidence_judged_without_a_challenge_is_a_mistake_of_ours(matches: bool | None) -> None:  # noqa: FBT001
    claims = attested()
    fresh = replace(claims.freshness, challenge_matches=matches)
    with misuse(rules.EVIDENCE_CHALLENGE):
        bind(replace(claims, freshness=fresh))


def test_evidence_that_states_no_challenge_is_refused() -> None:
    claims = attested()
    with refused(rules.EVIDENCE_CHALLENGE):
        bind(replace(claims, freshness=replace(claims.freshness, challenge=None)))
