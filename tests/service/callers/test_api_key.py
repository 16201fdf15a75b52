"""API keys: shown once, kept as a digest, refused alike whatever is wrong with them."""

from datetime import timedelta
from hashlib import sha256

import pytest

from tests.service.callers.calling import (
    OTHER_TENANT,
    REQUEST,
    SCOPES,
    TENANT,
    Bench,
    denied,
    key_of,
    secret_of,
    sending,
)
from tests.support import misuse
from warifu.service.callers import rules
from warifu.service.conduct.registrations import registering
from warifu.service.store import callers as store
from warifu.service.store.callers import CredentialKind


def test_a_key_lets_its_caller_in_with_its_scopes(bench: Bench) -> None:
    made = bench.register("backend")
    caller = bench.with_key(key_of(made))
    assert (caller.tenant, caller.id, caller.name) == (TENANT, made.caller.id, "backend")
    assert caller.scopes == SCOPES


def test_the_scheme_is_written_in_any_case(bench: Bench) -> None:
    made = bench.register()
    assert bench.with_key(key_of(made), scheme="bEaReR").id == made.caller.id


def test_a_key_has_its_documented_form(bench: Bench) -> None:
    made = bench.register()
    key = key_of(made)
    assert key.startswith(f"warifu_{TENANT}_{made.caller.id}_")
    assert len(key.removeprefix(f"warifu_{TENANT}_{made.caller.id}_")) == 43


def test_the_store_holds_only_a_digest_of_the_key(bench: Bench) -> None:
    key = key_of(bench.register())
    with bench.database.read() as transaction:
        rows = transaction.rows("SELECT * FROM callers")
    assert sha256(key.encode()).digest() in [bytes(v) for v in rows[0] if isinstance(v, bytes)]
    assert secret_of(key) not in str(rows)


def test_no_credential_is_refused(bench: Bench) -> None:
    with denied(rules.UNAUTHENTICATED):
        bench.call(REQUEST)


@pytest.mark.parametrize("place", [-1, -20, -43])
def test_a_key_with_another_secret_is_refused(bench: Bench, place: int) -> None:
    key = key_of(bench.register())
    other = "A" if key[place] != "A" else "B"
    changed = key[:place] + other + (key[place + 1 :] if place != -1 else "")
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(changed)


def test_a_key_under_another_tenant_is_refused(bench: Bench) -> None:
    key = key_of(bench.register())
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key.replace(TENANT, OTHER_TENANT))


def test_a_row_copied_to_another_tenant_lets_no_one_in(bench: Bench) -> None:
    key = key_of(bench.register())
    with bench.database.write() as transaction:
        transaction.rows(
            "INSERT INTO callers"
            " (tenant, id, principal, name, kind, credential, scopes, created_at)"
            " SELECT :other, id, principal, name, kind, credential, scopes, created_at FROM callers"
            " WHERE tenant = :tenant RETURNING id",
            other=OTHER_TENANT,
            tenant=TENANT,
        )
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key.replace(TENANT, OTHER_TENANT))


def test_the_secret_of_one_caller_is_refused_for_another(bench: Bench) -> None:
    first, second = bench.register("one"), bench.register("two")
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(first).replace(first.caller.id, second.caller.id))


def test_an_unknown_caller_is_refused_like_a_wrong_secret(bench: Bench) -> None:
    made = bench.register()
    unknown = made.caller.id[:-1] + ("0" if made.caller.id[-1] != "0" else "1")
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(made).replace(made.caller.id, unknown))


def test_an_expired_key_is_refused_from_its_last_moment_on(bench: Bench) -> None:
    made = bench.register(expires_at=bench.clock() + timedelta(days=1))
    bench.clock.forward(days=1, microseconds=-1)
    assert bench.with_key(key_of(made)).id == made.caller.id
    bench.clock.forward(microseconds=1)
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(made))


def test_a_revoked_key_is_refused_at_the_very_next_request(bench: Bench) -> None:
    made = bench.register()
    bench.with_key(key_of(made))
    registering.revoke_caller(bench.operator, tenant=TENANT, caller=made.caller.id)
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(made))


