"""Verifying an authentication assertion (WebAuthn Level 3 §7.2), step by step.

Steps 1 and 2 made the options and called the browser, step 24 updates the stored credential: those
are the caller's, and `Claims` has what they need.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from warifu.attestation.claims import App, Claims, Format, Key
from warifu.attestation.evidence.facts.webauthn import AuthenticationFacts
from warifu.attestation.evidence.readers.authenticator_data import (
    BACKUP_ELIGIBLE,
    USER_VERIFIED,
    read_authenticator_data,
)
from warifu.attestation.evidence.readers.client_data import read_client_data
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.webauthn_ceremony import (
    ceremony_facts,
    check_authenticator_data,
    check_client_data,
    freshness,
    held,
)
from warifu.base.errors import BadEvidence
from warifu.base.pki.cose import read_key
from warifu.base.pki.signature import check_signature

if TYPE_CHECKING:
    from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
    from warifu.attestation.evidence.readers.authenticator_data import AuthenticatorData
    from warifu.attestation.evidence.readers.webauthn_response import AssertionResponse
    from warifu.attestation.examination import Examination
    from warifu.base.pki.cose import CoseKey

_NEEDS_CREDENTIAL = (
    rules.CREDENTIAL_EXPECTED,
    rules.BACKUP_ELIGIBILITY_KEPT,
    rules.ASSERTION_SIGNATURE,
    rules.COUNTER,
)


def verify_assertion(
    response: AssertionResponse, expected: WebAuthnExpectations, exam: Examination
) -> Claims:
    """Verify an assertion.

    Raises:
        BadEvidence: The first step that is not met.
        Unchecked: An expectation is missing and gaps are refused.
    """
    # Steps 1-2 are the caller's. Steps 3-4: the response was read as an authentication, with the
    # client's extension outputs.
    # Steps 5-6: the credential is the one that the caller found for this user.
    stored = expected.credential
    if stored is None:
        for rule in _NEEDS_CREDENTIAL:
            exam.leave_open(rule, "no stored credential was given")
    elif response.credential_id != stored.identifier:
        raise BadEvidence(rules.CREDENTIAL_EXPECTED, response.credential_id[:64].hex())
    _check_user_handle(response.user_handle, stored, exam)
    # Step 7.
    data = read_authenticator_data(response.authenticator_data)
    # Steps 8-9: client data, claimed as used for the signature.
    client = read_client_data(response.client_data)
    # Steps 10-14: type, challenge, origin, frame.
    check_client_data(client, "webauthn.get", expected, exam)
    # Steps 15-18: RP ID, or the AppID where the client says so (§10.1.1); presence, verification,
    # backup flags.
    app_id_used = response.extensions.get("appid") is True
    check_authenticator_data(data, expected, exam, presence_required=True, app_id_used=app_id_used)
    key = None
    if stored is not None:
        # Step 19: a device-bound key does not become a synced one, nor the reverse.
        _check_backup_eligibility(data, stored)
        # Steps 20-21.
        key = read_key(stored.public_key)
        _check_signature(key, response, sha256(response.client_data).digest())
        # Step 22: after the signature, so that nobody else can say that a key was cloned.
        _check_counter(data.counter, stored.counter)
    # Step 23: the extension outputs are handed over as they are. Step 24 is the caller's.
    return Claims(
        format=Format.WEBAUTHN,
        at=exam.at,
        known_at=exam.trust.known_at,
        realm=exam.trust.realm,
        app=None if expected.app is None else App(identifier=expected.app),
        key=Key(
            public_key=key.spki if key else None,
            algorithm=key.name if key else None,
            identifier=response.credential_id,
            user_authentication="verified" if key and data.flags & USER_VERIFIED else None,
        ),
        freshness=freshness(client, data, expected),
        detail=AuthenticationFacts(
            **ceremony_facts(response, client, data), user_handle=response.user_handle
        ),
        proved=exam.proved(held(rules.ASSERTION_RULES, client)),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def _check_user_handle(
    handle: bytes | None, stored: StoredCredential | None, exam: Examination
) -> None:
    """Step 6: a handle that is there is the account's."""
    if handle is None:
        return
    if not handle:
        exam.allow(rules.EMPTY_USER_HANDLE)
    elif stored is None or stored.user_handle is None:
        exam.leave_open(rules.USER_HANDLE, "no stored user handle was given")
    elif not compare_digest(handle, stored.user_handle):
        raise BadEvidence(rules.USER_HANDLE, handle.hex())


def _check_backup_eligibility(data: AuthenticatorData, stored: StoredCredential) -> None:
    eligible = bool(data.flags & BACKUP_ELIGIBLE)
    if stored.backup_eligible is not None and stored.backup_eligible != eligible:
        raise BadEvidence(rules.BACKUP_ELIGIBILITY_KEPT, f"now {eligible}")


def _check_signature(key: CoseKey, response: AssertionResponse, client_data_hash: bytes) -> None:
    signed = response.authenticator_data + client_data_hash
    try:
        check_signature(key.scheme, key.key, response.signature, signed)
    except BadEvidence as error:
        raise BadEvidence(rules.ASSERTION_SIGNATURE, error.detail) from error


def _check_counter(now: int, before: int) -> None:
    """Zero on both sides: the authenticator, or the synced key, does not count (§6.1.1)."""
    if (now or before) and now <= before:
        raise BadEvidence(rules.COUNTER, f"{now} after {before}")
