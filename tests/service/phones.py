"""Simulated phones that answer challenges of the service."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.service.house import APP, ORIGIN, PLAY_SECRET, POLICIES, RP_ID, makers, put_app, wallet
from warifu.base.codec.text import from_base64url, to_base64url
from warifu.handset import android_key, app_attest, play_integrity, webauthn
from warifu.handset.metadata_service import AAGUID
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.challenges.asking import AskedOperation
from warifu.service.conduct.challenges.challenge import (
    ChallengeAnswer,
    ChallengeRequest,
    issue_challenge,
)
from warifu.service.conduct.decisions.deciding import (
    AccountKnown,
    BankKnown,
    BindingKnown,
    DecisionAnswer,
    DecisionRequest,
    UserKnown,
)
from warifu.service.conduct.decisions.decision import make_decision
from warifu.service.conduct.evidence.evidence import (
    EvidenceAnswer,
    EvidenceRequest,
    submit_evidence,
)
from warifu.service.conduct.evidence.expectations import SubmittedEvidence
from warifu.service.conduct.work import Work
from warifu.service.store.database import Statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from warifu.service.caller import Caller
    from warifu.service.composition import Composition

TRANSFER = AskedOperation(kind=Operation.TRANSFER, amount=10_000, currency="JPY", payee_known=True)
LOGIN = AskedOperation(kind=Operation.LOGIN)
IN_ORDER = BankKnown(
    user=UserKnown(verified=True, verified_seconds=5, methods=(), confirmed=True),
    binding=BindingKnown(bound=True, age_seconds=10 * 86_400),
    account=AccountKnown(limit_left=500_000, recovering=False),
    powers=(),
)
"""What a bank knows of a customer in order."""


def asked(**changed: Any) -> dict[str, Any]:
    """Members of any request about one transfer of one user."""
    return {
        "app": APP,
        "operation": TRANSFER,
        "user": "hanako",
        "context": {"payee": "0009-123-7654321"},
        **changed,
    }


def the_bytes(challenge: ChallengeAnswer) -> bytes:
    """What the device answers."""
    return from_base64url(challenge.challenge)


@dataclass(kw_only=True)
class Android:
    """A phone that attests a new key each time."""

    change: Callable[[android_key.AndroidEvidence], None] | None = None
    """Changes evidence before it is signed."""

    def evidence(self, challenge: bytes, now: datetime) -> SubmittedEvidence:
        """A chain for a key that answers a challenge."""
        made = makers().android.attest(challenge=challenge, made_at=now)
        if self.change is not None:
            self.change(made)
        return SubmittedEvidence(media_type="application/pem-certificate-chain", data=made.pem())


@dataclass(kw_only=True)
class IPhone:
    """A phone with one App Attest key."""

    made_at: datetime
    device: app_attest.AppAttestDevice = field(init=False)

    def __post_init__(self) -> None:
        self.device = app_attest.AppAttestDevice(apple=makers().apple, made_at=self.made_at)

    def registration(self, challenge: bytes) -> SubmittedEvidence:
        """The attestation of its key."""
        return SubmittedEvidence(
            media_type="application/vnd.warifu.app-attest+cbor",
            data=self.device.attestation(challenge).encode(),
            key=self.device.key_identifier,
        )

    def assertion(self, challenge: bytes, **members: Any) -> SubmittedEvidence:
        """A request signed with its key."""
        request = {"challenge": to_base64url(challenge), **members}
        client_data = json.dumps(request, sort_keys=True, separators=(",", ":")).encode()
        return SubmittedEvidence(
            media_type="application/vnd.warifu.app-attest-assertion+cbor",
            data=self.device.assertion(client_data).encode(),
            key=self.device.key_identifier,
            client_data=client_data,
        )


@dataclass(kw_only=True)
class Passkey:
    """An authenticator of the one model that the test world's metadata knows."""

    key: webauthn.CredentialKey = field(default_factory=webauthn.CredentialKey)
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    counter: int = 1
    handle: bytes = b"hanako's account"
    told_handle: bytes | None = b"hanako's account"
    """What the bank tells the service."""

    def registration(self, challenge: bytes) -> SubmittedEvidence:
        """The registration of its credential."""
        made = webauthn.Registration(
            challenge=challenge,
            key=self.key,
            credential_id=self.credential_id,
            origin=ORIGIN,
            rp_id=RP_ID,
            counter=self.counter,
            aaguid=UUID(AAGUID).bytes,
            statement=makers().authenticators,
        )
        return self._submitted(made.evidence())

    def assertion(self, challenge: bytes) -> SubmittedEvidence:
        """A sign-in."""
        self.counter += 1
        made = webauthn.Authentication(
            challenge=challenge,
            key=self.key,
            credential_id=self.credential_id,
            origin=ORIGIN,
            rp_id=RP_ID,
            counter=self.counter,
            user_handle=self.handle,
        )
        return self._submitted(made.evidence())

    def _submitted(self, evidence: bytes) -> SubmittedEvidence:
        return SubmittedEvidence(
            media_type="application/vnd.warifu.webauthn+json",
            data=evidence,
            user_handle=self.told_handle,
        )


