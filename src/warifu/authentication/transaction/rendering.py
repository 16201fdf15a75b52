"""The text that a person reads and signs: one pure function of the fields for each version.

The text is lines of at most `WIDTH` columns. A label begins at the margin and what belongs to it
is indented on lines of its own, so that no payee, purpose or title, however long and wherever it
breaks, can put anything where a label or another value is expected. The amount stands first, on a
line that cannot break. Nothing is ever shortened but the operation's id.

Everything that is signed can be read, except what means nothing to a person: the nonce, the rest of
the operation's id and the digests of the page images, which are compared by the device.
Times are told in Japanese time in a Japanese text and in UTC in an English one, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

from msgspec import Struct

from warifu.authentication.transaction.currency import grouped
from warifu.authentication.transaction.fields import check_fields
from warifu.authentication.transaction.value import Amount, Payee, Transaction
from warifu.authentication.transaction.width import wrap
from warifu.authentication.transaction.words import WORDS, Words
from warifu.base.errors import Misuse

VERSION = 1
"""What `render` makes."""
WIDTH = 32
"""Columns of the narrowest display that is served."""
INDENT = "  "
SHORT_ID_OCTETS = 4
GROUP = 4
"""Hexadecimal digits that stand together."""

_YEN = "JPY"
_DIGITS_OF_A_LINE = 16

Field = tuple[str, tuple[str, ...]]
"""A label, and the values that stand below it, each on lines of its own."""


class Shown(Struct, frozen=True, kw_only=True):
    """What a display shows."""

    text: str
    """The lines, joined by line feeds. This is what the encoding contains."""
    lines: tuple[str, ...]


def render(transaction: Transaction) -> Shown:
    """The text of a transaction in its language, by the present version.

    Raises:
        Misuse: A field breaks one of the rules of the room.
    """
    return RENDERERS[VERSION](check_fields(transaction, Misuse))


def short_id(operation: bytes) -> str:
    """The last digits of an operation's id, which are random: ``9F3C-0A71``."""
    return _in_groups(operation[-SHORT_ID_OCTETS:].hex().upper(), "-")


def _render_1(transaction: Transaction) -> Shown:
    words = WORDS[transaction.language]
    lines = [words.headings[transaction.kind], *wrap(words.question, WIDTH)]
    for label, values in _fields(transaction, words):
        lines += wrap(label, WIDTH)
        lines += [INDENT + line for value in values for line in wrap(value, WIDTH - len(INDENT))]
    return Shown(text="\n".join(lines), lines=tuple(lines))


def _fields(transaction: Transaction, words: Words) -> Iterator[Field]:
    kind = transaction.kind
    if transaction.amount is not None:
        yield words.amounts[kind], (_money(transaction.amount, words),)
    if transaction.payee is not None:
        yield words.payees[kind], (transaction.payee.name,)
        yield words.name_check, (words.name_checks[transaction.payee.name_check],)
        yield from _account(transaction.payee, words)
    if transaction.document is not None:
        digits = transaction.document.sha256.hex().upper()
        yield words.title, (transaction.document.title,)
        yield words.pages, (words.page_count.format(count=len(transaction.document.pages)),)
        yield (
            words.fingerprint,
            tuple(
                _in_groups(digits[place : place + _DIGITS_OF_A_LINE], " ")
                for place in range(0, len(digits), _DIGITS_OF_A_LINE)
            ),
        )
    if transaction.purpose is not None:
        yield words.purpose, (transaction.purpose,)
    yield words.asked, (_time(transaction.at, words),)
    yield words.expires, (_time(transaction.expires_at, words),)
    yield words.verifier, (transaction.verifier,)
    yield words.user, (transaction.user,)
    yield words.device, (transaction.device,)
    yield words.operation, (short_id(transaction.operation),)


def _account(payee: Payee, words: Words) -> Iterator[Field]:
    yield words.bank, (_named(payee.bank, payee.bank_name),)
    if payee.branch is not None:
        yield words.branch, (_named(payee.branch, payee.branch_name),)
    kind = "" if payee.account_type is None else words.account_types[payee.account_type]
    yield words.account, (kind + payee.account,)


def _named(code: str, name: str | None) -> str:
    """Code first: a name cannot then pretend to end with one."""
    return code if name is None else f"{code} {name}"


def _money(amount: Amount, words: Words) -> str:
    if amount.currency == _YEN:
        return words.yen.format(amount=grouped(amount))
    return f"{amount.currency} {grouped(amount)}"


def _time(at: datetime, words: Words) -> str:
    zone = timezone(timedelta(minutes=words.zone_minutes))
    return words.time.format(at=at.astimezone(zone))


def _in_groups(digits: str, between: str) -> str:
    return between.join(digits[place : place + GROUP] for place in range(0, len(digits), GROUP))


RENDERERS: dict[int, Callable[[Transaction], Shown]] = {1: _render_1}
"""By version. One that was ever used stays, or old receipts could not be checked."""
