"""A bank that lets its customers confirm, and a phone whose own display shows and signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.service.binding.customers import AndroidPhone, Desk
from tests.service.house import APP
from tests.service.phones import IN_ORDER
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.value import Kind, Language, NameCheck
from warifu.base.codec.text import from_base64url
from warifu.handset import confirmation as device
from warifu.handset import der_writer as w
from warifu.service.conduct.confirming import asked, asking, cancelling, handing_off
from warifu.service.conduct.confirming.answering import answer
from warifu.service.conduct.confirming.cases import (
    CaseTold,
    CloseRequest,
    close_case,
    list_cases,
)

if TYPE_CHECKING:
    from warifu.handset.android_key import AndroidEvidence
    from warifu.service.conduct.binding.bindings import BindingSeen
    from warifu.service.conduct.confirming.told import OutcomeTold, TransactionTold

USER = "hanako"
PHONE = "hanakos-phone"
TABLET = "hanakos-tablet"
OK, NG = device.OK, device.NG
CHANGED_MIND, DETAILS_WRONG, NOT_ME = device.CHANGED_MIND, device.DETAILS_WRONG, device.NOT_ME
CONFIRMATION_REQUIRED, NO_AUTH_REQUIRED, USER_AUTH_TYPE = 508, 503, 504


def behind_display(made: AndroidEvidence) -> None:
    """A key that signs only what the phone's own display showed, after PIN or biometrics."""
    hardware = made.description.hardware
    hardware.remove(NO_AUTH_REQUIRED)
    hardware.set(USER_AUTH_TYPE, w.integer(2))
    hardware.set(CONFIRMATION_REQUIRED, w.null())


def display_phone() -> AndroidPhone:
    """A phone with Android's protected confirmation."""
    return AndroidPhone(kind=ProofKind.PROTECTED_CONFIRMATION, change=behind_display)


@dataclass(kw_only=True)
class Counter(Desk):
    """The bank, and Hanako's phone."""

    phone: AndroidPhone = field(default_factory=display_phone)

    def enrol(
        self, phone: AndroidPhone | None = None, *, user: str = USER, name: str = PHONE
    ) -> BindingSeen:
        """Bind a phone."""
        enrolment = self.enrolment(phone or self.phone, user=user, device=name)
        return enrolment.finish()

    def ask(self, **changed: Any) -> TransactionTold:
        """A transfer of 10,000 yen on the phone, unless something else is said."""
        return asking.ask(self.work(), self.request(**changed))

    def request(self, **changed: Any) -> asked.TransactionRequest:
        """The same, not sent yet."""
        members: dict[str, Any] = {
            "app": APP,
            "user": USER,
            "device": PHONE,
            "kind": Kind.TRANSFER,
            "language": Language.JA,
            "amount": asked.AskedAmount(minor=10_000, currency="JPY"),
            "payee": payee(),
            "bank": IN_ORDER,
            "payee_known": True,
            "payee_known_seconds": 90 * 86_400,
            **changed,
        }
        return asked.TransactionRequest(**members)

    def proof(
        self,
        told: TransactionTold,
        verdict: int = OK,
        reason: int | None = None,
        *,
        phone: AndroidPhone | None = None,
        **changed: Any,
    ) -> asked.Proof:
        """What the phone makes of an answer; a refusal is signed by the device key alone."""
        key = (phone or self.phone).key
        if verdict == NG:
            data = device.refuse(bytes_of(told), reason or CHANGED_MIND, key)
            return asked.Proof(kind=ProofKind.DEVICE_KEY, data=data)
        members = {
            "prompt": told.text,
            "extra": device.answer_to(bytes_of(told), verdict, reason),
            "key": key,
            **changed,
        }
        draft = device.ProtectedConfirmationDraft(**members)
        return asked.Proof(kind=ProofKind.PROTECTED_CONFIRMATION, data=draft.encode())

    def send(
        self, told: TransactionTold, proof: asked.Proof | None = None, **changed: Any
    ) -> OutcomeTold:
        """An answer passed on; an OK unless another proof is given."""
        members = {"device": told.device, "proof": proof or self.proof(told), **changed}
        return answer(self.work(), told.id, asked.AnswerRequest(**members))

    def refuse(self, told: TransactionTold, reason: int = CHANGED_MIND) -> OutcomeTold:
        """An NG."""
        return self.send(told, self.proof(told, NG, reason))

    def see(self, told: TransactionTold | OutcomeTold | str) -> TransactionTold:
        """As it stands."""
        name = told if isinstance(told, str) else getattr(told, "id", "") or told.transaction
        assert name
        return asking.see(self.work(), name)

    def cancel(self, told: TransactionTold) -> TransactionTold:
        """Taken back."""
        return cancelling.cancel(self.work(), told.id, asked.CancelRequest(reason="a mistake"))

    def cases(self, *, only_open: bool = True) -> list[CaseTold]:
        """Of all customers."""
        return list_cases(self.work(), only_open=only_open, after=None, limit=100)

    def close(self, case: str) -> CaseTold:
        """By a clerk."""
        return close_case(self.work(), case, CloseRequest(note="called her: theft"))

    def due(self) -> list[str]:
        """Ids of what core banking is to carry out."""
        return [each.id for each in handing_off.due(self.work(), limit=200).items]

    def carry_out(self, told: TransactionTold) -> handing_off.HandOffTold:
        """To carry it out."""
        return handing_off.take(self.work(), told.id)

    def acknowledge(self, told: TransactionTold, reference: str) -> handing_off.HandOffTold:
        """Carried out."""
        asked_for = handing_off.AcknowledgeRequest(reference=reference)
        return handing_off.acknowledge(self.work(), told.id, asked_for)

    def count(self, table: str) -> int:
        """Rows of a table."""
        sql = f"SELECT COUNT(*) FROM {table} WHERE tenant = :tenant"  # noqa: S608 - a test's own
        counted: int = self.rows(sql)[0][0]
        return counted


def payee(**changed: Any) -> asked.AskedPayee:
    """Taro at another bank."""
    members: dict[str, Any] = {
        "name": "ﾀﾅｶ ﾀﾛｳ",
        "name_check": NameCheck.MATCHES,
        "bank": "0009",
        "branch": "123",
        "account": "7654321",
        **changed,
    }
    return asked.AskedPayee(**members)


def bytes_of(told: TransactionTold) -> bytes:
    """What the device received."""
    assert told.transaction is not None
    return from_base64url(told.transaction)
