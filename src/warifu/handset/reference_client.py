"""A reference client: an app that speaks the documented wire formats, and nothing else.

Whoever writes an app in another language finds here, in one place, what it does and in which order.
Formats are in ``docs/formats/`` (activation, transaction, confirmation, user authentication); it is
held to the files of ``docs/vectors``. What is received is checked before anything is done with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from warifu.base.codec.cbor import encode_deterministic
from warifu.handset import confirmation as wire
from warifu.handset import reference_checks as checks
from warifu.handset.activation import CONTEXT_DOMAIN, NONCE_OCTETS, Activation
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import PrivateKey, spki
from warifu.handset.endorsement import EndorsementDraft
from warifu.handset.reference_checks import Asked, NotForUsError, Pinned
from warifu.handset.user_authentication import (
    CALL_TYPE,
    STATEMENT_TYPE,
    DpopDraft,
    PinDraft,
    SignedDraft,
    call,
    statement,
)
from warifu.handset.webauthn import Authentication, CredentialKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.handset.endorsement import EndorsementQuestion

CHANNEL = "app"
NONCE_OF_SERVER_OCTETS = 32

BoundKey = PrivateKey | AppAttestDevice | CredentialKey


class OutOfOrderError(RuntimeError):
    """What must come first has not come: going on would give an attacker his choice."""


class CannotSayError(ValueError):
    """This kind of key cannot say this."""


@dataclass(kw_only=True)
class Enrolment:
    """One enrolment, in the only order that it may have."""

    pinned: Pinned
    key: BoundKey
    """Made after `scan`, for `challenge`, where the platform attests a key only while making it."""
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(NONCE_OCTETS))
    _steps: Activation | None = None
    _committed: bool = False
    _server_nonce: bytes | None = None

    def scan(self, text: str, now: int | None) -> bytes:
        """Verify the bank's code; gives the challenge that the evidence is made for.

        Raises:
            NotForUsError: Not of the pinned bank. Nothing has been sent.
        """
        code = checks.read_code(text, self.pinned, now)
        self._steps = Activation(
            pinned=self.pinned.code_keys,
            verifier=self.pinned.verifier,
            nonce=self.nonce,
            activation=code.activation,
            verifier_key=code.verifier_key,
        )
        return self._steps.challenge

    def commitment(self) -> bytes:
        """What is sent first: the server's nonce is asked for only afterwards."""
        made = self._scanned().commitment(public_key_of(self.key))
        self._committed = True
        return made

    def reveal(self, server_nonce: bytes) -> bytes:
        """Take the server's nonce, once, and give out the device's to be sent with the evidence.

        Raises:
            OutOfOrderError: Before the commitment, or a second nonce: whoever may offer several
                chooses the digits.
        """
        self._scanned()
        if not self._committed or self._server_nonce is not None:
            raise OutOfOrderError("one nonce, after the commitment")
        if len(server_nonce) != NONCE_OF_SERVER_OCTETS:
            raise NotForUsError("no nonce")
        self._server_nonce = server_nonce
        return self.nonce

    def digits(self) -> str:
        """Eight digits to show: the person types them into the bank's own channel."""
        if self._server_nonce is None:
            raise OutOfOrderError("no nonce of the server yet")
        return self._scanned().digits(public_key_of(self.key), self._server_nonce)

    def _scanned(self) -> Activation:
        if self._steps is None:
            raise OutOfOrderError("no code was verified")
        return self._steps


@dataclass(kw_only=True)
class Session:
    """Ordered calls of one session."""

    context: bytes
    sequence: int = 0


