"""Stored evidence under today's trust: what fell falls, what stayed stays, and nothing is lost."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.house import APP, PLAY_SECRET, Hands, HeldTrust, caller, make_house, settle
from tests.service.lookup.desk import client
from tests.service.phones import (
    LOGIN,
    Android,
    Bank,
    IPhone,
    Passkey,
    play_integrity_token,
    the_bytes,
)
from warifu.attestation.trust.revocation import MAX_AGE
from warifu.attestation.verdict import differences, encode, replay
from warifu.base.pki.certificate import read_certificate
from warifu.base.secret import Secret
from warifu.service.caller import Scope
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase
from warifu.service.conduct.erasing.rules import ERASED
from warifu.service.conduct.evidence import reappraisal
from warifu.service.conduct.evidence.reappraisal import (
    ReappraisalsAnswer,
    ReappraisalsRequest,
    reappraise_many,
)
from warifu.service.conduct.evidence.rules import KEPT
from warifu.service.conduct.evidence.standing import recall
from warifu.service.conduct.rules import KNOWN
from warifu.service.settings import Keeping, RetentionSettings, Settings
from warifu.service.store.database import Statement
from warifu.service.store.evidence import read_kept
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from litestar import Litestar
    from litestar.testing import TestClient

    from warifu.service.conduct.evidence.evidence import EvidenceAnswer
    from warifu.service.store.database import Database

FORMATS = ["android-key", "app-attest", "app-attest-assertion", "webauthn", "play-integrity"]


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def trust() -> HeldTrust:
    return HeldTrust()


@pytest.fixture
def bank(database: Database, clock: Hands, trust: HeldTrust) -> Bank:
    house = make_house(database, clock=clock, trust=trust)
    return Bank(house=house, caller=settle(house))


def android(bank: Bank, **about: Any) -> EvidenceAnswer:
    challenge = bank.challenge(operation=LOGIN, **about)
    evidence = Android().evidence(the_bytes(challenge), bank.house.clock())
    return bank.submit(challenge, evidence, operation=LOGIN, **about)


def submitted(bank: Bank, name: str) -> EvidenceAnswer:
    """Accepted evidence of each format."""
    now = bank.house.clock()
    if name == "android-key":
        return android(bank)
    if name == "webauthn":
        return bank.register(Passkey())
    if name == "play-integrity":
        challenge = bank.challenge(operation=LOGIN)
        token = play_integrity_token(the_bytes(challenge), now)
        return bank.submit(challenge, token, operation=LOGIN)
    phone = IPhone(made_at=now)
    registered = bank.register(phone)
    if name == "app-attest":
        return registered
    challenge = bank.challenge(operation=LOGIN)
    return bank.submit(challenge, phone.assertion(the_bytes(challenge)), operation=LOGIN)


def desk(bank: Bank) -> AbstractContextManager[TestClient[Litestar]]:
    return client(bank.house, bank.caller)


def again(bank: Bank, evidence: str, **asked: str) -> dict[str, Any]:
    with desk(bank) as backend:
        answer = backend.post(f"/v1/evidence/{evidence}/appraisals", json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def page(bank: Bank, **asked: Any) -> ReappraisalsAnswer:
    values: dict[str, Any] = {"operation": LOGIN.kind, "limit": 1000, **asked}
    return reappraise_many(bank.work(), ReappraisalsRequest(**values))


def leaf_serial(bank: Bank, evidence: str) -> int:
    """The serial of the attested key's own certificate."""
    with bank.house.database.read() as transaction:
        row = read_kept(transaction, bank.caller.tenant, evidence)
    assert row is not None
    recalled = recall(bank.house, bank.caller.tenant, row)
    pem = recalled.verdict.request.evidence.decode()
    second = pem.split("-----BEGIN CERTIFICATE-----")[2].split("-----END")[0]
    return read_certificate(b64decode("".join(second.split()))).serial


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_trust_gives_the_same_result(bank: Bank, clock: Hands, name: str) -> None:
    evidence = submitted(bank, name)
    assert evidence.verdict == "accepted", evidence
    clock.forward(hours=1)
    answer = again(bank, evidence.id)
    assert (answer["fell"], answer["rose"], answer["changes"]) == (False, False, [])
    assert answer["before"]["submodules"] == answer["after"]["submodules"]
    assert answer["same_policy"]
    assert answer["made_at"] < answer["after"]["known_at"]
    assert answer["before"]["appraisal"] == evidence.appraisal.id != answer["after"]["appraisal"]


