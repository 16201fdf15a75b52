"""JSON as attackers write it."""

from __future__ import annotations

import json as peer
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import json
from warifu.base.errors import MalformedEvidence

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_values_come_back(value: Any, escaped: bool) -> None:  # noqa: FBT001 - drawn
    assert json.decode(peer.dumps(value, ensure_ascii=escaped).encode()) == value


def test_object_is_read() -> None:
    assert json.decode_object(b' {"a": [1, null]} ') == {"a": [1, None]}


@pytest.mark.parametrize("data", [b"[]", b'"a"', b"1", b"null"])
def test_top_level_that_is_no_object_is_refused(data: bytes) -> None:
    with refused(json.EXPECTED_TYPE):
        json.decode_object(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'[{"b":{"a":1,"a":2}}]',
        b'{"a":1,"\\u0061":2}',
    ],
)
def test_duplicate_names_are_refused(data: bytes) -> None:
    with refused(json.WELL_FORMED):
        json.decode(data)


def test_names_repeated_with_equal_values_are_taken_where_asked_for() -> None:
    assert json.decode(b'{"a":1,"a":1}', decoder=json.REPEATS_ALIKE) == {"a": 1}


def test_names_repeated_with_other_values_are_always_refused() -> None:
    with refused(json.WELL_FORMED):
        json.decode(b'{"a":1,"b":0,"a":2}', decoder=json.REPEATS_ALIKE)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"{} {}", id="two texts"),
        pytest.param(b"{}\x00", id="bytes after the end"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param(b'"\xff"', id="not utf-8"),
        pytest.param('"é"'.encode("utf-16"), id="utf-16"),
        pytest.param(b"NaN", id="not a number"),
        pytest.param(b"-Infinity", id="infinity by name"),
        pytest.param(b"[1e999]", id="infinity by overflow"),
        pytest.param(b"[-1e999]", id="infinity below"),
        pytest.param(b"01", id="leading zero"),
        pytest.param(b"'a'", id="single quotes"),
        pytest.param(b'"\n"', id="raw control character"),
        pytest.param(b"9" * 5000, id="integer of 5000 digits"),
    ],
)
def test_damaged_text_is_refused(data: bytes) -> None:
    with refused(json.WELL_FORMED):
        json.decode(data)


@pytest.mark.parametrize("escape", [b"\\ud800", b"\\uDC00", b"\\ud800x", b"\\ude00\\ud83d"])
def test_half_of_a_surrogate_pair_is_refused(escape: bytes) -> None:
    with refused(json.WELL_FORMED):
        json.decode(b'{"a":"' + escape + b'"}')
    with refused(json.WELL_FORMED):
        json.decode(b'{"' + escape + b'":1}')


def test_whole_surrogate_pair_is_one_character() -> None:
    assert json.decode(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_up_to_the_limit_is_read_and_one_more_is_refused(opening: bytes) -> None:
    closing = {b"[": b"]"}.get(opening, b"}")
    deepest = opening * (json.MAX_DEPTH - 1) + b"1" + closing * (json.MAX_DEPTH - 1)
    json.decode(b"[" + deepest + b",[],{}]")
    with refused(json.WELL_FORMED):
        json.decode(b"[[" + deepest + b"]]")


def test_many_brackets_side_by_side_are_no_depth() -> None:
    assert json.decode(b"[" + b"[]," * 1000 + b"{}]") == [*([[]] * 1000), {}]


def test_brackets_inside_text_are_no_depth() -> None:
    assert json.decode(b'"' + b"[" * 100 + b'"') == "[" * 100


def test_nesting_that_would_exhaust_the_stack_is_refused() -> None:
    with refused(json.WELL_FORMED):
        json.decode(b"[" * 500_000)


def test_size_up_to_the_limit_is_read_and_one_more_is_refused() -> None:
    assert json.decode(b'"abcdef"', max_bytes=8) == "abcdef"
    with refused(json.WELL_FORMED):
        json.decode(b'"abcdefg"', max_bytes=8)


@given(st.binary(max_size=100) | TEXT.map(str.encode))
def test_any_bytes_give_a_value_or_one_error(data: bytes) -> None:
    for read in (json.decode, json.decode_object):
        with suppress(MalformedEvidence):
            read(data)


@given(VALUES, st.data())
def test_one_changed_byte_gives_a_value_or_one_error(value: Any, data: st.DataObject) -> None:
    text = bytearray(peer.dumps(value).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedEvidence):
        json.decode(bytes(text))
