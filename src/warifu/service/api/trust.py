"""Trust: what is believed now, or was earlier."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import QueryParameter

from warifu.service.api.access import needs
from warifu.service.api.answers import tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.looking_up.believed import TrustAnswer, see_trust
from warifu.service.conduct.work import Work

KnownAt = Annotated[
    datetime | None,
    QueryParameter(
        name="known_at",
        required=False,
        description="An earlier moment, RFC 3339 with a UTC offset; now unless given.",
    ),
]


class TrustController(Controller):
    """Anchors, revocation list, FIDO metadata and boot keys."""

    path = "/v1/trust"
    tags = ("trust",)

    @get(
        "/",
        summary="See what is believed",
        opt=needs(Scope.READ),
        responses=problems(),
        sync_to_thread=True,
    )
    def fetch(self, work: Work, known_at: KnownAt = None) -> Response[TrustAnswer]:
        """Digests, when learned and confirmed, how old, and whether stale; now or earlier."""
        return tagged(see_trust(work, known_at))
