"""Android Protected Confirmation: the prompt is the text, and the answer is signed with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.authentication.proofs.world import (
    OK,
    TEXT,
    bound_key,
    judge,
    protected,
    taken,
)
from tests.support import refused
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import protected_confirmation, rules
from warifu.base.codec import cbor
from warifu.handset.authority import new_key
from warifu.handset.confirmation import ProtectedConfirmationDraft

KIND = ProofKind.PROTECTED_CONFIRMATION


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa2048"])
def test_keys_of_android_are_taken(kind: str) -> None:
    key = new_key(kind)
    draft = protected(OK, key=key)
    if kind == "p384":
        # Keystore signs with the digest that the key was made for, SHA-256, on every curve.
        message = draft.formatted_message()
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
        proof = cbor.encode_deterministic({1: message, 2: signature})
    else:
        proof = draft.encode()
    assert judge(proof, KIND, bound=bound_key(KIND, key)).user_verified


def test_key_that_signs_without_a_confirmation_is_refused() -> None:
    """Without tag 508 in its attestation, an app signs whatever it likes with the key."""
    with refused(rules.CONFIRMATION_KEY):
        judge(protected(OK).encode(), KIND, bound=bound_key(KIND, confirmation_required=False))


@pytest.mark.parametrize("place", [0, len(TEXT) // 2, len(TEXT) - 1])
def test_prompt_that_differs_by_one_character_is_refused(place: int) -> None:
    prompt = TEXT[:place] + "!" + TEXT[place + 1 :]
    with refused(rules.CONFIRMATION_PROMPT):
        judge(protected(OK, prompt=prompt).encode(), KIND)


@pytest.mark.parametrize("prompt", [TEXT + " ", TEXT[:-1], TEXT.upper(), ""])
def test_prompt_that_is_nearly_the_text_is_refused(prompt: str) -> None:
    with refused(rules.CONFIRMATION_PROMPT):
        judge(protected(OK, prompt=prompt).encode(), KIND)


def test_members_in_the_order_of_deterministic_cbor_are_refused() -> None:
    """The platform writes the prompt first; what comes in another order it did not write."""
    draft = protected(OK, members={"extra": OK, "prompt": TEXT})
    with refused(rules.CONFIRMATION_MESSAGE):
        judge(draft.encode(), KIND)


def test_members_of_a_later_platform_are_passed_over() -> None:
    draft = protected(OK, members={"prompt": TEXT, "extra": OK, "locale": "ja"})
    taken(draft.encode(), KIND)


@pytest.mark.parametrize(
    "members", [{"prompt": TEXT}, {"extra": OK}, {}, {"locale": "ja", "prompt": TEXT, "extra": OK}]
)
def test_message_without_its_members_in_front_is_refused(members: dict[str, Any]) -> None:
    with refused(rules.CONFIRMATION_MESSAGE):
        judge(protected(OK, message=cbor2.dumps(members)).encode(), KIND)


@pytest.mark.parametrize("members", [{"prompt": b"x", "extra": OK}, {"prompt": TEXT, "extra": "x"}])
def test_members_of_another_type_are_refused(members: dict[str, Any]) -> None:
    with refused(cbor.EXPECTED_TYPE):
        judge(protected(OK, members=members).encode(), KIND)


def test_message_larger_than_the_platform_makes_is_refused() -> None:
    limit = protected_confirmation.MAX_MESSAGE_BYTES
    with refused(rules.CONFIRMATION_MESSAGE):
        judge(protected(OK, message=bytes(limit + 1)).encode(), KIND)


def test_message_that_is_no_cbor_is_refused_though_it_was_signed() -> None:
    with refused(cbor.WELL_FORMED):
        judge(protected(OK, message=b"\xff").encode(), KIND)


def test_message_written_anew_is_not_the_one_signed() -> None:
    """Reading and writing it again changes the order of members, and so what was signed."""
    honest = cbor.decode_map(protected(OK).encode())
    honest[1] = cbor.encode_deterministic(cbor.decode(honest[1]))
    with refused(rules.SIGNATURE):
        judge(cbor.encode_deterministic(honest), KIND)


@pytest.mark.parametrize("members", [{1: b""}, {1: b"", 2: b"", 3: b""}, {2: b"", 3: b""}])
def test_container_with_other_members_is_refused(members: dict[int, bytes]) -> None:
    with refused(rules.CONTAINER):
        judge(cbor.encode_deterministic(members), KIND)


def test_container_in_another_encoding_is_refused() -> None:
    honest = cbor.decode_map(protected(OK).encode())
    with refused(rules.CONTAINER):
        judge(cbor2.dumps({2: honest[2], 1: honest[1]}), KIND)


def test_container_with_a_text_for_a_signature_is_refused() -> None:
    with refused(cbor.EXPECTED_TYPE):
        judge(cbor.encode_deterministic({1: b"", 2: ""}), KIND)


def test_the_simulated_phone_writes_messages_as_the_platform_does(vectors: Path) -> None:
    folder = vectors / "aosp-confirmationui"
    recorded = json.loads((folder / "protected_confirmation.json").read_bytes())
    assert recorded["max_message_size"] == protected_confirmation.MAX_MESSAGE_BYTES
    assert recorded["vectors"]
    for vector in recorded["vectors"]:
        draft = ProtectedConfirmationDraft(
            prompt=vector["prompt"], extra=bytes.fromhex(vector["extra"]), key=new_key()
        )
        assert draft.formatted_message().hex() == vector["formatted_message"]


def test_messages_of_the_platform_are_read_up_to_their_text(vectors: Path) -> None:
    """Signed by the right key and well-formed, but another text than this transaction's."""
    folder = vectors / "aosp-confirmationui"
    for vector in json.loads((folder / "protected_confirmation.json").read_bytes())["vectors"]:
        message = bytes.fromhex(vector["formatted_message"])
        with refused(rules.CONFIRMATION_PROMPT):
            judge(protected(OK, message=message).encode(), KIND)
