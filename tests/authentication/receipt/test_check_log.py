"""The checker's own reading of a log, held to the definition and to whoever rewrites history."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.ledger.logs import HEAD, LOG, LOG_KEY, ORIGIN, signer
from tests.authentication.ledger.trees import mth, path, proof
from tests.authentication.proofs.world import AT
from tests.authentication.receipt.world import (
    CHECKER_LOG,
    CHECKER_WITNESS,
    RECEIPT_KEY,
    SIGNER,
    WITNESS,
)
from tests.support import no_statement, refused
from warifu.authentication.ledger import note
from warifu.authentication.ledger.checkpoint import checkpoint_text, sign_checkpoint
from warifu.authentication.ledger.witness import cosign
from warifu.base.codec import text
from warifu.base.errors import BadEvidence
from warifu.base.keys.jwks import jwk_set
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.receipt_check import rules
from warifu.receipt_check.keys import NoteKey, read_note_keys, read_server_keys, server_key
from warifu.receipt_check.log import Head, check_included, follow, read_consistency_proof, read_head

NO_POINT = {"kty": "EC", "crv": "P-256", "purpose": "receipt"}
LEAVES = [bytes([n]) for n in range(21)]
SIGNED = sign_checkpoint(HEAD, LOG)
BODY = checkpoint_text(HEAD)


def head(size: int, leaves: list[bytes] = LEAVES) -> Head:
    return Head(origin=ORIGIN, size=size, root=mth(leaves[:size]), signed=True)


def read(data: bytes, *keys: NoteKey, threshold: int = 0, at: datetime = AT) -> Head:
    return read_head(data, origin=ORIGIN, keys=keys, threshold=threshold, at=at)


def test_every_leaf_of_every_size_is_found_where_it_is() -> None:
    for size in range(1, 22):
        for index in range(size):
            made = tuple(path(index, LEAVES[:size]))
            check_included(LEAVES[index], index=index, path=made, head=head(size))
            for other in (made[:-1], (*made, bytes(32)), tuple(reversed(made))):
                if other != made:
                    with refused(rules.INCLUSION):
                        check_included(LEAVES[index], index=index, path=other, head=head(size))


@pytest.mark.parametrize(("leaf", "index"), [(b"rewritten", 3), (LEAVES[3], 2), (LEAVES[3], 21)])
def test_a_rewritten_or_moved_leaf_is_not_included(leaf: bytes, index: int) -> None:
    with refused(rules.INCLUSION):
        check_included(leaf, index=index, path=tuple(path(3, LEAVES)), head=head(21))


def test_a_log_that_only_grows_is_followed_between_all_sizes() -> None:
    for second in range(1, 22):
        for first in range(second + 1):
            made = tuple(proof(first, LEAVES[:second])) if first else ()
            assert follow(head(first), head(second), made) == head(second)


def test_a_log_that_was_rewritten_is_found_out_between_all_sizes() -> None:
    other = [b"rewritten", *LEAVES[1:]]
    for second in range(2, 22):
        for first in range(1, second + 1):
            for made in (tuple(proof(first, LEAVES[:second])), tuple(proof(first, other[:second]))):
                with refused(rules.CONSISTENCY):
                    follow(head(first), head(second, other), made)


@pytest.mark.parametrize(
    ("first", "second", "made"),
    [
        (head(5), head(4), ()),
        (head(5), head(5, LEAVES[1:]), ()),
        (head(5), head(5), (bytes(32),)),
        (replace(head(0), root=bytes(32)), head(5), ()),
        (head(5), head(9), ()),
        (head(5), head(9), (*proof(5, LEAVES[:9]), bytes(32))),
        (head(5), head(9), (bytes(32), *proof(5, LEAVES[:9]))),
        (head(5), head(9), (b"", *proof(5, LEAVES[:9])[1:])),
    ],
)
def test_a_fork_a_shortened_log_and_a_false_proof_are_refused(
    first: Head, second: Head, made: tuple[bytes, ...]
) -> None:
    with refused(rules.CONSISTENCY):
        follow(first, second, made)


def test_a_consistency_proof_is_read_from_lines() -> None:
    made = proof(5, LEAVES[:9])
    data = "".join(f"{text.to_base64(each)}\n" for each in made).encode()
    assert read_consistency_proof(data) == tuple(made)
    with refused(rules.CONSISTENCY):
        read_consistency_proof(b"AA==\n" * 65)


def test_another_log_is_not_followed() -> None:
    with refused(rules.LOG):
        follow(head(3), replace(head(4), origin="other.example/log"), ())


def test_a_signed_head_is_read() -> None:
    found = read(SIGNED, CHECKER_LOG)
    assert (found.size, found.root, found.signed) == (HEAD.size, HEAD.root, True)


def test_a_head_that_nobody_vouches_for_says_so() -> None:
    assert read(SIGNED).signed is False
    assert read(SIGNED, CHECKER_WITNESS).signed is False


def test_extension_lines_are_passed_over_and_signed() -> None:
    data = sign_checkpoint(replace(HEAD, extensions=("more",)), LOG)
    assert read(data, CHECKER_LOG).size == HEAD.size
    with refused(rules.LOG_SIGNATURE):
        read(data.replace(b"more", b"less"), CHECKER_LOG)


def test_a_log_of_another_key_is_no_statement() -> None:
    with no_statement(rules.LOG_KEY):
        read(SIGNED, replace(CHECKER_LOG, public_key=signer("x").public_key[-32:]))
    with no_statement(rules.LOG_KEY):
        read(SIGNED, replace(CHECKER_LOG, name="other.example/log"))


def test_a_checkpoint_of_another_log_is_refused() -> None:
    data = sign_checkpoint(replace(HEAD, origin="other.example/log"), LOG)
    with refused(rules.LOG):
        read(data, CHECKER_LOG)


def cosigned(*lines: note.NoteSignature) -> bytes:
    return note.write_note(BODY, [*note.read_note(SIGNED).signatures, *lines])


def line(at: datetime = AT) -> note.NoteSignature:
    return cosign(BODY, name=WITNESS, signer=signer(WITNESS), at=at)


def test_witnesses_are_counted_by_their_keys() -> None:
    found = read(cosigned(line(), line()), CHECKER_LOG, CHECKER_WITNESS, threshold=1)
    assert [each.name for each in found.witnesses] == [WITNESS]
    again = replace(CHECKER_WITNESS, name="again.example")
    with refused(rules.WITNESSES):
        read(cosigned(line()), CHECKER_LOG, CHECKER_WITNESS, again, threshold=2)
    with refused(rules.WITNESSES):
        read(SIGNED, CHECKER_LOG, CHECKER_WITNESS, threshold=1)


@pytest.mark.parametrize("moment", [AT.replace(year=2027), datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_cosignature_from_the_future_is_refused(moment: datetime) -> None:
    with refused(rules.LOG_SIGNATURE):
        read(cosigned(line(moment)), CHECKER_LOG, CHECKER_WITNESS)


def test_a_cosignature_of_another_time_or_beyond_all_dates_is_refused() -> None:
    moment = 1 << 60
    proof_ = signer(WITNESS).sign(f"cosignature/v1\ntime {moment}\n".encode() + BODY)
    sent = line()
    for value in (bytes(8) + sent.signature[8:], moment.to_bytes(8, "big") + proof_):
        with refused(rules.LOG_SIGNATURE):
            read(cosigned(replace(sent, signature=value)), CHECKER_LOG, CHECKER_WITNESS)


@pytest.mark.parametrize(
    "data",
    [
        b"a" * ((1 << 16) + 1),
        b"\xff\n\n\n",
        b"no note\n",
        SIGNED[:-1],
        SIGNED.replace(b"\n3\n", b"\n03\n"),
        SIGNED.replace(b"\n3\n", b"\n9999999999999999999\n"),
        SIGNED.replace(b"\n3\n", b"\n3\t\n"),
        SIGNED.replace(text.to_base64(HEAD.root).encode(), b"A" * 42 + b"B="),
        SIGNED + b"more\n",
        SIGNED + "— n AAAAAAE\n".encode(),
        SIGNED + "— n AAA\n".encode(),
        SIGNED + "— n A\n".encode(),
        SIGNED + "— n AAAAAAA=\n".encode() * 64,
    ],
)
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(BadEvidence) as caught:
        read(data)
    assert caught.value.code in {rules.CHECKPOINT.code, "text/well-formed"}


def test_a_line_of_a_checkpoint_that_is_no_base64_is_refused() -> None:
    with refused(rules.CHECKPOINT):
        read(SIGNED + "— n A\n".encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_an_error_of_the_tree(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        read(data, CHECKER_LOG)


def test_keys_of_logs_and_witnesses_are_read_from_a_file() -> None:
    written = [note.write_verifier_key(LOG_KEY), f"{WITNESS}+"]
    value = bytes([4]) + CHECKER_WITNESS.public_key
    written[1] += f"{CHECKER_WITNESS.key_id.hex()}+{text.to_base64(value)}"
    data = "# ours\n\n" + "\n".join(written) + "\n"
    assert read_note_keys(data.encode()) == (CHECKER_LOG, CHECKER_WITNESS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"# none\n",
        b"name+00000000\n",
        b"name+00000000+!\n",
        b"na me+00000000+AAAA\n",
        b"name+00000000+AAAA\n",
        note.write_verifier_key(replace(LOG_KEY, type=2)).encode(),
        note.write_verifier_key(LOG_KEY).replace(LOG_KEY.key_id.hex(), "00000000").encode(),
        b"a" * ((1 << 18) + 1),
    ],
)
def test_a_file_of_other_lines_holds_no_keys(data: bytes) -> None:
    with refused(rules.KEY_FILE):
        read_note_keys(data)


def test_server_keys_are_read_from_what_the_service_publishes() -> None:
    ring = KeyRing()
    signers = {KeyPurpose.RECEIPT: SIGNER, KeyPurpose.CHECKPOINT: LOG}
    for purpose, each in signers.items():
        ring = ring.rotate(purpose, each, custody=Custody.FILE, now=AT)
    found = read_server_keys(jwk_set(ring.published(AT)))
    assert found == (RECEIPT_KEY, server_key("checkpoint", LOG.public_key))
    assert [key.key_id for key in found] == [SIGNER.key_id, LOG.key_id]


@pytest.mark.parametrize(
    "keys",
    [
        '{"keys": 7}',
        '{"keys": [7]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "purpose": "receipt"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "!", "purpose": "receipt"}]}',
        json.dumps({"keys": [dict.fromkeys("xy", "A" * 43) | NO_POINT]}),
    ],
)
def test_a_set_of_other_keys_is_refused(keys: str) -> None:
    with refused(rules.KEY_FILE):
        read_server_keys(keys.encode())


def test_a_head_needs_a_number_of_leaves_that_a_log_can_have() -> None:
    with refused(rules.CHECKPOINT):
        read(SIGNED.replace(b"\n3\n", b"\n9999999999999999999\n"))


def included(*members: Any) -> None:
    leaf, index, made = members
    check_included(leaf, index=index, path=made, head=head(4))


def test_a_path_of_what_are_no_hashes_is_refused() -> None:
    with refused(rules.INCLUSION):
        included(LEAVES[0], 0, (b"", b""))
