"""One transaction, a device of each kind, and what the bank expects of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import structs

from warifu.authentication.transaction.answer import Verdict
from warifu.authentication.transaction.confirmation import BoundKey, Display, ProofKind
from warifu.authentication.transaction.encoding import decode_shown, encode
from warifu.authentication.transaction.proofs.expectations import (
    Instrument,
    Logo,
    PaymentExpectations,
    ProofExpectations,
)
from warifu.authentication.transaction.proofs.verify import verify_proof
from warifu.authentication.transaction.value import (
    Amount,
    Kind,
    Language,
    NameCheck,
    Payee,
    Transaction,
)
from warifu.handset import confirmation as device
from warifu.handset.app_attest import APP, AppAttestDevice
from warifu.handset.authority import new_key, spki
from warifu.handset.webauthn import (
    ORIGIN,
    RP_ID,
    USER_PRESENT,
    Authentication,
    CredentialKey,
)

if TYPE_CHECKING:
    from warifu.authentication.transaction.confirmation import Confirmation
    from warifu.handset.authority import PrivateKey

AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

TRANSFER = Transaction(
    verifier="bank.example",
    operation=bytes.fromhex("0193870f5e6b7c3a9f210c4d5e6f7081"),
    kind=Kind.TRANSFER,
    user="customer-1",
    device="device-1",
    amount=Amount(minor=123450, currency="USD"),
    payee=Payee(
        name="TANAKA TARO",
        name_check=NameCheck.MATCHES,
        bank="9999",
        branch="001",
        account="1234567",
    ),
    at=AT,
    expires_at=AT + timedelta(minutes=5),
    nonce=bytes(range(16)),
    language=Language.EN,
)
TRANSACTION = encode(TRANSFER)
OTHER_TRANSACTION = encode(structs.replace(TRANSFER, amount=Amount(minor=999, currency="USD")))
TEXT = decode_shown(TRANSACTION)[1].text

INSTRUMENT = Instrument(display_name="Savings ****567", icon="https://bank.example/icon.png")
LOGOS = (
    Logo(url="https://bank.example/logo.png", label="Example Bank"),
    Logo(url="https://network.example/logo.png", label="Network"),
)
PAYMENT = PaymentExpectations(top_origin=ORIGIN, instrument=INSTRUMENT, logos=LOGOS)
EXPECTED = ProofExpectations(displays=frozenset(Display), user_verification=True, payment=PAYMENT)

SHOWN_PAYMENT: dict[str, Any] = {
    "rpId": RP_ID,
    "topOrigin": ORIGIN,
    "payeeName": "TANAKA TARO",
    "paymentEntitiesLogos": [
        {"url": "https://bank.example/logo.png", "label": "Example Bank"},
        {"url": "https://network.example/logo.png", "label": "Network"},
    ],
    "total": {"value": "1234.50", "currency": "USD"},
    "instrument": {"icon": "https://bank.example/icon.png", "displayName": "Savings ****567"},
}

KEY = new_key()
CREDENTIAL = CredentialKey()
PHONE = AppAttestDevice()


def bound_key(kind: ProofKind, key: PrivateKey = KEY, **fields: Any) -> BoundKey:
    """What the binding has of a key of this world."""
    public, app, counter = spki(key), "jp.example.bank", None
    if kind in {ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT}:
        public, app, counter = CREDENTIAL.spki(), RP_ID, 0
    if kind is ProofKind.APP_ATTEST:
        public, app, counter = PHONE.public_key, APP, 0
    made = BoundKey(
        kind=kind,
        public_key=public,
        identifier=sha256(public).digest(),
        app=app,
        counter=counter,
        confirmation_required=kind is ProofKind.PROTECTED_CONFIRMATION,
        user_verification_required=kind is ProofKind.PROTECTED_CONFIRMATION,
    )
    return structs.replace(made, **fields)


def judge(
    proof: bytes,
    kind: ProofKind,
    *,
    bound: BoundKey | None = None,
    transaction: bytes = TRANSACTION,
    expected: ProofExpectations = EXPECTED,
    at: datetime = AT,
) -> Confirmation:
    """Verify a proof as this world's bank does."""
    return verify_proof(
        proof,
        kind=kind,
        transaction=transaction,
        bound=bound or bound_key(kind),
        expected=expected,
        at=at,
    )


def taken(proof: bytes, kind: ProofKind, **more: Any) -> None:
    """Assert that a proof is taken as an approval."""
    assert judge(proof, kind, **more).answer.verdict is Verdict.OK


def shown_payment(**changes: Any) -> dict[str, Any]:
    """What an honest browser displayed, but for these members; None takes one out."""
    members = {**deepcopy(SHOWN_PAYMENT), **changes}
    return {name: value for name, value in members.items() if value is not None}


def envelope(answer: bytes, **fields: Any) -> device.EnvelopeDraft:
    """Of a trusted display."""
    return device.EnvelopeDraft(**{"answer": answer, "key": KEY, **fields})


def protected(answer: bytes, **fields: Any) -> device.ProtectedConfirmationDraft:
    """Of Android Protected Confirmation."""
    return device.ProtectedConfirmationDraft(
        **{"prompt": TEXT, "extra": answer, "key": KEY, **fields}
    )


def passkey(answer: bytes, **fields: Any) -> device.BrowserDraft:
    """Of WebAuthn; `fields` are those of the ceremony."""
    ceremony = Authentication(**{"key": CREDENTIAL, **fields})
    return device.BrowserDraft(answer=answer, authentication=ceremony)


def payment(answer: bytes, *, browser_key: PrivateKey | None = None, **changes: Any) -> bytes:
    """Of Secure Payment Confirmation; `changes` are of what was displayed."""
    ceremony = device.payment_authentication(shown_payment(**changes), key=CREDENTIAL)
    return device.BrowserDraft(
        answer=answer, authentication=ceremony, browser_key=browser_key
    ).encode()


def app_attest(answer: bytes) -> bytes:
    """Of App Attest, as the first assertion of a phone."""
    fresh = AppAttestDevice(apple=PHONE.apple, key=PHONE.key)
    return device.app_attest_proof(answer, fresh)


@dataclass(frozen=True)
class Maker:
    """How a kind proves the bytes of an answer."""

    kind: ProofKind

    def __call__(self, answer: bytes) -> bytes:
        """The honest proof."""
        if self.kind is ProofKind.TRUSTED_UI:
            return envelope(answer).encode()
        if self.kind is ProofKind.DEVICE_KEY:
            return envelope(answer, type=device.DEVICE_KEY_TYPE, headers={}).encode()
        if self.kind is ProofKind.PROTECTED_CONFIRMATION:
            return protected(answer).encode()
        if self.kind is ProofKind.WEBAUTHN:
            return passkey(answer).encode()
        if self.kind is ProofKind.SECURE_PAYMENT:
            return payment(answer)
        return app_attest(answer)


OK = device.answer_to(TRANSACTION)
NG = device.answer_to(TRANSACTION, device.NG, device.NOT_ME)


def without_pin(kind: ProofKind, answer: bytes) -> bytes:
    """A proof of a kind that states whether the person was verified: they were not."""
    if kind is ProofKind.TRUSTED_UI:
        return envelope(answer, headers={device.USER_VERIFIED: False}).encode()
    return passkey(answer, flags=USER_PRESENT).encode()
