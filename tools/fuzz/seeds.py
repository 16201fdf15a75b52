"""`python -m tools.fuzz.seeds`: make the saved corpus and its world from simulated devices.

Run it again when a format of evidence changes. Nothing recorded from real devices is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tools.fuzz import confirmations, messages
from tools.fuzz.targets import EAR_SIGNER, NOW
from tools.fuzz.world import CORPUS, WORLD, Root, Setting, setting_of
from warifu.attestation import verdict as verdicts
from warifu.attestation.appraisal.ear.document import Ear, EarAppraisal, EarProfile, VerifierId
from warifu.attestation.appraisal.ear.token import sign_cwt, sign_jwt, veraison_view
from warifu.attestation.appraisal.vector import Tier, TrustVector
from warifu.attestation.claims import Format, Realm
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.facts.mds import MDSExpectations
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.facts.webauthn import (
    StoredCredential,
    UserVerification,
    WebAuthnExpectations,
)
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule
from warifu.attestation.trust.bundle import export_bundle
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord, encode_record
from warifu.attestation.trust.view import TrustView
from warifu.base.codec.text import to_base64, to_base64url
from warifu.base.secret import Secret
from warifu.handset import app_attest, play_integrity, safetynet
from warifu.handset import der_writer as w
from warifu.handset.android_key import AndroidPhone
from warifu.handset.android_statements import AndroidKeyStatement, SafetyNetStatement
from warifu.handset.authority import Authority, name, new_key, spki
from warifu.handset.jose_writer import make_jwe
from warifu.handset.metadata_service import MetadataService
from warifu.handset.tpm import TpmStatement
from warifu.handset.webauthn import RP_ID, Authentication, CredentialKey, NoStatement, Registration
from warifu.handset.webauthn_statements import (
    AppleStatement,
    CompoundStatement,
    PackedStatement,
    SelfStatement,
    U2FStatement,
)

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

AT = datetime(2026, 9, 20, 9, tzinfo=UTC)
CHALLENGE = b"one-time challenge of the bank, 32 bytes"[:32]

Made = tuple[str, bytes]
"""Target and seed."""


def main() -> None:
    """Write every seed and the world anew."""
    for old in CORPUS.glob("*/seed-*"):
        old.unlink()
    settings: dict[str, Setting] = {}
    made = [*_codecs(), *_android(settings), *_apple(settings), *_tokens(settings)]
    made += [*_webauthn(settings), *_trust(settings), *_results(), *_files()]
    made += [*confirmations.seeds(), *messages.seeds()]
    for target, seed in made:
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"seed-{sha256(seed).hexdigest()[:12]}").write_bytes(seed)
    WORLD.write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n")
    print(f"{len(made)} seeds for {len({target for target, _ in made})} targets")


def _codecs() -> Iterator[Made]:
    yield "der", w.sequence(w.integer(300), w.boolean(True), w.oid("1.2.840"), w.utc_time(AT))  # noqa: FBT003 - the value itself
    yield "der", w.context(709, w.octet_string(b"x" * 200)) + w.bit_string(b"\x80", unused=7)
    yield "der", w.set_of(w.generalized_time(AT), w.utf8("鍵"), w.enumerated(-1), w.null())
    item = {1: 2, -1: b"bytes", "text": ["a", None, True, 1.5, -(2**40)], b"k": {}}
    yield "cbor", cbor2.dumps(item)
    yield "cbor-tagged", cbor2.dumps(cbor2.CBORTag(1000, [item]))
    record: list[Any] = ["application/eat+cwt; eat_profile=1", b"evidence", 4]
    for encoded in (record, {"__cmwc_t": "1.2.3", "a": record, 1: [61, b"x"]}):
        yield "cmw", cbor2.dumps(encoded)
        yield "evidence-wrapped", cbor2.dumps(encoded)
    yield "cmw", cbor2.dumps(cbor2.CBORTag(1668546878, b"x"))
    yield "cmw", json.dumps({"a": ["a/b", to_base64url(b"evidence"), 4]}).encode()
    wrapped = ["application/vnd.warifu.play-integrity", to_base64url(b"evidence")]
    yield "evidence-wrapped", json.dumps(wrapped).encode()
    for target in ("json", "json-repeats"):
        yield target, '{"a":[1,-2.5e3,true,null,"\\ud83d\\ude00é"],"b":{"c":""}}'.encode()
    yield "json-repeats", b'{"a":1,"a":1}'
    yield "base64", b"QUJD REU=\n"
    yield "base64url", b"-_-_QQ"
    yield "jwe", make_jwe({"alg": "A256KW", "enc": "A256GCM"}, b"text", bytes(range(100, 132)))
    for kind in ("p256", "p384", "rsa2048", "ed25519"):
        yield "public-key", spki(new_key(kind))
    for algorithm in (-7, -8, -257):
        yield "cose-key", cbor2.dumps(CredentialKey(algorithm).public_map(), canonical=True)
    root = Authority.root()
    yield from _chain_seeds(root)


def _chain_seeds(root: Authority) -> Iterator[Made]:
    middle = root.subordinate("Middle")
    draft = middle.draft(name("Leaf", country="JP"), spki(new_key("ed25519")))
    names = w.sequence(w.tlv(0x82, b"bank.example"), w.tlv(0xA4, name("Device", title="TPM")))
    draft.extension("2.5.29.17", names)
    leaf = middle.issue(draft)
    yield "dns-names", names
    yield "directory-attributes", names
    for certificate in (root.certificate, middle.certificate, leaf):
        yield "certificate", certificate
        armoured = to_base64(certificate).encode()
        yield "pem", b"-----BEGIN CERTIFICATE-----\n" + armoured + b"\n-----END CERTIFICATE-----\n"
    yield "chain", leaf + middle.certificate + root.certificate
    yield "chain", root.certificate + leaf + middle.certificate


def _android(settings: dict[str, Setting]) -> Iterator[Made]:
    phone, remote = AndroidPhone.factory(), AndroidPhone.remote(made_at=AT)
    roots = [
        Root(
            certificate=some.root,
            uses=(AnchorUse.ANDROID_KEY,),
            validity=ValidityRule.OUTLIVES_CERTIFICATE,
        )
        for some in (phone, remote)
    ]
    expected = AndroidKeyExpectations(challenge=CHALLENGE)
    settings["android-key"] = setting_of(Format.ANDROID_KEY, AT, expected, *roots)
    plain = phone.attest(challenge=CHALLENGE, made_at=AT)
    delegated = phone.attest_through_attest_key(challenge=CHALLENGE, made_at=AT)
    over_network = remote.attest(challenge=CHALLENGE, made_at=AT)
    yield "android-key", plain.pem()
    for evidence in (plain, delegated, over_network):
        yield "android-key", evidence.der()
        yield "key-description", evidence.description.encode()
    yield "provisioning-info", cbor2.dumps({1: 8})


def _apple(settings: dict[str, Setting]) -> Iterator[Made]:
    world = app_attest.TestApple()
    device = app_attest.AppAttestDevice(apple=world)
    root = Root(certificate=world.root.certificate, uses=(AnchorUse.APP_ATTEST,))
    receipts = Root(
        certificate=world.receipt_root.certificate, uses=(AnchorUse.APP_ATTEST_RECEIPT,)
    )
    at = device.made_at
    challenge, client_data = app_attest.CHALLENGE, b'{"amount":1000}'
    attestation = AppAttestExpectations(challenge=challenge, app=app_attest.APP)
    assertion = AppAttestAssertionExpectations(
        public_key=device.public_key, client_data=client_data, counter=0, app=app_attest.APP
    )
    receipt = AppAttestReceiptExpectations(public_key=device.public_key, app=app_attest.APP)
    kinds = Format.APP_ATTEST, Format.APP_ATTEST_ASSERTION, Format.APP_ATTEST_RECEIPT
    settings["app-attest"] = setting_of(kinds[0], at, attestation, root)
    settings["app-attest-assertion"] = setting_of(kinds[1], at, assertion, root)
    settings["app-attest-receipt"] = setting_of(kinds[2], at, receipt, receipts)
    honest = device.attestation(challenge)
    yield "app-attest", honest.encode()
    yield "app-attest-object", honest.encode()
    signed = device.assertion(client_data).encode()
    yield "app-attest-assertion", signed
    yield "app-attest-assertion-object", signed
    draft = device.receipt()
    yield "app-attest-receipt", draft.encode()
    yield "cms", draft.encode()
    yield "receipt-fields", draft.content()
    yield "apple-nonce", w.sequence(w.context(1, w.octet_string(bytes(32))))


def _tokens(settings: dict[str, Setting]) -> Iterator[Made]:
    signing_key = new_key()
    for classic in (False, True):
        verdict = play_integrity.honest_verdict(classic=classic)
        device = play_integrity.PlayIntegrityDevice(verdict=verdict, signing_key=signing_key)
        expected = PlayIntegrityExpectations(
            app=play_integrity.PACKAGE,
            challenge=play_integrity.CHALLENGE,
            decryption_key=Secret(device.decryption_key),
            verification_key=device.verification_key,
        )
        at = play_integrity.MADE_AT + timedelta(seconds=5)
        settings["play-integrity"] = setting_of(Format.PLAY_INTEGRITY, at, expected)
        payload = json.dumps(verdict).encode()
        yield "play-integrity", device.token()
        yield "play-integrity", device.signed()
        yield "play-integrity", payload
        yield "play-integrity-payload", payload
    server = safetynet.SafetyNetServer()
    root = Root(certificate=server.root.certificate, uses=(AnchorUse.SAFETYNET,))
    expected_response = SafetyNetExpectations(app=safetynet.PACKAGE, challenge=safetynet.CHALLENGE)
    at = safetynet.MADE_AT + timedelta(seconds=5)
    settings["safetynet"] = setting_of(Format.SAFETYNET, at, expected_response, root)
    yield "safetynet", server.response()
    yield "jws", server.response()
    yield "safetynet-payload", json.dumps(safetynet.honest_payload()).encode()


def _webauthn(settings: dict[str, Setting]) -> Iterator[Made]:
    uses = tuple(
        use for use in AnchorUse if use.value.startswith(("webauthn", "android-key", "safetynet"))
    )
    statements: list[Any] = [
        *(NoStatement(), PackedStatement(), SelfStatement(), U2FStatement(), AppleStatement()),
        *(TpmStatement(), AndroidKeyStatement(), SafetyNetStatement()),
        CompoundStatement(parts=[PackedStatement(), SelfStatement()]),
    ]
    roots = []
    for statement in statements:
        registration = Registration(
            challenge=CHALLENGE, statement=statement, extensions={"credProtect": 2}
        )
        yield "webauthn-registration", registration.evidence()
        yield "webauthn-response", registration.evidence()
        yield "authenticator-data", registration.authenticator_data()
        yield "client-data", registration.client_data_json()
        authority = getattr(statement, "authority", None)
        if isinstance(authority, Authority):
            roots.append(Root(certificate=authority.certificate, uses=uses))
    expected = WebAuthnExpectations(challenge=CHALLENGE, app=RP_ID)
    settings["webauthn-registration"] = setting_of(Format.WEBAUTHN, AT, expected, *roots)
    ceremony = Authentication(challenge=CHALLENGE, user_handle=b"customer", extensions={"x": [1]})
    stored = StoredCredential(
        identifier=ceremony.credential_id,
        public_key=ceremony.key.public_key(),
        user_handle=b"customer",
    )
    expected = WebAuthnExpectations(
        challenge=CHALLENGE,
        app=RP_ID,
        credential=stored,
        user_verification=UserVerification.REQUIRED,
    )
    settings["webauthn-authentication"] = setting_of(Format.WEBAUTHN, AT, expected)
    yield "webauthn-authentication", ceremony.evidence()
    yield "webauthn-response", ceremony.evidence()
    yield "authenticator-data", ceremony.authenticator_data()
    tpm = _tpm_parts()
    yield "tpm-public-area", tpm["pubArea"]
    yield "tpm-attest", tpm["certInfo"]


def _tpm_parts() -> dict[str, bytes]:
    registration = Registration(statement=TpmStatement())
    statement: dict[str, bytes] = cbor2.loads(registration.attestation_object())["attStmt"]
    return statement


def _trust(settings: dict[str, Setting]) -> Iterator[Made]:
    service = MetadataService()
    root = Root(certificate=service.root.certificate, uses=(AnchorUse.FIDO_METADATA,))
    settings["mds"] = setting_of(Format.MDS, AT, MDSExpectations(), root)
    yield "mds", service.blob
    entries = {"5cb838f1": {"status": "REVOKED", "reason": "KEY_COMPROMISE"}}
    entries["6681152659205225093"] = {"status": "SUSPENDED", "expires": "2030-01-01"}
    yield "revocation-list", json.dumps({"entries": entries}).encode()
    yield "anchors", json.dumps({"realm": "test", "anchors": [_anchor(service.root)]}).encode()
    key: dict[str, Any] = {
        "key": "00" * 32,
        "os": "another system",
        "device": None,
        "provenance": {},
    }
    yield "boot-keys", json.dumps({"realm": "test", "keys": [key]}).encode()
    held: dict[str, bytes] = {}
    records: list[SnapshotRecord] = []
    history = TrustHistory(realm=Realm.TEST, records=records, find=held.__getitem__)
    anchors = json.dumps({"realm": "test", "anchors": [_anchor(service.root)]}).encode()
    record = history.admit(SnapshotKind.ANCHORS, anchors, learned_at=AT, source="a test")
    held[record.sha256] = anchors
    records.append(record)
    yield "snapshot-record", encode_record(record)
    history = TrustHistory(realm=Realm.TEST, records=records, find=held.__getitem__)
    yield "trust-bundle", export_bundle(history, key=Ed25519PrivateKey.generate())


def _results() -> Iterator[Made]:
    ear = Ear(
        profile=EarProfile.DRAFT_04,
        issued_at=int(NOW.timestamp()),
        expires_at=int(NOW.timestamp()) + 300,
        verifier=VerifierId(developer="https://bank.example", build="warifu"),
        nonces=(b"12345678",),
        status=Tier.WARNING,
        submodules={
            "device": EarAppraisal(
                status=Tier.WARNING,
                vector=TrustVector(configuration=32, executables=3),
                policy_ids=("policy",),
                attester_claims={"a": 1},
                verifier_claims={"b": [1, 2]},
            )
        },
    )
    yield "ear-jwt", sign_jwt(ear, EAR_SIGNER)
    yield "ear-jwt", sign_jwt(veraison_view(ear), EAR_SIGNER)
    yield "ear-cwt", sign_cwt(ear, EAR_SIGNER)
    request = verdicts.ask(
        Format.ANDROID_KEY,
        b"evidence",
        expected=AndroidKeyExpectations(challenge=CHALLENGE),
        at=AT,
        known_at=AT,
        gaps=Gaps.REFUSE,
        realm=Realm.TEST,
    )
    trust = TrustView(known_at=AT, realm=Realm.TEST)
    saved = verdicts.judge(request, expected=AndroidKeyExpectations(), trust=trust)
    yield "verdict", verdicts.encode(saved)


def _files() -> Iterator[Made]:
    yield (
        "appraisal-policy",
        b'id = "a"\nprofile = "login"\n[severity]\n"device.boot-locked" = "warn"\n',
    )
    outage = 'trust_stale = { then = "recent", seconds = 60 }\nvendor_down = { then = "refuse" }'
    rule = 'id = "a"\noperations = ["login"]\nholds = "user.verified && history.failures < 3"'
    words = "".join(
        f'{reader}.{language} = "x"\n'
        for reader in ("customer", "analyst")
        for language in ("ja", "en")
    )
    yield (
        "rule-set",
        f'id = "a"\ncurrency = "JPY"\n[operations.login]\n{outage}\n[[rules]]\n{rule}\n'
        f"{words}otherwise = {{ refuse = true }}\n".encode(),
    )
    yield "settings", b'[retention]\nidentifiers = "drop"\n[proxy]\ntrusted = ["10.0.0.0/8"]\n'


def _anchor(root: Authority) -> dict[str, Any]:
    return {
        "name": "a root",
        "uses": ["fido-metadata"],
        "sha256": sha256(root.certificate).hexdigest(),
        "spki_sha256": sha256(_public(root.key)).hexdigest(),
        "not_before": "2020-01-01T00:00:00Z",
        "not_after": "2045-01-01T00:00:00Z",
        "validity": "enforced",
        "provenance": {},
        "certificate": to_base64(root.certificate),
    }


def _public(key: PrivateKey) -> bytes:
    return spki(key)


if __name__ == "__main__":
    main()
