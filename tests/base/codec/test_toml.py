"""TOML within limits: what people write is read, what is made to cost time is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence


def read(text: str) -> dict[str, object]:
    return toml.decode(text.encode(), max_bytes=1 << 20)


def key_of(parts: int, joint: str = ".") -> str:
    return joint.join(["a"] * parts)


def test_what_people_write_is_read() -> None:
    text = 'a.b."c.d" = 1\n[x.y]\nz = "one. two. three ... 10.0.0.0/8 bank.example.co.jp"\n'
    assert read(text)["a"] == {"b": {"c.d": 1}}


@pytest.mark.parametrize("joint", [".", " . ", "\t.\t"], ids=["dots", "blanks", "tabs"])
def test_a_key_has_few_parts(joint: str) -> None:
    assert read(f"{key_of(toml.MAX_KEY_PARTS, joint)} = 1")
    with refused(toml.WELL_FORMED):
        read(f"{key_of(toml.MAX_KEY_PARTS + 1, joint)} = 1")


@pytest.mark.parametrize("part", ["a", '"a"', "'a'"])
@pytest.mark.parametrize("form", ["{} = 1", "[{}]", "x = {{ {} = 1 }}"])
def test_a_key_of_hundreds_of_thousands_of_parts_is_refused_at_once(part: str, form: str) -> None:
    with refused(toml.WELL_FORMED):
        read(form.format(".".join([part] * 100_000)))


def test_dots_of_different_keys_are_not_counted_together() -> None:
    lines = "".join(f"{key_of(9)}.b{number} = 1\n" for number in range(50))
    assert read(lines)
    assert read("x = '" + "two words. " * 50 + "'")


@pytest.mark.parametrize("data", [b"a", b"\xff = 1", b"a = 1\na = 2", b"a = " + b"[" * 5000])
def test_what_is_no_toml_is_refused(data: bytes) -> None:
    with refused(toml.WELL_FORMED):
        toml.decode(data, max_bytes=1 << 20)


def test_size_is_limited_before_anything_is_read() -> None:
    assert toml.decode(b"a = 1", max_bytes=5) == {"a": 1}
    with refused(toml.WELL_FORMED):
        toml.decode(b"a = 1", max_bytes=4)


@given(st.binary(max_size=200) | st.text(alphabet="ab.\"'= []{}\n1", max_size=200).map(str.encode))
def test_any_bytes_give_a_document_or_one_error(data: bytes) -> None:
    with suppress(MalformedEvidence):
        assert type(toml.decode(data, max_bytes=1 << 10)) is dict
