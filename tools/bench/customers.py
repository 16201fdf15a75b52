"""A bank whose customers confirm: bound devices, what the bank asks, and what they answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from hashlib import sha256
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import cbor2
import msgspec
from msgspec import Struct

from tests.service.binding.customers import AndroidPhone, ApplePhone, Browser
from tests.service.confirming.counter import Counter, display_phone, payee
from tests.service.house import APP, ORIGIN, RP_ID, makers, settle
from tests.service.phones import IN_ORDER, IPhone
from tools.bench.bank import CONFIG, make_caller, write_settings
from tools.bench.ceiling import Signed
from tools.bench.load import request
from warifu.attestation.claims import Realm
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.value import Kind, Language
from warifu.base.codec.text import from_base64url
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.base.keys.sealed import LEAST
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret
from warifu.demo.world import World
from warifu.handset import confirmation as handset
from warifu.handset import webauthn
from warifu.handset.app_attest import AppAttestDevice
from warifu.service.adapters.key_directory import KeyDirectory
from warifu.service.assembly import Places, assemble
from warifu.service.caller import Scope
from warifu.service.conduct.confirming.asked import (
    AnswerRequest,
    AskedAmount,
    Proof,
    TransactionRequest,
)
from warifu.service.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.service.binding.customers import Phone

CUSTOMERS = 256
"""Many more than requests under way: none of their sums is waited for, and no counter of their keys
is overtaken."""
PATH = "/v1/transactions"
YEN = 1_000
PASSPHRASE = b"a passphrase of a bench"
SETTINGS = """
[confirmation]
new_device_seconds = 0
[confirmation.templates.transfer]
display = "application"
user-verified = false
"""
"""An App Attest assertion does not say that its user was verified."""


class Told(Struct, frozen=True):
    """What a device needs of a transaction."""

    id: str
    device: str
    text: str
    transaction: str


class Outcome(Struct, frozen=True):
    """What became of an answer."""

    state: State


class Maker(Struct, frozen=True, kw_only=True):
    """How one kind of proof is made, and what is signed of it."""

    name: str
    phone: Callable[[], Phone]
    prove: Callable[[Any, Told], bytes]
    signed: Callable[[Any, bytes], Signed]
    """Of a phone and its proof."""


class Teller:
    """A bank on one database."""

    def __init__(self, folder: Path, db: str) -> None:
        """Set everything up in a folder of its own and an empty database."""
        self.places = Places(
            db=db,
            config=folder / CONFIG,
            trust=folder / "trust",
            realm=Realm.TEST,
            keys=folder / "keys",
            passphrase_file=folder / "passphrase",
            data_key=folder / "warifu-data.key",
        )
        write_settings(self.places, _world(), SETTINGS)
        _write_keys(folder)
        upgrade(db)
        self.house = assemble(self.places)
        self.counter = Counter(house=self.house, caller=settle(self.house))
        self.key = make_caller(self.house, Scope.CONFIRM)

    def close(self) -> None:
        """Let go of the database."""
        self.house.database.close()


class Customers:
    """Customers of one bank whose devices make one kind of proof."""

    def __init__(self, teller: Teller, kind: ProofKind, *, number: int = CUSTOMERS) -> None:
        """Bind a device for each of `number` customers."""
        self.kind = kind
        self.maker = MAKERS[kind]
        self._key = teller.key
        self._phones: dict[str, Phone] = {}
        questions = []
        for each in range(number):
            user, device, phone = f"{kind}-{each}", f"{kind}-phone-{each}", self.maker.phone()
            teller.counter.enrolment(phone, user=user, device=device).finish()
            self._phones[device] = phone
            questions.append(_question(user, device))
        self._turn = cycle(questions)

    def question(self) -> TransactionRequest:
        """A transfer of the next customer."""
        return next(self._turn)

    def answer(self, told: Told) -> AnswerRequest:
        """The customer approves."""
        data = self.maker.prove(self._phones[told.device], told)
        return AnswerRequest(device=told.device, proof=Proof(kind=self.kind, data=data))

    def signed(self, answer: AnswerRequest) -> Signed:
        """What cannot be left out of verifying an answer."""
        return self.maker.signed(self._phones[answer.device], answer.proof.data)

    def questions(self, number: int) -> list[bytes]:
        """Requests that ask for confirmations, one customer after the other."""
        asked = islice(self._turn, number)
        return [request(PATH, msgspec.json.encode(each), self._key) for each in asked]

    def answers(self, told: Sequence[bytes]) -> list[bytes]:
        """Requests that pass on what the devices answered."""
        decoded = map(_TOLD.decode, told)
        return [
            request(f"{PATH}/{each.id}/answer", msgspec.json.encode(self.answer(each)), self._key)
            for each in decoded
        ]


def require_approved(told: Sequence[bytes]) -> None:
    """Whatever is not approved is no confirmation.

    Raises:
        RuntimeError: One is not.
    """
    for each in told:
        if _OUTCOME.decode(each).state is not State.APPROVED:
            raise RuntimeError(each.decode()[:600])


def _world() -> World:
    """Of the makers of the phones that tests have."""
    known, now = makers(), datetime.now(UTC).replace(microsecond=0)
    world = World(now=now)
    world.phone, world.phone_root = known.android, known.android_root
    world.iphone = AppAttestDevice(apple=known.apple, made_at=now)
    world.security_key = known.authenticators
    return world


def _write_keys(folder: Path) -> None:
    def fill(ring: KeyRing) -> KeyRing:
        for purpose in KeyPurpose:
            signer = SoftwareSigner.generate(TERMS[purpose].algorithm, os.urandom)
            ring = ring.rotate(purpose, signer, custody=Custody.FILE, now=datetime.now(UTC))
        return ring

    passphrase = folder / "passphrase"
    passphrase.touch(0o600)
    passphrase.write_bytes(PASSPHRASE)
    KeyDirectory(folder / "keys", Secret(PASSPHRASE), derivation=LEAST).create(fill)


def _question(user: str, device: str) -> TransactionRequest:
    return TransactionRequest(
        app=APP,
        user=user,
        device=device,
        kind=Kind.TRANSFER,
        language=Language.JA,
        amount=AskedAmount(minor=YEN, currency="JPY"),
        payee=payee(),
        bank=IN_ORDER,
        payee_known=True,
        payee_known_seconds=90 * 86_400,
    )


def _answer(told: Told) -> bytes:
    return handset.answer_to(from_base64url(told.transaction))


def _by_passkey(phone: Browser, told: Told) -> bytes:
    passkey = phone.passkey
    passkey.counter += 1
    made = webauthn.Authentication(
        key=passkey.key,
        credential_id=passkey.credential_id,
        origin=ORIGIN,
        rp_id=RP_ID,
        counter=passkey.counter,
    )
    return handset.BrowserDraft(answer=_answer(told), authentication=made).encode()


def _by_app(phone: ApplePhone, told: Told) -> bytes:
    return handset.app_attest_proof(_answer(told), phone.phone.device)


def _by_display(phone: AndroidPhone, told: Told) -> bytes:
    draft = handset.ProtectedConfirmationDraft(prompt=told.text, extra=_answer(told), key=phone.key)
    return draft.encode()


def _signed_by_passkey(phone: Browser, proof: bytes) -> Signed:
    parts = cbor2.loads(proof)
    return _signed(phone, parts[4], parts[3] + sha256(parts[2]).digest())


def _signed_by_app(phone: ApplePhone, proof: bytes) -> Signed:
    parts = cbor2.loads(proof)
    assertion = cbor2.loads(parts[2])
    nonce = sha256(assertion["authenticatorData"] + sha256(parts[1]).digest()).digest()
    return _signed(phone, assertion["signature"], nonce)


def _signed_by_display(phone: AndroidPhone, proof: bytes) -> Signed:
    parts = cbor2.loads(proof)
    return _signed(phone, parts[2], parts[1])


def _signed(phone: Phone, signature: bytes, signed: bytes) -> Signed:
    return Signed(spki=phone.public_key, signature=signature, signed=signed, remembered=False)


MAKERS = {
    ProofKind.WEBAUTHN: Maker(
        name="WebAuthn", phone=Browser, prove=_by_passkey, signed=_signed_by_passkey
    ),
    ProofKind.APP_ATTEST: Maker(
        name="App Attest",
        phone=lambda: ApplePhone(phone=IPhone(made_at=datetime.now(UTC).replace(microsecond=0))),
        prove=_by_app,
        signed=_signed_by_app,
    ),
    ProofKind.PROTECTED_CONFIRMATION: Maker(
        name="Android Protected Confirmation",
        phone=display_phone,
        prove=_by_display,
        signed=_signed_by_display,
    ),
}
"""All that a device can be bound for by its evidence, one for each format. A key of a trusted
display (COSE_Sign1) is endorsed by a bound one, and not measured."""
_TOLD = msgspec.json.Decoder(Told)
_OUTCOME = msgspec.json.Decoder(Outcome)
