"""The tpm statement (WebAuthn L3 §8.3): a TPM certifies a key that it holds."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import Hash
from msgspec import Struct

from warifu.attestation.claims import SecurityLevel
from warifu.attestation.evidence.readers.tpm_manufacturers import MANUFACTURERS
from warifu.attestation.evidence.readers.tpm_structures import (
    BOUND_TO_TPM,
    CurvePoint,
    PublicArea,
    RsaPoint,
    read_attest,
    read_public_area,
)
from warifu.attestation.evidence.rules import webauthn_tpm as rules
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
from warifu.base.pki.alternative_names import directory_attributes
from warifu.base.pki.certificate import EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME
from warifu.base.pki.path import read_basic_constraints
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext
    from warifu.base.pki.certificate import Certificate
    from warifu.base.pki.signature import PublicKey, Scheme

MAX_KEY_PURPOSES = 16
MAX_NAME_LENGTH = 128

_VERSION = "2.0"
_EMPTY_NAME = b"\x30\x00"
_MODEL = der.from_oid_text("1.3.6.1.4.1.45724.1.1.4")
_IDENTITY_KEY = der.from_oid_text("2.23.133.8.3")
_MANUFACTURER, _TPM_MODEL, _TPM_VERSION = (
    der.from_oid_text(f"2.23.133.2.{number}") for number in (1, 2, 3)
)
_POLICIES = der.from_oid_text("2.5.29.32")
"""Critical on Windows' identity keys. No policy is asked for, so none can be violated."""