def test_a_digest_that_was_stolen_from_the_store_opens_nothing(bench: Bench) -> None:
    made = bench.register()
    with bench.database.read() as transaction:
        stored = store.find_caller(transaction, tenant=TENANT, caller=made.caller.id)
    assert stored is not None
    for secret in (stored.credential.hex(), stored.credential.hex()[:43]):
        with denied(rules.UNAUTHENTICATED):
            bench.with_key(f"warifu_{TENANT}_{made.caller.id}_{secret}")


def test_a_key_is_refused_where_a_certificate_was_registered(bench: Bench) -> None:
    made = bench.register()
    with bench.database.write() as transaction:
        transaction.rows(
            "UPDATE callers SET kind = :kind WHERE tenant = :tenant RETURNING id",
            kind=CredentialKind.CERTIFICATE.value,
            tenant=TENANT,
        )
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(made))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "warifu",
        "warifu___",
        "warifu_kaede-bank__",
        "warifu_KAEDE_00000000-0000-0000-0000-000000000000_" + "A" * 43,
        "warifu_kaede-bank_00000000000000000000000000000000_" + "A" * 43,
        "warifu_kaede-bank_00000000-0000-0000-0000-000000000000_" + "A" * 42,
        "warifu_kaede-bank_00000000-0000-0000-0000-000000000000_" + "A" * 44,
        "warifu_kaede-bank_00000000-0000-0000-0000-000000000000_" + "A" * 42 + "=",
        "warifu_kaede-bank_00000000-0000-0000-0000-000000000000_" + "A" * 42 + "é",
        "warifu_" + "a" * 41 + "_00000000-0000-0000-0000-000000000000_" + "A" * 43,
        "other_kaede-bank_00000000-0000-0000-0000-000000000000_" + "A" * 43,
        "x" * 100_000,
        " warifu_kaede-bank_00000000-0000-0000-0000-000000000000_" + "A" * 43,
    ],
    ids=range(14),
)
def test_what_is_no_key_is_refused(bench: Bench, key: str) -> None:
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key)


def test_another_scheme_is_refused(bench: Bench) -> None:
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(bench.register()), scheme="Basic")


def test_two_authorization_fields_are_refused(bench: Bench) -> None:
    field = ("Authorization", f"Bearer {key_of(bench.register())}")
    with denied(rules.UNAUTHENTICATED):
        bench.call(sending(REQUEST, field, field))


def test_two_kinds_of_credential_are_refused(bench: Bench) -> None:
    field = ("Authorization", f"Bearer {key_of(bench.register())}")
    with denied(rules.ONE_CREDENTIAL):
        bench.call(sending(REQUEST, field, ("Signature-Input", 'a=("@method");tag="warifu"')))


def test_a_key_and_a_certificate_together_are_refused(bench: Bench) -> None:
    field = ("Authorization", f"Bearer {key_of(bench.register())}")
    with denied(rules.ONE_CREDENTIAL):
        bench.call(sending(REQUEST, field, ("Client-Cert", ":AAAA:"), peer="10.0.0.1"))


def test_after_rotation_both_keys_work_until_the_overlap_ends(bench: Bench) -> None:
    old = bench.register("backend")
    new = registering.rotate_caller(
        bench.operator, tenant=TENANT, caller=old.caller.id, overlap=timedelta(days=7)
    )
    assert bench.with_key(key_of(old)).name == bench.with_key(key_of(new)).name == "backend"
    assert bench.with_key(key_of(new)).scopes == SCOPES
    bench.clock.forward(days=7)
    assert bench.with_key(key_of(new)).credential == new.caller.id
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(old))


def test_one_person_with_two_keys_is_one_person(bench: Bench) -> None:
    first = bench.register("suzuki")
    second, third = (
        registering.rotate_caller(
            bench.operator, tenant=TENANT, caller=first.caller.id, overlap=timedelta(days=7)
        )
        for _ in range(2)
    )
    callers = [bench.with_key(key_of(each)) for each in (first, second, third)]
    assert {each.id for each in callers} == {first.caller.id}
    assert len({each.credential for each in callers}) == 3


