"""/v1/apps: what evidence is held against, and the policies it is appraised by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Controller, Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec

from warifu.risk.decision.facts import Operation
from warifu.service.api.access import needs
from warifu.service.api.answers import (
    USUAL_LIMIT,
    After,
    IfMatch,
    Limit,
    Page,
    etag_of,
    page,
    read_cursor,
    require_match,
    tagged,
)
from warifu.service.api.problems import problems
from warifu.service.api.toml import ContentType, TakesToml, require_toml, told_to_its_author
from warifu.service.caller import Scope
from warifu.service.conduct.registrations import app_changes
from warifu.service.conduct.registrations.app_wire import (
    AppAnswer,
    AppChange,
    AppRequest,
    PolicyInForce,
    ProposalAnswer,
    ProposalApproval,
)
from warifu.service.conduct.registrations.policy import (
    PolicyAnswer,
    drop_policy,
    put_policy,
    read_policy,
)
from warifu.service.conduct.work import Work

if TYPE_CHECKING:
    from typing import Any

WAITS = {
    202: ResponseSpec(
        data_container=ProposalAnswer,
        generate_examples=False,
        description="It lets through more than what stands, and waits for another person.",
    )
}


class AppController(Controller):
    """App registrations."""

    path = "/v1/apps"
    tags = ("apps",)

    @post(opt=needs(Scope.CONFIGURE), responses=problems(), sync_to_thread=True)
    def create(self, work: Work, data: AppRequest) -> Response[AppAnswer]:
        """Register an app.

        Every operation has a shipped profile as its policy until it is given one of its own;
        identifiers and signers of the registration hold in all of them. Keys of Play Integrity are
        kept sealed and never shown.
        """
        return tagged(app_changes.create_app(work, data), status=201)

    @get(opt=needs(Scope.CONFIGURE), responses=problems(), sync_to_thread=True)
    def list_all(
        self, work: Work, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[AppAnswer]:
        """List app registrations, by id."""
        found = app_changes.list_apps(work, after=read_cursor(after), limit=limit)
        return page(found, limit=limit, by=lambda each: each.registration.id)

    @get("/{app:str}", opt=needs(Scope.CONFIGURE), responses=problems(404), sync_to_thread=True)
    def fetch(self, work: Work, app: str) -> Response[AppAnswer]:
        """A registration, its policies in force, and what waits for approval."""
        return tagged(app_changes.read_app(work, app))

    @put(
        "/{app:str}",
        opt=needs(Scope.CONFIGURE),
        responses={**WAITS, **problems(404, 412, 428)},
        sync_to_thread=True,
    )
    def replace(
        self, work: Work, app: str, data: AppChange, if_match: IfMatch = None
    ) -> Response[AppAnswer]:
        """Change a registration; `If-Match` names the ETag that was last fetched.

        Another name, or accepting less, takes effect at once. Accepting more, such as one more
        signer or other keys, waits for another person (202).
        """
        return _answer(
            app_changes.replace_app(
                work, app, data, check=lambda stands: require_match(if_match, etag_of(stands))
            )
        )

    @post(
        "/{app:str}/approvals",
        opt=needs(Scope.APPROVE),
        responses=problems(404, 412),
        sync_to_thread=True,
    )
    def approve(self, work: Work, app: str, data: ProposalApproval) -> Response[AppAnswer]:
        """Let a proposed registration take effect. Nobody approves what they proposed."""
        return tagged(app_changes.approve(work, app, app_changes.WHOLE, data), status=201)

    @get(
        "/{app:str}/policies",
        opt=needs(Scope.CONFIGURE),
        responses=problems(404),
        sync_to_thread=True,
    )
    def list_policies(self, work: Work, app: str) -> Page[PolicyInForce]:
        """What each operation is appraised by, and where it is milder than the strict defaults."""
        return Page(items=app_changes.read_app(work, app).policies)

    @get(
        "/{app:str}/policies/{operation:str}",
        opt=needs(Scope.CONFIGURE),
        responses=problems(404),
        sync_to_thread=True,
    )
    def fetch_policy(self, work: Work, app: str, operation: Operation) -> Response[PolicyAnswer]:
        """The policy of one operation, with its file."""
        return tagged(read_policy(work, app, operation))

    @put(
        "/{app:str}/policies/{operation:str}",
        opt=needs(Scope.CONFIGURE),
        responses={**WAITS, **problems(404, 409, 412, 413, 415, 422)},
        operation_class=TakesToml,
        sync_to_thread=True,
    )
    def put_policy(
        self,
        *,
        work: Work,
        app: str,
        operation: Operation,
        body: bytes,
        content_type: ContentType = None,
    ) -> Response[AppAnswer]:
        """Give an operation a policy. The body is the file, TOML.

        A policy that lets nothing through which is kept out now takes effect at once; another one
        waits for another person (202). What is wrong with the file is told in `faults`.
        """
        require_toml(content_type)
        with told_to_its_author():
            return _answer(put_policy(work, app, operation, body))

    @delete(
        "/{app:str}/policies/{operation:str}",
        opt=needs(Scope.CONFIGURE),
        responses={**WAITS, **problems(404, 409, 412, 422)},
        status_code=200,
        sync_to_thread=True,
    )
    def drop_policy(self, work: Work, app: str, operation: Operation) -> Response[AppAnswer]:
        """Give an operation the shipped profile again: at once, or after approval (202)."""
        return _answer(drop_policy(work, app, operation))

    @post(
        "/{app:str}/policies/{operation:str}/approvals",
        opt=needs(Scope.APPROVE),
        responses=problems(404, 412),
        sync_to_thread=True,
    )
    def approve_policy(
        self, work: Work, app: str, operation: Operation, data: ProposalApproval
    ) -> Response[AppAnswer]:
        """Let a proposed policy take effect. Nobody approves what they proposed."""
        return tagged(app_changes.approve(work, app, operation, data), status=201)


def _answer(came: AppAnswer | ProposalAnswer) -> Response[Any]:
    return tagged(came, status=202 if isinstance(came, ProposalAnswer) else 200)
