"""/v1/challenges: what a device must answer, for one operation, once."""

from __future__ import annotations

from litestar import Controller, Response, get, post

from warifu.service.api.access import needs
from warifu.service.api.answers import tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.challenges.challenge import (
    ChallengeAnswer,
    ChallengeRequest,
    ChallengeSeen,
    issue_challenge,
    see_challenge,
)
from warifu.service.conduct.work import Work


class ChallengeController(Controller):
    """Challenges."""

    path = "/v1/challenges"
    tags = ("challenges",)

    @post(opt=needs(Scope.DECIDE), responses=problems(404), sync_to_thread=True)
    def issue(self, work: Work, data: ChallengeRequest) -> ChallengeAnswer:
        """Issue a challenge for one operation.

        Hand the bytes to the app, which lets its key answer them. The same `app`, `operation`,
        `user`, `device` and `context` must be given with the evidence. The value is told here only.
        """
        return issue_challenge(work, data)

    @get(
        "/{challenge_id:str}",
        opt=needs(Scope.DECIDE),
        responses=problems(404),
        sync_to_thread=True,
    )
    def see(self, work: Work, challenge_id: str) -> Response[ChallengeSeen]:
        """Whether a challenge is open, used or expired."""
        return tagged(see_challenge(work, challenge_id))
