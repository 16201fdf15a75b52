"""PINs that are refused when they are set: what a thief tries first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_KNOWN_DIGITS = 4
"""Shorter numbers of the person are part of too many PINs."""
YEARS = range(1900, 2051)
DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

KEYPAD_LINES = ("2580", "0852", "1470", "3690", "1379", "7931", "1397", "159357", "147258369")
"""Lines and corners of the ten keys."""
PLAY_ON_WORDS = ("4649", "5963", "1192", "0721", "3776", "8686", "007007")
"""Numbers that read as words in Japanese, or that everybody knows."""


def find_weakness(pin: str, known: Iterable[str] = ()) -> str | None:
    """The name of the pattern that makes a PIN weak; None for one that may be set.

    Args:
        pin: Its digits.
        known: Digits that others may know of this person, such as telephone and account numbers.
    """
    for name, has in WEAKNESSES.items():
        if has(pin):
            return name
    numbers = ("".join(filter(str.isdigit, text)) for text in known)
    if any(
        pin in number or (len(number) >= MIN_KNOWN_DIGITS and number in pin) for number in numbers
    ):
        return "known-number"
    return None


def _is_repeated(pin: str) -> bool:
    return any(
        len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size)
        for size in range(1, len(pin) // 2 + 1)
    )


def _is_run(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return steps in ({1}, {9})


def _is_doubled(pin: str) -> bool:
    return len(pin) % 2 == 0 and pin[::2] == pin[1::2]


def _is_mirrored(pin: str) -> bool:
    return pin == pin[::-1]


def _is_listed(pin: str) -> bool:
    return pin in KEYPAD_LINES or pin in PLAY_ON_WORDS


def _is_date(pin: str) -> bool:
    """MMDD, DDMM, a year, YYMMDD, YYYYMM or YYYYMMDD."""
    match len(pin):
        case 4:
            return int(pin) in YEARS or _is_day(pin) or _is_day(pin[2:] + pin[:2])
        case 6:
            in_year = int(pin[:4]) in YEARS and 1 <= int(pin[4:]) <= 12
            return in_year or _is_day(pin[2:])
        case 8:
            return int(pin[:4]) in YEARS and _is_day(pin[4:])
        case _:
            return False


def _is_day(digits: str) -> bool:
    month, day = int(digits[:2]), int(digits[2:])
    return 1 <= month <= 12 and 1 <= day <= DAYS_OF_MONTH[month - 1]


WEAKNESSES: dict[str, Callable[[str], bool]] = {
    "repeated": _is_repeated,
    "run": _is_run,
    "doubled": _is_doubled,
    "mirrored": _is_mirrored,
    "listed": _is_listed,
    "date": _is_date,
}
"""Each pattern by its name: 0000 and 1212; 1234 and 9876; 1122; 1221; 2580 and 4649; 1231, 1984."""
