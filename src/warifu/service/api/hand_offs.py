"""/v1/hand-offs: what was approved, on its way to core banking."""

from __future__ import annotations

from litestar import Controller, get, post

from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, Limit
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.confirming.handing_off import (
    AcknowledgeRequest,
    Differences,
    Due,
    HandOffTold,
    ReconcileRequest,
    acknowledge,
    due,
    reconcile,
    take,
)
from warifu.service.conduct.work import Work


class HandOffController(Controller):
    """Hand-offs: take, carry out, acknowledge; each exactly once."""

    path = "/v1/hand-offs"
    tags = ("hand-offs",)

    @get(opt=needs(Scope.READ), sync_to_thread=True)
    def due(self, work: Work, limit: Limit = USUAL_LIMIT) -> Due:
        """What is due, longest due first.

        What was taken and not acknowledged is here again after a while. Nothing is here of a user
        whose money is held.
        """
        return due(work, limit=limit)

    @post(
        "/{transaction_id:str}/take",
        status_code=200,
        opt=needs(Scope.CONFIRM),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def take(self, work: Work, transaction_id: str) -> HandOffTold:
        """Take a transaction to carry it out: it can no longer be cancelled or disowned.

        It may be taken again until it is acknowledged: carry it out once for each `id`.
        """
        return take(work, transaction_id)

    @post(
        "/{transaction_id:str}/acknowledge",
        status_code=200,
        opt=needs(Scope.CONFIRM),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def acknowledge(self, work: Work, transaction_id: str, data: AcknowledgeRequest) -> HandOffTold:
        """Core banking has carried it out, under its own reference."""
        return acknowledge(work, transaction_id, data)

    @post(
        "/reconcile",
        status_code=200,
        opt=needs(Scope.CONFIRM),
        responses=problems(422),
        sync_to_thread=True,
    )
    def reconcile(self, work: Work, data: ReconcileRequest) -> Differences:
        """Compare the books of core banking for a span of time, and learn what differs."""
        return reconcile(work, data)
