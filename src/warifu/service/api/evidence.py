"""/v1/evidence: what devices say about themselves, judged and kept."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter

from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, After, Limit, Page, page, read_cursor, tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.evidence.evidence import (
    EvidenceAnswer,
    EvidenceRequest,
    EvidenceSeen,
    list_evidence,
    see_evidence,
    submit_evidence,
)
from warifu.service.conduct.work import Work
from warifu.service.store.evidence import EvidenceFilter

Word = Annotated[str | None, Parameter(max_length=200, required=False)]


class EvidenceController(Controller):
    """Evidence."""

    path = "/v1/evidence"
    tags = ("evidence",)

    @post(opt=needs(Scope.DECIDE), responses=problems(404, 409, 422), sync_to_thread=True)
    def submit(self, work: Work, data: EvidenceRequest) -> EvidenceAnswer:
        """Judge evidence without deciding yet; register its key where it is a registration.

        Its appraisal can be named in one request for a decision about the same operation. Evidence
        that is refused is no error here: the answer says why.
        """
        return submit_evidence(work, data)

    @get("/{evidence_id:str}", opt=needs(Scope.READ), responses=problems(404), sync_to_thread=True)
    def see(self, work: Work, evidence_id: str) -> Response[EvidenceSeen]:
        """What evidence proved, with identifiers concealed as the settings say."""
        return tagged(see_evidence(work, evidence_id))

    @get(opt=needs(Scope.READ), sync_to_thread=True)
    def list(
        self,
        work: Work,
        *,
        app: Word = None,
        device: Word = None,
        format: Word = None,  # noqa: A002 - the parameter's name on the wire
        verdict: Word = None,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[EvidenceSeen]:
        """Evidence, newest first."""
        wanted = EvidenceFilter(app=app, device=device, format=format, verdict=verdict)
        found = list_evidence(work, wanted, after=read_cursor(after), limit=limit + 1)
        return page(found, limit=limit, by=lambda each: each.id)
