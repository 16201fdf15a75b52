"""Receipts: a file that shows anybody what was approved, and how to check it without asking us."""

from __future__ import annotations

import json
from typing import Any

from litestar import Controller, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from warifu.demo.bank.pages import Asked, download, go, page, session, state
from warifu.demo.bank.transfers import own

CBOR, JSON = "application/cbor", "application/json"
LOG_KEYS = "kaede-bank.keys"


class ReceiptController(Controller):
    """Receipts of somebody who is logged in."""

    @get("/transactions/{name:str}/receipt", sync_to_thread=True)
    def see(self, request: Asked, name: FromPath[str]) -> Response[Any]:
        """What is in it."""
        if session(request) is None:
            return go("/")
        view = json.loads(_receipt(request, name, JSON))
        return page(
            request,
            "receipt",
            transaction=name,
            file=f"{_file_name(name)}.cbor",
            keys=LOG_KEYS,
            view=view,
            pretty=json.dumps(view, ensure_ascii=False, indent=2),
        )

    @get("/transactions/{name:str}/receipt.cbor", sync_to_thread=True)
    def cbor(self, request: Asked, name: FromPath[str]) -> Response[Any]:
        """The file that is checked."""
        return download(_receipt(request, name, CBOR), f"{_file_name(name)}.cbor", CBOR)

    @get("/transactions/{name:str}/receipt.json", sync_to_thread=True)
    def view(self, request: Asked, name: FromPath[str]) -> Response[Any]:
        """The same, to be read."""
        return download(_receipt(request, name, JSON), f"{_file_name(name)}.json", JSON)

    @get(f"/{LOG_KEYS}", sync_to_thread=True)
    def keys(self, request: Asked) -> Response[Any]:
        """The log's keys. A real bank also prints them where nobody can change them later."""
        answer = state(request).warifu.ask("GET", "/v1/ledger/checkpoint")
        if answer.code:
            raise NotFoundException
        lines = "".join(f"{key}\n" for key in answer.document["keys"])
        return download(lines.encode(), LOG_KEYS, "text/plain; charset=utf-8")


def _receipt(request: Asked, name: str, media_type: str) -> bytes:
    """The receipt of the customer's own transaction."""
    found = own(request, name)
    data = found and state(request).warifu.file(f"/v1/transactions/{name}/receipt", media_type)
    if not data:
        raise NotFoundException
    return data


def _file_name(name: str) -> str:
    return f"receipt-{name[-12:]}"
