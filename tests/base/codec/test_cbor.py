"""CBOR as attackers write it: one reading for all readers, or none."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text()
)
ITEMS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 100) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ITEMS)
def test_items_come_back(item: Any) -> None:
    assert cbor.decode(cbor2.dumps(item)) == item


def test_maps_with_integer_and_text_keys_are_read() -> None:
    assert cbor.decode_map(bytes.fromhex("a2016161 6162f5")) == {1: "a", "b": True}


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("a2 01 02 01 03", id="same integer twice"),
        pytest.param("a2 6161 02 6161 02", id="same text twice with equal values"),
        pytest.param("a2 01 02 f5 02", id="one and true are one key here"),
    ],
)
def test_duplicate_keys_are_refused(encoded: str) -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("9f 01 ff", id="array"),
        pytest.param("bf 01 02 ff", id="map"),
        pytest.param("5f 41 61 ff", id="bytes"),
        pytest.param("7f 61 61 ff", id="text"),
    ],
)
def test_indefinite_length_is_refused(encoded: str) -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize("tag", [*cbor._LIBRARY_TAGS, 18, 98, 2**32, 2**64 - 1])
def test_every_tag_is_refused(tag: int) -> None:
    content = cbor2.dumps([0, b"\x01"])
    with refused(cbor.WELL_FORMED):
        cbor.decode(cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1] + content)


def test_tag_in_a_prefix_is_refused() -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode_prefix(bytes.fromhex("d903e8 01 ff"))


def test_shared_reference_cannot_build_a_loop() -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode(bytes.fromhex("d81c 81 d81d 00"))


def test_allowed_tag_is_kept_as_it_is() -> None:
    assert cbor.decode_tagged(bytes.fromhex("81 d862 01"), {98}) == [cbor.Tagged(98, 1)]


def test_tag_that_is_not_allowed_is_refused() -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode_tagged(bytes.fromhex("d863 01"), {98})


def test_bytes_after_a_tagged_item_are_refused() -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode_tagged(bytes.fromhex("d862 01 00"), {98})


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("", id="nothing"),
        pytest.param("18", id="integer cut short"),
        pytest.param("62 61", id="text cut short"),
        pytest.param("9b ffffffffffffffff", id="array of 2^64 items"),
        pytest.param("bb 00000000ffffffff", id="map of 2^32 items"),
        pytest.param("5b 7fffffffffffffff", id="bytes of 2^63"),
        pytest.param("7b ffffffffffffffff", id="text of 2^64"),
        pytest.param("62 ffff", id="text that is not utf-8"),
        pytest.param("ff", id="break without beginning"),
        pytest.param("1c", id="reserved length"),
        pytest.param("f8 01", id="simple value in the wrong form"),
        pytest.param("a1 01", id="key without value"),
    ],
)
def test_damaged_item_is_refused(encoded: str) -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode(bytes.fromhex(encoded))


def test_bytes_after_the_end_are_refused() -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode(b"\x01\x00")


def test_prefix_tells_how_far_it_read() -> None:
    assert cbor.decode_prefix(b"\xa1\x01\x02" + b"\xff" * 70_000) == ({1: 2}, 3)


def test_nesting_up_to_the_limit_is_read_and_one_more_is_refused() -> None:
    deepest = cbor.MAX_DEPTH
    cbor.decode(b"\x81" * deepest + b"\x00")
    with refused(cbor.WELL_FORMED):
        cbor.decode(b"\x81" * (deepest + 1) + b"\x00")


def test_tags_count_as_depth() -> None:
    with refused(cbor.WELL_FORMED):
        cbor.decode_tagged(b"\xd8\x62" * 10_000 + b"\x00", {98})


def test_size_up_to_the_limit_is_read_and_one_more_is_refused() -> None:
    content = cbor.MAX_BYTES - 5
    encoded = b"\x5a" + content.to_bytes(4, "big") + bytes(content)
    assert len(cbor.decode(encoded)) == content
    with refused(cbor.WELL_FORMED):
        cbor.decode(encoded + b"\x00")


def test_map_wanted_and_array_found_is_refused() -> None:
    with refused(cbor.EXPECTED_TYPE):
        cbor.decode_map(b"\x80")


def test_member_of_the_wanted_type_is_given() -> None:
    assert cbor.member({1: b"x"}, 1, bytes) == b"x"


@pytest.mark.parametrize(
    ("item", "kind"),
    [({}, int), ({1: True}, int), ({1: "x"}, bytes), ({1: None}, str), ({1: 1.0}, int)],
)
def test_missing_member_or_one_of_another_type_is_refused(
    item: dict[int, object], kind: type
) -> None:
    with refused(cbor.EXPECTED_TYPE):
        cbor.member(item, 1, kind)


def test_deterministic_encoding_is_the_same_for_any_order() -> None:
    assert cbor.encode_deterministic({"b": 1, "aa": 2, 1: 3}) == bytes.fromhex(
        "a3 01 03 6162 01 626161 02"
    )


@given(st.binary(max_size=200))
def test_any_bytes_give_an_item_or_one_error(data: bytes) -> None:
    for read in (cbor.decode, cbor.decode_prefix, cbor.decode_map, _tagged):
        with suppress(MalformedEvidence):
            read(data)


@given(ITEMS, st.data())
def test_one_changed_byte_gives_an_item_or_one_error(item: Any, data: st.DataObject) -> None:
    encoded = bytearray(cbor2.dumps(item))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedEvidence):
        cbor.decode(bytes(encoded))


def _tagged(data: bytes) -> Any:
    return cbor.decode_tagged(data, range(100, 70_000))
