"""A bank's desk for devices, and customers with phones of every kind who enrol there."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.service.house import APP, makers
from tests.service.phones import IPhone, Passkey
from warifu.authentication.binding.activation import Side
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.keys.purpose import KeyPurpose
from warifu.handset.activation import Activation
from warifu.handset.authority import new_key, spki
from warifu.service.conduct.binding import activating, bindings, confirming, proving
from warifu.service.conduct.evidence.expectations import SubmittedEvidence
from warifu.service.conduct.sealing import verifier_of
from warifu.service.conduct.work import Work
from warifu.service.store.bindings import StoredBinding, bindings_of

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey
    from warifu.service.caller import Caller
    from warifu.service.composition import Composition

USER = "hanako"
WHY: dict[str, Any] = {"by": bindings.WhoAsks.CLERK, "reason": "called from the branch"}


@dataclass(kw_only=True)
class AndroidPhone:
    """A phone with one key in its key store."""

    key: PrivateKey = field(default_factory=new_key)
    kind: ProofKind = ProofKind.DEVICE_KEY
    change: Any = None

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return spki(self.key)

    def evidence(self, challenge: bytes, desk: Desk) -> SubmittedEvidence:
        """Its chain."""
        made = makers().android.attest(
            challenge=challenge, made_at=desk.house.clock(), key=self.key
        )
        if self.change is not None:
            self.change(made)
        return SubmittedEvidence(media_type="application/pem-certificate-chain", data=made.pem())

    def word(self, app: Activation, digits: str) -> bytes:
        """Its signature over the confirmation."""
        return app.confirmed_by(self.key, digits)


@dataclass(kw_only=True)
class ApplePhone:
    """A phone with one App Attest key."""

    phone: IPhone
    kind: ProofKind = ProofKind.APP_ATTEST

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self.phone.device.public_key

    def evidence(self, challenge: bytes, _: Desk) -> SubmittedEvidence:
        """Its attestation."""
        return self.phone.registration(challenge)

    def word(self, app: Activation, digits: str) -> bytes:
        """Its assertion over the confirmation."""
        return app.confirmed_by(self.phone.device, digits)


@dataclass(kw_only=True)
class Browser:
    """A passkey."""

    passkey: Passkey = field(default_factory=Passkey)
    kind: ProofKind = ProofKind.WEBAUTHN

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self.passkey.key.spki()

    def evidence(self, challenge: bytes, _: Desk) -> SubmittedEvidence:
        """Its registration."""
        return self.passkey.registration(challenge)

    def word(self, app: Activation, digits: str) -> bytes:
        """An assertion over the confirmation."""
        challenge = sha256(app.confirmation(digits)).digest()
        return self.passkey.assertion(challenge).data or b""


Phone = AndroidPhone | ApplePhone | Browser


@dataclass(kw_only=True)
class Enrolment:
    """One enrolment at any stage, seen from the phone."""

    desk: Desk
    phone: Phone
    id: str
    app: Activation
    server_nonce: bytes = b""

    def commit(self) -> Enrolment:
        """Send the commitment, take the nonce."""
        commitment = self.app.commitment(self.phone.public_key)
        told = self.desk.take(self.id, commitment)
        assert told.challenge == self.app.challenge
        self.server_nonce = told.nonce
        return self

    def prove(self, evidence: SubmittedEvidence | None = None, **other: Any) -> proving.ProofAnswer:
        """Send nonce and evidence."""
        members = {
            "nonce": self.app.nonce,
            "kind": self.phone.kind,
            "evidence": evidence or self.phone.evidence(self.app.challenge, self.desk),
            **other,
        }
        return proving.prove_device(self.desk.work(), self.id, proving.ProofRequest(**members))

    @property
    def digits(self) -> str:
        """What the phone shows."""
        return self.app.digits(self.phone.public_key, self.server_nonce)

    def confirm(self, side: Side, digits: str | None = None, **other: Any) -> Any:
        """Say that the digits are the same."""
        shown = digits or self.digits
        proof = self.phone.word(self.app, shown) if side is Side.DEVICE else None
        asked = confirming.ConfirmRequest(side=side, fingerprint=shown, **{"proof": proof, **other})
        return confirming.confirm_digits(self.desk.work(), self.id, asked)

    def ready(self) -> Enrolment:
        """As far as the bank's own comparison, which alone is missing."""
        answer = self.commit().prove()
        assert answer.fingerprint == self.digits, answer
        self.confirm(Side.DEVICE)
        return self

    def finish(self) -> bindings.BindingSeen:
        """To the end."""
        bound = self.ready().confirm(Side.BANK).binding
        assert bound is not None
        assert isinstance(bound, bindings.BindingSeen)
        return bound


@dataclass(kw_only=True)
class Desk:
    """A bank's backend."""

    house: Composition
    caller: Caller

    def work(self, **other: Any) -> Work:
        """A request now."""
        return Work(house=self.house, caller=self.caller, now=self.house.clock(), **other)

    @property
    def verifier(self) -> str:
        """The name that its apps pin."""
        return verifier_of(self.work())

    @property
    def pinned(self) -> bytes:
        """The key that its apps pin."""
        now = self.house.clock()
        return self.house.keys.ring(now).signer(KeyPurpose.ACTIVATION, now).public_key

    def begin(self, user: str = USER, **other: Any) -> activating.ActivationAnswer:
        """A code."""
        asked = activating.ActivationRequest(app=APP, user=user, **other)
        return activating.activate(self.work(), asked)

    def take(self, activation: str, commitment: bytes) -> activating.CommitmentAnswer:
        """A commitment."""
        asked = activating.CommitmentRequest(commitment=commitment)
        return activating.take(self.work(), activation, asked)

    def enrolment(self, phone: Phone | None = None, *, user: str = USER, **other: Any) -> Enrolment:
        """A phone that has scanned its code."""
        begun = self.begin(user, **other)
        app = Activation(pinned=(self.pinned,), verifier=self.verifier)
        app.scan(begun.code, now=self.house.clock())
        return Enrolment(desk=self, phone=phone or AndroidPhone(), id=begun.id, app=app)

    def state(self, activation: str) -> activating.ActivationSeen:
        """How far it has come."""
        return activating.see_activation(self.work(), activation)

    def bindings(self, user: str = USER) -> list[bindings.BindingSeen]:
        """Of a user, newest first."""
        return bindings.list_bindings(
            self.work(), bindings.BindingFilter(user=user), after=None, limit=200
        )

    def stored(self, user: str = USER) -> list[StoredBinding]:
        """Their rows."""
        index = self.house.vault.index(self.caller.tenant, "user", user.encode())
        with self.house.database.read() as transaction:
            return bindings_of(transaction, self.caller.tenant, user_index=index)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """What stands in a table of the tenant."""
        with self.house.database.read() as transaction:
            return transaction.rows(sql, tenant=self.caller.tenant, **values)
