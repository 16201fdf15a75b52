"""Many who write share a commit: each is told the truth about its own changes and no other's."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event, current_thread, main_thread
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from tests.support import misuse, no_statement
from warifu.base.errors import Denied, VerifierFault
from warifu.base.rule import Rule, Text
from warifu.service.store import shared_commits, sqlite
from warifu.service.store.database import Statement
from warifu.service.store.rules import AVAILABLE, STATEMENT, VALUE
from warifu.service.store.sqlite import SqliteDatabase, SqliteTransaction, open_sqlite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TAKEN = Rule(code="test/taken", clause="test", requires=Text(ja="未使用。", en="Unused."))
INSERT = "INSERT INTO tenants (tenant, name, created_at) VALUES (:tenant, :name, 0)"
MANY = 64
SECONDS = 5
"""After which a test gives up."""


def named(tenant: str, name: str | None = "bank") -> Statement:
    return Statement(sql=INSERT, values={"tenant": tenant, "name": name})


def renamed(tenant: str, *, was: str, name: str) -> Statement:
    return Statement(
        sql="UPDATE tenants SET name = :name WHERE tenant = :tenant AND name = :was",
        values={"tenant": tenant, "was": was, "name": name},
        otherwise=TAKEN,
    )


REFUSED = renamed("nobody", was="x", name="y")


class Desk:
    """A database, and threads that stand in line at it."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.commits: list[str] = []
        self._pool = ThreadPoolExecutor(MANY)
        database.apply([named("first")])
        assert database._writer is not None
        database._writer.set_trace_callback(self._note)

    def join(self, *changes: Statement) -> Future[None]:
        """One more thread in line."""
        before = self.length()
        told = self._pool.submit(self.database.apply, changes)
        self.wait_for(before + 1)
        return told

    def wait_for(self, length: int) -> None:
        until = monotonic() + SECONDS
        while self.length() != length and monotonic() < until:
            sleep(0.001)
        assert self.length() == length

    def length(self) -> int:
        return len(self.database._shared._line)

    def names(self) -> list[str]:
        with self.database.read() as transaction:
            rows = transaction.rows("SELECT tenant FROM tenants WHERE tenant <> 'first'")
        return sorted(row[0] for row in rows)

    def _note(self, sql: str) -> None:
        if sql == "COMMIT":
            self.commits.append(sql)


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "warifu.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = open_sqlite(path)
    yield Desk(database)
    database.close()


def told(future: Future[None]) -> BaseException | None:
    return future.exception(SECONDS)


def test_all_that_stand_in_line_share_one_commit(desk: Desk) -> None:
    with desk.database.write():
        line = [desk.join(named(f"t{number:02}")) for number in range(MANY)]
    assert [told(each) for each in line] == [None] * MANY
    assert desk.names() == [f"t{number:02}" for number in range(MANY)]
    assert len(desk.commits) == 2


def test_refusal_of_one_undoes_it_alone(desk: Desk) -> None:
    with desk.database.write():
        line = [
            desk.join(named("before")),
            desk.join(named("half"), REFUSED, named("never")),
            desk.join(named("after")),
        ]
    errors = [told(each) for each in line]
    assert errors[::2] == [None, None]
    assert isinstance(errors[1], Denied)
    assert errors[1].rule is TAKEN
    assert desk.names() == ["after", "before"]
    assert len(desk.commits) == 2


def test_statement_of_one_that_fails_undoes_it_alone(desk: Desk) -> None:
    with desk.database.write():
        line = [
            desk.join(named("before")),
            desk.join(named("half"), named("nameless", None)),
            desk.join(named("after")),
        ]
    with no_statement(STATEMENT):
        line[1].result(SECONDS)
    assert told(line[0]) is told(line[2]) is None
    assert desk.names() == ["after", "before"]


def test_refusal_of_the_one_that_leads_undoes_it_alone(desk: Desk) -> None:
    with desk.database.write():
        line = [desk.join(named("half"), REFUSED), desk.join(named("after"))]
    assert isinstance(told(line[0]), Denied)
    assert told(line[1]) is None
    assert desk.names() == ["after"]


def test_who_comes_later_sees_what_came_before_in_the_same_commit(desk: Desk) -> None:
    """Two who use one challenge up: the first one has it, although nothing is durable yet."""
    with desk.database.write():
        line = [
            desk.join(renamed("first", was="bank", name="one"), named("a")),
            desk.join(renamed("first", was="bank", name="two"), named("b")),
        ]
    assert told(line[0]) is None
    assert isinstance(told(line[1]), Denied)
    assert desk.names() == ["a"]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every commit fails, but for those of the test's own thread."""
    genuine = sqlite._execute

    def execute(connection: sqlite3.Connection, sql: str) -> None:
        if sql == "COMMIT" and current_thread() is not main_thread():
            raise VerifierFault(AVAILABLE, "the disk is full")
        genuine(connection, sql)

    monkeypatch.setattr(sqlite, "_execute", execute)


