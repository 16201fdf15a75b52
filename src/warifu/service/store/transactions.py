"""Transactions to be confirmed: one outcome each, limits reserved with it, handed off once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, Value, micros, moment
from warifu.service.store.ledger import insert_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Transaction


class StoredTransaction(Struct, frozen=True, kw_only=True):
    """A transaction as it is stored."""

    id: str
    user_index: bytes
    device: str | None
    kind: str
    state: str
    revision: int
    digest: bytes | None
    """Of its bytes; None until it is claimed by a device."""
    created_by: str | None
    """The binding or session on which the bank says that it was created."""
    claim: bytes | None
    """SHA-256 of what the code to claim it holds."""
    tries: int
    asked_at: datetime
    expires_at: datetime
    hold_until: datetime | None = None
    answered_at: datetime | None = None
    decision: str | None = None
    next_hand_off: datetime | None = None
    hand_offs: int = 0
    settled_at: datetime | None = None
    reference: str | None = None
    """Core banking's name for it."""
    sealed: bytes
    """What was asked, and its bytes."""
    answer: bytes | None = None
    """Sealed: the proof as it was received, and what came of it."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What a transaction comes to."""

    state: str
    answered_at: datetime
    answer: bytes
    decision: str | None = None
    hold_until: datetime | None = None
    next_hand_off: datetime | None = None


class LateAnswer(Struct, frozen=True, kw_only=True):
    """An answer that came when there was an outcome already, or no time left."""

    id: str
    transaction: str
    at: datetime
    code: str
    sealed: bytes
    leaf: bytes
    """Of the ledger, under the same id."""


def insert_transaction(tenant: str, asked: StoredTransaction) -> Statement:
    """One that nobody has answered yet."""
    return Statement(
        sql="INSERT INTO transactions (tenant, id, user_index, device, kind, state, revision,"
        " digest, created_by, claim, tries, asked_at, expires_at, hand_offs, sealed)"
        " VALUES (:tenant, :id, :user, :device, :kind, :state, :revision,"
        " :digest, :created_by, :claim, :tries, :asked_at, :expires_at, 0, :sealed)",
        values={
            "tenant": tenant,
            "id": asked.id,
            "user": asked.user_index,
            "device": asked.device,
            "kind": asked.kind,
            "state": asked.state,
            "revision": asked.revision,
            "digest": asked.digest,
            "created_by": asked.created_by,
            "claim": asked.claim,
            "tries": asked.tries,
            "asked_at": micros(asked.asked_at),
            "expires_at": micros(asked.expires_at),
            "sealed": asked.sealed,
        },
    )


def find_transaction(
    transaction: Transaction, tenant: str, wanted: str
) -> StoredTransaction | None:
    """One, or None."""
    row = transaction.row(f"{_SELECT} AND id = :id", tenant=tenant, id=wanted)
    return None if row is None else transaction_of(row)


def find_with_key(
    lookup: Lookup, tenant: str, wanted: str
) -> tuple[StoredTransaction | None, bytes | None]:
    """One, and the tenant's wrapped key to open it with; in one statement."""
    row = lookup.row(_WITH_KEY, tenant=tenant, id=wanted)
    if row is None:
        return None, None
    key, *found = row
    return (None if found[0] is None else transaction_of(tuple(found))), _bytes(key)


def find_claimable(transaction: Transaction, tenant: str, claim: bytes) -> StoredTransaction | None:
    """The one that a code claims, or None."""
    row = transaction.row(f"{_SELECT} AND claim = :claim", tenant=tenant, claim=claim)
    return None if row is None else transaction_of(row)


def transactions_of(
    transaction: Transaction,
    tenant: str,
    *,
    user_index: bytes | None,
    device: str | None,
    state: str | None,
    after: str | None,
    limit: int,
) -> list[StoredTransaction]:
    """Newest first, from behind `after`."""
    wanted: dict[str, Value] = {"user_index": user_index, "device": device, "state": state}
    bound = {name: value for name, value in wanted.items() if value is not None}
    where = "".join(f" AND {name} = :{name}" for name in bound)
    if after is not None:
        where += " AND id < :after"
        bound["after"] = after
    rows = transaction.rows(
        f"{_SELECT}{where} ORDER BY id DESC LIMIT :limit", tenant=tenant, limit=limit, **bound
    )
    return [transaction_of(row) for row in rows]


def claim_transaction(
    tenant: str,
    before: StoredTransaction,
    *,
    state: str,
    device: str,
    digest: bytes,
    sealed: bytes,
    otherwise: Rule,
) -> Statement:
    """Give it to a device, once. Wrong codes until then are no wrong answers, and forgotten."""
    return Statement(
        sql="UPDATE transactions SET state = :after, device = :device, digest = :digest,"
        " sealed = :sealed, claim = NULL, tries = 0, revision = revision + 1"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND revision = :revision",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "after": state,
            "revision": before.revision,
            "device": device,
            "digest": digest,
            "sealed": sealed,
        },
        otherwise=otherwise,
    )


