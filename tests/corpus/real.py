"""All recorded evidence of real devices that is accepted, as its READMEs state it was made.

Vectors of the WebAuthn specification are among them. Evidence that is rightly refused is left out
by `settle`; the least numbers that must remain are stated in `LEAST`.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import cbor2
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from msgspec.structs import replace

from tests.attestation.app_attest.apple_vectors import (
    UEBELACK_APP,
    VEEHAITCH_APP,
    documents,
    uebelack,
)
from tests.attestation.safetynet.test_vectors import (
    GOOGLE_PLAY_SERVICES,
    from_fido2,
    from_py_webauthn,
    from_tweag,
)
from tests.corpus.accepted import Accepted, settle
from tests.support import make_test_anchor, moment, production_trust
from warifu.attestation.claims import Format, Realm
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.facts.app_attest_assertion import (
    AppAttestAssertionExpectations,
    ChallengePlace,
)
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.facts.mds import MDSExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.facts.webauthn import (
    Framing,
    Mediation,
    StoredCredential,
    WebAuthnExpectations,
)
from warifu.attestation.evidence.readers.app_attest import read_attestation
from warifu.attestation.evidence.readers.authenticator_data import read_authenticator_data
from warifu.attestation.evidence.readers.key_description import (
    KEY_DESCRIPTION_OID,
    read_key_description,
)
from warifu.attestation.evidence.safetynet import read_made_at
from warifu.attestation.trust import revocation
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata import Metadata, verify_blob
from warifu.base.codec.text import from_base64, from_base64url, to_base64url
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import Path, TrustPoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as Folder

    from warifu.attestation.trust.view import TrustView

LEAST = {
    Format.ANDROID_KEY: 20,
    Format.APP_ATTEST: 6,
    Format.APP_ATTEST_ASSERTION: 5,
    Format.APP_ATTEST_RECEIPT: 10,
    Format.WEBAUTHN: 60,
    Format.MDS: 3,
    Format.SAFETYNET: 3,
}

AUDITOR_CHAINS = {
    "samples/4/0_cert-{}.der.x509": (4, "2023-06-28T14:30:53"),
    "samples/4/1_cert-{}.der.x509": (5, "2023-06-28T14:32:10"),
    "samples/5/0_cert_{}.der": (5, "2025-11-09T02:06:21"),
}
AUDITOR_APP = "app.attestation.auditor"
SAFETYNET_RP_ID = "pwl.ngrok.io"
SPECIFICATION_TIME = moment("2025-01-08")
TWEAG_TIME = moment("2023-01-25")
TWEAG_TIMES = {
    "without-aaguid": moment("2023-07-18T21:07:06"),
    "android-safetynet-01": moment("2021-09-03T21:07:21"),
    "apple-01": moment("2020-10-08"),
    "apple-02": moment("2021-09-01"),
}
TWEAG_RP_IDS = {"android-safetynet-01": "pwl.ngrok.io", "u2f-04": "duo.test", "u2f-05": "duo.test"}
BLOBS = {
    "tweag-webauthn/golden-metadata/big/blob.jwt": "2023-01-25",
    "tweag-webauthn/golden-metadata/big/blob-with-errors.jwt": "2023-03-10",
    "fido-mds-conformance/test-blob.jwt": "2022-06-01",
    "python-fido2/mds3-spec-example-blob.jwt": "2020-03-01",
}
BLOB_ROOTS = {
    "fido-mds-conformance/test-blob.jwt": "fido-mds-conformance/MDS3ROOT.crt",
    "python-fido2/mds3-spec-example-blob.jwt": "python-fido2/mds3-spec-example-root.der",
}


@cache
def accepted(vectors: Folder) -> tuple[Accepted, ...]:
    """Every accepted piece of evidence, in a fixed order."""
    return tuple(found for candidate in _candidates(vectors) if (found := settle(candidate)))


def of_format(vectors: Folder, wanted: Format) -> tuple[Accepted, ...]:
    """Those of one format."""
    return tuple(item for item in accepted(vectors) if item.format is wanted)


def _candidates(vectors: Folder) -> Iterator[Accepted]:
    yield from _android(vectors)
    yield from _apple(vectors)
    yield from _webauthn(vectors)
    yield from _metadata(vectors)
    yield from _safetynet(vectors)


def _android(vectors: Folder) -> Iterator[Accepted]:
    folder = vectors / "android-keyattestation"
    for entry in json.loads((folder / "facts.json").read_bytes()):
        if "created" in entry and "challenge_hex" in entry:
            at = datetime.fromisoformat(entry["created"])
            evidence = (folder / entry["file"]).read_bytes()
            app = entry["app"]["packages"][0][0] if entry.get("app") else None
            yield _android_chain(entry["file"], evidence, at, vectors, app=app)
    for pattern, (count, made_at) in AUDITOR_CHAINS.items():
        files = [vectors / "grapheneos-auditor" / pattern.format(n) for n in range(count)]
        evidence = b"".join(file.read_bytes() for file in files)
        yield _android_chain(pattern, evidence, moment(made_at), vectors, app=AUDITOR_APP)
    for chain in sorted((vectors / "google-android-key-attestation").glob("algorithm_*")):
        evidence = b"".join((chain / f"cert{n}.pem").read_bytes() for n in range(4))
        yield _android_chain(chain.name, evidence, moment("2019-07-20"), vectors)


def _android_chain(
    name: str, evidence: bytes, at: datetime, vectors: Folder, *, app: str | None = None
) -> Accepted:
    return Accepted(
        name=name,
        format=Format.ANDROID_KEY,
        evidence=evidence,
        expected=AndroidKeyExpectations(challenge=_android_challenge(evidence), app=app),
        trust=_production(at, vectors),
        at=at,
    )


def _android_challenge(evidence: bytes) -> bytes:
    """The challenge that the app named, which nobody wrote down but the leaf itself."""
    first = evidence.partition(b"-----BEGIN CERTIFICATE-----")[2].partition(b"-----END")[0]
    length = 4 + int.from_bytes(evidence[2:4], "big")
    leaf = read_certificate(from_base64(first) if first else evidence[:length])
    return read_key_description(leaf.extensions[KEY_DESCRIPTION_OID].value).challenge


@cache
def _production(at: datetime, vectors: Folder) -> TrustView:
    listed = (vectors / "google-revocation-status" / "status-2025-01-08.json").read_bytes()
    return production_trust(at, revocation=revocation.parse(listed, confirmed_at=at))


def _apple(vectors: Folder) -> Iterator[Accepted]:
    for path in sorted((vectors / "veehaitch-appattest").glob("*.yaml")):
        for number, sample in enumerate(documents(path)):
            yield _APPLE_KINDS[sample["type"]](f"{path.stem}-{number}", sample)
    for kind in ("production", "development"):
        sample = uebelack(vectors, f"attestation-{kind}")
        stated = {
            "challenge": sample["challenge"],
            "app": UEBELACK_APP,
            "key_identifier": sample["keyId"],
            "environment": Environment(kind),
        }
        at = moment({"production": "2024-02-07T21:09", "development": "2024-02-04T20:28"}[kind])
        attestation = AppAttestExpectations(**stated)
        receipt = AppAttestReceiptExpectations(**stated)
        evidence = sample["attestation"]
        inner = read_attestation(evidence).receipt
        yield _apple_item(f"uebelack-{kind}", Format.APP_ATTEST, evidence, attestation, at)
        yield _apple_item(f"uebelack-{kind}", Format.APP_ATTEST_RECEIPT, inner, receipt, at)
    sample = uebelack(vectors, "assertion")
    assertion = AppAttestAssertionExpectations(
        public_key=_spki(sample["publicKey"]),
        client_data=sample["payload"].encode(),
        app=UEBELACK_APP,
        counter=0,
    )
    at = moment("2024-02-07")
    yield _apple_item("uebelack", Format.APP_ATTEST_ASSERTION, sample["assertion"], assertion, at)


def _apple_item(name: str, kind: Format, evidence: bytes, expected: Any, at: datetime) -> Accepted:
    return Accepted(
        name=name,
        format=kind,
        evidence=evidence,
        expected=expected,
        trust=production_trust(at),
        at=at,
    )


def _attestation(name: str, sample: dict[str, Any]) -> Accepted:
    expected = AppAttestExpectations(
        challenge=sample["clientData"],
        app=VEEHAITCH_APP,
        key_identifier=sample["keyId"],
        environment=Environment.DEVELOPMENT,
    )
    return _apple_item(
        name, Format.APP_ATTEST, sample["attestation"], expected, sample["timestamp"]
    )


def _assertion(name: str, sample: dict[str, Any]) -> Accepted:
    expected = AppAttestAssertionExpectations(
        public_key=_spki(sample["publicKey"]),
        client_data=sample["clientData"],
        challenge=sample["challenge"],
        challenge_place=ChallengePlace.CONTAINED,
        app=VEEHAITCH_APP,
        counter=0,
    )
    return _apple_item(
        name, Format.APP_ATTEST_ASSERTION, sample["assertion"], expected, sample["timestamp"]
    )


def _receipt(name: str, sample: dict[str, Any]) -> Accepted:
    expected = AppAttestReceiptExpectations(
        challenge=sample["of"]["clientData"],
        app=VEEHAITCH_APP,
        key_identifier=sample["keyId"],
        environment=Environment.DEVELOPMENT,
    )
    at = sample["properties"]["creationTime"]
    return _apple_item(name, Format.APP_ATTEST_RECEIPT, sample["receipt"], expected, at)


_APPLE_KINDS = {"attestation": _attestation, "assertion": _assertion, "receipt": _receipt}


def _spki(pem: str) -> bytes:
    key = load_pem_public_key(pem.encode())
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _no_models() -> Metadata:
    """Metadata that knows nothing bad, so that a chain that loses its anchor is refused."""
    return Metadata(
        number=1,
        next_update=date(2100, 1, 1),
        legal_header=None,
        entries=(),
        path=Path(certificates=(), anchor=TrustPoint(name="none", subject=b"", public_key=b"")),
        algorithm="ES256",
        unknown=(),
        left_out=0,
        by_aaguid={},
        by_aaid={},
        by_key_identifier={},
    )


def _webauthn(vectors: Folder) -> Iterator[Accepted]:
    yield from _specification(vectors)
    yield from _duo(vectors)
    yield from _tweag(vectors)


def _webauthn_item(
    name: str, response: dict[str, Any], trust: TrustView, at: datetime, **expected: Any
) -> Accepted:
    """Challenge and origin are those that the client data names, unless stated."""
    client_data = json.loads(
        from_base64url(response["response"]["clientDataJSON"]).decode("utf-8-sig")
    )
    stated: dict[str, Any] = {
        "challenge": from_base64url(client_data["challenge"]),
        "origins": (client_data["origin"],),
        "framing": Framing.ALLOW,
        **({"top_origins": (client_data["topOrigin"],)} if "topOrigin" in client_data else {}),
    }
    return Accepted(
        name=name,
        format=Format.WEBAUTHN,
        evidence=json.dumps(response).encode(),
        expected=WebAuthnExpectations(**(stated | expected)),
        trust=trust,
        at=at,
    )


def _specification(vectors: Folder) -> Iterator[Accepted]:
    folder = vectors / "w3c-webauthn-l3"
    root = bytes.fromhex(json.loads((folder / "root.json").read_bytes())["attestation_ca_cert"])
    uses = (AnchorUse.WEBAUTHN, AnchorUse.WEBAUTHN_TPM, AnchorUse.WEBAUTHN_APPLE)
    trust = replace(
        production_trust(
            SPECIFICATION_TIME, more=[make_test_anchor(root, *uses, AnchorUse.ANDROID_KEY)]
        ),
        realm=Realm.TEST,
        metadata=_no_models(),
    )
    for path in sorted(folder.glob("*.json")):
        vector = json.loads(path.read_bytes())
        if "registration" not in vector:
            continue
        for what in ("registration", "authentication"):
            yield _webauthn_item(
                f"w3c {path.stem} {what}",
                _response_of(vector, what),
                trust,
                SPECIFICATION_TIME,
                app=vector["rp_id"],
                **({} if what == "registration" else {"credential": _stored(vector)}),
            )


def _response_of(vector: dict[str, Any], what: str) -> dict[str, Any]:
    wanted = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")
    identifier = to_base64url(bytes.fromhex(vector["registration"]["credential_id"]))
    return {
        "id": identifier,
        "rawId": identifier,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            name: to_base64url(bytes.fromhex(vector[what][name]))
            for name in wanted
            if name in vector[what]
        },
    }


def _stored(vector: dict[str, Any]) -> StoredCredential:
    return _credential_in(bytes.fromhex(vector["registration"]["attestationObject"]))


def _credential_in(attestation_object: bytes) -> StoredCredential:
    credential = read_authenticator_data(cbor2.loads(attestation_object)["authData"]).credential
    assert credential is not None
    return StoredCredential(identifier=credential.credential_id, public_key=credential.public_key)


def _duo(vectors: Folder) -> Iterator[Accepted]:
    for path in sorted((vectors / "py_webauthn").glob("*.json")):
        vector = json.loads(path.read_bytes())
        if vector["verdict"] != "valid":
            continue
        arguments = vector.get("verify_args") or {"expected_rp_id": SAFETYNET_RP_ID}
        stated = vector["x509_verification_time"]
        at = moment(stated) if stated else SPECIFICATION_TIME
        expected: dict[str, Any] = {"app": arguments["expected_rp_id"]}
        if "credential_public_key" in arguments:
            expected["credential"] = StoredCredential(
                identifier=from_base64url(vector["credential"]["rawId"]),
                public_key=from_base64url(arguments["credential_public_key"]["b64url"]),
            )
        if arguments.get("require_user_presence") is False:
            expected["mediation"] = Mediation.CONDITIONAL
        trust = replace(_production(at, vectors), metadata=_no_models())
        yield _webauthn_item(f"duo {path.stem}", _as_in_json(vector), trust, at, **expected)


def _as_in_json(vector: dict[str, Any]) -> dict[str, Any]:
    """The response as a browser writes it; two were recorded in another form."""
    if "credential" not in vector:
        raw = from_base64url(vector["attestationObject_b64url"])
        identifier = to_base64url(_credential_in(raw).identifier)
        response = {
            "attestationObject": vector["attestationObject_b64url"],
            "clientDataJSON": vector["clientDataJSON_b64url"],
        }
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": response,
        }
    credential: dict[str, Any] = vector["credential"]
    response = credential["response"]
    if "client_data_json" not in response:
        # Some were recorded in the other base64 alphabet, which no browser writes.
        encoded = {
            name: value.replace("+", "-").replace("/", "_")
            for name, value in response.items()
            if isinstance(value, str)
        }
        return credential | {"response": response | encoded}
    return {
        "id": credential["id"],
        "rawId": credential["id"],
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": response["client_data_json"]["b64url"],
            "attestationObject": response["attestation_object"]["b64url"],
        },
    }


def _tweag(vectors: Folder) -> Iterator[Accepted]:
    folder = vectors / "tweag-webauthn" / "responses"
    stored: StoredCredential | None = None
    for path in [
        *sorted((folder / "attestation").glob("*.json")),
        *sorted((folder / "assertion").glob("*.json")),
    ]:
        response = json.loads(path.read_bytes())
        registration = "attestationObject" in response["response"]
        if path.stem == "01-none" and registration:
            stored = _credential_in(from_base64url(response["response"]["attestationObject"]))
        at = TWEAG_TIMES.get(path.stem, TWEAG_TIME)
        origin = json.loads(from_base64url(response["response"]["clientDataJSON"]))["origin"]
        host = origin.partition("://")[2].partition(":")[0].partition("/")[0]
        conditional = path.stem == "conditional-create"
        yield _webauthn_item(
            f"tweag {path.parent.name} {path.stem}",
            {"id": response["rawId"], "type": "public-key"} | response,
            replace(_production(at, vectors), metadata=_big_blob(vectors)),
            at,
            app=TWEAG_RP_IDS.get(path.stem, host),
            mediation=Mediation.CONDITIONAL if conditional else Mediation.REQUESTED,
            credential=None if registration else stored,
        )


@cache
def _big_blob(vectors: Folder) -> Any:
    data = (vectors / "tweag-webauthn" / "golden-metadata" / "big" / "blob.jwt").read_bytes()
    points = production_trust(TWEAG_TIME).points(AnchorUse.FIDO_METADATA)
    return verify_blob(data, anchors=points, at=TWEAG_TIME)


def _metadata(vectors: Folder) -> Iterator[Accepted]:
    for name, made_at in BLOBS.items():
        at = moment(made_at)
        trust = production_trust(at)
        if name in BLOB_ROOTS:
            root = _certificate_in((vectors / BLOB_ROOTS[name]).read_bytes())
            anchor = make_test_anchor(root, AnchorUse.FIDO_METADATA)
            trust = replace(trust, anchors=(anchor,), realm=Realm.TEST)
        yield Accepted(
            name=name,
            format=Format.MDS,
            evidence=(vectors / name).read_bytes().strip(),
            expected=MDSExpectations(),
            trust=trust,
            at=at,
        )


def _certificate_in(data: bytes) -> bytes:
    body = data.partition(b"-----BEGIN CERTIFICATE-----")[2].partition(b"-----END")[0]
    return from_base64(body) if body else data


def _safetynet(vectors: Folder) -> Iterator[Accepted]:
    """Responses taken out of the statements that carried them."""
    for source in (from_tweag, from_py_webauthn, from_fido2):
        response, nonce = source(vectors)
        at = read_made_at(response)
        yield Accepted(
            name=source.__name__,
            format=Format.SAFETYNET,
            evidence=response,
            expected=SafetyNetExpectations(app=GOOGLE_PLAY_SERVICES, challenge=nonce),
            trust=production_trust(at),
            at=at,
        )
