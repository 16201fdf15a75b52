"""Serials and devices: every spelling, every tenant, and no empty answer where none is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.service.house import Hands, HeldTrust, caller, make_house
from tests.service.lookup.desk import client, put_device
from warifu.attestation.trust.revocation import MAX_AGE
from warifu.service.caller import Scope
from warifu.service.conduct.looking_up import rules
from warifu.service.conduct.rules import KNOWN
from warifu.service.settings import Keeping, RetentionSettings, Settings
from warifu.service.store.lookup import AT_ONCE

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

LEAF = 0xC0FFEE0123456789
FACTORY_DIGITS = "16580768335559031605"
"""The Xperia 10 III bears these as hex; a list names it by the same digits, which are decimal."""


def keeping(how: Keeping) -> Settings:
    return Settings(retention=RetentionSettings(identifiers=how))


@pytest.fixture(params=[Keeping.CLEAR, Keeping.ENCRYPT])
def house(database: Database, request: pytest.FixtureRequest) -> Composition:
    trust = HeldTrust(revoked=(LEAF, int(FACTORY_DIGITS)))
    return make_house(database, clock=Hands(), settings=keeping(request.param), trust=trust)


@pytest.mark.parametrize(
    "spelling", [f"{LEAF:x}", f"{LEAF:X}", f"0x{LEAF:x}", "c0:ff:ee:01:23:45:67:89", str(LEAF)]
)
def test_a_revoked_serial_is_found_with_its_device_in_every_spelling(
    house: Composition, spelling: str
) -> None:
    put_device(house, "phone-1", serials=[LEAF, 7])
    put_device(house, "phone-2", serials=[8])
    with client(house) as bank:
        answer = bank.get(f"/v1/serials/{spelling}").json()
    (item,) = answer["items"]
    assert [bearer["device"] for bearer in item["bearers"]] == ["phone-1"]
    assert item["bearers"][0]["serial"] == f"{LEAF:x}"
    assert {number["listed"]["status"] for number in item["numbers"] if number["listed"]} == {
        "REVOKED"
    }
    assert not answer["revocation"]["stale"]


def test_a_factory_key_listed_by_its_digits_is_found_whichever_number_is_asked_for(
    house: Composition,
) -> None:
    put_device(house, "xperia", serials=[int(FACTORY_DIGITS, 16)])
    with client(house) as bank:
        for asked in (FACTORY_DIGITS, f"0x{FACTORY_DIGITS}", f"{int(FACTORY_DIGITS):x}"):
            (item,) = bank.get(f"/v1/serials/{asked}").json()["items"]
            assert [each["device"] for each in item["bearers"]] == ["xperia"], asked
            assert any(number["listed"] for number in item["numbers"]), asked


def test_a_serial_that_nobody_listed_or_carried_is_answered_as_such(house: Composition) -> None:
    with client(house) as bank:
        (item,) = bank.get("/v1/serials/abc").json()["items"]
    assert item["bearers"] == []
    assert [number["listed"] for number in item["numbers"]] == [None]
    assert not item["more"]


@pytest.mark.parametrize("serial", ["xyz", "0x", "-1", "1 2", "１２", "a" * 129])
def test_what_is_no_serial_is_told_and_not_searched_for(house: Composition, serial: str) -> None:
    with client(house) as bank:
        answer = bank.get(f"/v1/serials/{serial}")
    assert (answer.status_code, answer.json()["code"]) == (400, rules.SERIAL.code)


def test_many_serials_are_answered_in_the_order_asked(house: Composition) -> None:
    for number in range(5):
        put_device(house, f"phone-{number}", serials=[0xA000 + number])
    asked = [f"{0xA000 + number:x}" for number in range(1000)]
    with client(house) as bank:
        answer = bank.post("/v1/serials/lookup", json={"serials": asked})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["serial"] for item in items] == asked
    assert [len(item["bearers"]) for item in items[:6]] == [1, 1, 1, 1, 1, 0]


def test_more_than_a_thousand_serials_are_refused(house: Composition) -> None:
    with client(house) as bank:
        answer = bank.post("/v1/serials/lookup", json={"serials": ["1"] * 1001})
    assert answer.status_code == 400


def test_a_serial_that_many_devices_carry_hides_no_other(house: Composition) -> None:
    for number in range(60):
        put_device(house, f"many-{number:02}", serials=[0xBEEF])
    put_device(house, "one", serials=[0xABCD])
    with client(house) as bank:
        items = bank.post("/v1/serials/lookup", json={"serials": ["beef", "abcd"]}).json()["items"]
    assert [len(item["bearers"]) for item in items] == [50, 1]
    assert [item["more"] for item in items] == [True, False]


def test_no_look_up_crosses_tenants(house: Composition) -> None:
    put_device(house, "phone-1", serials=[LEAF])
    with client(house, caller("other-bank")) as bank:
        (item,) = bank.get(f"/v1/serials/{LEAF:x}").json()["items"]
        assert item["bearers"] == []
        assert bank.get("/v1/devices").json()["items"] == []
        assert bank.get("/v1/devices?revoked=true").json()["items"] == []
        answer = bank.get("/v1/devices/phone-1")
        assert (answer.status_code, answer.json()["code"]) == (404, KNOWN.code)


def test_devices_that_the_list_touches_are_listed_with_its_entries(house: Composition) -> None:
    put_device(house, "revoked-leaf", serials=[LEAF, 5])
    put_device(house, "factory", serials=[int(FACTORY_DIGITS, 16)])
    put_device(house, "honest", serials=[5, 6])
    with client(house) as bank:
        items = bank.get("/v1/devices?revoked=true").json()["items"]
    assert [(item["id"], [each["key"] for each in item["listed"]]) for item in items] == [
        ("revoked-leaf", [str(LEAF)]),
        ("factory", [FACTORY_DIGITS]),
    ]


def test_pages_of_touched_devices_lose_and_repeat_none(database: Database) -> None:
    listed = tuple(0x1_0000_0000_0000 + number for number in range(2 * AT_ONCE + 1))
    house = make_house(database, clock=Hands(), trust=HeldTrust(revoked=listed))
    names = ["a-1", "A-2", "b_3", "B 4", "9", "端末", "zz"]
    for place, name in enumerate(names):
        put_device(house, name, serials=[listed[place * 60]])
    found: list[str] = []
    with client(house) as bank:
        address = "/v1/devices?revoked=true&limit=2"
        while address:
            answer = bank.get(address).json()
            found += [item["id"] for item in answer["items"]]
            after = answer["next"]
            address = after and f"/v1/devices?revoked=true&limit=2&after={after}"
    assert found == sorted(names, reverse=True)


def test_devices_are_filtered_and_paged(house: Composition) -> None:
    put_device(house, "d1", model="Pixel 8")
    put_device(house, "d2", model="Pixel 8", app="savings")
    put_device(house, "d3", platform="apple", model="iPhone15,2")
    with client(house) as bank:

        def ids(query: str) -> list[str]:
            return [item["id"] for item in bank.get(f"/v1/devices?{query}").json()["items"]]

        assert ids("model=Pixel%208") == ["d2", "d1"]
        assert ids("model=Pixel%208&app=savings") == ["d2"]
        assert ids("platform=apple") == ["d3"]
        first = bank.get("/v1/devices?limit=2").json()
        assert [item["id"] for item in first["items"]] == ["d3", "d2"]
        assert ids(f"limit=2&after={first['next']}") == ["d1"]


def test_where_serials_are_dropped_no_empty_list_passes_for_none_revoked(
    database: Database,
) -> None:
    house = make_house(database, clock=Hands(), settings=keeping(Keeping.DROP))
    put_device(house, "phone-1", serials=[LEAF])
    with client(house) as bank:
        answer = bank.get("/v1/devices?revoked=true")
        assert (answer.status_code, answer.json()["code"]) == (409, rules.SERIALS_KEPT.code)
        assert bank.get(f"/v1/serials/{LEAF:x}").json()["kept"] == "drop"


def test_a_stale_list_says_so(database: Database) -> None:
    trust = HeldTrust(list_age=MAX_AGE + timedelta(seconds=1))
    house = make_house(database, clock=Hands(), trust=trust)
    with client(house) as bank:
        assert bank.get("/v1/serials/1").json()["revocation"]["stale"]


def test_without_any_list_nothing_is_called_unlisted(database: Database) -> None:
    class Forgetful(HeldTrust):
        def now(self, now: datetime) -> TrustView:
            return replace(super().now(now), revocation=None)

    house = make_house(database, clock=Hands(), trust=Forgetful())
    with client(house) as bank:
        answer = bank.get("/v1/serials/1")
    assert (answer.status_code, answer.json()["code"]) == (503, rules.REVOCATION_KNOWN.code)


def test_a_caller_without_the_scope_reads_nothing(house: Composition) -> None:
    who = caller("kaede-bank", Scope.DECIDE)
    with client(house, who) as bank:
        for address in ("/v1/devices", "/v1/devices/x", "/v1/serials/1", "/v1/trust"):
            assert bank.get(address).status_code == 403, address


def test_a_device_shows_no_identifier_in_clear(house: Composition) -> None:
    put_device(house, "phone-1", serials=[LEAF])
    with client(house) as bank:
        answer = bank.get("/v1/devices/phone-1")
    assert answer.json()["device"]["id"] == "phone-1"
    assert f"{LEAF:x}" not in answer.text
    assert str(LEAF) not in answer.text


@pytest.mark.parametrize("text", ["%00", "%ED%A0%80", "%FF", "a" * 5000, "%F0%9F%98%80", "..%2f"])
def test_hostile_names_are_answered_and_never_fail_the_service(
    house: Composition, text: str
) -> None:
    with client(house) as bank:
        for address in (
            f"/v1/devices/{text}",
            f"/v1/serials/{text}",
            f"/v1/appraisals/{text}",
            f"/v1/appraisals/{text}/ear",
            f"/v1/devices?app={text}",
            f"/v1/devices?model={text}&revoked=true",
            f"/v1/devices?after={text}",
            f"/v1/appraisals?evidence={text}",
            f"/v1/appraisals?after={text}",
            f"/v1/trust?known_at={text}",
        ):
            assert bank.get(address).status_code in {200, 400, 404}, address
        for address in (f"/v1/evidence/{text}/appraisals", "/v1/reappraisals"):
            body = {"operation": "login"}
            assert bank.post(address, json=body).status_code in {200, 400, 404}, address
        for member in ("app", "device", "model", "after"):
            body = {"operation": "login", member: "\x00"}
            assert bank.post("/v1/reappraisals", json=body).status_code in {200, 400}, member
