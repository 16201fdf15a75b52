"""CMS SignedData: what is read, what is refused, and by which rule."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.codec import der
from warifu.base.errors import WarifuError
from warifu.base.pki import cms, signature
from warifu.handset import der_writer as w
from warifu.handset.authority import ECDSA_SHA384, Authority, name, new_key, spki
from warifu.handset.cms_writer import MESSAGE_DIGEST, SHA256, SignedDataDraft

CONTENT = b"what is signed" * 50
KEY = new_key()
ROOT = Authority.root("CMS Root")
CERTIFICATE = ROOT.draft(name("CMS Signer"), spki(KEY))
SHA1 = w.sequence(w.oid("1.3.14.3.2.26"), w.null())


def draft(**changes: Any) -> SignedDataDraft:
    honest: dict[str, Any] = {
        "content": CONTENT,
        "key": KEY,
        "issuer": CERTIFICATE.issuer,
        "serial": CERTIFICATE.serial,
        "certificates": [ROOT.issue(CERTIFICATE), ROOT.certificate],
    }
    return SignedDataDraft(**(honest | changes))


def read_and_check(data: bytes) -> cms.SignedData:
    signed = cms.read_signed_data(data)
    cms.check_signed_data(signed)
    return signed


@pytest.mark.parametrize("piece", [0, 1000, 100])
@pytest.mark.parametrize("indefinite", [False, True])
def test_honest_signed_data_is_accepted_in_every_form(*, indefinite: bool, piece: int) -> None:
    signed = read_and_check(draft(indefinite=indefinite, piece=piece).encode())

    assert signed.content == CONTENT
    assert [certificate.subject for certificate in signed.chain] == [
        CERTIFICATE.subject,
        ROOT.subject,
    ]
    assert (cms.INDEFINITE_LENGTH in signed.leniencies) is indefinite


def test_signed_attributes_are_verified_in_der_order() -> None:
    honest = draft()
    honest.attributes = honest.honest_attributes()
    assert read_and_check(honest.encode()).leniencies == ()


def test_unsorted_attributes_are_verified_as_received_and_counted() -> None:
    unsorted = draft(attributes_sorted=False)
    unsorted.attributes = unsorted.honest_attributes()[::-1]
    assert read_and_check(unsorted.encode()).leniencies == (cms.ATTRIBUTES_UNSORTED,)


def test_revocation_lists_and_unsigned_attributes_are_passed_over() -> None:
    more = draft(revocation_lists=w.sequence(), unsigned_attributes=w.sequence())
    assert read_and_check(more.encode()).content == CONTENT


def test_replaced_content_is_refused() -> None:
    honest = draft().encode()
    with refused(signature.SIGNATURE):
        read_and_check(honest.replace(b"what is signed", b"what is forged", 1))


def test_replaced_content_below_signed_attributes_is_refused() -> None:
    honest = draft()
    honest.attributes = honest.honest_attributes()
    with refused(cms.MESSAGE_DIGEST):
        read_and_check(honest.encode().replace(b"what is signed", b"what is forged", 1))


def test_forged_attributes_are_refused() -> None:
    forged = draft(signature=b"\x30\x06\x02\x01\x01\x02\x01\x01")
    forged.attributes = forged.honest_attributes()
    with refused(signature.SIGNATURE):
        read_and_check(forged.encode())


@pytest.mark.parametrize("missing", [0, 1])
def test_signed_attributes_without_a_demanded_one_are_refused(missing: int) -> None:
    lacking = draft()
    lacking.attributes = lacking.honest_attributes()
    del lacking.attributes[missing]
    with refused(cms.ATTRIBUTES):
        read_and_check(lacking.encode())


def test_second_message_digest_is_refused() -> None:
    doubled = draft(attributes_sorted=False)
    other = w.octet_string(sha256(b"forged").digest())
    doubled.attributes = [*doubled.honest_attributes(), (MESSAGE_DIGEST, other)]
    with refused(cms.ATTRIBUTES):
        read_and_check(doubled.encode())


def test_message_digest_of_two_values_is_refused() -> None:
    doubled = draft()
    (content_type, digest) = doubled.honest_attributes()
    doubled.attributes = [content_type, (digest[0], digest[1] * 2)]
    with refused(der.WELL_FORMED):
        read_and_check(doubled.encode())


def test_other_content_type_in_the_attributes_is_refused() -> None:
    other = draft()
    other.attributes = other.honest_attributes()
    other.attributes[0] = (other.attributes[0][0], w.oid("1.2.840.113549.1.7.2"))
    with refused(cms.ATTRIBUTES):
        read_and_check(other.encode())


def test_too_many_attributes_are_refused() -> None:
    many = draft()
    extra = [(f"1.2.3.{number}", w.null()) for number in range(40)]
    many.attributes = [*many.honest_attributes(), *extra]
    with refused(cms.ATTRIBUTES):
        read_and_check(many.encode())


def test_two_signers_are_refused() -> None:
    with refused(cms.ONE_SIGNER):
        read_and_check(draft(signers=2).encode())


def test_no_signer_is_refused() -> None:
    with refused(cms.ONE_SIGNER):
        read_and_check(draft(signers=0).encode())


@pytest.mark.parametrize(
    "changes",
    [{"signer_version": 3}, {"signer_identifier": w.context(0, bytes(20), constructed=False)}],
    ids=["version", "identifier"],
)
def test_signer_named_by_key_identifier_is_refused(changes: dict[str, Any]) -> None:
    with refused(cms.ONE_SIGNER):
        read_and_check(draft(**changes).encode())


def test_signer_whose_certificate_is_not_sent_is_refused() -> None:
    with refused(cms.SIGNER_CERTIFICATE):
        read_and_check(draft(serial=4711).encode())
    with refused(cms.SIGNER_CERTIFICATE):
        read_and_check(draft(issuer=name("Somebody Else")).encode())
    with refused(cms.SIGNER_CERTIFICATE):
        read_and_check(draft(certificates=[]).encode())


def test_two_certificates_of_one_name_and_number_are_refused() -> None:
    twin = ROOT.issue(CERTIFICATE)
    with refused(cms.SIGNER_CERTIFICATE):
        read_and_check(draft(certificates=[twin, ROOT.issue(CERTIFICATE)]).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"digest_algorithm": SHA1, "announced": SHA1},
        {"signature_algorithm": ECDSA_SHA384},
        {"signature_algorithm": w.sequence(w.oid("1.2.840.10045.4.1"))},
        {"signature_algorithm": w.sequence(w.oid("1.3.101.112"))},
    ],
    ids=["sha1", "other-digest", "ecdsa-sha1", "no-digest"],
)
def test_algorithms_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    with refused(signature.ALGORITHM):
        read_and_check(draft(**changes).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 3},
        {"content_type": "1.2.840.113549.1.7.5"},
        {"announced": b""},
        {"certificates": [ROOT.certificate] * 20},
        {"content": bytes(500), "piece": 1},
    ],
    ids=["version", "content-type", "announced", "certificates", "pieces"],
)
def test_structure_outside_the_grammar_is_refused(changes: dict[str, Any]) -> None:
    with refused(cms.WELL_FORMED):
        read_and_check(draft(**changes).encode())


@pytest.mark.parametrize("indefinite", [False, True])
def test_bytes_after_the_signed_data_are_refused(*, indefinite: bool) -> None:
    with refused(cms.WELL_FORMED):
        read_and_check(draft(indefinite=indefinite).encode() + b"\0\0")


def test_element_hidden_before_an_end_is_refused() -> None:
    honest = draft(indefinite=True).encode()
    with refused(cms.WELL_FORMED):
        read_and_check(honest[:-6] + w.null() + honest[-6:])
    whole = draft(signer_identifier=w.sequence(name("x"), w.integer(1), w.null()))
    with refused(cms.WELL_FORMED):
        read_and_check(whole.encode())


def test_cut_off_end_is_refused() -> None:
    honest = draft(indefinite=True).encode()
    for length in range(len(honest)):
        with pytest.raises(WarifuError):
            read_and_check(honest[:length])


def test_oversized_data_is_not_read() -> None:
    with refused(cms.WELL_FORMED):
        cms.read_signed_data(bytes(100_000))


def test_algorithm_parameters_other_than_null_are_refused() -> None:
    strange = w.sequence(w.oid("2.16.840.1.101.3.4.2.1"), w.integer(1))
    with refused(cms.WELL_FORMED):
        read_and_check(draft(digest_algorithm=strange, announced=SHA256).encode())


def test_signers_authorities_that_go_in_circles_end() -> None:
    key = new_key()
    left = Authority(name("Left"), key, b"")
    right = Authority(name("Right"), key, b"")
    circle = [
        left.issue(left.draft(right.subject, spki(key))),
        right.issue(right.draft(left.subject, spki(key))),
    ]
    signer = left.draft(name("Signer"), spki(KEY))
    signed = draft(
        issuer=signer.issuer, serial=signer.serial, certificates=[left.issue(signer), *circle]
    )
    assert len(read_and_check(signed.encode()).chain) == 3


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_raise_an_error_of_the_tree(data: bytes) -> None:
    try:
        cms.read_signed_data(data)
    except WarifuError:
        return


@given(at=st.integers(0, 5_000), octet=st.integers(0, 255), indefinite=st.booleans())
def test_any_altered_signed_data_is_read_or_refused_by_the_tree(
    at: int, octet: int, *, indefinite: bool
) -> None:
    altered = bytearray(HONEST[indefinite])
    altered[at % len(altered)] = octet
    try:
        signed = read_and_check(bytes(altered))
    except WarifuError:
        return
    assert signed.content == CONTENT


HONEST = [draft(indefinite=form, piece=100).encode() for form in (False, True)]