def conclude(
    tenant: str, before: StoredTransaction, outcome: Outcome, *, otherwise: Rule
) -> Statement:
    """The one outcome, unless somebody was faster or its time is over."""
    return Statement(
        sql="UPDATE transactions SET state = :after, answered_at = :at, answer = :answer,"
        " decision = :decision, hold_until = :hold_until, next_hand_off = :next_hand_off,"
        " claim = NULL, revision = revision + 1"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND answered_at IS NULL",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "after": outcome.state,
            "at": micros(outcome.answered_at),
            "answer": outcome.answer,
            "decision": outcome.decision,
            "hold_until": _micros(outcome.hold_until),
            "next_hand_off": _micros(outcome.next_hand_off),
        },
        otherwise=otherwise,
    )


def overturn(
    tenant: str, before: StoredTransaction, outcome: Outcome, *, otherwise: Rule
) -> Statement:
    """Another outcome for what was approved and has not been handed off."""
    return Statement(
        sql="UPDATE transactions SET state = :after, answered_at = :at, answer = :answer,"
        " next_hand_off = NULL, revision = revision + 1"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND revision = :revision",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "revision": before.revision,
            "after": outcome.state,
            "at": micros(outcome.answered_at),
            "answer": outcome.answer,
        },
        otherwise=otherwise,
    )


def move_transaction(
    tenant: str,
    before: StoredTransaction,
    *,
    state: str,
    next_hand_off: datetime | None = None,
    settled_at: datetime | None = None,
    reference: str | None = None,
    tried: bool = False,
    otherwise: Rule | None,
) -> Statement:
    """To another state, unless it moved meanwhile; a reference must be of no other one."""
    return Statement(
        sql="UPDATE transactions SET state = :after, next_hand_off = :next_hand_off,"
        " settled_at = COALESCE(:settled_at, settled_at), hand_offs = hand_offs + :tried,"
        " reference = COALESCE(:reference, reference), revision = revision + 1"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND revision = :revision"
        " AND NOT EXISTS (SELECT 1 FROM transactions AS other WHERE other.tenant = :tenant"
        " AND other.reference = :reference AND other.id <> :id)",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "after": state,
            "revision": before.revision,
            "next_hand_off": _micros(next_hand_off),
            "settled_at": _micros(settled_at),
            "reference": reference,
            "tried": int(tried),
        },
        otherwise=otherwise,
    )


def spend_try(
    tenant: str,
    before: StoredTransaction,
    *,
    most: int,
    failed: str,
    now: datetime,
    otherwise: Rule,
) -> Statement:
    """One more that was wrong; with the last one the transaction comes to its outcome, `failed`."""
    return Statement(
        sql="UPDATE transactions SET tries = tries + 1, revision = revision + 1,"
        " state = CASE WHEN tries + 1 >= :most THEN :failed ELSE state END,"
        " answered_at = CASE WHEN tries + 1 >= :most THEN :now ELSE answered_at END,"
        " claim = CASE WHEN tries + 1 >= :most THEN NULL ELSE claim END"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND tries < :most",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "most": most,
            "failed": failed,
            "now": micros(now),
        },
        otherwise=otherwise,
    )


def insert_late_answer(tenant: str, late: LateAnswer, *, most: int) -> list[Statement]:
    """Recorded with its leaf, and refused; not one more than `most` of one transaction."""
    recorded = Statement(
        sql="INSERT INTO late_answers (tenant, id, transaction_id, at, code, sealed)"
        " SELECT :tenant, :id, :transaction, :at, :code, :sealed WHERE (SELECT COUNT(*)"
        " FROM late_answers WHERE tenant = :tenant AND transaction_id = :transaction) < :most",
        values={
            "tenant": tenant,
            "id": late.id,
            "transaction": late.transaction,
            "at": micros(late.at),
            "code": late.code,
            "sealed": late.sealed,
            "most": most,
        },
    )
    plain = insert_leaf(tenant, late.id, subject=late.transaction, leaf=late.leaf, at=late.at)
    leaf = Statement(
        sql="INSERT INTO ledger_leaves (tenant, id, subject, leaf, at)"
        " SELECT :tenant, :id, :subject, :leaf, :at WHERE EXISTS"
        " (SELECT 1 FROM late_answers WHERE tenant = :tenant AND id = :id)",
        values=plain.values,
    )
    return [recorded, leaf]


def late_answers_of(
    lookup: Lookup, tenant: str, wanted: str, *, limit: int
) -> list[tuple[datetime, str, bytes]]:
    """Time, code and what is sealed of the answers that came too late, oldest first."""
    rows = lookup.rows(
        "SELECT at, code, sealed FROM late_answers"
        " WHERE tenant = :tenant AND transaction_id = :id ORDER BY id LIMIT :limit",
        tenant=tenant,
        id=wanted,
        limit=limit,
    )
    return [(moment(row[0]), row[1], bytes(row[2])) for row in rows]


