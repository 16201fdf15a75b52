"""webauthn 3.0.1 and fido2 2.2.1 as independent judges of WebAuthn responses.

Where they are right all must agree. Each disagreement stands in a table that says who is right and
why; when a new release of a peer changes its mind, the test fails and the record is put right.
"""

import functools
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import fido2.webauthn
import pytest
import webauthn as py_webauthn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation.base import Attestation, verify_x509_chain
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat

from tests.attestation.webauthn.test_vectors import FRAMED, W3C, W3cVector, load, response
from tests.attestation.webauthn.world import stored, trusting, verify
from tests.support import refused
from warifu.attestation.evidence.readers import authenticator_data
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_android, webauthn_statements
from warifu.base.codec import cbor
from warifu.base.codec import json as json_codec
from warifu.base.pki import path
from warifu.base.rule import Rule
from warifu.handset.authority import basic_constraints, name
from warifu.handset.webauthn import (
    BACKED_UP,
    RP_ID,
    USER_PRESENT,
    Authentication,
    CredentialKey,
    Registration,
)
from warifu.handset.webauthn_statements import (
    BASIC_CONSTRAINTS,
    AppleStatement,
    CompoundStatement,
    PackedStatement,
    SelfStatement,
    U2FStatement,
)

ACCEPTS, REFUSES = "accepts", "refuses"
ALGORITHMS = list(COSEAlgorithmIdentifier)


def verdict_of(judge: Callable[[], object]) -> str:
    try:
        judge()
    except Exception:  # noqa: BLE001 - peers raise whatever they like; that they refuse is asked
        return REFUSES
    return ACCEPTS


def py_webauthn_registers(
    evidence: bytes, *, challenge: bytes, rp_id: str, origin: str, root: bytes | None
) -> str:
    roots = [x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM)] if root else []
    return verdict_of(
        functools.partial(
            py_webauthn.verify_registration_response,
            credential=evidence.decode(),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            supported_pub_key_algs=ALGORITHMS,
            pem_root_certs_bytes_by_fmt=dict.fromkeys(AttestationFormat, roots),
        )
    )


def fido2_attests(fmt: str, statement: Any, data: bytes, digest: bytes, root: bytes | None) -> str:
    def judge() -> None:
        kind = Attestation.for_type(fmt)
        result = kind().verify(statement, fido2.webauthn.AuthenticatorData(data), digest)
        if result.trust_path and root:
            verify_x509_chain([*result.trust_path, root])

    return verdict_of(judge)


# The specification's own vectors

PY_WEBAUTHN_REFUSES = {
    "packed-es384": "it does not know ES384 (-35); the specification's vector is right",
    "packed-ed448": "it does not know Ed448 (-53); the specification's vector is right",
    "tpm-es256": "it has no manufacturer id:00000000, which the vector has; real TPMs do not",
    "fido-u2f-es256": "it demands a zero AAGUID, which §8.6 does not; the vector is right",
    "android-key-es256": "right, though for want of a chain of two; §8.4 refuses the empty lists",
}
FIDO2_REFUSES = {
    "tpm-es256": "it reads the clock's safe flag as strictly 0 or 1; the vector has 0x33",
    "android-key-es256": "it does not know the format",
}


@pytest.mark.parametrize("vector_name", sorted(W3C))
def test_peers_and_the_specifications_registrations(vectors: Path, vector_name: str) -> None:
    vector = W3cVector(vectors / "w3c-webauthn-l3", vector_name)
    root = bytes.fromhex(load(vectors / "w3c-webauthn-l3/root.json")["attestation_ca_cert"])
    client_data = vector.of(vector.created, "clientDataJSON")
    raw = vector.of(vector.created, "attestationObject")
    item = cbor.decode_map(raw)
    judged = (
        py_webauthn_registers(
            response(
                vector.credential.credential_id, clientDataJSON=client_data, attestationObject=raw
            ),
            challenge=vector.of(vector.created, "challenge"),
            rp_id=vector.rp_id,
            origin=vector.origin,
            root=root,
        ),
        fido2_attests(
            item["fmt"], item["attStmt"], item["authData"], sha256(client_data).digest(), root
        ),
    )
    assert judged == (
        REFUSES if vector_name in PY_WEBAUTHN_REFUSES else ACCEPTS,
        REFUSES if vector_name in FIDO2_REFUSES else ACCEPTS,
    )
    if W3C[vector_name] is None:
        with refused(webauthn_android.ORIGIN):
            vector.register()
    else:
        vector.register(**FRAMED)


