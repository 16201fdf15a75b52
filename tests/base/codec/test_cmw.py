"""Conceptual message wrappers: every published example, and envelopes that lie."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import cbor, cmw, text
from warifu.base.codec import json as our_json
from warifu.base.codec.cmw import Collection, Indicator, Wrapped, read_cmw
from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from pathlib import Path

    from warifu.base.rule import Rule

EXAMPLE_TYPE = "application/vnd.example.rats-conceptual-msg"
EXAMPLE_FORMATS = {**cmw.CONTENT_FORMATS, 64998: "application/my-evidence", 64999: EXAMPLE_TYPE}
PSA = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'
MESSAGE = bytes.fromhex("2347da55")
EVIDENCE = Indicator.EVIDENCE
RESULTS = Indicator.ATTESTATION_RESULTS


def wrapped(media_type: str, value: bytes, indicator: Indicator | None = None) -> Wrapped:
    return Wrapped(media_type=media_type, value=value, indicator=indicator)


def attesters(kind: str | None) -> Collection:
    return Collection(
        kind=kind,
        items={
            "attester A": wrapped("application/eat-ucs+json", b"{}\n", EVIDENCE),
            "attester B": wrapped("application/eat-ucs+cbor", b"\xa0", EVIDENCE),
        },
    )


def composite(third: bytes) -> Collection:
    return Collection(
        kind="tag:example.com,2024:composite-attester",
        items={
            0: wrapped(EXAMPLE_TYPE, MESSAGE, EVIDENCE),
            1: wrapped(EXAMPLE_TYPE, MESSAGE),
            2: wrapped("application/eat+jwt", third, RESULTS),
        },
    )


EXAMPLES: dict[str, Wrapped | Collection] = {
    "cmw-example-1.json": wrapped(EXAMPLE_TYPE, MESSAGE),
    "cmw-example-2.json": wrapped(PSA, MESSAGE),
    "cmw-example-1.diag": wrapped(EXAMPLE_TYPE, MESSAGE),
    "cmw-example-2.diag": wrapped(EXAMPLE_TYPE, MESSAGE),
    "cmw-example-3.diag": wrapped(
        "application/rim+cose",
        bytes.fromhex("d28440a044d901f5a040"),
        Indicator.REFERENCE_VALUES | Indicator.ENDORSEMENTS,
    ),
    "cmw-example-tag-1.diag": wrapped(EXAMPLE_TYPE, MESSAGE),
    "cmw-example-tag-2.diag": wrapped(
        "application/my-evidence", bytes.fromhex("a10a48a7c76d8424a96fb4")
    ),
    "collection-example-1.json": attesters(None),
    "collection-example-2.json": attesters("tag:example.com,2024:another-composite-attester"),
    "collection-example-1.diag": composite(bytes.fromhex("4c693475")),
    "collection-example-2.diag": composite(b"..."),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_example_is_read(vectors: Path, name: str) -> None:
    data = (vectors / "rats-cmw-draft" / name).read_bytes()
    if name.endswith(".diag"):
        data = cbor2.dumps(from_diagnostic(data.decode()))
    assert read_cmw(data, content_formats=EXAMPLE_FORMATS) == EXAMPLES[name]


def test_wrapper_inside_a_claims_set_is_read(vectors: Path) -> None:
    claims = json.loads((vectors / "rats-cmw-draft" / "eat-example-1.json").read_bytes())
    assert read_cmw(json.dumps(claims["cmw"]).encode()) == EXAMPLES["collection-example-2.json"]


def test_every_published_example_is_covered(vectors: Path) -> None:
    folder = vectors / "rats-cmw-draft"
    published = {path.name for path in folder.iterdir() if path.suffix in {".json", ".diag"}}
    assert published == {*EXAMPLES, "eat-example-1.json"}


def test_tag_numbers_of_the_specification() -> None:
    assert cmw.tag_of(0) == 1668546817
    assert cmw.tag_of(64999) == 1668612070
    assert cmw.TAGS[-1] == 1668612095
    # Registered by the specification for wrappers in wrappers.
    assert [cmw.content_format_of(tag) for tag in range(1668547091, 1668547095)] == [
        *range(273, 277)
    ]


@given(st.integers(0, 65024))
def test_tags_and_content_formats_stand_for_each_other(number: int) -> None:
    assert cmw.content_format_of(cmw.tag_of(number)) == number


def test_media_type_for_choosing_a_reader_has_no_parameters() -> None:
    assert wrapped("Application/EAT+cwt ; a=b", b"").bare_media_type == "application/eat+cwt"


def record(*members: object) -> bytes:
    return json.dumps(members).encode()


def cbor_record(*members: object) -> bytes:
    return cbor2.dumps(list(members))


def tagged(number: int, value: object) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(number, value))


def test_white_space_before_json_is_skipped() -> None:
    assert read_cmw(b"\r\n\t " + record("a/b", "AA")) == wrapped("a/b", b"\x00")


def test_single_message_is_wanted_and_a_collection_is_refused() -> None:
    assert cmw.decode_record(record("a/b", "AA")) == wrapped("a/b", b"\x00")
    with refused(cmw.WELL_FORMED):
        cmw.decode_record(b'{"a":["a/b","AA"]}')


def test_empty_message_can_be_wrapped_in_cbor() -> None:
    assert read_cmw(cbor_record("a/b", b"")) == wrapped("a/b", b"")


def test_parameters_of_media_types_are_kept() -> None:
    name = 'a/b;c=d ; e="f;\\"g" ;h=i'
    assert read_cmw(cbor_record(name, b"x")) == wrapped(name, b"x")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("application", id="no subtype"),
        pytest.param("application/", id="empty subtype"),
        pytest.param("a/b/c", id="two slashes"),
        pytest.param("a/b;", id="parameter missing"),
        pytest.param("a/b;c", id="parameter without value"),
        pytest.param('a/b;c="d', id="quote that does not end"),
        pytest.param("a/b\n", id="line feed after it"),
        pytest.param("a/b\r\nX: y", id="a header smuggled in"),
        pytest.param("a/ｂ", id="full width letter"),
        pytest.param("a/b;c=" + "d" * cmw.MAX_MEDIA_TYPE_CHARACTERS, id="too long"),
        pytest.param(7, id="a number in JSON"),
        pytest.param(None, id="null"),
    ],
)
def test_name_that_is_no_media_type_is_refused(name: object) -> None:
    with refused(cmw.MEDIA_TYPE):
        read_cmw(record(name, "AA"))


@pytest.mark.parametrize("name", ["no type", b"a/b", None, 1.0, True, [42]])
def test_name_that_is_no_media_type_is_refused_in_cbor(name: object) -> None:
    with refused(cmw.MEDIA_TYPE):
        read_cmw(cbor_record(name, b"x"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(cbor_record(64999, b"x"), id="number"),
        pytest.param(cbor_record(-1, b"x"), id="negative number"),
        pytest.param(cbor_record(65536 + 60, b"x"), id="number beyond two octets"),
        pytest.param(tagged(1668612070, b"x"), id="tag"),
        pytest.param(tagged(1668546817 + 255, b"x"), id="tag that stands for nothing"),
    ],
)
def test_unknown_content_format_is_refused(data: bytes) -> None:
    with refused(cmw.CONTENT_FORMAT):
        read_cmw(data)


@pytest.mark.parametrize("number", [1668546816, 1668612096, 0])
def test_tag_outside_the_range_stands_for_nothing(number: int) -> None:
    with refused(cmw.CONTENT_FORMAT):
        cmw.content_format_of(number)


@pytest.mark.parametrize("number", [1668546816, 1668612096, 18, 24, 61])
def test_tag_outside_the_range_is_refused(number: int) -> None:
    with refused(cbor.WELL_FORMED):
        read_cmw(tagged(number, b"x"))


@pytest.mark.parametrize("indicator", [0, 32, 36, -1, 2**32, 4.0, True, None, "4"])
def test_indicator_without_a_registered_bit_is_refused(indicator: object) -> None:
    with refused(cmw.INDICATOR):
        read_cmw(record("a/b", "AA", indicator))
    with refused(cmw.INDICATOR):
        read_cmw(cbor_record("a/b", b"x", indicator))


def test_indicators_may_be_combined() -> None:
    assert read_cmw(record("a/b", "AA", 31)) == wrapped("a/b", b"\x00", Indicator(31))


NESTED_TOO_DEEP = b'{"a":' * (cmw.MAX_DEPTH + 1) + record("a/b", "AA") + b"}" * (cmw.MAX_DEPTH + 1)
LONGEST_KIND = "a:" + "b" * (cmw.MAX_LABEL_CHARACTERS - 2)
TOO_MANY = {str(number): ["a/b", "AA"] for number in range(cmw.MAX_RECORDS + 1)}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        pytest.param(b"", cbor.WELL_FORMED, id="nothing"),
        pytest.param(b"\xf6", cmw.WELL_FORMED, id="null"),
        pytest.param(record(), cmw.WELL_FORMED, id="empty record"),
        pytest.param(record("a/b"), cmw.WELL_FORMED, id="no value"),
        pytest.param(record("a/b", "AA", 4, 4), cmw.WELL_FORMED, id="four members"),
        pytest.param(record("a/b", "AA=="), cmw.WELL_FORMED, id="padding"),
        pytest.param(record("a/b", "A"), text.WELL_FORMED, id="impossible length"),
        pytest.param(record("a/b", "A A="), cmw.WELL_FORMED, id="white space and padding"),
        pytest.param(record("a/b", [1]), cmw.WELL_FORMED, id="list as value"),
        pytest.param(cbor_record("a/b", "AA"), cmw.WELL_FORMED, id="text as value in CBOR"),
        pytest.param(tagged(1668547090, "x"), cmw.WELL_FORMED, id="tag before text"),
        pytest.param(
            tagged(1668547090, cbor2.CBORTag(1668547090, b"x")), cmw.WELL_FORMED, id="two tags"
        ),
        pytest.param(b"{}", cmw.WELL_FORMED, id="empty collection"),
        pytest.param(b'{"__cmwc_t":"1.2.3"}', cmw.WELL_FORMED, id="nothing but a type"),
        pytest.param(b'{"a":1}', cmw.WELL_FORMED, id="label with a number"),
        pytest.param(b'{"a":["a/b","AA"],"a":["a/b","AQ"]}', our_json.WELL_FORMED, id="same label"),
        pytest.param(
            json.dumps({"x" * (cmw.MAX_LABEL_CHARACTERS + 1): ["a/b", "AA"]}).encode(),
            cmw.WELL_FORMED,
            id="label too long",
        ),
        pytest.param(cbor2.dumps({b"a": ["a/b", b"x"]}), cmw.WELL_FORMED, id="label of bytes"),
        pytest.param(cbor2.dumps({True: ["a/b", b"x"]}), cmw.WELL_FORMED, id="label true"),
        pytest.param(NESTED_TOO_DEEP, cmw.WELL_FORMED, id="nested too deep"),
        pytest.param(json.dumps(TOO_MANY).encode(), cmw.WELL_FORMED, id="too many records"),
        pytest.param(b" " * cmw.MAX_BYTES + b"[", cmw.WELL_FORMED, id="too large"),
    ],
)
def test_damaged_wrapper_is_refused(data: bytes, rule: Rule) -> None:
    with refused(rule):
        read_cmw(data)


@pytest.mark.parametrize(
    "data",
    [
        record("a/" + "b" * 127 + ";c=" + "d" * (cmw.MAX_MEDIA_TYPE_CHARACTERS - 132), "AA"),
        record("a/b", "AA", 1),
        json.dumps({"x" * cmw.MAX_LABEL_CHARACTERS: ["a/b", "AA"]}).encode(),
        json.dumps(
            {"__cmwc_t": "a:" + "b" * (cmw.MAX_LABEL_CHARACTERS - 2), "a": ["a/b", "AA"]}
        ).encode(),
        json.dumps({str(number): ["a/b", "AA"] for number in range(cmw.MAX_RECORDS)}).encode(),
        b" " * (cmw.MAX_BYTES - 12) + b'["a/b","AA"]',
    ],
    ids=["media type", "indicator", "label", "collection type", "records", "size"],
)
def test_what_is_just_within_a_limit_is_read(data: bytes) -> None:
    read_cmw(data)


def test_nesting_up_to_the_limit_is_read_in_both_encodings() -> None:
    read_cmw(NESTED_TOO_DEEP[len(b'{"a":') : -1])
    item: object = ["a/b", b"x"]
    for _ in range(cmw.MAX_DEPTH):
        item = {1: item}
    read_cmw(cbor2.dumps(item))


@pytest.mark.parametrize(
    "kind", ["tag:example.com,2024:x", "https://a.example/b?c", "1.2.840", "2"]
)
def test_collection_type_is_a_uri_or_an_object_identifier(kind: str) -> None:
    found = read_cmw(json.dumps({"__cmwc_t": kind, "a": ["a/b", "AA"]}).encode())
    assert isinstance(found, Collection)
    assert found.kind == kind


@pytest.mark.parametrize("kind", ["", "a", "/relative", "3.1", "1.02", "a:b#c", "a:b c", 5, None])
def test_other_collection_type_is_refused(kind: object) -> None:
    with refused(cmw.WELL_FORMED):
        read_cmw(json.dumps({"__cmwc_t": kind, "a": ["a/b", "AA"]}).encode())


def test_overlong_collection_type_is_refused() -> None:
    with refused(cmw.WELL_FORMED):
        read_cmw(json.dumps({"__cmwc_t": "a:" + "b" * 300, "a": ["a/b", "AA"]}).encode())


@given(st.binary(max_size=120))
def test_any_bytes_give_a_wrapper_or_one_error(data: bytes) -> None:
    _read_or_refuse(data)


LEAVES: Any = st.sampled_from(["a/b", "AA", b"x", 60, 4, 0, None, cbor2.CBORTag(1668546877, b"x")])
SHAPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "__cmwc_t", 1, b"b"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(SHAPES)
def test_any_shape_gives_a_wrapper_or_one_error(shape: Any) -> None:
    _read_or_refuse(cbor2.dumps(shape))
    _read_or_refuse(json.dumps(shape, default=str, skipkeys=True).encode())


def _read_or_refuse(data: bytes) -> None:
    with suppress(MalformedEvidence):
        assert isinstance(read_cmw(data), Wrapped | Collection)


def from_diagnostic(notation: str) -> Any:
    """The few parts of CBOR diagnostic notation that the examples use."""
    notation = re.sub(r"(?m)(?<![:\w])/ .*? /", "", notation)
    notation = re.sub(r"h'([0-9a-f]*)'", r"bytes.fromhex('\1')", notation)
    notation = re.sub(r"\b(\d+)\(", r"cbor2.CBORTag(\1, ", notation)
    notation = notation.replace("<<", "cbor2.dumps(").replace(">>", ")")
    return eval(notation, {"cbor2": cbor2, "bytes": bytes})  # noqa: S307 - the examples, in a test
