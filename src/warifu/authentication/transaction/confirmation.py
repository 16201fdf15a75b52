"""A confirmation: an answer proved to come from a bound key, and what that proof is worth."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.attestation.claims import LeniencyUse
from warifu.authentication.transaction.answer import Answer


class ProofKind(StrEnum):
    """How an answer is proved."""

    TRUSTED_UI = "trusted-ui"
    """COSE_Sign1 by a trusted application or an applet of a secure element, with Trusted UI."""
    PROTECTED_CONFIRMATION = "protected-confirmation"
    """Android Protected Confirmation. Cannot refuse."""
    SECURE_PAYMENT = "secure-payment"
    """Secure Payment Confirmation. Cannot refuse."""
    WEBAUTHN = "webauthn"
    """A WebAuthn assertion over the answer."""
    APP_ATTEST = "app-attest"
    """An App Attest assertion over the answer."""
    DEVICE_KEY = "device-key"
    """COSE_Sign1 by the bound device key alone, in no trusted environment: enough to refuse."""


class Display(StrEnum):
    """Who showed the text, which is what a proof is worth: strongest first."""

    TRUSTED_ENVIRONMENT = "trusted-environment"
    """Shown by a TA, an applet with Trusted UI, or Android's protected confirmation."""
    BROWSER = "browser"
    """Amount and payee shown by the browser, out of the page's reach."""
    APPLICATION = "application"
    """Shown by an app or page, which malware on the device may have altered."""


DISPLAYED_BY: dict[ProofKind, Display] = {
    ProofKind.TRUSTED_UI: Display.TRUSTED_ENVIRONMENT,
    ProofKind.PROTECTED_CONFIRMATION: Display.TRUSTED_ENVIRONMENT,
    ProofKind.SECURE_PAYMENT: Display.BROWSER,
    ProofKind.WEBAUTHN: Display.APPLICATION,
    ProofKind.APP_ATTEST: Display.APPLICATION,
    ProofKind.DEVICE_KEY: Display.APPLICATION,
}
CAN_REFUSE = frozenset(
    {ProofKind.TRUSTED_UI, ProofKind.WEBAUTHN, ProofKind.APP_ATTEST, ProofKind.DEVICE_KEY}
)
CAN_APPROVE = frozenset(ProofKind) - {ProofKind.DEVICE_KEY}


class BoundKey(Struct, frozen=True, kw_only=True):
    """A key that is bound to the person who is asked, as the binding has it."""

    kind: ProofKind
    """The only kind of proof it may make, besides a refusal."""
    public_key: bytes
    """DER of SubjectPublicKeyInfo."""
    identifier: bytes
    """Credential id, App Attest key id, or SHA-256 of the public key."""
    app: str
    """RP ID, App ID or package: whom it was attested for."""
    counter: int | None = None
    """The last one seen, where the kind counts."""
    confirmation_required: bool = False
    """Its attestation has tag 508 among what hardware enforces: it signs nothing but what was shown
    by Android's protected confirmation."""
    user_verification_required: bool = False
    """Its attestation says that it is used only after PIN or biometrics, each time anew."""


class Confirmation(Struct, frozen=True, kw_only=True):
    """An answer, proved."""

    answer: Answer
    kind: ProofKind
    display: Display
    key: bytes
    """SHA-256 of the key's SubjectPublicKeyInfo."""
    user_verified: bool
    """The key was used only after PIN or biometrics, says the environment that holds it."""
    counter: int | None = None
    """To be stored by compare-and-set."""
    at: datetime
    """The time judged for."""
    proved: tuple[str, ...]
    """Codes of the rules that held, in order."""
    leniencies: tuple[LeniencyUse, ...] = ()
    """Departures of real devices that were accepted, by name."""
