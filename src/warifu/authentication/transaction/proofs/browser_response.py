"""From what a browser gives to the container of its proof: for pages that post plain JSON.

Whoever can makes the container on the page itself; nothing here is verification.
"""

from __future__ import annotations

from typing import Any

from warifu.attestation.evidence.readers.webauthn_response import (
    AssertionResponse,
    read_response,
)
from warifu.attestation.evidence.rules.webauthn import RESPONSE_FORM
from warifu.authentication.transaction.proofs import assertion
from warifu.base.codec import cbor, text
from warifu.base.errors import MalformedEvidence


def container_of(answer: bytes, response: bytes) -> bytes:
    """The proof for an answer and the AuthenticationResponseJSON over it.

    Args:
        answer: The bytes whose SHA-256 was the challenge.
        response: UTF-8 JSON as ``PublicKeyCredential.toJSON()`` gives it, of either kind of
            assertion.

    Raises:
        MalformedEvidence: ``webauthn/response-form``, ``json/*``, ``text/*``.
        BadEvidence: ``webauthn/response-form``.
    """
    read = read_response(response)
    if not isinstance(read, AssertionResponse):
        raise MalformedEvidence(RESPONSE_FORM, "a registration, not an authentication")
    parts = {
        assertion.ANSWER: answer,
        assertion.CLIENT_DATA: read.client_data,
        assertion.AUTHENTICATOR_DATA: read.authenticator_data,
        assertion.SIGNATURE: read.signature,
    }
    if (signature := _browser_signature(read.extensions)) is not None:
        parts[assertion.BROWSER_SIGNATURE] = signature
    return cbor.encode_deterministic(parts)


def _browser_signature(extensions: dict[str, Any]) -> bytes | None:
    """``payment.browserBoundSignature.signature`` in base64url, where the browser has its key."""
    found: Any = extensions
    for name in ("payment", "browserBoundSignature", "signature"):
        found = found.get(name) if type(found) is dict else None
    return text.from_base64url(found) if type(found) is str else None
