"""The context is one sequence of bytes, another one for every member that differs."""

from itertools import combinations

import cbor2
import pytest
from msgspec.structs import replace

from tests.support import misuse
from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.authentication.ceremony.rules import CONTEXT_FORM

CHALLENGE = bytes(range(32))
CONTEXT = Context(verifier="bank.example", channel="app", purpose="pin")
WHOLE = replace(CONTEXT, user="u1", device="d1", operation=b"\x01")


def test_the_bytes_are_the_documented_array() -> None:
    assert cbor2.loads(context_bytes(CONTEXT, CHALLENGE)) == [
        *("warifu-context-v1", "bank.example", "app", "pin"),
        *(None, None, None, CHALLENGE),
    ]
    assert cbor2.loads(context_bytes(WHOLE, CHALLENGE))[4:7] == ["u1", "d1", b"\x01"]


def test_no_two_contexts_share_their_bytes() -> None:
    others = [
        WHOLE,
        replace(WHOLE, verifier="bank.example.attacker.example"),
        replace(WHOLE, channel="web"),
        replace(WHOLE, purpose="log-in"),
        replace(WHOLE, user="u2"),
        replace(WHOLE, user=None),
        replace(WHOLE, user="d1", device="u1"),
        replace(WHOLE, device=None),
        replace(WHOLE, operation=None),
    ]
    for one, other in combinations(others, 2):
        assert context_bytes(one, CHALLENGE) != context_bytes(other, CHALLENGE)
    assert context_bytes(WHOLE, CHALLENGE) != context_bytes(WHOLE, CHALLENGE[::-1])


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CONTEXT, verifier=""),
        replace(CONTEXT, purpose="pin\x00"),
        replace(CONTEXT, channel="app\x7f"),
        replace(CONTEXT, user="あ" * 86),
        replace(CONTEXT, device="\ud800"),
        replace(CONTEXT, operation=b""),
        replace(CONTEXT, operation=bytes(65)),
    ],
    ids=["empty", "nul", "delete", "too-long", "surrogate", "no-operation", "long-operation"],
)
def test_a_context_that_cannot_be_written_is_refused(wrong: Context) -> None:
    with misuse(CONTEXT_FORM):
        context_bytes(wrong, CHALLENGE)


@pytest.mark.parametrize("octets", [15, 65])
def test_a_challenge_of_another_size_is_refused(octets: int) -> None:
    with misuse(CONTEXT_FORM):
        context_bytes(CONTEXT, bytes(octets))


def test_names_in_japanese_are_names() -> None:
    assert "利用者".encode() in context_bytes(replace(CONTEXT, user="利用者"), CHALLENGE)
