"""The contract of a database, kept by both."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest

from tests.support import misuse, no_statement
from warifu.base.errors import Denied, Misuse
from warifu.base.rule import Rule, Text
from warifu.service.store.database import Database, Dialect, Statement, Value
from warifu.service.store.opening import open_database
from warifu.service.store.rules import AVAILABLE, STATEMENT, VALUE

ALONE = True
RIVALS = 64
TAKEN = Rule(code="test/taken", clause="test", requires=Text(ja="未使用。", en="Unused."))
INSERT = (
    "INSERT INTO tenants (tenant, name, data_key, created_at)"
    " VALUES (:tenant, :name, :key, :at) ON CONFLICT DO NOTHING"
)


def tenant(tenant: str, *, otherwise: Rule | None = None, **changes: Value) -> Statement:
    values: dict[str, Value] = {"tenant": tenant, "name": "銀行", "key": None, "at": 0}
    return Statement(sql=INSERT, values=values | changes, otherwise=otherwise)


def rename(name: str, *, was: str, otherwise: Rule | None = TAKEN) -> Statement:
    return Statement(
        sql="UPDATE tenants SET name = :name WHERE tenant = :tenant AND name = :was",
        values={"tenant": "a", "name": name, "was": was},
        otherwise=otherwise,
    )


@pytest.fixture(params=["alone", "in a transaction"], autouse=True)
def manner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How changes are made in a test: what holds for one way holds for the other."""
    monkeypatch.setattr(f"{__name__}.ALONE", request.param == "alone")


def add(database: Database, *statements: Statement) -> None:
    if ALONE:
        database.apply(statements)
        return
    with database.write() as transaction:
        transaction.apply(statements)


def names(database: Database) -> list[str]:
    with database.read() as transaction:
        return [row[0] for row in transaction.rows("SELECT tenant FROM tenants ORDER BY tenant")]


def test_a_new_database_is_empty(database: Database) -> None:
    assert names(database) == []


def test_all_changes_are_made_together(database: Database) -> None:
    add(database, tenant("a"), tenant("b"))
    assert names(database) == ["a", "b"]


