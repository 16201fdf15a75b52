"""The server's clock jumps, and no request gains by it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.attacks.world import ABOUT, BANK, PHONE, World
from tests.service.house import Hands, HeldTrust, make_house
from warifu.service.conduct.challenges.rules import IN_TIME
from warifu.service.conduct.decisions.rules import STALE

if TYPE_CHECKING:
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

BACK, FORTH = timedelta(hours=-1), timedelta(days=1)


class Stepping(Hands):
    """A clock that a time server sets while a request is under way."""

    step = timedelta(0)
    reads = 0

    def __call__(self) -> datetime:
        self.reads += 1
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Stepping:
    return Stepping()


@pytest.fixture
def house(database: Database, clock: Stepping, trust: HeldTrust) -> Composition:
    return make_house(database, clock=clock, trust=trust)


def decide(world: World, expect: int = 0, **body: Any) -> dict[str, Any]:
    return world.tell("POST", "/v1/decisions", {**ABOUT, "bank": BANK, **body}, expect)


@pytest.mark.parametrize("jump", [BACK, FORTH], ids=["back", "forth"])
def test_a_jump_between_challenge_and_answer(
    world: World, clock: Stepping, jump: timedelta
) -> None:
    body = world.asserted()
    clock.now += jump
    told = world.tell("POST", "/v1/decisions", body, 409)
    assert told["code"] == IN_TIME.code
    assert world.tell("GET", f"/v1/challenges/{body['challenge']}")["state"] == "expired"
    clock.now -= jump
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "serve"


@pytest.mark.parametrize("jump", [BACK, FORTH], ids=["back", "forth"])
def test_a_jump_between_appraisal_and_decision(
    world: World, clock: Stepping, jump: timedelta
) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested())
    clock.now += jump
    told = decide(world, 409, appraisal=judged["appraisal"]["id"])
    assert told["code"] == STALE.code
    clock.now -= jump
    assert decide(world, appraisal=judged["appraisal"]["id"])["outcome"] == "serve"


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1)], ids=["back", "forth"])
def test_a_step_during_a_request_is_not_seen_by_it(
    world: World, clock: Stepping, step: timedelta
) -> None:
    """A request lives at one time: the one that was read when its caller was known."""
    body = world.asserted()
    clock.step = step
    clock.reads = 0
    begun = clock.now
    answer = world.client.post(
        "/v1/decisions",
        json=body,
        headers={"Authorization": "Bearer kaede-bank/backend decide"},
    )
    clock.step = timedelta(0)
    # The first reading names the request in the log; the second is the request's own time.
    assert clock.reads == 2
    if step > timedelta(0):
        assert answer.json()["code"] == IN_TIME.code
    assert answer.status_code == 409
    clock.now = begun
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "serve"


def test_a_clock_set_back_serves_nothing_by_what_was_served_in_the_future(
    world: World, clock: Stepping, trust: HeldTrust
) -> None:
    clock.forward(days=1)
    assert decide(world, **world.attested())["outcome"] == "serve"
    trust.list_age = timedelta(days=400)
    in_outage = decide(world, **world.attested())
    assert "trust-stale" in json.dumps(in_outage["reasons"])
    clock.forward(days=-1)
    login = {"operation": {"kind": "login"}}
    assert decide(world, **world.attested(**login))["outcome"] == "refuse"


def test_a_clock_set_back_keeps_a_kill_switch_thrown_and_a_counter_where_it_is(
    world: World, clock: Stepping
) -> None:
    assert world.tell("POST", "/v1/decisions", world.asserted())["outcome"] == "serve"
    world.phone.device.counter = 0
    world.tell("POST", "/v1/stops/login")
    clock.now += BACK
    made = world.tell("POST", "/v1/decisions", world.asserted())
    assert made["evidence"]["code"] == "app-attest-assertion/counter"
    assert world.tell("GET", "/v1/governance")["stopped"] == ["login"]


def test_an_exemption_that_was_approved_is_not_granted_once_its_time_is_over(
    world: World, clock: Stepping
) -> None:
    until = clock.now + timedelta(days=1)
    exemption = {"id": "x", "subject": "device", "name": PHONE, "operation": "transfer",
                 "rule": "device-trusted", "until": until.isoformat(), "why": "x"}  # fmt: skip
    world.approved({"type": "exempt", "exemption": exemption})
    clock.forward(days=1)
    told = world.tell("POST", "/v1/exemptions", exemption, 400)
    assert told["code"] == "decision/exemption-expiry"


def test_pages_are_whole_and_in_order_when_the_clock_was_set_back(
    world: World, clock: Stepping
) -> None:
    made = []
    for jump in (0, 10, -3600, 86_400, -1, -90_000, 0):
        clock.forward(seconds=jump)
        made.append(world.tell("POST", "/v1/decisions", world.asserted())["id"])
    seen: list[str] = []
    after = ""
    while True:
        page = world.tell("GET", f"/v1/decisions?limit=2{after}")
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, reverse=True)
