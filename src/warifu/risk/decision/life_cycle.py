"""The life of rule sets: draft, shadow, partial, active, retired; and the switches beside them.

Everything is a value: a command on a `Governance` gives the next one and an event for the audit
log, or is denied. What can only narrow service needs one person, at once; what can widen it needs
two people, neither of whom wrote it. `TABLE` is the whole of it; `diagram` draws it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from warifu.base.errors import Denied
from warifu.base.rule import Rule, Text
from warifu.risk.decision.exemption import Exemption
from warifu.risk.decision.facts import Operation

APPROVERS = 2
MAX_APPROVAL_AGE = timedelta(days=7)
MAX_EXEMPTION = timedelta(days=90)
SHARES = 10_000
"""Into how many parts users are divided: a share is given in hundredths of a per cent."""


class Stage(StrEnum):
    """Where a rule set stands."""

    DRAFT = "draft"
    SHADOW = "shadow"
    """Decides beside the active one and is only recorded."""
    PARTIAL = "partial"
    """Decides for a share of users."""
    ACTIVE = "active"
    """Decides for all others."""
    RETIRED = "retired"


class Action(StrEnum):
    """What is done to one rule set."""

    OBSERVE = "observe"
    TRY = "try"
    ACTIVATE = "activate"
    WITHDRAW = "withdraw"
    ROLL_BACK = "roll-back"


TABLE: dict[tuple[Stage, Action], Stage] = {
    (Stage.DRAFT, Action.OBSERVE): Stage.SHADOW,
    (Stage.SHADOW, Action.TRY): Stage.PARTIAL,
    (Stage.PARTIAL, Action.TRY): Stage.PARTIAL,
    (Stage.SHADOW, Action.ACTIVATE): Stage.ACTIVE,
    (Stage.PARTIAL, Action.ACTIVATE): Stage.ACTIVE,
    (Stage.DRAFT, Action.WITHDRAW): Stage.RETIRED,
    (Stage.SHADOW, Action.WITHDRAW): Stage.RETIRED,
    (Stage.PARTIAL, Action.WITHDRAW): Stage.RETIRED,
    (Stage.RETIRED, Action.ROLL_BACK): Stage.ACTIVE,
}
"""What is not here is denied. The active one leaves only by being replaced."""

ALONE = frozenset({Action.OBSERVE, Action.WITHDRAW})
"""Decides nothing for anybody, or gives users back to the active rule set."""

TRANSITION = Rule(
    code="decision/transition",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="規則集は、定められた順序でのみ次の段階に進めます。",
        en="A rule set moves only between the stages of the table.",
    ),
    stops="rules that decide without having been observed",
)
FOUR_EYES = Rule(
    code="decision/four-eyes",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="この変更には、作成者以外の異なる2名の、まさにこの内容に対する新しい承認が必要です。",
        en="Two people other than the author approved exactly this change, not long ago.",
    ),
    stops="one person who changes what the bank serves; an approval used for something else",
)
EXPIRY = Rule(
    code="decision/exemption-expiry",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="例外には、90日以内の期限が必要です。",
        en="An exemption ends within 90 days.",
    ),
    stops="exceptions that everybody forgot",
)
KNOWN = Rule(
    code="decision/governance-known",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="対象は登録されたものであり、同じ名前で二重に登録してはなりません。",
        en="What a change is about is there, and nothing is added under a name in use.",
    ),
    stops="changes to something else than was meant",
)

Share = Annotated[int, Meta(ge=1, le=SHARES - 1)]


class ThreatFile(StrEnum):
    """What a tenant states about threats, one file of each in force."""

    ADVISORIES = "advisories"
    """Published weaknesses."""
    MEASURES = "measures"
    """The bank's own defences, and the attackers that it assumes."""


class Draft(Struct, frozen=True, kw_only=True, tag="draft"):
    """Register a rule set that was loaded without fault."""

    digest: str
    name: str


class Move(Struct, frozen=True, kw_only=True, tag="move"):
    """Do `action` to a rule set; `share` with `Action.TRY` only."""

    digest: str
    action: Action
    share: Share | None = None


class Stop(Struct, frozen=True, kw_only=True, tag="stop"):
    """Throw the kill switch of an operation."""

    operation: Operation


class Resume(Struct, frozen=True, kw_only=True, tag="resume"):
    """Serve a stopped operation again."""

    operation: Operation


class Exempt(Struct, frozen=True, kw_only=True, tag="exempt"):
    """Let one device or model pass over one rule for a time."""

    exemption: Exemption


class EndExemption(Struct, frozen=True, kw_only=True, tag="end-exemption"):
    """End an exemption before its time."""

    id: str


