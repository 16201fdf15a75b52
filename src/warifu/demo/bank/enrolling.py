"""Enrolling a phone: from a code of the counter to a passkey that both sides have seen.

The phone checks the code before it sends anything, makes its own digits, and never learns ours.
"""

from __future__ import annotations

from base64 import b64encode
from secrets import token_urlsafe
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct
from msgspec.structs import replace

from warifu.base.rule import Text
from warifu.demo.bank.books import CUSTOMERS
from warifu.demo.bank.pages import DEVICE, Asked, cookie, data, language, page, state
from warifu.demo.bank.service import RP_ID
from warifu.demo.bank.state import Enrolment
from warifu.demo.bank.telling import done, refused, say

_NO_CODE = Text(
    ja="この登録コードは、当行の窓口で発行したものではないか、有効期限が切れています。",
    en="This code was not issued at our counter, or it is no longer valid.",
)


class Commitment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the phone commits to. All bytes are in standard base64."""

    commitment: str


class Proved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phone's nonce, and its new passkey."""

    nonce: str
    evidence: str
    """RegistrationResponseJSON."""
    credential: str
    """Its id, base64url."""


class Confirmed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer says that the digits are the same."""

    fingerprint: str
    proof: str
    """AuthenticationResponseJSON over the confirmation."""


class EnrolController(Controller):
    """Enrolment, from the phone's side."""

    path = "/enrol"

    @get(sync_to_thread=True)
    def begin(self, request: Asked) -> Response[Any]:
        """Take a code. It comes after ``#``, which browsers send to nobody."""
        bank = state(request)
        pinned = {"verifier": bank.verifier, "keys": bank.pinned, "rp": RP_ID}
        return page(request, "enrol", pinned=pinned)

    @post("/{activation:str}/options", status_code=200, sync_to_thread=True)
    def options(self, request: Asked, activation: FromPath[str]) -> Response[Any]:
        """For whom the passkey is made."""
        found = state(request).enrolment(activation)
        if found is None or found.state != "begun":
            return refused(request, _NO_CODE, status=404)
        name = CUSTOMERS[found.user].name
        return data(
            {
                "user": found.user,
                "name": say(name, request),
                "handle": found.handle,
                "kind": found.kind,
                "device": found.device,
            }
        )

    @post("/{activation:str}/commitment", status_code=200, sync_to_thread=True)
    def commit(
        self, request: Asked, activation: FromPath[str], data: JSONBody[Commitment]
    ) -> Response[Any]:
        """Hold the phone to its key; then tell it our nonce."""
        return _pass_on(request, activation, "commitment", {"commitment": data.commitment})

    @post("/{activation:str}/proof", status_code=200, sync_to_thread=True)
    def prove(
        self, request: Asked, activation: FromPath[str], data: JSONBody[Proved]
    ) -> Response[Any]:
        """Take the passkey. What comes back never has the digits."""
        return _prove(request, activation, data)

    @post("/{activation:str}/confirm", status_code=200, sync_to_thread=True)
    def confirm(
        self, request: Asked, activation: FromPath[str], data: JSONBody[Confirmed]
    ) -> Response[Any]:
        """The phone's side of the comparison."""
        bank, found = state(request), state(request).enrolment(activation)
        if found is None:
            return refused(request, _NO_CODE, status=404)
        sent = {"side": "device", "fingerprint": data.fingerprint, "proof": data.proof}
        done(bank.warifu.ask("POST", f"/v1/activations/{activation}/confirm", sent))
        return _state(request, activation)

    @post("/{activation:str}/reject", status_code=200, sync_to_thread=True)
    def reject(self, request: Asked, activation: FromPath[str]) -> Response[Any]:
        """The digits differ: somebody is in between."""
        return _pass_on(request, activation, "reject", None)

    @get("/{activation:str}/state", sync_to_thread=True)
    def see(self, request: Asked, activation: FromPath[str]) -> Response[Any]:
        """How far it has come."""
        return _state(request, activation)


def _pass_on(request: Asked, activation: str, step: str, body: object) -> Response[Any]:
    bank = state(request)
    if bank.enrolment(activation) is None:
        return refused(request, _NO_CODE, status=404)
    answer = done(bank.warifu.ask("POST", f"/v1/activations/{activation}/{step}", body))
    return data({name: answer.get(name) for name in ("nonce", "state")})


def _prove(request: Asked, activation: str, sent: Proved) -> Response[Any]:
    bank, found = state(request), state(request).enrolment(activation)
    if found is None:
        return refused(request, _NO_CODE, status=404)
    evidence = {
        "media_type": "application/vnd.warifu.webauthn+json",
        "data": sent.evidence,
        "user_handle": b64encode(found.handle).decode(),
    }
    body = {"nonce": sent.nonce, "kind": found.kind, "evidence": evidence}
    answer = done(bank.warifu.ask("POST", f"/v1/activations/{activation}/proof", body))
    reasons = [each[language(request)] for each in answer["reasons"]]
    if answer["state"] != "proved":
        return data({"state": answer["state"], "reasons": reasons})
    holder = request.cookies.get(DEVICE) if found.kind != "webauthn" else None
    holder = holder or token_urlsafe(24)
    bank.keep(
        replace(
            found,
            fingerprint=answer["fingerprint"],
            credential=sent.credential,
            cookie=holder,
            state="proved",
        )
    )
    return data({"state": "proved", "reasons": reasons}, cookie(DEVICE, holder))


def _state(request: Asked, activation: str) -> Response[Any]:
    found = state(request).enrolment(activation)
    if found is None:
        return refused(request, _NO_CODE, status=404)
    return data({"state": settled(request, found).state})


def settled(request: Asked, found: Enrolment) -> Enrolment:
    """An enrolment as it stands now; where both sides have confirmed, the device is ours."""
    bank = state(request)
    if found.state == "bound":
        return found
    stands = bank.warifu.get(f"/v1/activations/{found.activation}")["state"]
    if stands == "confirmed":
        bank.bind(found)
        return replace(found, state="bound")
    return replace(found, state=stands)
