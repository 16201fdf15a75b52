"""Every certificate in the recorded evidence, read by us and by two readers independent of us.

`asn1crypto` reads them all; `cryptography` reads the strict ones. Where a peer reads one, all its
fields agree with ours. Where a peer or we read nothing, the reason is listed here.
"""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from asn1crypto import x509 as asn1
from asn1crypto.core import Void
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from tests.corpus.certificates import certificates
from warifu.base.codec import der
from warifu.base.errors import MalformedEvidence
from warifu.base.pki.certificate import SERIAL_UNSIGNED, Certificate, read_certificate
from warifu.base.pki.path import may_sign_certificates, read_basic_constraints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSED_BY_US = {
    # A certificate that is BER, made to test that: lengths with leading zeros.
    "aosp-apksig/apks/v2-only-with-rsa-pkcs1-sha256-1024-cert-not-der.apk": "not minimal",
    # An invented root of the conformance suite: 29 February 2017. `cryptography` refuses it too.
    "fido-mds-conformance/test-blob.jwt": "no such time",
}
REFUSED_BY_CRYPTOGRAPHY = {
    # NULL parameters in an ECDSA algorithm identifier: Titan M, and a root of Intel.
    'ExtraData, location: ["Certificate::tbs_cert", "TbsCertificate::signature_alg"]': 4,
    # The parts of one relative name out of order: roots of Nuvoton.
    'InvalidSetOrdering, location: ["Certificate::tbs_cert", "TbsCertificate::issuer"': 13,
}


@pytest.fixture(scope="module")
def corpus(vectors: Path) -> dict[bytes, str]:
    return certificates(vectors)


@pytest.fixture(scope="module")
def read(corpus: dict[bytes, str]) -> dict[bytes, Certificate]:
    found = {}
    for data in corpus:
        with suppress(MalformedEvidence):
            found[data] = read_certificate(data)
    return found


def test_the_corpus_is_large(corpus: dict[bytes, str]) -> None:
    assert len(corpus) > 350
    assert len({source.split("/")[0] for source in corpus.values()}) > 15


def test_each_certificate_refused_by_us_is_known(
    corpus: dict[bytes, str], read: dict[bytes, Certificate]
) -> None:
    unread = [data for data in corpus if data not in read]
    assert Counter(corpus[data] for data in unread) == Counter(list(REFUSED_BY_US))
    for data in unread:
        with pytest.raises(MalformedEvidence, match=REFUSED_BY_US[corpus[data]]):
            read_certificate(data)


def test_asn1crypto_agrees_field_by_field(read: dict[bytes, Certificate]) -> None:
    for data, ours in read.items():
        peer = asn1.Certificate.load(data)
        signed = peer["tbs_certificate"]
        assert ours.signed == signed.dump()
        assert ours.version == int(signed["version"]) + 1
        assert ours.serial == _unsigned(signed["serial_number"].native, ours)
        assert ours.issuer == signed["issuer"].dump()
        assert ours.subject == signed["subject"].dump()
        assert ours.public_key == signed["subject_public_key_info"].dump()
        assert ours.signature == peer["signature_value"].native
        assert (
            der.to_oid_text(ours.signature_algorithm)
            == peer["signature_algorithm"]["algorithm"].dotted
        )
        assert ours.not_before == signed["validity"]["not_before"].native
        assert ours.not_after == signed["validity"]["not_after"].native
        extensions = signed["extensions"]
        theirs = {
            entry["extn_id"].dotted: (entry["critical"].native, entry["extn_value"].contents)
            for entry in (() if isinstance(extensions, Void) else extensions)
        }
        assert _extensions(ours) == theirs


def test_cryptography_agrees_field_by_field(read: dict[bytes, Certificate]) -> None:
    agreed = 0
    for data, ours in read.items():
        peer = _load(data)
        if peer is None:
            continue
        agreed += 1
        assert ours.signed == peer.tbs_certificate_bytes
        assert ours.version == peer.version.value + 1
        with _without_warnings():
            assert ours.serial == _unsigned(peer.serial_number, ours)
            assert ours.issuer == peer.issuer.public_bytes()
            assert ours.subject == peer.subject.public_bytes()
        assert ours.signature == peer.signature
        assert der.to_oid_text(ours.signature_algorithm) == (
            peer.signature_algorithm_oid.dotted_string
        )
        assert ours.not_before == peer.not_valid_before_utc
        assert ours.not_after == peer.not_valid_after_utc
        assert peer.public_bytes(Encoding.DER) == ours.der
    assert agreed > 350


def test_cryptography_agrees_on_extensions_and_roles(read: dict[bytes, Certificate]) -> None:
    agreed = 0
    for data, ours in read.items():
        peer = _load(data)
        extensions = _peer_extensions(peer) if peer else None
        if extensions is None:
            continue
        agreed += 1
        assert set(_extensions(ours)) == {entry.oid.dotted_string for entry in extensions}
        for entry in extensions:
            assert _extensions(ours)[entry.oid.dotted_string][0] == entry.critical
            if entry.oid == ExtensionOID.BASIC_CONSTRAINTS:
                role = (entry.value.ca, entry.value.path_length)
                assert read_basic_constraints(ours) == role
            if entry.oid == ExtensionOID.KEY_USAGE:
                assert may_sign_certificates(ours) == entry.value.key_cert_sign
    assert agreed > 330


def test_each_certificate_refused_by_cryptography_alone_is_known(
    read: dict[bytes, Certificate],
) -> None:
    unread = [data for data in read if _load(data) is None]
    reasons: Counter[str] = Counter()
    for data in unread:
        with pytest.raises(ValueError, match="error parsing asn1 value") as caught:
            x509.load_der_x509_certificate(data)
        reasons.update(reason for reason in REFUSED_BY_CRYPTOGRAPHY if reason in str(caught.value))
    assert reasons == REFUSED_BY_CRYPTOGRAPHY
    assert len(unread) == reasons.total()


@contextmanager
def _without_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _load(data: bytes) -> x509.Certificate | None:
    with _without_warnings(), suppress(ValueError):
        return x509.load_der_x509_certificate(data)
    return None


def _peer_extensions(peer: x509.Certificate) -> x509.Extensions | None:
    with _without_warnings(), suppress(ValueError):
        return peer.extensions
    return None


def _extensions(ours: Certificate) -> dict[str, tuple[bool, bytes]]:
    return {
        der.to_oid_text(oid): (entry.critical, entry.value)
        for oid, entry in ours.extensions.items()
    }


def _unsigned(serial: int, ours: Certificate) -> int:
    """Peers read a 64-bit serial number without sign octet as negative."""
    if serial >= 0:
        return serial
    assert SERIAL_UNSIGNED in ours.leniencies
    return serial + (1 << 8 * ((ours.serial.bit_length() + 7) // 8))
