"""One bank, one customer, one Android phone, and an enrolment at any stage."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from tests.authentication.binding.device import Device
from tests.support import make_test_anchor, moment, test_trust
from warifu.attestation.claims import Claims
from warifu.attestation.evidence import android_key
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule
from warifu.attestation.trust.revocation import RevocationList
from warifu.authentication.binding.activation import (
    Activation,
    ActivationTerms,
    PaidTry,
    Side,
    activation_challenge,
    activation_fingerprint,
    begin,
    commit,
    confirm,
    prove,
    spend_try,
)
from warifu.authentication.binding.code import write_code
from warifu.authentication.binding.fingerprint import commitment_of
from warifu.authentication.binding.states import Binding, activate, propose
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret
from warifu.handset.android_key import PACKAGE, SIGNER, AndroidPhone

NOW = moment("2026-11-22T09:00:00")
LIFE = timedelta(minutes=10)
LATE = NOW + LIFE
VERIFIER = "bank.example"
ID = bytes(range(16))
SERVER_NONCE = sha256(b"the server's nonce").digest()
DEVICE_NONCE = sha256(b"the device's nonce").digest()
BANK_KEY = SoftwareSigner("EdDSA", Secret(sha256(b"the bank's key for codes").digest()))
CREATED = begin(
    activation_id=ID,
    user="customer 4711",
    app=PACKAGE,
    verifier=VERIFIER,
    verifier_key=sha256(BANK_KEY.public_key).digest(),
    server_nonce=Secret(SERVER_NONCE),
    now=NOW,
    terms=ActivationTerms(life=LIFE, tries=3),
)
CHALLENGE = activation_challenge(CREATED)


def code(signer: SoftwareSigner = BANK_KEY, **others: Any) -> str:
    return write_code(
        **{"activation": ID, "verifier": VERIFIER, "expires_at": LATE, **others}, signer=signer
    )


def device(**others: Any) -> Device:
    members = {"pinned": BANK_KEY.public_key, "verifier": VERIFIER, "nonce": DEVICE_NONCE}
    return Device(**{**members, **others})


@cache
def attested(challenge: bytes = CHALLENGE, *, name: str = "the phone") -> Claims:
    """Claims about a fresh key of a phone; another name is another phone."""
    del name
    phone = AndroidPhone.factory()
    evidence = phone.attest(challenge=challenge, made_at=NOW)
    anchor = make_test_anchor(
        phone.root, AnchorUse.ANDROID_KEY, validity=ValidityRule.OUTLIVES_CERTIFICATE
    )
    expected = AndroidKeyExpectations(challenge=challenge, app=PACKAGE, signers=frozenset({SIGNER}))
    trust = test_trust(
        anchor, known_at=NOW, revocation=RevocationList(entries={}, confirmed_at=NOW)
    )
    return android_key.verify(evidence.der(), expected=expected, trust=trust, at=NOW)


def key_of(claims: Claims) -> bytes:
    assert claims.key is not None
    assert claims.key.public_key is not None
    return claims.key.public_key


def committed(claims: Claims | None = None) -> Activation:
    commitment = commitment_of(
        activation=ID, public_key=key_of(claims or attested()), device_nonce=DEVICE_NONCE
    )
    return commit(CREATED, commitment=commitment, now=NOW)


def paid(activation: Activation) -> PaidTry:
    return spend_try(activation, now=NOW)


def proved() -> Activation:
    return opened(committed())


def opened(activation: Activation, claims: Claims | None = None, **others: Any) -> Activation:
    members = {"device_nonce": DEVICE_NONCE, "kind": ProofKind.DEVICE_KEY, "now": NOW, **others}
    return prove(paid(activation), claims=claims or attested(), **members)


def confirmed_by(activation: Activation, side: Side) -> Activation:
    digits = activation_fingerprint(activation)
    return confirm(paid(activation), side=side, digits=digits, now=NOW)


def confirmed() -> Activation:
    return confirmed_by(confirmed_by(proved(), Side.DEVICE), Side.BANK)


def pending() -> Binding:
    return propose(proved(), binding_id=bytes(16), device="phone 1", at=NOW)


def active(at: datetime = NOW, *, primary: bool = True) -> Binding:
    return activate(pending(), confirmed(), primary=primary, at=at)
