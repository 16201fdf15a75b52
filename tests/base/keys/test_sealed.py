"""A key file opens whole and under its passphrase, or not at all."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support import misuse
from warifu.base.codec import cbor
from warifu.base.errors import Misuse
from warifu.base.keys import jwks, sealed
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import MAX_KEYS, Custody, KeyRing
from warifu.base.keys.sealed import LEAST, MOST, USUAL, Derivation, seal, unseal
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret

START = datetime(2026, 11, 21, tzinfo=UTC)
LATER = START + timedelta(days=30)
WORD = b"correct horse battery staple"
PASSPHRASE = Secret(WORD)


def sealed_ring(ring: KeyRing, passphrase: Secret = PASSPHRASE) -> bytes:
    return seal(ring, passphrase, random_octets=os.urandom, derivation=LEAST)


def made_ring() -> KeyRing:
    ring = KeyRing()
    for purpose, algorithm in ((KeyPurpose.EAR, "ES256"), (KeyPurpose.RECEIPT, "EdDSA")):
        signer = SoftwareSigner.generate(algorithm, os.urandom)
        ring = ring.rotate(purpose, signer, custody=Custody.FILE, now=START)
    return ring


RING = made_ring()
FILE = sealed_ring(RING)


def with_header(change: Callable[[dict[str, Any]], object], data: bytes = FILE) -> bytes:
    """The file with another header, in proper form, and everything else as it was."""
    header, nonce, body = cbor2.loads(data)
    fields = cbor2.loads(header)
    change(fields)
    return cbor.encode_deterministic([cbor.encode_deterministic(fields), nonce, body])


def numbered(*changes: Callable[[dict[str, Any]], object]) -> list[Any]:
    return [pytest.param(change, id=str(number)) for number, change in enumerate(changes)]


def sealed_by_hand(privates: object) -> bytes:
    """What a holder of the passphrase could make with other tools."""
    header, nonce, _ = cbor2.loads(FILE)
    fields = cbor2.loads(header)
    derive = Argon2id(
        salt=fields["kdf"]["salt"], length=32, iterations=2, lanes=1, memory_cost=19456
    )
    body = AESGCM(derive.derive(WORD)).encrypt(nonce, cbor.encode_deterministic(privates), header)
    return cbor.encode_deterministic([header, nonce, body])


def test_a_ring_comes_back_as_it_was() -> None:
    opened = unseal(FILE, PASSPHRASE)
    assert opened.records == RING.records
    assert (opened.counter, opened.changed_at) == (RING.counter, RING.changed_at)
    for purpose in (KeyPurpose.EAR, KeyPurpose.RECEIPT):
        assert opened.signer(purpose, START).public_key == RING.signer(purpose, START).public_key


def test_a_ring_with_every_date_comes_back_as_it_was() -> None:
    signer = SoftwareSigner.generate("EdDSA", os.urandom)
    ring = RING.rotate(KeyPurpose.EAR, signer, custody=Custody.TOKEN, now=LATER)
    ring = ring.revoke(RING.records[1].key_id, now=LATER)
    assert unseal(sealed_ring(ring), PASSPHRASE).records == ring.records


def test_an_empty_ring_is_sealed_too() -> None:
    assert unseal(sealed_ring(KeyRing()), PASSPHRASE) == KeyRing()


def test_a_key_that_no_longer_signs_leaves_no_private_value() -> None:
    signer = SoftwareSigner.generate("EdDSA", os.urandom)
    ring = RING.rotate(KeyPurpose.EAR, signer, custody=Custody.FILE, now=LATER)
    old = RING.records[0].key_id
    assert old in unseal(sealed_ring(ring), PASSPHRASE).signers
    renewed = ring.renew(now=LATER + timedelta(days=2))
    assert old not in unseal(sealed_ring(renewed), PASSPHRASE).signers


def test_no_private_value_and_no_passphrase_stands_in_the_file() -> None:
    for signer in RING.signers.values():
        assert isinstance(signer, SoftwareSigner)
        assert signer.private().reveal() not in FILE
    assert WORD not in FILE


def test_two_seals_of_one_ring_share_no_salt_or_nonce() -> None:
    (header, nonce, body), (header2, nonce2, body2) = (
        cbor2.loads(each) for each in (FILE, sealed_ring(RING))
    )
    assert header != header2
    assert nonce != nonce2
    assert body != body2


def test_a_new_passphrase_shuts_out_the_old_one() -> None:
    other = Secret(b"another passphrase")
    again = sealed_ring(unseal(FILE, PASSPHRASE).renew(now=LATER), other)
    assert unseal(again, other).records == RING.records
    with misuse(sealed.OPENS):
        unseal(again, PASSPHRASE)


def test_a_wrong_passphrase_and_an_altered_file_are_refused_alike() -> None:
    header, nonce, body = cbor2.loads(FILE)
    altered = cbor.encode_deterministic([header, nonce, bytes([body[0] ^ 1]) + body[1:]])
    seen = []
    for data, passphrase in ((FILE, Secret(b"wrong")), (altered, PASSPHRASE)):
        with pytest.raises(Misuse) as caught:
            unseal(data, passphrase)
        seen.append((caught.value.code, str(caught.value), caught.value.__cause__))
    assert seen[0] == seen[1]
    assert seen[0][0] == sealed.OPENS.code


def swap_purposes(fields: dict[str, Any]) -> None:
    first, second = fields["keys"]
    first["purpose"], second["purpose"] = second["purpose"], first["purpose"]


@pytest.mark.parametrize(
    "change",
    numbered(
        swap_purposes,
        lambda fields: fields["keys"].reverse(),
        lambda fields: fields["keys"].pop(),
        lambda fields: fields.update(counter=99),
        lambda fields: fields.update(changed_at=1),
        lambda fields: fields["keys"][0].update(custody="token"),
        lambda fields: fields["keys"][0].update(signs_from=0),
        lambda fields: fields["keys"][0].update(signs_until=2_000_000_000),
        lambda fields: fields["keys"][0].update(revoked_at=0),
        lambda fields: fields["kdf"].update(salt=bytes(16)),
        lambda fields: fields["kdf"].update(iterations=3),
    ),
)
def test_a_tampered_header_does_not_open(change: Callable[[dict[str, Any]], object]) -> None:
    with misuse(sealed.OPENS):
        unseal(with_header(change), PASSPHRASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_kib", 8),
        ("memory_kib", LEAST.memory_kib - 1),
        ("iterations", 1),
        ("lanes", 0),
    ],
)
def test_a_downgraded_derivation_is_refused(name: str, value: int) -> None:
    with misuse(sealed.DERIVATION):
        unseal(with_header(lambda fields: fields["kdf"].update({name: value})), PASSPHRASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_kib", MOST.memory_kib + 1),
        ("memory_kib", 2**64 - 1),
        ("iterations", MOST.iterations + 1),
        ("lanes", MOST.lanes + 1),
    ],
)
def test_a_hostile_file_burns_no_memory(
    name: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "Argon2id", lambda **_: pytest.fail("derived a key"))
    with misuse(sealed.DERIVATION):
        unseal(with_header(lambda fields: fields["kdf"].update({name: value})), PASSPHRASE)


def test_nothing_is_sealed_weakly() -> None:
    weak = Derivation(memory_kib=8, iterations=1, lanes=1)
    with misuse(sealed.DERIVATION):
        seal(RING, PASSPHRASE, random_octets=os.urandom, derivation=weak)


@pytest.mark.parametrize("passphrase", [b"", b"elevenbytes", b"x" * 1025])
def test_a_passphrase_that_can_be_tried_out_seals_nothing(passphrase: bytes) -> None:
    with misuse(sealed.PASSPHRASE):
        sealed_ring(RING, Secret(passphrase))


def test_a_passphrase_without_end_is_not_tried() -> None:
    with misuse(sealed.PASSPHRASE):
        unseal(FILE, Secret(b"x" * 1025))


def test_the_usual_derivation_is_that_of_rfc_9106() -> None:
    data = seal(KeyRing(), PASSPHRASE, random_octets=os.urandom)
    kdf = cbor2.loads(cbor2.loads(data)[0])["kdf"]
    kdf.pop("salt")
    assert kdf == {"name": "argon2id", "memory_kib": 65536, "iterations": 3, "lanes": 4}
    assert USUAL.memory_kib == 65536
    assert unseal(data, PASSPHRASE) == KeyRing()


def test_an_old_key_file_played_again_is_refused() -> None:
    newer = RING.revoke(RING.records[0].key_id, now=LATER)
    with misuse(sealed.NO_ROLLBACK):
        unseal(FILE, PASSPHRASE, at_least=newer.counter)
    assert unseal(FILE, PASSPHRASE, at_least=RING.counter).counter == RING.counter


def drop(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda fields: fields.pop(name)


def set_key(**members: object) -> Callable[[dict[str, Any]], object]:
    return lambda fields: fields["keys"][0].update(members)


@pytest.mark.parametrize(
    "change",
    numbered(
        *(drop(name) for name in ("format", "version", "counter", "changed_at", "kdf", "keys")),
        lambda fields: fields.update(format="other"),
        lambda fields: fields.update(version=2),
        lambda fields: fields.update(version=True),
        lambda fields: fields.update(extra=1),
        lambda fields: fields.update(counter=-1),
        lambda fields: fields.update(changed_at=-1),
        lambda fields: fields.update(changed_at=sealed.LAST_MOMENT + 1),
        lambda fields: fields["kdf"].update(name="scrypt"),
        lambda fields: fields["kdf"].update(salt=b"short"),
        lambda fields: fields["kdf"].update(extra=1),
        lambda fields: fields["keys"].append(7),
        lambda fields: fields["keys"].append(fields["keys"][0]),
        lambda fields: fields.update(keys=[7] * (MAX_KEYS + 1)),
        set_key(key_id="another"),
        set_key(purpose="everything"),
        set_key(custody="cloud"),
        set_key(algorithm="EdDSA"),
        set_key(extra=1),
        set_key(signs_until=None),
    ),
)
def test_a_header_of_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with misuse(sealed.WELL_FORMED):
        unseal(with_header(change), PASSPHRASE)


def test_a_header_with_a_key_of_another_kind_is_refused() -> None:
    with misuse(jwks.PUBLIC_KEY):
        unseal(with_header(set_key(public_key=bytes(44))), PASSPHRASE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        FILE + b"\0",
        cbor2.dumps({}),
        cbor2.dumps([b"", b""]),
        cbor2.dumps([b"", b"", ""]),
        cbor2.dumps([cbor2.loads(FILE)[0], b"short", b""]),
        b"\x98\x03" + FILE[1:],
        bytes(sealed.MAX_BYTES + 1),
    ],
)
def test_a_container_of_another_form_is_refused(data: bytes) -> None:
    with misuse(sealed.WELL_FORMED):
        unseal(data, PASSPHRASE)


@pytest.mark.parametrize(
    "privates",
    [
        [],
        {RING.records[0].key_id: "text"},
        {RING.records[0].key_id: b"\1" * 32},
        {RING.records[0].key_id: bytes(32)},
        {"another": b"\1" * 32},
        {7: b"\1" * 32},
    ],
)
def test_private_values_that_do_not_fit_their_public_keys_do_not_open(privates: object) -> None:
    with misuse(sealed.OPENS):
        unseal(sealed_by_hand(privates), PASSPHRASE)


def test_signers_under_the_wrong_names_do_not_open() -> None:
    first, second = RING.signers.values()
    swapped = replace(RING, signers={first.key_id: second, second.key_id: first})
    with misuse(sealed.OPENS):
        unseal(sealed_ring(swapped), PASSPHRASE)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_misuse(data: bytes) -> None:
    with pytest.raises(Misuse):
        unseal(data, PASSPHRASE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(["format", "version", "counter", "changed_at", "kdf", "keys", "other"]), VALUES
)
def test_any_header_member_is_a_misuse(name: str, value: object) -> None:
    data = with_header(lambda fields: fields.update({name: value}))
    if data != FILE:
        with pytest.raises(Misuse):
            unseal(data, PASSPHRASE)


@given(st.sampled_from(sorted(cbor2.loads(cbor2.loads(FILE)[0])["keys"][0])), VALUES)
def test_any_member_of_a_key_is_a_misuse(name: str, value: object) -> None:
    data = with_header(lambda fields: fields["keys"][0].update({name: value}))
    if data != FILE:
        with pytest.raises(Misuse):
            unseal(data, PASSPHRASE)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_a_misuse(position: int, change: int) -> None:
    data = bytearray(FILE)
    data[position] ^= change
    with pytest.raises(Misuse):
        unseal(bytes(data), PASSPHRASE)
