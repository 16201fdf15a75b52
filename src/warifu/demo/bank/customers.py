"""What a customer sees first: the door, logging in, and what is on the account."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from warifu.base.rule import Text
from warifu.demo.bank.books import CUSTOMERS
from warifu.demo.bank.pages import (
    LANGUAGE,
    SESSION,
    Asked,
    cookie,
    data,
    device,
    go,
    page,
    session,
    state,
)
from warifu.demo.bank.service import APP, RP_ID
from warifu.demo.bank.telling import done, refused

UNKNOWN = Text(
    ja="この端末は登録されていません。先に端末を登録してください。",
    en="This device is not registered. Please register it first.",
)
TOO_LATE = Text(
    ja="もう一度、はじめからお試しください。",
    en="Please start once more from the beginning.",
)


class LoginRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A passkey's answer."""

    challenge: str
    assertion: str
    """AuthenticationResponseJSON in standard base64."""


class CustomerController(Controller):
    """The door and the account."""

    @get("/", sync_to_thread=True)
    def door(self, request: Asked) -> Response[Any]:
        """Log in, or enrol."""
        if session(request) is not None:
            return go("/home")
        held = device(request)
        who = None if held is None else CUSTOMERS[held.user]
        pinned = {"verifier": state(request).verifier, "rp": RP_ID}
        return page(request, "door", who=who, pinned=pinned)

    @get("/language/{chosen:str}", sync_to_thread=False)
    def choose(
        self, request: Asked, chosen: FromPath[str], back: Annotated[str, QueryParameter()] = "/"
    ) -> Response[Any]:
        """Speak another language, on the same page."""
        del request
        is_here = back.startswith("/") and not back.startswith("//") and "\\" not in back
        wanted = chosen if chosen in {"ja", "en"} else "ja"
        return go(back if is_here else "/", cookie(LANGUAGE, wanted))

    @post("/login/challenge", status_code=200, sync_to_thread=True)
    def challenge(self, request: Asked) -> Response[Any]:
        """A challenge for the passkey of this device."""
        bank, held = state(request), device(request)
        if held is None:
            return refused(request, UNKNOWN)
        asked = {
            "app": APP,
            "operation": {"kind": "login"},
            "user": held.user,
            "device": held.device,
            "channel": "web",
        }
        issued = done(bank.warifu.ask("POST", "/v1/verifications/challenges", asked))
        bank.remember(issued["id"], asked)
        told = {name: issued[name] for name in ("id", "challenge", "operation", "purpose")}
        # Of several passkeys of one device the service takes the one that was bound last.
        credentials = list(held.credentials.values())[-1:]
        who = {"user": held.user, "device": held.device, "channel": issued["channel"]}
        return data({**told, **who, "credentials": credentials})

    @post("/login", status_code=200, sync_to_thread=True)
    def log_in(self, request: Asked, data: JSONBody[LoginRequest]) -> Response[Any]:
        """Log in by the passkey's answer."""
        return _log_in(request, data)

    @post("/logout", status_code=200, sync_to_thread=True)
    def log_out(self, request: Asked) -> Response[Any]:
        """Leave."""
        state(request).log_out(request.cookies.get(SESSION))
        return go("/", cookie(SESSION, ""))

    @get("/home", sync_to_thread=True)
    def home(self, request: Asked) -> Response[Any]:
        """What is on the account, what happened, and what waits for an answer."""
        bank, present = state(request), session(request)
        if present is None:
            return go("/")
        books = bank.books
        asked = bank.warifu.get(
            f"/v1/transactions?user={present.user}&device={present.device.device}&state=asked"
        )
        return page(
            request,
            "home",
            who=CUSTOMERS[present.user],
            balance=books.balance(present.user),
            available=books.available(present.user),
            entries=books.entries(present.user),
            waiting=[each for each in asked["items"] if each["state"] == "asked"],
            case=_open_case(request, present.user),
        )


def _log_in(request: Asked, sent: LoginRequest) -> Response[Any]:
    bank, held = state(request), device(request)
    asked = bank.recall(sent.challenge)
    if held is None or asked is None or asked["device"] != held.device:
        return refused(request, TOO_LATE)
    asked = {**asked, "method": "passkey", "challenge": sent.challenge, "data": sent.assertion}
    done(bank.warifu.ask("POST", "/v1/verifications", asked))
    return data({"next": "/home"}, cookie(SESSION, bank.log_in(held)))


def _open_case(request: Asked, user: str) -> dict[str, Any] | None:
    """The case that holds the customer's money, if one is open."""
    cases = state(request).warifu.get("/v1/cases?open=true&limit=100")["items"]
    return next((each for each in cases if each["user"] == user), None)
