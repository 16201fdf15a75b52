"""/v1/cases: "this was not me", until a person looked."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import QueryParameter

from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, After, Limit, Page, page, read_cursor, tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.confirming.cases import (
    CaseTold,
    CloseRequest,
    close_case,
    list_cases,
    see_case,
)
from warifu.service.conduct.work import Work

OnlyOpen = Annotated[bool, QueryParameter(name="open", description="Only those that are open.")]


class CaseController(Controller):
    """Cases. While one of a user's is open, none of their money moves."""

    path = "/v1/cases"
    tags = ("cases",)

    @get(opt=needs(Scope.READ), sync_to_thread=True)
    def list(
        self,
        work: Work,
        *,
        only_open: OnlyOpen = True,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[CaseTold]:
        """Cases, newest first."""
        found = list_cases(work, only_open=only_open, after=read_cursor(after), limit=limit + 1)
        return page(found, limit=limit, by=lambda each: each.id)

    @get("/{case_id:str}", opt=needs(Scope.READ), responses=problems(404), sync_to_thread=True)
    def see(self, work: Work, case_id: str) -> Response[CaseTold]:
        """One case."""
        return tagged(see_case(work, case_id))

    @post(
        "/{case_id:str}/close",
        status_code=200,
        opt=needs(Scope.CONFIRM),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def close(self, work: Work, case_id: str, data: CloseRequest) -> CaseTold:
        """Close a case: with the last open one of a user, their money is free again.

        Bindings that were suspended stay so: resume or revoke each of them.
        """
        return close_case(work, case_id, data)
