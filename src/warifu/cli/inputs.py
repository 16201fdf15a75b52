"""Recognising what a file holds: PEM, DER, base64, JSON, CMW or raw bytes, per evidence format.

Nothing is trusted here. What a wrapping says beside the evidence (a key identifier, a stored public
key) is handed on as what the person who called the command put into the file.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.webauthn import StoredCredential
from warifu.attestation.verifier import FORMATS, unwrap
from warifu.base.codec import text
from warifu.base.codec.json import decode_object
from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_FILE_BYTES = 32 << 20
"""The largest evidence there is, a metadata BLOB, fits."""

_PEM_MARK = b"-----BEGIN"
_DER_SEQUENCE = 0x30
_JSON_OBJECT = b"{"
_JSON_ARRAY = b"["
_CMW_RECORD = re.compile(rb'\s*\[\s*"application/', re.IGNORECASE)
_CBOR_RECORD = (b"\x82", b"\x83")
"""An array of two or three: no evidence of ours starts like a record in CBOR."""


class Input(Struct, frozen=True, kw_only=True):
    """Evidence in its format's canonical form, and what stood beside it in the file."""

    evidence: bytes
    beside: dict[str, Any] = field(default_factory=dict)
    """Expectations by field name: a stored public key, a counter, a key identifier."""


def recognise(name: Format, files: Sequence[bytes]) -> Input:
    """Find the evidence in the contents of one or more files.

    Args:
        name: Which format it is said to be.
        files: Contents, in the order given. Only certificate chains may span several.

    Raises:
        MalformedEvidence: Nothing of that format can be found.
    """
    if name is Format.ANDROID_KEY:
        return Input(evidence=b"".join(_certificates(_unwrapped(name, each)) for each in files))
    if len(files) != 1:
        raise MalformedEvidence(text.WELL_FORMED, f"{len(files)} files for {name}, wanted 1")
    data = _unwrapped(name, files[0])
    return _RECOGNISERS[name](data)


def _unwrapped(name: Format, data: bytes) -> bytes:
    """Out of a CMW record, if it is one; the record must hold the format asked for."""
    if not _CMW_RECORD.match(data) and data[:1] not in _CBOR_RECORD:
        return data
    evidence = unwrap(data)
    entry = FORMATS[name]
    bare = evidence.media_type.partition(";")[0].strip().lower()
    if bare not in {entry.media_type, *entry.aliases}:
        raise MalformedEvidence(text.WELL_FORMED, f"CMW holds {evidence.media_type[:80]}")
    return evidence.data


def _certificates(data: bytes) -> bytes:
    """A chain as concatenated DER from PEM, DER, base64 (one a line or one in all) or JSON."""
    stripped = data.strip()
    if stripped[:1] in {_JSON_ARRAY, _JSON_OBJECT}:
        return b"".join(_certificate(each) for each in _json_chain(stripped))
    if _PEM_MARK in data:
        return b"".join(text.from_pem_certificates(data))
    if data[:1] == bytes([_DER_SEQUENCE]) and data[1:2] >= b"\x80":
        return data
    lines = stripped.split()
    if len(lines) > 1 and all(line.startswith(b"MI") for line in lines):
        return b"".join(text.from_base64(line) for line in lines)
    return _from_any_base64(stripped)


def _certificate(item: object) -> bytes:
    if not isinstance(item, str):
        raise MalformedEvidence(text.WELL_FORMED, "certificate is no text")
    raw = item.encode("utf-8", "replace")
    return b"".join(text.from_pem_certificates(raw)) if _PEM_MARK in raw else _from_any_base64(raw)


def _json_chain(data: bytes) -> list[object]:
    """An array of certificates, or an object that has one under a usual name."""
    if data[:1] == _JSON_ARRAY:
        data = b'{"chain":' + data + b"}"
    document = decode_object(data)
    for key in ("chain", "x5c", "certificates", "certificateChain", "attestationCertificateChain"):
        if isinstance(document.get(key), list):
            found: list[object] = document[key]
            return found
    raise MalformedEvidence(text.WELL_FORMED, "JSON without a certificate chain")


def _app_attest(data: bytes) -> Input:
    document = _json_or_none(data)
    if document is None:
        return Input(evidence=binary(data))
    beside: dict[str, Any] = {}
    key_id = document.get("keyId")
    if isinstance(key_id, str):
        beside["key_identifier"] = _from_any_base64(key_id.encode())
    return Input(
        evidence=_member(document, "attestation", "attestationObject"),
        beside=beside,
    )


