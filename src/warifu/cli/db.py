"""``warifu db``: the service's database made, upgraded, saved and restored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated

from cyclopts import App, Parameter
from rich.text import Text as Styled

from warifu.attestation.document import rfc3339
from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import ACCEPTED, USAGE, UsageError
from warifu.cli.progress import progress_bar
from warifu.cli.values import Db
from warifu.cli.words import Language, language_of_environment, say
from warifu.service.adapters.whole_files import flush_folder
from warifu.service.store.backup import Header, back_up, check, restore
from warifu.service.store.database import moment
from warifu.service.store.opening import DEFAULT_URL, dialect_of, open_database
from warifu.service.store.schema import HEAD, Schema, usable

Json = Annotated[bool, Parameter(negative=())]
BackupFile = Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=False)]

_READY = Text(ja="使用できます", en="ready")
_UPGRADE = Text(
    ja="このリリースでは使用できません。warifu db upgrade を実行してください",
    en="not usable by this release: run `warifu db upgrade`",
)
_NOTHING = Text(ja="テーブルがありません", en="no tables")
_STATUS = Text(
    ja="{dialect}、リビジョン{found}（このリリースは{head}）：{state}",
    en="{dialect}, revision {found} (this release: {head}): {state}",
)
_SAVED = Text(
    ja="{rows}行を{file}に保存しました（リビジョン{revision}、{at}時点）",
    en="{rows} rows saved in {file} (revision {revision}, as of {at})",
)
_RESTORED = Text(
    ja="{at}時点の{rows}行を復元しました（リビジョン{revision}）",
    en="{rows} rows of {at} restored (revision {revision})",
)
_CHECKING = Text(ja="バックアップの確認", en="Checking")
_SAVING = Text(ja="保存", en="Saving")
_RESTORING = Text(ja="復元", en="Restoring")


def make_app() -> App:
    """The commands under ``warifu db``."""
    app = App(name="db", help="The service's database: its tables, backups and restoring them.")
    app.command(upgrade_, name="upgrade")
    app.command(backup)
    app.command(restore_, name="restore")
    app.command(status)
    return app


def upgrade_(*, db: Db = DEFAULT_URL, json: Json = False, lang: Language | None = None) -> int:
    """Make the tables, or change them to what this release needs. Nothing happens if they are.

    Run it before the first process of a new release starts; those of the release before go on.

    Args:
        db: The database's URL.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    from warifu.service.store.migrate import upgrade

    upgrade(db)
    return status(db=db, json=json, lang=lang)


def status(*, db: Db = DEFAULT_URL, json: Json = False, lang: Language | None = None) -> int:
    """Show whether this release can work with the database; the exit status is 0 only then.

    Args:
        db: The database's URL.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    from warifu.service.store.migrate import current

    schema = current(db)
    ready = usable(schema)
    if json:
        output.write_json(_status(db, schema))
    else:
        language = lang or language_of_environment()
        line = say(_STATUS, language).format(
            dialect=dialect_of(db).value,
            found=schema.revision if schema else say(_NOTHING, language),
            head=HEAD,
            state=say(_READY if ready else _UPGRADE, language),
        )
        render.to_terminal(Styled(line))
    return ACCEPTED if ready else USAGE


def backup(
    file: BackupFile,
    /,
    *,
    db: Db = DEFAULT_URL,
    json: Json = False,
    lang: Language | None = None,
) -> int:
    """Save all rows of this moment in a new file that only you can read, while the service runs.

    Either database can restore it. Signing keys and the vault's key are kept elsewhere: without
    them, what is sealed in the backup stays sealed.

    Args:
        file: A file that is not there yet.
        db: The database's URL.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    language = lang or language_of_environment()
    with (
        closing(open_database(db, hasty=False)) as database,
        _new_file(file) as out,
    ):
        watch = partial(progress_bar, say(_SAVING, language))
        header = back_up(database, out, now=datetime.now(UTC), watch=watch)
    return _tell(header, file, _SAVED, json=json, language=language)


def restore_(
    file: BackupFile,
    /,
    *,
    db: Db = DEFAULT_URL,
    replace: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
    lang: Language | None = None,
) -> int:
    """Load a backup into an empty database, which need not have tables yet; all of it or nothing.

    A backup of an earlier release is loaded into the tables of its time, which are then upgraded:
    this needs a database without tables.

    Args:
        file: What ``warifu db backup`` wrote. It is checked whole before anything is changed.
        db: The database's URL.
        replace: Delete what is in the database.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    from warifu.service.store.migrate import current, upgrade

    language = lang or language_of_environment()
    with _old_file(file) as held:
        header = check(held, watch=partial(progress_bar, say(_CHECKING, language)))
        if current(db) is None:
            upgrade(db, revision=header.revision)
        with closing(open_database(db, current=False, hasty=False)) as database:
            watch = partial(progress_bar, say(_RESTORING, language))
            restore(database, held, replace=replace, watch=watch)
    upgrade(db)
    return _tell(header, file, _RESTORED, json=json, language=language)


def _status(db: str, schema: Schema | None) -> dict[str, object]:
    return {
        "dialect": dialect_of(db).value,
        "revision": schema.revision if schema else None,
        "serves": schema.serves if schema else None,
        "release": HEAD,
        "usable": usable(schema),
    }


def _tell(header: Header, file: Path, sentence: Text, *, json: bool, language: Language) -> int:
    at = rfc3339(moment(header.made_at))
    if json:
        output.write_json(
            {
                "file": str(file),
                "revision": header.revision,
                "made_at": at,
                "made_by": header.made_by,
                "rows": {table.name: table.rows for table in header.tables},
            }
        )
    else:
        rows = sum(table.rows for table in header.tables)
        line = say(sentence, language)
        render.to_terminal(
            Styled(line.format(rows=rows, file=file, revision=header.revision, at=at))
        )
    return ACCEPTED


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole, for its owner alone, or not at all."""
    if path.exists():
        raise UsageError(f"{path} is already there")
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)  # made with mode 0600
        try:
            yield file.file
            file.flush()
            os.fsync(file.fileno())
            os.link(temporary, path)  # unlike a replacement, refuses what came in between
        except FileExistsError as error:
            raise UsageError(f"{path} is already there") from error
        finally:
            temporary.unlink()
    flush_folder(path.parent)


@contextmanager
def _old_file(path: Path) -> Iterator[IO[bytes]]:
    if not path.is_file():
        raise UsageError(f"{path} is no file")
    with path.open("rb") as file:
        yield file
