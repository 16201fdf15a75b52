"""Decisions: the account of each, and what happened before."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from warifu.service.store.database import Statement, micros
from warifu.service.store.pages import newest_first

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Row, Transaction


class DecisionFilter(Struct, frozen=True, kw_only=True):
    """Which decisions; None leaves it open."""

    app: str | None = None
    device: str | None = None
    operation: str | None = None
    outcome: str | None = None


class DecisionRow(Struct, frozen=True, kw_only=True):
    """A decision as it is stored."""

    id: str
    app: str
    device: str | None
    device_key: str | None
    user_index: bytes | None
    """Blind index of the bank's name of the user."""
    operation: str
    outcome: str
    amount: int | None
    outage: int
    """1 where it was made in an outage."""
    appraisal: str | None
    rule_set: str | None
    """Digest; None where no rule set was active."""
    decided_at: datetime
    document: bytes


def insert_decision(tenant: str, row: DecisionRow) -> Statement:
    """A decision as it was made."""
    return Statement(
        sql="INSERT INTO decisions (tenant, id, app, device, device_key, user_index, operation,"
        " outcome, amount, outage, appraisal, rule_set, decided_at, document) VALUES (:tenant,"
        " :id, :app, :device, :device_key, :user_index, :operation, :outcome, :amount, :outage,"
        " :appraisal, :rule_set, :decided_at, :document)",
        values={**asdict(row), "tenant": tenant, "decided_at": micros(row.decided_at)},
    )


def insert_decision_under(
    tenant: str, row: DecisionRow, *, governance: int, registration: int, otherwise: Rule
) -> Statement:
    """A decision, where what it was made by still stands.

    Args:
        tenant: Whose.
        row: The decision.
        governance: The revision of governance that it was made by.
        registration: The revision of the app's registration.
        otherwise: The rule broken where either was changed meanwhile.
    """
    made = insert_decision(tenant, row)
    return Statement(
        sql="INSERT INTO decisions (tenant, id, app, device, device_key, user_index, operation,"
        " outcome, amount, outage, appraisal, rule_set, decided_at, document) SELECT :tenant,"
        " :id, :app, :device, :device_key, :user_index, :operation, :outcome, :amount, :outage,"
        " :appraisal, :rule_set, :decided_at, :document FROM governance g"
        " JOIN apps a ON a.tenant = g.tenant AND a.id = :app AND a.revision = :registration"
        " WHERE g.tenant = :tenant AND g.revision = :governance",
        values={**made.values, "governance": governance, "registration": registration},
        otherwise=otherwise,
    )


def read_decision(transaction: Transaction, tenant: str, decision: str) -> Row | None:
    """The document, or None."""
    return transaction.row(
        "SELECT document FROM decisions WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=decision,
    )


def list_decisions(
    transaction: Transaction,
    tenant: str,
    *,
    wanted: DecisionFilter,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Documents, newest first, from before `after`."""
    given = {"app": wanted.app, "device": wanted.device}
    given |= {"operation": wanted.operation, "outcome": wanted.outcome}
    return newest_first(
        transaction,
        "SELECT document FROM decisions WHERE tenant = :tenant",
        tenant=tenant,
        given=given,
        after=after,
        limit=limit,
    )
