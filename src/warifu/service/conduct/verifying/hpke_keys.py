"""Our encryption keys for PINs: made when none lives long enough, forgotten after hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Struct

from warifu.authentication.user.hpke_keys import HpkeKey, own_hpke_key, write_hpke_certificate
from warifu.authentication.user.pin import GRACE
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.secret import Secret
from warifu.service.composition import Owner
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.sealing import tenant_owner, verifier_of
from warifu.service.store.hpke_keys import (
    StoredHpkeKey,
    delete_hpke_keys,
    insert_hpke_key,
    live_hpke_keys,
)

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Transaction

KIND = "hpke-key"
"""What a sealed private key is bound to, beside the tenant."""


class PinKeyAnswer(Struct, frozen=True, kw_only=True):
    """The key to which PINs are encrypted now."""

    id: str
    """In hex."""
    certificate: bytes
    """COSE_Sign1 by the long-term key that apps pin; the app verifies it before it encrypts."""
    not_after: datetime


class PrivateHpkeKeys(Struct, frozen=True, kw_only=True):
    """Keys that may still decrypt; the private ones sealed until one is asked for."""

    owner: Owner
    certified: Mapping[bytes, HpkeKey]
    sealed: Mapping[bytes, bytes]

    def private(self, work: Work, name: bytes) -> Secret:
        """The private value of one of them.

        Raises:
            VerifierFault: ``vault/opens``.
        """
        return Secret(work.house.vault.unseal(self.owner, KIND, self.sealed[name]))


def current_pin_key(work: Work) -> PinKeyAnswer:
    """The key to encrypt PINs to now; a new one where the newest has lived half of its life.

    Raises:
        VerifierFault: ``keys/no-signer`` where nothing signs its certificate.
    """
    life = timedelta(hours=work.house.settings.pins.key_hours)
    with work.house.database.read() as transaction:
        stored = live_hpke_keys(transaction, work.tenant, now=work.now)
        owner = tenant_owner(work, transaction)
    for each in stored:
        # One from the future was made before our clock was set back; phones would refuse it.
        if each.made_at <= work.now < each.made_at + life / 2:
            return _told(each.id, each.certificate)
    # Two processes may each make one at the same moment: both serve.
    return _make(work, owner, life)


def read_pin_keys(work: Work, transaction: Transaction, owner: Owner) -> PrivateHpkeKeys:
    """All keys of ours that may still decrypt."""
    stored = live_hpke_keys(transaction, work.tenant, now=work.now)
    named = {bytes.fromhex(each.id): each for each in stored}
    return PrivateHpkeKeys(
        owner=owner,
        certified={name: own_hpke_key(each.certificate) for name, each in named.items()},
        sealed={name: each.sealed for name, each in named.items()},
    )


def _make(work: Work, owner: Owner, life: timedelta) -> PinKeyAnswer:
    private = X25519PrivateKey.generate()
    begins = work.now.replace(microsecond=0)
    certificate = write_hpke_certificate(
        private.public_key().public_bytes_raw(),
        verifier=verifier_of(work),
        not_before=begins,
        not_after=begins + life,
        signer=work.house.keys.ring(work.now).signer(KeyPurpose.HPKE_CERTIFICATION, work.now),
    )
    made = own_hpke_key(certificate)
    answer = _told(made.id.hex(), certificate)
    key = StoredHpkeKey(
        id=answer.id,
        certificate=certificate,
        sealed=work.house.vault.seal(owner, KIND, private.private_bytes_raw()),
        made_at=made.not_before,
        expires_at=made.not_after + GRACE,
    )
    commit(
        work,
        [delete_hpke_keys(work.tenant, now=work.now), insert_hpke_key(work.tenant, key)],
        answer=answer,
        audit=[AuditEntry(action="pin-key/made", subject=answer.id)],
    )
    return answer


def _told(name: str, certificate: bytes) -> PinKeyAnswer:
    return PinKeyAnswer(
        id=name, certificate=certificate, not_after=own_hpke_key(certificate).not_after
    )
