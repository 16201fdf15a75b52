"""Many statements in one round trip: what is prepared, what was not carried out, what broke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support import no_statement
from warifu.base.errors import Denied
from warifu.base.rule import Rule, Text
from warifu.service.store import postgres_wire
from warifu.service.store.database import Statement, Value
from warifu.service.store.postgres import PostgresDatabase, open_postgres
from warifu.service.store.postgres_wire import WireConnection
from warifu.service.store.rules import AVAILABLE, STATEMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.store.database import Database

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

TAKEN = Rule(code="test/taken", clause="test", requires=Text(ja="未使用。", en="Unused."))
INSERT = "INSERT INTO tenants (tenant, name, created_at) VALUES (:tenant, :name, 0)"
RENAME = "UPDATE tenants SET name = :name WHERE tenant = :tenant"


@pytest.fixture
def wired(database: Database) -> PostgresDatabase:
    assert isinstance(database, PostgresDatabase)
    return database


def named(tenant: str, name: str | None = "bank", sql: str = INSERT) -> Statement:
    values: dict[str, Value] = {"tenant": tenant, "name": name}
    return Statement(sql=sql, values=values)


def names(database: Database) -> list[str]:
    with database.read() as transaction:
        return [row[0] for row in transaction.rows("SELECT tenant FROM tenants ORDER BY tenant")]


def waits(
    monkeypatch: pytest.MonkeyPatch, database: PostgresDatabase, do: Callable[[], object]
) -> int:
    """How often the process waited for the server."""
    seen = []
    genuine = WireConnection.wait

    def wait(self: WireConnection, *given: object, **named: object) -> object:
        seen.append(self)
        return genuine(self, *given, **named)  # type: ignore[arg-type]

    database.row("SELECT 1")
    with monkeypatch.context() as patched:
        patched.setattr(WireConnection, "wait", wait)
        do()
    return len(seen)


def test_changes_that_stand_alone_are_one_round_trip(
    wired: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [named(f"t{number}") for number in range(10)]
    assert waits(monkeypatch, wired, lambda: wired.apply(changes)) == 1
    assert waits(monkeypatch, wired, lambda: wired.row("SELECT COUNT(*) FROM tenants")) == 1
    assert len(names(wired)) == 10


def test_statement_met_again_is_not_prepared_again(wired: PostgresDatabase) -> None:
    for number in range(3):
        wired.apply([named(f"a{number}"), named(f"b{number}")])
    count = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO ten%'"
    assert wired.row(count) == (1,)


def test_what_could_not_be_prepared_is_not_remembered(wired: PostgresDatabase) -> None:
    for _ in range(2):
        with no_statement(STATEMENT):
            wired.apply([named("a"), named("b", sql="INSERT INTO nowhere VALUES (:name)")])
        with no_statement(STATEMENT):
            wired.row("SELECT nothing FROM nowhere")
    wired.apply([named("a")])
    assert names(wired) == ["a"]


def test_what_comes_after_a_failure_is_prepared_when_it_is_met_again(
    wired: PostgresDatabase,
) -> None:
    with no_statement(STATEMENT):
        wired.apply([named("a", None), named("b", "new", sql=RENAME)])
    wired.apply([named("a"), named("a", "new", sql=RENAME)])
    assert names(wired) == ["a"]


def test_more_statements_than_a_connection_remembers_are_carried_out(
    wired: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_wire, "MOST_PREPARED", 4)
    for number in range(20):
        wired.apply([named(f"t{number:02}")])
        assert wired.row(f"SELECT {number}, :x", x="x") == (number, "x")
    assert len(names(wired)) == 20
    found = wired.row("SELECT COUNT(*) FROM pg_prepared_statements")
    assert found is not None
    assert found[0] <= 7


def test_division_by_zero_of_a_statements_own_is_no_refusal(wired: PostgresDatabase) -> None:
    divided = Statement(sql="UPDATE tenants SET created_at = 1 / created_at", values={})
    with no_statement(STATEMENT):
        wired.apply([named("a"), divided])
    assert names(wired) == []


def test_refusal_leaves_a_connection_that_works(wired: PostgresDatabase) -> None:
    refused = Statement(sql=RENAME, values={"tenant": "no", "name": "x"}, otherwise=TAKEN)
    for _ in range(3):
        with pytest.raises(Denied):
            wired.apply([named("a"), refused, named("b")])
        assert names(wired) == []
    wired.apply([named("c")])
    assert names(wired) == ["c"]


@pytest.mark.usefixtures("database")
def test_connection_that_the_server_ended_is_not_lent_again(database_url: str) -> None:
    lone = open_postgres(database_url, connections=1)
    found = lone.row("SELECT pg_backend_pid()")
    assert found is not None
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", found)
    with no_statement(AVAILABLE):
        lone.apply([named("lost")])
    lone.apply([named("kept")])
    assert names(lone) == ["kept"]
    lone.close()
