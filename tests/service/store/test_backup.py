"""What was saved is what is restored, by either database; and nothing else is."""

import io
import re
import stat
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.runner import Run
from tests.cli.runner import run as run_command
from tests.service.conftest import DIALECTS
from tests.service.store.writer import PARTS, entry
from tests.support import misuse
from warifu.cli.ending import USAGE
from warifu.service.store.backup import MAGIC, Rows, back_up, check, restore
from warifu.service.store.database import Database, Statement, Value
from warifu.service.store.migrate import current, upgrade
from warifu.service.store.opening import open_database
from warifu.service.store.rules import BACKUP, EMPTY, SCHEMA
from warifu.service.store.schema import HEAD
from warifu.service.store.tables import tables_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
EVIDENCE = (
    "INSERT INTO evidence_bytes (tenant, owner, digest, sealed, stored_at)"
    " VALUES (:tenant, :owner, :digest, :sealed, :at)"
)
TENANT = "INSERT INTO tenants (tenant, name, data_key, created_at) VALUES (:t, :n, :k, :at)"
Run_ = Callable[..., Run]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run_:
    return lambda *arguments: run_command(capsys, *arguments)


def fill(url: str) -> None:
    with closing(open_database(url)) as database, database.write() as transaction:
        transaction.apply([entry(f"{number}", part) for number in range(20) for part in range(5)])
        tenants: list[dict[str, Value]] = [
            {"t": "b", "n": "銀行\U0001f600", "k": None, "at": -(1 << 63)},
            {"t": "a", "n": "", "k": b"", "at": (1 << 63) - 1},
        ]
        transaction.apply([Statement(sql=TENANT, values=values) for values in tenants])
        transaction.apply(
            [
                Statement(
                    sql=EVIDENCE,
                    values={
                        "tenant": "a",
                        "owner": f"{number}",
                        "digest": bytes([number]) * 32,
                        "sealed": bytes(range(256)) * 1000,
                        "at": number,
                    },
                )
                for number in range(40)
            ]
        )


def content(url: str) -> dict[str, list[Any]]:
    with (
        closing(open_database(url)) as database,
        database.read() as transaction,
    ):
        return {
            table.name: sorted(transaction.rows(f"SELECT * FROM {table.name}"), key=repr)  # noqa: S608
            for table in tables_of(transaction, database.dialect)
        }


def saved(url: str) -> bytes:
    file = io.BytesIO()
    with closing(open_database(url)) as database:
        back_up(database, file, now=NOW)
    return file.getvalue()


def load(url: str, path: Path, data: bytes, *, replace: bool = False) -> None:
    path.write_bytes(data)
    with path.open("rb") as file, closing(open_database(url)) as database:
        check(file)
        restore(database, file, replace=replace)


@pytest.fixture
def url(request: pytest.FixtureRequest, database_url: str) -> str:
    fill(database_url)
    return database_url


@pytest.mark.parametrize("target", DIALECTS)
def test_either_database_restores_what_either_saved(
    url: str, target: str, bare_urls: Callable[[str], str], tmp_path: Path, run: Run_
) -> None:
    other = bare_urls(target)
    assert run("db", "backup", tmp_path / "saved", "--db", url).status == 0
    assert run("db", "restore", tmp_path / "saved", "--db", other).status == 0
    assert content(other) == content(url)
    assert len(content(other)["audit"]) == 20 * PARTS
    assert current(other) is not None
    with closing(open_database(other)) as database, database.write() as transaction:
        transaction.apply([entry("goes on", 0)])


def test_equal_content_gives_equal_backups_whatever_the_database(
    bare_urls: Callable[[str], str],
) -> None:
    backups = []
    for dialect in DIALECTS:
        url = bare_urls(dialect)
        upgrade(url)
        fill(url)
        backups.append(saved(url))
    assert backups[0] == backups[1]


def test_a_backup_is_one_picture_while_others_write(
    database: Database, url: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    before = content(url)
    names = iter(range(10_000))

    def meddle(_rows: int) -> None:
        with database.write() as transaction:
            transaction.apply([entry(f"late-{next(names)}", part) for part in range(PARTS)])

    file = io.BytesIO()
    back_up(database, file, now=NOW, watch=lambda _total: nullcontext(meddle))
    other = bare_urls("sqlite")
    upgrade(other)
    load(other, tmp_path / "saved", file.getvalue())
    assert content(other) == before
    assert content(url) != before


def test_a_backup_is_for_its_owner_alone_and_replaces_nothing(
    url: str, tmp_path: Path, run: Run_
) -> None:
    path = tmp_path / "saved"
    path.write_text("precious")
    ended = run("db", "backup", path, "--db", url)
    assert (ended.status, path.read_text()) == (USAGE, "precious")
    assert "already there" in ended.err
    path.unlink()
    assert run("db", "backup", path, "--db", url).status == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each for each in tmp_path.iterdir() if each.suffix == ".tmp"] == []


