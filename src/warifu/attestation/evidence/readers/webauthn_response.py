"""The JSON in which credentials travel (WebAuthn L3 §5.1.8, toJSON), read and not judged."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from warifu.attestation.evidence.readers.plain import require_plain
from warifu.attestation.evidence.rules.webauthn import RESPONSE_FORM
from warifu.base.codec import json, text
from warifu.base.errors import BadEvidence, MalformedEvidence

MAX_BYTES = 1 << 19
MAX_TRANSPORTS = 16
MAX_WORD_LENGTH = 64
MAX_USER_HANDLE_BYTES = 64

_TYPE = "public-key"


class RegistrationResponse(Struct, frozen=True, kw_only=True):
    """A RegistrationResponseJSON. What it repeats from the attestation object is passed over."""

    credential_id: bytes
    abridged: bool
    """Whether id or type was left out."""
    client_data: bytes
    attestation_object: bytes
    transports: tuple[str, ...]
    attachment: str | None
    extensions: dict[str, Any]
    """Client extension outputs, known or not."""


class AssertionResponse(Struct, frozen=True, kw_only=True):
    """An AuthenticationResponseJSON."""

    credential_id: bytes
    abridged: bool
    """Whether id or type was left out."""
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None
    attachment: str | None
    extensions: dict[str, Any]
    """Client extension outputs, known or not."""


def read_response(evidence: bytes) -> RegistrationResponse | AssertionResponse:
    """Read either response; which of the two it is shows in its members.

    Raises:
        MalformedEvidence: ``webauthn/response-form``, ``json/*`` or ``text/*``.
        BadEvidence: ``webauthn/response-form`` where id and rawId differ.
    """
    credential = json.decode_object(evidence, max_bytes=MAX_BYTES)
    response = credential.get("response")
    if type(response) is not dict or credential.get("type", _TYPE) != _TYPE:
        raise MalformedEvidence(RESPONSE_FORM, "not a public key credential")
    if ("attestationObject" in response) == ("signature" in response):
        raise MalformedEvidence(RESPONSE_FORM, "neither registration nor authentication")
    credential_id = _octets(credential, "rawId")
    identifier = credential.get("id", credential["rawId"])
    if identifier != credential["rawId"] and _octets(credential, "id") != credential_id:
        raise BadEvidence(RESPONSE_FORM, "id is not rawId")
    abridged = "id" not in credential or "type" not in credential
    extensions = credential.get("clientExtensionResults", {})
    if type(extensions) is not dict:
        raise MalformedEvidence(RESPONSE_FORM, "clientExtensionResults")
    if extensions:
        require_plain(extensions, RESPONSE_FORM)
    attachment = credential.get("authenticatorAttachment")
    if attachment is not None:
        _word(attachment)
    if "signature" in response:
        return AssertionResponse(
            credential_id=credential_id,
            abridged=abridged,
            client_data=_octets(response, "clientDataJSON"),
            authenticator_data=_octets(response, "authenticatorData"),
            signature=_octets(response, "signature"),
            user_handle=_user_handle(response),
            attachment=attachment,
            extensions=extensions,
        )
    return RegistrationResponse(
        credential_id=credential_id,
        abridged=abridged,
        client_data=_octets(response, "clientDataJSON"),
        attestation_object=_octets(response, "attestationObject"),
        transports=_transports(response.get("transports")),
        attachment=attachment,
        extensions=extensions,
    )


def _octets(members: dict[str, Any], name: str) -> bytes:
    value = members.get(name)
    if type(value) is not str:
        raise MalformedEvidence(RESPONSE_FORM, f"{name} is {type(value).__name__}")
    return text.from_base64url(value)


def _user_handle(response: dict[str, Any]) -> bytes | None:
    if response.get("userHandle") is None:
        return None
    handle = _octets(response, "userHandle")
    if len(handle) > MAX_USER_HANDLE_BYTES:
        raise MalformedEvidence(RESPONSE_FORM, f"userHandle of {len(handle)} bytes")
    return handle


def _transports(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if type(value) is not list or len(value) > MAX_TRANSPORTS:
        raise MalformedEvidence(RESPONSE_FORM, "transports")
    return tuple(map(_word, value))


def _word(value: object) -> str:
    if type(value) is not str or len(value) > MAX_WORD_LENGTH:
        raise MalformedEvidence(RESPONSE_FORM, "not a short text")
    return value