@dataclass(kw_only=True)
class ReferenceClient:
    """An app instance that is bound."""

    pinned: Pinned
    user: str
    device: str
    kind: str
    """The kind of proof that its key is bound for (confirmation.md §1)."""
    key: BoundKey
    refusal_key: PrivateKey | None = None
    """The device key that refuses where `kind` cannot."""
    token_key: PrivateKey | None = None
    """To which access tokens are issued: the bound key, or a session key that it endorsed."""
    binding: bytes = b""
    """The binding's id, as the bank told it when the device was bound."""

    def ask(self, transaction: bytes, now: int, show: Callable[[str], None]) -> Asked:
        """Take a transaction and show it.

        Raises:
            NotForUsError: Not asked of this device by the pinned bank; there is nothing to answer.
        """
        return checks.receive(
            transaction, self.pinned, user=self.user, device=self.device, now=now, show=show
        )

    def approve(
        self,
        asked: Asked,
        *,
        user_verified: bool = False,
        counter: int = 1,
        payment: dict[str, Any] | None = None,
    ) -> bytes:
        """The proof that the person approved what was shown.

        Args:
            asked: From `ask`.
            user_verified: Whether PIN or biometrics were checked for this very answer.
            counter: Of a passkey.
            payment: What the browser's sheet showed, for ``secure-payment``.

        Raises:
            CannotSayError: A device key alone approves nothing.
        """
        answer = _answer(asked, wire.OK, None)
        if self.kind == "protected-confirmation":
            draft = wire.ProtectedConfirmationDraft(
                prompt=asked.text, extra=answer, key=self._plain_key()
            )
            return draft.encode()
        if self.kind == "device-key":
            raise CannotSayError("a device key alone refuses, and approves nothing")
        return self._proof(answer, user_verified=user_verified, counter=counter, payment=payment)

    def refuse(self, asked: Asked, reason: int, *, counter: int = 1) -> bytes:
        """The proof of a refusal; it asks for no PIN.

        Raises:
            CannotSayError: The kind cannot refuse, and there is no device key beside it.
        """
        answer = _answer(asked, wire.NG, reason)
        cannot = self.kind in {"protected-confirmation", "secure-payment"}
        if cannot or self.kind == "device-key":
            key = self.refusal_key if cannot else self._plain_key()
            if key is None:
                raise CannotSayError("refused with a device key, which is not there")
            kind = wire.DEVICE_KEY_TYPE
            return wire.EnvelopeDraft(answer=answer, key=key, type=kind, headers={}).encode()
        return self._proof(answer, user_verified=False, counter=counter, payment=None)

    def seal_pin(
        self,
        pin: str,
        certificate: bytes,
        *,
        challenge: bytes,
        now: int,
        purpose: str = "pin",
        operation: bytes | None = None,
    ) -> bytes:
        """A PIN for the server, encrypted to a key that the pinned long-term key certified.

        Raises:
            NotForUsError: Nothing was encrypted.
        """
        server_key = checks.read_hpke_key(certificate, self.pinned, now)
        key = self.key
        if isinstance(key, CredentialKey):
            raise CannotSayError("a passkey signs no envelope")
        context = self.context(purpose, challenge, operation)
        return PinDraft(pin=pin, context=context, server_key=server_key, key=key).encode()

    def state(
        self,
        method: int,
        *,
        purpose: str,
        challenge: bytes,
        now: int,
        operation: bytes | None = None,
    ) -> bytes:
        """The signed statement of what this terminal checked (1 PIN, 2 biometrics, 3 lock)."""
        payload = statement(self.context(purpose, challenge, operation), method, now)
        return self._signed(STATEMENT_TYPE, payload)

    def begin(self, *, purpose: str, challenge: bytes, operation: bytes | None = None) -> Session:
        """A session of ordered calls."""
        return Session(context=self.context(purpose, challenge, operation))

    def call(self, session: Session, method: str, path: str, body: bytes = b"") -> bytes:
        """Sign the next call of a session."""
        session.sequence += 1
        payload = call(session.context, method, path, body=body, sequence=session.sequence)
        return self._signed(CALL_TYPE, payload)

    def read(self, method: str, url: str, *, token: str, now: int, nonce: str | None) -> bytes:
        """The DPoP header of a call that only reads."""
        if self.token_key is None:
            raise CannotSayError("no token was issued to a key of this app")
        draft = DpopDraft(
            token=token, method=method, url=url, issued_at=now, key=self.token_key, nonce=nonce
        )
        return draft.encode()

    def endorse(
        self, question: EndorsementQuestion, key: PrivateKey, *, now: int, counter: int = 1
    ) -> EndorsementDraft:
        """Endorse a further key: the draft gives endorsement and possession.

        Args:
            question: As the bank asked.
            key: The new one. A component signs its possession itself: `component_possession`.
            now: Seconds since 1970.
            counter: Of a passkey.

        Raises:
            NotForUsError: Not asked of this binding by the pinned bank. Nothing was signed.
            CannotSayError: The bound key signs only what was shown.
        """
        checks.check_endorsement_question(question, self.pinned, binding=self.binding, now=now)
        if self.kind == "protected-confirmation":
            raise CannotSayError("the key signs only what was shown")
        own = self.key
        bound = (
            Authentication(key=own, flags=0x05, counter=counter)
            if isinstance(own, CredentialKey)
            else own
        )
        return EndorsementDraft(
            verifier=self.pinned.verifier,
            channel=question.channel,
            binding=self.binding,
            use=question.use,
            challenge=question.challenge,
            expires_at=question.expires_at,
            bound=bound,
            key=key,
        )

    def context(self, purpose: str, challenge: bytes, operation: bytes | None = None) -> bytes:
        """What answers are over: made from what the app knows itself, so that none can be relayed.

        Nothing but the challenge, and the digest of the operation that it is for, is taken from
        whoever asks.
        """
        known = (self.pinned.verifier, CHANNEL, purpose, self.user, self.device)
        return encode_deterministic([CONTEXT_DOMAIN, *known, operation, challenge])

    def _proof(
        self, answer: bytes, *, user_verified: bool, counter: int, payment: dict[str, Any] | None
    ) -> bytes:
        key = self.key
        if isinstance(key, AppAttestDevice):
            return wire.app_attest_proof(answer, key)
        if isinstance(key, CredentialKey):
            flags = 0x05 if user_verified else 0x01
            fields: dict[str, Any] = {"key": key, "flags": flags, "counter": counter}
            made = (
                Authentication(**fields)
                if payment is None
                else wire.payment_authentication(payment, **fields)
            )
            return wire.BrowserDraft(answer=answer, authentication=made).encode()
        headers: dict[Any, Any] = {wire.USER_VERIFIED: user_verified}
        return wire.EnvelopeDraft(answer=answer, key=key, headers=headers).encode()

    def _signed(self, content_type: str, payload: bytes) -> bytes:
        key = self.key
        if isinstance(key, CredentialKey):
            raise CannotSayError("a passkey signs no document")
        return SignedDraft(type=content_type, payload=payload, key=key).encode()

    def _plain_key(self) -> PrivateKey:
        if isinstance(self.key, AppAttestDevice | CredentialKey):
            raise CannotSayError("the key signs assertions only")
        return self.key


def public_key_of(key: BoundKey) -> bytes:
    """DER of SubjectPublicKeyInfo."""
    if isinstance(key, AppAttestDevice):
        return key.public_key
    return key.spki() if isinstance(key, CredentialKey) else spki(key)


def _answer(asked: Asked, verdict: int, reason: int | None) -> bytes:
    """Over the digest that the display computed."""
    members: dict[int, Any] = {1: 1, 2: asked.digest, 3: verdict}
    return encode_deterministic(members if reason is None else {**members, 4: reason})
