"""Appraisal policies of an app, by operation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.service.conduct.registrations.app_changes import Candidate, in_force, settle
from warifu.service.conduct.registrations.app_wire import AppAnswer, PolicyInForce, ProposalAnswer
from warifu.service.conduct.registrations.registration import (
    RegisteredApp,
    digest_of,
    load_app,
    read_policy_file,
    shipped_policy,
)
from warifu.service.store import policies as store
from warifu.service.store.database import moment

if TYPE_CHECKING:
    from warifu.risk.decision.facts import Operation
    from warifu.service.conduct.work import Work


class PolicyAnswer(Struct, frozen=True, kw_only=True):
    """The policy of one operation, with its file."""

    policy: PolicyInForce
    text: str
    """The file, TOML."""
    stored_at: datetime | None
    """None for a shipped profile."""
    stored_by: str | None


def read_policy(work: Work, app: str, operation: Operation) -> PolicyAnswer:
    """What an operation is appraised by.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        stands = load_app(work.house, transaction, work.tenant, app)
        digest = stands.registration.policies.get(operation)
        row = store.read_policy(transaction, work.tenant, digest) if digest else None
    source = shipped_policy(stands.registration, operation) if row is None else row[1]
    return PolicyAnswer(
        policy=in_force(stands.registration, operation, stands.policy(operation)),
        text=source.decode(),
        stored_at=moment(row[2]) if row else None,
        stored_by=row[3] if row else None,
    )


def put_policy(
    work: Work, app: str, operation: Operation, source: bytes
) -> AppAnswer | ProposalAnswer:
    """Give an operation a policy: at once, or as a proposal where it is milder.

    Args:
        work: The request.
        app: Which app.
        operation: Of which operation.
        source: TOML in UTF-8. What it does not state is the profile's, the registration's, or the
            strict default.

    Raises:
        Misuse: ``request/known``, or what is wrong with the file.
        Denied: ``request/unchanged``.
    """

    def change(stands: RegisteredApp) -> Candidate:
        read_policy_file(source, stands.registration)
        policies = {**stands.registration.policies, operation: digest_of(source)}
        return Candidate(
            subject=operation,
            registration=msgspec.structs.replace(stands.registration, policies=policies),
            source=source,
        )

    return settle(work, app, change)


def drop_policy(work: Work, app: str, operation: Operation) -> AppAnswer | ProposalAnswer:
    """Give an operation the shipped profile again: at once, or as a proposal where it is milder.

    Raises:
        Misuse: ``request/known``.
        Denied: ``request/unchanged``.
    """

    def change(stands: RegisteredApp) -> Candidate:
        policies = {
            each: digest
            for each, digest in stands.registration.policies.items()
            if each is not operation
        }
        return Candidate(
            subject=operation,
            registration=msgspec.structs.replace(stands.registration, policies=policies),
        )

    return settle(work, app, change)
