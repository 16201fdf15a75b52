"""A transaction: what a person is asked to approve, as typed values.

Nothing here is text for people: that is made by `warifu.authentication.transaction.rendering` from
these fields and nothing else. Bytes are made by `warifu.authentication.transaction.encoding`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What is to be done."""

    TRANSFER = "transfer"
    LINK_ACCOUNT = "link-account"
    RAISE_LIMIT = "raise-limit"
    REGISTER_PAYEE = "register-payee"
    SIGN_DOCUMENT = "sign-document"


class Language(StrEnum):
    """Of the text that the person reads."""

    JA = "ja"
    EN = "en"


class NameCheck(StrEnum):
    """How the check of the payee's name against the account ended (verification of payee)."""

    MATCHES = "matches"
    CLOSE = "close"
    DIFFERS = "differs"
    NOT_POSSIBLE = "not-possible"
    NOT_MADE = "not-made"


class AccountType(StrEnum):
    """What kind of account a number belongs to, where banks number each kind apart (Japan)."""

    ORDINARY = "ordinary"
    """普通預金"""
    CURRENT = "current"
    """当座預金"""
    SAVINGS = "savings"
    """貯蓄預金"""


class Amount(Struct, frozen=True, kw_only=True):
    """Money: never a float, never without its currency."""

    minor: int
    """In minor units (yen have none), positive, at most 2^53 - 1."""
    currency: str
    """ISO 4217, three letters."""


class Payee(Struct, frozen=True, kw_only=True):
    """Who receives, and how sure anybody is that it is they."""

    name: str
    """As the payee's bank spells it: NFKC, in one of the permitted scripts."""
    name_check: NameCheck
    bank: str
    """Code of the bank (four digits in Japan) or BIC."""
    bank_name: str | None = None
    """As people know it; stands beside the code, never instead of it."""
    branch: str | None = None
    """Code of the branch, three digits, beside a bank of four."""
    branch_name: str | None = None
    account_type: AccountType | None = None
    account: str
    """Number of the account, or IBAN."""


class Document(Struct, frozen=True, kw_only=True):
    """A document to be signed: what is signed is what was shown, page by page."""

    sha256: bytes
    """Of the document's file, 32 bytes."""
    title: str
    pages: tuple[bytes, ...]
    """SHA-256 of each page's image as it is shown, in order."""


class Transaction(Struct, frozen=True, kw_only=True):
    """One operation for one person on one device, at one verifier, once."""

    verifier: str
    """The name of the service that asks, which the app pins: an answer is of no use elsewhere."""
    operation: bytes
    """Its id, 16 bytes (UUIDv7)."""
    kind: Kind
    user: str
    """The bank's opaque id of the person."""
    device: str
    """The id of the bound device that is asked."""
    amount: Amount | None = None
    payee: Payee | None = None
    purpose: str | None = None
    document: Document | None = None
    at: datetime
    """When it was asked, UTC, whole seconds."""
    expires_at: datetime
    """When an answer is too late, UTC, whole seconds."""
    nonce: bytes
    """16 random bytes of the verifier."""
    language: Language
