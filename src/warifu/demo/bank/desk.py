"""The clerk's pages: customers and their devices, cases, hand-offs, the ledger."""

from __future__ import annotations

from hmac import compare_digest
from secrets import token_urlsafe
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.params import Body, FromPath, QueryParameter

from warifu.base.rule import Text
from warifu.demo.bank.books import CUSTOMERS, ELSEWHERE, Stage
from warifu.demo.bank.enrolling import settled
from warifu.demo.bank.pages import CLERK, Asked, cookie, go, language, page, state
from warifu.demo.bank.service import APP
from warifu.demo.bank.state import Enrolment
from warifu.demo.bank.telling import done, sentence
from warifu.demo.bank.transfers import transaction

CHANGES = ("suspend", "resume", "revoke", "make-primary")
STOLEN_AMOUNT = 480_000
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def clerks_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse whoever has not signed in with the clerk's link.

    Raises:
        PermissionDeniedException: They have not.
    """
    key = connection.app.state.bank.clerk_key
    if not compare_digest(connection.cookies.get(CLERK, "").encode(), key.encode()):
        raise PermissionDeniedException


class DoorController(Controller):
    """The clerk's way in."""

    @get("/clerk/{key:str}", sync_to_thread=True)
    def sign_in(self, request: Asked, key: FromPath[str]) -> Response[Any]:
        """The link that the terminal shows."""
        if not compare_digest(key.encode(), state(request).clerk_key.encode()):
            raise PermissionDeniedException
        return go("/desk", cookie(CLERK, key))


