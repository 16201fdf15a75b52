"""/v1/bindings: devices of users, and who suspends, resumes and revokes them."""

from __future__ import annotations

from functools import partial
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
from warifu.service.conduct.binding.endorsing import (
    EndorsedKeySeen,
    EndorsementQuestion,
    EndorsementQuestionRequest,
    EndorsementRequest,
    ask_endorsement,
    endorse_key,
    list_endorsed,
    revoke_endorsed,
)
from warifu.service.conduct.work import Work

Filter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, required=False)]
_enrolling = partial(
    post, opt=needs(Scope.ENROL), responses=problems(403, 404, 409, 422), sync_to_thread=True
)
_changing = partial(_enrolling, status_code=200)


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

    @_changing("/{binding:str}/suspend")
    def suspend(self, work: Work, binding: str, data: SuspendRequest) -> BindingSeen:
        """Let a device act no longer. Holds add up, and each is lifted by itself."""
        return suspend_binding(work, binding, data)

    @_changing("/{binding:str}/resume")
    def resume(self, work: Work, binding: str, data: ResumeRequest) -> BindingSeen:
        """Lift one hold; after the last the device may act again."""
        return resume_binding(work, binding, data)

    @_changing("/{binding:str}/revoke")
    def revoke(self, work: Work, binding: str, data: ChangeRequest) -> BindingSeen:
        """End a binding for good. The device can only be activated anew, with another key."""
        return revoke_binding(work, binding, data)

    @_changing("/{binding:str}/make-primary")
    def appoint(self, work: Work, binding: str, data: ChangeRequest) -> BindingSeen:
        """Make it the primary binding of its user, in place of whatever was."""
        return make_primary(work, binding, data)

    @_enrolling("/{binding:str}/endorsements/challenges", summary="Ask for an endorsed key")
    def ask(
        self, work: Work, binding: str, data: EndorsementQuestionRequest
    ) -> EndorsementQuestion:
        """What the device's bound key is to sign, with a key of its choice put in.

        An endorsed key does one thing: sign the proofs of tokens, or answer transactions behind a
        display of its own.
        """
        return ask_endorsement(work, binding, data)

    @_enrolling("/{binding:str}/endorsements", summary="Endorse a key")
    def endorse(self, work: Work, binding: str, data: EndorsementRequest) -> EndorsedKeySeen:
        """Take an endorsement by the bound key, signed by the new key as well.

        A key behind a trusted display comes with a warrant by a provider whom the app registration
        names. The oldest of too many keys is replaced.
        """
        return endorse_key(work, binding, data)

    @get(
        "/{binding:str}/endorsements",
        summary="List endorsed keys",
        opt=needs(Scope.READ),
        responses=problems(404),
        sync_to_thread=True,
    )
    def endorsed(
        self, work: Work, binding: str, *, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[EndorsedKeySeen]:
        """Keys that a binding endorsed, also those that have ended."""
        found = list_endorsed(work, binding, after=read_cursor(after), limit=limit)
        return page(found, limit=limit, by=lambda each: each.id)

    @_changing("/{binding:str}/endorsements/{key:str}/revoke", summary="Revoke an endorsed key")
    def disendorse(
        self, work: Work, binding: str, key: str, data: ChangeRequest
    ) -> EndorsedKeySeen:
        """Take an endorsed key back; tokens that were issued to it end with it."""
        return revoke_endorsed(work, binding, key, data)
