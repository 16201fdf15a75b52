"""Signed heads: what is read, what is refused, and how a log is followed."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.ledger.logs import HEAD, LOG, LOG_KEY, ORIGIN, signer
from tests.authentication.ledger.trees import grow, mth
from tests.support import misuse, no_statement, refused
from warifu.authentication.ledger import merkle, note, rules
from warifu.authentication.ledger.checkpoint import (
    Checkpoint,
    checkpoint_text,
    follow,
    log_key,
    read_checkpoint,
    read_text,
    sign_checkpoint,
)
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, WarifuError

SIGNED = sign_checkpoint(HEAD, LOG)
PUBLISHED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()
"""The example of the specification."""


def test_the_example_of_the_specification_is_read() -> None:
    found = note.read_note(PUBLISHED)
    head = read_text(found.text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert head.root == b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert found.signatures[0].key_id.hex() == "033de0ae"
    assert checkpoint_text(head) == found.text
    assert note.write_note(found.text, found.signatures) == PUBLISHED


def test_a_head_that_the_log_signed_is_read() -> None:
    found = read_checkpoint(SIGNED, origin=ORIGIN, keys=[LOG_KEY])
    assert found.checkpoint == HEAD
    assert found.signed_by == LOG_KEY


def test_extension_lines_are_signed_with_the_rest() -> None:
    head = replace(HEAD, extensions=("one", "two"))
    signed = sign_checkpoint(head, LOG)
    assert read_checkpoint(signed, origin=ORIGIN, keys=[LOG_KEY]).checkpoint == head
    with refused(rules.NOTE_SIGNATURE):
        read_checkpoint(signed.replace(b"two", b"too"), origin=ORIGIN, keys=[LOG_KEY])


def test_a_checkpoint_stays_readable_after_the_log_s_key_was_rotated() -> None:
    new = log_key(ORIGIN, signer("new").public_key)
    assert read_checkpoint(SIGNED, origin=ORIGIN, keys=[new, LOG_KEY]).signed_by == LOG_KEY


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with refused(rules.ORIGIN):
        read_checkpoint(SIGNED, origin="other.example/log", keys=[LOG_KEY])


@pytest.mark.parametrize(
    "key",
    [
        log_key(ORIGIN, signer("stranger").public_key),
        replace(LOG_KEY, name="other.example/log"),
        replace(LOG_KEY, type=note.COSIGNATURE),
    ],
)
def test_a_log_that_nobody_knows_is_no_statement(key: note.NoteKey) -> None:
    with no_statement(rules.UNKNOWN_SIGNER):
        read_checkpoint(SIGNED, origin=ORIGIN, keys=[key])


def test_a_known_key_s_false_signature_refuses_what_another_key_signed() -> None:
    found = note.read_note(SIGNED)
    false = replace(found.signatures[0], signature=bytes(64))
    data = note.write_note(found.text, [found.signatures[0], false])
    with refused(rules.NOTE_SIGNATURE):
        read_checkpoint(data, origin=ORIGIN, keys=[LOG_KEY])


def test_any_byte_changed_is_refused() -> None:
    for place in range(len(SIGNED)):
        for value in (SIGNED[place] ^ 1, 0x20, 0x0A, 0xFF):
            data = SIGNED[:place] + bytes([value]) + SIGNED[place + 1 :]
            if data != SIGNED:
                with pytest.raises(WarifuError):
                    read_checkpoint(data, origin=ORIGIN, keys=[LOG_KEY])


@given(st.binary(max_size=300))
def test_any_bytes_are_a_checkpoint_or_an_error_of_the_tree(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        read_checkpoint(data, origin=ORIGIN, keys=[LOG_KEY])


@pytest.mark.parametrize(
    "body",
    [
        b"log\n3\n",
        b"log\n3\n" + b64encode(bytes(32)),
        b"log\n03\n" + b64encode(bytes(32)) + b"\n",
        b"log\n-3\n" + b64encode(bytes(32)) + b"\n",
        b"log\n\xef\xbc\x93\n" + b64encode(bytes(32)) + b"\n",
        b"log\n9999999999999999999\n" + b64encode(bytes(32)) + b"\n",
        b"log\n3\n" + b64encode(bytes(31)) + b"\n",
        b"log\n3\n" + b64encode(bytes(32)).rstrip(b"=") + b"\n",
        b"\n3\n" + b64encode(bytes(32)) + b"\n",
        b"log\n3\n" + b64encode(bytes(32)) + b"\n\nmore\n",
        b"log\n3\n" + b64encode(bytes(32)) + b"\n" + b"more\n" * 17,
        b"\xff\n3\n" + b64encode(bytes(32)) + b"\n",
    ],
)
def test_a_head_on_other_lines_is_refused(body: bytes) -> None:
    with refused(rules.CHECKPOINT_FORM):
        read_text(body)


@pytest.mark.parametrize(
    "head",
    [
        replace(HEAD, origin=""),
        replace(HEAD, origin="log\n7"),
        replace(HEAD, size=-1),
        replace(HEAD, root=b""),
        replace(HEAD, extensions=("",)),
        replace(HEAD, origin=f"log\n7\n{text.to_base64(bytes(32))}", extensions=()),
    ],
)
def test_a_head_that_would_be_read_as_another_is_not_signed(head: Checkpoint) -> None:
    with misuse(rules.CHECKPOINT_FORM):
        checkpoint_text(head)


def test_a_key_of_another_algorithm_signs_no_checkpoint() -> None:
    other = signer("log", "ES256")
    with misuse(rules.SIGNER_KIND):
        sign_checkpoint(HEAD, other)
    with misuse(rules.SIGNER_KIND):
        log_key(ORIGIN, other.public_key)


@pytest.mark.parametrize(
    "data",
    [
        b"a" * (note.MAX_NOTE_BYTES + 1),
        b"\xff\n\n\n",
        b"text without signatures\n",
        SIGNED[:-1],
        SIGNED.replace(b"3\n", b"3\r\n"),
        SIGNED + b"signature\n",
        SIGNED + "— name\n".encode(),
        SIGNED + "— na+me AAAAAAA=\n".encode(),
        SIGNED + "— na\u3000me AAAAAAA=\n".encode(),
        SIGNED + "— name AAAAAA==\n".encode(),
        SIGNED + "— name AAAAAAA\n".encode(),
        SIGNED + "— name AAAAAAA=\n".encode() * note.MAX_SIGNATURES,
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with refused(rules.NOTE_FORM):
        note.read_note(data)


def test_a_note_of_text_that_would_be_split_elsewhere_is_not_written() -> None:
    line = note.read_note(SIGNED).signatures
    for body in (b"no end", b"text\n\n" + note.write_signature_line(line[0]).encode()):
        with refused(rules.NOTE_FORM):
            note.write_note(body, line)


def test_a_verifier_key_is_written_and_read() -> None:
    line = note.write_verifier_key(LOG_KEY)
    assert line.startswith(f"{ORIGIN}+{LOG_KEY.key_id.hex()}+")
    assert note.read_verifier_key(line) == LOG_KEY


@pytest.mark.parametrize(
    "line",
    [
        "",
        "name",
        "name+00000000",
        f"{ORIGIN}+00000000+{text.to_base64(bytes([1]) + LOG_KEY.public_key)}",
        note.write_verifier_key(replace(LOG_KEY, type=2)),
        note.write_verifier_key(replace(LOG_KEY, name="a b")),
        note.write_verifier_key(replace(LOG_KEY, public_key=bytes(31))),
    ],
)
def test_a_verifier_key_that_is_not_what_it_says_is_refused(line: str) -> None:
    with refused(rules.KEY_FORM):
        note.read_verifier_key(line)


LEAVES = [bytes([n]) for n in range(9)]
NODES = grow(LEAVES)[1]


def head(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=mth(leaves[:size]))


def test_a_third_party_follows_a_log_that_grows() -> None:
    proof = merkle.consistency_proof(5, 9, NODES)
    assert follow(head(5), head(9), proof) == head(9)
    assert follow(head(5), head(5), ()) == head(5)


def test_a_third_party_sees_that_a_log_was_rewritten_forked_or_shortened() -> None:
    proof = merkle.consistency_proof(5, 9, NODES)
    rewritten = [b"rewritten", *LEAVES[1:]]
    for second, given_ in ((head(9, rewritten), proof), (head(5, rewritten), ()), (head(4), ())):
        with refused(rules.CONSISTENCY):
            follow(head(5), second, given_)


def test_another_log_is_not_followed() -> None:
    with refused(rules.ORIGIN):
        follow(head(5), replace(head(9), origin="other.example/log"), ())