def test_rotation_does_not_lengthen_a_key_that_ends_sooner(bench: Bench) -> None:
    old = bench.register(expires_at=bench.clock() + timedelta(days=1))
    registering.rotate_caller(
        bench.operator, tenant=TENANT, caller=old.caller.id, overlap=timedelta(days=7)
    )
    bench.clock.forward(days=1)
    with denied(rules.UNAUTHENTICATED):
        bench.with_key(key_of(old))


def test_a_revoked_key_is_not_rotated_back_to_life(bench: Bench) -> None:
    made = bench.register()
    registering.revoke_caller(bench.operator, tenant=TENANT, caller=made.caller.id)
    with misuse(rules.CALLER_KNOWN):
        registering.rotate_caller(
            bench.operator, tenant=TENANT, caller=made.caller.id, overlap=timedelta(0)
        )


def test_a_caller_of_another_tenant_is_neither_rotated_nor_revoked(bench: Bench) -> None:
    made = bench.register()
    with misuse(rules.CALLER_KNOWN):
        registering.revoke_caller(bench.operator, tenant=OTHER_TENANT, caller=made.caller.id)
    with misuse(rules.CALLER_KNOWN):
        registering.rotate_caller(
            bench.operator, tenant=OTHER_TENANT, caller=made.caller.id, overlap=timedelta(0)
        )
    assert bench.with_key(key_of(made)).id == made.caller.id


def test_a_second_caller_of_the_same_name_is_refused(bench: Bench) -> None:
    bench.register("suzuki")
    with misuse(rules.CALLER_NEW):
        bench.register("suzuki")
    assert bench.register("suzuki", tenant=OTHER_TENANT).caller.name == "suzuki"


def test_a_caller_of_an_unknown_tenant_is_refused(bench: Bench) -> None:
    with misuse(rules.TENANT_KNOWN):
        bench.register(tenant="nobody")


def test_a_tenant_that_is_there_is_not_added_again(bench: Bench) -> None:
    with misuse(rules.TENANT_NEW):
        registering.add_tenant(bench.operator, bench.house.vault, tenant=TENANT, name="again")


@pytest.mark.parametrize("tenant", ["", "Kaede", "kaede_bank", "a" * 41, "楓", "a/b"])
def test_a_tenant_whose_name_would_break_a_key_is_refused(bench: Bench, tenant: str) -> None:
    with misuse(rules.TENANT_NAME):
        registering.add_tenant(bench.operator, bench.house.vault, tenant=tenant, name="x")


def test_a_new_tenant_starts_with_a_key_and_a_rule_set(bench: Bench) -> None:
    with bench.database.read() as transaction:
        (data_key,) = transaction.row(  # type: ignore[misc]
            "SELECT data_key FROM tenants WHERE tenant = :tenant", tenant=TENANT
        )
        governed = transaction.row(
            "SELECT revision FROM governance WHERE tenant = :tenant", tenant=TENANT
        )
    assert data_key
    assert governed == (0,)


def test_every_change_is_in_the_audit_log_without_the_key(bench: Bench) -> None:
    made = bench.register()
    new = registering.rotate_caller(
        bench.operator, tenant=TENANT, caller=made.caller.id, overlap=timedelta(0)
    )
    registering.revoke_caller(bench.operator, tenant=TENANT, caller=new.caller.id)
    with bench.database.read() as transaction:
        rows = transaction.rows(
            "SELECT action, subject, caller, document FROM audit WHERE tenant = :tenant"
            " ORDER BY id",
            tenant=TENANT,
        )
    told = {(action, subject) for action, subject, _, _ in rows}
    assert told == {
        ("tenant/added", TENANT),
        ("caller/added", made.caller.id),
        ("caller/rotated", new.caller.id),
        ("caller/revoked", new.caller.id),
    }
    assert {by for _, _, by, _ in rows} == {"cli:test"}
    assert all(secret_of(key_of(each)) not in str(rows) for each in (made, new))
