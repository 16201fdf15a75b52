"""The compound statement (WebAuthn L3 §8.9): several statements about one key.

The clause leaves to the relying party how many parts must verify. Here every part must: a part that
does not verify was forged or damaged, and neither is a reason to believe the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_statements
from warifu.attestation.evidence.statements.context import StatementFacts
from warifu.base.errors import BadEvidence, MalformedEvidence

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext

MIN_PARTS = 2
MAX_PARTS = 8


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify every part of a compound statement.

    Raises:
        BadEvidence: ``webauthn-compound/parts``, ``webauthn/statement-format``, or a rule of the
            part that is not met.
    """
    if type(statement) is not list:
        raise MalformedEvidence(rules.STATEMENT_FORM, "compound is no list")
    if context.depth > 0 or not MIN_PARTS <= len(statement) <= MAX_PARTS:
        raise BadEvidence(webauthn_statements.COMPOUND_PARTS, f"{len(statement)} parts")
    inner = replace(context, depth=context.depth + 1)
    parts = tuple(_verify_part(part, inner) for part in statement)
    strongest = max(parts, key=lambda part: _STRENGTH.index(part.endorsement))
    return StatementFacts(
        format="compound",
        attestation_type=strongest.attestation_type,
        endorsement=strongest.endorsement,
        certificates=strongest.certificates,
        anchor_uses=tuple(use for part in parts for use in part.anchor_uses),
        data_signed=any(part.data_signed for part in parts),
        parts=parts,
        rules=(*webauthn_statements.COMPOUND_RULES, *(r for part in parts for r in part.rules)),
    )


def _verify_part(part: Any, context: StatementContext) -> StatementFacts:  # noqa: ANN401 - CBOR
    if type(part) is not dict or part.keys() != {"fmt", "attStmt"}:
        raise MalformedEvidence(rules.STATEMENT_FORM, "part without fmt and attStmt")
    name = part["fmt"]
    verify = context.formats.get(name) if type(name) is str else None
    if verify is None:
        raise BadEvidence(rules.STATEMENT_FORMAT, f"{name!r:.60}")
    return verify(part["attStmt"], context)


_STRENGTH = (
    Endorsement.NONE,
    Endorsement.SELF,
    Endorsement.UNANCHORED,
    Endorsement.ANCHORED,
)
