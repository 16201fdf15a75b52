"""Encryption of what is kept: a random key for each owner, itself wrapped under a master key.

All is AES-256-GCM with random nonces of 96 bits::

    wrapped key   01 ‖ generation (4 octets) ‖ nonce (12) ‖ AES-GCM(master of that generation)
    sealed data   01 ‖ nonce (12) ‖ AES-GCM(the owner's key)
    sealed secret 01 ‖ generation (4 octets) ‖ nonce (12) ‖ AES-GCM(master's key for the tenant)

The associated data is deterministic CBOR of the purpose, the tenant, the owner, the kind and the
octets before the nonce: nothing opens anywhere but where it was put. Data is bound to a master key
only through the wrapped key of its owner, so that a new generation of master keys costs one small
row for each owner, and deleting that row erases all the owner's data.

Unwrapping takes 3 µs, so unwrapped keys are not remembered: after an erasure no process still holds
one.

A random nonce allows 2**32 wrappings under one key (NIST SP 800-38D §8.3). A generation of master
keys is to be followed by the next long before four thousand million devices.

The blind index is HMAC-SHA256 under a key of its own that does not follow the generations: an index
could only be made anew from the clear value, which is kept nowhere else. Who holds that key can try
all of the few serial numbers there are: it is as secret as the master keys.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import Misuse, VerifierFault
from warifu.base.secret import Secret
from warifu.service.composition import Owner
from warifu.service.vault.rules import DATA_KEYS, OPENS

KEY_OCTETS = 32
NONCE_OCTETS = 12
TAG_OCTETS = 16
VERSION = b"\x01"
GENERATION_OCTETS = 4
MAX_GENERATIONS = 64
"""Master keys held at once; each is removed when nothing is sealed under it any more."""
MAX_SEALED_OCTETS = 64 << 20

_DATA_KEY = "warifu/vault/data-key"
_DATA = "warifu/vault/data"
_SECRET = "warifu/vault/secret"  # noqa: S105 - names a purpose
_INDEX = b"warifu/vault/index"


class MasterKeys(Struct, frozen=True, kw_only=True):
    """The keys above all others. Whoever loses them has lost everything that is sealed."""

    generations: dict[int, Secret]
    """By number, from 1. The highest wraps; all unwrap."""
    index: Secret
    """From which the key of blind indexes is derived."""

    def __post_init__(self) -> None:
        """Refuse what could not be used.

        Raises:
            Misuse: ``vault/data-keys``.
        """
        if not 0 < len(self.generations) <= MAX_GENERATIONS:
            raise Misuse(DATA_KEYS, f"{len(self.generations)} generations")
        if not all(0 < number < 1 << 8 * GENERATION_OCTETS for number in self.generations):
            raise Misuse(DATA_KEYS, "a generation out of range")
        if any(len(key) != KEY_OCTETS for key in (self.index, *self.generations.values())):
            raise Misuse(DATA_KEYS, f"a key that is not of {KEY_OCTETS} octets")

    @property
    def newest(self) -> int:
        """The generation that wraps."""
        return max(self.generations)


class SealingVault:
    """The `Vault` of the service. Holds master keys in memory and nothing else; thread-safe."""

    def __init__(self, masters: MasterKeys) -> None:
        """Make ready to seal.

        Args:
            masters: All generations that anything may still be sealed under.
        """
        self._masters = masters
        self._wrapping = {
            number: AESGCM(key.reveal()) for number, key in masters.generations.items()
        }
        self._indexing = HMAC(_derive(masters.index, _INDEX), SHA256())

    @property
    def newest(self) -> int:
        """The generation of master keys that is sealed under."""
        return self._masters.newest

    def new_owner(self, tenant: str, name: str) -> Owner:
        """An owner with a new random key, to be stored as it is wrapped.

        Args:
            tenant: Whose owner.
            name: The device's id; empty for the tenant itself.
        """
        return self._wrap(tenant, name, AESGCM.generate_key(8 * KEY_OCTETS))

    def seal(self, owner: Owner, kind: str, data: bytes) -> bytes:
        """Encrypt `data`, bound to its owner and kind.

        Raises:
            VerifierFault: ``vault/opens`` where the owner's key does not unwrap.
        """
        bound = _bound(_DATA, owner.tenant, owner.name, kind, VERSION)
        return VERSION + _encrypt(AESGCM(self._unwrap(owner)), data, bound)

    def unseal(self, owner: Owner, kind: str, sealed: bytes) -> bytes:
        """The data again.

        Raises:
            VerifierFault: ``vault/opens`` where it was altered, or belongs to another.
        """
        head, body = _split(sealed, len(VERSION))
        bound = _bound(_DATA, owner.tenant, owner.name, kind, head)
        return _decrypt(AESGCM(self._unwrap(owner)), body, bound)

    def index(self, tenant: str, kind: str, value: bytes) -> bytes:
        """A blind index: equal values of one tenant and kind have equal ones, 32 bytes."""
        made = self._indexing.copy()
        made.update(cbor.encode_deterministic([tenant, kind, value]))
        return made.finalize()

    def seal_secret(self, tenant: str, kind: str, secret: Secret) -> bytes:
        """Encrypt a secret of the tenant's own, such as a vendor's decryption key."""
        head = self._newest_head()
        cipher = AESGCM(self._secrets_key(head, tenant))
        return head + _encrypt(cipher, secret.reveal(), _bound(_SECRET, tenant, "", kind, head))

    def unseal_secret(self, tenant: str, kind: str, sealed: bytes) -> Secret:
        """The secret again.

        Raises:
            VerifierFault: ``vault/opens``.
        """
        head, body = _split(sealed, len(VERSION) + GENERATION_OCTETS)
        cipher = AESGCM(self._secrets_key(head, tenant))
        return Secret(_decrypt(cipher, body, _bound(_SECRET, tenant, "", kind, head)))

    def rewrap(self, owner: Owner) -> Owner:
        """The same owner with its key under the newest master key; what is sealed stays as it is.

        Raises:
            VerifierFault: ``vault/opens``.
        """
        if generation_of(owner.wrapped) == self._masters.newest:
            return owner
        return self._wrap(owner.tenant, owner.name, self._unwrap(owner))

    def reseal_secret(self, tenant: str, kind: str, sealed: bytes) -> bytes:
        """The same secret under the newest master key.

        Raises:
            VerifierFault: ``vault/opens``.
        """
        return self.seal_secret(tenant, kind, self.unseal_secret(tenant, kind, sealed))

    def _wrap(self, tenant: str, name: str, key: bytes) -> Owner:
        head = self._newest_head()
        cipher = self._wrapping[self._masters.newest]
        wrapped = head + _encrypt(cipher, key, _bound(_DATA_KEY, tenant, name, "", head))
        return Owner(tenant=tenant, name=name, wrapped=wrapped)

    def _unwrap(self, owner: Owner) -> bytes:
        head, body = _split(owner.wrapped, len(VERSION) + GENERATION_OCTETS)
        cipher = self._wrapping.get(generation_of(owner.wrapped))
        if cipher is None:
            raise _unknown_generation(owner.wrapped)
        return _decrypt(cipher, body, _bound(_DATA_KEY, owner.tenant, owner.name, "", head))

    def _secrets_key(self, head: bytes, tenant: str) -> bytes:
        master = self._masters.generations.get(generation_of(head))
        if master is None:
            raise _unknown_generation(head)
        return _derive(master, cbor.encode_deterministic([_SECRET, tenant]))

    def _newest_head(self) -> bytes:
        return VERSION + self._masters.newest.to_bytes(GENERATION_OCTETS, "big")


def generation_of(sealed: bytes) -> int:
    """The generation of master keys that a wrapped key or a sealed secret needs."""
    return int.from_bytes(sealed[len(VERSION) : len(VERSION) + GENERATION_OCTETS], "big")


def _derive(key: Secret, purpose: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(SHA256(), KEY_OCTETS, salt=None, info=purpose).derive(key.reveal())


def _bound(*parts: str | bytes) -> bytes:
    """Associated data: purpose, tenant, owner, kind, head."""
    return cbor.encode_deterministic(parts)


def _encrypt(cipher: AESGCM, data: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_OCTETS)
    return nonce + cipher.encrypt(nonce, data, bound)


def _decrypt(cipher: AESGCM, body: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(body[:NONCE_OCTETS], body[NONCE_OCTETS:], bound)
    except InvalidTag as error:
        raise VerifierFault(OPENS, "altered, or of another owner or kind") from error


def _split(sealed: bytes, head: int) -> tuple[bytes, bytes]:
    least = head + NONCE_OCTETS + TAG_OCTETS
    if not least <= len(sealed) <= MAX_SEALED_OCTETS or sealed[: len(VERSION)] != VERSION:
        raise VerifierFault(OPENS, f"{len(sealed)} octets of no known version")
    return sealed[:head], sealed[head:]


def _unknown_generation(sealed: bytes) -> VerifierFault:
    number = generation_of(sealed)
    return VerifierFault(OPENS, f"master key {number} is not in the data key file")