def play_integrity_token(challenge: bytes, now: datetime) -> SubmittedEvidence:
    """A token of Google Play for an honest device."""
    verdict = play_integrity.honest_verdict()
    verdict["requestDetails"]["requestHash"] = to_base64url(challenge)
    verdict["requestDetails"]["timestampMillis"] = str(int(now.timestamp() * 1000))
    device = play_integrity.PlayIntegrityDevice(
        verdict=verdict, decryption_key=PLAY_SECRET, signing_key=makers().play_signing_key
    )
    return SubmittedEvidence(
        media_type="application/vnd.warifu.play-integrity", data=device.token()
    )


@dataclass(kw_only=True)
class Bank:
    """A bank's backend: asks the service what a backend asks."""

    house: Composition
    caller: Caller

    def work(self) -> Work:
        """A request now."""
        return Work(house=self.house, caller=self.caller, now=self.house.clock())

    def challenge(self, **about: Any) -> ChallengeAnswer:
        """A challenge for one transfer, unless something else is said."""
        return issue_challenge(self.work(), ChallengeRequest(**asked(**about)))

    def submit(
        self, challenge: ChallengeAnswer, evidence: SubmittedEvidence, **about: Any
    ) -> EvidenceAnswer:
        """Evidence, step by step."""
        return submit_evidence(
            self.work(),
            EvidenceRequest(challenge=challenge.id, evidence=evidence, **asked(**about)),
        )

    def decide(
        self,
        challenge: ChallengeAnswer | None = None,
        evidence: SubmittedEvidence | None = None,
        *,
        bank: BankKnown = IN_ORDER,
        appraisal: str | None = None,
        **about: Any,
    ) -> DecisionAnswer:
        """A decision."""
        return make_decision(
            self.work(),
            DecisionRequest(
                challenge=challenge.id if challenge else None,
                evidence=evidence,
                appraisal=appraisal,
                bank=bank,
                **asked(**about),
            ),
        )

    def register(self, phone: IPhone | Passkey, **about: Any) -> EvidenceAnswer:
        """A phone's key, once."""
        challenge = self.challenge(operation=LOGIN, **about)
        evidence = phone.registration(the_bytes(challenge))
        return self.submit(challenge, evidence, operation=LOGIN, **about)

    def put_policies(self, policies: dict[Operation, bytes]) -> None:
        """Other policies for the app, as a change that was approved would write them."""
        tenant = self.caller.tenant
        forget = Statement(sql="DELETE FROM apps WHERE tenant = :tenant", values={"tenant": tenant})
        put = put_app(tenant, wallet(), now=self.house.clock(), policies={**POLICIES, **policies})
        with self.house.database.write() as transaction:
            transaction.apply([forget, *put])

    def count(self, table: str) -> int:
        """Rows of the tenant in a table."""
        with self.house.database.read() as transaction:
            sql = f"SELECT COUNT(*) FROM {table} WHERE tenant = :tenant"  # noqa: S608 - a test's own
            row = transaction.row(sql, tenant=self.caller.tenant)
        return row[0] if row else 0
