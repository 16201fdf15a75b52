"""Moving what a tenant decides by: commands, approvals, stops and exemptions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.base.errors import Denied, VerifierFault
from warifu.risk.decision.exemption import Exemption, Subject
from warifu.risk.decision.facts import Operation
from warifu.risk.decision.life_cycle import (
    APPROVERS,
    Action,
    Approval,
    Command,
    Draft,
    EndExemption,
    Exempt,
    Governance,
    Loosen,
    Move,
    Resume,
    Share,
    Stop,
    ThreatFile,
    Tighten,
    Version,
    apply,
    fingerprint,
)
from warifu.risk.decision.rules import Name as RuleName
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.governing import rules
from warifu.service.conduct.governing.governance import read, written_form
from warifu.service.store import governance as store
from warifu.service.store.database import Statement, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Transaction

STOP_TRIES = 20
MAX_VERSIONS = 1000
MAX_EXEMPTIONS = 1000

Sha256Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
ExemptionId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Subjects = Annotated[str, Meta(min_length=1, max_length=200)]


class MoveRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to a rule set."""

    action: Action
    share: Share | None = None
    """Of users, in hundredths of a per cent; with ``try`` only."""


class ExemptionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule that one device or one model need not meet, for at most 90 days."""

    id: ExemptionId
    subject: Subject
    name: Subjects
    """The device's id, or the model."""
    operation: Operation
    rule: RuleName
    until: Annotated[datetime, Meta(tz=True)]
    why: Reason


class MoveCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="move"):
    """To move a rule set."""

    digest: Sha256Hex
    action: Action
    share: Share | None = None


class ResumeCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="resume"):
    """To serve a stopped operation again."""

    operation: Operation


class ExemptCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="exempt"):
    """To grant an exemption."""

    exemption: ExemptionRequest


class LoosenCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="loosen"):
    """To put a file about threats in force that may assure more than the one before, or none."""

    file: ThreatFile
    digest: Sha256Hex | None = None


Approvable = MoveCommand | ResumeCommand | ExemptCommand | LoosenCommand
"""What needs two others."""


class ApprovalRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes to exactly one command, on governance as it was seen."""

    revision: Annotated[int, Meta(ge=0)]
    command: Approvable


class ApprovalAnswer(Struct, frozen=True, kw_only=True):
    """Who has approved a command so far."""

    fingerprint: str
    revision: int
    approved_by: tuple[str, ...]
    needed: int


class ExemptionAnswer(Struct, frozen=True, kw_only=True):
    """An exemption as it stands."""

    id: str
    subject: Subject
    name: str
    operation: Operation
    rule: str
    until: datetime
    why: str


class GovernanceAnswer(Struct, frozen=True, kw_only=True):
    """What stands."""

    revision: int
    versions: tuple[Version, ...]
    stopped: tuple[Operation, ...]
    exemptions: tuple[ExemptionAnswer, ...]
    """Those that have not ended."""
    advisories: str | None = None
    """Digest of the advisories in force."""
    measures: str | None = None
    """Digest of the bank's own measures."""


def read_governance(work: Work) -> GovernanceAnswer:
    """What stands.

    Raises:
        VerifierFault: ``governance/readable``.
    """
    with work.house.database.read() as transaction:
        return shown(present(transaction, work.tenant), work.now)


def move(work: Work, digest: str, asked: MoveRequest) -> GovernanceAnswer:
    """Move a rule set to its next stage.

    Raises:
        Denied: ``decision/...``, ``governance/moved``.
    """
    return carry_out(work, Move(digest=digest, action=asked.action, share=asked.share))


def stop(work: Work, operation: Operation) -> GovernanceAnswer:
    """Throw the kill switch: at once, by one person.

    It does not give way to other changes: it is thrown on whatever stands after them, until it is
    seen to be thrown.

    Raises:
        Denied: ``governance/moved`` where others changed governance all the time.
    """
    for _ in range(STOP_TRIES - 1):
        try:
            return carry_out(work, Stop(operation=operation))
        except Denied as error:
            if error.rule != rules.MOVED:
                raise
        stands = read_governance(work)
        if operation in stands.stopped:
            entry = AuditEntry(
                action=_ACTIONS[Stop], subject=operation, document={"already": stands.revision}
            )
            commit(work, [], answer=stands, audit=[entry], status=200)
            return stands
    return carry_out(work, Stop(operation=operation))


def resume(work: Work, operation: Operation) -> GovernanceAnswer:
    """Serve a stopped operation again.

    Raises:
        Denied: ``decision/...``, ``governance/moved``.
    """
    return carry_out(work, Resume(operation=operation))


def grant_exemption(work: Work, asked: ExemptionRequest) -> GovernanceAnswer:
    """Let a device or model pass over a rule for a time.

    Raises:
        Denied: ``decision/...``, ``governance/moved``.
    """
    return carry_out(work, Exempt(exemption=_exemption(asked)), status=201)


def end_exemption(work: Work, exemption: str) -> GovernanceAnswer:
    """End an exemption before its time.

    Raises:
        Denied: ``decision/governance-known``, ``governance/moved``.
    """
    return carry_out(work, EndExemption(id=exemption))


