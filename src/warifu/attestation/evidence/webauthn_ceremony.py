"""The steps that registration and authentication share (WebAuthn L3 §7.1, §7.2).

Each function names the steps of both procedures; the procedures themselves are in
`webauthn_registration` and `webauthn_assertion`.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from warifu.attestation.claims import Freshness
from warifu.attestation.evidence.facts.webauthn import Framing, UserVerification
from warifu.attestation.evidence.readers.authenticator_data import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    USER_PRESENT,
    USER_VERIFIED,
)
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.base.errors import BadEvidence

if TYPE_CHECKING:
    from warifu.attestation.evidence.facts.webauthn import WebAuthnExpectations
    from warifu.attestation.evidence.readers.authenticator_data import AuthenticatorData
    from warifu.attestation.evidence.readers.client_data import ClientData
    from warifu.attestation.evidence.readers.webauthn_response import (
        AssertionResponse,
        RegistrationResponse,
    )
    from warifu.attestation.examination import Examination
    from warifu.base.rule import Rule

_LOCALHOST = "localhost"


def check_client_data(
    client: ClientData, ceremony_type: str, expected: WebAuthnExpectations, exam: Examination
) -> None:
    """Hold client data against what was expected.

    Raises:
        BadEvidence: ``webauthn/type``, ``webauthn/challenge``, ``webauthn/origin``,
            ``webauthn/cross-origin``, ``webauthn/top-origin``.
        Unchecked: An expectation is missing and gaps are refused.
    """
    # §7.1 step 7, §7.2 step 10: one ceremony's signature must not serve as the other's.
    if client.type != ceremony_type:
        raise BadEvidence(rules.TYPE, f"{client.type:.40}")
    # §7.1 step 8, §7.2 step 11.
    exam.match(rules.CHALLENGE, client.challenge, expected.challenge)
    # §7.1 step 9, §7.2 step 12, §13.4.9.
    _check_origin(client.origin, expected, exam)
    # §7.1 steps 10-11, §7.2 steps 13-14.
    if client.cross_origin or client.top_origin is not None:
        _check_frame(client, expected, exam)
    if client.token_binding is not None:
        exam.allow(rules.TOKEN_BINDING)


def check_authenticator_data(
    data: AuthenticatorData,
    expected: WebAuthnExpectations,
    exam: Examination,
    *,
    presence_required: bool,
    app_id_used: bool = False,
) -> None:
    """Hold the RP ID and the flags of authenticator data against what was expected.

    Raises:
        BadEvidence: ``webauthn/rp-id``, ``webauthn/user-present``, ``webauthn/user-verified``,
            ``webauthn/backup-flags``.
        Unchecked: No RP ID was given and gaps are refused.
    """
    # §7.1 step 14, §7.2 step 15.
    if expected.app is None:
        exam.leave_open(rules.RP_ID, "no RP ID was given")
    else:
        scope = expected.app_id if app_id_used and expected.app_id else expected.app
        if not compare_digest(data.rp_id_hash, sha256(scope.encode()).digest()):
            raise BadEvidence(rules.RP_ID, data.rp_id_hash.hex())
    flags = data.flags
    # §7.1 step 15, §7.2 step 16.
    if presence_required and not flags & USER_PRESENT:
        raise BadEvidence(rules.USER_PRESENT)
    # §7.1 step 16, §7.2 step 17.
    if expected.user_verification is UserVerification.REQUIRED and not flags & USER_VERIFIED:
        raise BadEvidence(rules.USER_VERIFIED)
    # §7.1 step 17, §7.2 step 18.
    if flags & BACKED_UP and not flags & BACKUP_ELIGIBLE:
        raise BadEvidence(rules.BACKUP_FLAGS)


def held(listed: tuple[Rule, ...], client: ClientData) -> tuple[Rule, ...]:
    """The rules of a ceremony that held.

    A client that does not name the site around its frame is taken, as the specification takes it;
    nothing is then proved about that site.
    """
    if client.cross_origin and client.top_origin is None:
        return tuple(rule for rule in listed if rule is not rules.TOP_ORIGIN)
    return listed


def ceremony_facts(
    response: RegistrationResponse | AssertionResponse, client: ClientData, data: AuthenticatorData
) -> dict[str, Any]:
    """The members of `CeremonyFacts`."""
    flags = data.flags
    return {
        "rp_id_hash": data.rp_id_hash,
        "origin": client.origin,
        "cross_origin": client.cross_origin,
        "top_origin": client.top_origin,
        "user_present": bool(flags & USER_PRESENT),
        "user_verified": bool(flags & USER_VERIFIED),
        "backup_eligible": bool(flags & BACKUP_ELIGIBLE),
        "backed_up": bool(flags & BACKED_UP),
        "attachment": response.attachment,
        "authenticator_extensions": data.extensions,
        "client_extensions": response.extensions,
    }


def freshness(
    client: ClientData, data: AuthenticatorData, expected: WebAuthnExpectations
) -> Freshness:
    """What was proved fresh."""
    return Freshness(
        challenge=client.challenge,
        challenge_matches=None if expected.challenge is None else True,
        counter=data.counter,
    )


def _check_origin(origin: str, expected: WebAuthnExpectations, exam: Examination) -> None:
    """Exactly one of the given origins; without a list, https on the RP ID's own hosts.

    The RP ID bounds which hosts a browser lets use a credential, so the second is what the browser
    enforced already; a list is still better, for it leaves out subdomains one does not control.
    """
    if expected.origins is not None:
        if origin not in expected.origins:
            raise BadEvidence(rules.ORIGIN, f"{origin:.200}")
    elif expected.app is None:
        exam.leave_open(rules.ORIGIN, "neither origins nor an RP ID were given")
    elif not _is_host_of(origin, expected.app):
        raise BadEvidence(rules.ORIGIN, f"{origin:.200}")


def _is_host_of(origin: str, rp_id: str) -> bool:
    scheme, _, authority = origin.partition("://")
    host, colon, port = authority.partition(":")
    if colon and not (port.isascii() and port.isdigit() and len(port) <= 5):
        return False
    secure = scheme == "https" or (scheme == "http" and host == _LOCALHOST)
    return secure and (host == rp_id or (host.endswith(f".{rp_id}") and _is_host_name(host)))


def _is_host_name(host: str) -> bool:
    """Letters, digits, hyphens and dots: no user names, paths or white space before the RP ID."""
    return host.isascii() and host.replace(".", "").replace("-", "").isalnum()


def _check_frame(client: ClientData, expected: WebAuthnExpectations, exam: Examination) -> None:
    if expected.framing is not Framing.ALLOW:
        raise BadEvidence(rules.CROSS_ORIGIN, f"top origin {client.top_origin or 'unknown':.200}")
    if expected.top_origins is None:
        exam.leave_open(rules.TOP_ORIGIN, "no top origins were given")
    elif client.top_origin is not None and client.top_origin not in expected.top_origins:
        raise BadEvidence(rules.TOP_ORIGIN, f"{client.top_origin:.200}")