def _app_attest_assertion(data: bytes) -> Input:
    document = _json_or_none(data)
    if document is None:
        return Input(evidence=binary(data))
    beside: dict[str, Any] = {}
    if isinstance(public_key := document.get("publicKey"), str):
        beside["public_key"] = public_key_bytes(public_key.encode())
    for key in ("counter", "signCount"):
        if type(document.get(key)) is int:
            beside["counter"] = document[key]
    for key in ("clientData", "payload"):
        if isinstance(document.get(key), str):
            beside["client_data"] = document[key].encode()
    return Input(evidence=_member(document, "assertion"), beside=beside)


def _app_attest_receipt(data: bytes) -> Input:
    document = _json_or_none(data)
    evidence = binary(data) if document is None else _member(document, "receipt")
    return Input(evidence=evidence)


def _webauthn(data: bytes) -> Input:
    """The browser's JSON, alone or under ``credential`` beside what the relying party stored."""
    document = decode_object(data)
    inner = document.get("credential")
    if not isinstance(inner, dict):
        return Input(evidence=_in_base64url(document, data))
    beside: dict[str, Any] = {}
    if isinstance(key := document.get("publicKey"), str):
        beside["public_key"] = _from_any_base64(key.encode())
    if type(counter := document.get("signCount")) is int:
        beside["counter"] = counter
    raw = json.dumps(inner).encode()
    return Input(evidence=_in_base64url(inner, raw), beside=beside)


def _in_base64url(document: dict[str, Any], data: bytes) -> bytes:
    """Some recorders write standard base64, which the specification's JSON does not know."""
    response = document.get("response")
    if not isinstance(response, dict):
        return data
    texts = [document.get(name) for name in _IDENTIFIERS] + list(response.values())
    if not any(isinstance(each, str) and set(each) & {"+", "/", "="} for each in texts):
        return data
    outer = {name: _url(document[name]) for name in _IDENTIFIERS if name in document}
    inner = {name: _url(value) for name, value in response.items()}
    return json.dumps({**document, **outer, "response": inner}).encode()


def _url(value: object) -> object:
    if not isinstance(value, str):
        return value
    return value.rstrip("=").replace("+", "-").replace("/", "_")


def stored_credential(evidence: bytes, public_key: bytes, counter: int) -> StoredCredential:
    """The credential record that a person put together from a file and options.

    Args:
        evidence: The browser's JSON, which names the credential.
        public_key: COSE_Key as stored at registration.
        counter: The signature counter stored last.

    Raises:
        MalformedEvidence: The evidence names no credential.
    """
    document = decode_object(evidence)
    return StoredCredential(
        identifier=_member(document, "rawId", "id"), public_key=public_key, counter=counter
    )


def _token(data: bytes) -> Input:
    """A compact token, alone or in a JSON object under a usual name; or a decoded payload."""
    stripped = data.strip()
    document = _json_or_none(stripped)
    if document is not None:
        for key in ("token", "integrityToken", "jws", "response"):
            if isinstance(document.get(key), str):
                return Input(evidence=document[key].encode())
    return Input(evidence=stripped)


def _json_or_none(data: bytes) -> dict[str, Any] | None:
    stripped = data.strip()
    return decode_object(stripped) if stripped[:1] == _JSON_OBJECT else None


def _member(document: dict[str, Any], *names: str) -> bytes:
    for key in names:
        if isinstance(document.get(key), str):
            return _from_any_base64(document[key].encode())
    raise MalformedEvidence(text.WELL_FORMED, f"JSON without {names[0]}")


def binary(data: bytes) -> bytes:
    """Raw bytes, or their base64 or base64url text."""
    stripped = data.strip()
    if stripped and all(octet in _BASE64_CHARACTERS for octet in stripped):
        try:
            return _from_any_base64(stripped)
        except MalformedEvidence:
            return data
    return data


def _from_any_base64(data: bytes) -> bytes:
    joined = b"".join(data.split())
    if b"-" in joined or b"_" in joined:
        return text.from_base64url(joined)
    return text.from_base64(joined)


def public_key_bytes(data: bytes) -> bytes:
    """A public key from PEM, base64, or as it is."""
    if _PEM_MARK not in data:
        return binary(data)
    body = b"".join(line for line in data.split(b"\n") if line and b"-----" not in line)
    return text.from_base64(body)


_RECOGNISERS: dict[Format, Callable[[bytes], Input]] = {
    Format.APP_ATTEST: _app_attest,
    Format.APP_ATTEST_ASSERTION: _app_attest_assertion,
    Format.APP_ATTEST_RECEIPT: _app_attest_receipt,
    Format.WEBAUTHN: _webauthn,
    Format.MDS: _token,
    Format.PLAY_INTEGRITY: _token,
    Format.SAFETYNET: _token,
}
_IDENTIFIERS = ("id", "rawId")
_BASE64_CHARACTERS = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ \t\r\n"
)
