"""Names are shown as people expect them, and never break what shows them."""

import pytest

from warifu.attestation.vouchers import name_text
from warifu.handset import der_writer as w
from warifu.handset.authority import name


def test_a_name_is_shown_by_its_usual_labels() -> None:
    assert name_text(name("leaf", country="JP", organization="Bank")) == "C=JP, O=Bank, CN=leaf"


def test_an_attribute_without_label_is_shown_by_its_identifier() -> None:
    shown = name_text(w.sequence(w.set_of(w.sequence(w.oid("1.2.3"), w.utf8("x")))))
    assert shown == "1.2.3=x"


def test_an_empty_name_is_shown_as_empty() -> None:
    assert name_text(w.sequence()) == "(empty)"


def test_a_name_cannot_move_the_cursor() -> None:
    assert "\x1b" not in name_text(name("\x1b[2J\u202egnp"))


@pytest.mark.parametrize("content", [b"", b"\x30", b"\x30\x02\x31\x00\x00", b"\x00" * 200])
def test_what_does_not_decode_is_shown_as_hex(content: bytes) -> None:
    assert name_text(content) == content[:64].hex() or name_text(content) == "(empty)"
