"""Whether a process can work is asked of what it works with, and told without a secret."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.service.house import Hands, HeldTrust, make_house
from warifu.attestation.trust.rules import KNOWN_THEN, REVOCATION_FRESH
from warifu.base.errors import MissingTrust, VerifierFault, WarifuError
from warifu.service import observe
from warifu.service.adapters.key_source import NoKeys
from warifu.service.adapters.trust_source import BundledTrust
from warifu.service.api.app import make_asgi
from warifu.service.observe import health
from warifu.service.observe.health import READY, HealthOffice, State, examine
from warifu.service.settings import SETTINGS, Settings, TelemetrySettings
from warifu.service.store import schema

if TYPE_CHECKING:
    from tests.service.observe.conftest import Watched
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database


@dataclass
class Fallen:
    """Trust, keys or a database that are not to be had."""

    error: Exception

    def now(self, _: datetime) -> None:
        raise self.error

    def ring(self, _: datetime) -> None:
        raise self.error

    def read(self) -> None:
        raise self.error


class TroubledTrust(HeldTrust):
    def trouble(self) -> WarifuError | None:
        return VerifierFault(SETTINGS, "index.jsonl is damaged")


def states(house: Composition) -> dict[str, str]:
    return {check.name: check.state.value for check in examine(house).checks}


def changed(house: Composition, **parts: Any) -> Composition:
    return msgspec.structs.replace(house, **parts)


def test_a_process_with_everything_is_ready(database: Database) -> None:
    house = make_house(database, clock=Hands())
    assert set(states(house).values()) == {"ok"}
    with TestClient(make_asgi(house)) as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["state"]) == (200, "ok")
        assert client.get("/healthz").json() == {"state": "ok"}


def test_a_database_that_is_gone_is_told_of_as_a_problem(database: Database) -> None:
    fallen = Fallen(OSError("no route to postgresql://warifu:hunter2@db"))
    house = changed(make_house(database, clock=Hands()), database=fallen)
    with TestClient(make_asgi(house)) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == READY.code
    failed = [check["name"] for check in problem["checks"] if check["state"] == "failed"]
    assert failed == ["database"]
    assert "hunter2" not in answer.text


def test_a_database_with_other_tables_is_not_ready(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "HEAD", "9999")
    found = {check.name: check for check in examine(make_house(database, clock=Hands())).checks}
    assert (found["database"].state, found["database"].code) == (State.FAILED, "store/schema")


def test_stale_trust_is_shown_and_keeps_the_process_in_service(database: Database) -> None:
    house = make_house(database, clock=Hands(), trust=HeldTrust(list_age=timedelta(hours=25)))
    found = {check.name: check for check in examine(house).checks}["trust/android-revocation"]
    assert (found.state, found.code) == (State.DEGRADED, REVOCATION_FRESH.code)
    assert found.age_seconds == 25 * 3600
    assert found.left_seconds == -3600
    with TestClient(make_asgi(house)) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (200, "degraded")


def test_fido_metadata_is_stale_on_the_day_after_its_next_update(database: Database) -> None:
    clock = Hands(datetime(2100, 1, 1, tzinfo=UTC))
    house = changed(make_house(database, clock=Hands()), clock=clock)
    assert states(house)["trust/fido-metadata"] == "degraded"
    clock.forward(seconds=-1)
    assert states(house)["trust/fido-metadata"] == "ok"


def test_the_bundled_trust_lacks_what_changes_daily(database: Database) -> None:
    house = changed(make_house(database, clock=Hands()), trust=BundledTrust())
    assert states(house)["trust/android-revocation"] == "degraded"
    assert states(house)["trust/fido-metadata"] == "degraded"


def test_a_list_confirmed_in_the_future_is_stale_because_a_clock_is_wrong(
    database: Database,
) -> None:
    trust = HeldTrust(list_age=timedelta(seconds=-1))
    house = make_house(database, clock=Hands(), trust=trust)
    assert states(house)["trust/android-revocation"] == "degraded"


def test_trust_that_cannot_be_had_fails(database: Database) -> None:
    house = changed(make_house(database, clock=Hands()), trust=Fallen(MissingTrust(KNOWN_THEN)))
    found = {check.name: check for check in examine(house).checks}["trust"]
    assert (found.state, found.code) == (State.FAILED, KNOWN_THEN.code)


def test_a_trust_directory_that_broke_is_shown_while_the_last_good_one_is_used(
    database: Database,
) -> None:
    house = make_house(database, clock=Hands(), trust=TroubledTrust())
    found = {check.name: check for check in examine(house).checks}["trust"]
    assert (found.state, found.code) == (State.DEGRADED, SETTINGS.code)


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        (NoKeys(), "off"),
        (Fallen(VerifierFault(SETTINGS)), "failed"),
        (Fallen(RuntimeError("hunter2")), "failed"),
    ],
)
def test_keys_are_looked_at(database: Database, keys: Any, state: str) -> None:
    assert states(make_house(database, clock=Hands(), keys=keys))["keys"] == state


def test_without_signing_keys_a_process_is_ready(database: Database) -> None:
    house = make_house(database, clock=Hands(), keys=NoKeys())
    assert examine(house).state is State.OK


def test_many_questions_cost_one_look(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def look(house: Composition) -> health.Health:
        looks.append(house)
        return health.Health(state=State.OK, checks=())

    monkeypatch.setattr(health, "examine", look)
    office = HealthOffice(make_house(database, clock=Hands()))
    for _ in range(50):
        office.look()
    assert len(looks) == 1


def test_questions_about_a_database_that_hangs_do_not_take_every_thread(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anyone may ask for readiness: asking in parallel must not stop decisions."""
    hangs, go_on = Event(), Event()
    fine = health.Health(state=State.OK, checks=())
    failed = health.Health(state=State.FAILED, checks=())

    def look(_: Composition) -> health.Health:
        hangs.set()
        go_on.wait(10)
        return failed

    office = HealthOffice(make_house(database, clock=Hands()))
    monkeypatch.setattr(health, "examine", lambda _: fine)
    assert office.look() is fine
    monkeypatch.setattr(health, "examine", look)
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", 0.0)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(office.look)
        assert hangs.wait(10)
        assert [office.look() for _ in range(20)] == [fine] * 20
        go_on.set()
        assert first.result() is failed
    assert office.look() is failed


def test_counts_are_answered_unless_turned_off(database: Database, watched: Watched) -> None:
    house = make_house(database, clock=Hands(), settings=Settings())
    with TestClient(make_asgi(house)) as client:
        client.get("/nowhere/of-yamada?user=yamada")
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'warifu_requests_total{method="GET",route="",status="404"} 1.0' in answer.text
        assert "yamada" not in answer.text
        observe.start(TelemetrySettings(metrics=False), stream=watched.written)
        observe.stop()
        assert client.get("/metrics").status_code == 404


def test_a_request_has_an_id_that_its_caller_did_not_choose(
    database: Database, watched: Watched
) -> None:
    with TestClient(make_asgi(make_house(database, clock=Hands()))) as client:
        answer = client.get("/healthz", headers={"X-Request-Id": "yamada"})
    (line,) = [line for line in watched.lines() if line["event"] == "request"]
    assert line["request"] == answer.headers["x-request-id"]
    assert (line["route"], line["status"], line["method"]) == ("/healthz", 200, "GET")
    assert "yamada" not in watched.written.getvalue().decode()
