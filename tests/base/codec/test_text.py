"""Base64 and PEM: one text for one value, and nothing hidden between."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import text
from warifu.base.errors import MalformedEvidence


@given(st.binary(max_size=100))
def test_values_come_back(data: bytes) -> None:
    assert text.from_base64url(text.to_base64url(data)) == data
    assert text.from_base64(text.to_base64(data)) == data


@given(st.binary(max_size=100))
def test_padding_may_be_there_or_be_left_out(data: bytes) -> None:
    assert text.from_base64url(base64.urlsafe_b64encode(data)) == data
    assert text.from_base64(base64.b64encode(data).rstrip(b"=").decode()) == data


@given(st.binary(max_size=40))
def test_each_value_has_one_unpadded_text(data: bytes) -> None:
    try:
        value = text.from_base64url(data)
    except MalformedEvidence:
        return
    assert data in {base64.urlsafe_b64encode(value), text.to_base64url(value).encode()}


def test_white_space_is_skipped_in_base64_only() -> None:
    assert text.from_base64(b" AA\r\n\tEC ") == b"\x00\x01\x02"
    with refused(text.WELL_FORMED):
        text.from_base64url("AA EC")


@pytest.mark.parametrize("read", [text.from_base64, text.from_base64url])
@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param("A", id="impossible length"),
        pytest.param("AAAAA", id="impossible length after a group"),
        pytest.param("AB", id="stray bits after one octet"),
        pytest.param("AAB", id="stray bits after two octets"),
        pytest.param("AB==", id="stray bits before padding"),
        pytest.param("AA=A", id="padding inside"),
        pytest.param("AA=", id="one padding character of two"),
        pytest.param("=", id="padding alone"),
        pytest.param("====", id="a group of padding"),
        pytest.param("A===", id="three padding characters"),
        pytest.param("AA======", id="padding beyond its group"),
        pytest.param("AAAA====", id="padding after a whole group"),
        pytest.param("AA\0A", id="zero octet"),
        pytest.param("AAé=", id="not ascii"),
        pytest.param("AA\ud800A", id="half a surrogate pair"),
    ],
)
def test_damaged_text_is_refused(read: object, damaged: str) -> None:
    with refused(text.WELL_FORMED):
        read(damaged)  # type: ignore[operator]


def test_alphabets_are_not_mixed() -> None:
    assert text.from_base64("+/+/") == text.from_base64url("-_-_")
    with refused(text.WELL_FORMED):
        text.from_base64("-_-_")
    with refused(text.WELL_FORMED):
        text.from_base64url("+/+/")


BLOCK = b"-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n"


def test_every_block_is_read_in_order() -> None:
    other = BLOCK.replace(b"AAEC", b"Aw==")
    assert text.from_pem_certificates(b"leaf:\n" + BLOCK + b"root:\r\n" + other) == [
        b"\x00\x01\x02",
        b"\x03",
    ]


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(BLOCK.replace(b"CERTIFICATE", b"PRIVATE KEY"), id="another label"),
        pytest.param(BLOCK.replace(b"-----END CERTIFICATE-----", b""), id="no end"),
        pytest.param(BLOCK[:30] + BLOCK, id="begin inside a block"),
        pytest.param(BLOCK.replace(b"AAEC", b"AA*C"), id="foreign character"),
        pytest.param(BLOCK.replace(b"AAEC", b"Proc-Type: 4,ENCRYPTED\n\nAAEC"), id="header line"),
        pytest.param(BLOCK * (text.MAX_PEM_BLOCKS + 1), id="too many blocks"),
        pytest.param(BLOCK + b" " * text.MAX_PEM_BYTES, id="too large"),
    ],
)
def test_damaged_pem_is_refused(damaged: bytes) -> None:
    with refused(text.WELL_FORMED):
        text.from_pem_certificates(damaged)


def test_block_ends_at_its_first_end() -> None:
    stray = BLOCK + b"-----END CERTIFICATE-----"
    assert text.from_pem_certificates(stray) == [b"\x00\x01\x02"]


def test_pem_of_the_largest_size_is_read() -> None:
    padded = BLOCK + b" " * (text.MAX_PEM_BYTES - len(BLOCK))
    assert len(text.from_pem_certificates(padded)) == 1


def test_as_many_blocks_as_the_limit_are_read() -> None:
    assert len(text.from_pem_certificates(BLOCK * text.MAX_PEM_BLOCKS)) == text.MAX_PEM_BLOCKS


@given(st.binary(max_size=100) | st.text(max_size=60))
def test_any_text_gives_a_value_or_one_error(data: bytes | str) -> None:
    for read in (text.from_base64, text.from_base64url):
        with suppress(MalformedEvidence):
            read(data)


@given(st.lists(st.sampled_from([BLOCK[:28], BLOCK[28:33], BLOCK[33:], b"\n", b"A", b"="])))
def test_any_mixture_of_pem_gives_blocks_or_one_error(pieces: list[bytes]) -> None:
    with suppress(MalformedEvidence):
        assert text.from_pem_certificates(b"".join(pieces))


def test_pem_blocks_are_split_without_decoding_them() -> None:
    pem = b"junk" + text._PEM_BEGIN + b"\n@@@\n" + text._PEM_END + b"more"
    assert text.split_pem_certificates(pem) == [b"\n@@@\n"]
    with refused(text.WELL_FORMED):
        text.from_pem_certificates(pem)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a1b2c3d4e5f60718: REVOKED key compromise", "***: REVOKED key compromise"),
        ("IMEI 490154203237518 twice", "IMEI *** twice"),
        ("patch 20251105, version 12.3, 2025-11-05", "patch 20251105, version 12.3, 2025-11-05"),
        ("", ""),
    ],
)
def test_long_numbers_are_not_left_to_read(said: str, shown: str) -> None:
    assert text.without_numbers(said) == shown
