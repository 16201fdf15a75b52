"""Transactions as they are kept: columns to find and to change them by, and all else sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.authentication.transaction.answer import Reason, Verdict
from warifu.authentication.transaction.confirmation import Display, ProofKind
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.template import Template
from warifu.base.errors import Misuse
from warifu.service.composition import Owner
from warifu.service.conduct.books.leaves import LeafOpening
from warifu.service.conduct.confirming.asked import TransactionRequest
from warifu.service.conduct.confirming.rules import HELD
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import of_row, owner_of
from warifu.service.store import transactions as store
from warifu.service.store.transactions import StoredTransaction

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Lookup, Statement

TRANSACTION, ANSWER = "transaction", "transaction-answer"
"""What is sealed is bound to, beside the tenant and the transaction's id."""
HELD_INDEX, SUM_INDEX = "held", "reserved"
"""Kinds of index under which sums stand: cases of a user, and amounts of a day."""
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
SUMS_COUNT_FOR = timedelta(days=10)
"""Longer than any transaction may be answered and held."""
MANY_CASES = 1 << 31
MAX_LATE_ANSWERS = 20
"""Recorded of one transaction."""
MAX_LATE_RECORDED = MAX_LATE_ANSWERS + 1
"""One place is kept for "this was not me", so that other answers cannot take it."""


class KeptTransaction(Struct, frozen=True, kw_only=True):
    """What is sealed of a transaction."""

    asked: TransactionRequest
    template: Template
    """In force when it was asked."""
    data: bytes | None
    """Its bytes; None until a device claims it."""
    secret: bytes | None = None
    """From which proximity codes are made."""


class Reserved(Struct, frozen=True, kw_only=True):
    """An amount that was added to a sum."""

    bucket: bytes
    amount: int


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """What is sealed of the one outcome."""

    code: str | None = None
    """The rule by which it failed."""
    verdict: Verdict | None = None
    reason: Reason | None = None
    kind: ProofKind | None = None
    display: Display | None = None
    user_verified: bool | None = None
    proof: bytes | None = None
    """As received."""
    key: bytes | None = None
    """SHA-256 of the bound key."""
    binding: str | None = None
    endorsed: str | None = None
    """The endorsed key that answered in place of the bound one."""
    warranted_by: str | None = None
    proved: tuple[str, ...] = ()
    template: bytes | None = None
    """Digest of the template it was held to."""
    reserved: tuple[Reserved, ...] = ()
    case: str | None = None
    suspended: tuple[str, ...] = ()
    end_session: str | None = None
    why: str | None = None
    """Of a cancellation."""
    leaf: str | None = None
    """The id of the ledger's leaf that says so, and of its receipt."""
    apart: LeafOpening | None = None
    """Of a late answer, a cancellation, an expiry: the leaf that says so, which has no receipt."""


class Held(Struct, frozen=True, kw_only=True):
    """A transaction as it was read."""

    owner: Owner
    stored: StoredTransaction
    kept: KeptTransaction
    answer: KeptAnswer | None

    @property
    def state(self) -> State:
        """Where it stands."""
        return State(self.stored.state)


def load(work: Work, lookup: Lookup, wanted: str) -> Held:
    """One transaction, in one statement.

    Raises:
        Misuse: ``request/known``.
        VerifierFault: ``vault/opens``.
    """
    stored, key = store.find_with_key(lookup, work.tenant, wanted)
    if stored is None:
        raise Misuse(KNOWN, "transaction")
    return opened(work, owner_of(work, key), stored)


def opened(work: Work, owner: Owner, stored: StoredTransaction) -> Held:
    """With what was sealed, of this very row.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    vault = work.house.vault
    answer = None
    if stored.answer is not None:
        answer = open_answer(work, owner, stored.answer, name=stored.id)
    sealed_for = of_row(TRANSACTION, stored.id)
    kept = _TRANSACTION.decode(vault.unseal(owner, sealed_for, stored.sealed))
    return Held(owner=owner, stored=stored, kept=kept, answer=answer)


def seal_transaction(work: Work, owner: Owner, kept: KeptTransaction, *, name: str) -> bytes:
    """For the column `sealed` of the transaction of this id."""
    kind = of_row(TRANSACTION, name)
    return work.house.vault.seal(owner, kind, msgspec.msgpack.encode(kept))


def seal_answer(work: Work, owner: Owner, kept: KeptAnswer, *, name: str) -> bytes:
    """For the column `answer` of the transaction of this id, and for its late ones."""
    return work.house.vault.seal(owner, of_row(ANSWER, name), msgspec.msgpack.encode(kept))


def open_answer(work: Work, owner: Owner, sealed: bytes, *, name: str) -> KeptAnswer:
    """The outcome, or a late answer, of the transaction of this id.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    return _ANSWER.decode(work.house.vault.unseal(owner, of_row(ANSWER, name), sealed))


def held_bucket(work: Work, user: str) -> bytes:
    """The sum of a user's open cases: while it is not 0, none of their money moves."""
    return work.house.vault.index(work.tenant, HELD_INDEX, user.encode())


def sum_bucket(work: Work, bucket: bytes) -> bytes:
    """A sum of a day: whoever knows user and payee cannot find its row without our key."""
    return work.house.vault.index(work.tenant, SUM_INDEX, bucket)


def require_free(work: Work, user: str) -> list[Statement]:
    """Nothing of this user is held, and nothing comes to be until the commit."""
    return _cases(work, user, more=0, most=0)


def hold_money(work: Work, user: str) -> list[Statement]:
    """One more case holds the user's money."""
    return _cases(work, user, more=1, most=MANY_CASES)


def _cases(work: Work, user: str, *, more: int, most: int) -> list[Statement]:
    return store.reserve(
        work.tenant,
        held_bucket(work, user),
        amount=more,
        ceiling=most,
        expires_at=FOR_EVER,
        otherwise=HELD,
    )


_TRANSACTION = msgspec.msgpack.Decoder(KeptTransaction)
_ANSWER = msgspec.msgpack.Decoder(KeptAnswer)