def test_a_key_revoked_since_its_registration_falls(
    bank: Bank, clock: Hands, trust: HeldTrust
) -> None:
    evidence = android(bank)
    trust.revoked = (leaf_serial(bank, evidence.id),)
    clock.forward(days=3)
    answer = again(bank, evidence.id)
    assert answer["fell"]
    assert answer["before"]["status"] == "affirming"
    assert answer["after"]["basis"] == "bad-evidence"
    assert answer["after"]["status"] == "contraindicated"
    assert any(change["after"] == "fails" for change in answer["changes"])
    with desk(bank) as backend:
        devices = backend.get("/v1/devices?revoked=true").json()["items"]
    assert [each["id"] for each in devices] == [evidence.device]


def test_a_key_that_is_listed_no_more_rises_again(
    bank: Bank, clock: Hands, trust: HeldTrust
) -> None:
    evidence = android(bank)
    trust.revoked = (leaf_serial(bank, evidence.id),)
    clock.forward(seconds=1)
    assert again(bank, evidence.id)["fell"]
    trust.revoked = ()
    clock.forward(seconds=1)
    assert again(bank, evidence.id)["rose"]


def test_a_model_whose_metadata_fell_falls(bank: Bank, clock: Hands, trust: HeldTrust) -> None:
    evidence = bank.register(Passkey())
    trust.fallen = "ATTESTATION_KEY_COMPROMISE"
    clock.forward(days=1)
    answer = again(bank, evidence.id)
    assert answer["fell"], answer
    assert answer["after"]["status"] == "contraindicated"
    assert answer["changes"]


def test_an_anchor_that_is_believed_no_more_makes_no_statement_of_the_device_good(
    bank: Bank, trust: HeldTrust
) -> None:
    evidence = android(bank)
    trust.without = frozenset({"test-google"})
    answer = again(bank, evidence.id)
    assert answer["after"]["status"] != "affirming"


def test_stale_trust_lets_nothing_fall_and_keeps_no_appraisal(bank: Bank, trust: HeldTrust) -> None:
    evidence = android(bank)
    before = bank.count("appraisals")
    trust.list_age = MAX_AGE + timedelta(seconds=1)
    answer = again(bank, evidence.id)
    assert (answer["fell"], answer["rose"]) == (False, False)
    assert answer["after"]["basis"] == "verifier-fault"
    assert answer["after"]["appraisal"] is None
    assert bank.count("appraisals") == before


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_verdict_replays_under_its_own_trust_with_identical_claims(
    bank: Bank, clock: Hands, trust: HeldTrust, name: str
) -> None:
    evidence = submitted(bank, name)
    clock.forward(days=30)
    again(bank, evidence.id)
    with bank.house.database.read() as transaction:
        row = read_kept(transaction, bank.caller.tenant, evidence.id)
    assert row is not None
    saved = recall(bank.house, bank.caller.tenant, row).verdict
    secrets = {}
    if name == "play-integrity":
        secrets["decryption_key"] = Secret(PLAY_SECRET)
    replayed = replay(saved, trust=trust.as_of(saved.request.known_at), secrets=secrets)
    assert differences(saved, replayed) == ()
    assert replayed.claims == msgspec.json.decode(encode(saved))["claims"]


def test_another_operation_is_another_policy(bank: Bank) -> None:
    evidence = android(bank)
    answer = again(bank, evidence.id, operation="high-value-transfer")
    assert not answer["same_policy"]
    assert answer["after"]["policy_digest"] != answer["before"]["policy_digest"]


def test_a_registration_judged_again_counts_at_once_for_decisions_by_its_key(
    bank: Bank, clock: Hands
) -> None:
    phone = IPhone(made_at=clock.now)
    registered = bank.register(phone)
    clock.forward(seconds=1)
    answer = again(bank, registered.id)
    challenge = bank.challenge(operation=LOGIN)
    asserted = bank.submit(challenge, phone.assertion(the_bytes(challenge)), operation=LOGIN)
    assert asserted.appraisal.standing == answer["after"]["appraisal"]


def test_no_decision_rests_on_a_reappraisal_itself(bank: Bank) -> None:
    evidence = android(bank)
    appraisal = again(bank, evidence.id)["after"]["appraisal"]
    with pytest.raises(Exception, match="appraisal/"):
        bank.decide(appraisal=appraisal, operation=LOGIN)


