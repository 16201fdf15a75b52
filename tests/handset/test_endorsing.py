"""The reference client endorses keys for its own bank and binding, and the core takes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.authentication.proofs import world as proofs
from tests.authentication.proofs.world import AT, TRANSACTION, TRANSFER
from warifu.authentication.binding.endorsement import (
    AskedEndorsement,
    Endorsed,
    Use,
    endorsed_signer,
    verify_endorsement,
)
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key, spki
from warifu.handset.confirmation import TrustedDisplay
from warifu.handset.endorsement import (
    SESSION,
    TRUSTED_UI,
    EndorsementQuestion,
    component_possession,
)
from warifu.handset.reference_checks import NotForUsError, Pinned
from warifu.handset.reference_client import CannotSayError, ReferenceClient

PINNED = Pinned(verifier="bank.example", code_keys=(), hpke_keys={})
NOW = int(AT.timestamp())
BINDING = bytes(range(16))
ENDS = AT + timedelta(hours=1)
QUESTION = EndorsementQuestion(
    verifier=PINNED.verifier,
    channel="app",
    binding=BINDING,
    use=SESSION,
    challenge=bytes(32),
    expires_at=int(ENDS.timestamp()),
)
KEYS: dict[ProofKind, Any] = {
    ProofKind.DEVICE_KEY: proofs.KEY,
    ProofKind.APP_ATTEST: AppAttestDevice(apple=proofs.PHONE.apple, key=proofs.PHONE.key),
    ProofKind.WEBAUTHN: proofs.CREDENTIAL,
}


def client(kind: ProofKind = ProofKind.DEVICE_KEY) -> ReferenceClient:
    return ReferenceClient(
        pinned=PINNED,
        user="customer-1",
        device="device-1",
        kind=kind.value,
        key=KEYS.get(kind, proofs.KEY),
        binding=BINDING,
    )


def taken(
    endorsement: bytes, possession: bytes, kind: ProofKind, use: Use = Use.SESSION
) -> Endorsed:
    return verify_endorsement(
        endorsement,
        possession,
        bound=proofs.bound_key(kind),
        asked=AskedEndorsement(
            verifier=PINNED.verifier,
            channel="app",
            binding=BINDING,
            use=use,
            challenge=bytes(32),
            expires_at=ENDS,
        ),
        origins=None,
        now=AT,
    )


@pytest.mark.parametrize("kind", KEYS)
def test_an_endorsement_is_taken(kind: ProofKind) -> None:
    key = new_key()
    made = client(kind).endorse(QUESTION, key, now=NOW)
    assert taken(made.encode(), made.possession(), kind).public_key == spki(key)


@pytest.mark.parametrize(
    "changed",
    [
        {"verifier": "evil.example"},
        {"binding": bytes(16)},
        {"use": 3},
        {"challenge": b""},
        {"expires_at": NOW},
        {"expires_at": 1 << 60},
    ],
    ids=["bank", "binding", "use", "challenge", "late", "never"],
)
def test_nothing_is_endorsed_for_another_bank_or_binding(changed: dict[str, Any]) -> None:
    with pytest.raises(NotForUsError):
        client().endorse(replace(QUESTION, **changed), new_key(), now=NOW)


def test_a_key_behind_androids_confirmation_endorses_none() -> None:
    with pytest.raises(CannotSayError):
        client(ProofKind.PROTECTED_CONFIRMATION).endorse(QUESTION, new_key(), now=NOW)


def test_a_component_agrees_to_its_own_key_alone_and_then_answers() -> None:
    display = TrustedDisplay()
    question = replace(QUESTION, use=TRUSTED_UI)
    made = client().endorse(question, display.key, now=NOW)
    possession = component_possession(display, made.payload)
    endorsed = taken(made.encode(), possession, ProofKind.DEVICE_KEY, Use.TRUSTED_UI)
    bound = proofs.bound_key(ProofKind.DEVICE_KEY)
    signer = endorsed_signer(endorsed, Use.TRUSTED_UI, bound=bound, now=AT)
    proofs.taken(display.confirm(TRANSACTION), ProofKind.TRUSTED_UI, bound=signer)
    assert TRANSFER.verifier == PINNED.verifier
    for other in (
        client().endorse(QUESTION, display.key, now=NOW).payload,
        client().endorse(question, new_key(), now=NOW).payload,
        made.payload + b"\0",
        b"\x80",
    ):
        with pytest.raises(ValueError, match=r"no statement|of another key"):
            component_possession(display, other)
