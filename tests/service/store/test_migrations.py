"""Tables that change while releases are exchanged."""

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tests.service.conftest import DIALECTS
from tests.service.store.writer import PARTS, entry
from tests.support import misuse, no_statement
from warifu.service.store import migrate, schema
from warifu.service.store.database import Dialect
from warifu.service.store.migrate import FOLDER, current, upgrade
from warifu.service.store.opening import dialect_of, open_database, sqlite_path
from warifu.service.store.rules import AVAILABLE, SCHEMA, STATEMENT
from warifu.service.store.schema import HEAD, require_current, schema_of

NEXT = """
from alembic import op

revision = "9000"
down_revision = "{head}"
branch_labels = None
depends_on = None
SERVES = "{serves}"


def upgrade() -> None:
    op.execute("ALTER TABLE audit ADD COLUMN weight BIGINT NOT NULL DEFAULT 1".replace(
        "BIGINT", "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    ))
    op.execute("CREATE INDEX audit_by_weight ON audit (tenant, weight)")
    {more}
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Callable[..., list[Path]]:
    def make(*, serves: str = HEAD, more: str = "pass") -> list[Path]:
        folder = tmp_path / "next"
        folder.mkdir(exist_ok=True)
        (folder / "next.py").write_text(NEXT.format(head=HEAD, serves=serves, more=more))
        return [folder]

    return make


@pytest.fixture
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)


pytestmark = pytest.mark.usefixtures("no_bytecode")


def write(url: str, name: str) -> None:
    with closing(open_database(url)) as database, database.write() as transaction:
        transaction.apply([entry(name, part) for part in range(PARTS)])


def weights(url: str) -> list[int]:
    with closing(open_database(url)) as database, database.read() as transaction:
        return [row[0] for row in transaction.rows("SELECT weight FROM audit")]


def test_the_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [HEAD]


def test_every_migration_says_whom_it_serves_and_is_numbered() -> None:
    for step in ScriptDirectory(str(FOLDER)).walk_revisions():
        assert re.fullmatch("[0-9]{4}", step.revision)
        assert step.revision >= step.module.SERVES


@pytest.mark.parametrize("dialect", DIALECTS)
def test_upgrading_twice_changes_nothing(dialect: str, bare_urls: Callable[[str], str]) -> None:
    url = bare_urls(dialect)
    upgrade(url)
    write(url, "a")
    before = current(url)
    upgrade(url)
    assert current(url) == before
    assert before is not None
    assert before.revision == HEAD


def test_the_statements_of_the_release_before_stay_valid_over_its_data(
    dialect_url: str, next_release: Callable[..., list[Path]]
) -> None:
    write(dialect_url, "before")
    with closing(open_database(dialect_url)) as running:
        upgrade(dialect_url, revision="9000", more=next_release())
        with running.write() as transaction:  # a process of the old release, still running
            transaction.apply([entry("meanwhile", part) for part in range(PARTS)])
        with running.read() as reading:
            assert reading.row("SELECT COUNT(*) FROM audit") == (2 * PARTS,)
    write(dialect_url, "after")  # and one that is started anew
    assert weights(dialect_url) == [1] * 3 * PARTS


def test_tables_that_no_longer_serve_this_release_are_refused(
    dialect_url: str, next_release: Callable[..., list[Path]]
) -> None:
    upgrade(dialect_url, revision="9000", more=next_release(serves="9000"))
    with misuse(SCHEMA):
        open_database(dialect_url)
    with misuse(SCHEMA):
        upgrade(dialect_url)


def test_tables_older_than_this_release_are_refused(
    dialect_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "HEAD", "9000")
    with misuse(SCHEMA):
        open_database(dialect_url)


def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    dialect_url: str, next_release: Callable[..., list[Path]]
) -> None:
    before = current(dialect_url)
    failing = next_release(more='op.execute("CREATE TABLE audit (id TEXT)")')
    with no_statement(STATEMENT):
        upgrade(dialect_url, revision="9000", more=failing)
    assert current(dialect_url) == before
    with no_statement(STATEMENT):
        weights(dialect_url)
    upgrade(dialect_url, revision="9000", more=next_release())
    assert weights(dialect_url) == []


def test_a_migration_does_not_wait_long_for_a_lock(
    dialect_url: str, next_release: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr("warifu.service.store.sqlite.WAIT_SECONDS", 0.1)
    with closing(open_database(dialect_url)) as database, database.write() as transaction:
        transaction.apply([entry("held", 0)])
        with no_statement(AVAILABLE):
            upgrade(dialect_url, revision="9000", more=next_release())
    upgrade(dialect_url, revision="9000", more=next_release())
    assert weights(dialect_url) == [1]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_two_may_upgrade_at_once(dialect: str, bare_urls: Callable[[str], str]) -> None:
    url = bare_urls(dialect)

    command = [sys.executable, "-m", "warifu", "db", "upgrade", "--db", url]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [each.wait(30) for each in both] == [0, 0]
    with closing(open_database(url)) as database:
        require_current(database)
        assert schema_of(database) == current(url)


@pytest.fixture(params=DIALECTS)
def dialect_url(request: pytest.FixtureRequest, bare_urls: Callable[[str], str]) -> str:
    """A database of its own, whose tables may be changed."""
    url = bare_urls(request.param)
    upgrade(url)
    if dialect_of(url) is Dialect.SQLITE:
        assert sqlite_path(url).exists()
    return url