def test_evidence_of_an_erased_device_is_never_judged_again(bank: Bank) -> None:
    evidence = android(bank)
    other = android(bank)
    assert evidence.device is not None
    erase(bank.work(), ErasureRequest(device=evidence.device))
    with desk(bank) as backend:
        answer = backend.post(f"/v1/evidence/{evidence.id}/appraisals", json={})
    assert (answer.status_code, answer.json()["code"]) == (410, ERASED.code)
    counted = page(bank)
    assert (counted.erased, counted.judged, counted.not_kept) == (1, 1, 0)
    assert other.device != evidence.device


def test_evidence_whose_bytes_were_not_kept_is_not_judged_again(
    database: Database, clock: Hands
) -> None:
    dropping = Settings(retention=RetentionSettings(identifiers=Keeping.DROP))
    house = make_house(database, clock=clock, settings=dropping)
    bank = Bank(house=house, caller=settle(house))
    evidence = android(bank)
    with desk(bank) as backend:
        answer = backend.post(f"/v1/evidence/{evidence.id}/appraisals", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, KEPT.code)
    assert page(bank).not_kept == 1


def test_another_tenants_evidence_is_not_known(bank: Bank) -> None:
    evidence = android(bank)
    stranger = settle(bank.house, "other-bank")
    with client(bank.house, stranger) as backend:
        for address in (
            f"/v1/appraisals/{evidence.appraisal.id}",
            f"/v1/appraisals/{evidence.appraisal.id}/ear",
        ):
            assert backend.get(address).status_code == 404, address
        answer = backend.post(f"/v1/evidence/{evidence.id}/appraisals", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, KNOWN.code)
        assert backend.get("/v1/appraisals").json()["items"] == []
        many = backend.post("/v1/reappraisals", json={"operation": "login"}).json()
        assert (many["judged"], many["next"]) == (0, None)


def test_an_altered_row_keeps_no_other_evidence_from_being_judged(bank: Bank) -> None:
    broken, whole = android(bank), android(bank)
    with bank.house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="UPDATE evidence_bytes SET sealed = :sealed"
                    " WHERE tenant = :tenant AND owner = :owner",
                    values={
                        "sealed": b"\x01" * 64,
                        "tenant": bank.caller.tenant,
                        "owner": broken.device,
                    },
                )
            ]
        )
    found = page(bank)
    assert (found.judged, found.unreadable) == (1, 1)
    assert whole.id != broken.id


def test_pages_judge_everything_once_and_list_only_what_changed(
    bank: Bank, clock: Hands, trust: HeldTrust
) -> None:
    kept = []
    for _ in range(7):
        clock.forward(seconds=1)
        kept.append(android(bank))
    trust.revoked = (leaf_serial(bank, kept[3].id),)
    first = bank.count("appraisals")
    after, judged, fallen = None, 0, []
    while True:
        found = page(bank, limit=3, after=after)
        judged += found.judged
        fallen += [each.evidence for each in found.items]
        after = found.next
        if after is None:
            break
    expected = [each.id for each in reversed(kept)]
    shared = trust.revoked[0]
    assert judged == 7
    assert fallen == [e for e in expected if leaf_serial(bank, e) == shared]
    assert bank.count("appraisals") == first + 7


def test_filters_choose_what_is_judged(bank: Bank) -> None:
    android(bank)
    bank.register(Passkey())
    assert page(bank, format="webauthn").judged == 1
    assert page(bank, app=APP).judged == 2
    assert page(bank, app="other").judged == 0
    assert page(bank, model="no such model").judged == 0
    evidence = android(bank, device="bank-device-1")
    with bank.house.database.read() as transaction:
        row = transaction.row(
            "SELECT model FROM devices WHERE tenant = :tenant AND id = :id",
            tenant=bank.caller.tenant,
            id=evidence.device,
        )
    assert row is not None
    if row[0] is not None:
        assert page(bank, model=row[0]).judged >= 1
    assert page(bank, device="bank-device-1").judged == 1


def test_every_reappraisal_is_audited(bank: Bank) -> None:
    evidence = android(bank)
    before = bank.count("audit")
    again(bank, evidence.id)
    page(bank)
    assert bank.count("audit") == before + 2


def test_a_caller_needs_the_scope_to_judge_again(bank: Bank) -> None:
    evidence = android(bank)
    with client(bank.house, caller(bank.caller.tenant, Scope.READ)) as backend:
        for address in (f"/v1/evidence/{evidence.id}/appraisals", "/v1/reappraisals"):
            assert backend.post(address, json={"operation": "login"}).status_code == 403