def test_a_backup_that_was_cut_off_anywhere_is_refused(url: str, tmp_path: Path) -> None:
    data = saved(url)
    path = tmp_path / "saved"
    lengths = {0, 1, len(MAGIC), len(MAGIC) + 4, 100, len(data) // 2, len(data) - 33}
    for length in lengths | {len(data) - 32, len(data) - 1}:
        path.write_bytes(data[:length])
        with misuse(BACKUP), path.open("rb") as file:
            check(file)


def test_a_backup_that_was_altered_or_lengthened_is_refused(url: str, tmp_path: Path) -> None:
    data = saved(url)
    path = tmp_path / "saved"
    for place in (0, len(MAGIC), len(data) // 3, len(data) - 40, len(data) - 1):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with misuse(BACKUP), path.open("rb") as file:
            check(file)
    path.write_bytes(data + b"\0")
    with misuse(BACKUP), path.open("rb") as file:
        check(file)


def test_a_file_that_changes_after_it_was_checked_is_not_restored(
    url: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    data = saved(url)
    path = tmp_path / "saved"
    other = bare_urls("sqlite")
    upgrade(other)
    place = data.index(b"test/written")
    path.write_bytes(data[:place] + b"TEST" + data[place + 4 :])
    with misuse(BACKUP), path.open("rb") as file, closing(open_database(other)) as database:
        restore(database, file)
    assert not any(content(other).values())


def reframed(data: bytes, change: Callable[[list[bytes]], object]) -> bytes:
    """A backup whose records were changed, under a new seal, for `restore` alone."""
    records: list[bytes] = []
    place = len(MAGIC)
    while place < len(data) - 32:
        length = int.from_bytes(data[place : place + 4], "big")
        records.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    change(records)
    return MAGIC + b"".join(len(each).to_bytes(4, "big") + each for each in records)


def swap(records: list[bytes]) -> None:
    records[1], records[2] = records[2], records[1]


RECORDS: dict[str, Callable[[list[bytes]], object]] = {
    "one missing": lambda records: records.pop(1),
    "one twice": lambda records: records.insert(1, records[1]),
    "two swapped": swap,
    "no closing": lambda records: records.pop(),
    "two headers": lambda records: records.insert(1, records[0]),
    "no record of ours": lambda records: records.insert(1, b"\xc1"),
    "another table": lambda records: records.insert(
        1, msgspec.msgpack.encode(Rows("alembic_version", [["0000"]]))
    ),
    "too few columns": lambda records: records.insert(
        1, msgspec.msgpack.encode(Rows("audit", [["t"]]))
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_that_do_not_fit_together_are_not_restored(
    name: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    url = bare_urls("sqlite")
    upgrade(url)
    fill(url)
    path = tmp_path / "saved"
    path.write_bytes(reframed(saved(url), RECORDS[name]))
    other = bare_urls("sqlite")
    upgrade(other)
    with path.open("rb") as file, closing(open_database(other)) as database:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - its code is asserted
            restore(database, file)
        assert getattr(caught.value, "code", "") in {BACKUP.code, "store/statement"}
    assert not any(content(other).values())


def test_a_backup_is_not_mixed_with_what_is_there(url: str, tmp_path: Path, run: Run_) -> None:
    path = tmp_path / "saved"
    assert run("db", "backup", path, "--db", url).status == 0
    with closing(open_database(url)) as database, database.write() as transaction:
        transaction.apply([entry("later", 0)])
    before = content(url)
    with misuse(EMPTY):
        load(url, tmp_path / "again", path.read_bytes())
    assert run("db", "restore", path, "--db", url).status == USAGE
    assert content(url) == before
    assert run("db", "restore", path, "--db", url, "--replace").status == 0
    assert len(content(url)["audit"]) == len(before["audit"]) - 1


def test_a_backup_of_other_tables_is_refused(
    url: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    other = bare_urls("sqlite")
    upgrade(other)
    data = saved(url).replace(b"\xa8revision\xa4" + HEAD.encode(), b"\xa8revision\xa49999")
    path = tmp_path / "saved"
    path.write_bytes(data)
    with misuse(SCHEMA), path.open("rb") as file, closing(open_database(other)) as database:
        restore(database, file)


def test_tables_with_other_columns_are_refused(
    url: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    other = bare_urls("sqlite")
    upgrade(other)
    data = saved(url)
    with closing(open_database(other)) as database, database.write() as transaction:
        transaction.rows("ALTER TABLE audit ADD COLUMN more TEXT")
    with misuse(SCHEMA):
        load(other, tmp_path / "saved", data)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_cannot_be_saved(
    dialect: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    url = bare_urls(dialect)
    if dialect == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
    with misuse(SCHEMA), closing(open_database(url, current=False)) as database:
        back_up(database, io.BytesIO(), now=NOW)


def test_what_is_printed(url: str, tmp_path: Path, run: Run_) -> None:
    status = run("db", "status", "--db", url, "--json").document
    assert status["revision"] == status["release"] == HEAD
    assert status["usable"] is True
    document = run("db", "backup", tmp_path / "saved", "--db", url, "--json").document
    assert document["rows"]["evidence_bytes"] == 40
    assert document["revision"] == HEAD
    japanese = run("db", "status", "--db", url, "--lang", "ja").out
    assert "使用できます" in japanese
    assert re.search(r"142 .*rows|142行", run("db", "backup", tmp_path / "2", "--db", url).out)


def test_the_status_of_nothing_is_told_and_makes_nothing(tmp_path: Path, run: Run_) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    ended = run("db", "status", "--db", url, "--json")
    assert (ended.status, ended.document["usable"]) == (USAGE, False)
    assert list(tmp_path.iterdir()) == []
    ended = run("db", "restore", tmp_path / "none", "--db", url)
    assert ended.status == USAGE
    assert list(tmp_path.iterdir()) == []


def test_the_url_may_come_from_the_environment(
    tmp_path: Path, run: Run_, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARIFU_DB", f"sqlite:///{tmp_path}/here.db")
    assert run("db", "upgrade").status == 0
    assert (tmp_path / "here.db").exists()
