"""What a bank asks about: an app, an operation, a user, a device; and the digest of all of it.

A challenge is bound to this digest. What answers the challenge is taken for exactly the same
operation of the same user only, and not for another amount, payee or device.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct

from warifu.base.codec.cbor import encode_deterministic
from warifu.risk.decision.facts import Operation, OperationFacts

MAX_AMOUNT = 10**15
MAX_CONTEXT = 20

AppId = Annotated[str, Meta(min_length=1, max_length=64)]
UserId = Annotated[str, Meta(min_length=1, max_length=200)]
DeviceId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._~:@-]{1,200}\Z")]
RecordId = Annotated[str, Meta(min_length=1, max_length=64)]
Amount = Annotated[int, Meta(ge=1, le=MAX_AMOUNT)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
ContextName = Annotated[str, Meta(min_length=1, max_length=64)]
ContextValue = Annotated[str, Meta(max_length=200)]
Context = Annotated[dict[ContextName, ContextValue], Meta(max_length=MAX_CONTEXT)]


class AskedOperation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer wants to do."""

    kind: Operation
    amount: Amount | None = None
    """In minor units of `currency`."""
    currency: Currency | None = None
    """ISO 4217."""
    payee_known: bool | None = None
    """Whether money went to this payee before, and nobody complained."""

    def facts(self) -> OperationFacts:
        """As rules read it."""
        return OperationFacts(
            kind=self.kind,
            amount=self.amount,
            currency=self.currency,
            payee_known=self.payee_known,
        )


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every request says that is about an operation on a device."""

    app: AppId
    """The id of the app registration."""
    operation: AskedOperation
    user: UserId | None = None
    """The bank's own stable name of the user. It is not stored, only a keyed hash of it."""
    device: DeviceId | None = None
    """The bank's own name of the device; where it gives none, the key names the device."""
    context: Context = {}
    """What else this is about, such as the payee's account. It is not stored, only its hash."""


def context_digest(asked: Asked) -> bytes:
    """What a challenge is bound to: SHA-256 over the deterministic CBOR of what is asked."""
    operation = asked.operation
    return sha256(
        encode_deterministic(
            [
                asked.app,
                [operation.kind.value, operation.amount, operation.currency, operation.payee_known],
                asked.user,
                asked.device,
                asked.context,
            ]
        )
    ).digest()
