"""Erasures as callers meet them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.service.house import TENANT, Hands, caller, make_house, settle
from tests.service.lookup.desk import client, put_device
from tests.service.phones import Android, Bank, the_bytes
from warifu.service.caller import Scope
from warifu.service.composition import Composition
from warifu.service.conduct.erasing.erasure import ErasureAnswer, ErasureRequest, erase
from warifu.service.conduct.erasing.rules import ERASED
from warifu.service.conduct.work import Work
from warifu.service.store.database import Database

AT_ONCE = 16


@pytest.fixture
def house(database: Database) -> Composition:
    made = make_house(database, clock=Hands())
    settle(made)
    return made


def test_a_device_is_erased_listed_and_erased_no_second_time(house: Composition) -> None:
    put_device(house, "phone", serials=[0x1234])
    with client(house) as desk:
        first = desk.post("/v1/erasures", json={"device": "phone"})
        assert (first.status_code, first.json()["already"]) == (200, False)
        again = desk.post("/v1/erasures", json={"device": "phone"}).json()
        assert (again["id"], again["already"]) == (first.json()["id"], True)
        seen = {"id": again["id"], "erased_at": again["erased_at"]}
        assert desk.get("/v1/erasures").json() == {"items": [seen], "next": None}
        assert desk.get(f"/v1/erasures/{again['id']}").json() == seen
        assert desk.get("/v1/erasures/phone").status_code == 404
        assert desk.get("/v1/devices/phone").status_code == 404
        assert "phone" not in desk.get("/v1/serials/0x1234").text


def test_the_same_request_twice_gets_the_same_answer(house: Composition) -> None:
    put_device(house, "phone")
    key = {"Idempotency-Key": "erasure-1"}
    with client(house) as desk:
        first = desk.post("/v1/erasures", json={"device": "phone"}, headers=key)
        again = desk.post("/v1/erasures", json={"device": "phone"}, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_who_may_read_may_not_erase(house: Composition) -> None:
    put_device(house, "phone")
    with client(house, caller(TENANT, Scope.READ, Scope.DECIDE)) as desk:
        assert desk.post("/v1/erasures", json={"device": "phone"}).status_code == 403
        assert desk.get("/v1/erasures").status_code == 403
        assert desk.get("/v1/devices/phone").status_code == 200


@pytest.mark.parametrize("body", [{}, {"device": ""}, {"device": "x" * 201}, {"device": 1}])
def test_a_request_that_names_no_device_is_told_so(
    house: Composition, body: dict[str, object]
) -> None:
    with client(house) as desk:
        assert desk.post("/v1/erasures", json=body).status_code == 400
        assert desk.post("/v1/erasures", json={"device": "unknown"}).status_code == 404


def test_evidence_of_an_erased_device_is_gone_for_good(house: Composition) -> None:
    bank = Bank(house=house, caller=caller())
    challenge = bank.challenge(device="phone")
    made = Android().evidence(the_bytes(challenge), house.clock())
    evidence = bank.submit(challenge, made, device="phone").id
    with client(house) as desk:
        before = desk.post(f"/v1/evidence/{evidence}/appraisals", json={"operation": "login"})
        assert before.status_code == 201, before.json()
        assert desk.post("/v1/erasures", json={"device": "phone"}).status_code == 200
        answer = desk.post(f"/v1/evidence/{evidence}/appraisals", json={"operation": "login"})
        assert (answer.status_code, answer.json()["code"]) == (410, ERASED.code)
        assert desk.get(f"/v1/evidence/{evidence}").status_code == 200


def test_erased_many_times_at_once_it_is_erased_once(house: Composition) -> None:
    put_device(house, "phone")

    def attempt(_: int) -> ErasureAnswer:
        work = Work(house=house, caller=caller(), now=house.clock())
        return erase(work, ErasureRequest(device="phone"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(attempt, range(AT_ONCE)))
    assert [answer.already for answer in answers].count(False) == 1
    assert len({answer.id for answer in answers}) == 1