def approve(work: Work, asked: ApprovalRequest) -> ApprovalAnswer:
    """Say yes to one command. It counts until governance moves, and for seven days.

    Raises:
        Denied: ``governance/moved``.
    """
    with work.house.database.read() as transaction:
        governance = present(transaction, work.tenant)
        command = _command(asked.command)
        name = fingerprint(governance, command)
        before = store.read_approvals(transaction, work.tenant, name)
    if governance.revision != asked.revision:
        raise Denied(rules.MOVED, f"{governance.revision}, not {asked.revision}")
    answer = ApprovalAnswer(
        fingerprint=name,
        revision=governance.revision,
        approved_by=tuple(sorted({work.caller.id, *(row[0] for row in before)})),
        needed=APPROVERS,
    )
    commit(
        work,
        [
            store.insert_approval(
                work.tenant,
                name,
                seen=governance.revision,
                by=work.caller.id,
                now=work.now,
                otherwise=rules.MOVED,
            )
        ],
        answer=answer,
        audit=[
            AuditEntry(
                action="governance/approved",
                subject=name,
                document={"revision": governance.revision, "command": command},
            )
        ],
    )
    return answer


def carry_out(
    work: Work,
    command: Command,
    *,
    seen: int | None = None,
    first: Sequence[Statement] = (),
    also: Sequence[AuditEntry] = (),
    instead: object = None,
    status: int = 200,
) -> GovernanceAnswer:
    """Carry out one command on governance as it stands, in one commit with its audit row.

    Args:
        work: The request.
        command: What is to be done.
        seen: The revision that the command was made for; any where None.
        first: Changes that come before it in the same commit.
        also: Audit rows beside the command's own.
        instead: What the caller is told, where it is not the governance that comes of it.
        status: HTTP status of the answer.

    Raises:
        Denied: Not in the table, not approved, unknown, or ``governance/moved`` where another
            change came first; the caller then looks again.
    """
    with work.house.database.read() as transaction:
        governance = present(transaction, work.tenant)
        rows = store.read_approvals(transaction, work.tenant, fingerprint(governance, command))
    if seen is not None and governance.revision != seen:
        raise Denied(rules.MOVED, f"{governance.revision}, not {seen}")
    name = fingerprint(governance, command)
    after, event = apply(
        governance,
        command,
        by=work.caller.id,
        at=work.now,
        approvals=[Approval(by=by, at=moment(at), command=name) for by, at in rows],
    )
    if len(after.versions) > MAX_VERSIONS or len(after.exemptions) > MAX_EXEMPTIONS:
        raise Denied(rules.ROOM, f"{len(after.versions)}, {len(after.exemptions)}")
    answer = shown(after, work.now)
    commit(
        work,
        [
            *first,
            store.update_governance(
                work.tenant,
                seen=governance.revision,
                document=written_form(after),
                otherwise=rules.MOVED,
            ),
            store.delete_approvals(work.tenant),
        ],
        answer=answer if instead is None else instead,
        audit=[
            AuditEntry(action=_ACTIONS[type(command)], subject=_subject(command), document=event),
            *also,
        ],
        status=status,
    )
    return answer


def present(transaction: Transaction, tenant: str) -> Governance:
    """Governance as it stands.

    Raises:
        VerifierFault: ``governance/readable``.
    """
    row = store.read_governance(transaction, tenant)
    if row is None:
        raise VerifierFault(rules.READABLE, f"tenant {tenant} has none")
    return read(row[1])


def shown(governance: Governance, now: datetime) -> GovernanceAnswer:
    """Governance without what has ended."""
    return GovernanceAnswer(
        revision=governance.revision,
        versions=governance.versions,
        stopped=tuple(sorted(governance.stopped)),
        exemptions=tuple(
            msgspec.convert(each, ExemptionAnswer, from_attributes=True)
            for each in governance.exemptions
            if each.until > now
        ),
        advisories=governance.advisories,
        measures=governance.measures,
    )


def _exemption(asked: ExemptionRequest) -> Exemption:
    return Exemption(
        id=asked.id,
        subject=asked.subject,
        name=asked.name,
        operation=asked.operation,
        rule=asked.rule,
        until=asked.until,
        why=asked.why,
    )


def _command(asked: Approvable) -> Command:
    if isinstance(asked, MoveCommand):
        return Move(digest=asked.digest, action=asked.action, share=asked.share)
    if isinstance(asked, ResumeCommand):
        return Resume(operation=asked.operation)
    if isinstance(asked, LoosenCommand):
        return Loosen(file=asked.file, digest=asked.digest)
    return Exempt(exemption=_exemption(asked.exemption))


def _subject(command: Command) -> str:
    if isinstance(command, (Draft, Move)):
        return command.digest
    if isinstance(command, (Stop, Resume)):
        return command.operation
    if isinstance(command, (Tighten, Loosen)):
        return command.digest or command.file
    return command.exemption.id if isinstance(command, Exempt) else command.id


_ACTIONS: dict[type, str] = {
    Draft: "rule-set/drafted",
    Move: "rule-set/moved",
    Stop: "operation/stopped",
    Resume: "operation/resumed",
    Exempt: "exemption/granted",
    EndExemption: "exemption/ended",
    Tighten: "threat/tightened",
    Loosen: "threat/loosened",
}
