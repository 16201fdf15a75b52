"""Certificates as attackers, and as honest but careless phones, write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.base.pki import certificate as pki
from warifu.base.pki.certificate import read_certificate
from warifu.handset import der_writer as w
from warifu.handset.authority import (
    ECDSA_SHA256,
    ECDSA_SHA384,
    Authority,
    CertificateDraft,
    key_usage,
    name,
    new_key,
    spki,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Authority.root()
KEY = new_key()
KEY_USAGE = "2.5.29.15"


def draft() -> CertificateDraft:
    return ROOT.draft(name("Leaf"), spki(KEY))


def issue(change: Callable[[CertificateDraft], object] = lambda _: None) -> bytes:
    changed = draft()
    change(changed)
    return ROOT.issue(changed)


def rebuilt(*parts: bytes) -> bytes:
    """A certificate of these parts of tbsCertificate, under a signature that means nothing."""
    return w.sequence(w.sequence(*parts), ECDSA_SHA256, w.bit_string(b"signature"))


VERSION = w.context(0, w.integer(2))
SERIAL = w.integer(5)
NAME = name("Someone")
VALIDITY = w.sequence(
    w.time(datetime(2020, 1, 1, tzinfo=UTC)), w.time(datetime(2060, 1, 1, tzinfo=UTC))
)
PUBLIC_KEY = spki(KEY)
PARTS = (VERSION, SERIAL, ECDSA_SHA256, NAME, VALIDITY, NAME, PUBLIC_KEY)


def with_serial(content: bytes) -> bytes:
    return rebuilt(VERSION, w.tlv(0x02, content), *PARTS[2:])


def with_extensions(*extensions: bytes) -> bytes:
    return rebuilt(*PARTS, w.context(3, w.sequence(*extensions)))


def extension(*parts: bytes) -> bytes:
    return w.sequence(*parts)


KEY_USAGE_OID = w.oid(KEY_USAGE)
VALUE = w.octet_string(key_usage(5))


def test_every_field_is_read() -> None:
    data = issue(lambda leaf: leaf.extension(KEY_USAGE, key_usage(0), critical=True))
    found = read_certificate(data)
    peer = x509.load_der_x509_certificate(data)
    assert found.der == data
    assert found.signed == peer.tbs_certificate_bytes
    assert found.version == 3
    assert found.serial == peer.serial_number
    assert found.serial_hex == f"{peer.serial_number:x}"
    assert found.signature_algorithm == der.from_oid_text("1.2.840.10045.4.3.2")
    assert found.signature_parameters == b""
    assert found.signature == peer.signature
    assert found.issuer == ROOT.subject
    assert found.subject == name("Leaf")
    assert found.not_before == peer.not_valid_before_utc
    assert found.not_after == peer.not_valid_after_utc
    assert found.public_key == spki(KEY)
    assert found.extensions == {pki.KEY_USAGE: pki.Extension(critical=True, value=key_usage(0))}
    assert found.leniencies == ()
    assert found.fingerprint == peer.fingerprint(peer.signature_hash_algorithm)  # type: ignore[arg-type]


def test_certificate_without_extensions_is_read() -> None:
    assert read_certificate(issue()).extensions == {}


@pytest.mark.parametrize(("encoded", "version"), [(b"", 1), (w.context(0, w.integer(1)), 2)])
def test_older_versions_are_read_as_what_they_are(encoded: bytes, version: int) -> None:
    assert read_certificate(rebuilt(encoded, *PARTS[1:])).version == version


def test_unique_identifiers_are_passed_over() -> None:
    data = rebuilt(
        *PARTS,
        w.context(1, b"\x00a", constructed=False),
        w.context(2, b"\x00b", constructed=False),
        w.context(3, w.sequence(extension(KEY_USAGE_OID, VALUE))),
    )
    assert list(read_certificate(data).extensions) == [pki.KEY_USAGE]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            rebuilt(w.context(0, w.integer(2) + w.null()), *PARTS[1:]), id="after version"
        ),
        pytest.param(with_serial(b""), id="empty serial number"),
        pytest.param(with_serial(b"\x01" * (pki.MAX_SERIAL_OCTETS + 1)), id="huge serial number"),
        pytest.param(rebuilt(VERSION, w.octet_string(b"\x05"), *PARTS[2:]), id="serial of bytes"),
        pytest.param(
            rebuilt(*PARTS[:4], w.sequence(VALIDITY[2:], w.null()), *PARTS[5:]), id="third date"
        ),
        pytest.param(rebuilt(*PARTS, w.octet_string(b"")), id="unknown field"),
        pytest.param(
            rebuilt(*PARTS, w.context(3, w.sequence()), w.context(1, b"", constructed=False)),
            id="field after the extensions",
        ),
        pytest.param(
            rebuilt(*PARTS, w.context(3, w.sequence()), w.context(3, w.sequence())),
            id="extensions twice",
        ),
        pytest.param(
            rebuilt(*PARTS, w.context(3, w.sequence() + w.null())), id="bytes after the extensions"
        ),
        pytest.param(with_extensions(extension(KEY_USAGE_OID, w.null())), id="value of null"),
        pytest.param(
            with_extensions(extension(KEY_USAGE_OID, VALUE, w.null())), id="bytes after the value"
        ),
        pytest.param(
            with_extensions(extension(KEY_USAGE_OID, w.boolean(True), w.boolean(True), VALUE)),  # noqa: FBT003 - the value itself
            id="critical twice",
        ),
        pytest.param(
            w.sequence(w.sequence(*PARTS), ECDSA_SHA256, w.bit_string(b"x"), w.null()),
            id="bytes after the signature",
        ),
        pytest.param(
            with_extensions(
                *(
                    extension(w.oid(f"1.2.3.{number}"), VALUE)
                    for number in range(pki.MAX_EXTENSIONS + 1)
                )
            ),
            id="too many extensions",
        ),
        pytest.param(bytes(pki.MAX_CERTIFICATE_BYTES + 1), id="too large"),
    ],
)
def test_other_structure_is_refused(data: bytes) -> None:
    with refused(pki.WELL_FORMED):
        read_certificate(data)


def test_as_many_extensions_as_the_limit_are_read() -> None:
    data = with_extensions(
        *(extension(w.oid(f"1.2.3.{number}"), VALUE) for number in range(pki.MAX_EXTENSIONS))
    )
    assert len(read_certificate(data).extensions) == pki.MAX_EXTENSIONS


def padded_to(size: int) -> bytes:
    """A certificate of exactly this size."""
    empty = len(with_extensions(extension(KEY_USAGE_OID, w.octet_string(bytes(size // 2)))))
    return with_extensions(
        extension(KEY_USAGE_OID, w.octet_string(bytes(size - empty + size // 2)))
    )


def test_certificate_of_the_largest_size_is_read_and_one_more_is_refused() -> None:
    largest = padded_to(pki.MAX_CERTIFICATE_BYTES)
    assert len(read_certificate(largest).der) == pki.MAX_CERTIFICATE_BYTES
    with refused(pki.WELL_FORMED):
        read_certificate(padded_to(pki.MAX_CERTIFICATE_BYTES + 1))


def test_serial_number_of_the_largest_size_is_read() -> None:
    serial = read_certificate(with_serial(b"\x01" * pki.MAX_SERIAL_OCTETS)).serial
    assert serial.bit_length() == 8 * pki.MAX_SERIAL_OCTETS - 7


def test_extension_is_not_critical_unless_it_says_so() -> None:
    found = read_certificate(with_extensions(extension(KEY_USAGE_OID, VALUE)))
    assert found.extensions[pki.KEY_USAGE].critical is False


def test_each_critical_that_is_not_ff_is_counted() -> None:
    flag = w.boolean(True, true=1)  # noqa: FBT003 - the value itself
    data = with_extensions(
        extension(KEY_USAGE_OID, flag, VALUE), extension(w.oid("1.2.3"), flag, VALUE)
    )
    assert read_certificate(data).leniencies == (der.TRUE_NOT_FF, der.TRUE_NOT_FF)


def test_bytes_after_the_certificate_are_refused() -> None:
    with refused(der.WELL_FORMED):
        read_certificate(issue() + b"\x00")


def test_certificate_cut_short_anywhere_is_refused() -> None:
    data = issue()
    for length in range(len(data)):
        with pytest.raises(MalformedEvidence):
            read_certificate(data[:length])


def test_duplicate_extension_is_refused() -> None:
    def twice(leaf: CertificateDraft) -> None:
        leaf.extensions = [(KEY_USAGE, True, key_usage(0)), (KEY_USAGE, True, key_usage(5))]

    with refused(pki.UNIQUE_EXTENSIONS):
        read_certificate(issue(twice))


def test_same_extension_twice_with_the_same_value_is_refused() -> None:
    with refused(pki.UNIQUE_EXTENSIONS):
        read_certificate(with_extensions(*[extension(KEY_USAGE_OID, VALUE)] * 2))


def test_algorithm_swapped_outside_the_signature_is_refused() -> None:
    def swap(leaf: CertificateDraft) -> None:
        leaf.outer_algorithm = ECDSA_SHA384

    with refused(pki.ONE_ALGORITHM):
        read_certificate(issue(swap))


def test_parameters_added_outside_the_signature_are_refused() -> None:
    def swap(leaf: CertificateDraft) -> None:
        leaf.outer_algorithm = w.sequence(w.oid("1.2.840.10045.4.3.2"), w.null())

    with refused(pki.ONE_ALGORITHM):
        read_certificate(issue(swap))


def test_null_parameters_of_ecdsa_are_read_and_counted() -> None:
    def titan(leaf: CertificateDraft) -> None:
        leaf.signature_algorithm = w.sequence(w.oid("1.2.840.10045.4.3.2"), w.null())

    found = read_certificate(issue(titan))
    assert found.signature_parameters == b"\x05\x00"
    assert found.leniencies == (pki.ALGORITHM_PARAMETERS_NULL,)


def test_null_parameters_of_rsa_are_ordinary() -> None:
    root = Authority.root(key=new_key("rsa2048"))
    assert read_certificate(root.certificate).leniencies == ()


@pytest.mark.parametrize(
    ("content", "serial"),
    [
        pytest.param(b"\xff" * 8, 2**64 - 1, id="64 bits without sign octet"),
        pytest.param(b"\x00\x05", 5, id="padded"),
        pytest.param(b"\x80", 128, id="negative"),
    ],
)
def test_serial_number_that_is_not_positive_and_minimal_is_counted(
    content: bytes, serial: int
) -> None:
    found = read_certificate(with_serial(content))
    assert found.serial == serial
    assert found.leniencies == (pki.SERIAL_UNSIGNED,)


@pytest.mark.parametrize("content", [b"\x00", b"\x7f", b"\x00\x80", b"\x00" + b"\xff" * 20])
def test_ordinary_serial_number_is_not_counted(content: bytes) -> None:
    assert read_certificate(with_serial(content)).leniencies == ()


def test_critical_that_is_not_ff_is_read_and_counted() -> None:
    found = read_certificate(
        with_extensions(extension(KEY_USAGE_OID, w.boolean(True, true=1), VALUE))  # noqa: FBT003 - the value itself
    )
    assert found.extensions[pki.KEY_USAGE].critical
    assert found.leniencies == (der.TRUE_NOT_FF,)


def test_an_authority_whose_true_is_not_ff_is_read_and_counted() -> None:
    draft = Authority.root().draft(name("authority"), spki(new_key()))
    draft.extension("2.5.29.19", w.sequence(w.boolean(value=True, true=0x01)), critical=True)
    found = read_certificate(draft.sign(new_key()))
    assert found.leniencies == (der.TRUE_NOT_FF,)


def test_leniencies_of_one_certificate_add_up() -> None:
    null_parameters = w.sequence(w.oid("1.2.840.10045.4.3.2"), w.null())
    data = w.sequence(
        w.sequence(VERSION, w.tlv(0x02, b"\x80"), null_parameters, *PARTS[3:]),
        null_parameters,
        w.bit_string(b"x"),
    )
    assert read_certificate(data).leniencies == (
        pki.ALGORITHM_PARAMETERS_NULL,
        pki.SERIAL_UNSIGNED,
    )


def test_signature_with_unused_bits_is_refused() -> None:
    data = w.sequence(w.sequence(*PARTS), ECDSA_SHA256, w.bit_string(b"\xf0", unused=4))
    with refused(der.WELL_FORMED):
        read_certificate(data)


def test_oversized_algorithm_is_refused() -> None:
    algorithm = w.sequence(w.oid("1.2.3"), w.octet_string(bytes(pki.MAX_ALGORITHM_BYTES)))
    parts = (*PARTS[:2], algorithm, *PARTS[3:])
    with refused(pki.WELL_FORMED):
        read_certificate(w.sequence(w.sequence(*parts), algorithm, w.bit_string(b"x")))


def test_algorithm_without_identifier_is_refused() -> None:
    parts = (*PARTS[:2], w.sequence(), *PARTS[3:])
    with refused(der.WELL_FORMED):
        read_certificate(w.sequence(w.sequence(*parts), w.sequence(), w.bit_string(b"x")))


@given(st.binary(max_size=300))
def test_any_bytes_give_a_certificate_or_one_error(data: bytes) -> None:
    with suppress(MalformedEvidence):
        read_certificate(data)


FULL = issue(lambda leaf: leaf.extension(KEY_USAGE, key_usage(0), critical=True))


@given(st.integers(0, len(FULL) - 1), st.integers(0, 255))
def test_any_changed_byte_gives_a_certificate_or_one_error(position: int, value: int) -> None:
    with suppress(MalformedEvidence):
        read_certificate(FULL[:position] + bytes([value]) + FULL[position + 1 :])
