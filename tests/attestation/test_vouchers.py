"""Names are shown as people expect them, and never break what shows them."""

from hashlib import sha256

import pytest

from warifu.attestation.claims import Claims, Format, Freshness, Realm
from warifu.attestation.vouchers import Voucher, name_text, vouchers
from warifu.base.pki.certificate import read_certificate
from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, name, new_key, spki


def test_a_name_is_shown_by_its_usual_labels() -> None:
    assert name_text(name("leaf", country="JP", organization="Bank")) == "C=JP, O=Bank, CN=leaf"


def test_an_attribute_without_label_is_shown_by_its_identifier() -> None:
    shown = name_text(w.sequence(w.set_of(w.sequence(w.oid("1.2.3"), w.utf8("x")))))
    assert shown == "1.2.3=x"


def test_an_empty_name_is_shown_as_empty() -> None:
    assert name_text(w.sequence()) == "(empty)"


def test_a_name_cannot_move_the_cursor() -> None:
    assert name_text(name("\x1b[2J\u202egnp")) == "CN=?[2J?gnp"


def test_a_name_that_is_no_text_is_shown_all_the_same() -> None:
    value = w.sequence(w.set_of(w.sequence(w.oid("2.5.4.3"), w.tlv(0x0C, b"a\xffb"))))
    assert name_text(value) == "CN=a\ufffdb"


@pytest.mark.parametrize(
    ("oid", "label"),
    [
        ("2.5.4.5", "serialNumber"),
        ("2.5.4.7", "L"),
        ("2.5.4.8", "ST"),
        ("2.5.4.11", "OU"),
        ("2.5.4.12", "title"),
        ("0.9.2342.19200300.100.1.25", "DC"),
    ],
)
def test_every_usual_attribute_has_its_label(oid: str, label: str) -> None:
    shown = name_text(w.sequence(w.set_of(w.sequence(w.oid(oid), w.utf8("x")))))
    assert shown == f"{label}=x"


@pytest.mark.parametrize(
    ("anchor", "roles"),
    [
        ("a root", ("leaf", "intermediate", "anchor")),
        (None, ("leaf", "intermediate", "intermediate")),
    ],
)
def test_a_chain_is_told_certificate_by_certificate(
    anchor: str | None, roles: tuple[str, ...]
) -> None:
    root = Authority.root("the root")
    middle = root.subordinate("the middle")
    draft = middle.draft(name("the leaf"), spki(new_key()))
    draft.serial = 0xABCDEF
    chain = (middle.issue(draft), middle.certificate, root.certificate)
    told = vouchers(
        Claims(
            format=Format.APP_ATTEST,
            at=draft.not_before,
            known_at=draft.not_before,
            realm=Realm.TEST,
            freshness=Freshness(),
            chain=tuple(map(read_certificate, chain)),
            anchor=anchor,
            detail=Freshness(),
        )
    )
    assert told == tuple(
        Voucher(
            subject=f"CN={subject}",
            issuer=f"CN={issuer}",
            serial=serial,
            not_before=draft.not_before,
            not_after=draft.not_after,
            sha256=sha256(certificate).digest(),
            role=role,
        )
        for subject, issuer, serial, certificate, role in zip(
            ("the leaf", "the middle", "the root"),
            ("the middle", "the root", "the root"),
            ("abcdef", read_certificate(middle.certificate).serial_hex, "1"),
            chain,
            roles,
            strict=True,
        )
    )


@pytest.mark.parametrize("content", [b"", b"\x30", b"\x30\x02\x31\x00\x00", b"\x00" * 200])
def test_what_does_not_decode_is_shown_as_hex(content: bytes) -> None:
    assert name_text(content) == content[:64].hex() or name_text(content) == "(empty)"
