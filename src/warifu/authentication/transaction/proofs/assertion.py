"""Assertions of browsers whose challenge is the SHA-256 of an answer (WebAuthn Level 3 §7.2).

The container holds the four parts that were signed or are the signature, without the JSON around
them, which nothing protects.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.evidence.facts.webauthn import Framing, WebAuthnExpectations
from warifu.attestation.evidence.readers.authenticator_data import (
    USER_VERIFIED,
    read_authenticator_data,
)
from warifu.attestation.evidence.readers.client_data import read_client_data
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.attestation.evidence.webauthn_ceremony import (
    check_authenticator_data,
    check_client_data,
)
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.evidence import (
    Proved,
    bound_public_key,
    check_bound_signature,
    read_container,
)
from warifu.base.errors import BadEvidence
from warifu.base.pki.cose import ALGORITHMS
from warifu.base.pki.signature import RSA_SHA256

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Question
    from warifu.base.pki.signature import Scheme

ANSWER, CLIENT_DATA, AUTHENTICATOR_DATA, SIGNATURE, BROWSER_SIGNATURE = 1, 2, 3, 4, 5
_PARTS = frozenset({ANSWER, CLIENT_DATA, AUTHENTICATOR_DATA, SIGNATURE})

RULES = (
    rules.CONTAINER,
    webauthn_rules.CLIENT_DATA,
    webauthn_rules.TYPE,
    webauthn_rules.CHALLENGE,
    webauthn_rules.ORIGIN,
    webauthn_rules.CROSS_ORIGIN,
    webauthn_rules.RP_ID,
    webauthn_rules.USER_PRESENT,
    webauthn_rules.BACKUP_FLAGS,
    rules.SIGNATURE,
    webauthn_rules.COUNTER,
)


class Asked(Struct, frozen=True, kw_only=True):
    """What differs between the two kinds of assertions."""

    ceremony: str
    """The type in client data."""
    top_origins: tuple[str, ...] | None = None
    """Who may frame the page that asked; None takes no frame."""
    optional: frozenset[int] = frozenset()
    """Further members of the container."""


def check_assertion(
    proof: bytes, asked: Asked, question: Question
) -> tuple[dict[int, bytes], Proved]:
    """Verify an assertion by the bound key over the answer in its container.

    Returns:
        The container's members, and what was proved.

    Raises:
        BadEvidence: ``proof/container``, ``webauthn/*``, ``proof/signature``, ``json/*``...
        Misuse: ``usage/bound-key``.
    """
    # Steps 1-6 of §7.2: the credential is the bound one, whatever the response names.
    parts = read_container(proof, _PARTS, asked.optional)
    bound = question.bound
    wanted = WebAuthnExpectations(
        challenge=sha256(parts[ANSWER]).digest(),
        app=bound.app,
        origins=question.expected.origins,
        framing=Framing.REFUSE if asked.top_origins is None else Framing.ALLOW,
        top_origins=asked.top_origins,
    )
    # Steps 7-9.
    data = read_authenticator_data(parts[AUTHENTICATOR_DATA])
    client = read_client_data(parts[CLIENT_DATA])
    # Steps 10-14: type, challenge, origin, frame.
    check_client_data(client, asked.ceremony, wanted, question.exam)
    # Steps 15-18, but for verification of the user, which a refusal does not need.
    check_authenticator_data(data, wanted, question.exam, presence_required=True)
    # Steps 19-21.
    key = bound_public_key(bound)
    signed = parts[AUTHENTICATOR_DATA] + sha256(parts[CLIENT_DATA]).digest()
    check_bound_signature(scheme_of(bound.public_key), key, parts[SIGNATURE], signed)
    # Step 22: after the signature, so that nobody else can say that a key was cloned.
    before = bound.counter or 0
    if (data.counter or before) and data.counter <= before:
        raise BadEvidence(webauthn_rules.COUNTER, f"{data.counter} after {before}")
    return parts, Proved(
        answer=parts[ANSWER],
        user_verified=bool(data.flags & USER_VERIFIED),
        counter=data.counter,
        rules=RULES,
        leniencies=question.exam.leniencies(),
    )


def scheme_of(spki: bytes) -> Scheme:
    """The signature scheme that a credential with this public key uses.

    A SubjectPublicKeyInfo fixes it but for RSA, where authenticators use RS256.
    """
    for prefix, scheme in _SCHEMES.items():
        if spki.startswith(prefix):
            return scheme
    return RSA_SHA256


_SCHEMES = {
    prefix: algorithm.scheme
    for algorithm in reversed(ALGORITHMS.values())
    for prefix, _ in algorithm.shapes.values()
}
"""By the octets before the key's own. The first algorithm for a shape is the usual one."""
