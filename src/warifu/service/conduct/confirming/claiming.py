"""Claiming: a device takes an operation from a screen that it is beside."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec.structs import replace

from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction.encoding import digest
from warifu.authentication.transaction.proximity import check_proximity
from warifu.authentication.transaction.rules import LATE, STATE
from warifu.authentication.transaction.states import Event, State, advance
from warifu.base.codec.text import from_base64url
from warifu.base.errors import Denied, MalformedEvidence
from warifu.base.secret import Secret
from warifu.service.conduct.binding.bindings import bound_device
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.asking import make_bytes, reread
from warifu.service.conduct.confirming.kept import Held, load, seal_transaction
from warifu.service.conduct.confirming.rules import CLAIM, MOVED, TRIES
from warifu.service.conduct.confirming.told import TransactionTold, told
from warifu.service.store import bindings as binding_store
from warifu.service.store import transactions as store

if TYPE_CHECKING:
    from warifu.service.conduct.confirming.asked import ClaimRequest
    from warifu.service.conduct.work import Work


def claim(work: Work, wanted: str, asked: ClaimRequest) -> TransactionTold:
    """Give a transaction to the device that claims it.

    A wrong code spends a try only of whoever has the link: no stranger can spend them.

    Raises:
        Misuse: ``request/known``.
        Denied: ``confirming/claim``, ``transaction/proximity``, ``transaction/late``,
            ``transaction/state``, ``confirming/tries``, ``binding/usable``.
    """
    with work.house.database.read() as transaction:
        held = load(work, transaction, wanted)
        _require_link(held, asked)
        bound = bound_device(work, transaction, user=asked.user, device=asked.device)
    if bound.stored.app != held.kept.asked.app:
        raise Denied(USABLE, "bound for another app")
    if work.now >= held.stored.expires_at:
        raise Denied(LATE, wanted)
    state = advance(held.state, Event.CLAIM)
    _require_code(work, held, asked)
    stored, request = held.stored, held.kept.asked
    data = make_bytes(
        work,
        request,
        name=stored.id,
        device=asked.device,
        at=stored.asked_at,
        until=stored.expires_at,
    )
    kept = replace(held.kept, data=data, secret=None)
    sealed = seal_transaction(work, held.owner, kept, name=stored.id)
    claimed = store.claim_transaction(
        work.tenant,
        stored,
        state=state,
        device=asked.device,
        digest=digest(data),
        sealed=sealed,
        otherwise=STATE,
    )
    after = replace(
        stored, state=state, device=asked.device, digest=digest(data), sealed=sealed, tries=0
    )
    answer = told(work, reread(held, after, kept))
    commit(
        work,
        [
            claimed,
            binding_store.require_active(work.tenant, bound.stored.id, otherwise=MOVED),
        ],
        answer=answer,
        device=asked.device,
        audit=[AuditEntry(action="transaction/claimed", subject=stored.id)],
    )
    return answer


def _require_link(held: Held, asked: ClaimRequest) -> None:
    """Of the user who is asked, by the link that was shown to them. A claim is told apart by it."""
    try:
        token = sha256(from_base64url(asked.claim)).digest()
    except MalformedEvidence as error:
        raise Denied(CLAIM) from error
    expected = held.stored.claim
    if expected is None:
        raise Denied(STATE, held.stored.state)
    if not compare_digest(expected, token) or held.kept.asked.user != asked.user:
        raise Denied(CLAIM, held.stored.id)


def _require_code(work: Work, held: Held, asked: ClaimRequest) -> None:
    secret = Secret(held.kept.secret or b"")
    operation = UUID(held.stored.id).bytes
    try:
        check_proximity(secret, operation, asked.code, work.now)
    except Denied as error:
        spent = store.spend_try(
            work.tenant,
            held.stored,
            most=work.house.settings.confirmation.claim_tries,
            failed=State.FAILED,
            now=work.now,
            otherwise=TRIES,
        )
        entry = AuditEntry(
            action="transaction/try-spent",
            subject=held.stored.id,
            document={"code": error.code},
        )
        # Without the answer: the same request may be sent again, and costs a try again.
        commit(replace(work, once=None), [spent], answer=None, audit=[entry])
        raise