class TpmFacts(Struct, frozen=True, kw_only=True, tag="tpm"):
    """What only a tpm statement tells."""

    algorithm: str
    """The algorithm of the statement's signature; ``RS1`` is SHA-1."""
    manufacturer: str
    """As the certificate names it: ``id:`` and four octets in hex."""
    manufacturer_name: str | None
    """Whose identifier that is; None where the registry does not know it."""
    model: str
    version: str
    firmware_version: int
    """As the TPM tells, mostly obfuscated."""
    bound_to_tpm: bool
    """The key was made in this TPM and cannot leave it (fixedTPM, fixedParent,
    sensitiveDataOrigin)."""


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify a tpm statement.

    Raises:
        BadEvidence: A rule of WebAuthn L3 §8.3 that is not met.
    """
    # §8.3 step 1: the syntax.
    parts = statement_map(statement)
    _check_version(parts, context)
    algorithm = cbor.member(parts, "alg", int)
    area_bytes = cbor.member(parts, "pubArea", bytes)
    info_bytes = cbor.member(parts, "certInfo", bytes)
    chain = read_chain(parts)
    # §8.3 step 2: the public area is that of the key being registered.
    area = read_public_area(area_bytes)
    if area.key != _point(context.credential_key.key):
        raise BadEvidence(rules.KEY)
    # §8.3 steps 3-4: what was certified, by a TPM, about this ceremony and this key.
    info = read_attest(info_bytes)
    name, scheme = _scheme(algorithm, context)
    if not compare_digest(info.extra_data, _digest(scheme, context.signed)):
        raise BadEvidence(rules.EXTRA_DATA, info.extra_data[:64].hex())
    if not compare_digest(info.attested_name, area.name):
        raise BadEvidence(rules.NAME, info.attested_name[:66].hex())
    # §8.3 step 5.1: the certificate's key signed it.
    leaf = chain[0]
    signature = cbor.member(parts, "sig", bytes)
    check_statement_signature(scheme, load_public_key(leaf.public_key), signature, info_bytes)
    # §8.3 step 5.2, §8.3.1: it is a TPM's identity certificate.
    _check_certificate(leaf)
    maker, model, version = _tpm_names(leaf)
    # §8.3 step 5.3: and of this model of authenticator.
    _check_model(leaf, context)
    return StatementFacts(
        format="tpm",
        attestation_type="attca",
        certificates=chain,
        anchor_uses=(AnchorUse.WEBAUTHN_TPM,),
        understood=frozenset({_POLICIES}),
        key_level=_key_level(area),
        attested_by=SecurityLevel.TRUSTED_ENVIRONMENT,
        detail=TpmFacts(
            algorithm=name,
            manufacturer=maker,
            manufacturer_name=MANUFACTURERS.get(maker.removeprefix("id:").upper()),
            model=model,
            version=version,
            firmware_version=info.firmware_version,
            bound_to_tpm=area.attributes & BOUND_TO_TPM == BOUND_TO_TPM,
        ),
        rules=rules.TPM_RULES,
    )


def _check_version(parts: dict[Any, Any], context: StatementContext) -> None:
    if "ver" not in parts:
        context.exam.allow(rules.VERSION_ABSENT)
    elif parts["ver"] != _VERSION:
        raise BadEvidence(rules.VERSION, f"{parts['ver']!r:.20}")


def _key_level(area: PublicArea) -> SecurityLevel | None:
    """Firmware TPMs live in a trusted environment, and no statement tells them from chips."""
    bound = area.attributes & BOUND_TO_TPM == BOUND_TO_TPM
    return SecurityLevel.TRUSTED_ENVIRONMENT if bound else None


def _point(key: PublicKey) -> RsaPoint | CurvePoint | None:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return RsaPoint(numbers.n, numbers.e)
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return CurvePoint(key.curve.name, point.x, point.y)
    return None


def _scheme(algorithm: int, context: StatementContext) -> tuple[str, Scheme]:
    """The one place where SHA-1 is read: identity keys of old Windows sign with nothing else."""
    if algorithm == cose.RS1:
        context.exam.allow(rules.SHA1_STATEMENT)
        return "RS1", cose.RS1_SCHEME
    named = cose.find_algorithm(algorithm)
    return named.name, named.scheme


def _digest(scheme: Scheme, data: bytes) -> bytes:
    """§8.3: "hash algorithm employed in alg"; algorithms without one cannot be used here."""
    if scheme.digest is None:
        raise BadEvidence(cose.ALGORITHM, f"{scheme.name} employs no hash of its own")
    hasher = Hash(scheme.digest)
    hasher.update(data)
    return hasher.finalize()


def _check_certificate(leaf: Certificate) -> None:
    """§8.3.1, without the names."""
    if leaf.version != 3:
        raise BadEvidence(rules.CERTIFICATE, f"version {leaf.version}")
    if leaf.subject != _EMPTY_NAME:
        raise BadEvidence(rules.CERTIFICATE, "the subject is not empty")
    if read_basic_constraints(leaf)[0]:
        raise BadEvidence(rules.CERTIFICATE, "an authority's certificate")
    purposes = leaf.extensions.get(EXTENDED_KEY_USAGE)
    if purposes is None or _IDENTITY_KEY not in _key_purposes(purposes.value):
        raise BadEvidence(rules.CERTIFICATE, "not for an attestation identity key")


def _key_purposes(value: bytes) -> list[bytes]:
    start, stop = der.read_whole(value, der.SEQUENCE)
    elements = der.children(value, start, stop)
    if len(elements) > MAX_KEY_PURPOSES or any(tag != der.OID for tag, _, _ in elements):
        raise MalformedEvidence(rules.CERTIFICATE, "extended key usage")
    return [value[at:end] for _, at, end in elements]


def _tpm_names(leaf: Certificate) -> tuple[str, str, str]:
    """§8.3.1: the alternative name is a directory name as TPMv2-EK-Profile §3.2.9 has it."""
    extension = leaf.extensions.get(SUBJECT_ALTERNATIVE_NAME)
    found = {} if extension is None else directory_attributes(extension.value)
    maker, model, version = map(found.get, (_MANUFACTURER, _TPM_MODEL, _TPM_VERSION))
    if not maker or not model or not version:
        raise BadEvidence(rules.TPM_NAMED, "manufacturer, model or version is missing")
    if max(len(maker), len(model), len(version)) > MAX_NAME_LENGTH or not _is_identifier(maker):
        raise BadEvidence(rules.TPM_NAMED, f"manufacturer {maker!r:.60}")
    return maker, model, version


def _is_identifier(maker: str) -> bool:
    digits = maker.removeprefix("id:")
    return len(maker) == 11 and len(digits) == 8 and set(digits) <= _HEX


def _check_model(leaf: Certificate, context: StatementContext) -> None:
    extension = leaf.extensions.get(_MODEL)
    if extension is None:
        return
    start, stop = der.read_whole(extension.value, der.OCTET_STRING)
    if extension.critical or extension.value[start:stop] != context.credential.aaguid:
        raise BadEvidence(rules.MODEL, extension.value[:34].hex())


_HEX = frozenset("0123456789ABCDEFabcdef")
