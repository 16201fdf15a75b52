"""Bindings: which device may act for a user, and who suspends, resumes and revokes it.

Every change is one conditional statement, with its audit row and its leaf of the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.authentication.binding.devices import appoint_primary
from warifu.authentication.binding.rules import DEVICES, USABLE
from warifu.authentication.binding.states import (
    Actor,
    Binding,
    BindingState,
    Hold,
    lift,
    revoke,
    suspend,
)
from warifu.authentication.ledger.leaf import LeafKind
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.codec.text import to_base64url
from warifu.base.errors import Denied, Misuse
from warifu.service.conduct.binding.keeping import BoundDevice, changed, read_binding
from warifu.service.conduct.binding.ledger import leaf_of
from warifu.service.conduct.binding.rules import MOVED
from warifu.service.conduct.books.leaves import write_leaf
from warifu.service.conduct.bound import Change, seal_binding
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import tenant_owner, user_index_of
from warifu.service.store import bindings as store
from warifu.service.store.endorsed_keys import revoke_all
from warifu.service.store.transactions import reserve

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Lookup, Statement, Transaction

DEVICES_OF = "devices-of"
"""The kind of index under which a user's devices are counted."""
NEVER_FORGOTTEN = datetime(9999, 1, 1, tzinfo=UTC)
NO_LIMIT = 1 << 31

ReasonText = Annotated[str, Meta(min_length=1, max_length=500)]


class WhoAsks(StrEnum):
    """Who wants a change; what rules of ours want, no caller can say."""

    USER = "user"
    """The customer, authenticated, on another device or another channel."""
    CLERK = "clerk"
    """A person of the bank."""


class HoldAsked(StrEnum):
    """Why a binding is suspended on request."""

    LOST = "lost"
    BANK = "bank"


class ChangeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants it, and why."""

    by: WhoAsks
    reason: ReasonText
    """For the bank's own books. It is sealed, and in the ledger as a commitment only."""


