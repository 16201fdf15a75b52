"""For any bytes: values, or one error of the tree, and nothing else."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.attestation.webauthn.world import NOW, expecting, trusting
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.readers.authenticator_data import read_authenticator_data
from warifu.attestation.evidence.readers.client_data import read_client_data
from warifu.attestation.evidence.readers.webauthn_response import read_response
from warifu.attestation.examination import Gaps
from warifu.base.codec.cbor import encode_deterministic
from warifu.base.errors import BadEvidence, WarifuError
from warifu.handset.webauthn import (
    ATTESTED,
    EXTENDED,
    Authentication,
    NoStatement,
    Registration,
    base64url,
)
from warifu.handset.webauthn_statements import (
    AppleStatement,
    CompoundStatement,
    PackedStatement,
    SelfStatement,
    U2FStatement,
)

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), 1 << 65)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.integers(-9, 9), inner, max_size=4)
    ),
    max_leaves=8,
)
texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=8,
)
MEMBERS = ("id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment")
REGISTRATION = Registration(statement=PackedStatement(), extensions={"credProtect": 2})
AUTHENTICATION = Authentication(user_handle=b"customer 4711")


def _judge(evidence: bytes, ceremony: Registration | Authentication) -> None:
    try:
        claims = webauthn.verify(
            evidence,
            expected=expecting(ceremony),
            trust=trusting(),
            at=NOW,
            gaps=Gaps.REPORT,
        )
    except WarifuError:
        return
    msgspec.json.encode(claims.detail)


@given(st.binary(max_size=300))
@example(bytes(37))
@example(bytes(32) + bytes([ATTESTED | EXTENDED]) + bytes(4 + 18) + b"\xa0\xa0")
def test_any_bytes_as_authenticator_data(data: bytes) -> None:
    try:
        read = read_authenticator_data(data)
    except BadEvidence:
        return
    assert read.raw == data


@given(st.binary(max_size=200) | texts.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_as_client_data(data: bytes) -> None:
    try:
        read_client_data(data)
    except BadEvidence:
        return


@given(st.dictionaries(st.sampled_from(["type", "challenge", "origin", "tokenBinding"]), texts))
def test_any_members_as_client_data(members: dict[str, Any]) -> None:
    try:
        read_client_data(json.dumps(members).encode())
    except BadEvidence:
        return


@given(st.binary(max_size=100) | texts.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_as_response(data: bytes) -> None:
    try:
        read_response(data)
    except BadEvidence:
        return


@given(st.sampled_from(MEMBERS), texts)
def test_any_value_of_any_outer_member(member: str, value: Any) -> None:
    credential = {**json.loads(REGISTRATION.evidence()), member: value}
    _judge(json.dumps(credential).encode(), REGISTRATION)


@given(st.sampled_from(["clientDataJSON", "attestationObject", "transports"]), texts)
def test_any_value_of_any_registration_member(member: str, value: Any) -> None:
    credential = json.loads(REGISTRATION.evidence())
    credential["response"][member] = value
    _judge(json.dumps(credential).encode(), REGISTRATION)


@given(st.sampled_from(["fido-u2f", "packed", "none", "apple", "compound", "tpm"]), plain)
def test_any_value_as_statement(name: str, value: Any) -> None:
    registration = Registration(statement=NoStatement(format=name, members=value))
    try:
        evidence = registration.evidence()
    except (ValueError, OverflowError):
        return
    _judge(evidence, registration)


@pytest.mark.parametrize(
    "statement",
    [PackedStatement(), SelfStatement(), U2FStatement(), AppleStatement(), CompoundStatement()],
    ids=lambda statement: type(statement).__name__,
)
@given(position=st.integers(0, 4095), flip=st.integers(1, 255))
def test_any_changed_byte_of_an_attestation_object(
    statement: Any, position: int, flip: int
) -> None:
    registration = Registration(statement=statement)
    honest = bytearray(registration.attestation_object())
    honest[position % len(honest)] ^= flip
    changed = {"attestationObject": base64url(bytes(honest))}
    credential = json.loads(registration.evidence())
    credential["response"].update(changed)
    _judge(json.dumps(credential).encode(), registration)


@given(plain)
def test_any_extension_outputs_can_be_written_down_or_are_refused(value: Any) -> None:
    registration = Registration()
    data = bytearray(registration.authenticator_data())
    data[32] |= EXTENDED
    try:
        encoded = encode_deterministic({"x": value})
    except (ValueError, OverflowError):
        return
    registration.attestation_members = {"authData": bytes(data) + encoded}
    _judge(registration.evidence(), registration)


@given(st.binary(max_size=80))
def test_any_signature_is_refused(signature: bytes) -> None:
    AUTHENTICATION.response = {"signature": base64url(signature)}
    with pytest.raises(BadEvidence):
        webauthn.verify(
            AUTHENTICATION.evidence(),
            expected=expecting(AUTHENTICATION),
            trust=trusting(),
            at=NOW,
        )
