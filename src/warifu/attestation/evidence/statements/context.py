"""What every attestation statement format is given, and what it returns (WebAuthn L3 §6.5.2).

Each format is one module with one function of type `StatementVerifier`::

    def verify_statement(statement: Any, context: StatementContext) -> StatementFacts

`statement` is decoded CBOR of any type; `statement_map` insists on a map.

It checks everything its clause demands except who the chain leads to; that is
`anchoring.anchor_statement`, the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from warifu.attestation.claims import Endorsement, SecurityLevel
from warifu.attestation.evidence.readers.authenticator_data import (
    AttestedCredential,
    AuthenticatorData,
)
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.examination import Examination
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.view import TrustView
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.certificate import Certificate, read_certificate
from warifu.base.pki.cose import CoseKey
from warifu.base.pki.memory import read_authority
from warifu.base.pki.path import LENGTH, MAX_PATH, Path
from warifu.base.pki.signature import SIGNATURE, PublicKey, Scheme, check_signature
from warifu.base.rule import Rule


class StatementContext(Struct, frozen=True, kw_only=True):
    """What a statement speaks about."""

    authenticator_data: AuthenticatorData
    """As parsed; `.raw` is what was signed."""
    credential: AttestedCredential
    """The attested credential of `authenticator_data`, which a registration always has."""
    client_data_hash: bytes
    """SHA-256 of clientDataJSON, 32 bytes."""
    credential_key: CoseKey
    exam: Examination
    formats: Mapping[str, StatementVerifier]
    """Every statement format by name: compound statements look up their parts here."""
    depth: int = 0
    """How many compound statements surround this one."""

    @property
    def trust(self) -> TrustView:
        """What was believed."""
        return self.exam.trust

    @property
    def signed(self) -> bytes:
        """Authenticator data and client data hash joined: what most formats sign."""
        return self.authenticator_data.raw + self.client_data_hash


class StatementFacts(Struct, frozen=True, kw_only=True):
    """What one verified statement says; trust in its chain is not decided yet."""

    format: str
    attestation_type: str
    """``basic``, ``self``, ``attca``, ``anonca`` or ``none`` (WebAuthn L3 §6.5.4)."""
    endorsement: Endorsement = Endorsement.UNANCHORED
    """`SELF` or `NONE` where there is no chain; otherwise decided by anchoring."""
    certificates: tuple[Certificate, ...] = ()
    """x5c as received, leaf first; empty for self and none."""
    anchor_uses: tuple[AnchorUse, ...] = ()
    """Whose anchors count for this chain, beside FIDO metadata."""
    understood: frozenset[bytes] = frozenset()
    """Critical extensions that the format judged itself, by OID content octets."""
    remember_from: int = 1
    """Lowest position in the chain whose signature may be remembered: leaves are never."""
    path: Path | None = None
    """Set where the format proved its path by rules of its own (android-key, safetynet)."""
    key_level: SecurityLevel | None = None
    """Where the credential key lives, as far as the statement proves it."""
    attested_by: SecurityLevel | None = None
    """Which environment made the statement, as far as it proves it."""
    detail: Struct | None = None
    """What only this format tells."""
    parts: tuple[StatementFacts, ...] = ()
    """The statements of a compound statement."""
    data_signed: bool = True
    """Whether the statement covers the authenticator data, flags and AAGUID included."""
    rules: tuple[Rule, ...] = ()
    """The rules of the format that were checked and held."""


class StatementVerifier(Protocol):
    """The one function of each statement format."""

    def __call__(self, statement: Any, context: StatementContext, /) -> StatementFacts:  # noqa: ANN401 - CBOR
        """Verify one attStmt.

        Raises:
            BadEvidence: A rule of the format is not met.
        """


def statement_map(statement: Any) -> dict[Any, Any]:  # noqa: ANN401 - decoded CBOR
    """The statement, which must be a map.

    Raises:
        MalformedEvidence: ``webauthn/statement-form``.
    """
    if type(statement) is not dict:
        raise MalformedEvidence(rules.STATEMENT_FORM, f"{type(statement).__name__}, not a map")
    return statement


def check_statement_signature(
    scheme: Scheme, key: PublicKey, signature: bytes, signed: bytes
) -> None:
    """Verify a statement's signature.

    Raises:
        BadEvidence: ``webauthn/statement-signature``, or ``pki/signature-algorithm`` where scheme
            and key do not fit.
    """
    try:
        check_signature(scheme, key, signature, signed)
    except BadEvidence as error:
        if error.rule is not SIGNATURE:
            raise
        raise BadEvidence(rules.STATEMENT_SIGNATURE, error.detail) from error


def read_chain(statement: dict[Any, Any]) -> tuple[Certificate, ...]:
    """The certificates of ``x5c``, leaf first as WebAuthn demands.

    Raises:
        BadEvidence: ``webauthn/statement-form``, ``pki/path-length`` or a certificate's rule.
    """
    chain = statement.get("x5c")
    if type(chain) is not list or not chain:
        raise MalformedEvidence(rules.STATEMENT_FORM, "x5c is no list of certificates")
    if len(chain) > MAX_PATH:
        raise MalformedEvidence(LENGTH, f"{len(chain)} certificates")
    for item in chain:
        if type(item) is not bytes:
            raise MalformedEvidence(rules.STATEMENT_FORM, "x5c holds something else than bytes")
    return (read_certificate(chain[0]), *map(read_authority, chain[1:]))
