"""``warifu ledger``: the log of the service, for its operator."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.values import Db
from warifu.cli.words import Language, language_of_environment, say
from warifu.service.adapters.data_key_file import DEFAULT_NAME
from warifu.service.store.opening import DEFAULT_URL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.service.composition import Composition

_DONE = Text(
    ja="{logs}件の台帳に、{placed}件の記録を収録しました（ほかのプロセスが処理中の台帳：{taken}件）。",
    en="Placed {placed} leaves in {logs} logs; another process extends {taken}.",
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Where the service keeps its data, and what it signs with."""

    db: Db = DEFAULT_URL
    """The database's URL: ``sqlite:///file.db`` or ``postgresql://...``."""
    config: Path | None = None
    """Settings (TOML)."""
    keys: Path | None = None
    """Our signing keys (see `warifu keys`)."""
    passphrase_file: Path | None = None
    """A file that only you can read, with the passphrase of the signing keys."""
    token: Path | None = None
    """A PKCS #11 token that holds signing keys: TOML with module, label and pin_file."""
    data_key: Path = Path(DEFAULT_NAME)
    """The keys under which data is sealed."""


def make_app() -> App:
    """The commands under ``warifu ledger``."""
    app = App(name="ledger", help="The log that enrolments, confirmations and keys stand in.")
    app.command(sequence)
    app.command(key)
    return app


def sequence(
    *,
    where: Where = Where(),
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Place what waits in all logs and sign, once: `warifu serve` does so every second.

    Args:
        where: Where the service keeps its data, and what it signs with.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    from warifu.service.workers.sequencer import Sequencer

    with _house(where) as house:
        sequencer = Sequencer(house)
        try:
            done = sequencer.turn()
        finally:
            sequencer.end()
    if json:
        output.write_json({"placed": done.placed, "logs": done.logs, "taken": done.taken})
    else:
        sentence = say(_DONE, lang or language_of_environment())
        told = sentence.format(logs=done.logs, placed=done.placed, taken=done.taken)
        render.to_terminal(Styled(told))
    return 0


def key(tenant: str, /, *, where: Where = Where()) -> int:
    """Print the verifier keys of a tenant's log, for `warifu receipt verify --log-key`.

    Give them to whoever follows the log by another way than the service itself.

    Args:
        tenant: Whose log.
        where: Where the service keeps its data, and what it signs with.
    """
    from warifu.service.conduct.books.keys import verifier_keys

    with _house(where) as house:
        for each in verifier_keys(house, tenant):
            sys.stdout.write(f"{each}\n")
    return 0


@contextmanager
def _house(where: Where) -> Iterator[Composition]:
    from warifu.service.assembly import Places, assemble

    house = assemble(
        Places(
            db=where.db,
            config=where.config,
            keys=where.keys,
            passphrase_file=where.passphrase_file,
            token=where.token,
            data_key=where.data_key,
        ),
        hasty=False,
    )
    try:
        yield house
    finally:
        house.database.close()
