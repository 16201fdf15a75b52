"""Customers with bound phones, who are asked who they are: the phone's side, and the backend's.

The context is put together here from what the service told, as a phone does it, by code that is not
the service's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.service.binding.customers import USER, AndroidPhone, ApplePhone, Browser, Desk
from tests.service.house import APP
from tests.service.phones import IPhone
from warifu.base.codec.cbor import encode_deterministic
from warifu.base.keys.purpose import KeyPurpose
from warifu.handset import der_writer as w
from warifu.handset.user_authentication import (
    BIOMETRIC,
    CALL_TYPE,
    STATEMENT_TYPE,
    DpopDraft,
    PinDraft,
    SignedDraft,
    call,
    checked_server_key,
    statement,
)
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.challenges.asking import AskedOperation
from warifu.service.conduct.verifying import calls, passkeys, pin_setting, pins, questions
from warifu.service.conduct.verifying.hpke_keys import current_pin_key
from warifu.service.conduct.verifying.pin_records import PinSeen
from warifu.service.conduct.verifying.remembering import VerificationAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from tests.service.binding.customers import Phone
    from warifu.handset.android_key import AndroidEvidence
    from warifu.service.conduct.verifying.questions import CeremonyAnswer

PIN = "739518"
WRONG = "739517"
DEVICE = "hanakos-phone"
URL = "https://api.bank.example/v1/accounts?page=1"
LOGIN = AskedOperation(kind=Operation.LOGIN)
CHANGE = AskedOperation(kind=Operation.RECOVER)
TRANSFER = AskedOperation(kind=Operation.TRANSFER, amount=10_000, currency="JPY", payee_known=True)


def each_use_by_biometrics(made: AndroidEvidence) -> None:
    """Its key signs only after a finger or a face, each time anew."""
    made.description.hardware.remove(503)
    made.description.hardware.set(504, w.integer(2))


def android() -> AndroidPhone:
    """A phone with such a key."""
    return AndroidPhone(change=each_use_by_biometrics)


def iphone(now: datetime) -> ApplePhone:
    """A phone with an App Attest key."""
    return ApplePhone(phone=IPhone(made_at=now))


@dataclass(kw_only=True)
class Asked:
    """A question that arrived on the phone."""

    customer: Customer
    answer: CeremonyAnswer
    about: dict[str, Any]

    @property
    def context(self) -> bytes:
        """What is signed or encrypted under, as the phone puts it together."""
        told = self.answer
        return encode_deterministic(
            [
                *("warifu-context-v1", told.verifier, told.channel.value, told.purpose),
                *(self.about["user"], self.about["device"], told.operation, told.challenge),
            ]
        )

    def request(self, kind: Any, /, **members: Any) -> Any:
        """The backend's request with the phone's answer."""
        return kind(**{**self.about, "challenge": self.answer.id, **members})


@dataclass(kw_only=True)
class Customer:
    """One person with one bound phone."""

    desk: Desk
    phone: Phone = field(default_factory=android)
    user: str = USER
    device: str = DEVICE
    sequence: int = 0
    binding: str = ""

    def enrol(self) -> Customer:
        """Bind the phone."""
        bound = self.desk.enrolment(self.phone, user=self.user, device=self.device).finish()
        self.binding = bound.id
        return self

    @property
    def key(self) -> Any:
        """What the phone signs with."""
        assert not isinstance(self.phone, Browser)
        return self.phone.phone.device if isinstance(self.phone, ApplePhone) else self.phone.key

    def ask(
        self, purpose: str = "verify", operation: AskedOperation = LOGIN, **other: Any
    ) -> Asked:
        """A question to this customer."""
        about = {
            "app": APP,
            "operation": operation,
            "user": self.user,
            "device": self.device,
            **other,
        }
        request = questions.CeremonyRequest(purpose=questions.Purpose(purpose), **about)
        answer = questions.ask_user(self.desk.work(), request)
        return Asked(customer=self, answer=answer, about=about)

    def server_key(self) -> bytes:
        """The key to encrypt to, out of a certificate that the phone checks."""
        now = self.desk.house.clock()
        ring = self.desk.house.keys.ring(now)
        return checked_server_key(
            current_pin_key(self.desk.work()).certificate,
            pinned=ring.signer(KeyPurpose.HPKE_CERTIFICATION, now).public_key,
            verifier=self.desk.verifier,
            now=int(now.timestamp()),
        )

    def envelope(self, asked: Asked, pin: str, **other: Any) -> bytes:
        """A PIN, encrypted and signed."""
        members = {
            "pin": pin,
            "context": asked.context,
            "server_key": self.server_key(),
            "key": self.key,
            **other,
        }
        return PinDraft(**members).encode()

    def try_pin(self, pin: str = PIN, **about: Any) -> pins.PinAnswer:
        """Enter a PIN."""
        return pins.verify_pin(self.desk.work(), self.pin_request(pin, **about))

    def pin_request(self, pin: str = PIN, **about: Any) -> pins.PinRequest:
        """The request of a PIN that was entered."""
        asked = self.ask(**about)
        request: pins.PinRequest = asked.request(
            pins.PinRequest, envelope=self.envelope(asked, pin)
        )
        return request

    def set_pin(self, pin: str = PIN, **other: Any) -> PinSeen:
        """Set a PIN."""
        asked = self.ask("set-pin")
        request = asked.request(
            pin_setting.SetPinRequest, envelope=self.envelope(asked, pin), **other
        )
        return pin_setting.set_pin(self.desk.work(), request)

    def pin(self) -> PinSeen:
        """Where the PIN stands."""
        return pins.see_pin(self.desk.work(), self.user)

    def state(self, asked: Asked, method: int = BIOMETRIC, **other: Any) -> bytes:
        """A signed statement."""
        now = int(self.desk.house.clock().timestamp())
        payload = statement(asked.context, method, now)
        return SignedDraft(
            **{"type": STATEMENT_TYPE, "payload": payload, "key": self.key, **other}
        ).encode()

    def verify(self, **about: Any) -> VerificationAnswer:
        """Be verified by the terminal."""
        if isinstance(self.phone, Browser):
            about = {"channel": questions.Channel.WEB, **about}
            asked = self.ask(**about)
            challenge = sha256(asked.context).digest()
            return self.send(asked, "passkey", self.phone.passkey.assertion(challenge).data or b"")
        asked = self.ask(**about)
        return self.send(asked, "statement", self.state(asked))

    def send(self, asked: Asked, method: str, data: bytes, **other: Any) -> VerificationAnswer:
        """What the terminal said."""
        request = asked.request(
            passkeys.VerificationRequest,
            method=passkeys.TerminalMethod(method),
            data=data,
            **other,
        )
        return passkeys.verify_user(self.desk.work(), request)

    def call(self, session: Asked, *, sequence: int | None = None, **other: Any) -> Any:
        """An ordered call, signed."""
        self.sequence += 1
        number = self.sequence if sequence is None else sequence
        members = {"method": "POST", "url": URL, "body": b"{}", **other}
        path = members["url"].removeprefix("https://api.bank.example")
        payload = call(
            session.context, members["method"], path, body=members["body"], sequence=number
        )
        return session.request(
            calls.CallRequest,
            kind=calls.CallKind.ORDERED,
            method=members["method"],
            url=members["url"],
            body_digest=sha256(members["body"]).digest(),
            proof=SignedDraft(type=CALL_TYPE, payload=payload, key=self.key).encode(),
        )

    def token(self) -> str:
        """An access token."""
        request = calls.TokenRequest(user=self.user, device=self.device)
        return calls.issue_token(self.desk.work(), request).token

    def dpop(self, token: str, **other: Any) -> bytes:
        """A proof for one request."""
        now = int(self.desk.house.clock().timestamp())
        return DpopDraft(
            token=token,
            **{"url": URL, "issued_at": now, **other, "key": other.get("key") or self.key},
        ).encode()

    def read(self, token: str, **other: Any) -> Any:
        """A parallel call."""
        about = {"app": APP, "operation": LOGIN, "user": self.user, "device": self.device}
        members = {
            **about,
            "kind": calls.CallKind.PARALLEL,
            "method": "GET",
            "url": URL,
            "token": token,
            **other,
        }
        if "proof" not in members:
            members["proof"] = self.dpop(token)
        return calls.CallRequest(**members)

    def check(self, request: calls.CallRequest) -> calls.CallAnswer:
        """The backend asks whether a call is good."""
        return calls.check_call(self.desk.work(), request)
