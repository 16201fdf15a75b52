"""Each rule of an assertion, broken by one thing and signed again; and what the claims say."""

from __future__ import annotations

import base64
import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attestation.app_attest.apple_world import CLIENT_DATA, judge_assertion, new_device
from tests.support import misuse, no_statement, refused
from warifu.attestation.evidence.facts.app_attest_assertion import (
    AppAttestAssertionFacts,
    ChallengePlace,
)
from warifu.attestation.evidence.readers.app_attest import read_assertion
from warifu.attestation.evidence.rules import app_attest_assertion as rules
from warifu.attestation.examination import Gaps
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.base.rule import Rule
from warifu.handset.app_attest import APP, CHALLENGE
from warifu.handset.authority import new_key, spki

SPELLED = b"~?> has + and / in base64 ~?> and padding"


def test_honest_assertion_is_accepted() -> None:
    device = new_device()
    claims = judge_assertion(device, device.assertion(CLIENT_DATA).encode())

    assert claims.proved == tuple(rule.code for rule in rules.RULES)
    assert claims.unchecked == ()
    assert claims.key is not None
    assert claims.key.identifier == device.key_identifier
    assert claims.app is not None
    assert claims.app.identifier == APP
    assert isinstance(claims.detail, AppAttestAssertionFacts)
    assert claims.detail.flags == 0x40


def test_stored_key_may_be_the_bare_point() -> None:
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    claims = judge_assertion(device, evidence, public_key=device.point)
    assert claims.key is not None
    assert claims.key.public_key == device.public_key


def test_leniency_is_not_counted_where_the_flags_are_right() -> None:
    device = new_device()
    draft = device.assertion(CLIENT_DATA)
    draft.authenticator.flags = 0
    assert judge_assertion(device, draft.encode()).leniencies == ()


def test_forged_assertion_is_refused() -> None:
    device = new_device()
    draft = device.assertion(CLIENT_DATA)
    draft.key = new_key()
    with refused(rules.SIGNATURE):
        judge_assertion(device, draft.encode())


def test_request_changed_on_its_way_is_refused() -> None:
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    with refused(rules.SIGNATURE):
        judge_assertion(device, evidence, client_data=CLIENT_DATA.replace(b"1000", b"9000"))


@pytest.mark.parametrize("signature", [b"", b"\x30\x00", bytes(72), bytes(3000)])
def test_signature_that_is_none_is_refused(signature: bytes) -> None:
    device = new_device()
    item = cbor2.loads(device.assertion(CLIENT_DATA).encode())
    item["signature"] = signature
    with refused(rules.SIGNATURE):
        judge_assertion(device, cbor2.dumps(item))


def test_assertion_of_another_app_is_refused() -> None:
    device = new_device(app="TEAM123456.jp.example.game")
    with refused(rules.APP):
        judge_assertion(device, device.assertion(CLIENT_DATA).encode())


def test_app_that_is_no_text_is_refused_as_another() -> None:
    device = new_device()
    with refused(rules.APP):
        judge_assertion(device, device.assertion(CLIENT_DATA).encode(), app="\udcff")


@pytest.mark.parametrize("stored", [1, 2, 2**31])
def test_replay_is_refused(stored: int) -> None:
    device = new_device()
    with refused(rules.COUNTER):
        judge_assertion(device, device.assertion(CLIENT_DATA).encode(), counter=stored)


def test_counter_above_the_stored_one_is_accepted() -> None:
    device = new_device(counter=41)
    evidence = device.assertion(CLIENT_DATA).encode()
    assert judge_assertion(device, evidence, counter=41).freshness.counter == 42


@pytest.mark.parametrize("stored", [0, None])
def test_counter_zero_is_never_an_assertion(stored: int | None) -> None:
    device = new_device()
    draft = device.assertion(CLIENT_DATA)
    draft.authenticator.counter = 0
    with refused(rules.COUNTER):
        judge_assertion(device, draft.encode(), counter=stored, gaps=Gaps.REPORT)


def test_request_of_another_session_is_refused() -> None:
    device = new_device()
    with refused(rules.CHALLENGE):
        judge_assertion(device, device.assertion(CLIENT_DATA).encode(), challenge=b"another")


@pytest.mark.parametrize(
    "text",
    [
        SPELLED.decode(),
        base64.b64encode(SPELLED).decode(),
        base64.b64encode(SPELLED).decode().rstrip("="),
        base64.urlsafe_b64encode(SPELLED).decode(),
        base64.urlsafe_b64encode(SPELLED).decode().rstrip("="),
        SPELLED.hex(),
    ],
)
def test_challenge_is_found_in_each_documented_spelling(text: str) -> None:
    device = new_device()
    client_data = json.dumps({"challenge": text}).encode()
    evidence = device.assertion(client_data).encode()
    claims = judge_assertion(device, evidence, client_data=client_data, challenge=SPELLED)
    assert claims.unchecked == ()


