"""The log: leaves, places, nodes of the tree, heads, and whose turn it is to extend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from datetime import datetime


def insert_leaf(tenant: str, leaf_id: str, *, subject: str, leaf: bytes, at: datetime) -> Statement:
    """A leaf that waits for its place."""
    return Statement(
        sql="INSERT INTO ledger_leaves (tenant, id, subject, leaf, at)"
        " VALUES (:tenant, :id, :subject, :leaf, :at)",
        values={
            "tenant": tenant,
            "id": leaf_id,
            "subject": subject,
            "leaf": leaf,
            "at": micros(at),
        },
    )
