"""For any bytes: claims, or one error of the tree, and nothing else."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from tests.attestation.android_key.world import (
    AT,
    CHALLENGE,
    EXPECTED,
    evidence_of,
    judge,
    trust_in,
)
from warifu.attestation.evidence.readers.key_description import read_key_description
from warifu.attestation.evidence.readers.provisioning_info import read_certificates_issued
from warifu.attestation.evidence.readers.public_key import name_public_key
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.view import TrustView
from warifu.base.codec.text import from_pem_certificates
from warifu.base.errors import BadEvidence, WarifuError
from warifu.base.pki.certificate import read_certificate
from warifu.handset.android_key import AndroidPhone, describe, to_pem

DESCRIPTION = describe(CHALLENGE, AT).encode()


@cache
def world() -> tuple[AndroidPhone, TrustView, bytes, bytes]:
    phone = AndroidPhone.factory()
    chain = evidence_of(phone).certificates()
    return phone, trust_in(phone), b"".join(chain), b"".join(map(to_pem, chain))


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """The original with a few octets changed, dropped or put in."""
    octets = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(octets) - 1))
        match draw(st.sampled_from(("change", "drop", "insert", "cut"))):
            case "change":
                octets[at] = draw(st.integers(0, 255))
            case "drop":
                del octets[at]
            case "insert":
                octets.insert(at, draw(st.integers(0, 255)))
            case _:
                del octets[at:]
        if not octets:
            break
    return bytes(octets)


def check_description(data: bytes) -> None:
    try:
        found = read_key_description(data)
    except BadEvidence:
        return
    assert found.attestation_version >= 0


@given(st.binary(max_size=400))
def test_any_bytes_as_a_description(data: bytes) -> None:
    check_description(data)


@given(mutated(DESCRIPTION))
def test_a_mutated_description(data: bytes) -> None:
    check_description(data)


@given(st.binary(max_size=100))
def test_any_bytes_as_provisioning_info(data: bytes) -> None:
    try:
        read_certificates_issued(data)
    except BadEvidence:
        return


@given(st.binary(max_size=200))
def test_any_bytes_as_a_public_key(data: bytes) -> None:
    try:
        name_public_key(data)
    except BadEvidence:
        return


@given(st.binary(max_size=600))
def test_any_bytes_as_evidence(data: bytes) -> None:
    phone, trust, _, _ = world()
    for prefix in (b"", b"\x30", b"-----BEGIN CERTIFICATE-----"):
        try:
            judge(prefix + data, phone, trust=trust)
        except WarifuError:
            continue
        raise AssertionError


@given(st.data())
def test_a_mutated_chain_is_refused_or_gives_the_same_facts(data: st.DataObject) -> None:
    phone, trust, der, _ = world()
    honest = judge(der, phone, trust=trust)
    changed = data.draw(mutated(der))
    try:
        claims = judge(changed, phone, trust=trust)
    except WarifuError:
        return
    assert claims == honest


def test_every_octet_of_a_chain_counts_except_in_the_root_as_sent() -> None:
    phone, trust, der, pem = world()
    honest = judge(der, phone, trust=trust)
    root = len(from_pem_certificates(pem)[-1])
    outside: list[int] = []
    for position in range(len(der)):
        changed = bytearray(der)
        changed[position] ^= 0x01
        try:
            claims = judge(bytes(changed), phone, trust=trust)
        except WarifuError:
            continue
        assert claims == honest, position
        outside.append(position)
    # The root is trusted by name and key: its dates, extensions and signature prove nothing.
    assert all(position >= len(der) - root for position in outside)
    assert read_certificate(der[len(der) - root :]).public_key in der


@given(st.binary(max_size=300))
def test_any_description_that_a_phone_signed(data: bytes) -> None:
    phone, trust, _, _ = world()
    evidence = evidence_of(phone)
    description = evidence.leaf.description
    evidence.leaf.description = None
    assert description is not None
    evidence.leaf.draft.extension("1.3.6.1.4.1.11129.2.1.17", data)
    try:
        judge(evidence, phone, trust=trust, expected=EXPECTED, gaps=Gaps.REPORT)
    except WarifuError:
        return
    raise AssertionError


@given(mutated(DESCRIPTION))
def test_any_mutated_description_that_a_phone_signed(data: bytes) -> None:
    phone, trust, _, _ = world()
    evidence = evidence_of(phone)
    evidence.leaf.description = None
    evidence.leaf.draft.extension("1.3.6.1.4.1.11129.2.1.17", data)
    try:
        claims = judge(evidence, phone, trust=trust, gaps=Gaps.REPORT)
    except WarifuError:
        return
    assert claims.freshness.challenge == CHALLENGE
