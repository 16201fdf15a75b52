"""/v1/transactions/{id}/receipt: a file that shows a court or another bank what was approved."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from warifu.authentication.receipt.receipt import MEDIA_TYPE
from warifu.authentication.receipt.view import view
from warifu.service.api.access import JSON, needs
from warifu.service.api.answers import Tagged
from warifu.service.api.media import OCTETS, in_forms, preferred
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.books.issuing import issue_receipt
from warifu.service.conduct.work import Work

CBOR = "application/cbor"
_FORMS = (MEDIA_TYPE, JSON, CBOR)
Personal = Annotated[
    bool,
    QueryParameter(
        description="False leaves out all that is about a person: the text, the answer, the key,"
        " its evidence and its binding."
    ),
]


class ReceiptController(Controller):
    """Receipts of transactions that were answered."""

    path = "/v1/transactions"
    tags = ("transactions",)

    @get(
        "/{transaction_id:str}/receipt",
        summary="Fetch the receipt of a transaction",
        opt=needs(Scope.READ),
        operation_class=in_forms(
            200, {MEDIA_TYPE: OCTETS, JSON: Schema(type=OpenAPIType.OBJECT), CBOR: OCTETS}
        ),
        responses=problems(404, 406),
        sync_to_thread=True,
    )
    def receipt(
        self,
        request: Request[Any, Any, Any],
        work: Work,
        transaction_id: str,
        *,
        personal: Personal = True,
    ) -> Response[Any]:
        """A file (docs/formats/receipt.md) that `warifu receipt verify` checks offline.

        With ``Accept: application/json`` the same, to be read. It is there as soon as an answer
        brought the transaction to its outcome, and says `pending` until the log's checkpoint
        includes it: fetch it again after some seconds. Each fetch signs anew; the ETag stays.
        """
        wanted, _ = preferred(request.headers.get("accept"), _FORMS)
        made = issue_receipt(work, transaction_id, personal=personal)
        body = msgspec.json.encode(view(made.data)) if wanted == JSON else made.data
        etag = f'"{wanted.rpartition("/")[2]}-{made.etag[1:]}'
        headers = {"ETag": etag, "Vary": "Accept"}
        return Tagged(content=body, media_type=wanted, headers=headers)
