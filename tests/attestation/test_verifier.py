"""One door for all evidence."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import misuse, moment, refused
from warifu import (
    AndroidKeyExpectations,
    AppAttestExpectations,
    Evidence,
    Gaps,
    WarifuError,
    verify_evidence,
)
from warifu.attestation.claims import Format
from warifu.attestation.document import rfc3339, to_plain
from warifu.attestation.examination import AWARE_TIME
from warifu.attestation.verifier import (
    FITTING_EXPECTATIONS,
    FORMATS,
    KNOWN_MEDIA_TYPE,
    expectations_for,
    format_of,
    unwrap,
)
from warifu.base.codec import cmw
from warifu.base.codec.text import to_base64url
from warifu.demo.world import CHALLENGE, World

WORLD = World()
MEDIA_TYPE = FORMATS[Format.ANDROID_KEY].media_type


def judge(evidence: Evidence) -> object:
    return verify_evidence(
        evidence,
        expected=AndroidKeyExpectations(challenge=CHALLENGE, app="jp.example.bank"),
        trust=WORLD.trust(),
        at=WORLD.now,
    )


def test_media_type_chooses_the_format() -> None:
    assert judge(Evidence(media_type=MEDIA_TYPE, data=WORLD.attest().pem()))


@pytest.mark.parametrize("media_type", [MEDIA_TYPE.upper(), MEDIA_TYPE + "; charset=us-ascii"])
def test_media_types_are_compared_as_media_types(media_type: str) -> None:
    assert format_of(media_type).format is Format.ANDROID_KEY


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/json", "x" * 10_000])
def test_evidence_of_an_unknown_media_type_is_refused(media_type: str) -> None:
    with refused(KNOWN_MEDIA_TYPE):
        judge(Evidence(media_type=media_type, data=b""))


def test_evidence_of_another_format_under_this_media_type_is_refused() -> None:
    with pytest.raises(WarifuError):
        judge(Evidence(media_type=MEDIA_TYPE, data=WORLD.iphone.attestation(CHALLENGE).encode()))


def test_expectations_of_another_format_are_the_callers_fault() -> None:
    with misuse(FITTING_EXPECTATIONS):
        verify_evidence(
            Evidence(media_type=MEDIA_TYPE, data=b""),
            expected=AppAttestExpectations(),
            trust=WORLD.trust(),
            at=WORLD.now,
        )


def test_a_time_without_offset_is_the_callers_fault() -> None:
    with misuse(AWARE_TIME):
        verify_evidence(
            Evidence(media_type=MEDIA_TYPE, data=WORLD.attest().pem()),
            expected=AndroidKeyExpectations(),
            trust=WORLD.trust(),
            at=datetime(2026, 3, 3),  # noqa: DTZ001 - the mistake itself
        )


def test_json_and_cbor_wrapped_evidence_is_the_same_evidence() -> None:
    data = WORLD.attest().pem()
    record = json.dumps([MEDIA_TYPE, to_base64url(data)]).encode()
    assert unwrap(record) == unwrap(cbor2.dumps([MEDIA_TYPE, data]))
    assert unwrap(record) == Evidence(media_type=MEDIA_TYPE, data=data)


def test_an_endorsement_does_not_pose_as_evidence() -> None:
    endorsement = int(cmw.Indicator.ENDORSEMENTS)
    with refused(cmw.INDICATOR):
        unwrap(cbor2.dumps([MEDIA_TYPE, b"x", endorsement]))
    unwrap(cbor2.dumps([MEDIA_TYPE, b"x", endorsement | int(cmw.Indicator.EVIDENCE)]))


def test_expectations_take_what_their_format_knows() -> None:
    known = {"challenge": b"c", "app": "a", "signers": frozenset({b"s"}), "counter": 3}
    made = expectations_for(Format.ANDROID_KEY, known)
    assert made == AndroidKeyExpectations(challenge=b"c", app="a", signers=frozenset({b"s"}))


@given(st.sampled_from(list(Format)), st.binary(max_size=300))
def test_any_bytes_give_claims_or_one_error_of_the_tree(name: Format, data: bytes) -> None:
    entry = FORMATS[name]
    try:
        verify_evidence(
            Evidence(media_type=entry.media_type, data=data),
            expected=entry.expectations(challenge=b"c", app="a"),
            trust=WORLD.trust(),
            at=WORLD.now,
            gaps=Gaps.REPORT,
        )
    except WarifuError:
        return


class Colour(Enum):
    RED = "red"


def test_values_become_plain_json() -> None:
    values = {
        "bytes": b"\x00\xff",
        "when": moment("2026-03-03T12:00:00+09:00"),
        "day": date(2026, 3, 3),
        "enum": Colour.RED,
        "set": frozenset({"b", "a"}),
        "tuple": (1, None, True, 1.5),
        7: "number as a key",
        b"\x01": "bytes as a key",
    }
    assert to_plain(values) == {
        "bytes": "00ff",
        "when": "2026-03-03T03:00:00Z",
        "day": "2026-03-03",
        "enum": "red",
        "set": ["a", "b"],
        "tuple": [1, None, True, 1.5],
        "7": "number as a key",
        "01": "bytes as a key",
    }
    with pytest.raises(TypeError):
        to_plain(object())


def test_times_are_written_in_utc() -> None:
    assert rfc3339(datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)) == "2026-01-02T03:04:05.600000Z"


def test_a_time_that_is_none_in_utc_is_the_callers_fault() -> None:
    with misuse(AWARE_TIME):
        verify_evidence(
            Evidence(media_type=MEDIA_TYPE, data=WORLD.attest().pem()),
            expected=AndroidKeyExpectations(),
            trust=WORLD.trust(),
            at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        )
