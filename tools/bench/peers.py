"""The peers on the index, doing their own full verification of the same bytes.

Peers that judge certificates at the current time are given the time of the evidence, the way their
own tests do it. What a peer wants as an object instead of bytes (a loaded key, an open server) it
is given ready made, which favours the peer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509 import load_der_x509_certificate
from fido2 import cbor as fido2_cbor
from fido2.attestation.base import AttestationVerifier
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
)
from msgspec import Struct
from OpenSSL.crypto import X509Store
from pyattest.assertion import Assertion
from pyattest.attestation import Attestation
from pyattest.configs.apple import AppleConfig
from pyattest.configs.google_play_integrity_api import GooglePlayIntegrityApiConfig
from pyattest.verifiers import apple_attestation
from pyhanko_certvalidator import ValidationContext
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.structs import AttestationFormat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tools.bench.case import Work

WEBAUTHN = "webauthn 3.0.1"
FIDO2 = "fido2 2.2.1"
PYATTEST = "pyattest 1.0.5"

_moment: datetime
"""The time that peers believe it is: set before each call of a peer that asks for it."""


class Ceremony(Struct, frozen=True, kw_only=True):
    """What every WebAuthn verifier must be told."""

    response: bytes
    """The JSON."""
    challenge: bytes
    rp_id: str
    origin: str


def webauthn_registration(
    ceremony: Ceremony, roots: Sequence[bytes], at: datetime, name: str
) -> Work:
    """`verify_registration_response`, with roots (DER) for this statement format."""
    text = ceremony.response.decode()
    wanted = {AttestationFormat(name): [_pem(root) for root in roots]} if roots else None

    def run() -> object:
        _set_moment(at)
        return verify_registration_response(
            credential=text,
            expected_challenge=ceremony.challenge,
            expected_rp_id=ceremony.rp_id,
            expected_origin=ceremony.origin,
            pem_root_certs_bytes_by_fmt=wanted,
        )

    return run


def webauthn_authentication(ceremony: Ceremony, public_key: bytes) -> Work:
    """`verify_authentication_response`, with the stored COSE key."""
    text = ceremony.response.decode()
    return lambda: verify_authentication_response(
        credential=text,
        expected_challenge=ceremony.challenge,
        expected_rp_id=ceremony.rp_id,
        expected_origin=ceremony.origin,
        credential_public_key=public_key,
        credential_current_sign_count=0,
    )


def fido2_registration(ceremony: Ceremony, root: bytes | None) -> Work:
    """`Fido2Server.register_complete`, checking the statement up to one root; it knows no times."""

    class Roots(AttestationVerifier):
        def ca_lookup(self, *_: object) -> bytes | None:
            return root

    server = Fido2Server(
        PublicKeyCredentialRpEntity(name="bench", id=ceremony.rp_id),
        AttestationConveyancePreference.DIRECT if root else None,
        verify_attestation=Roots() if root else None,
    )
    state = _fido2_state(ceremony)
    return lambda: server.register_complete(state, json.loads(ceremony.response))


def fido2_authentication(ceremony: Ceremony, identifier: bytes, public_key: bytes) -> Work:
    """`Fido2Server.authenticate_complete`, with the stored credential."""
    server = Fido2Server(PublicKeyCredentialRpEntity(name="bench", id=ceremony.rp_id))
    key = CoseKey.parse(cast("dict[int, Any]", fido2_cbor.decode(public_key)))
    stored = AttestedCredentialData.create(bytes(16), identifier, key)
    state = _fido2_state(ceremony)
    return lambda: server.authenticate_complete(state, [stored], json.loads(ceremony.response))


def pyattest_attestation(
    evidence: bytes, challenge: bytes, key_identifier: bytes, *, app: str, at: datetime
) -> Work:
    """Pyattest's App Attest attestation."""
    config = AppleConfig(key_id=key_identifier, app_id=app, production=True)
    loop = asyncio.new_event_loop()

    def run() -> None:
        _set_moment(at)
        loop.run_until_complete(Attestation(evidence, challenge, config).verify())

    return run


def pyattest_assertion(evidence: bytes, client_data: bytes, spki: bytes) -> Work:
    """Pyattest's App Attest assertion: the signature only; it is given the loaded key."""
    config = AppleConfig(key_id=b"", app_id="", production=True)
    key = cast("ec.EllipticCurvePublicKey", load_der_public_key(spki))
    return lambda: Assertion(evidence, sha256(client_data).digest(), key, config).verify()


def pyattest_play_integrity(
    token: bytes, nonce: bytes, *, decryption_key: bytes, verification_key: bytes, app: str
) -> Work:
    """Pyattest's Play Integrity token, classic requests only."""
    config = GooglePlayIntegrityApiConfig(
        decryption_key=b64encode(decryption_key).decode(),
        verification_key=b64encode(verification_key).decode(),
        apk_package_name=app,
        production=True,
    )
    text = token.decode()
    loop = asyncio.new_event_loop()
    return lambda: loop.run_until_complete(Attestation(text, nonce, config).verify())


def _fido2_state(ceremony: Ceremony) -> dict[str, Any]:
    return {"challenge": websafe_encode(ceremony.challenge), "user_verification": None}


def _pem(root: bytes) -> bytes:
    return load_der_x509_certificate(root).public_bytes(Encoding.PEM)


def _set_moment(at: datetime) -> None:
    global _moment  # noqa: PLW0603 - the clock of libraries that take none
    _moment = at


def _store_at_moment() -> X509Store:
    store = X509Store()
    store.set_time(_moment)
    return store


def _context_at_moment(**options: Any) -> ValidationContext:  # noqa: ANN401 - as the library's
    return ValidationContext(moment=_moment, **options)


_webauthn_chain = sys.modules["webauthn.helpers.validate_certificate_chain"]
setattr(_webauthn_chain, "_generate_new_cert_store", _store_at_moment)  # noqa: B010 - untyped
setattr(apple_attestation, "ValidationContext", _context_at_moment)  # noqa: B010 - the same
