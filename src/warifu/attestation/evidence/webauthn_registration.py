"""Registering a new credential (WebAuthn Level 3 §7.1), step by step.

Steps 1 and 2 made the options and called the browser, and steps 26, 27 and 29 look into and write
to the store of credentials: those are the caller's, and `Claims` has what they need.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import App, Claims, Device, Endorsement, Format, Key, SecurityLevel
from warifu.attestation.evidence.facts.webauthn import Mediation, ModelFacts, RegistrationFacts
from warifu.attestation.evidence.readers.authenticator_data import (
    MAX_CREDENTIAL_ID_BYTES,
    USER_VERIFIED,
    AttestedCredential,
    AuthenticatorData,
    read_authenticator_data,
)
from warifu.attestation.evidence.readers.client_data import ClientData, read_client_data
from warifu.attestation.evidence.readers.webauthn_response import RegistrationResponse
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.statements.anchoring import Anchoring, anchor_statement
from warifu.attestation.evidence.statements.context import StatementContext, StatementFacts
from warifu.attestation.evidence.statements.formats import STATEMENT_FORMATS
from warifu.attestation.evidence.webauthn_ceremony import (
    ceremony_facts,
    check_authenticator_data,
    check_client_data,
    freshness,
    held,
)
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.cose import CoseKey, read_key
from warifu.base.pki.memory import read_authority

if TYPE_CHECKING:
    from warifu.attestation.evidence.facts.webauthn import WebAuthnExpectations
    from warifu.attestation.examination import Examination
    from warifu.base.pki.certificate import Certificate
    from warifu.base.rule import Rule

MAX_FORMAT_LENGTH = 32

_NO_MODEL = bytes(16)
_ATTESTATION_OBJECT = {"fmt", "authData", "attStmt"}
_PLATFORMS = {"apple": "apple", "android-key": "android", "android-safetynet": "android"}
_LEVELS = {
    "secure_element": SecurityLevel.SECURE_ELEMENT,
    "tee": SecurityLevel.TRUSTED_ENVIRONMENT,
    "software": SecurityLevel.SOFTWARE,
}
"""What the key protection words of FIDO metadata say; the strongest one counts."""


def verify_registration(
    response: RegistrationResponse, expected: WebAuthnExpectations, exam: Examination
) -> Claims:
    """Verify a registration.

    Raises:
        BadEvidence: The first step that is not met.
        Unchecked: An expectation or trust is missing and gaps are refused.
    """
    # Steps 1-2 are the caller's. Steps 3-4: the response was read as a registration, with the
    # client's extension outputs.
    # Steps 5-6: client data, claimed as collected during the ceremony.
    client = read_client_data(response.client_data)
    # Steps 7-11: type, challenge, origin, frame.
    check_client_data(client, "webauthn.create", expected, exam)
    # Step 12.
    client_data_hash = sha256(response.client_data).digest()
    # Step 13.
    name, data, statement = _read_attestation_object(response.attestation_object)
    credential = data.credential
    if credential is None:
        raise MalformedEvidence(rules.ATTESTATION_OBJECT, "no attested credential data")
    # Steps 14-17: RP ID, presence, verification, backup flags.
    presence_required = expected.mediation is not Mediation.CONDITIONAL
    check_authenticator_data(data, expected, exam, presence_required=presence_required)
    # Steps 18-19, policies on backup, judge `detail.backup_eligible` and `detail.backed_up` later.
    # Step 20: an algorithm that was offered.
    key = read_key(credential.public_key)
    if key.algorithm not in expected.algorithms:
        raise BadEvidence(rules.ALGORITHM, key.name)
    # Step 21: a format we know, by exact name.
    verify_statement = STATEMENT_FORMATS.get(name)
    if verify_statement is None:
        raise BadEvidence(rules.STATEMENT_FORMAT, f"{name!r:.60}")
    # Step 22: the procedure of that format.
    context = StatementContext(
        authenticator_data=data,
        credential=credential,
        client_data_hash=client_data_hash,
        credential_key=key,
        exam=exam,
        formats=STATEMENT_FORMATS,
    )
    facts = verify_statement(statement, context)
    # Steps 23-24: whom the statement leads to, and what is known of the model.
    anchoring = anchor_statement(facts, context)
    # Step 25. The id sent beside the statement is not signed: the one within it counts.
    _check_credential_id(credential, response, exam)
    # Steps 26-27 and 29 are the caller's: the id must be new, the record is stored. Step 28: the
    # extension outputs are handed over as they are.
    return _claims(
        _Findings(
            response=response,
            client=client,
            data=data,
            credential=credential,
            key=key,
            facts=facts,
            anchoring=anchoring,
        ),
        expected,
        exam,
    )


def _read_attestation_object(raw: bytes) -> tuple[str, AuthenticatorData, Any]:
    """Format, authenticator data and statement (WebAuthn L3 §6.5.4)."""
    item = cbor.decode_map(raw)
    if item.keys() != _ATTESTATION_OBJECT:
        raise MalformedEvidence(rules.ATTESTATION_OBJECT, f"{len(item)} members")
    name = cbor.member(item, "fmt", str)
    if len(name) > MAX_FORMAT_LENGTH:
        raise MalformedEvidence(rules.ATTESTATION_OBJECT, "fmt is too long")
    return name, read_authenticator_data(cbor.member(item, "authData", bytes)), item["attStmt"]


def _check_credential_id(
    credential: AttestedCredential, response: RegistrationResponse, exam: Examination
) -> None:
    size = len(credential.credential_id)
    if not 0 < size <= MAX_CREDENTIAL_ID_BYTES:
        raise BadEvidence(rules.CREDENTIAL_ID, f"{size} bytes")
    if credential.credential_id != response.credential_id:
        exam.allow(rules.OTHER_RAW_ID)


class _Findings(Struct, frozen=True, kw_only=True):
    """Everything that was read and proved, on its way into the claims."""

    response: RegistrationResponse
    client: ClientData
    data: AuthenticatorData
    credential: AttestedCredential
    key: CoseKey
    facts: StatementFacts
    anchoring: Anchoring

    @property
    def anchored(self) -> bool:
        return self.anchoring.endorsement is Endorsement.ANCHORED

    @property
    def proves_data(self) -> bool:
        """Whether somebody we trust signed the authenticator data."""
        return self.anchored and self.anchoring.facts.data_signed


def _claims(found: _Findings, expected: WebAuthnExpectations, exam: Examination) -> Claims:
    path = found.anchoring.path
    chain = _chain(found, exam)
    for certificate in chain:
        if certificate.leniencies:
            exam.allow(*certificate.leniencies)
    return Claims(
        format=Format.WEBAUTHN,
        at=exam.at,
        known_at=exam.trust.known_at,
        realm=exam.trust.realm,
        device=_device(found) if found.anchored else None,
        app=None if expected.app is None else App(identifier=expected.app),
        key=_key(found),
        freshness=freshness(found.client, found.data, expected),
        chain=chain,
        anchor=path.anchor.name if path else None,
        detail=_detail(found),
        proved=exam.proved(_proved(found)),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def _key(found: _Findings) -> Key:
    """The credential key; claims about it count only where somebody we trust signed them."""
    facts = found.anchoring.facts
    verified = found.proves_data and found.data.flags & USER_VERIFIED
    return Key(
        public_key=found.key.spki,
        algorithm=found.key.name,
        identifier=found.credential.credential_id,
        security_level=_level(found) if found.anchored else None,
        attested_by=facts.attested_by if found.anchored else None,
        endorsement=found.anchoring.endorsement,
        user_authentication="verified" if verified else None,
    )


def _detail(found: _Findings) -> RegistrationFacts:
    entry = found.anchoring.entry if found.anchored else None
    return RegistrationFacts(
        **ceremony_facts(found.response, found.client, found.data),
        statement_format=found.facts.format,
        attestation_type=found.anchoring.facts.attestation_type,
        aaguid=found.credential.aaguid,
        credential_public_key=found.credential.public_key,
        algorithm=found.key.algorithm,
        transports=found.response.transports,
        model=None
        if entry is None
        else ModelFacts(
            description=entry.description,
            key_protection=entry.key_protection,
            statuses=found.anchoring.statuses,
        ),
        statement=found.facts.detail,
        parts=tuple(part.format for part in found.facts.parts),
    )


def _device(found: _Findings) -> Device:
    """The model, now that somebody we trust vouches for it."""
    aaguid, entry = found.credential.aaguid, found.anchoring.entry
    told = found.proves_data and aaguid != _NO_MODEL and not found.anchoring.model_disowned
    return Device(
        platform=_PLATFORMS.get(found.anchoring.facts.format),
        aaguid=_uuid_text(aaguid) if told else None,
        model=entry.description if entry else None,
    )


def _uuid_text(octets: bytes) -> str:
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _level(found: _Findings) -> SecurityLevel | None:
    """As the statement proves it; metadata is asked only where the format never tells."""
    facts = found.anchoring.facts
    return _metadata_level(found) if facts.attested_by is None else facts.key_level


def _metadata_level(found: _Findings) -> SecurityLevel | None:
    entry = found.anchoring.entry
    words = entry.key_protection if entry else ()
    return next((level for word, level in _LEVELS.items() if word in words), None)


def _chain(found: _Findings, exam: Examination) -> tuple[Certificate, ...]:
    """The proved path with its anchor; without one, the certificates as they were received."""
    path = found.anchoring.path
    if path is None:
        return found.facts.certificates
    if path.anchor.leaf is not None:
        return (*path.certificates, read_authority(path.anchor.leaf))
    named = (a.certificate for a in exam.trust.anchors if a.name == path.anchor.name)
    return (*path.certificates, *named)


def _proved(found: _Findings) -> list[Rule]:
    """What was shown of this statement: nobody's statement is not a trusted one."""
    proved = [*held(_BEFORE, found.client), *found.facts.rules]
    if found.anchored:
        proved.append(rules.ATTESTATION_TRUSTED)
    if found.anchoring.status_known:
        proved.append(rules.NOT_COMPROMISED)
    proved.append(rules.CREDENTIAL_ID)
    return proved


_BEFORE = rules.REGISTRATION_RULES[: rules.REGISTRATION_RULES.index(rules.STATEMENT_FORM)]
