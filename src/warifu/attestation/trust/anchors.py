"""Anchors: certificates at which trust begins, each with its provenance and validity rule.

The document is a JSON list, one object per anchor: ``name``, ``uses``, ``sha256`` and
``spki_sha256`` in hex, ``not_before`` and ``not_after``, ``validity``, ``provenance``, and the
``certificate`` as base64 DER. What stands beside the certificate must agree with it, so that a
person who reads the document and a program that reads the certificate see the same thing. Anchors
of a test world stand in ``{"realm": "test", "anchors": [...]}``.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.attestation.trust.rules import ANCHOR_DIGEST, ANCHORS_WELL_FORMED, REALM
from warifu.base.codec import json
from warifu.base.codec.text import from_base64
from warifu.base.errors import MalformedEvidence, RejectedTrust
from warifu.base.pki.certificate import Certificate, read_certificate
from warifu.base.pki.path import TrustPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 4 << 20
MAX_ANCHORS = 1000

PUBLISHED_TEST_KEYS = {
    "d5100c7942ef2e8310dc30ef82729680cf48d690735c3f68179a33c7c370f286": (
        "Android's software attestation root (EC), its private key is in the AOSP sources"
    ),
    "f2c4746f545946c100e72297f8f946344d7052f03a2f694221f9c893b0e6f711": (
        "Android's software attestation root (RSA), its private key is in the AOSP sources"
    ),
    "cc2416be84e88754043fcab84602009cdc6a5a7931840574af1b8203d9701149": (
        "FIDO's conformance metadata root"
    ),
    "f401d01a46f26c18b1cf2636bd5b761df34abbc937327297947790f6ad180446": (
        "the root of the example in FIDO's metadata specification"
    ),
}
"""SHA-256 of public keys that anyone may sign with: never an anchor in production."""


class AnchorUse(StrEnum):
    """For which evidence an anchor counts. An anchor of one use vouches for no other."""

    ANDROID_KEY = "android-key"
    APP_ATTEST = "app-attest"
    APP_ATTEST_RECEIPT = "app-attest-receipt"
    WEBAUTHN_APPLE = "webauthn-apple"
    WEBAUTHN_TPM = "webauthn-tpm"
    WEBAUTHN = "webauthn"
    """Attestation of any other WebAuthn authenticator model, beside FIDO metadata."""
    FIDO_METADATA = "fido-metadata"
    SAFETYNET = "safetynet"


class ValidityRule(StrEnum):
    """Whether an anchor's key still counts after its certificate's dates."""

    ENFORCED = "enforced"
    OUTLIVES_CERTIFICATE = "outlives-certificate"


class Anchor(Struct, frozen=True, kw_only=True):
    """One anchor."""

    name: str
    uses: frozenset[AnchorUse]
    validity: ValidityRule
    certificate: Certificate
    point: TrustPoint
    provenance: dict[str, object]


def make_anchor(
    certificate: Certificate,
    *,
    name: str,
    uses: Sequence[AnchorUse],
    validity: ValidityRule = ValidityRule.ENFORCED,
    provenance: dict[str, object] | None = None,
) -> Anchor:
    """An anchor from a certificate that the caller has decided to trust."""
    enforced = validity is ValidityRule.ENFORCED
    return Anchor(
        name=name,
        uses=frozenset(uses),
        validity=validity,
        certificate=certificate,
        point=TrustPoint(
            name=name,
            subject=certificate.subject,
            public_key=certificate.public_key,
            not_before=certificate.not_before if enforced else None,
            not_after=certificate.not_after if enforced else None,
        ),
        provenance=provenance or {},
    )


def load_anchors(data: bytes, *, realm: Realm) -> tuple[Anchor, ...]:
    """Read a document of anchors.

    Args:
        data: The JSON document.
        realm: The realm it is read for; production takes no test anchors.

    Raises:
        RejectedTrust: ``trust/anchors-well-formed``, ``trust/anchor-digest``, ``trust/realm``.
    """
    try:
        document = json.decode(data, max_bytes=MAX_BYTES)
    except MalformedEvidence as error:
        raise RejectedTrust(ANCHORS_WELL_FORMED, error.detail) from error
    stated: object = Realm.PRODUCTION.value
    if type(document) is dict:
        stated, document = document.get("realm"), document.get("anchors")
    if type(stated) is not str or stated not in _REALMS:
        raise RejectedTrust(ANCHORS_WELL_FORMED, "no such realm")
    if type(document) is not list or len(document) > MAX_ANCHORS:
        raise RejectedTrust(ANCHORS_WELL_FORMED, "no list of anchors, or too long")
    if realm is Realm.PRODUCTION and stated != realm.value:
        raise RejectedTrust(REALM, "anchors of a test realm")
    anchors = tuple(_read_anchor(number, value) for number, value in enumerate(document))
    if len({anchor.name for anchor in anchors}) != len(anchors):
        raise RejectedTrust(ANCHORS_WELL_FORMED, "two anchors of one name")
    if realm is Realm.PRODUCTION:
        _refuse_test_keys(anchors)
    return anchors


def _read_anchor(number: int, value: Any) -> Anchor:  # noqa: ANN401 - JSON
    if type(value) is not dict or value.keys() != _MEMBERS.keys():
        raise RejectedTrust(ANCHORS_WELL_FORMED, f"anchors[{number}]: members")
    wrong = [name for name, kind in _MEMBERS.items() if type(value[name]) is not kind]
    if wrong or not value["name"]:
        raise RejectedTrust(ANCHORS_WELL_FORMED, f"anchors[{number}]: {wrong or 'name'}")
    try:
        certificate = read_certificate(from_base64(value["certificate"]))
        uses = [AnchorUse(use) for use in value["uses"]]
        validity = ValidityRule(value["validity"])
    except (MalformedEvidence, ValueError) as error:
        raise RejectedTrust(ANCHORS_WELL_FORMED, f"anchors[{number}]: {error!r:.120}") from error
    actual = {
        "sha256": certificate.fingerprint.hex(),
        "spki_sha256": sha256(certificate.public_key).hexdigest(),
        "not_before": f"{certificate.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{certificate.not_after:%Y-%m-%dT%H:%M:%SZ}",
    }
    for name, found in actual.items():
        if value[name] != found:
            raise RejectedTrust(ANCHOR_DIGEST, f"{value['name']}: {name} is {found}")
    return make_anchor(
        certificate,
        name=value["name"],
        uses=uses,
        validity=validity,
        provenance=value["provenance"],
    )


def _refuse_test_keys(anchors: Sequence[Anchor]) -> None:
    for anchor in anchors:
        if sha256(anchor.certificate.public_key).hexdigest() in PUBLISHED_TEST_KEYS:
            raise RejectedTrust(REALM, f"{anchor.name} has a published test key")


_REALMS = frozenset(realm.value for realm in Realm)
_MEMBERS: dict[str, type] = {
    "name": str,
    "uses": list,
    "sha256": str,
    "spki_sha256": str,
    "not_before": str,
    "not_after": str,
    "validity": str,
    "provenance": dict,
    "certificate": str,
}
