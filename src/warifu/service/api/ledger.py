"""/v1/ledger: the log that everything is recorded in, for whoever follows and witnesses it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from warifu.base.codec.text import to_base64
from warifu.service.api.access import JSON, needs
from warifu.service.api.answers import MAX_LIMIT, Limit
from warifu.service.api.media import in_forms, preferred
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.books.reading import (
    CheckpointTold,
    ConsistencyTold,
    CosignatureRequest,
    CosignatureTold,
    InclusionTold,
    LeavesTold,
    cosign,
    list_leaves,
    see_checkpoint,
    see_consistency,
    see_leaf,
)
from warifu.service.conduct.work import Work

TEXT = "text/plain"
MAX_PLACE = (1 << 53) - 1
"""What every reader of JSON can count to."""
_FORMS = (JSON, TEXT)
_IN_BOTH = in_forms(200, {JSON: Schema(), TEXT: Schema(type=OpenAPIType.STRING)})

First = Annotated[
    int, QueryParameter(ge=0, le=MAX_PLACE, description="Size of the checkpoint that you hold.")
]
Second = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=MAX_PLACE,
        required=False,
        description="Size of a later one; that of the newest unless given.",
    ),
]
AtSize = Annotated[
    int | None,
    QueryParameter(
        name="size",
        ge=0,
        le=MAX_PLACE,
        required=False,
        description="The checkpoint of exactly so many leaves; the newest unless given.",
    ),
]
From = Annotated[
    int, QueryParameter(name="from", ge=0, le=MAX_PLACE, description="The first place.")
]


class LedgerController(Controller):
    """The log of a tenant: append-only, salted, without anybody in it."""

    path = "/v1/ledger"
    tags = ("ledger",)

    @get(
        "/checkpoint",
        opt=needs(Scope.LEDGER),
        operation_class=_IN_BOTH,
        responses=problems(404, 406),
        sync_to_thread=True,
    )
    def checkpoint(
        self, request: Request[Any, Any, Any], work: Work, size: AtSize = None
    ) -> Response[CheckpointTold]:
        """The log's signed head; with ``Accept: text/plain`` the bare note (C2SP).

        Keep it, and ask for a consistency proof from it later: `warifu receipt follow` checks that
        nothing was rewritten.
        """
        wanted, _ = preferred(request.headers.get("accept"), _FORMS)
        told = see_checkpoint(work, size=size)
        return _in(wanted, told, told.checkpoint)

    @get("/leaves", opt=needs(Scope.LEDGER), sync_to_thread=True)
    def leaves(self, work: Work, first: From = 0, limit: Limit = MAX_LIMIT) -> LeavesTold:
        """Leaves in their order, as far as the newest checkpoint goes."""
        return list_leaves(work, first=first, limit=limit)

    @get(
        "/leaves/{leaf:str}",
        opt=needs(Scope.LEDGER),
        responses=problems(404),
        sync_to_thread=True,
    )
    def leaf(self, work: Work, leaf: str) -> InclusionTold:
        """A leaf, and the proof that it is in the log under the newest checkpoint."""
        return see_leaf(work, leaf)

    @get(
        "/consistency",
        opt=needs(Scope.LEDGER),
        operation_class=_IN_BOTH,
        responses=problems(404, 406),
        sync_to_thread=True,
    )
    def consistency(
        self,
        request: Request[Any, Any, Any],
        work: Work,
        first: First = 0,
        second: Second = None,
    ) -> Response[ConsistencyTold]:
        """The proof that the log of `second` leaves begins with that of `first`.

        With ``Accept: text/plain`` its hashes in base64, one on a line: the file that
        `warifu receipt follow` takes.
        """
        wanted, _ = preferred(request.headers.get("accept"), _FORMS)
        told = see_consistency(work, first=first, second=second)
        return _in(wanted, told, "".join(f"{to_base64(each)}\n" for each in told.proof))

    @post(
        "/cosignatures",
        opt=needs(Scope.LEDGER),
        responses=problems(404, 422),
        sync_to_thread=True,
    )
    def cosign(self, work: Work, data: CosignatureRequest) -> CosignatureTold:
        """What a witness signed (C2SP tlog-cosignature), verified before it is kept.

        Who may witness stands in the settings. Receipts wait for as many as those ask for.
        """
        return cosign(work, data)


def _in(wanted: str, told: object, text: str) -> Response[Any]:
    body = text.encode() if wanted == TEXT else msgspec.json.encode(told)
    return Response(content=body, media_type=wanted, headers={"Vary": "Accept"})
