"""The none statement (WebAuthn L3 §8.7): nobody says anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_statements
from warifu.attestation.evidence.statements.context import StatementFacts
from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,  # noqa: ARG001 - the one signature of all formats
) -> StatementFacts:
    """Verify that nothing is stated.

    Raises:
        MalformedEvidence: ``webauthn/statement-form``, for anything but an empty map.
    """
    if statement != {} or type(statement) is not dict:
        raise MalformedEvidence(rules.STATEMENT_FORM, "none with content")
    return StatementFacts(
        format="none",
        attestation_type="none",
        endorsement=Endorsement.NONE,
        data_signed=False,
        rules=webauthn_statements.NONE_RULES,
    )
