"""Transfers: the form, the check of the payee's name, what is approved, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody, QueryParameter
from msgspec import Struct

from warifu.authentication.transaction.encoding import decode
from warifu.base.codec.text import from_base64url
from warifu.base.rule import Text
from warifu.demo.bank.books import (
    BANKS,
    KNOWN_PAYEES,
    Account,
    Checked,
    Entry,
    Stage,
    check_name,
)
from warifu.demo.bank.pages import Asked, data, go, language, page, session, state
from warifu.demo.bank.service import APP, RP_ID
from warifu.demo.bank.telling import done

MAX_DIGITS = 9
MONTH = 30 * 86_400
SPENDS = frozenset({"approved", "held"})
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

_AMOUNT = Text(ja="金額は1円以上の数字で入力してください。", en="Please enter an amount in yen.")
_ACCOUNT = Text(
    ja="支店番号は3桁、口座番号は7桁の数字で入力してください。",
    en="A branch has three digits, an account seven.",
)
_NAME = Text(ja="お受取人名をカナで入力してください。", en="Please enter the payee's name in kana.")


class Proved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer of the phone."""

    kind: str
    data: str
    """The container of its kind, in standard base64."""


class TransferController(Controller):
    """Transfers of somebody who is logged in."""

    @get("/transfer", sync_to_thread=True)
    def form(
        self, request: Asked, payee: Annotated[int | None, QueryParameter(required=False)] = None
    ) -> Response[Any]:
        """To whom."""
        if session(request) is None:
            return go("/")
        chosen = (
            KNOWN_PAYEES[payee] if payee is not None and 0 <= payee < len(KNOWN_PAYEES) else None
        )
        return _form(request, chosen or Account(bank="0001", branch="", account="", name=""))

    @post("/transfer/check", status_code=200, sync_to_thread=True)
    def check(self, request: Asked, data: Form) -> Response[Any]:
        """What the payee's bank says of the name; then: how much."""
        if session(request) is None:
            return go("/")
        payee, wrong = _payee(data)
        if wrong is not None:
            return _form(request, payee, wrong)
        return _amount(request, payee, "", "")

    @post("/transfer", status_code=200, sync_to_thread=True)
    def ask(self, request: Asked, data: Form) -> Response[Any]:
        """Make a transaction of it, for this device to answer."""
        present = session(request)
        if present is None:
            return go("/")
        payee, wrong = _payee(data)
        amount, purpose = data.get("amount", "").replace(",", ""), data.get("purpose", "").strip()
        if wrong is not None:
            return _form(request, payee, wrong)
        is_number = amount.isascii() and amount.isdigit() and len(amount) <= MAX_DIGITS
        if not is_number or int(amount) == 0:
            return _amount(request, payee, amount, purpose, wrong=_AMOUNT)
        asked = transaction(
            request,
            user=present.user,
            device=present.device.device,
            payee=payee,
            amount=int(amount),
            purpose=purpose,
            created_by={"device": present.device.device, "session": present.name},
        )
        if "secure-payment" in present.device.credentials:
            asked["payment"] = _payment(request)
        made = done(state(request).warifu.ask("POST", "/v1/transactions", asked))
        return go(f"/transactions/{made['id']}")

    @get("/transactions/{name:str}", sync_to_thread=True)
    def see(self, request: Asked, name: FromPath[str]) -> Response[Any]:
        """What is to be answered, or what came of it."""
        present = session(request)
        found = None if present is None else own(request, name)
        if present is None or found is None:
            return go("/home")
        if found["state"] == "asked":
            pinned = {
                "rp": RP_ID,
                "transaction": found["transaction"],
                "credentials": present.device.credentials,
                "payment": _payment(request)
                if "secure-payment" in present.device.credentials
                else None,
                "answer": f"/transactions/{name}/answer",
            }
            return page(request, "confirm", found=found, pinned=pinned)
        return page(request, "outcome", found=found, told=state(request).outcome(name))

    @post("/transactions/{name:str}/answer", status_code=200, sync_to_thread=True)
    def answer(self, request: Asked, name: FromPath[str], data: JSONBody[Proved]) -> Response[Any]:
        """Pass the phone's answer on, and book what it came to."""
        return _answer(request, name, data)


