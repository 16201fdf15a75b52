"""/v1/rule-sets and what governs them: drafts, moves, approvals, stops, exemptions, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.params import QueryParameter

from warifu.risk.decision.facts import Operation
from warifu.service.api.access import needs
from warifu.service.api.answers import (
    USUAL_LIMIT,
    After,
    Limit,
    Page,
    page,
    read_cursor,
    read_place,
    tagged,
)
from warifu.service.api.problems import problems
from warifu.service.api.toml import ContentType, TakesToml, require_toml, told_to_its_author
from warifu.service.caller import Scope
from warifu.service.conduct.governing import governing
from warifu.service.conduct.governing.governing import (
    ApprovalAnswer,
    ApprovalRequest,
    ExemptionRequest,
    GovernanceAnswer,
    MoveRequest,
)
from warifu.service.conduct.governing.rule_set import (
    RuleSetAnswer,
    RuleSetSummary,
    list_rule_sets,
    propose,
    read_rule_set,
)
from warifu.service.conduct.looking_up.audit import AuditRecord, AuditRequest, read_audit
from warifu.service.conduct.trials.dry_run import DryRunAnswer, DryRunRequest, try_rule_set
from warifu.service.conduct.trials.past_decisions import MAX_DECISIONS, Past
from warifu.service.conduct.trials.shadow_report import ShadowAnswer, report_shadow
from warifu.service.conduct.work import Work
from warifu.service.store.database import micros

Filter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, required=False)]
Moment = Annotated[datetime | None, QueryParameter(required=False)]
Decisions = Annotated[
    int,
    QueryParameter(
        name="limit", ge=1, le=MAX_DECISIONS, description="Look at how many at most, newest first."
    ),
]


class RuleSetController(Controller):
    """Rule sets in their life: draft, shadow, partial, active, retired."""

    path = "/v1/rule-sets"
    tags = ("governance",)

    @post(
        opt=needs(Scope.GOVERN),
        responses=problems(409, 413, 415, 422),
        operation_class=TakesToml,
        sync_to_thread=True,
    )
    def draft(self, work: Work, body: bytes, content_type: ContentType = None) -> RuleSetSummary:
        """Take a rule set in as a draft, which decides nothing. The body is the file, TOML.

        What is wrong with the file is told in `faults`, under the code of the rule that it breaks.
        """
        require_toml(content_type)
        with told_to_its_author():
            return propose(work, body)

    @get(opt=needs(Scope.GOVERN), responses=problems(), sync_to_thread=True)
    def list_all(
        self, work: Work, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[RuleSetSummary]:
        """List rule sets, newest first."""
        found = list_rule_sets(work, after=read_place(after), limit=limit)
        return page(found, limit=limit, by=lambda each: f"{micros(each.created_at)}.{each.digest}")

    @get("/{digest:str}", opt=needs(Scope.GOVERN), responses=problems(404), sync_to_thread=True)
    def fetch(self, work: Work, digest: str) -> Response[RuleSetAnswer]:
        """A rule set with its file, and where it stands."""
        return tagged(read_rule_set(work, digest))

    @post(
        "/{digest:str}/moves",
        opt=needs(Scope.GOVERN),
        responses=problems(404),
        status_code=200,
        sync_to_thread=True,
    )
    def move(self, work: Work, digest: str, data: MoveRequest) -> GovernanceAnswer:
        """Move a rule set to its next stage.

        ``observe`` and ``withdraw`` need one person. ``try``, ``activate`` and ``roll-back`` need
        two others than its author, who have approved exactly this move (`/v1/approvals`) on
        governance as it stands. ``roll-back`` goes to what was active just before, nowhere else.
        """
        return governing.move(work, digest, data)

    @post(
        "/{digest:str}/dry-runs",
        opt=needs(Scope.GOVERN),
        responses=problems(404),
        status_code=200,
        sync_to_thread=True,
    )
    def dry_run(self, work: Work, digest: str, data: DryRunRequest) -> DryRunAnswer:
        """Decide what was decided once more, by this rule set: who would lose service, and why.

        Takes seconds for 100,000 decisions; nothing is changed.
        """
        return try_rule_set(work, digest, data)

    @get(
        "/{digest:str}/shadow",
        opt=needs(Scope.GOVERN),
        responses=problems(404),
        sync_to_thread=True,
    )
    def shadow(
        self,
        *,
        work: Work,
        digest: str,
        since: Moment = None,
        until: Moment = None,
        limit: Decisions = MAX_DECISIONS,
    ) -> Response[ShadowAnswer]:
        """What this rule set said beside decisions while it was in shadow: who would have lost.

        Nothing is decided again: exemptions and stops are those of each moment. A time without
        offset is in UTC. Takes seconds for 100,000 decisions.
        """
        return tagged(report_shadow(work, digest, Past(since=since, until=until, limit=limit)))


class GovernanceController(Controller):
    """What a tenant has decided about deciding."""

    path = "/v1"
    tags = ("governance",)

    @get("/governance", opt=needs(Scope.GOVERN), responses=problems(), sync_to_thread=True)
    def state(self, work: Work) -> Response[GovernanceAnswer]:
        """What stands: rule sets in their stages, stopped operations, exemptions."""
        return tagged(governing.read_governance(work))

    @post("/approvals", opt=needs(Scope.APPROVE), responses=problems(), sync_to_thread=True)
    def approve(self, work: Work, data: ApprovalRequest) -> ApprovalAnswer:
        """Say yes to exactly one command, on governance of exactly this revision.

        It counts for seven days and until governance moves. The author's own yes does not count.
        """
        return governing.approve(work, data)

    @post(
        "/stops/{operation:str}",
        opt=needs(Scope.GOVERN),
        responses=problems(409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def stop(self, work: Work, operation: Operation) -> GovernanceAnswer:
        """Throw the kill switch of an operation: every decision about it refuses from now on."""
        return governing.stop(work, operation)

    @delete(
        "/stops/{operation:str}",
        opt=needs(Scope.GOVERN),
        responses=problems(409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def resume(self, work: Work, operation: Operation) -> GovernanceAnswer:
        """Serve a stopped operation again; two people have approved it (`/v1/approvals`)."""
        return governing.resume(work, operation)

    @post("/exemptions", opt=needs(Scope.GOVERN), responses=problems(), sync_to_thread=True)
    def exempt(self, work: Work, data: ExemptionRequest) -> GovernanceAnswer:
        """Let one device or model pass over one rule, for at most 90 days.

        Two people other than the caller have approved it (`/v1/approvals`).
        """
        return governing.grant_exemption(work, data)

    @delete(
        "/exemptions/{exemption:str}",
        opt=needs(Scope.GOVERN),
        responses=problems(409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def end_exemption(self, work: Work, exemption: str) -> GovernanceAnswer:
        """End an exemption before its time; one person may."""
        return governing.end_exemption(work, exemption)

    @get("/audit", opt=needs(Scope.AUDIT), responses=problems(), sync_to_thread=True)
    def audit(
        self,
        *,
        work: Work,
        action: Filter = None,
        subject: Filter = None,
        caller: Filter = None,
        since: Moment = None,
        until: Moment = None,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[AuditRecord]:
        """Read the audit log, newest first. A time without offset is in UTC."""
        asked = AuditRequest(
            action=action, subject=subject, caller=caller, since=since, until=until
        )
        found = read_audit(work, asked, after=read_cursor(after), limit=limit)
        return page(found, limit=limit, by=lambda record: record.id)
