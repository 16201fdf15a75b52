"""The bank's own books: customers, accounts, and who holds which account elsewhere. In memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from warifu.base.rule import Text

DAILY_LIMIT = 1_000_000
"""Yen that one customer may send in a day."""


class Customer(Struct, frozen=True, kw_only=True):
    """A person with an account here."""

    user: str
    """What the bank calls them towards warifu."""
    name: Text
    account: str


class Account(Struct, frozen=True, kw_only=True):
    """An account at another bank, as that bank would tell who asks for the name."""

    bank: str
    branch: str
    account: str
    name: str
    """In kana, as banks exchange it."""


class Stage(StrEnum):
    """Where a transfer stands in our books."""

    PENDING = "pending"
    """Approved, and not yet carried out."""
    BOOKED = "booked"
    UNDONE = "undone"


class Entry(Struct, frozen=True, kw_only=True):
    """One line of an account's history."""

    at: datetime
    title: Text
    amount: int
    """Negative where money leaves."""
    stage: Stage = Stage.BOOKED
    transaction: str | None = None
    """warifu's name of the transaction by which it was approved."""


class Bank(Struct, frozen=True, kw_only=True):
    """A bank that transfers go to."""

    code: str
    name: Text
    branches: dict[str, Text]


BANKS = {
    each.code: each
    for each in (
        Bank(
            code="0001",
            name=Text(ja="さくら銀行", en="Sakura Bank"),
            branches={"012": Text(ja="本店営業部", en="Head Office")},
        ),
        Bank(
            code="0009",
            name=Text(ja="ひので銀行", en="Hinode Bank"),
            branches={"123": Text(ja="みなと支店", en="Minato Branch")},
        ),
    )
}
CUSTOMERS = {
    each.user: each
    for each in (
        Customer(
            user="hanako", name=Text(ja="山田 花子", en="Hanako Yamada"), account="普通 7654321"
        ),
        Customer(user="kenji", name=Text(ja="佐藤 健二", en="Kenji Sato"), account="普通 2233445"),
    )
}
ELSEWHERE = (
    Account(bank="0001", branch="012", account="0123456", name="ニシムラ タロウ"),
    Account(bank="0009", branch="123", account="7654321", name="カ)ミドリフドウサン"),
    Account(bank="0009", branch="123", account="9040404", name="マボロシ ジロウ"),
)
KNOWN_PAYEES = ELSEWHERE[:2]


class Checked(StrEnum):
    """How the check of a name ended, by the names that transactions use."""

    MATCHES = "matches"
    CLOSE = "close"
    DIFFERS = "differs"
    NOT_POSSIBLE = "not-possible"


class Books:
    """Balances and histories; may be asked by several threads at once."""

    def __init__(self) -> None:
        """Open with some history, so that there is something to see."""
        now = datetime.now(UTC)
        self._lock = Lock()
        self._entries: dict[str, list[Entry]] = {
            user: [
                Entry(at=now - timedelta(days=days), title=title, amount=amount)
                for days, title, amount in _HISTORY
            ]
            for user in CUSTOMERS
        }

    def balance(self, user: str) -> int:
        """What is on the account, before what is still pending."""
        return _sum(each for each in self.entries(user) if each.stage is Stage.BOOKED)

    def available(self, user: str) -> int:
        """What may still be sent."""
        return _sum(each for each in self.entries(user) if each.stage is not Stage.UNDONE)

    def limit_left(self, user: str) -> int:
        """What may still be sent today: no more than the limit, and no more than there is."""
        today = [each for each in self.entries(user) if each.transaction is not None]
        sent = -_sum(each for each in today if each.stage is not Stage.UNDONE)
        return max(0, min(DAILY_LIMIT - sent, self.available(user)))

    def entries(self, user: str) -> list[Entry]:
        """Newest first."""
        with self._lock:
            return sorted(self._entries[user], key=lambda each: each.at, reverse=True)

    def approve(self, user: str, entry: Entry) -> None:
        """Take note of a transfer that was approved; once for each transaction."""
        with self._lock:
            held = self._entries[user]
            if all(each.transaction != entry.transaction for each in held):
                held.append(entry)

    def settle(self, transaction: str, stage: Stage) -> None:
        """Carry a transfer out, or undo it."""
        with self._lock:
            for entries in self._entries.values():
                entries[:] = [
                    replace(each, stage=stage) if each.transaction == transaction else each
                    for each in entries
                ]


def check_name(*, bank: str, branch: str, account: str, name: str) -> Checked:
    """What the other bank answers to the question whose account it is."""
    held = next(
        (
            each
            for each in ELSEWHERE
            if (each.bank, each.branch, each.account) == (bank, branch, account)
        ),
        None,
    )
    if held is None:
        return Checked.NOT_POSSIBLE
    if held.name == name:
        return Checked.MATCHES
    is_close = held.name.replace(" ", "") == name.replace(" ", "")
    return Checked.CLOSE if is_close else Checked.DIFFERS


def _sum(entries: Iterable[Entry]) -> int:
    return sum(each.amount for each in entries)


_HISTORY = (
    (31, Text(ja="繰越残高", en="Balance brought forward"), 1_102_340),
    (27, Text(ja="給与", en="Salary"), 324_000),
    (20, Text(ja="家賃", en="Rent"), -98_000),
    (12, Text(ja="電気料金", en="Electricity"), -8_940),
    (9, Text(ja="カード", en="Card payment"), -31_260),
    (2, Text(ja="ATM引出し", en="Cash withdrawal"), -20_000),
)
