"""What is fuzzed: every decoder, every reader and every verifier, in one table."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from tools.fuzz import confirmations, messages, world
from warifu.attestation import verdict
from warifu.attestation.appraisal.ear import token
from warifu.attestation.appraisal.policy import load_policy
from warifu.attestation.claims import Realm
from warifu.attestation.evidence.readers import (
    app_attest,
    app_attest_receipt,
    apple_extensions,
    authenticator_data,
    client_data,
    key_description,
    play_integrity,
    provisioning_info,
    safetynet,
    tpm_structures,
    webauthn_response,
)
from warifu.attestation.trust import anchors, boot_keys, bundle, revocation, snapshot
from warifu.attestation.verifier import unwrap
from warifu.base.codec import cbor, cmw, der, jose, json, text
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.pki import alternative_names, certificate, cms, cose, memory, path, signature
from warifu.risk.decision.rules import load_rules
from warifu.service.adapters.bundled_profiles import bundled_profiles
from warifu.service.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_INPUT = 1 << 14
KNOWN_TAGS = range(64, 1 << 16)
TOKEN_ALGORITHMS = frozenset({"ES256", "RS256", "PS256"})
SECRET = bytes(range(100, 132))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Target(Struct, frozen=True, kw_only=True):
    """One function of bytes that must return or raise an error of the tree."""

    name: str
    run: Callable[[bytes], object]
    assumes_signatures: bool = False
    """Signatures count as good, so that what lies behind them is reached too."""


@contextmanager
def signatures_assumed() -> Iterator[None]:
    """Let every signature verify: for reaching the code behind, in this process only."""
    honest = signature._verify  # noqa: SLF001 - the one place where signatures are computed
    memory.forget_everything()
    signature._verify = lambda *_: None  # noqa: SLF001 - see above
    try:
        yield
    finally:
        signature._verify = honest  # noqa: SLF001 - see above
        memory.forget_everything()


def _walk_der(data: bytes) -> None:
    """Every reader of values on every element of the first two levels."""
    for tag, start, stop in der.children(data, 0, len(data)):
        _read_value(data, tag, start, stop)
        if tag & 0x20 or tag > 0xFF:
            for inner in der.children(data, start, stop):
                _read_value(data, *inner)


def _read_value(data: bytes, tag: int, start: int, stop: int) -> None:
    if tag in {der.INTEGER, der.ENUMERATED}:
        der.to_integer(data, start, stop)
    elif tag == der.BOOLEAN:
        der.to_boolean(data, start, stop)
    elif tag == der.OID:
        der.to_oid_text(data[start:stop])
    elif tag in {der.UTC_TIME, der.GENERALIZED_TIME}:
        der.to_time(data, tag, start, stop)
    elif tag == der.BIT_STRING:
        der.to_named_bits(data, start, stop)
        der.to_bit_string(data, start, stop)
    elif tag == der.UTF8_STRING:
        der.to_text(data[start:stop])


def _certificate(data: bytes) -> None:
    read = certificate.read_certificate(data)
    path.read_basic_constraints(read)
    path.may_sign_certificates(read)
    signature.check_issued(read, signature.load_public_key(read.public_key))


def _chain(data: bytes) -> None:
    """Certificates one after another, put in order and judged under the last."""
    received = []
    at = 0
    while at < len(data):
        _, _, stop = der.read_header(data, at, len(data))
        received.append(certificate.read_certificate(data[at:stop]))
        at = stop
    chain, _ = path.order_chain(received)
    top = chain[-1]
    anchor = path.TrustPoint(name="top", subject=top.subject, public_key=top.public_key)
    path.verify_path(chain, [anchor], NOW)


def _signed_data(data: bytes) -> None:
    cms.check_signed_data(cms.read_signed_data(data))


def _token(data: bytes) -> None:
    received = jose.read_jws(data, algorithms=TOKEN_ALGORITHMS, key_headers=frozenset({"x5c"}))
    key = certificate.read_certificate(jose.certificates(received)[0]).public_key
    jose.check_jws(received, signature.load_public_key(key))


_BUNDLE_KEY = bytes.fromhex(
    "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)


def _bundle(data: bytes) -> None:
    bundle.read_bundle(data, key=signature.load_public_key(_BUNDLE_KEY), realm=Realm.TEST)


EAR_SIGNER = SoftwareSigner.generate("EdDSA", lambda count: bytes([1]) * count)
"""Whose results the readers of EAR expect."""
_PINNED = {EAR_SIGNER.key_id: EAR_SIGNER.public_key}


_READERS: dict[str, Callable[[bytes], object]] = {
    "der": _walk_der,
    "cbor": cbor.decode,
    "cbor-tagged": partial(cbor.decode_tagged, allowed=KNOWN_TAGS),
    "cmw": cmw.read_cmw,
    "json": json.decode,
    "json-repeats": partial(json.decode, decoder=json.REPEATS_ALIKE),
    "base64": text.from_base64,
    "base64url": text.from_base64url,
    "pem": text.from_pem_certificates,
    "jwe": partial(jose.decrypt_jwe, key=SECRET),
    "certificate": _certificate,
    "public-key": signature.load_public_key,
    "cose-key": cose.read_key,
    "key-description": key_description.read_key_description,
    "provisioning-info": provisioning_info.read_certificates_issued,
    "authenticator-data": authenticator_data.read_authenticator_data,
    "client-data": client_data.read_client_data,
    "webauthn-response": webauthn_response.read_response,
    "tpm-public-area": tpm_structures.read_public_area,
    "tpm-attest": tpm_structures.read_attest,
    "dns-names": alternative_names.dns_names,
    "directory-attributes": alternative_names.directory_attributes,
    "apple-nonce": apple_extensions.read_nonce,
    "app-attest-object": app_attest.read_attestation,
    "app-attest-assertion-object": app_attest.read_assertion,
    "receipt-fields": app_attest_receipt.read_receipt,
    "play-integrity-payload": play_integrity.read_payload,
    "safetynet-payload": safetynet.read_payload,
    "revocation-list": partial(revocation.parse, confirmed_at=NOW),
    "anchors": partial(anchors.load_anchors, realm=Realm.TEST),
    "boot-keys": partial(boot_keys.load_boot_keys, realm=Realm.TEST),
    "snapshot-record": snapshot.decode_record,
    "evidence-wrapped": unwrap,
    "verdict": verdict.decode,
    "appraisal-policy": partial(load_policy, profiles=bundled_profiles()),
    "rule-set": load_rules,
    "settings": read_settings,
    **messages.readers(),
}

_BEHIND_SIGNATURES: dict[str, Callable[[bytes], object]] = {
    "chain": _chain,
    "cms": _signed_data,
    "jws": _token,
    "trust-bundle": _bundle,
    "ear-jwt": partial(token.read_jwt, keys=_PINNED, at=NOW),
    "ear-cwt": partial(token.read_cwt, keys=_PINNED, at=NOW),
    **confirmations.targets(),
    **messages.targets(),
    **{
        name: partial(world.judge, name)
        for name in (
            *("android-key", "app-attest", "app-attest-assertion", "app-attest-receipt", "mds"),
            *("play-integrity", "safetynet", "webauthn-registration", "webauthn-authentication"),
        )
    },
}

TARGETS: dict[str, Target] = {
    **{name: Target(name=name, run=run) for name, run in _READERS.items()},
    **{
        name: Target(name=name, run=run, assumes_signatures=True)
        for name, run in _BEHIND_SIGNATURES.items()
    },
}
"""Every target by name."""
