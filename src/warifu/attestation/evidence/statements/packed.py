"""The packed statement (WebAuthn L3 §8.2): by an attestation certificate, or by the key itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence.readers.key_description import KEY_DESCRIPTION_OID
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_statements
from warifu.attestation.evidence.statements.context import (
    StatementFacts,
    check_statement_signature,
    read_chain,
    statement_map,
)
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor, der
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki import cose
from warifu.base.pki.path import read_basic_constraints
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext
    from warifu.base.pki.certificate import Certificate

MODEL = der.from_oid_text("1.3.6.1.4.1.45724.1.1.4")
"""id-fido-gen-ce-aaguid."""
ENTERPRISE_SERIAL = der.from_oid_text("1.3.6.1.4.1.45724.1.1.2")
"""id-fido-gen-ce-sernum: a single device, under enterprise attestation."""
_UNIT = "Authenticator Attestation"

_COUNTRY = der.from_oid_text("2.5.4.6")
_ORGANIZATION = der.from_oid_text("2.5.4.10")
_ORGANIZATIONAL_UNIT = der.from_oid_text("2.5.4.11")
_COMMON_NAME = der.from_oid_text("2.5.4.3")


class PackedFacts(Struct, frozen=True, kw_only=True, tag="packed"):
    """What only a packed statement tells."""

    algorithm: str
    """The algorithm of the statement's signature."""
    certified_aaguid: bytes | None = None
    """The model that the certificate names."""
    enterprise_serial: bytes | None = None
    """The single device that the certificate names; enterprise attestation only."""


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify a packed statement.

    Raises:
        BadEvidence: A rule of WebAuthn L3 §8.2 that is not met.
    """
    # §8.2 step 1: the syntax. ECDAA was dropped in Level 3 and has no verifier.
    parts = statement_map(statement)
    if "ecdaaKeyId" in parts:
        raise MalformedEvidence(rules.STATEMENT_FORM, "ecdaaKeyId")
    algorithm = cbor.member(parts, "alg", int)
    signature = cbor.member(parts, "sig", bytes)
    if "x5c" in parts:
        return _by_certificate(parts, algorithm, signature, context)
    return _by_itself(algorithm, signature, context)


def _by_certificate(
    parts: dict[Any, Any], algorithm: int, signature: bytes, context: StatementContext
) -> StatementFacts:
    chain = read_chain(parts)
    leaf = chain[0]
    # §8.2 step 2.1: signed by the certificate's key, with the algorithm named beside it.
    named = cose.find_algorithm(algorithm)
    key = load_public_key(leaf.public_key)
    check_statement_signature(named.scheme, key, signature, context.signed)
    # §8.2 step 2.2: the certificate is an authenticator's.
    _check_certificate(leaf)
    # §8.2 step 2.3: and of this model.
    certified = _octets(leaf, MODEL, 16)
    if certified is not None and certified != context.credential.aaguid:
        raise BadEvidence(webauthn_statements.PACKED_MODEL, certified.hex())
    # §8.2 step 2.4: which of the two types it is, nobody can tell from the statement.
    return StatementFacts(
        format="packed",
        attestation_type="basic",
        certificates=chain,
        anchor_uses=(AnchorUse.WEBAUTHN,),
        understood=_JUDGED,
        detail=PackedFacts(
            algorithm=named.name,
            certified_aaguid=certified,
            enterprise_serial=_octets(leaf, ENTERPRISE_SERIAL, None),
        ),
        rules=webauthn_statements.PACKED_RULES,
    )


def _by_itself(algorithm: int, signature: bytes, context: StatementContext) -> StatementFacts:
    # §8.2 step 3: the key vouches for itself, with its own algorithm.
    key = context.credential_key
    if algorithm != key.algorithm:
        raise BadEvidence(webauthn_statements.SELF_ALGORITHM, f"{algorithm} with {key.name}")
    check_statement_signature(key.scheme, key.key, signature, context.signed)
    return StatementFacts(
        format="packed",
        attestation_type="self",
        endorsement=Endorsement.SELF,
        detail=PackedFacts(algorithm=key.name),
        rules=webauthn_statements.PACKED_SELF_RULES,
    )


def _check_certificate(leaf: Certificate) -> None:
    """The demands of §8.2.1 on the certificate itself."""
    if leaf.version != 3:
        raise BadEvidence(webauthn_statements.PACKED_CERTIFICATE, f"version {leaf.version}")
    if read_basic_constraints(leaf)[0]:
        raise BadEvidence(webauthn_statements.PACKED_CERTIFICATE, "an authority's certificate")
    # Android certifies the keys of every app, under any subject the app wishes.
    if KEY_DESCRIPTION_OID in leaf.extensions:
        raise BadEvidence(webauthn_statements.PACKED_CERTIFICATE, "certifies the key of an app")
    subject = _read_subject(leaf.subject)
    missing = [oid for oid in _DEMANDED if not subject.get(oid)]
    if missing or subject[_ORGANIZATIONAL_UNIT] != _UNIT or len(subject[_COUNTRY]) != 2:
        raise BadEvidence(webauthn_statements.PACKED_CERTIFICATE, f"subject {leaf.subject.hex()}")
    model = leaf.extensions.get(MODEL)
    if model is not None and model.critical:
        raise BadEvidence(webauthn_statements.PACKED_CERTIFICATE, "model extension is critical")


def _read_subject(name: bytes) -> dict[bytes, str]:
    """Attributes by OID; the first of each, which is how the unit has always been read."""
    found: dict[bytes, str] = {}
    start, stop = der.read_whole(name, der.SEQUENCE)
    while start < stop:
        at, start = der.read_expected(name, start, stop, der.SET)
        while at < start:
            inner, at = der.read_expected(name, at, start, der.SEQUENCE)
            oid, value = der.read_expected(name, inner, at, der.OID)
            _, text, end = der.read_header(name, value, at)
            found.setdefault(name[oid:value], name[text:end].decode("utf-8", "replace"))
    return found


def _octets(leaf: Certificate, oid: bytes, size: int | None) -> bytes | None:
    """The OCTET STRING inside an extension, or None where the extension is absent."""
    extension = leaf.extensions.get(oid)
    if extension is None:
        return None
    start, stop = der.read_whole(extension.value, der.OCTET_STRING)
    if size is not None and stop - start != size:
        raise MalformedEvidence(webauthn_statements.PACKED_MODEL, f"{stop - start} octets")
    return extension.value[start:stop]


_DEMANDED = (_COUNTRY, _ORGANIZATION, _ORGANIZATIONAL_UNIT, _COMMON_NAME)
_JUDGED = frozenset({ENTERPRISE_SERIAL})
