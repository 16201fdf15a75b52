"""What is altered: the evidence as it is received, and the binary parts inside its text.

Text hides bits: most changes of a base64 character only break the text. So parts that are armoured
as text are also altered inside, and armoured again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import Format
from warifu.base.codec.text import from_base64url, from_pem_certificates, to_base64url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.corpus.accepted import Accepted

WHOLE = "whole"
CERTIFICATES = "certificates"
RESPONSE_PARTS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")
TOKEN_PARTS = {
    3: ("header", "payload", "signature"),
    5: ("header", "encrypted key", "initialization vector", "ciphertext", "tag"),
}


class Surface(Struct, frozen=True, kw_only=True):
    """Bytes to be altered, and how the evidence is made of them again."""

    name: str
    data: bytes
    rebuild: Callable[[bytes], bytes]


def surfaces(item: Accepted) -> list[Surface]:
    """The whole evidence first, then the parts inside its text."""
    whole = Surface(name=WHOLE, data=item.evidence, rebuild=bytes)
    parts = _PARTS.get(item.format)
    return [whole, *(parts(item.evidence) if parts else ())]


def value_span(document: bytes, name: str) -> tuple[int, int]:
    """Where the text between the quotes of a JSON member's value stands."""
    found = re.search(rb'"%s": ?"([^"]*)"' % name.encode(), document)
    return found.span(1) if found else (0, 0)


def _pem_as_der(evidence: bytes) -> Iterator[Surface]:
    if b"-----BEGIN" in evidence:
        data = b"".join(from_pem_certificates(evidence))
        yield Surface(name=CERTIFICATES, data=data, rebuild=bytes)


def _response_parts(evidence: bytes) -> Iterator[Surface]:
    """The members of a WebAuthn response that carry bytes."""
    document: dict[str, Any] = json.loads(evidence)
    for name in RESPONSE_PARTS:
        if name not in document["response"]:
            continue

        def rebuild(data: bytes, name: str = name) -> bytes:
            response = document["response"] | {name: to_base64url(data)}
            return json.dumps(document | {"response": response}).encode()

        data = from_base64url(document["response"][name])
        yield Surface(name=name, data=data, rebuild=rebuild)


def _token_parts(evidence: bytes) -> Iterator[Surface]:
    """The parts of a compact JWS or JWE."""
    parts = evidence.split(b".")
    for position, name in enumerate(TOKEN_PARTS[len(parts)]):

        def rebuild(data: bytes, position: int = position) -> bytes:
            changed = [*parts[:position], to_base64url(data).encode(), *parts[position + 1 :]]
            return b".".join(changed)

        yield Surface(name=name, data=from_base64url(parts[position]), rebuild=rebuild)


_PARTS: dict[Format, Callable[[bytes], Iterator[Surface]]] = {
    Format.ANDROID_KEY: _pem_as_der,
    Format.WEBAUTHN: _response_parts,
    Format.MDS: _token_parts,
    Format.PLAY_INTEGRITY: _token_parts,
    Format.SAFETYNET: _token_parts,
}
