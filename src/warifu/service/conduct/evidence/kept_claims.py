"""The form in which claims are kept: lists of authorizations without what they do not have.

A phone enforces a dozen of all that Android can name. What is absent is shown as null, and was
kept so; it need not be, and both can be read.
"""

from __future__ import annotations

from typing import Any

from warifu.attestation.evidence.facts.android_key import AuthorizationList

_LISTS = ("hardware_enforced", "software_enforced")
"""Members of the detail that are an `AuthorizationList`."""
_MEMBERS = AuthorizationList.__struct_fields__


def without_absent(claims: dict[str, Any]) -> dict[str, Any]:
    """From `claims_document`, for keeping; it is changed."""
    detail = claims["detail"]
    for name in _LISTS:
        if name in detail:
            listed = detail[name]
            detail[name] = {key: listed[key] for key in listed if listed[key] is not None}
    return claims


def with_absent(claims: dict[str, Any]) -> dict[str, Any]:
    """As they are shown, from what is kept in whatever form; it is changed."""
    detail = claims.get("detail")
    if isinstance(detail, dict):
        for name in _LISTS:
            if isinstance(detail.get(name), dict):
                detail[name] = {**dict.fromkeys(_MEMBERS), **detail[name]}
    return claims
