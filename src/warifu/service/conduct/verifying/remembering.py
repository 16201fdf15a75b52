"""What was verified of a user before, as decisions read it.

It counts for a time, for a class of operations, and on the same device only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.user.standing import (
    OperationClass,
    Remembered,
    StandingTerms,
    UserStanding,
    class_of,
    user_standing,
)
from warifu.authentication.user.standing import remember as remembered_of
from warifu.authentication.user.verified import Assurance, UserVerified
from warifu.authentication.user.verified import Method as Verified
from warifu.risk.decision.rules import Method
from warifu.service.conduct.decisions.deciding import UserKnown
from warifu.service.store.calls import (
    StoredVerification,
    remember_verification,
    verifications_on,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement, Transaction


class VerificationAnswer(Struct, frozen=True, kw_only=True):
    """A user was verified."""

    device: str
    method: Verified
    assurance: Assurance
    """Whose word it is."""
    operation_class: OperationClass
    """What it was made for."""
    at: datetime
    until: datetime
    """How long it counts for the operation it was made for."""


def user_facts(
    work: Work, transaction: Transaction, *, user_index: bytes, device: str, operation: str
) -> UserKnown:
    """What decisions take as ``bank.user``: what was verified of this user on this device.

    Whether a transaction was confirmed is not known here.

    Args:
        work: The request.
        transaction: Where to read.
        user_index: The user, see `warifu.service.conduct.sealing.user_index_of`.
        device: On which nothing else counts.
        operation: What it is for, by the name that rule sets use.
    """
    found = verifications_on(transaction, work.tenant, user_index=user_index, device=device)
    return facts_from(work, found, user_index=user_index, device=device, operation=operation)


def facts_from(
    work: Work,
    found: Sequence[StoredVerification],
    *,
    user_index: bytes,
    device: str,
    operation: str,
) -> UserKnown:
    """The same from what `verifications_on` gave."""
    known = _standing(work, found, user_index=user_index, device=device, operation=operation)
    return UserKnown(
        verified=known.verified,
        verified_seconds=known.verified_seconds,
        methods=tuple(Method(each) for each in known.methods),
    )


def standing_of(
    work: Work, transaction: Transaction, *, user_index: bytes, device: str, operation: str
) -> UserStanding:
    """The same by the names of the pure room; arguments as for `user_facts`."""
    found = verifications_on(transaction, work.tenant, user_index=user_index, device=device)
    return _standing(work, found, user_index=user_index, device=device, operation=operation)


def _standing(
    work: Work,
    found: Sequence[StoredVerification],
    *,
    user_index: bytes,
    device: str,
    operation: str,
) -> UserStanding:
    # Rows are found by the user's index: it stands for the user on both sides of the comparison.
    user = user_index.hex()
    return user_standing(
        [
            Remembered(
                user=user,
                device=device,
                methods=(each.method,),
                at=each.at,
                operation_class=OperationClass(each.operation_class),
            )
            for each in found
        ],
        user=user,
        device=device,
        operation=operation,
        now=work.now,
        terms=standing_terms(work),
    )


def remember(work: Work, verified: UserVerified, *, user_index: bytes, operation: str) -> Statement:
    """To be written with whatever rests on a verification."""
    made = remembered_of(verified, operation)
    return remember_verification(
        work.tenant,
        StoredVerification(
            user_index=user_index,
            device=made.device,
            operation_class=made.operation_class.value,
            method=verified.method.value,
            at=made.at,
        ),
    )


def tell(work: Work, verified: UserVerified, *, operation: str) -> VerificationAnswer:
    """As it is answered."""
    made_for = class_of(operation)
    return VerificationAnswer(
        device=verified.device,
        method=verified.method,
        assurance=verified.assurance,
        operation_class=made_for,
        at=verified.at,
        until=verified.at + standing_terms(work).lives[made_for],
    )


def standing_terms(work: Work) -> StandingTerms:
    """How long verifications count, as the operator has set it."""
    settings = work.house.settings.verification
    return StandingTerms(
        lives={
            OperationClass.READ: timedelta(seconds=settings.read_seconds),
            OperationClass.MOVE: timedelta(seconds=settings.move_seconds),
            OperationClass.CHANGE: timedelta(seconds=settings.change_seconds),
        }
    )
