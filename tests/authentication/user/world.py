"""One person, a device of each kind, a bank's keys, and one question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from warifu.attestation.claims import Endorsement, Key
from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.user.hpke_keys import HpkeKey, hpke_key_id
from warifu.authentication.user.pin import SealedPin, verify_envelope
from warifu.authentication.user.pin_record import Pepper, new_pin_record
from warifu.base.secret import Secret
from warifu.handset.app_attest import APP, AppAttestDevice
from warifu.handset.authority import PrivateKey, new_key, spki
from warifu.handset.user_authentication import PinDraft

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())

CONTEXT = Context(
    verifier="bank.example", channel="app", purpose="log-in", user="customer-1", device="device-1"
)
CHALLENGE = bytes(range(32))
ASKED = context_bytes(CONTEXT, CHALLENGE)

DEVICE_KEY = new_key()
OTHER_KEY = new_key()
PIN = "739518"
PEPPER = Pepper(name="pepper-1", value=Secret(b"pepper of the test bank"))
RECORD = new_pin_record(Secret(PIN.encode()), user="customer-1", salt=bytes(16), pepper=PEPPER)

HPKE_PRIVATE = X25519PrivateKey.generate()
HPKE_SECRET = Secret(HPKE_PRIVATE.private_bytes_raw())
HPKE_PUBLIC = HPKE_PRIVATE.public_key().public_bytes_raw()
HPKE_KEY = HpkeKey(
    id=hpke_key_id(HPKE_PUBLIC),
    public_key=HPKE_PUBLIC,
    verifier="bank.example",
    not_before=NOW - timedelta(hours=1),
    not_after=NOW + timedelta(hours=1),
)
HPKE_KEYS = {HPKE_KEY.id: HPKE_KEY}


def bound_to(
    key: PrivateKey | AppAttestDevice = DEVICE_KEY,
    kind: ProofKind = ProofKind.DEVICE_KEY,
    counter: int | None = None,
) -> BoundKey:
    """A key as its binding has it."""
    if isinstance(key, AppAttestDevice):
        return BoundKey(
            kind=ProofKind.APP_ATTEST,
            public_key=key.public_key,
            identifier=key.key_identifier,
            app=APP,
            counter=counter,
        )
    return BoundKey(
        kind=kind,
        public_key=spki(key),
        identifier=sha256(spki(key)).digest(),
        app="jp.example.bank",
        user_verification_required=True,
    )


def attested(
    bound: BoundKey,
    user_authentication: str | None = "password-or-biometric",
    endorsement: Endorsement = Endorsement.ANCHORED,
) -> Key:
    """The claims proved about a key at enrolment."""
    return Key(
        public_key=bound.public_key,
        endorsement=endorsement,
        user_authentication=user_authentication,
    )


def pin_draft(**fields: object) -> PinDraft:
    """An honest PIN, but for the fields given."""
    honest = {"pin": PIN, "context": ASKED, "server_key": HPKE_PUBLIC, "key": DEVICE_KEY}
    return PinDraft(**{**honest, **fields})  # type: ignore[arg-type]


def sealed_pin(draft: PinDraft | None = None, bound: BoundKey | None = None) -> SealedPin:
    """An envelope, verified but not opened."""
    return verify_envelope(
        (draft or pin_draft()).encode(),
        bound=bound or bound_to(),
        context=CONTEXT,
        challenge=CHALLENGE,
        keys=HPKE_KEYS,
        now=NOW,
    )