class Tighten(Struct, frozen=True, kw_only=True, tag="tighten"):
    """Put a file in force by which nothing is assured that was not; whoever makes this checked."""

    file: ThreatFile
    digest: str


class Loosen(Struct, frozen=True, kw_only=True, tag="loosen"):
    """Put any file in force, or none."""

    file: ThreatFile
    digest: str | None = None


Command = Draft | Move | Stop | Resume | Exempt | EndExemption | Tighten | Loosen


class Approval(Struct, frozen=True, kw_only=True):
    """One person's yes to exactly one command on exactly one revision."""

    by: str
    at: datetime
    command: str
    """From `fingerprint`."""


class Version(Struct, frozen=True, kw_only=True):
    """One rule set in its life."""

    digest: str
    name: str
    author: str
    stage: Stage
    share: int = 0
    replaced: str | None = None
    """The digest that was active before this one."""


class Governance(Struct, frozen=True, kw_only=True):
    """All that is decided about deciding; stored by compare-and-set on `revision`."""

    revision: int = 0
    versions: tuple[Version, ...] = ()
    stopped: frozenset[Operation] = frozenset()
    exemptions: tuple[Exemption, ...] = ()
    advisories: str | None = None
    """Digest of the file in force; None where there is none."""
    measures: str | None = None


class AuditEvent(Struct, frozen=True, kw_only=True):
    """One change, to be stored in the same transaction as the `Governance` it made."""

    revision: int
    at: datetime
    by: str
    command: Command
    approved_by: tuple[str, ...]
    before: str
    """SHA-256 in hex of the governance that was left."""
    after: str


class Choice(Struct, frozen=True, kw_only=True):
    """Which rule sets look at one request."""

    decides: str | None
    """Digest; None where no rule set is active, and everything is refused."""
    shadows: tuple[str, ...]
    """Digests of those that are only recorded."""


def fingerprint(governance: Governance, command: Command) -> str:
    """What an approval is for: this command, on the governance as it stands."""
    return _digest((governance.revision, command))


def apply(
    governance: Governance,
    command: Command,
    *,
    by: str,
    at: datetime,
    approvals: Iterable[Approval] = (),
) -> tuple[Governance, AuditEvent]:
    """Carry out one command.

    Args:
        governance: What stands.
        command: What is to be done.
        by: Who does it; an authenticated name.
        at: When.
        approvals: Who said yes; needed for all that can widen service.

    Raises:
        Denied: Not in the table, not approved, without an end, or about something unknown.
    """
    changed, authors = _CARRY_OUT[type(command)](governance, command, by, at)
    approved: tuple[str, ...] = ()
    if authors is not None:
        approved = _approved(fingerprint(governance, command), authors, approvals, at)
    after = msgspec.structs.replace(
        changed,
        revision=governance.revision + 1,
        exemptions=tuple(each for each in changed.exemptions if each.until > at),
    )
    event = AuditEvent(
        revision=after.revision,
        at=at,
        by=by,
        command=command,
        approved_by=approved,
        before=_digest(governance),
        after=_digest(after),
    )
    return after, event


def choose(governance: Governance, user: str) -> Choice:
    """Which rule set decides for a user; the same one as long as shares do not change.

    Args:
        governance: What stands.
        user: A stable name of the user; only its hash with the rule set's digest is used.
    """
    by_stage = {stage: _at_stage(governance, stage) for stage in _LOOKING}
    active = by_stage[Stage.ACTIVE]
    decides = active[0].digest if active else None
    for version in by_stage[Stage.PARTIAL]:
        if _part(version.digest, user) < version.share:
            decides = version.digest
            break
    return Choice(
        decides=decides,
        shadows=tuple(
            version.digest
            for stage in _LOOKING
            for version in by_stage[stage]
            if version.digest != decides
        ),
    )


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    lines += [
        f"    {before} --> {after}: {action}" + ("" if action in ALONE else f", {APPROVERS} people")
        for (before, action), after in TABLE.items()
    ]
    return "\n".join([*lines, "    active --> retired: replaced"]) + "\n"


_Changed = tuple[Governance, frozenset[str] | None]
"""What comes of a command, and who may not approve it; None where nobody needs to."""


def _draft(governance: Governance, command: Draft, by: str, _: datetime) -> _Changed:
    if _version(governance, command.digest) is not None:
        raise Denied(KNOWN, command.digest)
    version = Version(digest=command.digest, name=command.name, author=by, stage=Stage.DRAFT)
    versions = (*governance.versions, version)
    return msgspec.structs.replace(governance, versions=versions), None