@pytest.mark.usefixtures("failing")
def test_commit_that_fails_fails_all_even_who_was_refused_by_what_is_undone(desk: Desk) -> None:
    with desk.database.write():
        line = [
            desk.join(renamed("first", was="bank", name="one"), named("a")),
            desk.join(renamed("first", was="bank", name="two"), named("b")),
            desk.join(named("c")),
        ]
    for each in line:
        with no_statement(AVAILABLE):
            each.result(SECONDS)
    assert desk.names() == []


def test_line_moves_on_after_a_commit_that_failed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("failing")
    with no_statement(AVAILABLE), ThreadPoolExecutor(1) as pool:
        pool.submit(desk.database.apply, [named("lost")]).result(SECONDS)
    monkeypatch.undo()
    desk.database.apply([named("kept")])
    assert desk.names() == ["kept"]


def test_disk_that_undoes_the_whole_transaction_fails_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some errors of the disk leave SQLite no transaction to go on with."""
    genuine = SqliteTransaction.carry_out

    def carry_out(self: SqliteTransaction, statements: Sequence[Statement]) -> None:
        genuine(self, statements)
        if statements[0].values["tenant"] == "broken":
            self._connection.rollback()
            raise VerifierFault(AVAILABLE, "input/output error")

    monkeypatch.setattr(SqliteTransaction, "carry_out", carry_out)
    with desk.database.write():
        line = [desk.join(named(each)) for each in ("before", "broken", "after")]
    for each in line:
        with no_statement(AVAILABLE):
            each.result(SECONDS)
    assert desk.names() == []


def test_who_comes_while_others_are_carried_out_gets_into_the_next_commit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()
    genuine = SqliteTransaction.carry_out

    def carry_out(self: SqliteTransaction, statements: Sequence[Statement]) -> None:
        begun.set()
        assert go_on.wait(SECONDS)
        genuine(self, statements)

    monkeypatch.setattr(SqliteTransaction, "carry_out", carry_out)
    with desk.database.write():
        line = [desk.join(named("a")), desk.join(named("b"))]
    assert begun.wait(SECONDS)
    desk.wait_for(0)
    line += [desk.join(named("c")), desk.join(named("d"))]
    assert not any(each.done() for each in line)
    go_on.set()
    assert [told(each) for each in line] == [None] * 4
    assert desk.names() == ["a", "b", "c", "d"]
    assert len(desk.commits) == 3


def test_commit_takes_no_more_than_its_bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_commits, "MOST_TOGETHER", 3)
    with desk.database.write():
        line = [desk.join(named(f"t{number}")) for number in range(7)]
    assert [told(each) for each in line] == [None] * 7
    assert len(desk.commits) == 1 + 3


def test_who_waits_too_long_is_told_and_nothing_of_it_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WAIT_SECONDS", 0.2)
    with desk.database.write():
        line = [desk.join(named("leads")), desk.join(named("follows"))]
        for each in line:
            with no_statement(AVAILABLE):
                each.result(SECONDS)
    desk.database.apply([named("later")])
    assert desk.names() == ["later"]


def test_who_was_taken_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not be said that nothing was written while it is being written."""
    monkeypatch.setattr(sqlite, "WAIT_SECONDS", 0.2)
    genuine = SqliteTransaction.carry_out

    def carry_out(self: SqliteTransaction, statements: Sequence[Statement]) -> None:
        sleep(0.3)
        genuine(self, statements)

    monkeypatch.setattr(SqliteTransaction, "carry_out", carry_out)
    with desk.database.write():
        line = [desk.join(named("a")), desk.join(named("b"))]
    assert [told(each) for each in line] == [None, None]
    assert desk.names() == ["a", "b"]


def test_what_cannot_be_stored_harms_nobody_in_line(desk: Desk) -> None:
    with desk.database.write():
        line = desk.join(named("a"))
        with misuse(VALUE):
            desk.database.apply([named("nul", "a\0b")])
    assert told(line) is None
    assert desk.names() == ["a"]


def test_64_at_once_are_all_told_the_truth(desk: Desk) -> None:
    start = Barrier(MANY)

    def write(number: int) -> bool:
        start.wait(SECONDS)
        for turn in range(5):
            changes = [named(f"t{number:02}-{turn}"), *([REFUSED] if number % 4 == 0 else [])]
            try:
                desk.database.apply(changes)
            except Denied:
                if number % 4:
                    return False
        return True

    with ThreadPoolExecutor(MANY) as pool:
        assert all(pool.map(write, range(MANY)))
    written = [f"t{number:02}-{turn}" for number in range(MANY) for turn in range(5) if number % 4]
    assert desk.names() == written
    assert desk.length() == 0
    assert not desk.database._shared._led