class DeskController(Controller):
    """The desk."""

    path = "/desk"
    guards = (clerks_only,)

    @get(sync_to_thread=True)
    def customers(self, request: Asked) -> Response[Any]:
        """Customers, their devices, and enrolments on their way."""
        bank = state(request)
        bindings = {
            user: bank.warifu.get(f"/v1/bindings?user={user}")["items"] for user in CUSTOMERS
        }
        on_their_way = [settled(request, each) for each in bank.enrolments()]
        return page(
            request,
            "desk",
            customers=CUSTOMERS,
            bindings=bindings,
            enrolments=on_their_way,
            devices={user: bank.device_of(user) for user in CUSTOMERS},
        )

    @post("/enrolments", sync_to_thread=True)
    def enrol(self, request: Asked, data: Form) -> Response[Any]:
        """Issue a code to a customer who is at the counter."""
        bank, user = state(request), data.get("user", "")
        if user not in CUSTOMERS:
            raise NotFoundException
        kind = "secure-payment" if data.get("kind") == "secure-payment" else "webauthn"
        held = bank.device_of(user)
        device = held.device if held and kind != "webauthn" else f"browser-{token_urlsafe(6)}"
        asked = {"app": APP, "user": user, "device": device}
        begun = done(bank.warifu.ask("POST", "/v1/activations", asked))
        bank.keep(
            Enrolment(
                activation=begun["id"],
                user=user,
                device=device,
                code=begun["code"],
                kind=kind,
                handle=bank.handle_of(user, kind),
                expires_at=begun["expires_at"],
            )
        )
        return go(f"/desk/enrolments/{begun['id']}")

    @get("/enrolments/{activation:str}", sync_to_thread=True)
    def enrolment(self, request: Asked, activation: FromPath[str]) -> Response[Any]:
        """A code, and after the phone's proof the digits."""
        found = _enrolment(request, activation)
        link = f"{state(request).origin}/enrol#{found.code}"
        return _show(request, found, link)

    @post("/enrolments/{activation:str}/digits", sync_to_thread=True)
    def compare(self, request: Asked, activation: FromPath[str], data: Form) -> Response[Any]:
        """The digits that the customer read out."""
        found = _enrolment(request, activation)
        digits = "".join(data.get("digits", "").split())
        sent = {"side": "bank", "fingerprint": digits}
        if not (digits.isascii() and digits.isdigit() and len(digits) == 8):
            return _show(request, found, None, wrong=_EIGHT)
        answer = state(request).warifu.ask("POST", f"/v1/activations/{activation}/confirm", sent)
        if answer.code:
            why = sentence(answer, language(request))
            return _show(request, _enrolment(request, activation), None, wrong=Text(ja=why, en=why))
        return go(f"/desk/enrolments/{activation}")

    @post("/enrolments/{activation:str}/reject", sync_to_thread=True)
    def reject(self, request: Asked, activation: FromPath[str]) -> Response[Any]:
        """They differ."""
        found = _enrolment(request, activation)
        step = "reject" if found.state in _COMPARING else "cancel"
        done(state(request).warifu.ask("POST", f"/v1/activations/{activation}/{step}"))
        return go(f"/desk/enrolments/{activation}")

    @post("/bindings/{binding:str}/{change:str}", sync_to_thread=True)
    def change(
        self, request: Asked, binding: FromPath[str], change: FromPath[str], data: Form
    ) -> Response[Any]:
        """Suspend, resume or revoke a device, or make it the primary one."""
        if change not in CHANGES:
            raise NotFoundException
        body = {"by": "clerk", "reason": data.get("reason", "").strip() or "at the counter"}
        if change in {"suspend", "resume"}:
            body["hold"] = data.get("hold", "bank")
        done(state(request).warifu.ask("POST", f"/v1/bindings/{binding}/{change}", body))
        return go("/desk")

    @post("/theft", sync_to_thread=True)
    def steal(self, request: Asked, data: Form) -> Response[Any]:
        """Play somebody who has got into a customer's session, and sends money to themselves."""
        bank, user = state(request), data.get("user", "")
        held = bank.device_of(user)
        if held is None:
            raise NotFoundException
        asked = transaction(
            request,
            user=user,
            device=held.device,
            payee=ELSEWHERE[-1],
            amount=STOLEN_AMOUNT,
            purpose="",
            created_by={"session": f"somebody-{token_urlsafe(6)}"},
        )
        done(bank.warifu.ask("POST", "/v1/transactions", asked))
        return go("/desk")

    @get("/cases", sync_to_thread=True)
    def cases(
        self,
        request: Asked,
        *,
        only_open: Annotated[bool, QueryParameter(name="open")] = False,
    ) -> Response[Any]:
        """What customers disowned."""
        flag = "true" if only_open else "false"
        found = state(request).warifu.get(f"/v1/cases?open={flag}")["items"]
        return page(request, "cases", cases=found, customers=CUSTOMERS)

    @post("/cases/{case:str}/close", sync_to_thread=True)
    def close(self, request: Asked, case: FromPath[str], data: Form) -> Response[Any]:
        """Close a case, with a note."""
        body = {"note": data.get("note", "").strip() or "-"}
        done(state(request).warifu.ask("POST", f"/v1/cases/{case}/close", body))
        return go("/desk/cases")

    @get("/hand-offs", sync_to_thread=True)
    def hand_offs(self, request: Asked) -> Response[Any]:
        """What core banking has to carry out, and what it has."""
        bank = state(request)
        due = bank.warifu.get("/v1/hand-offs")["items"]
        settled_ones = bank.warifu.get("/v1/transactions?state=acknowledged")["items"]
        return page(request, "hand_offs", due=due, settled=settled_ones, customers=CUSTOMERS)

    @post("/hand-offs", sync_to_thread=True)
    def carry_out(self, request: Asked) -> Response[Any]:
        """Play core banking: take, book, acknowledge; each once."""
        bank = state(request)
        for each in bank.warifu.get("/v1/hand-offs")["items"]:
            path = f"/v1/hand-offs/{each['id']}"
            done(bank.warifu.ask("POST", f"{path}/take"))
            bank.books.settle(each["id"], Stage.BOOKED)
            reference = {"reference": f"CORE-{each['id'][-8:].upper()}"}
            done(bank.warifu.ask("POST", f"{path}/acknowledge", reference))
        return go("/desk/hand-offs")

    @get("/ledger", sync_to_thread=True)
    def ledger(self, request: Asked) -> Response[Any]:
        """The last checkpoint of the log."""
        answer = state(request).warifu.ask("GET", "/v1/ledger/checkpoint")
        found = None if answer.code else answer.document
        return page(request, "ledger", found=found)


_COMPARING = frozenset({"proved", "device-confirmed", "bank-confirmed"})
_EIGHT = Text(ja="8桁の数字を入力してください。", en="Please enter eight digits.")


def _enrolment(request: Asked, activation: str) -> Enrolment:
    found = state(request).enrolment(activation)
    if found is None:
        raise NotFoundException
    return settled(request, found)


def _show(
    request: Asked, found: Enrolment, link: str | None, wrong: Text | None = None
) -> Response[Any]:
    return page(
        request,
        "enrolment",
        status=200 if wrong is None else 422,
        found=found,
        who=CUSTOMERS[found.user],
        link=link or f"{state(request).origin}/enrol#{found.code}",
        comparing=found.state in _COMPARING,
        wrong=wrong,
    )
