"""Statements of every format: what each is made of, and what must be claimed for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cbor2
from msgspec import Struct

from warifu.attestation.claims import (
    Endorsement,
    Gap,
    SecurityLevel,
)
from warifu.attestation.evidence.facts.android_key import Provisioning, ProvisioningMethod
from warifu.attestation.evidence.facts.safetynet import SafetyNetFacts
from warifu.attestation.evidence.readers.key_description import read_key_description
from warifu.attestation.evidence.rules import android_key as android_rules
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_android, webauthn_statements, webauthn_tpm
from warifu.attestation.evidence.statements.android_key import AndroidKeyStatementFacts
from warifu.attestation.evidence.statements.android_safetynet import SafetyNetStatementFacts
from warifu.attestation.evidence.statements.packed import PackedFacts
from warifu.attestation.evidence.statements.tpm import TpmFacts
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec.text import from_base64, from_base64url
from warifu.base.pki.certificate import read_certificate
from warifu.handset import der_writer as w
from warifu.handset.android_key import ATTESTATION, AndroidPhone
from warifu.handset.android_statements import MADE_AT, AndroidKeyStatement, SafetyNetStatement
from warifu.handset.authority import Authority
from warifu.handset.safetynet import APK, PACKAGE, SIGNER, SafetyNetServer
from warifu.handset.safetynet import MADE_AT as SAFETYNET_MADE_AT
from warifu.handset.tpm import TpmStatement
from warifu.handset.webauthn import (
    MODEL,
    NoStatement,
)
from warifu.handset.webauthn_statements import (
    ENTERPRISE_EXTENSION,
    AppleStatement,
    CompoundStatement,
    PackedStatement,
    SelfStatement,
    U2FStatement,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from warifu.base.rule import Rule

TEE, CHIP = SecurityLevel.TRUSTED_ENVIRONMENT, SecurityLevel.SECURE_ELEMENT
NO_LIST = Gap(android_rules.NOT_REVOKED.code, "no revocation list is at hand")
NO_METADATA = Gap(rules.NOT_COMPROMISED.code, "no FIDO metadata is at hand")


class Told(Struct, frozen=True, kw_only=True):
    """What a statement is made of, and what must be claimed for it."""

    statement: Any
    root: bytes | None
    use: AnchorUse | None = None
    type: str
    at: datetime = MADE_AT
    endorsement: Endorsement = Endorsement.ANCHORED
    level: SecurityLevel | None = None
    attested_by: SecurityLevel | None = None
    platform: str | None = None
    data_signed: bool = True
    detail: Callable[[list[bytes]], Any] = lambda _: None
    parts: tuple[str, ...] = ()
    rules: tuple[Rule, ...]
    unchecked: tuple[Gap, ...] = ()


def packed() -> Told:
    statement = PackedStatement()
    statement.certify_model(MODEL)
    statement.draft.extension(ENTERPRISE_EXTENSION, w.octet_string(b"unit 7"))
    return Told(
        statement=statement,
        root=statement.authority.certificate,
        use=AnchorUse.WEBAUTHN,
        type="basic",
        detail=lambda _: PackedFacts(
            algorithm="ES256", certified_aaguid=MODEL, enterprise_serial=b"unit 7"
        ),
        rules=webauthn_statements.PACKED_RULES,
        unchecked=(NO_METADATA,),
    )


def u2f() -> Told:
    statement = U2FStatement()
    return Told(
        statement=statement,
        root=statement.authority.certificate,
        use=AnchorUse.WEBAUTHN,
        type="basic",
        data_signed=False,
        rules=webauthn_statements.U2F_RULES,
        unchecked=(NO_METADATA,),
    )


def apple() -> Told:
    statement = AppleStatement()
    return Told(
        statement=statement,
        root=statement.authority.certificate,
        use=AnchorUse.WEBAUTHN_APPLE,
        type="anonca",
        level=CHIP,
        attested_by=CHIP,
        platform="apple",
        rules=webauthn_statements.APPLE_RULES,
    )


def tpm() -> Told:
    statement = TpmStatement()
    return Told(
        statement=statement,
        root=statement.authority.certificate,
        use=AnchorUse.WEBAUTHN_TPM,
        type="attca",
        level=TEE,
        attested_by=TEE,
        detail=lambda _: TpmFacts(
            algorithm="RS256",
            manufacturer="id:4E544300",
            manufacturer_name="Nuvoton Technology",
            model="NPCT75x",
            version="id:00070002",
            firmware_version=0x0007000200000000,
            bound_to_tpm=True,
        ),
        rules=webauthn_tpm.TPM_RULES,
        unchecked=(NO_METADATA,),
    )


def android_key() -> Told:
    phone = AndroidPhone.remote(made_at=MADE_AT, issued=5)

    def detail(chain: list[bytes]) -> AndroidKeyStatementFacts:
        value = read_certificate(chain[0]).extensions[w.oid(ATTESTATION)[2:]].value
        described = read_key_description(value)
        assert described.hardware_enforced.os_version == 160000
        assert described.software_enforced.attestation_application_id is not None
        return AndroidKeyStatementFacts(
            algorithm="ES256",
            attestation_version=300,
            keymint_version=300,
            attestation_level=TEE,
            key_level=TEE,
            enforced_level=TEE,
            provisioning=Provisioning(
                method=ProvisioningMethod.REMOTE, certificates_issued=5, info=cbor2.dumps({1: 5})
            ),
            hardware_enforced=described.hardware_enforced,
            software_enforced=described.software_enforced,
        )

    further = [
        rule
        for rule in webauthn_android.ANDROID_CHAIN_RULES
        if rule is not android_rules.NOT_REVOKED
    ]
    return Told(
        statement=AndroidKeyStatement(phone=phone),
        root=phone.root,
        use=AnchorUse.ANDROID_KEY,
        type="basic",
        level=TEE,
        attested_by=TEE,
        platform="android",
        data_signed=False,
        detail=detail,
        rules=(*webauthn_android.ANDROID_KEY_RULES, *further),
        unchecked=(NO_LIST,),
    )


def safetynet() -> Told:
    root = Authority.root("SafetyNet Root")
    server = SafetyNetServer(root=root)
    assert isinstance(server.payload, dict)
    server.payload["advice"] = "LOCK_BOOTLOADER"
    return Told(
        statement=SafetyNetStatement(server=server),
        root=root.certificate,
        use=AnchorUse.SAFETYNET,
        type="basic",
        at=SAFETYNET_MADE_AT,
        platform="android",
        data_signed=False,
        detail=lambda _: SafetyNetStatementFacts(
            version="212621037",
            made_at=SAFETYNET_MADE_AT,
            package=PACKAGE,
            signers=(SIGNER,),
            verdict=SafetyNetFacts(
                cts_profile_match=True,
                basic_integrity=True,
                apk_digest=APK,
                evaluation_types=("BASIC", "HARDWARE_BACKED"),
                advice=("LOCK_BOOTLOADER",),
            ),
        ),
        rules=webauthn_android.SAFETYNET_RULES,
    )


def by_itself() -> Told:
    return Told(
        statement=SelfStatement(),
        root=None,
        type="self",
        endorsement=Endorsement.SELF,
        detail=lambda _: PackedFacts(algorithm="ES256"),
        rules=webauthn_statements.PACKED_SELF_RULES,
    )


def nobody() -> Told:
    return Told(
        statement=NoStatement(),
        root=None,
        type="none",
        endorsement=Endorsement.NONE,
        rules=webauthn_statements.NONE_RULES,
    )


def compound() -> Told:
    statement = PackedStatement()
    return Told(
        statement=CompoundStatement(parts=[SelfStatement(), statement]),
        root=statement.authority.certificate,
        use=AnchorUse.WEBAUTHN,
        type="basic",
        parts=("packed", "packed"),
        rules=(
            *webauthn_statements.COMPOUND_RULES,
            *webauthn_statements.PACKED_SELF_RULES,
            *webauthn_statements.PACKED_RULES,
        ),
        unchecked=(NO_METADATA,),
    )


STATEMENTS = [packed, u2f, apple, tpm, android_key, safetynet, by_itself, nobody, compound]


def chain_in(evidence: bytes) -> list[bytes]:
    """The certificates that a registration carries."""
    response = json.loads(evidence)["response"]
    statement = cbor2.loads(from_base64url(response["attestationObject"]))["attStmt"]
    if isinstance(statement, list):
        statement = next(part["attStmt"] for part in statement if "x5c" in part["attStmt"])
    if "response" in statement:
        header = json.loads(from_base64url(statement["response"].split(b".")[0].decode()))
        return [from_base64(each) for each in header["x5c"]]
    return list(statement.get("x5c", []))
