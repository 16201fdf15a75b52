"""What is sealed opens for its owner, its kind and its tenant, and for nothing else."""

from __future__ import annotations

import os

import pytest

from tests.support import misuse, no_statement
from warifu.base.secret import Secret
from warifu.service.composition import Owner, Vault
from warifu.service.vault.rules import DATA_KEYS, OPENS
from warifu.service.vault.vault import (
    MAX_GENERATIONS,
    MAX_SEALED_OCTETS,
    MasterKeys,
    SealingVault,
    generation_of,
)

DATA = b"evidence as it was received"


def key() -> Secret:
    return Secret(os.urandom(32))


@pytest.fixture
def masters() -> MasterKeys:
    return MasterKeys(generations={1: key()}, index=key())


@pytest.fixture
def vault(masters: MasterKeys) -> SealingVault:
    return SealingVault(masters)


@pytest.fixture
def owner(vault: SealingVault) -> Owner:
    return vault.new_owner("bank", "phone-1")


def rotated(masters: MasterKeys) -> MasterKeys:
    return MasterKeys(
        generations={**masters.generations, masters.newest + 1: key()}, index=masters.index
    )


def test_what_is_sealed_opens_again(vault: Vault, owner: Owner) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    assert DATA not in sealed
    assert vault.unseal(owner, "evidence", sealed) == DATA


def test_the_same_data_is_never_sealed_alike(vault: Vault, owner: Owner) -> None:
    assert vault.seal(owner, "evidence", DATA) != vault.seal(owner, "evidence", DATA)


@pytest.mark.parametrize("place", range(1, 1 + 12 + len(DATA) + 16))
def test_a_sealed_value_altered_at_any_octet_is_refused(
    vault: Vault, owner: Owner, place: int
) -> None:
    sealed = bytearray(vault.seal(owner, "evidence", DATA))
    sealed[place] ^= 1
    with no_statement(OPENS):
        vault.unseal(owner, "evidence", bytes(sealed))


def test_another_version_is_refused(vault: Vault, owner: Owner) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    with no_statement(OPENS):
        vault.unseal(owner, "evidence", b"\x02" + sealed[1:])


@pytest.mark.parametrize("length", [0, 1, 12, 28])
def test_a_sealed_value_cut_short_is_refused(vault: Vault, owner: Owner, length: int) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    with no_statement(OPENS):
        vault.unseal(owner, "evidence", sealed[:length])


def test_a_sealed_value_without_end_is_refused(vault: Vault, owner: Owner) -> None:
    with no_statement(OPENS):
        vault.unseal(owner, "evidence", b"\x01" * (MAX_SEALED_OCTETS + 1))


def test_a_value_moved_to_another_kind_is_refused(vault: Vault, owner: Owner) -> None:
    with no_statement(OPENS):
        vault.unseal(owner, "identifiers", vault.seal(owner, "evidence", DATA))


def test_a_value_moved_to_another_owner_is_refused(vault: Vault, owner: Owner) -> None:
    other = vault.new_owner("bank", "phone-2")
    with no_statement(OPENS):
        vault.unseal(other, "evidence", vault.seal(owner, "evidence", DATA))


@pytest.mark.parametrize(("tenant", "name"), [("bank", "phone-2"), ("other-bank", "phone-1")])
def test_a_wrapped_key_moved_to_another_owner_or_tenant_is_refused(
    vault: Vault, owner: Owner, tenant: str, name: str
) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    moved = Owner(tenant=tenant, name=name, wrapped=owner.wrapped)
    with no_statement(OPENS):
        vault.unseal(moved, "evidence", sealed)


def test_names_that_run_together_are_not_confused(vault: Vault) -> None:
    owner = vault.new_owner("bank", "1phone")
    moved = Owner(tenant="bank1", name="phone", wrapped=owner.wrapped)
    with no_statement(OPENS):
        vault.unseal(moved, "evidence", vault.seal(owner, "evidence", DATA))


@pytest.mark.parametrize("place", range(1, 1 + 4 + 12 + 32 + 16))
def test_a_wrapped_key_altered_at_any_octet_is_refused(
    vault: Vault, owner: Owner, place: int
) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    wrapped = bytearray(owner.wrapped)
    wrapped[place] ^= 1
    altered = Owner(tenant="bank", name="phone-1", wrapped=bytes(wrapped))
    with no_statement(OPENS):
        vault.unseal(altered, "evidence", sealed)


def test_without_the_wrapped_key_the_master_key_opens_nothing(
    vault: Vault, masters: MasterKeys, owner: Owner
) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    anew = SealingVault(masters).new_owner("bank", "phone-1")
    with no_statement(OPENS):
        SealingVault(masters).unseal(anew, "evidence", sealed)


