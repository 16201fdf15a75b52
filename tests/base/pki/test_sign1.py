"""COSE_Sign1: what a message may not choose for itself."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attestation.appraisal.tokens import SIGNER, cwt_of, signer
from tests.support import refused
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.base.pki import cose, sign1, signature

KEY = signature.load_public_key(SIGNER.public_key)


def read(item: Any) -> sign1.Sign1:
    return sign1.read_sign1(item if isinstance(item, bytes) else cbor2.dumps(item))


def tagged(*tags: int) -> Any:
    item: Any = cwt_of(b"payload")
    for tag in reversed(tags):
        item = cbor2.CBORTag(tag, item)
    return item


@pytest.mark.parametrize("tags", [(), (18,), (61, 18)])
def test_a_message_is_read_with_or_without_its_tags(tags: tuple[int, ...]) -> None:
    message = read(tagged(*tags))
    assert message.payload == b"payload"
    sign1.check_sign1(message, KEY)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_what_is_written_is_read(algorithm: str) -> None:
    own = signer(algorithm)
    data = sign1.write_sign1(b"p", algorithm=algorithm, header={sign1.KEY_ID: b"k"}, sign=own.sign)
    message = read(data)
    sign1.check_sign1(message, signature.load_public_key(own.public_key))
    assert (message.algorithm, message.key_id, message.payload) == (algorithm, b"k", b"p")
    assert data[0] == 0xD2


def test_the_fully_specified_identifier_is_taken() -> None:
    sign1.check_sign1(read(cwt_of(b"p", algorithm=-9)), KEY)


@pytest.mark.parametrize("tags", [(61,), (18, 18), (61, 61, 18), (18, 61)])
def test_tags_in_the_wrong_places_are_refused(tags: tuple[int, ...]) -> None:
    with refused(cbor.WELL_FORMED):
        read(tagged(*tags))


@pytest.mark.parametrize(
    "item",
    [
        [],
        [b"", {}, b""],
        [b"", {}, None, b""],
        ["", {}, b"", b""],
        cwt_of(b"p", protected={1: -7, 2: [1]}),
        cwt_of(b"p", unprotected={2: [1]}),
        cwt_of(b"p", unprotected={1: -7}),
        cwt_of(b"p", protected={1: -7, 4: "text"}),
        cwt_of(b"p", unprotected={4: bytes(257)}),
        cwt_of(b"p", protected={True: -7}),
        cwt_of(b"p", unprotected={4.0: b"k"}),
    ],
)
def test_what_is_no_sign1_is_refused(item: Any) -> None:
    with refused(sign1.FORM):
        read(item)


@pytest.mark.parametrize("algorithm", [5, -35, -257, "ES256", None, -7.0])
def test_an_algorithm_we_never_sign_with_is_refused(algorithm: object) -> None:
    with refused(cose.ALGORITHM):
        read(cwt_of(b"p", algorithm=algorithm))


def test_an_algorithm_that_nobody_signed_is_refused() -> None:
    with refused(cose.ALGORITHM):
        read([b"", {1: -7}, b"p", bytes(64)])


def test_a_key_of_another_algorithm_is_refused() -> None:
    with refused(signature.ALGORITHM):
        sign1.check_sign1(read(cwt_of(b"p", algorithm=-8)), KEY)


def test_a_signature_of_another_length_is_refused() -> None:
    parts = cwt_of(b"p")
    with refused(signature.SIGNATURE):
        sign1.check_sign1(read([*parts[:3], parts[3] + b"\0"]), KEY)


def test_another_payload_is_refused() -> None:
    parts = cwt_of(b"p")
    with refused(signature.SIGNATURE):
        sign1.check_sign1(read([*parts[:2], b"q", parts[3]]), KEY)


def test_another_use_of_the_same_octets_is_refused() -> None:
    header = cbor2.dumps({1: -7})
    proof = SIGNER.sign(cbor.encode_deterministic(["Signature", header, b"", b"p"]))
    with refused(signature.SIGNATURE):
        sign1.check_sign1(read([header, {}, b"p", proof]), KEY)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_refusal(data: bytes) -> None:
    for candidate in (data, cbor2.dumps([data, {}, data, data])):
        try:
            sign1.check_sign1(sign1.read_sign1(candidate), KEY)
        except WarifuError:
            continue