def transaction(
    request: Asked,
    *,
    user: str,
    device: str,
    payee: Account,
    amount: int,
    purpose: str,
    created_by: dict[str, str],
) -> dict[str, Any]:
    """What warifu is asked to have confirmed."""
    bank = BANKS[payee.bank]
    told = language(request)
    names = {"name": bank.name, "branch": bank.branches.get(payee.branch)}
    plain = {key: text and (text.ja if told == "ja" else text.en) for key, text in names.items()}
    left = state(request).books.limit_left(user)
    asked: dict[str, Any] = {
        "app": APP,
        "user": user,
        "device": device,
        "kind": "transfer",
        "language": told,
        "amount": {"minor": amount, "currency": "JPY"},
        "payee": {
            "name": payee.name,
            "name_check": check_name(**_parts(payee)),
            "bank": payee.bank,
            "bank_name": plain["name"],
            "branch": payee.branch,
            "branch_name": plain["branch"],
            "account_type": "ordinary",
            "account": payee.account,
        },
        "created_by": created_by,
        "bank": {"account": {"limit_left": left, "recovering": False}},
        "payee_known": payee in KNOWN_PAYEES,
        "payee_known_seconds": MONTH if payee in KNOWN_PAYEES else None,
    }
    return asked | ({"purpose": purpose} if purpose else {})


def _payment(request: Asked) -> dict[str, Any]:
    """What the browser shows, where it confirms payments itself."""
    origin = state(request).origin
    card = {"display_name": "Kaede Bank", "icon": f"{origin}/static/card.png"}
    return {"top_origin": origin, "instrument": {**card, "icon_must_be_shown": False}}


def _parts(payee: Account) -> dict[str, str]:
    return {
        "bank": payee.bank,
        "branch": payee.branch,
        "account": payee.account,
        "name": payee.name,
    }


def _payee(sent: dict[str, str]) -> tuple[Account, Text | None]:
    bank = sent.get("bank", "")
    payee = Account(
        bank=bank if bank in BANKS else "0001",
        branch=sent.get("branch", "").strip(),
        account=sent.get("account", "").strip(),
        name=" ".join(sent.get("name", "").split()),
    )
    if not _digits(payee.branch, 3) or not _digits(payee.account, 7):
        return payee, _ACCOUNT
    return payee, None if payee.name else _NAME


def _digits(value: str, count: int) -> bool:
    return value.isascii() and value.isdigit() and len(value) == count


def _form(request: Asked, payee: Account, wrong: Text | None = None) -> Response[Any]:
    status = 200 if wrong is None else 422
    return page(
        request,
        "transfer",
        status=status,
        payee=payee,
        known=KNOWN_PAYEES,
        banks=BANKS,
        wrong=wrong,
    )


def _amount(
    request: Asked, payee: Account, amount: str, purpose: str, *, wrong: Text | None = None
) -> Response[Any]:
    present = session(request)
    return page(
        request,
        "amount",
        status=200 if wrong is None else 422,
        payee=payee,
        bank=BANKS[payee.bank],
        checked=check_name(**_parts(payee)),
        may_go_on=check_name(**_parts(payee)) is not Checked.DIFFERS,
        amount=amount,
        purpose=purpose,
        left=state(request).books.limit_left(present.user) if present else 0,
        wrong=wrong,
    )


def own(request: Asked, name: str) -> dict[str, Any] | None:
    """A transaction of whoever is logged in; of anybody else there is none."""
    present = session(request)
    answer = state(request).warifu.ask("GET", f"/v1/transactions/{name}")
    if present is None or answer.code or answer.document["user"] != present.user:
        return None
    return answer.document


def _answer(request: Asked, name: str, sent: Proved) -> Response[Any]:
    bank, present = state(request), session(request)
    found = own(request, name)
    if present is None or found is None:
        return data({"next": "/"}, status=200)
    body = {
        "device": present.device.device,
        "proof": {"kind": sent.kind, "data": sent.data},
        "bank": {
            "account": {"limit_left": bank.books.limit_left(present.user), "recovering": False}
        },
    }
    told = done(bank.warifu.ask("POST", f"/v1/transactions/{name}/answer", body))
    reasons = [each["customer"][language(request)] for each in told["reasons"]]
    bank.tell(name, {**told, "why": reasons})
    if told["state"] in SPENDS:
        bank.books.approve(present.user, _entry(bank.warifu.get(f"/v1/transactions/{name}")))
    if told["end_session"] is not None:
        bank.end_session(told["end_session"])
    if told["state"] == "asked":
        return data({"error": " ".join(reasons)}, status=409)
    return data({"next": f"/transactions/{name}"})


def _entry(found: dict[str, Any]) -> Entry:
    """What is pending until core banking has it."""
    made = decode(from_base64url(found["transaction"]))
    payee = made.payee.name if made.payee else ""
    return Entry(
        at=made.at,
        title=Text(ja=f"振込　{payee}", en=f"Transfer to {payee}"),
        amount=-made.amount.minor if made.amount else 0,
        stage=Stage.PENDING,
        transaction=found["id"],
    )
