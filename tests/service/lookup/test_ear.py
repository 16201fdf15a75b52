"""Appraisals signed for others: who may rely on them, for how long, in which vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.service.house import Hands, make_house, settle
from tests.service.lookup.desk import client
from tests.service.lookup.test_published import public_key
from tests.service.phones import LOGIN, Android, Bank, Passkey, the_bytes
from warifu.attestation.appraisal.ear.document import EarProfile
from warifu.attestation.appraisal.ear.token import read_cwt, read_jwt
from warifu.attestation.appraisal.vector import Tier
from warifu.base.keys.ring import NO_SIGNER, KeyRing
from warifu.service.api.media import ACCEPTABLE
from warifu.service.conduct.evidence import ear_rules as rules
from warifu.service.store.database import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.conduct.challenges.challenge import ChallengeAnswer
    from warifu.service.conduct.evidence.evidence import EvidenceAnswer
    from warifu.service.store.database import Database


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def bank(database: Database, clock: Hands) -> Bank:
    house = make_house(database, clock=clock)
    return Bank(house=house, caller=settle(house))


def judged(bank: Bank) -> tuple[ChallengeAnswer, EvidenceAnswer]:
    challenge = bank.challenge(operation=LOGIN)
    evidence = Android().evidence(the_bytes(challenge), bank.house.clock())
    return challenge, bank.submit(challenge, evidence, operation=LOGIN)


def fetch(bank: Bank, appraisal: str, query: str = "", **headers: str) -> Any:
    with client(bank.house, bank.caller) as backend:
        return backend.get(f"/v1/appraisals/{appraisal}/ear{query}", headers=headers)


def pinned(bank: Bank) -> dict[str, bytes]:
    """The keys of the published set that may sign results."""
    with client(bank.house) as anyone:
        keys = anyone.get("/v1/keys").json()["keys"]
    return {jwk["kid"]: public_key(jwk) for jwk in keys if jwk["purpose"] == "ear"}


def test_a_jwt_verifies_with_the_published_keys_and_answers_the_challenge(
    bank: Bank, clock: Hands
) -> None:
    challenge, evidence = judged(bank)
    answer = fetch(bank, evidence.appraisal.id)
    assert answer.headers["content-type"] == (
        f'application/eat+jwt; eat_profile="{EarProfile.DRAFT_04.value}"'
    )
    assert answer.headers["cache-control"] == "no-store"
    ear = read_jwt(answer.content, keys=pinned(bank), at=clock())
    assert ear.nonces == (the_bytes(challenge),)
    assert {name: part.status for name, part in ear.submodules.items()} == {
        "device": Tier.AFFIRMING,
        "app": Tier.AFFIRMING,
        "key": Tier.AFFIRMING,
    }
    with client(bank.house, bank.caller) as backend:
        claims = backend.get(f"/v1/evidence/{evidence.id}").json()["claims"]
    attested = ear.submodules["key"].attested_key
    assert attested is not None
    assert attested.hex() == claims["key"]["public_key"]


def test_a_cwt_says_the_same(bank: Bank, clock: Hands) -> None:
    _, evidence = judged(bank)
    answer = fetch(bank, evidence.appraisal.id, Accept="application/eat+cwt")
    assert answer.headers["content-type"].startswith("application/eat+cwt; eat_profile=")
    in_cbor = read_cwt(answer.content, keys=pinned(bank), at=clock())
    in_json = read_jwt(fetch(bank, evidence.appraisal.id).content, keys=pinned(bank), at=clock())
    assert in_cbor == in_json


@pytest.mark.parametrize(
    ("query", "accepted", "profile"),
    [
        ("?profile=draft-04", "*/*", EarProfile.DRAFT_04),
        ("?profile=draft-03", "application/eat+jwt", EarProfile.DRAFT_03),
        ("?profile=veraison", "application/eat+jwt", EarProfile.VERAISON),
        ("", f'application/eat+jwt; eat_profile="{EarProfile.DRAFT_03}"', EarProfile.DRAFT_03),
        ("?profile=draft-03", "application/eat+cwt", EarProfile.DRAFT_03),
    ],
)
def test_a_reader_gets_the_vocabulary_it_asks_for(
    bank: Bank, clock: Hands, query: str, accepted: str, profile: EarProfile
) -> None:
    _, evidence = judged(bank)
    answer = fetch(bank, evidence.appraisal.id, query, Accept=accepted)
    assert answer.status_code == 200, answer.text
    read = read_cwt if "cwt" in answer.headers["content-type"] else read_jwt
    ear = read(answer.content, keys=pinned(bank), at=clock())
    assert ear.profile is profile


@pytest.mark.parametrize(
    ("query", "accepted", "code"),
    [
        ("?profile=veraison", "application/eat+cwt", rules.FORM.code),
        ("", "application/json", ACCEPTABLE.code),
        ("", 'application/eat+jwt; eat_profile="tag:nobody,2020:x"', ACCEPTABLE.code),
    ],
)
def test_what_does_not_exist_is_not_acceptable(
    bank: Bank, query: str, accepted: str, code: str
) -> None:
    _, evidence = judged(bank)
    answer = fetch(bank, evidence.appraisal.id, query, Accept=accepted)
    assert (answer.status_code, answer.json()["code"]) == (406, code)


def test_an_unknown_profile_is_refused(bank: Bank) -> None:
    _, evidence = judged(bank)
    assert fetch(bank, evidence.appraisal.id, "?profile=draft-99").status_code == 400


def test_an_old_appraisal_gets_no_new_signature(bank: Bank, clock: Hands) -> None:
    _, evidence = judged(bank)
    issued = fetch(bank, evidence.appraisal.id)
    clock.forward(seconds=bank.house.settings.appraisals.usable_seconds)
    answer = fetch(bank, evidence.appraisal.id)
    assert (answer.status_code, answer.json()["code"]) == (409, rules.CURRENT.code)
    with pytest.raises(Exception, match="expired"):
        read_jwt(issued.content, keys=pinned(bank), at=clock())


def test_no_appraisal_of_the_future_is_signed(bank: Bank, clock: Hands) -> None:
    _, evidence = judged(bank)
    clock.forward(seconds=-1)
    answer = fetch(bank, evidence.appraisal.id)
    assert (answer.status_code, answer.json()["code"]) == (409, rules.CURRENT.code)


def test_a_later_signature_makes_an_appraisal_no_younger(bank: Bank, clock: Hands) -> None:
    _, evidence = judged(bank)
    first = read_jwt(fetch(bank, evidence.appraisal.id).content, keys=pinned(bank), at=clock())
    clock.forward(seconds=300)
    second = read_jwt(fetch(bank, evidence.appraisal.id).content, keys=pinned(bank), at=clock())
    assert (first.issued_at, first.expires_at) == (second.issued_at, second.expires_at)


def test_refused_evidence_is_signed_as_contraindicated_and_names_no_key(
    bank: Bank, clock: Hands
) -> None:
    challenge = bank.challenge(operation=LOGIN)
    wrong = Android().evidence(b"another challenge of 32 bytes...", clock())
    evidence = bank.submit(challenge, wrong, operation=LOGIN)
    ear = read_jwt(fetch(bank, evidence.appraisal.id).content, keys=pinned(bank), at=clock())
    assert {part.status for part in ear.submodules.values()} == {Tier.CONTRAINDICATED}
    assert ear.submodules["key"].attested_key is None


def test_nothing_of_the_device_itself_is_told(bank: Bank, clock: Hands) -> None:
    evidence = bank.register(Passkey(), device="bank-device-1")
    answer = fetch(bank, evidence.appraisal.id, Accept="application/eat+cwt")
    assert b"bank-device-1" not in answer.content
    ear = read_cwt(answer.content, keys=pinned(bank), at=clock())
    assert all(part.attester_claims is None for part in ear.submodules.values())


def test_without_the_challenge_there_is_no_nonce(bank: Bank, clock: Hands) -> None:
    challenge, evidence = judged(bank)
    with bank.house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="DELETE FROM challenges WHERE tenant = :tenant AND id = :id",
                    values={"tenant": bank.caller.tenant, "id": challenge.id},
                )
            ]
        )
    answer = fetch(bank, evidence.appraisal.id)
    assert read_jwt(answer.content, keys=pinned(bank), at=clock()).nonces == ()


def test_a_service_without_keys_says_that_it_cannot_sign(database: Database, clock: Hands) -> None:
    class NoKeys:
        def ring(self, now: datetime) -> KeyRing:
            del now
            return KeyRing()

    house = make_house(database, clock=clock, keys=NoKeys())
    bank = Bank(house=house, caller=settle(house))
    _, evidence = judged(bank)
    answer = fetch(bank, evidence.appraisal.id)
    assert (answer.status_code, answer.json()["code"]) == (503, NO_SIGNER.code)
