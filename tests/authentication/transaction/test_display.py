"""An applet that gets 223 bytes at a time shows the same text and hashes the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authentication.transaction.cases import SIGNATURE, TRANSFER, rewritten
from tests.authentication.transaction.strategies import transactions
from warifu.authentication.transaction.encoding import decode, digest, encode
from warifu.authentication.transaction.rendering import render
from warifu.authentication.transaction.value import Transaction
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.handset.transaction_display import (
    MAX_BYTES,
    PIECE_BYTES,
    CannotDisplayError,
    TransactionDisplay,
)

HONEST = encode(TRANSFER)
TEXT = 23


def show(data: bytes, size: int = PIECE_BYTES) -> tuple[str, bytes]:
    display = TransactionDisplay()
    text = "".join(display.feed(data[place : place + size]) for place in range(0, len(data), size))
    return text, display.finish()


@pytest.mark.parametrize("asked", [TRANSFER, SIGNATURE], ids=["transfer", "document"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, PIECE_BYTES, 4096])
def test_pieces_of_any_size_give_the_text_and_the_digest(asked: Transaction, size: int) -> None:
    data = encode(asked)
    assert show(data, size) == (render(asked).text, digest(data))


@given(transactions(), st.integers(1, 400))
def test_every_transaction_is_shown_as_it_was_rendered(asked: Transaction, size: int) -> None:
    data = encode(asked)
    assert show(data, size) == (render(asked).text, digest(data))


def test_memory_does_not_grow_with_the_text() -> None:
    display = TransactionDisplay()
    for place in range(0, len(HONEST), PIECE_BYTES):
        display.feed(HONEST[place : place + PIECE_BYTES])
        assert len(display._head) + len(display._character) <= 12
        assert len(display._open) <= 3


@given(st.binary(max_size=300))
def test_bytes_that_are_no_transaction_are_not_shown(data: bytes) -> None:
    with pytest.raises(CannotDisplayError):
        show(data)


@given(st.data())
def test_what_the_verifier_accepts_can_be_shown(data: st.DataObject) -> None:
    other = bytearray(HONEST)
    place = data.draw(st.integers(0, len(other) - 1))
    other[place] ^= data.draw(st.integers(1, 255))
    try:
        text, hashed = show(bytes(other))
    except CannotDisplayError:
        with pytest.raises(BadEvidence):
            decode(bytes(other))
    else:
        assert hashed == digest(bytes(other))
        assert isinstance(text, str)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (HONEST + b"\x00", "after the text"),
        (HONEST[:-1], "incomplete"),
        (b"", "incomplete"),
        (b"\xa0", "not a map"),
        (b"\x80", "not a map"),
        (b"\xbf", "not definite"),
        (b"\xa1\x18\x01", "longer than necessary"),
        (b"\xa1\x19\x00\xff", "longer than necessary"),
        (b"\xa1\x02\x01", "out of order"),
        (b"\xa2\x01\x02", "another format"),
        (b"\xa2\x01\x01\x01", "out of order"),
        (b"\xa2\x01\x01\x61x", "out of order"),
        (b"\xa1\x01\x01", "no text"),
        (b"\xa2\x01\x01\x17\x41x", "not the last"),
        (b"\xa2\x01\x01\x17\x60", "not the last"),
        (b"\xa3\x01\x01\x17\x61x", "not the last"),
        (b"\xa2\x01\x01\x17\x62\xffa", "not UTF-8"),
        (b"\xa2\x01\x01\x17\x61\xe3", "half a character"),
        (b"\xa2\x01\x01\x17\x62\x80\x80", "not UTF-8"),
        (b"\xa2\x01\x01\x17\x64\xf8\x80\x80\x80", "not UTF-8"),
        (b"\xa2\x01\x01\x02\xf5", "a type"),
        (b"\xa2\x01\x01\x02\x20", "a type"),
        (b"\xa2\x01\x01\x02\xc1", "a type"),
        (b"\xa2\x01\x01\x02\x81\x81\x81", "too deep"),
        (bytes([0xA3, 1, 1, 2, 0x5A, 0, 1, 0, 0]) + bytes(MAX_BYTES), "too long"),
    ],
    ids=lambda value: value[:12].hex() if isinstance(value, bytes) else value,
)
def test_what_is_not_as_the_format_says_is_not_shown(data: bytes, why: str) -> None:
    with pytest.raises(CannotDisplayError, match=why):
        show(data, 5 if len(data) < MAX_BYTES else 4096)


def test_a_swapped_text_is_shown_and_then_refused_by_the_verifier() -> None:
    swapped = rewritten({TEXT: "1円"})
    assert show(swapped) == ("1円", digest(swapped))
    with pytest.raises(BadEvidence):
        decode(swapped)


def test_fields_after_those_of_today_are_walked_over() -> None:
    later = rewritten({15: [1, [2, b"x"], "y", {}], 16: {1: 2, 3: []}})
    assert show(later) == (cbor.decode_map(later)[TEXT], digest(later))
