"""Erasures: forgetting a device for good."""

from __future__ import annotations

from litestar import Controller, Response, get, post

from warifu.service.api.access import needs
from warifu.service.api.answers import (
    USUAL_LIMIT,
    After,
    Limit,
    Page,
    page,
    read_cursor,
    tagged,
)
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.erasing.erasure import (
    ErasureAnswer,
    ErasureRequest,
    ErasureSeen,
    erase,
    list_erasures,
    see_erasure,
)
from warifu.service.conduct.work import Work


class ErasureController(Controller):
    """What was erased is gone: no key of ours opens it again."""

    path = "/v1/erasures"
    tags = ("erasures",)

    @post(
        "/",
        opt=needs(Scope.ERASE),
        status_code=200,
        responses=problems(404, 409),
        sync_to_thread=True,
    )
    def start(self, work: Work, data: ErasureRequest) -> ErasureAnswer:
        """Erase what is kept about a device: its keys, evidence and identifiers.

        Appraisals and decisions remain as accounts that no longer name the device. Asked again, the
        answer says that it was done before. A device that registers again under the same name is a
        new one.
        """
        return erase(work, data)

    @get("/", opt=needs(Scope.AUDIT), sync_to_thread=True)
    def list_all(
        self, work: Work, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[ErasureSeen]:
        """List erasures, newest first. They do not name the devices."""
        found = list_erasures(work, after=read_cursor(after), limit=limit)
        return page(found, limit=limit, by=lambda erasure: erasure.id)

    @get("/{erasure:str}", opt=needs(Scope.AUDIT), responses=problems(404), sync_to_thread=True)
    def fetch(self, work: Work, erasure: str) -> Response[ErasureSeen]:
        """One erasure."""
        return tagged(see_erasure(work, erasure))