def test_an_error_of_the_caller_undoes_all(database: Database) -> None:
    def fail() -> None:
        with database.write() as transaction:
            transaction.apply([tenant("a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(database) == []


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_change_that_changes_nothing_undoes_all(database: Database, position: int) -> None:
    add(database, tenant("taken"))
    changes = [tenant("a"), tenant("b")]
    changes.insert(position, tenant("taken", otherwise=TAKEN))
    with pytest.raises(Denied) as caught:
        add(database, *changes)
    assert caught.value.rule is TAKEN
    assert names(database) == ["taken"]


def test_the_first_change_that_was_not_made_is_the_reason(database: Database) -> None:
    add(database, tenant("taken"))
    other = Rule(code="test/other", clause="test", requires=TAKEN.requires)
    with pytest.raises(Denied) as caught:
        add(
            database,
            tenant("a"),
            tenant("taken", otherwise=TAKEN),
            tenant("taken", otherwise=other),
            Statement(
                sql="UPDATE tenants SET name = NULL WHERE tenant = :t", values={"t": "taken"}
            ),
        )
    assert caught.value.rule is TAKEN


def test_the_error_is_raised_as_the_statement_says(database: Database) -> None:
    statement = rename("b", was="a")
    with misuse(TAKEN):
        add(
            database,
            Statement(sql=statement.sql, values=statement.values, otherwise=TAKEN, error=Misuse),
        )


def test_a_change_may_be_allowed_to_change_nothing(database: Database) -> None:
    add(database, tenant("a"), tenant("a"), rename("x", was="no", otherwise=None))
    assert names(database) == ["a"]


def test_no_changes_are_no_changes(database: Database) -> None:
    add(database)
    assert names(database) == []


def test_a_statement_that_fails_undoes_all(database: Database) -> None:
    with no_statement(STATEMENT):
        add(database, tenant("a"), tenant("b", name=None), tenant("c"))
    assert names(database) == []
    add(database, tenant("d"))
    assert names(database) == ["d"]


def test_a_transaction_cannot_be_carried_on_after_a_failure(database: Database) -> None:
    with no_statement(STATEMENT), database.write() as transaction:
        transaction.apply([tenant("a")])
        transaction.rows("SELECT nothing FROM nowhere")
    assert names(database) == []


def test_a_primary_key_is_taken_once(database: Database) -> None:
    add(database, tenant("a"))
    plain = tenant("a")
    with no_statement(STATEMENT):
        add(database, Statement(sql=INSERT.partition(" ON ")[0], values=plain.values))


def test_of_64_conditional_updates_exactly_one_wins(database: Database) -> None:
    add(database, tenant("a", name="unused"))
    start = Barrier(RIVALS)

    def take(number: int) -> bool:
        start.wait()
        try:
            add(database, tenant(f"winner-{number}"), rename(f"used-{number}", was="unused"))
        except Denied:
            return False
        return True

    with ThreadPoolExecutor(RIVALS) as pool:
        won = [number for number, did in enumerate(pool.map(take, range(RIVALS))) if did]
    assert len(won) == 1
    assert names(database) == ["a", f"winner-{won[0]}"]


def test_64_increments_by_compare_and_set_are_all_counted(database: Database) -> None:
    add(database, tenant("a", at=0))
    increment = "UPDATE tenants SET created_at = created_at + 1 WHERE tenant = :t"
    with ThreadPoolExecutor(RIVALS) as pool:
        statement = Statement(sql=increment, values={"t": "a"}, otherwise=TAKEN)
        list(pool.map(lambda _: add(database, statement), range(RIVALS)))
    with database.read() as transaction:
        assert transaction.row("SELECT created_at FROM tenants WHERE tenant = :t", t="a") == (64,)


def test_returning_gives_what_was_written(database: Database) -> None:
    with database.write() as transaction:
        rows = transaction.rows(
            f"{INSERT} RETURNING tenant, created_at", tenant="a", name="n", key=None, at=7
        )
        assert rows == [("a", 7)]
        assert transaction.row("DELETE FROM tenants WHERE tenant = :t", t="none") is None


def test_returning_counts_as_a_change_in_apply(database: Database) -> None:
    add(database, tenant("a"))
    returning = "UPDATE tenants SET name = :n WHERE tenant = :t RETURNING name"
    add(database, Statement(sql=returning, values={"n": "x", "t": "a"}, otherwise=TAKEN))
    with pytest.raises(Denied):
        add(database, Statement(sql=returning, values={"n": "x", "t": "b"}, otherwise=TAKEN))


@pytest.mark.parametrize("number", [0, -1, 1 << 31, (1 << 63) - 1, -(1 << 63)])
def test_numbers_come_back_as_they_went(database: Database, number: int) -> None:
    add(database, tenant("a", at=number))
    with database.read() as transaction:
        assert transaction.row("SELECT created_at FROM tenants") == (number,)
        found = transaction.row("SELECT tenant FROM tenants WHERE created_at = :at", at=number)
    assert found == ("a",)


@pytest.mark.parametrize("data", [None, b"", b"\0\xff\\x00'", bytes(range(256)) * 4096])
def test_bytes_come_back_as_they_went(database: Database, data: bytes | None) -> None:
    add(database, tenant("a", key=data))
    with database.read() as transaction:
        (found,) = transaction.row("SELECT data_key FROM tenants") or ()
    assert found == data
    assert type(found) is type(data)


@pytest.mark.parametrize("text", ["", "割符", "'; DROP TABLE tenants; --", "%s :x", "\U0001f600"])
def test_text_comes_back_as_it_went(database: Database, text: str) -> None:
    add(database, tenant("a", name=text))
    with database.read() as transaction:
        assert transaction.row("SELECT name FROM tenants WHERE name = :n", n=text) == (text,)


def test_truth_is_one(database: Database) -> None:
    add(database, tenant("a", at=True))
    with database.read() as transaction:
        assert transaction.row("SELECT created_at FROM tenants") == (1,)


def test_sums_are_whole_numbers(database: Database) -> None:
    add(database, tenant("a", at=1 << 40), tenant("b", at=1))
    with database.read() as transaction:
        (total, number) = transaction.row("SELECT SUM(created_at), COUNT(*) FROM tenants") or ()
    assert (total, number) == ((1 << 40) + 1, 2)
    assert type(total) is int


def test_text_is_ordered_by_its_bytes(database: Database) -> None:
    add(database, *map(tenant, ["b", "A", "a-b", "ab", "é", "B"]))
    assert names(database) == ["A", "B", "a-b", "ab", "b", "é"]


def test_literals_casts_and_comments_are_no_parameters(database: Database) -> None:
    with database.read() as transaction:
        row = transaction.row(
            "SELECT ':a', '%(b)s', 'it''s :c', :d, 1 % 2 -- :e\n"
            '/* :f */ FROM (SELECT CAST(:d AS TEXT) AS "x:y") AS made',
            d="d",
        )
    assert row == (":a", "%(b)s", "it's :c", "d", 1)


def test_a_parameter_may_be_used_twice_and_others_left_unused(database: Database) -> None:
    with database.read() as transaction:
        assert transaction.row("SELECT :a, :a", a="x", b=b"y", c=None) == ("x", "x")


def test_a_parameter_without_a_value_is_a_mistake_of_ours(database: Database) -> None:
    with no_statement(STATEMENT):
        add(database, tenant("a"), Statement(sql="DELETE FROM tenants WHERE name = :n", values={}))
    with no_statement(STATEMENT):
        database.row("SELECT :a", b="x")
    assert names(database) == []


def test_rows_come_in_batches(database: Database) -> None:
    add(database, *(tenant(f"{number:03}") for number in range(25)))
    with database.read() as transaction:
        batches = list(
            transaction.batches(
                "SELECT tenant FROM tenants WHERE tenant >= :t ORDER BY tenant", size=10, t="001"
            )
        )
        assert transaction.row("SELECT 1") == (1,)
    assert [len(batch) for batch in batches] == [10, 10, 4]
    assert batches[2][-1] == ("024",)


def test_reading_is_one_picture(database: Database) -> None:
    add(database, tenant("a"))
    with database.read() as transaction:
        count = "SELECT COUNT(*) FROM tenants"
        before = transaction.row(count)
        add(database, tenant("b"))
        assert transaction.row(count) == before == (1,)
    assert names(database) == ["a", "b"]


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as transaction:
        transaction.apply([tenant("a")])
        assert names(database) == []
    assert names(database) == ["a"]


def test_reading_changes_nothing(database: Database) -> None:
    with no_statement(AVAILABLE), database.read() as transaction:
        transaction.apply([tenant("a")])
    assert names(database) == []


def test_what_was_written_is_there_after_opening_again(
    database: Database, database_url: str
) -> None:
    add(database, tenant("a"))
    database.close()
    again = open_database(database_url)
    assert names(again) == ["a"]
    again.close()


def test_a_closed_database_is_not_available(database: Database) -> None:
    database.close()
    with no_statement(AVAILABLE), database.read():
        pass
    with no_statement(AVAILABLE), database.write():
        pass
    database.close()


@pytest.mark.parametrize("value", ["a\0b", "\ud800", 1 << 63, -(1 << 63) - 1])
def test_what_only_one_database_could_keep_is_refused(database: Database, value: Value) -> None:
    with misuse(VALUE):
        add(database, tenant("a", at=value) if isinstance(value, int) else tenant("a", name=value))
    with misuse(VALUE), database.read() as transaction:
        transaction.rows("SELECT :x", x=value)
    assert names(database) == []


# PostgreSQL would write them in hexadecimal. One that refuses is enough to find the mistake.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bytes_do_not_pass_for_text(database: Database) -> None:
    with no_statement(STATEMENT):
        add(database, tenant("a", name=b"bytes"))


def test_writers_wait_for_each_other(database: Database) -> None:
    add(database, tenant("a", name="unused"))
    inside, leave = Event(), Event()

    def slow() -> None:
        with database.write() as transaction:
            transaction.apply([rename("slow", was="unused")])
            inside.set()
            leave.wait(5)

    writer = Thread(target=slow)
    writer.start()
    assert inside.wait(5)
    statement = Statement(sql="UPDATE tenants SET name = name || '+second'", values={})
    second = Thread(target=lambda: add(database, statement))
    second.start()
    second.join(0.1)
    assert second.is_alive()
    leave.set()
    writer.join()
    second.join()
    with database.read() as transaction:
        assert transaction.row("SELECT name FROM tenants") == ("slow+second",)


def test_a_writer_that_waits_too_long_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warifu.service.store.sqlite.WAIT_SECONDS", 0.05)
    add(database, tenant("a", name="unused"))
    with database.write() as transaction:
        transaction.apply([rename("x", was="unused")])
        if database.dialect is Dialect.POSTGRESQL:
            with no_statement(AVAILABLE), database.write() as rival:
                rival.rows("SET LOCAL lock_timeout = 50")
                rival.apply([rename("y", was="unused")])
        else:
            with no_statement(AVAILABLE), database.write():
                pass
    with database.read() as reading:
        assert reading.row("SELECT name FROM tenants") == ("x",)


def test_rows_that_nobody_read_to_the_end_hold_no_old_picture(database: Database) -> None:
    add(database, *(tenant(f"t{number}") for number in range(10)))
    with database.read() as transaction:
        left = transaction.batches("SELECT tenant FROM tenants ORDER BY tenant", size=1)
        assert next(left) == [("t0",)]
    add(database, tenant("new"))
    for _ in range(2):
        assert "new" in names(database)


def test_query_alone_sees_what_was_written_a_moment_ago(database: Database) -> None:
    query = "SELECT name FROM tenants WHERE tenant = :tenant"
    assert database.row(query, tenant="a") is None
    for name in ("銀行", "信用金庫"):
        statements = [tenant("a"), rename(name, was="銀行")]
        add(database, *statements)
        assert database.row(query, tenant="a") == (name,)


def test_query_alone_that_fails_harms_nobody_after_it(database: Database) -> None:
    with no_statement(STATEMENT):
        database.row("SELECT nothing FROM nowhere")
    assert database.row("SELECT COUNT(*) FROM tenants") == (0,)


def test_query_alone_is_not_answered_after_the_end(database: Database) -> None:
    database.close()
    with no_statement(AVAILABLE):
        database.row("SELECT 1")
