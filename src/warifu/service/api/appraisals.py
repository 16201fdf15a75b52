"""Appraisals: fetched, signed for others, and made again under today's trust."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import QueryParameter

from warifu.attestation.appraisal.ear.document import EarProfile
from warifu.base.errors import Misuse
from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, After, Limit, Page, page, read_cursor, tagged
from warifu.service.api.media import ACCEPTABLE, OCTETS, in_forms, preferred
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.evidence.appraisal_view import (
    AppraisalSeen,
    AppraisalSummary,
    list_appraisals,
    see_appraisal,
)
from warifu.service.conduct.evidence.ear import CWT_MEDIA_TYPE, JWT_MEDIA_TYPE, PROFILES, issue_ear
from warifu.service.conduct.evidence.reappraisal import (
    ReappraisalAnswer,
    ReappraisalRequest,
    ReappraisalsAnswer,
    ReappraisalsRequest,
    reappraise,
    reappraise_many,
)
from warifu.service.conduct.work import Work
from warifu.service.store.reappraisal import AppraisalFilter

Filter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, required=False)]
Profile = Annotated[
    str | None,
    QueryParameter(
        pattern=f"^({'|'.join(PROFILES)})$",
        required=False,
        description="The vocabulary; draft-04 unless given here or as eat_profile in Accept.",
    ),
]
_TOKENS = (JWT_MEDIA_TYPE, CWT_MEDIA_TYPE)


class AppraisalController(Controller):
    """What was found of evidence, and what is found of it today."""

    path = "/v1"
    tags = ("appraisals",)

    @get(
        "/appraisals",
        summary="List appraisals",
        opt=needs(Scope.READ),
        responses=problems(),
        sync_to_thread=True,
    )
    def list_all(
        self,
        *,
        work: Work,
        app: Filter = None,
        device: Filter = None,
        evidence: Filter = None,
        status: Filter = None,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[AppraisalSummary]:
        """All appraisals of the tenant, newest first."""
        wanted = AppraisalFilter(app=app, device=device, evidence=evidence, status=status)
        found = list_appraisals(work, wanted, after=read_cursor(after), limit=limit + 1)
        return page(found, limit=limit, by=lambda each: each.id)

    @get(
        "/appraisals/{appraisal:str}",
        summary="Fetch an appraisal",
        opt=needs(Scope.READ),
        responses=problems(404),
        sync_to_thread=True,
    )
    def fetch(self, work: Work, appraisal: str) -> Response[AppraisalSeen]:
        """With its trust vectors and every finding behind them."""
        return tagged(see_appraisal(work, appraisal))

    @get(
        "/appraisals/{appraisal:str}/ear",
        summary="Fetch an appraisal as a signed result (EAR)",
        opt=needs(Scope.READ),
        operation_class=in_forms(200, dict.fromkeys(_TOKENS, OCTETS)),
        responses=problems(404, 406, 409),
        sync_to_thread=True,
    )
    def attest(
        self, request: Request[Any, Any, Any], work: Work, appraisal: str, profile: Profile = None
    ) -> Response[bytes]:
        """A JWT, or with ``Accept: application/eat+cwt`` a CWT, under a key of ``/v1/keys``.

        Only while the appraisal may be used; its time of issue is the appraisal's own. The nonce is
        the challenge that the evidence answered.
        """
        wanted, stated = preferred(request.headers.get("accept"), _TOKENS)
        named = stated.parameters.get("eat_profile") if stated else None
        token = issue_ear(work, appraisal, media_type=wanted, profile=_profile(profile, named))
        return Response(content=token.body, media_type=token.media_type, headers={"Vary": "Accept"})

    @post(
        "/evidence/{evidence:str}/appraisals",
        summary="Appraise stored evidence again",
        opt=needs(Scope.APPRAISE),
        responses=problems(404, 409, 410),
        sync_to_thread=True,
    )
    def appraise_again(
        self, work: Work, evidence: str, data: ReappraisalRequest
    ) -> ReappraisalAnswer:
        """Under today's trust and policy, for the time at which it was received.

        The answer says what changed. No decision can be made on the new appraisal itself, but
        decisions by keys that this evidence registered rest on it at once.
        """
        return reappraise(work, evidence, data)

    @post(
        "/reappraisals",
        summary="Appraise much stored evidence again",
        opt=needs(Scope.APPRAISE),
        responses=problems(410),
        status_code=200,
        sync_to_thread=True,
    )
    def appraise_many_again(self, work: Work, data: ReappraisalsRequest) -> ReappraisalsAnswer:
        """Newest first, a page at a time; only what changed is listed."""
        return reappraise_many(work, data)


def _profile(name: str | None, stated: str | None) -> EarProfile:
    """By our short name, else by its own, else the newest."""
    if name is not None:
        return PROFILES[name]
    if stated is None:
        return EarProfile.DRAFT_04
    try:
        return EarProfile(stated)
    except ValueError as error:
        raise Misuse(ACCEPTABLE, stated[:100]) from error
