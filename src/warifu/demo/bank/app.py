"""The demo bank's web application."""

from __future__ import annotations

from traceback import print_exception
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Response, get
from litestar.datastructures import State as Shared
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath

from warifu.demo.bank.customers import CustomerController
from warifu.demo.bank.desk import DeskController, DoorController
from warifu.demo.bank.enrolling import EnrolController
from warifu.demo.bank.pages import HEADERS, STATIC, TYPES, Asked, data, page
from warifu.demo.bank.receipts import ReceiptController
from warifu.demo.bank.telling import RefusedError, tell
from warifu.demo.bank.transfers import TransferController

if TYPE_CHECKING:
    from warifu.demo.bank.state import State


def make_bank(state: State) -> Litestar:
    """The application.

    Args:
        state: What the bank remembers, and the service that it asks.
    """
    return Litestar(
        route_handlers=[
            static,
            icon,
            CustomerController,
            DeskController,
            DoorController,
            EnrolController,
            ReceiptController,
            TransferController,
        ],
        state=Shared({"bank": state}),
        before_request=_same_origin,
        exception_handlers={HTTPException: _told, RefusedError: tell, Exception: _failed},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


@get("/static/{name:str}", sync_to_thread=False)
def static(name: FromPath[str]) -> Response[bytes]:
    """A style sheet, a script or an image."""
    content = STATIC.get(name)
    if content is None:
        raise NotFoundException
    media_type = TYPES[name.rpartition(".")[2]]
    return Response(content=content, media_type=media_type, headers=HEADERS)


@get("/favicon.ico", sync_to_thread=False)
def icon() -> Response[bytes]:
    """The same sign as on the pages."""
    return Response(content=STATIC["maple.svg"], media_type=TYPES["svg"], headers=HEADERS)


def _same_origin(request: Asked) -> Response[Any] | None:
    """Refuse what another site makes a browser send, and other names of this machine."""
    origin = request.app.state.bank.origin
    is_ours = request.headers.get("host") == origin.partition("://")[2]
    if request.method != "GET":
        is_ours = is_ours and request.headers.get("origin") == origin
    if is_ours:
        return None
    return data({"error": f"only {origin} asks here"}, status=403)


def _told(request: Asked, error: HTTPException) -> Response[Any]:
    return page(request, "trouble", status=error.status_code, reasons=())


def _failed(request: Asked, error: Exception) -> Response[Any]:
    """Something of ours broke: its trace is for the terminal, not for the page."""
    print_exception(error)
    return page(request, "trouble", status=500, reasons=())