def _move(governance: Governance, command: Move, _by: str, _: datetime) -> _Changed:
    version = _version(governance, command.digest)
    if version is None:
        raise Denied(KNOWN, command.digest)
    stage = TABLE.get((version.stage, command.action))
    if stage is None or (command.share is None) is (command.action is Action.TRY):
        raise Denied(TRANSITION, f"{command.action} from {version.stage}, share {command.share}")
    if command.share is not None and not 1 <= command.share < SHARES:
        raise Denied(TRANSITION, f"share {command.share}")
    active = next(iter(_at_stage(governance, Stage.ACTIVE)), None)
    if command.action is Action.ROLL_BACK and (active is None or active.replaced != version.digest):
        raise Denied(TRANSITION, "only what was active just before comes back")
    if stage is Stage.PARTIAL and any(
        each.digest != version.digest for each in _at_stage(governance, Stage.PARTIAL)
    ):
        raise Denied(TRANSITION, "one rule set is tried at a time")
    moved = msgspec.structs.replace(version, stage=stage, share=command.share or 0)
    retired: Version | None = None
    if stage is Stage.ACTIVE and active is not None:
        moved = msgspec.structs.replace(moved, replaced=active.digest)
        retired = msgspec.structs.replace(active, stage=Stage.RETIRED)
    changed = {each.digest: each for each in (moved, retired) if each is not None}
    versions = tuple(changed.get(each.digest, each) for each in governance.versions)
    alone = command.action in ALONE
    return (
        msgspec.structs.replace(governance, versions=versions),
        None if alone else frozenset({version.author}),
    )


def _stop(governance: Governance, command: Stop, _by: str, _: datetime) -> _Changed:
    stopped = governance.stopped | {command.operation}
    return msgspec.structs.replace(governance, stopped=stopped), None


def _resume(governance: Governance, command: Resume, _by: str, _: datetime) -> _Changed:
    if command.operation not in governance.stopped:
        raise Denied(KNOWN, command.operation)
    stopped = governance.stopped - {command.operation}
    return msgspec.structs.replace(governance, stopped=stopped), frozenset()


def _exempt(governance: Governance, command: Exempt, by: str, at: datetime) -> _Changed:
    exemption = command.exemption
    if any(each.id == exemption.id for each in governance.exemptions):
        raise Denied(KNOWN, exemption.id)
    if not at < exemption.until <= at + MAX_EXEMPTION:
        raise Denied(EXPIRY, exemption.until.isoformat())
    exemptions = (*governance.exemptions, exemption)
    return msgspec.structs.replace(governance, exemptions=exemptions), frozenset({by})


def _end_exemption(
    governance: Governance, command: EndExemption, _by: str, _: datetime
) -> _Changed:
    left = tuple(each for each in governance.exemptions if each.id != command.id)
    if len(left) == len(governance.exemptions):
        raise Denied(KNOWN, command.id)
    return msgspec.structs.replace(governance, exemptions=left), None


def _tighten(governance: Governance, command: Tighten, _by: str, _: datetime) -> _Changed:
    return _with_file(governance, command.file, command.digest), None


def _loosen(governance: Governance, command: Loosen, by: str, _: datetime) -> _Changed:
    return _with_file(governance, command.file, command.digest), frozenset({by})


def _with_file(governance: Governance, file: ThreatFile, digest: str | None) -> Governance:
    if getattr(governance, file.value) == digest:
        raise Denied(KNOWN, f"{file}: {digest} is in force")
    if file is ThreatFile.ADVISORIES:
        return msgspec.structs.replace(governance, advisories=digest)
    return msgspec.structs.replace(governance, measures=digest)


_CARRY_OUT: dict[type, Callable[[Governance, Any, str, datetime], _Changed]] = {
    Draft: _draft,
    Move: _move,
    Stop: _stop,
    Resume: _resume,
    Exempt: _exempt,
    EndExemption: _end_exemption,
    Tighten: _tighten,
    Loosen: _loosen,
}
_LOOKING = (Stage.ACTIVE, Stage.PARTIAL, Stage.SHADOW)


def _approved(
    command: str, authors: frozenset[str], approvals: Iterable[Approval], at: datetime
) -> tuple[str, ...]:
    people = {
        approval.by
        for approval in approvals
        if approval.command == command
        and approval.by not in authors
        and at - MAX_APPROVAL_AGE <= approval.at <= at
    }
    if len(people) < APPROVERS:
        raise Denied(FOUR_EYES, f"{len(people)} of {APPROVERS}")
    return tuple(sorted(people))


def _version(governance: Governance, digest: str) -> Version | None:
    return next((each for each in governance.versions if each.digest == digest), None)


def _at_stage(governance: Governance, stage: Stage) -> list[Version]:
    return [each for each in governance.versions if each.stage is stage]


def _part(digest: str, user: str) -> int:
    """Of `SHARES`; with the digest in it, no user is always among the first to be tried on."""
    hashed = hashlib.sha256(f"{digest}\0{user}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(hashed[:8], "big") % SHARES


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
