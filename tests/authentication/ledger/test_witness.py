"""Cosignatures: who may witness, how many, when, and what they signed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.authentication.ledger.logs import HEAD, LOG, LOG_KEY, NOW, signer
from tests.support import misuse, no_statement, refused
from warifu.authentication.ledger import note, rules
from warifu.authentication.ledger.checkpoint import checkpoint_text, sign_checkpoint
from warifu.authentication.ledger.witness import (
    WitnessPolicy,
    accept_cosignature,
    check_witnesses,
    cosign,
    witness_key,
)

NAMES = ("witness.example/a", "witness.example/b")
KEYS = tuple(witness_key(name, signer(name).public_key[-32:]) for name in NAMES)
POLICY = WitnessPolicy(witnesses=KEYS, threshold=2)
BODY = checkpoint_text(HEAD)
NOTE = note.read_note(sign_checkpoint(HEAD, LOG))


def line(name: str = NAMES[0], seconds: int = 0) -> note.NoteSignature:
    return cosign(BODY, name=name, signer=signer(name), at=NOW + timedelta(seconds=seconds))


def with_lines(*lines: note.NoteSignature) -> note.Note:
    return note.read_note(note.write_note(NOTE.text, [*NOTE.signatures, *lines]))


def test_as_many_witnesses_as_are_asked_for_cosign() -> None:
    found = with_lines(line(NAMES[1], -5), line(NAMES[0]))
    first, second = check_witnesses(found, policy=POLICY, at=NOW)
    assert (first.witness, first.at) == (NAMES[0], NOW)
    assert (second.witness, second.at) == (NAMES[1], NOW - timedelta(seconds=5))


def test_no_witness_is_needed_where_none_is_asked_for() -> None:
    assert check_witnesses(NOTE, policy=WitnessPolicy(), at=NOW) == ()


def test_one_witness_signing_twice_is_one() -> None:
    with refused(rules.WITNESSES):
        check_witnesses(with_lines(line(), line(seconds=-9)), policy=POLICY, at=NOW)


def test_a_witness_nobody_knows_does_not_count() -> None:
    with refused(rules.WITNESSES):
        check_witnesses(with_lines(line(), line("stranger.example")), policy=POLICY, at=NOW)


def test_the_log_is_not_its_own_witness() -> None:
    own = replace(NOTE.signatures[0], name=NAMES[0], key_id=KEYS[0].key_id)
    with refused(rules.NOTE_FORM):
        check_witnesses(with_lines(own), policy=POLICY, at=NOW)


def test_a_cosignature_of_another_head_is_refused() -> None:
    other = cosign(
        checkpoint_text(replace(HEAD, size=4)), name=NAMES[0], signer=signer(NAMES[0]), at=NOW
    )
    with refused(rules.NOTE_SIGNATURE):
        check_witnesses(with_lines(other), policy=POLICY, at=NOW)


def test_a_cosignature_moved_in_time_is_refused() -> None:
    sent = line()
    moved = replace(sent, signature=bytes(7) + b"\x01" + sent.signature[8:])
    with refused(rules.NOTE_SIGNATURE):
        check_witnesses(with_lines(moved), policy=POLICY, at=NOW)


@pytest.mark.parametrize("seconds", [1, 10**12])
def test_a_cosignature_from_the_future_is_refused(seconds: int) -> None:
    moment = int(NOW.timestamp()) + seconds
    proof = signer(NAMES[0]).sign(f"cosignature/v1\ntime {moment}\n".encode() + BODY)
    ahead = replace(line(), signature=moment.to_bytes(8, "big") + proof)
    with refused(rules.WITNESS_TIME):
        check_witnesses(with_lines(ahead), policy=POLICY, at=NOW)


@pytest.mark.parametrize(
    "policy",
    [
        WitnessPolicy(witnesses=KEYS, threshold=3),
        WitnessPolicy(witnesses=KEYS, threshold=-1),
        WitnessPolicy(witnesses=(KEYS[0], replace(KEYS[0], name="again")), threshold=1),
        WitnessPolicy(witnesses=(LOG_KEY,), threshold=1),
    ],
)
def test_a_policy_that_counts_one_key_twice_or_too_many_is_misuse(policy: WitnessPolicy) -> None:
    with misuse(rules.WITNESS_POLICY):
        check_witnesses(NOTE, policy=policy, at=NOW)


def test_a_line_that_a_witness_sends_is_taken() -> None:
    sent = line(NAMES[1])
    written = note.write_signature_line(sent)
    assert accept_cosignature(NOTE, written, policy=POLICY, at=NOW)[0] == sent


def test_a_stranger_s_line_is_not_taken() -> None:
    with no_statement(rules.UNKNOWN_SIGNER):
        accept_cosignature(NOTE, note.write_signature_line(line("stranger")), policy=POLICY, at=NOW)


def test_a_witness_signs_with_ed25519() -> None:
    with misuse(rules.SIGNER_KIND):
        cosign(BODY, name=NAMES[0], signer=signer("other", "ES256"), at=NOW)
