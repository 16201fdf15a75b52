"""Keys that anyone may fetch: what was signed verifies before, during and after a rotation."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import cbor2
import pytest
from litestar.testing import TestClient

from tests.service.house import START, Hands, HeldTrust, make_house
from tests.service.served import served
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.ear.document import Ear, VerifierId, ear_of
from warifu.attestation.appraisal.ear.token import read_jwt, sign_jwt
from warifu.attestation.appraisal.policy import load_policy
from warifu.attestation.trust.rules import REVOCATION_FRESH
from warifu.base.codec.text import from_base64url
from warifu.base.errors import BadEvidence, StaleTrust
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import DOCUMENT_LIFE, LEAST_LEAD, Custody, KeyRing
from warifu.base.keys.signer import SoftwareSigner
from warifu.service.adapters.bundled_profiles import bundled_profiles
from warifu.service.api.media import ACCEPTABLE, preferred

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Litestar

    from warifu.service.store.database import Database

SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
LIFE = TERMS[KeyPurpose.EAR].longest_life


class TurningKeys:
    """A ring that a test changes."""

    def __init__(self) -> None:
        self.held = KeyRing()
        self.rotate(START - timedelta(days=30))

    def rotate(self, now: datetime, lead: timedelta = LEAST_LEAD) -> None:
        signer = SoftwareSigner.generate("ES256", os.urandom)
        self.held = self.held.rotate(
            KeyPurpose.EAR, signer, custody=Custody.FILE, now=now, lead=lead
        )

    def ring(self, now: datetime) -> KeyRing:
        del now
        return self.held


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def keys() -> TurningKeys:
    return TurningKeys()


@pytest.fixture
def stranger(database: Database, clock: Hands, keys: TurningKeys) -> Iterator[TestClient[Litestar]]:
    """Somebody without any credential."""
    with served(make_house(database, clock=clock, keys=keys)) as anyone:
        yield anyone


def public_key(jwk: dict[str, Any]) -> bytes:
    return SPKI_PREFIX + from_base64url(jwk["x"]) + from_base64url(jwk["y"])


def published(stranger: TestClient[Litestar]) -> dict[str, bytes]:
    fetched = stranger.get("/v1/keys").json()["keys"]
    return {jwk["kid"]: public_key(jwk) for jwk in fetched if jwk["purpose"] == "ear"}


def token(keys: TurningKeys, now: datetime) -> bytes:
    policy = load_policy(b'id = "any"\nprofile = "login"\n', profiles=bundled_profiles())
    fault = StaleTrust(REVOCATION_FRESH)
    result = appraise(fault, policy=policy, trust=HeldTrust().now(now), now=now)
    us = VerifierId(developer="https://warifu.example", build="test")
    ear: Ear = ear_of(result, verifier=us, expires_at=now + LIFE)
    return sign_jwt(ear, keys.held.signer(KeyPurpose.EAR, now))


def test_anyone_may_fetch_the_keys_and_keep_them_as_long_as_a_rotation_allows(
    stranger: TestClient[Litestar],
) -> None:
    answer = stranger.get("/v1/keys")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == f"public, max-age={DOCUMENT_LIFE.seconds}"
    assert answer.headers["vary"] == "Accept"
    assert stranger.get("/.well-known/jwks.json").content == answer.content
    assert "d" not in answer.json()["keys"][0]


def test_a_key_set_that_is_held_already_is_not_sent_again(stranger: TestClient[Litestar]) -> None:
    etag = stranger.get("/v1/keys").headers["etag"]
    again = stranger.get("/v1/keys", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"].startswith("public")


def test_a_rotation_changes_the_tag(
    stranger: TestClient[Litestar], keys: TurningKeys, clock: Hands
) -> None:
    etag = stranger.get("/v1/keys").headers["etag"]
    keys.rotate(clock())
    assert stranger.get("/v1/keys", headers={"If-None-Match": etag}).status_code == 200


def test_the_same_keys_come_as_a_cose_key_set(stranger: TestClient[Litestar]) -> None:
    answer = stranger.get("/v1/keys", headers={"Accept": "application/cose-key-set"})
    assert answer.headers["content-type"] == "application/cose-key-set"
    names = {key[2].decode() for key in cbor2.loads(answer.content)}
    assert names == {jwk["kid"] for jwk in stranger.get("/v1/keys").json()["keys"]}


def test_another_form_is_not_acceptable(stranger: TestClient[Litestar]) -> None:
    answer = stranger.get("/v1/keys", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, ACCEPTABLE.code)


def test_what_was_signed_before_during_and_after_a_rotation_verifies_with_the_keys_of_its_time(
    stranger: TestClient[Litestar], keys: TurningKeys, clock: Hands
) -> None:
    turn = START + LEAST_LEAD
    keys_then: dict[datetime, dict[str, bytes]] = {}
    tokens: dict[datetime, bytes] = {}
    for moment in (
        START - timedelta(seconds=1),
        START,
        turn - timedelta(seconds=1),
        turn,
        turn + timedelta(hours=1),
        turn + LIFE - timedelta(seconds=1),
    ):
        if moment == START:
            keys.rotate(START)
        clock.now = moment
        keys_then[moment] = published(stranger)
        tokens[moment] = token(keys, moment)
    for signed, each in tokens.items():
        for fetched, held in keys_then.items():
            # Until its expiry, with a key set that a cache may still have kept from before.
            if signed - DOCUMENT_LIFE <= fetched < signed + LIFE:
                assert read_jwt(each, keys=held, at=max(signed, fetched)).issued_at


def test_a_key_is_gone_once_nothing_it_signed_can_be_valid(
    stranger: TestClient[Litestar], keys: TurningKeys, clock: Hands
) -> None:
    (first,) = published(stranger)
    keys.rotate(START)
    clock.now = START + LEAST_LEAD + LIFE
    assert first in published(stranger)
    clock.now += timedelta(minutes=6)
    assert first not in published(stranger)


def test_a_revoked_key_is_gone_at_once_and_verifies_nothing(
    stranger: TestClient[Litestar], keys: TurningKeys, clock: Hands
) -> None:
    (first,) = published(stranger)
    signed = token(keys, START)
    keys.held = keys.held.revoke(first, now=clock())
    keys.rotate(clock())
    with pytest.raises(BadEvidence):
        read_jwt(signed, keys=published(stranger), at=START)


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        (None, "a/one"),
        ("*/*", "a/one"),
        ("a/*;q=0.5, a/two", "a/two"),
        ("a/one;q=0.1, a/two;q=0.2", "a/two"),
        ("a/one;q=0, */*", "a/two"),
        ('a/two; p="tag:x,2026:y#04", text/html', "a/two"),
        ('"unclosed, a/two', None),
        ("nonsense", None),
        ("a/one;q=0", None),
        ("x" * 3000, None),
    ],
)
def test_the_preferred_form_is_given(accepted: str | None, given: str | None) -> None:
    offered = ("a/one", "a/two")
    if given is None:
        with pytest.raises(Exception, match=ACCEPTABLE.code):
            preferred(accepted, offered)
    else:
        assert preferred(accepted, offered)[0] == given


def test_a_parameter_with_a_comma_stays_whole() -> None:
    _, wanted = preferred('a/two; p="tag:x,2026:y#04"', ("a/two",))
    assert wanted is not None
    assert wanted.parameters == {"p": "tag:x,2026:y#04"}
