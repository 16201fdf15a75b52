"""A PIN is set, tried, mistaken and broken off; then it is searched for in all that is left."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.service.attacks.world import by_what_they_say
from tests.service.binding.customers import Desk
from tests.service.house import PEPPER, Hands, caller, make_house, settle
from tests.service.observe.planted import Planted
from tests.service.verifying.customers import CHANGE, Customer
from warifu.base.secret import Secret
from warifu.service.api.app import make_asgi
from warifu.service.conduct.verifying import pin_setting, pins
from warifu.service.store.tables import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Litestar

    from tests.service.observe.conftest import Watched
    from warifu.service.store.database import Database

RIGHT, WRONG, NEW = "739518264073", "739518264074", "840263917562"
HEADERS = {
    "Authorization": "Bearer kaede-bank/backend authenticate enrol",
    "Content-Type": "application/json",
}


class Run:
    """A bank whose customer has a PIN that is looked for afterwards."""

    def __init__(self, database: Database, watched: Watched) -> None:
        self.planted = Planted(secrets={})
        for name, pin in (("right", RIGHT), ("wrong", WRONG), ("new", NEW)):
            self.planted.plant(name, pin.encode())
        self.planted.plant("pepper", PEPPER.value.reveal())
        self.watched = watched
        self.seen: list[bytes] = []
        self.clock = Hands()
        house = make_house(database, clock=self.clock)
        settle(house)
        self.customer = Customer(desk=Desk(house=house, caller=caller())).enrol()

    def send(self, client: TestClient[Litestar], method: str, path: str, body: Any) -> Any:
        self.clock.forward(minutes=1)
        self.customer.sequence += 1
        key = {"Idempotency-Key": f"k-{self.customer.sequence}"}
        wired = msgspec.json.encode(body)
        answer = client.request(method, path, content=wired, headers={**HEADERS, **key})
        self.seen.append(answer.content)
        self.seen.append("\n".join(f"{a}: {b}" for a, b in answer.headers.items()).encode())
        return answer

    def choose(self, client: TestClient[Litestar], pin: str) -> Any:
        asked = self.customer.ask("set-pin")
        envelope = self.customer.envelope(asked, pin)
        body = asked.request(pin_setting.SetPinRequest, envelope=envelope)
        return self.send(client, "PUT", "/v1/pins", body)

    def enter(self, client: TestClient[Litestar], pin: str) -> Any:
        return self.send(
            client, "POST", "/v1/pins/verify", self.customer.pin_request(pin, operation=CHANGE)
        )

    def leaks(self) -> set[tuple[str, bytes]]:
        """PINs in logs, traces, answers, and every row of every table."""
        spans = [each.to_json().encode() for each in self.watched.spans.get_finished_spans()]
        pieces = [*self.watched.written.getvalue().splitlines(), *spans, *self.seen, *self._rows()]
        return {(name, piece) for piece in pieces for name in self.planted.found_in(piece)}

    def _rows(self) -> Iterator[bytes]:
        database = self.customer.desk.house.database
        with database.read() as transaction:
            for table in tables_of(transaction, database.dialect):
                for row in transaction.rows(f"SELECT * FROM {table.quoted}"):  # noqa: S608 - ours
                    for each in row:
                        yield each if isinstance(each, bytes) else str(each).encode()


@pytest.fixture
def run(database: Database, watched: Watched) -> Run:
    return Run(database, watched)


@pytest.fixture
def client(run: Run) -> Iterator[TestClient[Litestar]]:
    asgi = make_asgi(run.customer.desk.house, authenticate=by_what_they_say)
    with TestClient(asgi, raise_server_exceptions=False) as made:
        yield made


def test_a_pin_is_in_no_log_trace_row_answer_or_output(
    run: Run, client: TestClient[Litestar], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run.choose(client, RIGHT).status_code == 200
    assert run.enter(client, WRONG).json()["code"] == "pin/wrong"
    assert run.enter(client, RIGHT).json()["verified"]
    assert run.choose(client, NEW).status_code == 200
    for _ in range(4):
        run.enter(client, WRONG)
    assert run.enter(client, NEW).status_code == 429
    # In the clear, where no PIN belongs: what is told of the fault does not repeat it.
    for member in ("envelope", "challenge", "user", "pin", "channel"):
        body = {**msgspec.to_builtins(run.customer.pin_request(RIGHT)), member: RIGHT}
        assert run.send(client, "POST", "/v1/pins/verify", body).status_code >= 400
    captured = capfdbinary.readouterr()
    run.seen += [captured.out, captured.err, client.get("/metrics").content]
    assert b'"event":"request"' in run.watched.written.getvalue()
    assert run.leaks() == set()


@pytest.mark.parametrize("where", ["check_pin", "settle", "remember", "make_record", "open_pin"])
def test_a_pin_is_not_told_where_the_service_breaks(
    run: Run,
    client: TestClient[Litestar],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    assert run.choose(client, RIGHT).status_code == 200

    def fail(*given: Any, **named: Any) -> None:
        told = [each.reveal() if isinstance(each, Secret) else each for each in given]
        raise RuntimeError(told, named)

    for module in (pins, pin_setting):
        if hasattr(module, where):
            monkeypatch.setattr(module, where, fail)
    entered = run.choose(client, NEW) if where == "make_record" else run.enter(client, RIGHT)
    assert entered.status_code in {403, 500}
    captured = capfdbinary.readouterr()
    run.seen += [captured.out, captured.err]
    assert run.leaks() == set()


@pytest.mark.parametrize("where", ["open_pin", "check_pin", "settle", "remember"])
def test_no_frame_of_a_traceback_shows_the_digits(
    run: Run, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    customer = run.customer
    customer.set_pin(RIGHT)
    request = customer.pin_request(RIGHT)

    def fail(*given: Any, **named: Any) -> None:
        raise RuntimeError(given, named)

    monkeypatch.setattr(pins, where, fail)
    with pytest.raises(RuntimeError) as broken:
        pins.verify_pin(customer.desk.work(), request)
    shown = traceback.TracebackException.from_exception(broken.value, capture_locals=True)
    assert any(frame.name == "verify_pin" for frame in shown.stack)
    assert not run.planted.found_in("".join(shown.format()).encode())
