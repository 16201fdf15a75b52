"""DER as attackers write it: every way of posing as something else is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.handset import der_writer as w


def header(data: bytes) -> tuple[int, int, int]:
    return der.read_header(data, 0, len(data))


def integer(content: bytes) -> int:
    return der.to_integer(content, 0, len(content))


def time(tag: int, text: bytes) -> datetime:
    return der.to_time(text, tag, 0, len(text))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x05\x00", (der.NULL, 2, 2)),
        (w.octet_string(b"x" * 0x7F), (der.OCTET_STRING, 2, 2 + 0x7F)),
        (w.octet_string(b"x" * 0x80), (der.OCTET_STRING, 3, 3 + 0x80)),
        (w.octet_string(b"x" * 0x100), (der.OCTET_STRING, 4, 4 + 0x100)),
        (w.octet_string(b"x" * 0x10000), (der.OCTET_STRING, 5, 5 + 0x10000)),
        (w.context(30, b""), (0xBE, 2, 2)),
        (w.context(31, b""), (der.high_tag(31), 3, 3)),
        (w.context(127, b""), (der.high_tag(127), 3, 3)),
        (w.context(128, b""), (der.high_tag(128), 4, 4)),
        (w.context(709, b"ab"), (der.high_tag(709), 4, 6)),
        (w.context(1 << 14, b""), (der.high_tag(1 << 14), 5, 5)),
        (w.context((1 << 14) + 1, b""), (der.high_tag((1 << 14) + 1), 5, 5)),
        (w.context(0x1FFFFF, b""), (der.high_tag(0x1FFFFF), 5, 5)),
    ],
)
def test_a_minimal_header_is_read(data: bytes, expected: tuple[int, int, int]) -> None:
    assert header(data) == expected


def test_the_first_element_is_read_where_others_follow() -> None:
    assert header(w.null() + w.null()) == (der.NULL, 2, 2)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30", id="tag without length"),
        pytest.param(b"\x30\x01", id="content missing"),
        pytest.param(b"\x30\x82\x01", id="long length cut short"),
        pytest.param(b"\x30\x84\x00\x00\x00", id="length octets cut short"),
        pytest.param(b"\xbf\x85", id="high tag cut short"),
        pytest.param(b"\xbf\x85\x45", id="high tag without length"),
        pytest.param(b"\xbf\x85\x85", id="high tag runs into the end"),
    ],
)
def test_truncated_header_is_refused(data: bytes) -> None:
    with refused(der.WELL_FORMED):
        header(data)


def test_truncated_high_tag_does_not_borrow_octets_after_its_container() -> None:
    data = b"\xbf\x85" + b"\x45\x00"
    with refused(der.WELL_FORMED):
        der.read_header(data, 0, 2)


def test_content_that_passes_its_container_is_refused() -> None:
    data = w.octet_string(b"abcd")
    with refused(der.WELL_FORMED):
        der.read_header(data, 0, len(data) - 1)


@pytest.mark.parametrize("number", range(31))
def test_low_tag_in_high_form_is_refused(number: int) -> None:
    with refused(der.WELL_FORMED):
        header(bytes([0xBF, number, 0x00]))


def test_high_tag_does_not_pose_as_a_low_tag_of_the_same_bits() -> None:
    # 0xBF85.. carries 709; a reader that keeps only the low bits would see [5].
    tag, _, _ = header(w.context(709, b""))
    assert tag != der.CONTEXT_CONSTRUCTED | (709 & 0x1F)
    assert tag == der.high_tag(709)


@pytest.mark.parametrize("number", [0, 30, 31, 709])
def test_tag_is_known_by_its_number_in_either_form(number: int) -> None:
    assert header(w.context(number, b""))[0] == der.high_tag(number)


def test_high_tags_of_other_classes_stay_apart() -> None:
    universal, _, _ = header(b"\x1f\x1f\x00")
    context, _, _ = header(b"\xbf\x1f\x00")
    assert universal != context


def test_padded_tag_number_is_refused() -> None:
    with refused(der.WELL_FORMED):
        header(b"\xbf\x80\x1f\x00")


def test_tag_number_beyond_the_limit_is_refused() -> None:
    with refused(der.WELL_FORMED):
        header(b"\xbf\x81\x80\x80\x00\x00")


def test_indefinite_length_is_refused() -> None:
    with refused(der.WELL_FORMED):
        header(b"\x30\x80\x05\x00\x00\x00")


def test_indefinite_length_is_no_length_of_128() -> None:
    with refused(der.WELL_FORMED):
        header(b"\x30\x80" + bytes(128))
    with refused(der.WELL_FORMED):
        der.read_whole(b"\x30\x80" + bytes(128), der.SEQUENCE)


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 0x7F, b"x" * 0x80, b"x" * 0x100])
def test_content_may_end_with_its_container(content: bytes) -> None:
    data = w.octet_string(content)
    start, stop = der.read_whole(data, der.OCTET_STRING)
    assert data[start:stop] == content
    assert header(data) == (der.OCTET_STRING, start, stop)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x04\x81\x7f" + b"x" * 0x7F, id="long form for a short length"),
        pytest.param(b"\x04\x82\x00\x80" + b"x" * 0x80, id="leading zero octet"),
        pytest.param(b"\x04\x84\x00\x00\x00\x01x", id="three leading zero octets"),
    ],
)
def test_length_that_is_not_minimal_is_refused(data: bytes) -> None:
    with refused(der.WELL_FORMED):
        header(data)


def test_length_of_five_octets_is_refused() -> None:
    with refused(der.WELL_FORMED):
        header(b"\x04\x85\x01\x00\x00\x00\x00")


def test_another_type_is_refused() -> None:
    with refused(der.EXPECTED_TYPE):
        der.read_whole(w.octet_string(b""), der.SEQUENCE)


def test_bytes_after_the_end_are_refused() -> None:
    with refused(der.WELL_FORMED):
        der.read_whole(w.null() + b"\x00", der.NULL)


def test_whole_element_is_read() -> None:
    assert der.read_whole(w.octet_string(b"abc"), der.OCTET_STRING) == (2, 5)


def test_children_are_given_in_order() -> None:
    data = w.integer(1) + w.null()
    assert der.children(data, 0, len(data)) == [(der.INTEGER, 2, 3), (der.NULL, 5, 5)]


def test_as_many_children_as_the_limit_are_read_and_one_more_is_refused() -> None:
    data = w.null() * (der.MAX_CHILDREN + 1)
    assert len(der.children(data, 0, len(data) - 2)) == der.MAX_CHILDREN
    with refused(der.WELL_FORMED):
        der.children(data, 0, len(data))


@given(st.integers(-(2**2100), 2**2100))
def test_integers_come_back(value: int) -> None:
    data = w.integer(value)
    start, stop = der.read_whole(data, der.INTEGER)
    assert der.to_integer(data, start, stop) == value


@pytest.mark.parametrize("content", [b"\x00\x00", b"\x00\x7f", b"\xff\x80", b"\xff\xff"])
def test_padded_integer_is_refused(content: bytes) -> None:
    with refused(der.WELL_FORMED):
        integer(content)


@pytest.mark.parametrize(
    ("content", "value"), [(b"\x00\x80", 128), (b"\xff\x7f", -129), (b"\x7f", 127), (b"\x80", -128)]
)
def test_integer_at_the_edge_of_its_sign_is_read(content: bytes, value: int) -> None:
    assert integer(content) == value


@pytest.mark.parametrize("content", [b"", b"\x01" * (der.MAX_INTEGER_OCTETS + 1)])
def test_empty_or_oversized_integer_is_refused(content: bytes) -> None:
    with refused(der.WELL_FORMED):
        integer(content)


def test_integer_of_the_largest_size_is_read() -> None:
    assert integer(b"\x01" * der.MAX_INTEGER_OCTETS).bit_length() == 8 * der.MAX_INTEGER_OCTETS - 7


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff", (True, None)),
        (b"\x00", (False, None)),
        (b"\x01", (True, der.TRUE_NOT_FF)),
    ],
)
def test_boolean_true_that_is_not_ff_is_counted(content: bytes, expected: object) -> None:
    assert der.to_boolean(content, 0, 1) == expected


@pytest.mark.parametrize("content", [b"", b"\xff\xff"])
def test_boolean_of_another_size_is_refused(content: bytes) -> None:
    with refused(der.WELL_FORMED):
        der.to_boolean(content, 0, len(content))


@pytest.mark.parametrize(
    "dotted",
    ["0.0", "0.39", "1.0", "1.2.840.113549.1.1.11", "2.5.29.19", "2.999.3", "2.100.3.4294967296"],
)
def test_object_identifiers_come_back(dotted: str) -> None:
    assert der.to_oid_text(der.from_oid_text(dotted)) == dotted


def test_object_identifier_of_the_largest_size_is_read() -> None:
    assert der.to_oid_text(b"\x2a" + b"\x01" * (der.MAX_OID_OCTETS - 1)).count(".") == 64


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x2a\x86", id="cut short"),
        pytest.param(b"\x2a\x80\x01", id="arc padded"),
        pytest.param(b"\x80\x2a", id="first arc padded"),
        pytest.param(b"\x2a" + b"\x01" * der.MAX_OID_OCTETS, id="too long"),
    ],
)
def test_damaged_object_identifier_is_refused(content: bytes) -> None:
    with refused(der.WELL_FORMED):
        der.to_oid_text(content)


@given(st.integers(-631152000, 2524607999))
def test_utc_times_come_back(seconds: int) -> None:
    value = datetime.fromtimestamp(seconds, UTC)
    data = w.utc_time(value)
    assert time(der.UTC_TIME, data[2:]) == value


@pytest.mark.parametrize(
    ("text", "year"), [(b"500101000000Z", 1950), (b"491231235959Z", 2049), (b"000229000000Z", 2000)]
)
def test_two_digit_years_turn_at_fifty(text: bytes, year: int) -> None:
    assert time(der.UTC_TIME, text).year == year


def test_generalized_time_is_read_in_utc() -> None:
    found = time(der.GENERALIZED_TIME, b"99991231235959Z")
    assert found == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (der.UTC_TIME, b"20200101000000Z"),
        (der.GENERALIZED_TIME, b"200101000000Z"),
        (der.GENERALIZED_TIME, b"20200101000000.5Z"),
        (der.UTC_TIME, b"2001010000Z"),
        (der.PRINTABLE_STRING, b"20200101000000Z"),
        (der.PRINTABLE_STRING, b"200101000000Z"),
    ],
)
def test_time_of_another_shape_is_refused(tag: int, text: bytes) -> None:
    with refused(der.EXPECTED_TYPE):
        time(tag, text)


@pytest.mark.parametrize(
    "text",
    [
        b"20200101000000+",
        b"2020W011000000Z",
        b"2020-001000000Z",
        b"202001012:0000Z",
        b"2020010100000 Z",
        b"+2020101000000Z",
        b"20200230000000Z",
        b"20201301000000Z",
        b"20200101240000Z",
        b"20200101006000Z",
        b"20200101000060Z",
        b"00000101000000Z",
        "２０２０１Z".encode()[:15],
    ],
)
def test_time_that_does_not_exist_is_refused(text: bytes) -> None:
    with refused(der.WELL_FORMED):
        time(der.GENERALIZED_TIME, text)


def test_bit_string_of_whole_octets_is_read() -> None:
    assert der.to_bit_string(b"\x00ab", 0, 3) == b"ab"


@pytest.mark.parametrize("content", [b"", b"\x01\x80"])
def test_signature_with_unused_bits_is_refused(content: bytes) -> None:
    with refused(der.WELL_FORMED):
        der.to_bit_string(content, 0, len(content))


@pytest.mark.parametrize(
    ("content", "octets"), [(b"\x00", b""), (b"\x02\x04", b"\x04"), (b"\x07\x80", b"\x80")]
)
def test_named_bits_are_read(content: bytes, octets: bytes) -> None:
    assert der.to_named_bits(content, 0, len(content)) == octets


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x01", id="an unused bit of nothing"),
        pytest.param(b"\x08\x00", id="eight unused bits"),
        pytest.param(b"\x03\x04", id="an unused bit that is set"),
        pytest.param(b"\x01\x01", id="the one unused bit is set"),
    ],
)
def test_flag_hidden_among_unused_bits_is_refused(content: bytes) -> None:
    with refused(der.WELL_FORMED):
        der.to_named_bits(content, 0, len(content))


def test_text_is_utf_8_and_nothing_else() -> None:
    assert der.to_text("鍵".encode()) == "鍵"
    with refused(der.WELL_FORMED):
        der.to_text(b"\xed\xa0\x80")


@given(st.binary(max_size=64), st.integers(0, 64))
def test_any_bytes_give_a_header_inside_the_container_or_one_error(data: bytes, end: int) -> None:
    end = min(end, len(data))
    try:
        _, start, stop = der.read_header(data, 0, end)
    except MalformedEvidence:
        return
    assert 0 < start <= stop <= end


@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_one_error(data: bytes) -> None:
    def attempt(call: Callable[..., object], *arguments: object) -> None:
        with suppress(MalformedEvidence):
            call(*arguments)

    whole = (data, 0, len(data))
    attempt(der.children, *whole)
    attempt(der.to_integer, *whole)
    attempt(der.to_boolean, *whole)
    attempt(der.to_bit_string, *whole)
    attempt(der.to_named_bits, *whole)
    attempt(der.to_oid_text, data)
    attempt(der.to_text, data)
    for tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        attempt(der.to_time, data, tag, 0, len(data))