def test_appraisals_are_listed_and_fetched_with_their_findings(bank: Bank, clock: Hands) -> None:
    first = android(bank)
    clock.forward(seconds=1)
    again(bank, first.id)
    clock.forward(seconds=1)
    second = bank.register(Passkey())
    with desk(bank) as backend:
        newest = backend.get("/v1/appraisals?limit=1").json()
        assert newest["items"][0]["evidence"] == second.id
        rest = backend.get(f"/v1/appraisals?after={newest['next']}").json()["items"]
        assert [each["evidence"] for each in rest] == [first.id, first.id]
        of_one = backend.get(f"/v1/appraisals?evidence={first.id}").json()["items"]
        assert len(of_one) == 2
        fetched = backend.get(f"/v1/appraisals/{first.appraisal.id}")
        etag = fetched.headers["etag"]
        held = backend.get(f"/v1/appraisals/{first.appraisal.id}", headers={"If-None-Match": etag})
    assert held.status_code == 304
    seen = fetched.json()
    assert seen["appraisal"]["status"] == "affirming"
    assert set(seen["submodules"]) == {"device", "app", "key"}
    assert all(part["findings"] for part in seen["submodules"].values())
    assert seen["format"] == "android-key"


@pytest.mark.parametrize("pieces", ["one", "many"])
def test_a_device_erased_while_it_is_judged_leaves_no_appraisal_with_its_name(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, pieces: str
) -> None:
    evidence, other = android(bank), android(bank)
    device = evidence.device
    assert device is not None
    verify = reappraisal.verify_here

    def erased_meanwhile(*given: Any) -> Any:
        outcomes = list(verify(*given))
        if not erased:
            erased.append(erase(bank.work(), ErasureRequest(device=device)).id)
        return outcomes

    erased: list[str] = []
    monkeypatch.setattr(reappraisal, "verify_here", erased_meanwhile)
    if pieces == "many":
        found = page(bank)
        assert (found.judged, found.erased) == (1, 1)
    else:
        with desk(bank) as backend:
            answer = backend.post(f"/v1/evidence/{evidence.id}/appraisals", json={})
        assert (answer.status_code, answer.json()["code"]) == (410, ERASED.code)
    with bank.house.database.read() as transaction:
        names = transaction.rows(
            "SELECT device FROM appraisals WHERE tenant = :tenant", tenant=bank.caller.tenant
        )
    assert {name for (name,) in names} == {other.device, erased[0]}


def test_where_the_last_policy_is_in_force_no_more_the_strictest_one_judges(bank: Bank) -> None:
    evidence = android(bank)
    with bank.house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="DELETE FROM appraisals WHERE tenant = :tenant",
                    values={"tenant": bank.caller.tenant},
                )
            ]
        )
    answer = again(bank, evidence.id)
    assert answer["before"] is None
    assert not answer["same_policy"]
    strictest = again(bank, evidence.id, operation="high-value-transfer")
    assert answer["after"]["policy_digest"] == strictest["after"]["policy_digest"]


def test_evidence_of_an_app_that_is_registered_no_more_is_counted_and_not_judged(
    bank: Bank,
) -> None:
    android(bank)
    with bank.house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="DELETE FROM apps WHERE tenant = :tenant",
                    values={"tenant": bank.caller.tenant},
                )
            ]
        )
    assert (page(bank).judged, page(bank).not_kept) == (0, 1)


def test_a_damaged_appraisal_is_said_to_be_damaged(bank: Bank) -> None:
    evidence = android(bank)
    with bank.house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="UPDATE appraisals SET document = :document WHERE tenant = :tenant",
                    values={"tenant": bank.caller.tenant, "document": b"{}"},
                )
            ]
        )
    with desk(bank) as backend:
        answer = backend.get(f"/v1/appraisals/{evidence.appraisal.id}")
    assert (answer.status_code, answer.json()["code"]) == (503, OPENS.code)


def test_a_device_shows_its_keys_and_last_appraisals(bank: Bank) -> None:
    registered = bank.register(IPhone(made_at=bank.house.clock()), device="bank-device-1")
    with desk(bank) as backend:
        shown = backend.get("/v1/devices/bank-device-1").json()
    assert [key["evidence"] for key in shown["keys"]] == [registered.id]
    assert [each["id"] for each in shown["appraisals"]] == [registered.appraisal.id]
    assert shown["appraisals"][0]["status"] == "affirming"
