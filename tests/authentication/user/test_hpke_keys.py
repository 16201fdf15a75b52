"""Encryption keys: hours long, and whoever encrypts checks whose they are first."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.user.world import HPKE_KEY, HPKE_PUBLIC, NOW, SECONDS
from tests.support import misuse, refused
from warifu.authentication.user import rules
from warifu.authentication.user.hpke_keys import (
    CONTENT_TYPE,
    LONGEST_LIFE,
    MAX_BYTES,
    HpkeKey,
    own_hpke_key,
    read_hpke_certificate,
    write_hpke_certificate,
)
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.pki import sign1
from warifu.base.secret import Secret
from warifu.handset.user_authentication import checked_server_key

SIGNER = SoftwareSigner("ES256", Secret(bytes(range(1, 33))))
OTHER = SoftwareSigner("ES256", Secret(bytes(range(2, 34))))
EDWARDS = SoftwareSigner("EdDSA", Secret(bytes(range(1, 33))))
PINNED = {SIGNER.key_id: SIGNER.public_key, EDWARDS.key_id: EDWARDS.public_key}
HONEST = {
    1: 1,
    2: HPKE_PUBLIC,
    3: "bank.example",
    4: SECONDS - 3600,
    5: SECONDS + 3600,
}


def certificate(signer: SoftwareSigner = SIGNER, **changes: Any) -> bytes:
    honest: dict[str, Any] = {
        "verifier": "bank.example",
        "not_before": HPKE_KEY.not_before,
        "not_after": HPKE_KEY.not_after,
    }
    return write_hpke_certificate(HPKE_PUBLIC, signer=signer, **{**honest, **changes})


def signed(payload: bytes, header: dict[int, Any] | None = None) -> bytes:
    honest = {sign1.KEY_ID: SIGNER.key_id.encode(), sign1.TYPE: CONTENT_TYPE}
    return sign1.write_sign1(
        payload, algorithm="ES256", header={**honest, **(header or {})}, sign=SIGNER.sign
    )


def read(data: bytes, **changes: Any) -> HpkeKey:
    honest: dict[str, Any] = {"keys": PINNED, "verifier": "bank.example", "now": NOW}
    return read_hpke_certificate(data, **{**honest, **changes})


@pytest.mark.parametrize("signer", [SIGNER, EDWARDS], ids=["ES256", "EdDSA"])
def test_a_certified_key_is_read_back(signer: SoftwareSigner) -> None:
    assert read(certificate(signer)) == HPKE_KEY


@pytest.mark.parametrize("signer", [SIGNER, EDWARDS], ids=["ES256", "EdDSA"])
def test_a_device_written_from_the_format_reads_it_too(signer: SoftwareSigner) -> None:
    pinned = signer.public_key
    key = checked_server_key(
        certificate(signer), pinned=pinned, verifier="bank.example", now=SECONDS
    )
    assert key == HPKE_PUBLIC


@pytest.mark.parametrize(
    "change",
    [
        {"verifier": "other.example"},
        {"now": SECONDS + 3601},
        {"now": SECONDS - 3601},
        {"pinned": OTHER.public_key},
        {"pinned": EDWARDS.public_key},
    ],
    ids=str,
)
def test_a_device_encrypts_to_no_other_key(change: dict[str, Any]) -> None:
    honest: dict[str, Any] = {
        "pinned": SIGNER.public_key,
        "verifier": "bank.example",
        "now": SECONDS,
    }
    with pytest.raises(ValueError, match=r"not signed|another service"):
        checked_server_key(certificate(), **{**honest, **change})


def test_we_read_our_own_certificate_without_pinned_keys() -> None:
    assert own_hpke_key(certificate()) == read(certificate())


def test_a_key_that_no_pinned_key_certified_is_refused() -> None:
    with refused(rules.CERTIFICATE_SIGNER):
        read(certificate(OTHER))


def test_a_certificate_that_names_a_pinned_key_but_is_signed_by_another_is_refused() -> None:
    with refused(rules.CERTIFICATE_SIGNER):
        read(certificate(OTHER), keys={OTHER.key_id: SIGNER.public_key})


def test_a_certificate_without_key_id_is_refused() -> None:
    bare = sign1.write_sign1(
        cbor.encode_deterministic(HONEST),
        algorithm="ES256",
        header={sign1.TYPE: CONTENT_TYPE},
        sign=SIGNER.sign,
    )
    with refused(rules.CERTIFICATE_SIGNER):
        read(bare)


def test_a_key_of_another_service_is_refused() -> None:
    with refused(rules.CERTIFICATE_VERIFIER):
        read(certificate(), verifier="other.example")


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(-3601, False), (-3600, True), (3600, True), (3601, False)]
)
def test_a_key_is_used_within_its_time_only(seconds: int, *, accepted: bool) -> None:
    now = NOW + timedelta(seconds=seconds)
    if accepted:
        assert read(certificate(), now=now) == HPKE_KEY
    else:
        with refused(rules.CERTIFICATE_TIME):
            read(certificate(), now=now)


def test_a_key_with_a_long_life_is_refused_even_when_signed() -> None:
    long = {**HONEST, 5: SECONDS + 48 * 3600}
    with refused(rules.CERTIFICATE_TIME):
        read(signed(cbor.encode_deterministic(long)))


@pytest.mark.parametrize(
    "change",
    [
        {"not_after": HPKE_KEY.not_before + LONGEST_LIFE + timedelta(seconds=1)},
        {"not_after": HPKE_KEY.not_before},
        {"verifier": ""},
    ],
    ids=str,
)
def test_no_key_is_certified_for_longer_than_a_day(change: dict[str, Any]) -> None:
    with misuse(rules.CERTIFICATE_LIFE):
        certificate(**change)


def test_no_key_of_another_size_is_certified() -> None:
    with misuse(rules.CERTIFICATE_LIFE):
        write_hpke_certificate(
            bytes(31),
            verifier="bank.example",
            not_before=HPKE_KEY.not_before,
            not_after=HPKE_KEY.not_after,
            signer=SIGNER,
        )


@pytest.mark.parametrize(
    "change",
    [{1: 2}, {2: bytes(31)}, {3: ""}, {4: -1}, {5: 1 << 60}, {6: 0}, {4: SECONDS, 5: SECONDS - 1}],
    ids=str,
)
def test_a_certificate_in_another_form_is_refused(change: dict[int, Any]) -> None:
    with refused(rules.CERTIFICATE_FORM):
        read(signed(cbor.encode_deterministic({**HONEST, **change})))


def test_another_signed_document_is_no_certificate() -> None:
    with refused(rules.CERTIFICATE_FORM):
        read(signed(cbor.encode_deterministic(HONEST), {sign1.TYPE: "application/other+cbor"}))


def test_what_is_too_large_is_not_read() -> None:
    with refused(rules.CERTIFICATE_FORM):
        read(bytes(MAX_BYTES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_the_tree(data: bytes) -> None:
    with pytest.raises(WarifuError):
        read(data)


def test_fractions_of_a_second_are_left_off() -> None:
    begins = HPKE_KEY.not_before + timedelta(microseconds=1)
    assert read(certificate(not_before=begins)) == replace(HPKE_KEY)
