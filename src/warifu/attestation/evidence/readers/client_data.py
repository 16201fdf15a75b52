"""Client data (WebAuthn L3 §5.8.1): what the browser or the platform says about the ceremony."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import Struct

from warifu.attestation.evidence.rules.webauthn import CLIENT_DATA
from warifu.base.codec import json, text
from warifu.base.errors import MalformedEvidence

MAX_BYTES = 1 << 16

TOKEN_BINDING_STATUSES = frozenset({"present", "supported", "not-supported"})
"""All that browsers ever wrote while the member was in use (WebAuthn L1 and L2 §5.8.1)."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_Kind = TypeVar("_Kind")


class ClientData(Struct, frozen=True, kw_only=True):
    """Client data, read and not judged. Unknown members are passed over, as §5.8.1 demands."""

    type: str
    challenge: bytes
    origin: str
    cross_origin: bool | None
    top_origin: str | None
    token_binding: str | None
    """Status of the retired member `tokenBinding`; None where it is absent or no object."""


def read_client_data(raw: bytes) -> ClientData:
    """Read clientDataJSON.

    Args:
        raw: UTF-8; a byte order mark is passed over (WebAuthn L3 §7.1 step 5).

    Raises:
        MalformedEvidence: ``webauthn/client-data``, ``json/*`` or ``text/*``.
    """
    members = json.decode_object(raw.removeprefix(_BYTE_ORDER_MARK), max_bytes=MAX_BYTES)
    return ClientData(
        type=_required(members, "type"),
        challenge=text.from_base64url(_required(members, "challenge")),
        origin=_required(members, "origin"),
        cross_origin=_optional(members, "crossOrigin", bool),
        top_origin=_optional(members, "topOrigin", str),
        token_binding=_token_binding(members.get("tokenBinding")),
    )


def _required(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if type(value) is not str:
        raise MalformedEvidence(CLIENT_DATA, f"{name} is {type(value).__name__}")
    return value


def _optional(members: dict[str, Any], name: str, kind: type[_Kind]) -> _Kind | None:
    if name not in members:
        return None
    value = members[name]
    if type(value) is not kind:
        raise MalformedEvidence(CLIENT_DATA, f"{name} is {type(value).__name__}")
    return value


def _token_binding(value: object) -> str | None:
    """Level 3 reserves the name: what is no object says nothing, an object must be as it was."""
    if type(value) is not dict:
        return None
    status = value.get("status")
    if type(status) is not str or status not in TOKEN_BINDING_STATUSES:
        raise MalformedEvidence(CLIENT_DATA, f"tokenBinding status {status!r:.40}")
    return status