def test_client_data_may_be_the_challenge_itself() -> None:
    device = new_device()
    evidence = device.assertion(CHALLENGE).encode()
    assert judge_assertion(device, evidence, client_data=CHALLENGE).unchecked == ()


@pytest.mark.parametrize(
    "client_data",
    [
        b"",
        b"not JSON " + CHALLENGE,
        b'["' + CHALLENGE + b'"]',
        b'{"note":{"challenge":"' + CHALLENGE + b'"}}',
        b'{"challenge":["' + CHALLENGE + b'"]}',
        b'{"challenge":"x","challenge":"' + CHALLENGE + b'"}',
        b'{"challenge":"' + CHALLENGE.hex().upper().encode() + b'"}',
        b'{"challenge":"' + CHALLENGE + b'="}',
    ],
)
def test_challenge_in_another_place_is_not_found(client_data: bytes) -> None:
    device = new_device()
    evidence = device.assertion(client_data).encode()
    with refused(rules.CHALLENGE):
        judge_assertion(device, evidence, client_data=client_data)


def test_challenge_is_looked_for_anywhere_only_where_stated() -> None:
    device = new_device()
    client_data = b"prefix" + CHALLENGE
    evidence = device.assertion(client_data).encode()
    claims = judge_assertion(
        device, evidence, client_data=client_data, challenge_place=ChallengePlace.CONTAINED
    )
    assert claims.freshness.challenge_matches is True


def test_empty_challenge_is_misuse() -> None:
    device = new_device()
    with misuse(rules.CHALLENGE_NOT_EMPTY):
        judge_assertion(device, device.assertion(CLIENT_DATA).encode(), challenge=b"")


@pytest.mark.parametrize("key", [b"", bytes(65), spki(new_key("p384")), b"\x04" + bytes(64)])
def test_stored_key_of_another_kind_is_misuse(key: bytes) -> None:
    device = new_device()
    with misuse(rules.STORED_KEY):
        judge_assertion(device, device.assertion(CLIENT_DATA).encode(), public_key=key)


@pytest.mark.parametrize("member", ["public_key", "client_data"])
def test_without_key_or_client_data_there_is_no_statement_at_all(member: str) -> None:
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    with no_statement(rules.SIGNATURE):
        judge_assertion(device, evidence, gaps=Gaps.REPORT, **{member: None})


@pytest.mark.parametrize(
    ("member", "rule"),
    [("app", rules.APP), ("counter", rules.COUNTER), ("challenge", rules.CHALLENGE)],
)
def test_what_is_not_stated_is_refused_or_reported(member: str, rule: Rule) -> None:
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    unstated: dict[str, Any] = {member: None}
    with no_statement(rule):
        judge_assertion(device, evidence, **unstated)

    claims = judge_assertion(device, evidence, gaps=Gaps.REPORT, **unstated)
    assert [gap.rule for gap in claims.unchecked] == [rule.code]
    assert rule.code not in claims.proved


@pytest.mark.parametrize("size", [0, 36, 38, 164])
def test_authenticator_data_of_another_size_is_refused(size: int) -> None:
    device = new_device()
    item = cbor2.loads(device.assertion(CLIENT_DATA).encode())
    item["authenticatorData"] = bytes(size)
    with refused(rules.STRUCTURE):
        judge_assertion(device, cbor2.dumps(item))


def test_oversized_assertion_is_not_decoded() -> None:
    device = new_device()
    with refused(rules.STRUCTURE):
        judge_assertion(device, bytes(5_000))


@pytest.mark.parametrize("member", ["signature", "authenticatorData"])
def test_assertion_without_a_member_is_refused(member: str) -> None:
    device = new_device()
    item = cbor2.loads(device.assertion(CLIENT_DATA).encode())
    del item[member]
    with refused(cbor.EXPECTED_TYPE):
        judge_assertion(device, cbor2.dumps(item))


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_an_error_of_the_tree(data: bytes) -> None:
    try:
        read_assertion(data)
    except WarifuError:
        return


def test_every_altered_octet_is_refused() -> None:
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    for at in range(len(evidence)):
        altered = bytearray(evidence)
        altered[at] ^= 0x01
        with pytest.raises(WarifuError):
            judge_assertion(device, bytes(altered))


@given(client_data=st.binary(max_size=100), challenge=st.binary(min_size=1, max_size=40))
def test_any_client_data_is_judged_or_refused_by_the_tree(
    client_data: bytes, challenge: bytes
) -> None:
    try:
        judge_assertion(
            DEVICE,
            DEVICE.assertion(client_data).encode(),
            client_data=client_data,
            challenge=challenge,
        )
    except WarifuError as error:
        assert error.code == rules.CHALLENGE.code  # noqa: PT017 - any other outcome is a bug


DEVICE = new_device()
