"""WebAuthn: registrations with each statement format, and authentications."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import cbor2
from msgspec import Struct

from tools.bench import floor, peers
from tools.bench.case import Case, Limits, MakeCase, Request
from tools.bench.trust import METADATA_AT, production, with_metadata, with_root
from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
from warifu.attestation.evidence.readers.authenticator_data import read_authenticator_data
from warifu.attestation.evidence.readers.key_description import KEY_DESCRIPTION_OID
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec.text import from_base64url, to_base64url
from warifu.base.pki import cose
from warifu.base.pki.certificate import read_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.case import Work
    from warifu.attestation.claims import Claims

PACKED_LIMIT = 1.6
ASSERTION_LIMIT = 1.6
SPECIFICATION_MADE_AT = datetime(2025, 1, 8, tzinfo=UTC)

SPECIFICATION = {
    "packed-es256": "packed",
    "packed-self-es256": "packed, self",
    "packed-rs256": "packed, RS256 credential",
    "none-es256": "none",
    "fido-u2f-es256": "fido-u2f",
    "tpm-es256": "tpm",
}
"""Test vectors of WebAuthn Level 3, under their own root."""
DEVICES = {
    "registration_response_packed--test_verify_attestation_from_yubikey_firefox": "packed, YubiKey",
    "registration_response_apple--test_verify_attestation_apple_passkey": "apple",
    "registration_response_android_key--test_verify_attestation_android_key_hardware_authority": (
        "android-key, Pixel 8a"
    ),
    "registration_response_tpm--test_verify_attestation_dell_xps_13": "tpm, Dell XPS 13",
    "registration_response_tpm--test_verify_attestation_surface_pro_4": "tpm, Surface Pro 4",
}
"""Registrations of real devices."""
PEER_LIMITS = {"apple": 2.2, "android-key": 5.0}
DEVICE_ASSERTIONS = {
    "authentication_response--test_verify_authentication_response_with_EC2_public_key": "ES256",
    "authentication_response--test_verify_authentication_response_with_OKP_public_key": "Ed25519",
    "authentication_response--test_verify_ml_dsa_44_response": "ML-DSA-44",
}
SPECIFICATION_ASSERTIONS = {"packed-es256": "ES256", "packed-rs256": "RS256"}


class Recorded(Struct, frozen=True, kw_only=True):
    """A recorded ceremony and how to judge it."""

    title: str
    ceremony: peers.Ceremony
    trust_root: bytes | None
    """A test root that is needed beside the bundled anchors."""
    at: datetime
    credential: StoredCredential | None = None


def cases(vectors: Path) -> dict[str, MakeCase]:
    """Registrations first, then authentications."""
    made: dict[str, MakeCase] = {
        f"webauthn: {item.title}": partial(_registration, item, vectors)
        for item in _registrations(vectors)
    }
    for item in _authentications(vectors):
        made[f"webauthn-assertion: {item.title}"] = partial(_authentication, item, vectors)
    return made


def _registrations(vectors: Path) -> list[Recorded]:
    folder = vectors / "w3c-webauthn-l3"
    root = bytes.fromhex(json.loads((folder / "root.json").read_bytes())["attestation_ca_cert"])
    found = []
    for name, title in SPECIFICATION.items():
        vector = json.loads((folder / f"{name}.json").read_bytes())
        found.append(
            Recorded(
                title=title,
                ceremony=_from_specification(vector, "registration"),
                trust_root=root,
                at=SPECIFICATION_MADE_AT,
            )
        )
    for name, title in DEVICES.items():
        vector = json.loads((vectors / "py_webauthn" / f"{name}.json").read_bytes())
        stated = vector["x509_verification_time"]
        found.append(
            Recorded(
                title=title,
                ceremony=_from_device(vector),
                trust_root=None,
                at=datetime.fromisoformat(stated).replace(tzinfo=UTC) if stated else METADATA_AT,
            )
        )
    return found


def _authentications(vectors: Path) -> list[Recorded]:
    found = []
    for name, title in SPECIFICATION_ASSERTIONS.items():
        vector = json.loads((vectors / "w3c-webauthn-l3" / f"{name}.json").read_bytes())
        registered = cbor2.loads(bytes.fromhex(vector["registration"]["attestationObject"]))
        credential = read_authenticator_data(registered["authData"]).credential
        if credential is None:
            raise ValueError(name)
        found.append(
            Recorded(
                title=f"{title}, specification",
                ceremony=_from_specification(vector, "authentication"),
                trust_root=None,
                at=SPECIFICATION_MADE_AT,
                credential=StoredCredential(
                    identifier=credential.credential_id, public_key=credential.public_key
                ),
            )
        )
    for name, title in DEVICE_ASSERTIONS.items():
        vector = json.loads((vectors / "py_webauthn" / f"{name}.json").read_bytes())
        arguments = vector["verify_args"]
        found.append(
            Recorded(
                title=title,
                ceremony=_from_device(vector),
                trust_root=None,
                at=SPECIFICATION_MADE_AT,
                credential=StoredCredential(
                    identifier=from_base64url(vector["credential"]["rawId"]),
                    public_key=from_base64url(arguments["credential_public_key"]["b64url"]),
                ),
            )
        )
    return found


def _registration(item: Recorded, vectors: Path) -> Case:
    response = json.loads(item.ceremony.response)["response"]
    statement = cbor2.loads(from_base64url(response["attestationObject"]))
    name = statement["fmt"]
    request = _request(item, vectors)
    claims = request.verify()
    parts, own = _statement_signature(statement, from_base64url(response["clientDataJSON"]))
    count = _device_certificates(claims)
    parts += floor.chain(claims.chain, count)
    roots = [claims.chain[-1].der] if claims.anchor else []
    return Case(
        request=request,
        floor=floor.together(parts) if parts else None,
        floor_counts=_words(own, claims, count),
        limits=Limits(
            floor=PACKED_LIMIT if name == "packed" else None,
            faster_than={peers.WEBAUTHN: PEER_LIMITS[name]} if name in PEER_LIMITS else {},
        ),
        peers={
            peers.WEBAUTHN: peers.webauthn_registration(item.ceremony, roots, item.at, name),
            peers.FIDO2: peers.fido2_registration(item.ceremony, roots[0] if roots else None),
        },
    )


def _authentication(item: Recorded, vectors: Path) -> Case:
    request = _request(item, vectors)
    claims = request.verify()
    response = json.loads(item.ceremony.response)["response"]
    stored = item.credential
    if stored is None or claims.key is None or claims.key.public_key is None:
        raise ValueError(item.title)
    client_data_hash = sha256(from_base64url(response["clientDataJSON"])).digest()
    scheme = cose.read_key(stored.public_key).scheme
    return Case(
        request=request,
        floor=floor.signature(
            scheme,
            claims.key.public_key,
            from_base64url(response["signature"]),
            from_base64url(response["authenticatorData"]) + client_data_hash,
        ),
        floor_counts=f"1 signature, {floor.kind_of(claims.key.public_key)}",
        limits=Limits(floor=ASSERTION_LIMIT),
        peers={
            peers.WEBAUTHN: peers.webauthn_authentication(item.ceremony, stored.public_key),
            peers.FIDO2: peers.fido2_authentication(
                item.ceremony, stored.identifier, stored.public_key
            ),
        },
    )


def _request(item: Recorded, vectors: Path) -> Request:
    if item.trust_root is not None:
        uses = (AnchorUse.WEBAUTHN, AnchorUse.WEBAUTHN_TPM)
        trust = with_root(item.at, item.trust_root, *uses)
    elif item.at == METADATA_AT:
        trust = with_metadata(vectors)
    else:
        trust = production(item.at, vectors)
    return Request(
        format=Format.WEBAUTHN,
        evidence=item.ceremony.response,
        expected=WebAuthnExpectations(
            challenge=item.ceremony.challenge,
            app=item.ceremony.rp_id,
            origins=(item.ceremony.origin,),
            credential=item.credential,
        ),
        trust=trust,
        at=item.at,
        gaps=Gaps.REPORT,
    )


def _statement_signature(statement: dict[str, Any], client_data: bytes) -> tuple[list[Work], str]:
    """The signature of the statement itself, and by which key; none and apple have none."""
    parts, data = statement["attStmt"], statement["authData"]
    client_data_hash = sha256(client_data).digest()
    credential = read_authenticator_data(data).credential
    if credential is None or statement["fmt"] in {"none", "apple"}:
        return [], ""
    key = cose.read_key(credential.public_key)
    signed, scheme = data + client_data_hash, None
    if statement["fmt"] == "tpm":
        signed = parts["certInfo"]
    if statement["fmt"] == "fido-u2f":
        point = key.spki[-cose.P256_POINT_OCTETS :]
        signed = b"\0" + data[:32] + client_data_hash + credential.credential_id + point
        scheme = cose.find_algorithm(-7).scheme
    if scheme is None:
        identifier = parts["alg"]
        scheme = (
            cose.RS1_SCHEME if identifier == cose.RS1 else cose.find_algorithm(identifier).scheme
        )
    spki = read_certificate(parts["x5c"][0]).public_key if "x5c" in parts else key.spki
    return [floor.signature(scheme, spki, parts["sig"], signed)], floor.kind_of(spki)


def _device_certificates(claims: Claims) -> int:
    """How many certificates of the proved chain are a device's or a batch's."""
    if claims.anchor is None:
        return 0
    described = sum(KEY_DESCRIPTION_OID in certificate.extensions for certificate in claims.chain)
    return 1 + described


def _words(own: str, claims: Claims, count: int) -> str:
    words = [f"1 signature, by {own}"] if own else []
    signers = [floor.kind_of(certificate.public_key) for certificate in claims.chain[1 : count + 1]]
    if count:
        words.append(f"{count} certificate{'s' * (count > 1)}, by {', '.join(signers)}")
    return "; ".join(words) or "nothing is signed"


def _from_specification(vector: dict[str, Any], what: str) -> peers.Ceremony:
    part = {name: value for name, value in vector[what].items() if type(value) is str}
    wanted = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")
    identifier = to_base64url(bytes.fromhex(vector["registration"]["credential_id"]))
    response = {
        "id": identifier,
        "rawId": identifier,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            name: to_base64url(bytes.fromhex(part[name])) for name in wanted if name in part
        },
    }
    return peers.Ceremony(
        response=_as_browsers_write(response),
        challenge=bytes.fromhex(part["challenge"]),
        rp_id=vector["rp_id"],
        origin=vector["origin"],
    )


def _from_device(vector: dict[str, Any]) -> peers.Ceremony:
    arguments = vector["verify_args"]
    origin = arguments["expected_origin"]
    credential = vector["credential"]
    response = credential["response"]
    # Some recordings are in the standard alphabet, which no browser writes.
    for member in ("attestationObject", "clientDataJSON"):
        if member in response:
            response[member] = response[member].translate(_TO_URL_ALPHABET)
    return peers.Ceremony(
        response=_as_browsers_write(credential),
        challenge=from_base64url(arguments["expected_challenge"]["b64url"]),
        rp_id=arguments["expected_rp_id"],
        origin=origin if isinstance(origin, str) else origin[0],
    )


def _as_browsers_write(credential: dict[str, Any]) -> bytes:
    """JSON.stringify leaves no white space."""
    return json.dumps(credential, separators=(",", ":")).encode()


_TO_URL_ALPHABET = str.maketrans("+/", "-_")
