"""What may be written down. By type first, and then by how a text looks.

Whatever is not of a type named here is written as the name of its type: a ``repr`` shows whatever
its class had in mind, and so do the words of exceptions of others, which quote data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from warifu.base.errors import WarifuError
from warifu.base.secret import Secret

HIDDEN = "***"
SHORT = 12
"""A text of fewer characters is too short for anything that is looked for here."""
MAX_CHARACTERS = 500
MAX_ITEMS = 50
MAX_DEPTH = 4
MAX_FRAMES = 12
MAX_CAUSES = 4
MAX_NUMBER = 10**11
"""No count or duration of ours is larger; an IMEI is, and so are card and account numbers."""

_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=%-]{16,}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX_RUN = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[:\s-]?){8,}")
_DIGITS = re.compile(r"\d(?:[ -]?\d){11,}")
_KINDS_OF_CHARACTER = (re.compile("[0-9]"), re.compile("[a-z]"), re.compile("[A-Z]"))


def text(value: str) -> str:
    """A text without what looks like a key, a token, a digest or a long number.

    Identifiers that we gave (UUIDs in lower case) stay: without them a log cannot be followed.
    """
    if len(value) < SHORT:
        return value
    cut = value[: MAX_CHARACTERS * 2]
    clean = _LONG_RUN.sub(_run, cut)
    clean = _HEX_RUN.sub(_hexadecimal, clean)
    clean = _DIGITS.sub(_digits, clean)
    return clean if len(clean) <= MAX_CHARACTERS else clean[:MAX_CHARACTERS] + "…"


def value(given: object, depth: int = 0) -> object:
    """Anything at all as what JSON has, with nothing in it that was not meant to be shown."""
    if (plain := _PLAIN.get(type(given))) is not None:
        return plain(given)
    if given is None or isinstance(given, (bool, float)):
        return given
    if isinstance(given, Enum):
        return value(given.value, depth + 1)
    if isinstance(given, Mapping) and depth < MAX_DEPTH:
        items = list(given.items())[:MAX_ITEMS]
        return {text(str(name)): value(item, depth + 1) for name, item in items}
    if isinstance(given, (list, tuple, set, frozenset)) and depth < MAX_DEPTH:
        return [value(item, depth + 1) for item in list(given)[:MAX_ITEMS]]
    for kind, show in _SHOWN:
        if isinstance(given, kind):
            return show(given)
    return f"<{type(given).__name__}>"


def exception(error: BaseException) -> dict[str, object]:
    """Type, code and where it was raised: neither its own words nor the values of its frames."""
    described: dict[str, object] = {"type": type(error).__name__}
    if isinstance(error, WarifuError):
        described["code"] = error.code
        described["detail"] = text(error.detail)
    described["at"] = _frames(error.__traceback__)
    causes: list[dict[str, object]] = []
    cause: BaseException | None = error
    while len(causes) < MAX_CAUSES and (cause := _cause(cause)) is not None:
        causes.append({"type": type(cause).__name__, "at": _frames(cause.__traceback__)[-3:]})
    if causes:
        described["because"] = causes
    return described


def _cause(error: BaseException | None) -> BaseException | None:
    if error is None:
        return None
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{line}"
        for frame, line in walk_tb(traceback)
    ]
    return frames[-MAX_FRAMES:]


def _run(found: re.Match[str]) -> str:
    """A run of base64 has letters of both cases or digits among them; a word or a path has not."""
    run = found.group()
    if _UUID.fullmatch(run):
        return run
    kinds = sum(kind.search(run) is not None for kind in _KINDS_OF_CHARACTER)
    return HIDDEN if kinds > 1 else run


def _hexadecimal(found: re.Match[str]) -> str:
    run = found.group()
    return run if _within_uuid(found) else HIDDEN + run[len(run.rstrip()) :]


def _digits(found: re.Match[str]) -> str:
    return found.group() if _within_uuid(found) else HIDDEN


def _within_uuid(found: re.Match[str]) -> bool:
    start = max(0, found.start() - 36)
    return any(
        uuid.start() + start <= found.start() and found.end() <= uuid.end() + start
        for uuid in _UUID.finditer(found.string[start : found.end() + 36])
    )


_SHOWN: tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...] = (
    (str, text),
    (int, lambda number: number if -MAX_NUMBER < number < MAX_NUMBER else HIDDEN),
    (Secret, lambda _: HIDDEN),
    ((bytes, bytearray, memoryview), lambda octets: f"<{len(octets)} bytes>"),
    ((datetime, date), lambda at: at.isoformat()),
    (Path, lambda path: text(str(path))),
    (BaseException, exception),
)
"""How values of each type are shown; of no other."""
_PLAIN: dict[type, Callable[[Any], object]] = {
    kind: show for kind, show in _SHOWN if isinstance(kind, type) and kind in {str, int}
}
"""Of just these types, which nearly every value in a line has."""