def reserve(
    tenant: str,
    bucket: bytes,
    *,
    amount: int,
    ceiling: int,
    expires_at: datetime,
    otherwise: Rule,
) -> list[Statement]:
    """Add to a sum that must not exceed its ceiling, whoever adds at the same moment.

    The row is changed by all who add, so that each waits for the one before. With an amount of 0
    it demands, until the commit, that the sum is at most `ceiling`.

    Args:
        tenant: Whose.
        bucket: What is summed: a keyed hash over user, day or payee.
        amount: To be added, in minor units.
        ceiling: What the sum may be at most.
        expires_at: When nobody asks for this sum any longer.
        otherwise: The rule that one more would break.
    """
    added = Statement(
        sql="INSERT INTO reserved (tenant, bucket, total, expires_at)"
        " SELECT :tenant, :bucket, :amount, :expires_at WHERE :amount <= :ceiling"
        " ON CONFLICT (tenant, bucket) DO UPDATE SET total = reserved.total + :amount"
        " WHERE reserved.total <= :ceiling - :amount",
        values={
            "tenant": tenant,
            "bucket": bucket,
            "amount": amount,
            "ceiling": ceiling,
            "expires_at": micros(expires_at),
        },
        otherwise=otherwise,
    )
    return [added]


def reserved_total(transaction: Lookup, tenant: str, bucket: bytes) -> int:
    """What is reserved already."""
    row = transaction.row(
        "SELECT total FROM reserved WHERE tenant = :tenant AND bucket = :bucket",
        tenant=tenant,
        bucket=bucket,
    )
    return 0 if row is None else int(row[0])


def release(tenant: str, bucket: bytes, *, amount: int) -> Statement:
    """Give back what was reserved for a transaction that was stopped before its hand-off."""
    return Statement(
        sql="UPDATE reserved SET total = total - :amount"
        " WHERE tenant = :tenant AND bucket = :bucket AND total >= :amount",
        values={"tenant": tenant, "bucket": bucket, "amount": amount},
    )


def to_hand_off(
    transaction: Transaction, tenant: str, *, now: datetime, limit: int
) -> list[StoredTransaction]:
    """Those whose hand-off is due, longest due first; of nobody whose money is held."""
    rows = transaction.rows(
        f"{_SELECT}{_NOT_HELD} AND next_hand_off IS NOT NULL AND next_hand_off <= :now"
        " ORDER BY next_hand_off LIMIT :limit",
        tenant=tenant,
        now=micros(now),
        limit=limit,
    )
    return [transaction_of(row) for row in rows]


def settled_between(
    transaction: Transaction, tenant: str, *, since: datetime, until: datetime, size: int
) -> Iterator[str]:
    """Ids of all that were acknowledged in a span of time, oldest first, read `size` at a time."""
    for batch in transaction.batches(
        "SELECT id FROM transactions WHERE tenant = :tenant"
        " AND settled_at >= :since AND settled_at < :until ORDER BY settled_at, id",
        size=size,
        tenant=tenant,
        since=micros(since),
        until=micros(until),
    ):
        yield from (row[0] for row in batch)


_NOT_HELD = (
    " AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.tenant = :tenant"
    " AND cases.user_index = transactions.user_index AND cases.state = 'open')"
)
COLUMNS = (
    *("id", "user_index", "device", "kind", "state", "revision", "digest", "created_by", "claim"),
    *("tries", "asked_at", "expires_at", "hold_until", "answered_at", "decision"),
    *("next_hand_off", "hand_offs", "settled_at", "reference", "sealed", "answer"),
)
"""As `transaction_of` takes them."""
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM transactions WHERE tenant = :tenant"  # noqa: S608
_WITH_KEY = (
    f"SELECT t.data_key, {', '.join(f'x.{name}' for name in COLUMNS)} FROM tenants t"  # noqa: S608
    " LEFT JOIN transactions x ON x.tenant = t.tenant AND x.id = :id WHERE t.tenant = :tenant"
)


def transaction_of(row: Row) -> StoredTransaction:
    """From the values of `COLUMNS`."""
    return StoredTransaction(
        id=row[0],
        user_index=bytes(row[1]),
        device=row[2],
        kind=row[3],
        state=row[4],
        revision=row[5],
        digest=_bytes(row[6]),
        created_by=row[7],
        claim=_bytes(row[8]),
        tries=row[9],
        asked_at=moment(row[10]),
        expires_at=moment(row[11]),
        hold_until=_moment(row[12]),
        answered_at=_moment(row[13]),
        decision=row[14],
        next_hand_off=_moment(row[15]),
        hand_offs=row[16],
        settled_at=_moment(row[17]),
        reference=row[18],
        sealed=bytes(row[19]),
        answer=_bytes(row[20]),
    )


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _moment(stored: int | None) -> datetime | None:
    return None if stored is None else moment(stored)


def _bytes(stored: bytes | None) -> bytes | None:
    return None if stored is None else bytes(stored)
