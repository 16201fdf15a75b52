"""How an applet shows a transaction: as it comes in, in small pieces, with little memory.

Written from docs/formats/transaction.md alone. The applet hashes every byte, walks over the fields
without keeping them, and gives out the text, which is the last thing in the transaction. It holds
a SHA-256, a few counters and at most one unfinished head or character. Only the digest that
`finish` gives may be signed: until then nobody knows that the text was whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

PIECE_BYTES = 223
"""What one short command APDU carries in a secure channel."""
MAX_BYTES = 16 << 10
TEXT_KEY = 23
FORMAT_KEY, FORMAT = 1, 1

_UNSIGNED, _BYTES, _TEXT, _ARRAY, _MAP = 0, 2, 3, 4, 5
_MAX_DEPTH = 3
_DIRECT = 24
_LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_MAX_UTF8 = 4


class CannotDisplayError(Exception):
    """Not a transaction that can be shown; nothing is signed."""


class TransactionDisplay:
    """One transaction on its way to the display."""

    def __init__(self) -> None:
        """Begin; nothing has come in."""
        self._hash = sha256()
        self._received = 0
        self._head = bytearray()
        """Octets of a head that is not complete."""
        self._skip = 0
        """Octets of a string that still come and are not shown."""
        self._text_left: int | None = None
        """Octets of the text that still come; None before it begins."""
        self._character = bytearray()
        """Octets of a character that is not complete."""
        self._open: list[_Level] = []
        self._done = False

    def feed(self, piece: bytes) -> str:
        """Take the next piece, of any size; give out what can be shown of it.

        Raises:
            CannotDisplayError: Not as the format says.
        """
        self._received += len(piece)
        if self._received > MAX_BYTES:
            raise CannotDisplayError("too long")
        self._hash.update(piece)
        return "".join(self._walk(piece))

    def finish(self) -> bytes:
        """The SHA-256 to be signed in the answer, after the last piece.

        Raises:
            CannotDisplayError: The text is not whole.
        """
        if not self._done:
            raise CannotDisplayError("incomplete")
        return self._hash.digest()

    def _walk(self, piece: bytes) -> Iterator[str]:
        place = 0
        while place < len(piece):
            if self._done:
                raise CannotDisplayError("bytes after the text")
            if self._skip:
                passed = min(self._skip, len(piece) - place)
                self._skip -= passed
                place += passed
            elif self._text_left is not None:
                passed = min(self._text_left, len(piece) - place)
                yield self._show(piece[place : place + passed])
                place += passed
            else:
                self._head.append(piece[place])
                place += 1
                self._take_head()

    def _show(self, octets: bytes) -> str:
        self._text_left = (self._text_left or 0) - len(octets)
        self._character += octets
        whole = len(self._character) - _unfinished(self._character)
        try:
            shown = self._character[:whole].decode("utf-8")
        except UnicodeDecodeError as error:
            raise CannotDisplayError("text is not UTF-8") from error
        del self._character[:whole]
        if not self._text_left:
            if self._character:
                raise CannotDisplayError("half a character")
            self._done = True
        return shown

    def _take_head(self) -> None:
        major, low = self._head[0] >> 5, self._head[0] & 31
        more = 0 if low < _DIRECT else _LENGTHS.get(low)
        if more is None:
            raise CannotDisplayError("length is not definite")
        if len(self._head) <= more:
            return
        value = int.from_bytes(self._head[1:], "big") if more else low
        if more and value < (_DIRECT if more == 1 else 1 << (4 * more)):
            raise CannotDisplayError("longer than necessary")
        self._head.clear()
        self._take_item(major, value)

    def _take_item(self, major: int, value: int) -> None:
        if not self._open:
            if major != _MAP or not value:
                raise CannotDisplayError("not a map")
            self._open.append(_Level(2 * value, is_map=True))
            return
        level = self._open[-1]
        level.check(major, value, is_outermost=len(self._open) == 1)
        level.left -= 1
        if level.is_text(len(self._open)):
            self._begin_text(major, value)
        elif major in {_BYTES, _TEXT}:
            self._skip = value
        elif major in {_ARRAY, _MAP} and value:
            if len(self._open) == _MAX_DEPTH:
                raise CannotDisplayError("too deep")
            self._open.append(_Level(value * (2 if major == _MAP else 1), is_map=major == _MAP))
        elif major not in {_UNSIGNED, _ARRAY, _MAP}:
            raise CannotDisplayError("a type that transactions do not have")
        while self._open and not self._open[-1].left:
            self._open.pop()
        if not self._open and self._text_left is None:
            raise CannotDisplayError("no text at the end")

    def _begin_text(self, major: int, octets: int) -> None:
        if major != _TEXT or not octets or self._open[-1].left:
            raise CannotDisplayError("the text is not the last")
        self._text_left = octets


class _Level:
    """A map or an array that is being walked over."""

    def __init__(self, left: int, *, is_map: bool) -> None:
        self.left = left
        """Items that still come; a map has two for each entry."""
        self.is_map = is_map
        self.key = -1
        """The last key of the outermost map."""
        self.is_value = False

    def check(self, major: int, value: int, *, is_outermost: bool) -> None:
        """Keys of the outermost map are whole numbers, each larger than the one before."""
        if not is_outermost:
            return
        if self.is_value:
            if self.key == FORMAT_KEY and (major, value) != (_UNSIGNED, FORMAT):
                raise CannotDisplayError("another format")
        else:
            expected = FORMAT_KEY if self.key < 0 else value
            if major != _UNSIGNED or value <= self.key or value != expected:
                raise CannotDisplayError("keys out of order")
            self.key = value
        self.is_value = not self.is_value

    def is_text(self, depth: int) -> bool:
        """Whether the item just taken is the value of the text's key."""
        return depth == 1 and self.key == TEXT_KEY and not self.is_value


def _unfinished(octets: bytearray) -> int:
    """How many octets at the end begin a character without ending it."""
    for back in range(1, min(_MAX_UTF8, len(octets) + 1)):
        octet = octets[-back]
        if octet >= 0xC0:
            wanted = 2 if octet < 0xE0 else 3 if octet < 0xF0 else 4
            return back if back < wanted else 0
        if octet < 0x80:
            return 0
    return 0
