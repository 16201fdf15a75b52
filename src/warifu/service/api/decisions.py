"""/v1/decisions: may this be done on this device, now, and if not, why."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter

from warifu.risk.decision.facts import Operation
from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, After, Limit, Page, page, read_cursor, tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.decisions.deciding import DecisionAnswer, DecisionRequest
from warifu.service.conduct.decisions.decision import list_decisions, make_decision, see_decision
from warifu.service.conduct.work import Work
from warifu.service.store.decisions import DecisionFilter

Word = Annotated[str | None, Parameter(max_length=200, required=False)]


class DecisionController(Controller):
    """Decisions."""

    path = "/v1/decisions"
    tags = ("decisions",)

    @post(opt=needs(Scope.DECIDE), responses=problems(404, 409, 422), sync_to_thread=True)
    def make(self, work: Work, data: DecisionRequest) -> DecisionAnswer:
        """Decide one operation, with evidence in the same round trip or submitted before.

        A device that fails is no error: the answer is a decision, with every reason, what the
        customer can do about it, and what would have to change.
        """
        return make_decision(work, data)

    @get("/{decision_id:str}", opt=needs(Scope.READ), responses=problems(404), sync_to_thread=True)
    def see(self, work: Work, decision_id: str) -> Response[DecisionAnswer]:
        """A decision as it was answered."""
        return tagged(see_decision(work, decision_id))

    @get(opt=needs(Scope.READ), sync_to_thread=True)
    def list(
        self,
        work: Work,
        *,
        app: Word = None,
        device: Word = None,
        operation: Operation | None = None,
        outcome: Word = None,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[DecisionAnswer]:
        """Decisions, newest first."""
        wanted = DecisionFilter(app=app, device=device, operation=operation, outcome=outcome)
        found = list_decisions(work, wanted, after=read_cursor(after), limit=limit + 1)
        return page(found, limit=limit, by=lambda each: each.id)
