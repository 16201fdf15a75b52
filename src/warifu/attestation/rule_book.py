"""All rules of all formats in one book: for explanations and for the documents.

Each format's table is one file in `evidence.rules`, with ``RULES`` in the order of checking,
``LENIENCIES``, and ``PROOFS``, which says for each fact of the claims which rules prove it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.attestation.claims import Format
from warifu.attestation.evidence.rules import (
    android_key,
    app_attest,
    app_attest_assertion,
    app_attest_receipt,
    mds,
    play_integrity,
    safetynet,
    webauthn,
)

if TYPE_CHECKING:
    from types import ModuleType

    from warifu.base.rule import Rule

TABLES: dict[Format, ModuleType] = {
    Format.ANDROID_KEY: android_key,
    Format.APP_ATTEST: app_attest,
    Format.APP_ATTEST_ASSERTION: app_attest_assertion,
    Format.APP_ATTEST_RECEIPT: app_attest_receipt,
    Format.WEBAUTHN: webauthn,
    Format.MDS: mds,
    Format.PLAY_INTEGRITY: play_integrity,
    Format.SAFETYNET: safetynet,
}

RULES_BY_CODE: dict[str, Rule] = {
    rule.code: rule for table in TABLES.values() for rule in table.RULES
}


def proofs_of(name: Format) -> dict[str, tuple[Rule, ...]]:
    """For each fact of a format, by path in the claims, the rules that prove it."""
    proofs: dict[str, tuple[Rule, ...]] = TABLES[name].PROOFS
    return proofs