def test_another_master_key_of_the_same_number_opens_nothing(vault: Vault, owner: Owner) -> None:
    sealed = vault.seal(owner, "evidence", DATA)
    stranger = SealingVault(MasterKeys(generations={1: key()}, index=key()))
    with no_statement(OPENS):
        stranger.unseal(owner, "evidence", sealed)


def test_index_is_equal_for_equal_values_and_says_nothing_across_tenants_and_kinds(
    vault: Vault,
) -> None:
    index = vault.index("bank", "imei", b"490154203237518")
    assert index == vault.index("bank", "imei", b"490154203237518")
    assert len(index) == 32
    others = {
        vault.index("other-bank", "imei", b"490154203237518"),
        vault.index("bank", "device-serial", b"490154203237518"),
        vault.index("bank", "imei", b"490154203237519"),
        vault.index("bankimei", "", b"490154203237518"),
    }
    assert len(others) == 4
    assert index not in others


def test_index_cannot_be_made_without_the_index_key(vault: Vault, masters: MasterKeys) -> None:
    other = SealingVault(MasterKeys(generations=masters.generations, index=key()))
    assert other.index("bank", "imei", b"1") != vault.index("bank", "imei", b"1")


def test_secrets_of_a_tenant_open_for_it_alone(vault: Vault) -> None:
    sealed = vault.seal_secret("bank", "play-integrity", Secret(b"vendor's key"))
    assert b"vendor's key" not in sealed
    assert vault.unseal_secret("bank", "play-integrity", sealed) == Secret(b"vendor's key")
    for tenant, kind in (("other-bank", "play-integrity"), ("bank", "another")):
        with no_statement(OPENS):
            vault.unseal_secret(tenant, kind, sealed)


def test_an_altered_secret_is_refused(vault: Vault) -> None:
    sealed = bytearray(vault.seal_secret("bank", "play-integrity", Secret(b"vendor's key")))
    sealed[-1] ^= 1
    with no_statement(OPENS):
        vault.unseal_secret("bank", "play-integrity", bytes(sealed))


def test_master_keys_rotate_and_what_was_sealed_before_still_opens(
    vault: SealingVault, masters: MasterKeys, owner: Owner
) -> None:
    sealed, secret = vault.seal(owner, "evidence", DATA), vault.seal_secret("bank", "k", key())
    index = vault.index("bank", "imei", b"1")
    after = SealingVault(rotated(masters))
    assert after.unseal(owner, "evidence", sealed) == DATA
    assert after.unseal_secret("bank", "k", secret) == vault.unseal_secret("bank", "k", secret)
    assert after.index("bank", "imei", b"1") == index
    assert generation_of(after.new_owner("bank", "phone-2").wrapped) == 2


def test_rewrapped_the_old_master_key_is_no_longer_needed(
    vault: SealingVault, masters: MasterKeys, owner: Owner
) -> None:
    sealed, secret = vault.seal(owner, "evidence", DATA), vault.seal_secret("bank", "k", key())
    newer = rotated(masters)
    both = SealingVault(newer)
    again, secret_again = both.rewrap(owner), both.reseal_secret("bank", "k", secret)
    assert both.rewrap(again) is again
    alone = SealingVault(
        MasterKeys(generations={2: newer.generations[2]}, index=newer.index),
    )
    assert alone.unseal(again, "evidence", sealed) == DATA
    assert alone.unseal_secret("bank", "k", secret_again) == vault.unseal_secret(
        "bank", "k", secret
    )
    with no_statement(OPENS):
        alone.unseal(owner, "evidence", sealed)
    with no_statement(OPENS):
        alone.unseal_secret("bank", "k", secret)


@pytest.mark.parametrize(
    "generations",
    [
        {},
        {0: key()},
        {1 << 32: key()},
        {1: Secret(b"short")},
        {number: key() for number in range(1, MAX_GENERATIONS + 2)},
    ],
    ids=["none", "zero", "too-large", "short", "too-many"],
)
def test_unusable_master_keys_are_refused(generations: dict[int, Secret]) -> None:
    with misuse(DATA_KEYS):
        MasterKeys(generations=generations, index=key())


def test_master_keys_are_never_printed(vault: SealingVault, masters: MasterKeys) -> None:
    shown = f"{masters!r} {vault!r} {vars(vault)!r}"
    for secret in (masters.index, *masters.generations.values()):
        assert secret.reveal().hex() not in shown
        assert repr(secret.reveal())[2:-1] not in shown
