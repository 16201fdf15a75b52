"""What a bank asks: a transaction to be confirmed, a claim, an answer passed on."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs.expectations import (
    Instrument,
    Logo,
    PaymentExpectations,
)
from warifu.authentication.transaction.proofs.payment import MAX_LOGOS
from warifu.authentication.transaction.value import (
    AccountType,
    Amount,
    Document,
    Kind,
    Language,
    NameCheck,
    Payee,
)
from warifu.service.conduct.challenges.asking import (
    AppId,
    DeviceId,
    RecordId,
)
from warifu.service.conduct.decisions.deciding import BankKnown, Seconds
from warifu.service.conduct.evidence.expectations import SubmittedEvidence

MAX_PAGES = 200
MAX_MINOR = (1 << 53) - 1

UserName = Annotated[str, Meta(pattern=r"^[!-~]{1,200}\Z")]
Words = Annotated[str, Meta(min_length=1, max_length=280)]
Minor = Annotated[int, Meta(ge=1, le=MAX_MINOR)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Url = Annotated[str, Meta(min_length=1, max_length=64 << 10)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]


class AskedAmount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money."""

    minor: Minor
    """In minor units of `currency`; yen have none."""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    """ISO 4217."""

    def value(self) -> Amount:
        """As transactions have it."""
        return Amount(minor=self.minor, currency=self.currency)


class AskedPayee(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who receives. Names are brought to their normal form, half-width kana too."""

    name: Words
    name_check: NameCheck
    """How the check of the name against the account ended."""
    bank: Annotated[str, Meta(pattern=r"^[0-9A-Z]{4,11}\Z")]
    """Four digits in Japan, or a BIC."""
    bank_name: Words | None = None
    branch: Annotated[str, Meta(pattern=r"^[0-9]{3}\Z")] | None = None
    branch_name: Words | None = None
    account_type: AccountType | None = None
    account: Annotated[str, Meta(pattern=r"^[0-9A-Z]{1,34}\Z")]
    """Seven digits in Japan, or an IBAN."""

    def value(self, name: str) -> Payee:
        """As transactions have it, with the name that was checked."""
        return Payee(
            name=name,
            name_check=self.name_check,
            bank=self.bank,
            bank_name=self.bank_name,
            branch=self.branch,
            branch_name=self.branch_name,
            account_type=self.account_type,
            account=self.account,
        )


class AskedDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document to be signed."""

    sha256: Digest
    """Of its file."""
    title: Words
    pages: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=MAX_PAGES)]
    """SHA-256 of each page's image as it is shown."""

    def value(self) -> Document:
        """As transactions have it."""
        return Document(sha256=self.sha256, title=self.title, pages=self.pages)


class CreatedBy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the operation was typed in, which is what "this was not me" suspends."""

    device: DeviceId | None = None
    """A bound device of the user: its bindings are suspended."""
    session: Word | None = None
    """A session of the bank's own: it is named in the case, and the bank ends it."""


class AskedInstrument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is paid from, as the page asks the browser to show it."""

    display_name: Word
    icon: Url
    icon_must_be_shown: bool = True
    details: Word | None = None


class AskedLogo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A logo that the page asks the browser to show."""

    url: Url
    label: Word


class AskedPayment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page gives to Secure Payment Confirmation, beside amount and payee name."""

    top_origin: Word
    instrument: AskedInstrument
    payee_origin: Word | None = None
    logos: Annotated[tuple[AskedLogo, ...], Meta(max_length=MAX_LOGOS)] = ()

    def expectations(self) -> PaymentExpectations:
        """As proofs are held against it."""
        shown = self.instrument
        return PaymentExpectations(
            top_origin=self.top_origin,
            instrument=Instrument(
                display_name=shown.display_name,
                icon=shown.icon,
                icon_must_be_shown=shown.icon_must_be_shown,
                details=shown.details,
            ),
            payee_origin=self.payee_origin,
            logos=tuple(Logo(url=each.url, label=each.label) for each in self.logos),
        )


class AskedLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of this customer. They lower those of the settings, and never raise them."""

    per_operation: Minor | None = None
    per_day: Minor | None = None
    per_payee: Minor | None = None


class TransactionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer is to confirm."""

    app: AppId
    user: UserName
    """The bank's own stable name of the user. The device shows it, and it is signed."""
    device: DeviceId | None = None
    """The bound device that is asked; without it, one of the user's claims the transaction."""
    kind: Kind
    language: Language
    amount: AskedAmount | None = None
    payee: AskedPayee | None = None
    purpose: Words | None = None
    document: AskedDocument | None = None
    created_by: CreatedBy = CreatedBy()
    bank: BankKnown = BankKnown()
    """What only the bank knows, for the decision; an answer may bring what is known then."""
    payee_known: bool | None = None
    """Whether money went to this payee before, and nobody complained."""
    payee_known_seconds: Seconds | None = None
    """Since the user first registered or paid the payee; null where that never was."""
    limits: AskedLimits = AskedLimits()
    payment: AskedPayment | None = None
    """Where the answer may be by Secure Payment Confirmation."""


class ClaimRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device that wants to answer."""

    user: UserName
    device: DeviceId
    claim: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,100}\Z")]
    """From the link: the part that only the link has."""
    code: Annotated[str, Meta(pattern=r"^[0-9]{1,10}\Z")]
    """The six digits that were on the screen."""


class Proof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the device made."""

    kind: ProofKind
    data: Annotated[bytes, Meta(min_length=1, max_length=80 << 10)]
    """The container of its kind."""


class AnswerRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer of a device, and what the decision at acceptance rests on.

    Without evidence and appraisal it rests on the registration of the bound key.
    """

    device: DeviceId
    """Which device sent it, as the bank knows from its session."""
    proof: Proof
    challenge: RecordId | None = None
    """Issued for the same app, operation, user and device, with ``{"transaction": digest}`` as
    context."""
    evidence: SubmittedEvidence | None = None
    appraisal: RecordId | None = None
    bank: BankKnown | None = None
    """What is known now, in place of what was known when it was asked."""


class CancelRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the bank takes it back."""

    reason: Annotated[str, Meta(max_length=500)] = ""
