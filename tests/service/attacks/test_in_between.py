"""What happens between looking and writing: no decision is made by what stands no more."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.attacks.calls import STRICTER
from tests.service.attacks.world import ABOUT, BANK, PHONE, World, by_what_they_say
from tests.service.house import Hands, HeldTrust, make_house
from tests.service.served import served
from warifu.service.conduct.decisions.rules import APPRAISAL_CONTEXT, POLICY, USED
from warifu.service.conduct.evidence.evidence import ATTEMPTS
from warifu.service.conduct.rules import IN_FORCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from warifu.service.composition import Composition
    from warifu.service.store.database import (
        Database,
        Dialect,
        Row,
        Statement,
        Transaction,
        Value,
    )


class Interrupted:
    """A database on which something happens before the next writes."""

    def __init__(self, database: Database) -> None:
        """Nothing happens yet."""
        self._database = database
        self.then: list[Callable[[], object]] = []

    @property
    def dialect(self) -> Dialect:
        return self._database.dialect

    def read(self) -> AbstractContextManager[Transaction]:
        return self._database.read()

    def row(self, sql: str, **values: Value) -> Row | None:
        return self._database.row(sql, **values)

    def rows(self, sql: str, **values: Value) -> list[Row]:
        return self._database.rows(sql, **values)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._let_happen()
        with self._database.write() as transaction:
            yield transaction

    def apply(self, statements: Sequence[Statement]) -> None:
        self._let_happen()
        self._database.apply(statements)

    def _let_happen(self) -> None:
        if self.then:
            self.then.pop(0)()

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def between(database: Database) -> Interrupted:
    return Interrupted(database)


@pytest.fixture
def house(between: Interrupted, clock: Hands, trust: HeldTrust) -> Composition:
    return make_house(between, clock=clock, trust=trust)


@pytest.fixture
def also(house: Composition) -> Iterator[Callable[..., Any]]:
    """Somebody else's call, in between."""
    with served(house, authenticate=by_what_they_say) as client:

        def call(method: str, path: str, **body: Any) -> Any:
            client.headers["Authorization"] = "Bearer kaede-bank/sora govern configure erase"
            answer = client.request(method, path, **body)
            assert answer.is_success, answer.text
            return answer

        yield call


def test_kill_switch_thrown_in_between_is_obeyed(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    body = world.asserted()
    between.then = [lambda: also("POST", "/v1/stops/transfer")]
    made = world.tell("POST", "/v1/decisions", body)
    assert made["outcome"] == "refuse"
    assert [each["kind"] for each in made["reasons"]] == ["guard"]
    assert world.bank.count("decisions") == 1


def test_kill_switch_thrown_in_between_is_obeyed_by_a_decision_on_an_appraisal(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested())
    between.then = [lambda: also("POST", "/v1/stops/transfer")]
    body = {**ABOUT, "appraisal": judged["appraisal"]["id"], "bank": BANK}
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "refuse"


def test_policy_made_stricter_in_between_judges(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    stricter = {"content": STRICTER, "headers": {"Content-Type": "application/toml"}}
    body = world.asserted()
    between.then = [lambda: also("PUT", "/v1/apps/wallet/policies/transfer", **stricter)]
    made = world.tell("POST", "/v1/decisions", body)
    assert made["appraisal"]["policy"] == "wallet/transfer"
    listed = world.tell("GET", "/v1/apps/wallet/policies")["items"]
    digests = {each["operation"]: each["digest"] for each in listed}
    assert made["appraisal"]["policy_digest"] == digests["transfer"]


def test_appraisal_by_a_policy_made_stricter_in_between_is_not_used(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested())
    stricter = {"content": STRICTER, "headers": {"Content-Type": "application/toml"}}
    between.then = [lambda: also("PUT", "/v1/apps/wallet/policies/transfer", **stricter)]
    body = {**ABOUT, "appraisal": judged["appraisal"]["id"], "bank": BANK}
    assert world.tell("POST", "/v1/decisions", body, 409)["code"] == POLICY.code


def test_whoever_meets_a_change_again_and_again_is_told(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    body = world.asserted()
    stops = ["login", "balance", "recover"]
    between.then = [
        each
        for name in stops[:ATTEMPTS]
        for each in (lambda name=name: also("POST", f"/v1/stops/{name}"), lambda: None)
    ]
    told = world.tell("POST", "/v1/decisions", body, 409)
    assert told["code"] == IN_FORCE.code
    # Nothing was used up.
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "serve"


def test_device_erased_in_between_is_not_served(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    body = world.asserted()
    between.then = [lambda: also("POST", "/v1/erasures", json={"device": PHONE})]
    answer = world.client.post(
        "/v1/decisions",
        json=body,
        headers={"Authorization": "Bearer kaede-bank/backend decide read"},
    )
    assert answer.status_code == 409 or answer.json()["outcome"] == "refuse"
    assert world.tell("GET", f"/v1/devices/{PHONE}", None, 404)


def test_appraisal_of_a_device_erased_in_between_is_not_used(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested())
    between.then = [lambda: also("POST", "/v1/erasures", json={"device": PHONE})]
    body = {**ABOUT, "appraisal": judged["appraisal"]["id"], "bank": BANK}
    told = world.tell("POST", "/v1/decisions", body, 409)
    assert told["code"] in {APPRAISAL_CONTEXT.code, USED.code}
    assert world.bank.count("decisions") == 0


def test_challenge_answered_by_somebody_else_in_between_is_answered_once(
    world: World, between: Interrupted, also: Callable[..., Any]
) -> None:
    body = world.asserted()
    faster = {"Authorization": "Bearer kaede-bank/sora decide"}
    between.then = [lambda: world.client.post("/v1/decisions", json=body, headers=faster)]
    told = world.tell("POST", "/v1/decisions", body, 409)
    assert told["code"] == "challenge/unused"
    assert world.bank.count("decisions") == 1
