"""What whoever asked expects of a proof, beside the transaction and the bound key."""

from __future__ import annotations

from msgspec import Struct

from warifu.authentication.transaction.confirmation import Display


class Instrument(Struct, frozen=True, kw_only=True):
    """What is paid from, as the browser was asked to show it (PaymentCredentialInstrument)."""

    display_name: str
    icon: str
    """URL; a data URL leaves no doubt about the picture."""
    icon_must_be_shown: bool = True
    """Otherwise a browser that could not fetch the icon signs an empty URL."""
    details: str | None = None


class Logo(Struct, frozen=True, kw_only=True):
    """One logo that the browser was asked to show (PaymentEntityLogo)."""

    url: str
    label: str


class PaymentExpectations(Struct, frozen=True, kw_only=True):
    """What was given to Secure Payment Confirmation, beside amount and payee name."""

    top_origin: str
    """Of the page in the address bar, for example ``https://login.bank.example``."""
    instrument: Instrument
    payee_origin: str | None = None
    logos: tuple[Logo, ...] = ()
    browser_bound_key: bytes | None = None
    """COSE_Key stored at registration: the proof must then come from that browser. None takes any,
    but one that is named must have signed."""


class ProofExpectations(Struct, frozen=True, kw_only=True):
    """What is asked of a proof. A refusal needs neither display nor verification of the user."""

    displays: frozenset[Display]
    """Who may have shown the text for an approval, as the transaction's template has it."""
    user_verification: bool
    """Whether an approval needs PIN or biometrics."""
    origins: tuple[str, ...] | None = None
    """Exact origins of browsers' proofs; None takes any https origin of the key's RP ID."""
    payment: PaymentExpectations | None = None
    """For Secure Payment Confirmation, without which it is not verified."""
