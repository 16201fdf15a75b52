"""Every attestation statement format we verify, by its registered name (WebAuthn L3 §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.attestation.evidence.statements import (
    android_key,
    android_safetynet,
    apple,
    compound,
    fido_u2f,
    none,
    packed,
    tpm,
)

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementVerifier

STATEMENT_FORMATS: dict[str, StatementVerifier] = {
    "none": none.verify_statement,
    "packed": packed.verify_statement,
    "tpm": tpm.verify_statement,
    "android-key": android_key.verify_statement,
    "android-safetynet": android_safetynet.verify_statement,
    "fido-u2f": fido_u2f.verify_statement,
    "apple": apple.verify_statement,
    "compound": compound.verify_statement,
}
