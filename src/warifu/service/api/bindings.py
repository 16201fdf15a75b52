"""/v1/bindings: devices of users, and who suspends, resumes and revokes them."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import QueryParameter

from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, After, Limit, Page, page, read_cursor, tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.binding.bindings import (
    BindingFilter,
    BindingSeen,
    ChangeRequest,
    ResumeRequest,
    SuspendRequest,
    list_bindings,
    make_primary,
    resume_binding,
    revoke_binding,
    see_binding,
    suspend_binding,
)
from warifu.service.conduct.work import Work

Filter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, required=False)]


class BindingController(Controller):
    """Bindings."""

    path = "/v1/bindings"
    tags = ("bindings",)

    @get(opt=needs(Scope.READ), sync_to_thread=True)
    def list_all(
        self,
        *,
        work: Work,
        user: Filter = None,
        device: Filter = None,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[BindingSeen]:
        """Bindings of a user or a device, also those that have ended; of all without either."""
        wanted = BindingFilter(user=user, device=device)
        found = list_bindings(work, wanted, after=read_cursor(after), limit=limit)
        return page(found, limit=limit, by=lambda each: each.id)

    @get("/{binding:str}", opt=needs(Scope.READ), responses=problems(404), sync_to_thread=True)
    def see(self, work: Work, binding: str) -> Response[BindingSeen]:
        """A binding: whose, of which device and key, and what became of it."""
        return tagged(see_binding(work, binding))

    @post(
        "/{binding:str}/suspend",
        opt=needs(Scope.ENROL),
        responses=problems(403, 404, 409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def suspend(self, work: Work, binding: str, data: SuspendRequest) -> BindingSeen:
        """Let a device act no longer. Holds add up, and each is lifted by itself."""
        return suspend_binding(work, binding, data)

    @post(
        "/{binding:str}/resume",
        opt=needs(Scope.ENROL),
        responses=problems(403, 404, 409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def resume(self, work: Work, binding: str, data: ResumeRequest) -> BindingSeen:
        """Lift one hold; after the last the device may act again."""
        return resume_binding(work, binding, data)

    @post(
        "/{binding:str}/revoke",
        opt=needs(Scope.ENROL),
        responses=problems(403, 404, 409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def revoke(self, work: Work, binding: str, data: ChangeRequest) -> BindingSeen:
        """End a binding for good. The device can only be activated anew, with another key."""
        return revoke_binding(work, binding, data)

    @post(
        "/{binding:str}/make-primary",
        opt=needs(Scope.ENROL),
        responses=problems(403, 404, 409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def appoint(self, work: Work, binding: str, data: ChangeRequest) -> BindingSeen:
        """Make it the primary binding of its user, in place of whatever was."""
        return make_primary(work, binding, data)
