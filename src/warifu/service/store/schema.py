"""Which tables a database has, and whether this release can work with them.

Tables change in two steps, so that releases can be exchanged one process at a time. First *expand*:
a migration adds what the new release needs, in a way that the statements of the release before it
stay valid (new columns are nullable or have a default, nothing is renamed or narrowed). Once no old
process runs, a later migration may *contract*: drop what nobody reads any more. Each migration says
in `SERVES` which is the oldest revision whose release still works after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Misuse, VerifierFault
from warifu.service.store.rules import SCHEMA, STATEMENT

if TYPE_CHECKING:
    from warifu.service.store.database import Database

HEAD = "0004"
"""The revision that this release was written for."""


class Schema(Struct, frozen=True, kw_only=True):
    """Where a database stands."""

    revision: str
    serves: str
    """The oldest revision whose release still works with it."""


def schema_of(database: Database) -> Schema | None:
    """Where a database stands, or None where nothing was ever made in it.

    Raises:
        VerifierFault: ``store/available``.
    """
    try:
        with database.read() as transaction:
            found = transaction.row(
                "SELECT revision, serves FROM schema_history ORDER BY revision DESC LIMIT 1"
            )
    except VerifierFault as fault:
        if fault.rule is not STATEMENT:
            raise
        return None
    return Schema(revision=found[0], serves=found[1]) if found else None


def require_current(database: Database) -> None:
    """Refuse tables that this release does not know.

    Raises:
        Misuse: ``store/schema``.
        VerifierFault: ``store/available``.
    """
    schema = schema_of(database)
    if not usable(schema):
        found = f"at {schema.revision}" if schema else "empty"
        raise Misuse(SCHEMA, f"the database is {found}, this release at {HEAD}")


def usable(schema: Schema | None) -> bool:
    """Whether this release can work with these tables."""
    return schema is not None and schema.serves <= HEAD <= schema.revision