class SuspendRequest(ChangeRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is suspended."""

    hold: HoldAsked = HoldAsked.LOST


class ResumeRequest(ChangeRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of its holds is settled; it is active again after the last."""

    hold: Hold = Hold.LOST


class BindingSeen(Struct, frozen=True, kw_only=True):
    """A binding."""

    id: str
    user: str
    device: str
    app: str
    """The id of the app registration."""
    kind: ProofKind
    state: BindingState
    holds: tuple[Hold, ...]
    primary: bool
    key: str
    """SHA-256 of the bound key's SubjectPublicKeyInfo, base64url."""
    evidence: str | None
    """The evidence that proved the key."""
    bound_at: datetime
    changed_at: datetime
    changes: tuple[Change, ...]


class BindingFilter(Struct, frozen=True, kw_only=True):
    """Which bindings to list."""

    user: str | None = None
    device: str | None = None


class Planned(Struct, frozen=True, kw_only=True):
    """A change of a binding, not yet written."""

    after: BoundDevice
    statements: tuple[Statement, ...]
    audit: AuditEntry


def see_binding(work: Work, binding: str) -> BindingSeen:
    """One binding.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        return seen(load_binding(work, transaction, binding))


def list_bindings(
    work: Work, wanted: BindingFilter, *, after: str | None, limit: int
) -> list[BindingSeen]:
    """Bindings, newest first; one more than `limit` where there are more."""
    user_index = None if wanted.user is None else user_index_of(work, wanted.user)
    with work.house.database.read() as transaction:
        owner = tenant_owner(work, transaction)
        found = store.bindings_page(
            transaction,
            work.tenant,
            user_index=user_index,
            device=wanted.device,
            after=after,
            limit=limit + 1,
        )
    return [seen(read_binding(work, owner, stored)) for stored in found]


def bound_device(
    work: Work,
    transaction: Transaction,
    *,
    user: str,
    device: str,
    kinds: frozenset[ProofKind] | None = None,
) -> BoundDevice:
    """The active binding by which a device may act for a user; the newest where it has several.

    Whatever is written on the word of it names it in the commit: `store.bindings.require_active`.

    Args:
        work: The request.
        transaction: Where to read.
        user: The bank's name of the user.
        device: The device's id.
        kinds: Of keys that will do; all where None.

    Raises:
        Denied: ``binding/usable``, whatever of it is wrong.
    """
    owner = tenant_owner(work, transaction)
    index = user_index_of(work, user)
    found = store.bindings_of(transaction, work.tenant, user_index=index)
    for stored in reversed(found):
        is_wanted = stored.device == device and (kinds is None or stored.kind in kinds)
        if is_wanted and stored.state == BindingState.ACTIVE:
            return read_binding(work, owner, stored)
    raise Denied(USABLE, device)


def bindings_of(work: Work, transaction: Transaction, user: str) -> list[BoundDevice]:
    """All bindings of a user, oldest first."""
    owner = tenant_owner(work, transaction)
    found = store.bindings_of(transaction, work.tenant, user_index=user_index_of(work, user))
    return [read_binding(work, owner, stored) for stored in found]


def load_binding(work: Work, lookup: Lookup, binding: str) -> BoundDevice:
    """One binding.

    Raises:
        Misuse: ``request/known``.
    """
    stored = store.find_binding(lookup, work.tenant, binding)
    if stored is None:
        raise Misuse(KNOWN, "binding")
    return read_binding(work, tenant_owner(work, lookup), stored)


def suspend_binding(work: Work, binding: str, asked: SuspendRequest) -> BindingSeen:
    """Let a device act no longer, until its hold is lifted.

    Raises:
        Misuse: ``request/known``.
        Denied: ``binding/actor``, ``binding/move``, ``binding/moved``.
    """
    return _change(
        work,
        binding,
        lambda bound: plan_suspension(
            work, bound, Hold(asked.hold), by=Actor(asked.by), reason=asked.reason
        ),
    )


def resume_binding(work: Work, binding: str, asked: ResumeRequest) -> BindingSeen:
    """Lift one hold.

    Raises:
        Misuse: ``request/known``.
        Denied: ``binding/actor``, ``binding/move``, ``binding/moved``.
    """

    def plan(bound: BoundDevice) -> Planned:
        after = lift(bound.ceremony, asked.hold, by=Actor(asked.by), at=work.now)
        change = _stated(work, "resumed", asked, hold=asked.hold)
        return _planned(work, bound, after, change, kind=LeafKind.RESUMPTION)

    return _change(work, binding, plan)


def revoke_binding(work: Work, binding: str, asked: ChangeRequest) -> BindingSeen:
    """End a binding for good; its place is free for another device.

    Raises:
        Misuse: ``request/known``.
        Denied: ``binding/move`` where it has ended, ``binding/moved``.
    """

    def plan(bound: BoundDevice) -> Planned:
        after = revoke(bound.ceremony, by=Actor(asked.by), at=work.now)
        change = _stated(work, "revoked", asked)
        planned = _planned(work, bound, after, change, kind=LeafKind.REVOCATION)
        statements = (
            *one_at_a_time(work, bound.ceremony.user),
            *planned.statements,
            # Keys before their tokens, as whoever ends one key takes them.
            revoke_all(work.tenant, binding, now=work.now),
            *store.forget_sessions(work.tenant, bound.stored),
            count_devices(work, bound.ceremony.user, most=NO_LIMIT),
        )
        return Planned(after=planned.after, statements=statements, audit=planned.audit)

    return _change(work, binding, plan)


def make_primary(work: Work, binding: str, asked: ChangeRequest) -> BindingSeen:
    """Make this one the primary binding of its user, in place of whatever was.

    Raises:
        Misuse: ``request/known``.
        Denied: ``binding/usable``, ``binding/cooling-off``, ``binding/moved``.
    """
    with work.house.database.read() as transaction:
        bound = load_binding(work, transaction, binding)
        all_of_user = bindings_of(work, transaction, bound.ceremony.user)
    if bound.stored.state != BindingState.ACTIVE:
        raise Denied(USABLE, bound.stored.state)
    least = timedelta(seconds=work.house.settings.binding.primary_after_seconds)
    appoint_primary(
        [each.ceremony for each in all_of_user],
        device=bound.stored.device,
        by=Actor(asked.by),
        now=work.now,
        least=least,
    )
    stored = replace(
        bound.stored, primary=True, revision=bound.stored.revision + 1, changed_at=work.now
    )
    after = BoundDevice(owner=bound.owner, stored=stored, kept=bound.kept)
    answer = seen(after)
    commit(
        work,
        [
            *one_at_a_time(work, bound.ceremony.user),
            *store.make_primary(work.tenant, bound.stored, now=work.now, otherwise=MOVED),
        ],
        answer=answer,
        audit=[
            AuditEntry(action="binding/made-primary", subject=binding, document={"by": asked.by})
        ],
        status=200,
        device=stored.device,
    )
    return answer


def plan_suspension(
    work: Work, bound: BoundDevice, hold: Hold, *, by: Actor, reason: str
) -> Planned:
    """A suspension, for whoever commits it with what made it necessary.

    Args:
        work: The request.
        bound: The binding, as read.
        hold: Why.
        by: Who wants it; rules of ours are `Actor.SERVICE`.
        reason: For the bank's own books.

    Raises:
        Denied: ``binding/actor``, ``binding/move``.
    """
    after = suspend(bound.ceremony, hold, by=by, at=work.now)
    change = Change(
        at=work.now, what="suspended", by=by, caller=work.caller.id, reason=reason, hold=hold
    )
    return _planned(work, bound, after, change, kind=LeafKind.SUSPENSION)


def seen(bound: BoundDevice) -> BindingSeen:
    """A binding as it is told."""
    stored, kept, binding = bound.stored, bound.kept, bound.ceremony
    return BindingSeen(
        id=stored.id,
        user=binding.user,
        device=stored.device,
        app=stored.app,
        kind=binding.key.kind,
        state=binding.state,
        holds=tuple(sorted(binding.holds)),
        primary=stored.primary,
        key=to_base64url(sha256(binding.key.public_key).digest()),
        evidence=kept.evidence,
        bound_at=stored.bound_at,
        changed_at=stored.changed_at,
        changes=kept.changes,
    )


def one_at_a_time(work: Work, user: str) -> list[Statement]:
    """What counts or orders a user's devices goes on after the other that does."""
    return reserve(
        work.tenant,
        _bucket(work, user),
        amount=0,
        ceiling=NO_LIMIT,
        expires_at=NEVER_FORGOTTEN,
        otherwise=MOVED,
    )


def count_devices(work: Work, user: str, *, most: int) -> Statement:
    """How many devices the user has now; see `store.bindings.count_devices`."""
    return store.count_devices(
        work.tenant,
        _bucket(work, user),
        user_index=user_index_of(work, user),
        most=most,
        otherwise=DEVICES,
    )


def _change(work: Work, binding: str, plan: Callable[[BoundDevice], Planned]) -> BindingSeen:
    bound = load_binding(work, work.house.database, binding)
    planned = plan(bound)
    answer = seen(planned.after)
    commit(
        work,
        planned.statements,
        answer=answer,
        audit=[planned.audit],
        status=200,
        device=bound.stored.device,
    )
    return answer


def _planned(
    work: Work, bound: BoundDevice, after: Binding, change: Change, *, kind: LeafKind
) -> Planned:
    kept = changed(bound.kept, after, change)
    sealed = seal_binding(work, bound.owner, kept)
    moved = store.move_binding(
        work.tenant,
        bound.stored,
        state=after.state,
        now=work.now,
        sealed=sealed,
        otherwise=MOVED,
    )
    stored = replace(
        bound.stored,
        state=after.state,
        primary=bound.stored.primary and after.state is BindingState.ACTIVE,
        revision=bound.stored.revision + 1,
        changed_at=work.now,
        sealed=sealed,
    )
    leaf = leaf_of(work, kind, after, reason=change.reason.encode())
    return Planned(
        after=BoundDevice(owner=bound.owner, stored=stored, kept=kept),
        statements=(moved, write_leaf(work, leaf, subject=stored.id)),
        audit=AuditEntry(
            action=f"binding/{change.what}",
            subject=stored.id,
            document={"by": change.by, "hold": change.hold, "state": after.state},
        ),
    )


def _stated(work: Work, what: str, asked: ChangeRequest, *, hold: Hold | None = None) -> Change:
    return Change(
        at=work.now,
        what=what,
        by=Actor(asked.by),
        caller=work.caller.id,
        reason=asked.reason,
        hold=hold,
    )


def _bucket(work: Work, user: str) -> bytes:
    return work.house.vault.index(work.tenant, DEVICES_OF, user.encode())