# Responses of the simulated authenticator


def _packed(**draft: Any) -> Registration:
    statement = PackedStatement()
    for member, value in draft.items():
        setattr(statement.draft, member, value)
    return Registration(statement=statement)


def _packed_with(extension: str, value: bytes, *, critical: bool) -> Registration:
    statement = PackedStatement()
    statement.draft.extension(extension, value, critical=critical)
    return Registration(statement=statement)


def _other_model() -> Registration:
    statement = PackedStatement()
    statement.certify_model(bytes(16))
    return Registration(statement=statement)


def _two_types() -> Registration:
    registration = Registration()
    honest = registration.client_data_json()
    registration.client_data = honest.replace(b'{"type"', b'{"type": "webauthn.get", "type"')
    return registration


WEB_SERVER = name("Server", country="JP", organization="Shop", organizational_unit="Web")
ECDSA_WITH_NULL = bytes.fromhex("300c06082a8648ce3d0403020500")

CASES: dict[str, tuple[Callable[[], Registration], Rule | None, str, str, str]] = {
    # What is made, our rule (None accepts), webauthn, fido2, who is right.
    "packed": (lambda: Registration(statement=PackedStatement()), None, ACCEPTS, ACCEPTS, "all"),
    "self": (lambda: Registration(statement=SelfStatement()), None, ACCEPTS, ACCEPTS, "all"),
    "apple": (lambda: Registration(statement=AppleStatement()), None, ACCEPTS, ACCEPTS, "all"),
    "fido-u2f": (
        *(lambda: Registration(statement=U2FStatement(), aaguid=bytes(16)), None),
        *(ACCEPTS, ACCEPTS, "all"),
    ),
    "compound": (
        *(lambda: Registration(statement=CompoundStatement()), None, REFUSES, REFUSES),
        "we: §8.9 is a format of Level 3, which neither peer has",
    ),
    "ecdsa parameters null": (
        *(lambda: _packed(signature_algorithm=ECDSA_WITH_NULL), None, REFUSES, REFUSES),
        "we: real security modules write it; both peers hand the certificate to a strict parser",
    ),
    "backed up but not eligible": (
        *(lambda: Registration(flags=USER_PRESENT | BACKED_UP), rules.BACKUP_FLAGS),
        *(REFUSES, ACCEPTS, "we and webauthn: §7.1 step 17; fido2 leaves flags to its caller"),
    ),
    "hidden frame": (
        *(lambda: Registration(client={"crossOrigin": True}), rules.CROSS_ORIGIN),
        *(ACCEPTS, ACCEPTS, "we: §7.1 step 10; webauthn does not look, fido2 has no client data"),
    ),
    "certificate of version 2": (
        *(lambda: _packed(version=1), webauthn_statements.PACKED_CERTIFICATE),
        *(REFUSES, REFUSES, "all"),
    ),
    "certificate of another model": (
        *(_other_model, webauthn_statements.PACKED_MODEL, ACCEPTS, REFUSES),
        "we and fido2: §8.2; webauthn does not read the extension",
    ),
    "authority as authenticator": (
        lambda: _packed_with(BASIC_CONSTRAINTS, basic_constraints(authority=True), critical=True),
        webauthn_statements.PACKED_CERTIFICATE,
        *(ACCEPTS, REFUSES, "we and fido2: §8.2.1; webauthn does not check it"),
    ),
    "web server as authenticator": (
        *(lambda: _packed(subject=WEB_SERVER), webauthn_statements.PACKED_CERTIFICATE),
        *(ACCEPTS, REFUSES, "we and fido2: §8.2.1; webauthn does not check it"),
    ),
    "critical extension nobody knows": (
        lambda: _packed_with("1.2.3.4", b"\x05\x00", critical=True),
        path.CRITICAL_UNDERSTOOD,
        *(REFUSES, ACCEPTS, "we and webauthn: RFC 5280 §6.1.5; fido2 checks signatures only"),
    ),
    "credential id of 1024 bytes": (
        *(lambda: Registration(credential_id=bytes(1024)), rules.CREDENTIAL_ID),
        *(ACCEPTS, ACCEPTS, "we: §7.1 step 25"),
    ),
    "bytes after authenticator data": (
        *(lambda: Registration(tail=b"\x00"), authenticator_data.WELL_FORMED),
        *(REFUSES, REFUSES, "all"),
    ),
    "self attestation by another algorithm": (
        lambda: Registration(statement=SelfStatement(members={"alg": -9})),
        webauthn_statements.SELF_ALGORITHM,
        *(REFUSES, REFUSES, "all"),
    ),
    "client data with two types": (
        *(_two_types, json_codec.WELL_FORMED, ACCEPTS, ACCEPTS),
        "we: two readers would see two ceremonies; webauthn takes the last, fido2 has none",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_peers_and_made_registrations(case: str) -> None:
    make, rule, by_py_webauthn, by_fido2, _ = CASES[case]
    registration = make()
    statement = registration.statement
    authority = getattr(statement, "authority", None)
    root = authority.certificate if authority else None
    data = registration.authenticator_data()
    judged = (
        py_webauthn_registers(
            registration.evidence(),
            challenge=registration.challenge,
            rp_id=RP_ID,
            origin=registration.origin,
            root=root,
        ),
        fido2_attests(
            statement.format,
            statement.build(registration, data),
            data,
            registration.client_data_hash(),
            root,
        ),
    )
    assert judged == (by_py_webauthn, by_fido2)
    parts = [part.authority.certificate for part in getattr(statement, "parts", [])[1:]]
    trust = trusting(*([root] if root else parts))
    if rule is None:
        verify(registration, trust=trust)
        return
    with refused(rule):
        verify(registration, trust=trust)


SIGN_INS: dict[str, tuple[Callable[[], Authentication], int, Rule | None, str, str]] = {
    # What is made, the stored counter, our rule (None accepts), webauthn, who is right.
    "honest": (Authentication, 0, None, ACCEPTS, "both"),
    "ml-dsa": (lambda: Authentication(key=CredentialKey(-49)), 0, None, ACCEPTS, "both"),
    "ed448": (
        *(lambda: Authentication(key=CredentialKey(-53)), 0, None, REFUSES),
        "we: Level 3 has a test vector of it",
    ),
    "esp256": (
        *(lambda: Authentication(key=CredentialKey(-9)), 0, None, REFUSES),
        "we: RFC 9864 registers it; the peer does not know it",
    ),
    "counter that stands still": (
        *(lambda: Authentication(counter=5), 5, rules.COUNTER, REFUSES, "both"),
    ),
    "backed up but not eligible": (
        *(lambda: Authentication(flags=USER_PRESENT | BACKED_UP), 0, rules.BACKUP_FLAGS),
        *(REFUSES, "both"),
    ),
    "another credential": (
        *(lambda: Authentication(raw_id=b"another"), 0, rules.CREDENTIAL_EXPECTED, ACCEPTS),
        "we: §7.2 step 6; the peer is never told which credential is meant",
    ),
    "another user": (
        *(lambda: Authentication(user_handle=b"another"), 0, rules.USER_HANDLE, ACCEPTS),
        "we: §7.2 step 6; the peer is never told which user is meant",
    ),
    "hidden frame": (
        *(lambda: Authentication(client={"crossOrigin": True}), 0, rules.CROSS_ORIGIN, ACCEPTS),
        "we: §7.2 step 13; the peer does not look",
    ),
}


@pytest.mark.parametrize("case", SIGN_INS)
def test_webauthn_and_made_sign_ins(case: str) -> None:
    make, counter, rule, by_py_webauthn, _ = SIGN_INS[case]
    authentication = make()
    judge = functools.partial(
        py_webauthn.verify_authentication_response,
        credential=authentication.evidence().decode(),
        expected_challenge=authentication.challenge,
        expected_rp_id=RP_ID,
        expected_origin=authentication.origin,
        credential_public_key=authentication.key.public_key(),
        credential_current_sign_count=counter,
    )
    assert verdict_of(judge) == by_py_webauthn
    credential = stored(authentication, counter=counter)
    if rule is None:
        verify(authentication, credential=credential)
        return
    with refused(rule):
        verify(authentication, credential=credential)
