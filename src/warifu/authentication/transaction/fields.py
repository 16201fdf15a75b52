"""Which fields a transaction has and what values they may take, before it is shown or signed.

The same rules hold for whoever asks and for whoever reads: a caller who breaks one has misused
the library, bytes that break one are bad evidence.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from warifu.authentication.transaction import rules
from warifu.authentication.transaction.currency import EXPONENTS, MAX_MINOR
from warifu.authentication.transaction.payee import check_payee_text
from warifu.authentication.transaction.texts import (
    PURPOSE,
    TITLE,
    check_free_text,
    check_identifier,
)
from warifu.authentication.transaction.value import Amount, Document, Kind, Payee, Transaction
from warifu.base.errors import WarifuError

ID_OCTETS = 16
DIGEST_OCTETS = 32
MAX_PAGES = 200
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MIN_WINDOW = timedelta(seconds=10)
MAX_WINDOW = timedelta(days=1)
"""How long an answer may be awaited. Templates say how long it is."""
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
IBAN_MODULUS = 97

_AMOUNT, _PAYEE, _PURPOSE, _DOCUMENT = "amount", "payee", "purpose", "document"
FIELDS: dict[Kind, tuple[frozenset[str], frozenset[str]]] = {
    Kind.TRANSFER: (frozenset({_AMOUNT, _PAYEE}), frozenset({_PURPOSE})),
    Kind.LINK_ACCOUNT: (frozenset({_PAYEE}), frozenset({_AMOUNT, _PURPOSE})),
    Kind.RAISE_LIMIT: (frozenset({_AMOUNT}), frozenset({_PURPOSE})),
    Kind.REGISTER_PAYEE: (frozenset({_PAYEE}), frozenset({_PURPOSE})),
    Kind.SIGN_DOCUMENT: (frozenset({_DOCUMENT}), frozenset({_PURPOSE})),
}
"""By kind: what it must have, and what it may have."""

_DOMESTIC_BANK = re.compile(r"[0-9]{4}")
_DOMESTIC_BRANCH = re.compile(r"[0-9]{3}")
_DOMESTIC_ACCOUNT = re.compile(r"[0-9]{7}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_ACCOUNT = re.compile(r"[0-9A-Z]{1,34}")


def check_fields(transaction: Transaction, fault: type[WarifuError]) -> Transaction:
    """Hold every field to its rule.

    Args:
        transaction: Typed, but with any values.
        fault: Whose fault it is where a rule is broken: `Misuse` or `BadEvidence`.

    Returns:
        The same transaction.

    Raises:
        WarifuError: Of the class `fault`, by one of the rules of the room.
    """
    required, optional = FIELDS[transaction.kind]
    given = {
        name
        for name in (_AMOUNT, _PAYEE, _PURPOSE, _DOCUMENT)
        if getattr(transaction, name) is not None
    }
    if not required <= given <= required | optional:
        raise fault(rules.FIELDS, f"{transaction.kind}: {', '.join(sorted(given))}")
    for identifier in (transaction.verifier, transaction.user, transaction.device):
        check_identifier(identifier, fault)
    if len(transaction.operation) != ID_OCTETS or len(transaction.nonce) != ID_OCTETS:
        raise fault(rules.IDENTIFIER, "operation and nonce have 16 bytes")
    _check_times(transaction, fault)
    if transaction.amount is not None:
        _check_amount(transaction.amount, fault)
    if transaction.payee is not None:
        _check_payee(transaction.payee, fault)
    if transaction.purpose is not None:
        check_free_text(transaction.purpose, PURPOSE, fault)
    if transaction.document is not None:
        _check_document(transaction.document, fault)
    return transaction


def _check_times(transaction: Transaction, fault: type[WarifuError]) -> None:
    for time in (transaction.at, transaction.expires_at):
        if time.utcoffset() != timedelta(0) or time.microsecond:
            raise fault(rules.TIMES, "not whole seconds of UTC")
    if not EARLIEST <= transaction.at < LATEST:
        raise fault(rules.TIMES, f"asked at {transaction.at.isoformat()}")
    if not MIN_WINDOW <= transaction.expires_at - transaction.at <= MAX_WINDOW:
        raise fault(rules.TIMES, f"expires after {transaction.expires_at - transaction.at}")


def _check_amount(amount: Amount, fault: type[WarifuError]) -> None:
    # A float or a bool would be written as something else than it is shown.
    if type(amount.minor) is not int or not 0 < amount.minor <= MAX_MINOR:
        raise fault(rules.AMOUNT, f"{amount.minor!r:.40}")
    if amount.currency not in EXPONENTS:
        raise fault(rules.CURRENCY, f"{amount.currency!r:.40}")


def _check_payee(payee: Payee, fault: type[WarifuError]) -> None:
    for name in (payee.name, payee.bank_name, payee.branch_name):
        if name is not None:
            check_payee_text(name, fault)
    numbering = _domestic if _DOMESTIC_BANK.fullmatch(payee.bank) else _international
    if not numbering(payee):
        raise fault(rules.ACCOUNT, "form of bank, branch or account")
    if IBAN.fullmatch(payee.account) and _iban_remainder(payee.account) != 1:
        raise fault(rules.ACCOUNT, "check digits of the IBAN")


def _domestic(payee: Payee) -> bool:
    has_branch = _DOMESTIC_BRANCH.fullmatch(payee.branch or "") is not None
    return has_branch and _DOMESTIC_ACCOUNT.fullmatch(payee.account) is not None


def _international(payee: Payee) -> bool:
    is_numbered = _BIC.fullmatch(payee.bank) and _ACCOUNT.fullmatch(payee.account)
    has_branch = (payee.branch, payee.branch_name, payee.account_type) != (None, None, None)
    return is_numbered is not None and not has_branch


def _iban_remainder(iban: str) -> int:
    """ISO 13616: the first four characters moved to the end, letters counted from 10."""
    return int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % IBAN_MODULUS


def _check_document(document: Document, fault: type[WarifuError]) -> None:
    check_free_text(document.title, TITLE, fault)
    if not 1 <= len(document.pages) <= MAX_PAGES:
        raise fault(rules.DOCUMENT, f"{len(document.pages)} pages")
    if any(len(digest) != DIGEST_OCTETS for digest in (document.sha256, *document.pages)):
        raise fault(rules.DOCUMENT, "a SHA-256 has 32 bytes")
