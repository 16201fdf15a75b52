"""The answer's bytes: an NG is never an OK, and one answer has one encoding."""

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.authentication.transaction.answer import (
    FORM,
    Answer,
    Reason,
    Verdict,
    answer_challenge,
    decode_answer,
    encode_answer,
)
from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence

DIGEST = bytes(range(32))
OK = Answer(digest=DIGEST, verdict=Verdict.OK)
EVERY = (OK, *(Answer(digest=DIGEST, verdict=Verdict.NG, reason=reason) for reason in Reason))


@pytest.mark.parametrize("answer", EVERY, ids=lambda answer: str(answer.reason))
def test_what_is_written_is_read_again(answer: Answer) -> None:
    data = encode_answer(answer)
    assert decode_answer(data) == answer
    assert answer_challenge(answer) == sha256(data).digest()


def test_no_two_answers_share_a_challenge() -> None:
    assert len({answer_challenge(answer) for answer in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    "change",
    [
        {1: 2},
        {2: DIGEST[1:]},
        {3: 0},
        {3: 2},
        {4: 3},
        {4: 0},
        {3: 2, 4: 9},
        {5: 1},
        {-1: 1},
    ],
    ids=str,
)
def test_answer_of_another_form_is_refused(change: dict[int, object]) -> None:
    with refused(FORM):
        decode_answer(cbor.encode_deterministic(cbor.decode_map(encode_answer(OK)) | change))


@pytest.mark.parametrize("answer", EVERY, ids=lambda answer: str(answer.reason))
def test_no_changed_byte_leaves_the_answer_what_it_was(answer: Answer) -> None:
    honest = encode_answer(answer)
    for place in range(len(honest)):
        for flip in range(1, 256):
            other = bytearray(honest)
            other[place] ^= flip
            with suppress(MalformedEvidence):
                assert decode_answer(bytes(other)) != answer


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedEvidence):
        decode_answer(data)
