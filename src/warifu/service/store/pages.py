"""Pages of a list: newest first, from behind a place, narrowed by what is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warifu.service.store.database import Row, Transaction, Value


def newest_first(
    transaction: Transaction,
    select: str,
    *,
    tenant: str,
    after: str | None,
    limit: int,
    given: Mapping[str, Value] | None = None,
    table: str = "",
    values: Mapping[str, Value] | None = None,
) -> list[Row]:
    """Rows by descending id, which is the order in which they were made.

    Args:
        transaction: Where to read.
        select: The statement as far as its WHERE clause, which names the tenant.
        tenant: Whose.
        after: The last id of the page before; None for the first page.
        limit: How many at most.
        given: Columns and what they equal; None leaves one open.
        table: What the table is called in `select`, with its dot.
        values: Of further parameters in `select`.
    """
    conditions, bound = matching(given or {}, table=table)
    behind = "" if after is None else f" AND {table}id < :after"
    place: dict[str, Value] = {} if after is None else {"after": after}
    return transaction.rows(
        f"{select}{conditions}{behind} ORDER BY {table}id DESC LIMIT :limit",
        tenant=tenant,
        limit=limit,
        **place,
        **bound,
        **(values or {}),
    )


def matching(given: Mapping[str, Value], *, table: str = "") -> tuple[str, dict[str, Value]]:
    """Further conditions of a WHERE clause, and their values.

    Args:
        given: Columns and what they equal; None leaves one open. Their names are ours.
        table: What the table is called, with its dot.
    """
    bound: dict[str, Value] = {name: value for name, value in given.items() if value is not None}
    return "".join(f" AND {table}{name} = :{name}" for name in bound), bound
